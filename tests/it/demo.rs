//! `tribunal demo` tells its story to the end, and a person can follow it.

use crate::harness::{Repo, Sandbox};
use crate::output::terminal::on_terminal_typing;

const DONE: &str = "Done: every step did what it says";
const PAUSE: &str = "Enter continues, Ctrl-C ends";

#[test]
fn every_step_does_what_it_says_and_shows_each_edit_before_its_commit() {
    let sandbox = Sandbox::new();
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    let told = home.tribunal(&["demo"]).ok().says(DONE).never_says(PAUSE);
    let at =
        |text: &str| told.stdout.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{told}"));
    for (edit, commit) in [
        ("+pub fn sum(all: &[i32])", "$ git commit -m 'feat: sum a list'"),
        ("+-----BEGIN RSA", "$ git commit -m 'chore: deploy'"),
        ("+pub fn sum(all: &[i64])", "$ git commit -m 'feat: sum wider numbers'"),
        ("+    let _ = fs::remove_file(\"spool.tmp\")", "$ git commit -m 'feat: clean the spool'"),
    ] {
        assert!(at(edit) < at(commit), "`{edit}` comes before `{commit}`\n{told}");
    }
    // The commit that was stopped and the one that passes are told apart by the edit between them.
    let (_, last) = told.stdout.split_at(at("$ git commit -m 'feat: clean the spool'"));
    assert!(last.find("-    let _ =").unwrap() < last.rfind("$ git commit -m").unwrap(), "{last}");
    for step in told.stdout.split("\n\n") {
        assert!(step.lines().count() <= 45, "more than a screen:\n{step}");
    }
    told.never_says("already running").never_says("/tribunal-demo-");
}

#[test]
fn on_a_terminal_it_waits_after_each_step_unless_it_is_to_be_fast() {
    let sandbox = Sandbox::new();
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    let told = |words: &[&str], keys: &str| {
        String::from_utf8(on_terminal_typing(home.command(words), keys)).unwrap()
    };
    let slow = told(&["demo"], &"\n".repeat(7));
    assert_eq!(slow.matches(PAUSE).count(), 7, "{slow}");
    assert!(slow.contains(DONE), "{slow}");
    let fast = told(&["demo", "--fast"], "");
    assert!(fast.contains(DONE) && !fast.contains(PAUSE), "{fast}");
}
