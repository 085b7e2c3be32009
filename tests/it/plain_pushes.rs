//! `tribunal push`: where it goes, what is checked before anything is sent, and what it says.

use serde_json::json;

use crate::harness::{Repo, Sandbox, executable};
use crate::scene::secret;

fn project<'a>(sandbox: &'a Sandbox, origin: &Repo<'a>) -> Repo<'a> {
    let repo = sandbox.repo("r");
    repo.write("a.txt", "a\n").commit_unjudged("feat: a").push_to(origin);
    repo.git(&["checkout", "--quiet", "-b", "work"]).ok();
    repo.write("b.txt", "b\n").commit_unjudged("feat: b");
    repo
}

#[test]
fn a_branch_is_checked_once_pushed_with_hooks_and_gets_its_upstream() {
    let sandbox = Sandbox::new();
    let origin = sandbox.bare("origin.git");
    let repo = project(&sandbox, &origin);
    let page = "#!/bin/sh\necho 'Create a pull request for this by visiting:'\necho '  https://forge.example/new/work'\n";
    executable(origin.path("hooks/post-receive"), page);
    // The person's own hook runs, behind ours.
    executable(repo.path(".git/hooks/pre-push"), "#!/bin/sh\ncat >>pushed-lines\n");
    repo.tribunal(&["hooks", "install"]).ok();
    // So does the project's command, once, though it is for the hook that runs as well.
    let ran = sandbox.path().join("ran");
    let command = format!(
        "[[commands]]\nname = \"once\"\nrun = \"echo ran >>{}\"\non = [\"pre-push\"]\n",
        ran.display()
    );
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.write("tribunal.toml", command).commit_unjudged("chore: policy");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "main"]).ok();
    repo.git(&["checkout", "--quiet", "work"]).ok();
    repo.git(&["rebase", "--quiet", "main"]).ok();
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    let done = repo.tribunal(&["push"]).ok();
    let head = repo.rev("HEAD");
    let done = done
        .says(&format!("pushed work, up to {}, to origin; it is the upstream now", &head[..10]));
    done.says("ask for it to be taken: https://forge.example/new/work");
    assert_eq!((origin.rev("work"), repo.rev("work@{upstream}")), (head.clone(), head.clone()));
    assert!(
        repo.read("pushed-lines").starts_with(&format!("refs/heads/work {head} refs/heads/work "))
    );
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "ran\n");
    repo.tribunal(&["push"]).ok().says("nothing to push: origin has work as it is here");
    // A branch of this repository may be an upstream as well, and is not replaced.
    repo.git(&["checkout", "--quiet", "-b", "top", "--track", "work"]).ok();
    repo.tribunal(&["push"]).ok().says("pushed top, up to ").never_says("upstream");
    assert_eq!(repo.git(&["config", "branch.top.remote"]).ok().out(), ".");
    repo.git(&["checkout", "--quiet", "work"]).ok();
    // What a secret is in is told before anything is sent; by hook and by hand it is the same.
    repo.write("key", format!("{}\n", secret())).commit_unjudged("feat: key");
    let before = repo.read("pushed-lines");
    repo.tribunal(&["push"]).code(1).says("secrets/").says("nothing was pushed");
    let refused = repo.tribunal(&["push", "--format", "json"]).code(1).json();
    assert_eq!(
        (&refused["status"], &refused["findings"][0]["gate"]),
        (&json!("refused"), &json!("secrets"))
    );
    assert_eq!((origin.rev("work"), repo.read("pushed-lines")), (head, before));
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    // What the other side has and we have not is never overwritten.
    let other = Repo { sandbox: &sandbox, dir: sandbox.path().join("other") };
    repo.git(&["clone", "--quiet", "--branch=work", origin.dir.to_str().unwrap(), "../other"]).ok();
    other.write("c.txt", "c\n").commit_unjudged("feat: c");
    other.tribunal(&["push", "--format", "json"]).ok().says("\"pushed\"");
    let there = origin.rev("work");
    repo.write("d.txt", "d\n").commit_unjudged("feat: d");
    let rejected = repo.tribunal(&["push"]).code(1).says("(fetch first)");
    rejected.says("git pull --rebase origin work");
    assert_eq!(origin.rev("work"), there);
}

#[test]
fn where_it_cannot_be_told_what_is_pushed_and_where_that_is_said() {
    let sandbox = Sandbox::new();
    let origin = sandbox.bare("origin.git");
    let alone = sandbox.repo("alone");
    alone.tribunal(&["push"]).code(2).says("has no commit").says("tribunal commit");
    alone.write("a.txt", "a\n").commit_unjudged("feat: a");
    alone.tribunal(&["push"]).code(2).says("has no remote").says("git remote add origin");
    let repo = project(&sandbox, &origin);
    let inside = [("TRIBUNAL_AGENT", "1")];
    repo.tribunal_with(&["push"], &inside, b"").code(2).says("from inside an agent's call");
    repo.tribunal(&["push", "nowhere"]).code(2).says("there is no remote `nowhere`");
    repo.git(&["remote", "add", "second", sandbox.path().join("gone").to_str().unwrap()]).ok();
    repo.tribunal(&["push"]).code(2).says("there are several remotes").says("tribunal push ");
    repo.tribunal(&["push", "second"]).code(2).says("nothing was pushed to `second`");
    repo.git(&["branch", "--set-upstream-to=origin/main"]).ok();
    repo.tribunal(&["push", "origin"]).code(2).says("which has another name");
    repo.git(&["checkout", "--quiet", "--detach"]).ok();
    repo.tribunal(&["push"]).code(2).says("HEAD is detached").says("git switch -c");
    repo.tribunal(&["push", "--run", "ABCDEF"]).code(2).says("there is no run");
    // What a hook refuses is no remote that cannot be reached.
    repo.git(&["checkout", "--quiet", "-b", "refused"]).ok();
    executable(repo.path(".git/hooks/pre-push"), "#!/bin/sh\necho no >&2\nexit 1\n");
    let refused = repo.tribunal(&["push", "origin"]).code(1).says("no\n");
    refused.says("refused here, by git or a hook").never_says("ls-remote");
    std::fs::remove_file(repo.path(".git/hooks/pre-push")).unwrap();
    // A rewritten `main` is the gates' to refuse, and never forced.
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.git(&["commit", "--quiet", "--amend", "--no-verify", "-m", "feat: other"]).ok();
    let there = origin.rev("main");
    repo.tribunal(&["push", "origin"]).code(1).says("protected-branch/");
    assert_eq!(origin.rev("main"), there);
}
