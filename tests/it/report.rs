//! `docs/review/<id>.md`: what it says happened, happened.

use std::fs;

use crate::harness::{Repo, Sandbox};
use crate::scene::{script, secret};

/// A repository whose second commit is reviewed by a script of the user's own.
fn with_reviewer<'a>(sandbox: &'a Sandbox, body: &str) -> Repo<'a> {
    let agent = script(sandbox, ["script", "f"], &[], &format!("cat >/dev/null\n{body}"));
    let roles = "[agents]\nreviewer.use = \"script\"\narbiter.use = \"script\"\n";
    sandbox.settings(&(roles.to_owned() + &agent));
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("first");
    repo.write("a", "one\ntwo\n").commit_unjudged("second");
    repo
}

fn report(repo: &Repo<'_>) -> String {
    let entries = fs::read_dir(repo.path("docs/review")).unwrap();
    let files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    fs::read_to_string(&files[0]).unwrap()
}

#[test]
fn a_review_that_was_not_made_claims_no_file() {
    let sandbox = Sandbox::new();
    let secret = secret();
    let repo = with_reviewer(&sandbox, &format!("echo 'all is well, {secret}'"));
    repo.tribunal(&["review", "--commit", "HEAD", "--report"]).code(4).never_says(&secret);
    let report = report(&repo);
    for part in [
        "verdict: inconclusive\n",
        "## What was reviewed\n\nNothing.\n",
        "## What was not\n\n- `a`: there is no whole answer about it\n",
        "- 2 calls, cost unknown\n- no receipt: the review was not complete\n",
    ] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
    assert!(!report.contains(&secret));
    repo.tribunal(&["cost"]).ok().says("2 calls since").says("2 calls unknown");
}
