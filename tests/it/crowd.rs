//! Many hands at once: commits in linked work trees beside a running watcher.

use std::collections::BTreeSet;
use std::thread;

use crate::harness::{Repo, Sandbox, wait_for};

const TREES: usize = 5;
const COMMITS_EACH: usize = 10;

/// Every commit leaves one warning in the ledger: a file above the limit.
#[test]
fn fifty_commits_in_five_work_trees_lose_and_double_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("main tree");
    repo.write("tribunal.toml", "[gates]\nlarge-files = { level = \"warn\", max = \"10 B\" }\n");
    repo.commit_unjudged("begin");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["daemon", "start"]).ok();
    let trees: Vec<Repo<'_>> = (0..TREES)
        .map(|number| {
            let name = format!("../tree {number}");
            repo.git(&["worktree", "add", "--quiet", "-b", &format!("b{number}"), &name]).ok();
            Repo { sandbox: &sandbox, dir: sandbox.path().join(format!("tree {number}")) }
        })
        .collect();
    thread::scope(|scope| {
        for (number, tree) in trees.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..COMMITS_EACH {
                    let name = format!("file-{number}-{round}");
                    tree.write(&name, format!("{name} is longer than ten bytes\n"));
                    tree.git(&["add", &name]).ok();
                    tree.git(&["commit", "--quiet", "-m", &name]).ok();
                }
            });
        }
        scope.spawn(|| {
            for number in 0..TREES {
                let text = format!(
                    "# Spec {number}\n\n## Goal\nIt is there.\n\n## Acceptance criteria\n- **AC-1** WHEN it \
                     is dropped THEN it SHALL be taken in\n  - verify: human\n"
                );
                repo.write(format!("docs/specs/crowd-{number}.md"), text);
            }
        });
    });
    for (number, tree) in trees.iter().enumerate() {
        let count = tree.git(&["rev-list", "--count", &format!("main..b{number}")]).ok();
        assert_eq!(count.out(), COMMITS_EACH.to_string());
        assert_eq!(tree.git(&["status", "--porcelain"]).ok().out(), "");
    }
    let findings = repo.tribunal(&["findings", "list", "--format", "json"]).ok().json();
    let list = findings["findings"].as_array().unwrap();
    let paths: Vec<&str> = list.iter().filter_map(|f| f["path"].as_str()).collect();
    let distinct: BTreeSet<&str> = paths.iter().copied().collect();
    assert_eq!((paths.len(), distinct.len()), (TREES * COMMITS_EACH, TREES * COMMITS_EACH));
    let ids: BTreeSet<&str> = list.iter().filter_map(|f| f["id"].as_str()).collect();
    assert_eq!(ids.len(), paths.len());
    wait_for("every spec's record", || {
        let known =
            std::fs::read_to_string(repo.path(".git/tribunal/specs.json")).unwrap_or_default();
        (0..TREES).all(|number| known.contains(&format!("docs/specs/crowd-{number}.md")))
    });
    repo.tribunal(&["daemon", "stop"]).ok();
    let judged = repo.read(".git/tribunal/judged");
    let trees: BTreeSet<&str> = judged.lines().collect();
    assert_eq!((judged.lines().count(), trees.len()), (50, 50));
}
