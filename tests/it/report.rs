//! `docs/review/<id>.md`: what it says happened, happened.

use std::fs;

use crate::harness::{Repo, Sandbox};

/// A repository whose second commit is reviewed by a script of the user's own.
fn with_reviewer<'a>(sandbox: &'a Sandbox, script: &str) -> Repo<'a> {
    let file = sandbox.path().join("agent.sh");
    fs::write(&file, format!("cat >/dev/null\n{script}\n")).unwrap();
    let own = sandbox.home().join(".config/tribunal/config.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    let agent = format!(
        "[[command-agent]]\nname = \"script\"\nfamily = \"f\"\nrun = [\"/bin/sh\", \"{}\"]\n\
         [agents.reviewer]\nuse = \"script\"\n[agents.arbiter]\nuse = \"script\"\n",
        file.display()
    );
    fs::write(own, agent).unwrap();
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
    let secret = ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat();
    let repo = with_reviewer(&sandbox, &format!("echo 'all is well, {secret}'"));
    repo.tribunal(&["review", "--commit", "HEAD", "--report"]).code(4).never_says(&secret);
    let report = report(&repo);
    for part in [
        "verdict: inconclusive\n",
        "## What was reviewed\n\nNothing.\n",
        "## What was not\n\n- ` a `: there is no whole answer about it\n",
        "- 2 calls, cost unknown\n- no receipt: the review was not complete\n",
    ] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
    assert!(!report.contains(&secret));
    repo.tribunal(&["cost"]).ok().says("2 calls since").says("2 calls unknown");
}
