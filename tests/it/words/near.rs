//! What is mistyped is told with what may have been meant.

use crate::harness::{Sandbox, short};
use crate::scene::Scene;

#[test]
fn a_word_that_is_not_known_is_told_with_those_that_are_near() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let rule = "# E\n\n## R-7f3a Return every error\n\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
                class = \"error-handling/unchecked-result\"\ncheck = { kind = \"none\" }\n```\n\nWhy.\n";
    repo.write(".ai/constitution/e.md", rule).write("a", "one\n");
    repo.write("tribunal.toml", "[[commands]]\nname = \"tests\"\nrun = \"true\"\n");
    repo.commit_unjudged("one");
    repo.git(&["branch", "release"]).ok();
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    repo.tribunal(&["spec", "new", "log-in"]).ok();
    let class = |class| ["findings", "add", "--class", class, "--at", "a:1", "-m", "m"];
    let cases: [(&[&str], &str); 22] = [
        (&["config", "scope"], "did you mean `gates.scope`?"),
        (&["config", "secrets.allow"], "did you mean `gates.secrets.allow`?"),
        (&["config", "gats"], "did you mean `gates`?"),
        (&["config", "protct"], "did you mean `protect`"),
        (&["check", "--set", "scope=off"], "did you mean `gates.scope`?"),
        (&["check", "--set", "gates.scop=off"], "did you mean `gates.scope`?"),
        (&["check", "--only", "secret"], "did you mean `secrets`?"),
        (&["check", "--skip", "commands.test"], "did you mean `commands.tests`?"),
        (&["check", "--from", "mian"], "did you mean `main`?"),
        (&["check", "--from", "relase"], "did you mean `release`?"),
        (&["review", "--commit", "HAED"], "did you mean `HEAD`?"),
        (&["findings", "list", "--gate", "secret"], "did you mean `secrets`?"),
        (&["findings", "list", "--status", "opn"], "did you mean `open`?"),
        (
            &class("error-handling/unchecked-reslt"),
            "did you mean `error-handling/unchecked-result`?",
        ),
        (&["hooks", "install", "pre-comit"], "did you mean `pre-commit`?"),
        (&["constitution", "test", "R-7f3b"], "did you mean `R-7f3a`?"),
        (&["constitution", "forget", "R-7f3b"], "did you mean `R-7f3a`?"),
        (&["trust", "--revoke", "test"], "did you mean `tests`?"),
        (&["spec", "show", "log-on"], "did you mean `log-in`?"),
        (&["stats"], "similar"),
        (&["completions", "bsh"], "'bash'"),
        (&["check", "--commands=pre-comit"], "'pre-commit'"),
    ];
    for (words, said) in cases {
        drop(repo.tribunal(words).code(2).says("error: ").says(said));
    }
    // What a hint names is there, also before anything is set.
    repo.write("tribunal.toml", "").commit_unjudged("none");
    drop(repo.tribunal(&["config", "commands"]).ok().says("no `[[commands]]` is set"));
    // What is like nothing is told without a guess.
    for words in [&["config", "zzz"][..], &["check", "--from", "zzz"], &["spec", "show", "zzz"]] {
        drop(repo.tribunal(words).code(2).says("hint: ").never_says("did you mean"));
    }
    for (text, said) in [
        ("scope = \"warn\"\n", "unknown key `scope` (hint: did you mean `gates.scope`?)"),
        (
            "[gates]\nscop = \"warn\"\n",
            "unknown key `gates.scop` (hint: did you mean `gates.scope`?)",
        ),
        ("[secrets]\nallow = []\n", "unknown key `secrets` (hint: did you mean `gates.secrets`?)"),
    ] {
        repo.write("tribunal.toml", text);
        drop(repo.tribunal(&["config"]).says(said));
    }
}

#[test]
fn what_is_there_twice_in_the_settings_is_named_with_both_lines() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("one");
    repo.write("tribunal.toml", "[gates]\nscope = \"warn\"\nscope = \"off\"\n")
        .git(&["add", "."])
        .ok();
    let said = "tribunal.toml:3:1: `gates.scope` is there twice, first in line 2";
    drop(repo.tribunal(&["check"]).code(1).says(said).says("hint: keep one of the two"));
    repo.write("tribunal.toml", "[gates]\n\n[watch]\n\n[gates]\n").git(&["add", "."]).ok();
    let said = "tribunal.toml:5:2: the table `[gates]` is there twice, first in line 1";
    drop(repo.tribunal(&["check"]).code(1).says(said).says("both below one `[gates]`"));
    sandbox.settings("[budget]\nday = 1\nday = 2\n");
    let said = "config.toml:3:1: `budget.day` is there twice, first in line 2";
    drop(repo.tribunal(&["config"]).code(2).says(said).says("hint: keep one of the two"));
}

/// Ids are long; people type the end of one, or its beginning.
#[test]
fn a_part_of_an_id_is_enough_everywhere() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    repo.tribunal(&["review", "--commit", "HEAD"]).code(1);
    repo.tribunal(&["spec", "new", "log-in"]).ok();
    repo.tribunal(&["spec", "new", "log-out"]).ok();
    let id = |words: &[&str], list: &str| {
        let json = repo.tribunal(words).ok().json();
        json[list][0]["id"].as_str().unwrap().to_owned()
    };
    let run = id(&["runs", "--format", "json"], "runs");
    let finding = id(&["findings", "--format", "json"], "findings");
    for (words, whole) in [(["runs", "show"], &run), (["findings", "show"], &finding)] {
        let of = |part: &str| repo.tribunal(&[words[0], words[1], part]);
        for part in [short(whole), &short(whole).to_lowercase(), &whole[..25], whole] {
            drop(of(part).ok().says(short(whole)));
        }
        let mut other = short(whole).to_owned();
        let last = if other.ends_with('0') { "1" } else { "0" };
        other.replace_range(5.., last);
        drop(of(&other).code(2).says(&format!("did you mean `{}`?", short(whole))));
        drop(of("01").code(2).says("hint: give at least 4 characters of an id"));
    }
    drop(repo.tribunal(&["spec", "show", "LOG-I"]).ok().says("log-in: Log in"));
    let both = repo.tribunal(&["spec", "show", "log"]).code(2);
    drop(both.says("`log` could be 2 specs: log-in, log-out").says("hint: give more of the id"));
}
