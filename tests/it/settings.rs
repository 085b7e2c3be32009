//! Settings that are there and cannot be used are told, and nothing is judged without them.

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{Repo, Sandbox};

fn hooked(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "1\n").commit("feat: a").ok();
    repo
}

/// Every command that depends on them, and the hook, which guards.
fn all_say(repo: &Repo<'_>, expected: &str, hint: &str) {
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    for words in [
        &["check"][..],
        &["config"],
        &["doctor"],
        &["spec", "list"],
        &["trust", "--yes"],
        &["constitution", "check"],
    ] {
        let outcome = repo.tribunal(words);
        assert_eq!(outcome.code, 2, "{words:?}\n{outcome}");
        outcome.says(expected).says(hint);
    }
}

#[test]
fn own_settings_that_cannot_be_read_are_an_error_and_stop_a_commit() {
    let sandbox = Sandbox::new();
    let repo = hooked(&sandbox);
    let file = sandbox.settings_file();
    let loops = |name: &str| symlink(&file, sandbox.settings_file().with_file_name(name)).unwrap();
    loops("again");
    let cases: [(&str, &dyn Fn()); 3] = [
        ("it cannot be read", &|| fs::create_dir(&file).unwrap()),
        ("it is not UTF-8", &|| fs::write(&file, b"[gates]\n# \xff\n").unwrap()),
        ("it cannot be read", &|| symlink(file.with_file_name("again"), &file).unwrap()),
    ];
    for (why, make) in cases {
        make();
        let line = if why.contains("UTF-8") { 2 } else { 1 };
        let expected = format!("{}:{line}:", file.display());
        all_say(&repo, &expected, "hint: ");
        let before = repo.rev("HEAD");
        repo.commit("feat: b").code(1).says(&expected).says(why).says("hint: ");
        assert_eq!(repo.rev("HEAD"), before);
        // The way on that is always there.
        repo.git_env(&["commit", "-q", "-m", "feat: b"], &[("TRIBUNAL", "0")]).ok();
        if file.is_dir() { fs::remove_dir(&file) } else { fs::remove_file(&file) }.unwrap();
        repo.write("a", repo.rev("HEAD")).commit("feat: none are as good as the defaults").ok();
    }
    fs::remove_dir_all(sandbox.home().join(".config")).unwrap();
    fs::write(sandbox.home().join(".config"), "a file where a folder would be\n").unwrap();
    repo.tribunal(&["config"]).ok();
}

#[test]
fn a_policy_file_that_cannot_be_read_is_no_missing_one() {
    let sandbox = Sandbox::new();
    let repo = hooked(&sandbox);
    repo.write("tribunal.toml/in-the-way", "");
    for words in [&["spec", "list"][..], &["trust", "--yes"], &["init", "--dry-run"]] {
        let outcome = repo.tribunal(words);
        assert_eq!(outcome.code, 2, "{words:?}\n{outcome}");
        outcome.says("tribunal.toml:1:1: it cannot be read").says("hint: make it a file");
    }
    // What holds does not depend on it.
    repo.tribunal(&["config"]).ok().says("cannot be used: tribunal.toml:1:1: it cannot be read");
}

#[test]
fn no_number_of_days_is_more_than_the_program_can_count() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\ntwo\n").commit_unjudged("first");
    let add =
        ["findings", "add", "--class", "error-handling/unchecked-result", "--at", "a:1", "-m", "m"];
    repo.tribunal(&add).ok();
    for days in ["365000d", "99999999999999d", "9223372036854775807d", "99999999999999999999999d"] {
        let listed =
            repo.tribunal(&["findings", "list", "--since", days, "--format", "json"]).ok().json();
        assert_eq!(listed["total"], 1, "{days}");
        repo.tribunal(&["cost", "--since", days]).ok();
    }
    repo.tribunal(&["findings", "list", "--since=-1d"]).code(2).says("`-1d` is not a time");
    let until = ["findings", "dismiss", "x", "-r", "y", "--until", "9999-12-31"];
    repo.tribunal(&until).code(2).says("`9999-12-31` is out of range");
    for key in ["watch.rescan", "review.wait", "review.ratchet", "agents.executor.timeout"] {
        for length in ["3651d", "18446744073709551615s", "18446744073709551615ms"] {
            repo.tribunal(&["config", "--set", &format!("{key}={length}")])
                .code(2)
                .says("is too long: at most `3650d`");
        }
        repo.tribunal(&["config", "--set", &format!("{key}=3650d")]).ok();
    }
    // What the calendar has no room for is all there is.
    repo.tribunal(&["constitution", "learn", "--set", "learn.after.days=4294967295"]).ok();
}

#[test]
fn a_wrong_set_is_an_error_of_every_command() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let wrong = [
        ("gates.scope", "--set: `gates.scope`: it is not `key=value`"),
        ("gates.nothing=off", "--set: `gates.nothing`: unknown key"),
        ("gates.scope=maybe", "`maybe` is not known here"),
    ];
    // Some of them read no policy.
    for words in [&["check"][..], &["status"], &["runs"], &["findings"], &["daemon", "start"]] {
        for (word, message) in wrong {
            let words = [words, &["--set", word]].concat();
            let outcome = repo.tribunal(&words);
            assert_eq!(outcome.code, 2, "{words:?}\n{outcome}");
            outcome.says(message).says("hint: ");
        }
    }
    repo.tribunal(&["status", "--set", "gates.scope=off"]).ok();
}

#[test]
fn a_machine_without_git_is_told_what_is_missing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mut command = repo.command(&["hooks", "install"]);
    command.env("PATH", sandbox.path().join("empty"));
    let told = crate::harness::run(command, b"").code(2);
    told.says("error: `git` is not in any folder of `PATH`");
}
