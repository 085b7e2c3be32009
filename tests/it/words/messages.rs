//! Errors and empty answers: what failed, why, what next, in the words of people.

use std::fs;

use crate::harness::{Outcome, Repo, Sandbox};

#[test]
fn a_place_without_a_repository_is_told_apart_from_one_that_is_not_there() {
    let sandbox = Sandbox::new();
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    for words in [&["check"][..], &["doctor"], &["cost"], &["runs"], &["config"]] {
        let said = home.tribunal(words).code(2).says("is not in a git repository");
        said.says("hint: `cd` into a repository, or name one with `--repo DIR`");
    }
    home.tribunal(&["--repo", "/nonexist", "check"]).code(2).says("`/nonexist` does not exist");
    fs::write(home.path("file"), "").unwrap();
    home.tribunal(&["--repo", "file", "check"]).code(2).says("/file` is not a folder");
}

#[test]
fn nothing_is_answered_with_silence() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("one");
    repo.tribunal(&["trust", "commands"]).ok().says("this repository has no commands");
    repo.tribunal(&["trust", "--list"]).ok().says("commands  no command is trusted");
    repo.tribunal(&["trust", "--revoke"]).ok().says("nothing was allowed that this takes back");
    let unknown = repo.tribunal(&["trust", "--revoke", "nope"]).code(2);
    unknown.says("no trusted command is named `nope`").says("hint: `tribunal trust --list`");
    repo.tribunal(&["config", "nope"]).code(2).says("no setting begins with `nope`");
    let near = repo.tribunal(&["config", "gates.scpe.level"]).code(2);
    near.says("did you mean `gates.scope.level`?");
    repo.tribunal(&["runs"]).ok().says("no runs yet").says("hint: ");
    repo.tribunal(&["runs", "show", "ABCDEF"]).code(2).says("there is no run `ABCDEF`");
    repo.tribunal(&["resume", "x"]).code(2).says("there is no run `x`");
}

/// What no person should have to know: names of types, modules and error numbers.
#[track_caller]
fn in_plain_words(outcome: &Outcome) {
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    for word in [
        "invalid type",
        "invalid value",
        "unknown variant",
        "missing field",
        "struct ",
        "usize",
        "u32",
        "u64",
        "f64",
        "sequence",
        "os error",
        "::",
        "Ok(",
        "Err(",
        "Some(",
    ] {
        assert!(!text.contains(word), "`{word}` in\n{outcome}");
    }
}

#[test]
fn no_message_speaks_of_the_language_that_the_program_is_written_in() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("one");
    let cases = [
        (
            "gates.scope.files = \"x\"",
            "`gates.scope.files`: it is the text \"x\" and must be a whole number",
        ),
        ("gates.scope = 5", "`gates.scope`: it is 5 and must be a table"),
        ("watch.specs = \"x\"", "`watch.specs`: it is the text \"x\" and must be a list"),
        (
            "gates.scope.level = \"loud\"",
            "`loud` is not known here; write one of `off`, `warn`, `block`",
        ),
        ("agents.reviewer.budget = \"x\"", "must be a number"),
        ("agents.retries = -1", "it is -1 and must be a whole number, 0 or more"),
        ("watch.settle = 5", "it is 5 and must be a text in quotes"),
        ("protect = 5", "`protect`: it is 5 and must be a table"),
        ("gates.secrets.allow = 5", "must be a list"),
        ("gates.commit-message.types = [1]", ""),
        ("[[commands]]\nname = \"a\"\nrun = 5", "`run`: it is 5 and must be a text in quotes"),
        ("[[commands]]\nname = \"a\"\nrun = \"b\"\non = \"pre-push\"", "must be a list"),
        ("[[commands]]\nname = \"a\"\nrun = \"b\"\non = [\"later\"]", "`later` is not known here"),
    ];
    for (text, said) in cases {
        repo.write("tribunal.toml", text);
        let outcome = repo.tribunal(&["config"]).says("tribunal.toml:").says(said);
        in_plain_words(&outcome);
    }
    fs::remove_file(repo.path("tribunal.toml")).unwrap();
    for (set, said) in [
        (
            "gates.scope.files=x",
            "error: --set: `gates.scope.files`: it is \"x\" and must be a whole number",
        ),
        ("foo", "error: --set: `foo`: it is not `key=value`"),
        ("review.rounds.s=1.5", "must be a whole number"),
    ] {
        in_plain_words(&repo.tribunal(&["--set", set, "check"]).code(2).says(said));
    }
    let wrong = ("TRIBUNAL_GATES_SCOPE_FILES", "x");
    let said = repo.tribunal_with(&["check"], &[wrong], b"").code(2);
    in_plain_words(&said.says("error: TRIBUNAL_GATES_SCOPE_FILES: "));
    for words in [&["findings", "import", "nowhere"][..], &["spec", "lint", "nowhere.md"]] {
        in_plain_words(&repo.tribunal(words).code(2).says("No such file or directory"));
    }
    for words in [
        &["hooks", "status", "--format", "json"][..],
        &["status"],
        &["doctor"],
        &["daemon", "status"],
    ] {
        in_plain_words(&repo.tribunal(words));
    }
}

