//! What is new is what `git rev-list` says, in drawn histories.

use std::collections::HashSet;
use std::path::Path;

use bstr::ByteSlice as _;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::domain::model::oid::Oid;
use crate::platform::git::command::git;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, NewCommits, new_commits};
use crate::platform::git::repo::Repo;

fn run(dir: &Path, words: &[&str]) -> String {
    run_at(dir, words, START)
}

/// When the first commit of a drawn history is made, in seconds since 1970.
const START: usize = 1_767_225_600;

fn run_at(dir: &Path, words: &[&str], seconds: usize) -> String {
    let output = git(dir)
        .env("GIT_COMMITTER_DATE", format!("{seconds} +0000"))
        .args(words)
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.invalid")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.invalid")
        .capture()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", output.stderr.as_bstr());
    output.stdout.trim().to_str().unwrap().to_owned()
}

/// A repository whose commits have these parents, by number; an empty list begins a history.
fn history(parents: &[Vec<usize>]) -> (TempDir, Vec<Oid>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    run(dir, &["init", "--quiet", "--initial-branch=main"]);
    let tree = run(dir, &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let mut commits: Vec<Oid> = Vec::new();
    for (number, parents) in parents.iter().enumerate() {
        let message = format!("commit {number}");
        let mut words = vec!["commit-tree", "-m", &message, &tree];
        for parent in parents {
            words.extend(["-p", commits[*parent].as_str()]);
        }
        // Two commits a second, as a script makes them.
        commits.push(Oid::parse(&run_at(dir, &words, START + number / 2)).unwrap());
    }
    (folder, commits)
}

/// Up to ten commits, mostly on lines, some merges and some new beginnings; which are known by refs
/// of remotes, which by themselves, and which are pushed.
fn drawn() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>, Vec<usize>, Vec<usize>)> {
    let size = 1_usize..10;
    size.prop_flat_map(|size| {
        let parents: Vec<_> = (0..size)
            .map(|at| match at {
                0 => Just(Vec::new()).boxed(),
                _ => prop_oneof![
                    6 => Just(vec![at - 1]),
                    2 => (0..at).prop_map(|one| vec![one]),
                    2 => (0..at, 0..at).prop_map(|(a, b)| if a == b { vec![a] } else { vec![a, b] }),
                    1 => Just(Vec::new()),
                ]
                .boxed(),
            })
            .collect();
        let some = || prop::collection::vec(0..size, 0..3);
        (parents, some(), some(), prop::collection::vec(0..size, 1..3))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn new_is_what_git_says((parents, by_refs, by_themselves, pushed) in drawn()) {
        let (folder, commits) = history(&parents);
        let dir = folder.path();
        for at in &by_refs {
            let name = format!("refs/remotes/origin/b{at}");
            run(dir, &["update-ref", &name, commits[*at].as_str()]);
        }
        let repo = Repo::discover(dir, None).unwrap();
        let tips: Vec<Oid> = pushed.iter().map(|at| commits[*at].clone()).collect();
        let known: HashSet<Oid> = by_themselves.iter().map(|at| commits[*at].clone()).collect();
        for (refs, option) in [(KnownRefs::None, None), (KnownRefs::Remotes(repo.remote_tips().unwrap()), Some("--remotes"))] {
            let mut words = vec!["rev-list"];
            words.extend(tips.iter().map(Oid::as_str));
            words.push("--not");
            words.extend(by_themselves.iter().map(|at| commits[*at].as_str()));
            words.extend(option);
            let expected = run(dir, &words);
            let expected: HashSet<&str> = expected.lines().collect();
            let known = KnownHistory { commits: known.clone(), refs };
            let new = new_commits(&repo, &tips, &known).unwrap();
            prop_assert_eq!(new.iter().map(Oid::as_str).collect::<HashSet<_>>(), expected);
            // Parents come first, and each tip brings its own.
            let mut walk = NewCommits::new(&repo.objects, &new);
            let mut done = HashSet::new();
            let mut all = Vec::new();
            for tip in &tips {
                all.extend(walk.below(tip, &mut done).unwrap());
            }
            prop_assert_eq!(all.iter().collect::<HashSet<_>>(), new.iter().collect::<HashSet<_>>());
            prop_assert_eq!(all.len(), new.len());
            for (at, commit) in new.iter().enumerate() {
                let parents = repo.commit(commit).unwrap().parents;
                let is_late = |parent: &Oid| new[at..].contains(parent);
                prop_assert!(!parents.iter().any(is_late), "{commit} before its parent");
            }
        }
    }
}

/// The remote's branch was made from the commits that are pushed, on a machine whose clock was late.
#[test]
fn a_wrong_clock_makes_a_push_longer_and_never_shorter() {
    let (folder, commits) = history(&[vec![], vec![0], vec![1], vec![2]]);
    let dir = folder.path();
    let tree = run(dir, &["rev-parse", &format!("{}^{{tree}}", commits[0])]);
    let words = ["commit-tree", "-m", "late", "-p", commits[2].as_str(), &tree];
    let late = Oid::parse(&run_at(dir, &words, START - 1_000_000)).unwrap();
    let repo = Repo::discover(dir, None).unwrap();
    let refs = KnownRefs::Remotes(vec![late]);
    let known = KnownHistory { commits: HashSet::from([commits[0].clone()]), refs };
    let new = new_commits(&repo, &[commits[3].clone()], &known).unwrap();
    assert_eq!(new, commits[1..]);
}