/// What is recorded in UTC is shown in the person's own time.
#[test]
fn a_record_is_shown_in_the_time_of_the_person() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    let skipped = [("TRIBUNAL", "0"), ("TRIBUNAL_TEST_NOW", "2026-03-04T12:00:00Z")];
    repo.git_env(&["commit", "--quiet", "-m", "one"], &skipped).ok();
    for words in [&["status"][..], &["hooks", "status"]] {
        let said = repo.tribunal_with(words, &[("TZ", "JST-9")], b"");
        let said = said.says("2026-03-04 21:00:00 pre-commit TRIBUNAL=0").says("bypassed");
        drop(said.never_says("12:00:00Z"));
    }
}

/// Whatever a command prints for people, no time in it is UTC's.
#[test]
fn times_are_those_of_the_person_wherever_they_are_printed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[[commands]]\nname = \"tests\"\nrun = \"true\"\n");
    repo.write("a", "one\n").commit_unjudged("one");
    let vars = [("TZ", "JST-9"), ("TRIBUNAL_TEST_NOW", "2026-03-04T20:00:00Z")];
    let run = |words: &[&str]| repo.tribunal_with(words, &vars, b"");
    run(&["trust", "commands", "--yes"]).ok();
    run(&["findings", "add", "--class", "other/x", "--at", "a:1", "-m", "m"]).ok();
    let list = repo.tribunal(&["findings", "--format", "json"]).ok().json();
    let id = list["findings"][0]["id"].as_str().unwrap().to_owned();
    run(&["findings", "accept", &id, "-r", "fine", "--until", "2026-03-20"]).ok();
    let local = "2026-03-05 05:00:00";
    for words in [&["trust", "--list"][..], &["findings", "show", &id]] {
        drop(run(words).ok().says(local).never_says("20:00:00"));
    }
    // The end of a day is midnight of the person's own.
    drop(run(&["findings", "show", &id]).says("until 2026-03-21 00:00:00"));
    for words in [
        &["status"][..],
        &["findings", "list", "--status", "all"],
        &["cost"],
        &["hooks", "status"],
        &["doctor"],
        &["constitution"],
        &["runs"],
        &["daemon", "status"],
    ] {
        let said = run(words);
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(!text.contains("00Z") && !text.contains("20:00:00"), "{words:?}\n{text}");
    }
}

/// A small terminal has 80 columns.
#[test]
fn lists_have_headings_and_fit_a_small_terminal() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write(
        ".ai/constitution/errors.md",
        "# Errors\n\n## R-7f3a Return or log every error of a call to the file system, whatever it is\n\n\
         ```toml rule\nstatus = \"active\"\nseverity = \"high\"\nclass = \"error-handling/unchecked-result\"\n\
         check = { kind = \"none\" }\n```\n\nAn error that is dropped is found by users.\n",
    );
    repo.commit_unjudged("one");
    let rules = repo.tribunal(&["constitution"]).ok();
    assert!(
        rules.stdout.starts_with("ID      STATUS  SEVERITY  HITS  DISMISSED  RULE\nR-7f3a  active"),
        "{rules}"
    );
    let config = repo.tribunal(&["config"]).ok();
    assert!(
        config.stdout.contains("\nbudget  VALUE  FROM     MEANING\nday     50.0   default"),
        "{config}"
    );
    let (tables, _) = config.stdout.split_once("your own settings: ").unwrap();
    for line in rules.stdout.lines().chain(tables.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
