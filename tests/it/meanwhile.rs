//! A person goes on while a run works: nothing of theirs changes, and nothing of theirs is picked up.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Repo, cases, wait_for};
use crate::planned_runs::{SPEC, code, good, planned, project, tests};
use crate::scene::{Beside, Scene};
use crate::spec_runs::{Left, made};
use crate::untouched::{Deed, NAMES, Seen, deed, everything, perform, same};

/// How many histories are drawn; in the long form as many as that.
const CASES: u32 = 3;
const CASES_OF_ALL: u32 = 100;

/// What a person does next.
#[derive(Clone, Debug)]
enum Step {
    File(usize, Deed),
    /// Commits what is staged, on the branch of their own.
    Commit,
    /// Goes to the branch that the run builds on, or back.
    Switch {
        to_main: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..NAMES.len(), deed()).prop_map(|(name, deed)| Step::File(name, deed)),
        2 => Just(Step::Commit),
        1 => any::<bool>().prop_map(|to_main| Step::Switch { to_main }),
    ]
}

/// Does it as far as the state allows; what git refuses is not done.
fn take(repo: &Repo<'_>, step: &Step) {
    match step {
        Step::File(name, deed) => perform(repo, NAMES[*name], deed),
        // What is committed to `main` moves the base of the run, which is told apart.
        Step::Commit if repo.git(&["branch", "--show-current"]).out() == "mine" => {
            repo.git(&["commit", "--quiet", "--no-verify", "-m", "mine"]);
        }
        Step::Commit => {}
        Step::Switch { to_main } => {
            repo.git(&["switch", "--quiet", if *to_main { "main" } else { "mine" }]);
        }
    }
}

/// All that is the person's: work tree, index, refs, stash, configuration, but not the branch that the run makes.
fn persons(repo: &Repo<'_>) -> BTreeMap<PathBuf, Seen> {
    let mut seen = everything(repo);
    let git = repo.path(".git");
    seen.retain(|path, _| {
        let Ok(inside) = path.strip_prefix(&git) else { return true };
        let heads = ["refs/heads", "logs/refs/heads"];
        !heads.iter().any(|heads| {
            // The folder itself gets an entry for the branch.
            inside == OsStr::new(heads) || inside.starts_with(format!("{heads}/tribunal"))
        })
    });
    seen
}

fn scene() -> Scene {
    planned(good(), tests(), code())
}

fn prepared(scene: &Scene) -> Repo<'_> {
    let repo = project(scene, SPEC);
    for name in NAMES {
        repo.write(OsStr::from_bytes(name), "base\n");
    }
    repo.git(&["add", "--", ":!docs"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "files"]).ok();
    repo.git(&["branch", "mine"]).ok();
    repo
}

const RUN: [&str; 4] = ["run", "sizes", "--format", "json"];

fn goes_on_beside(whole: &Left, steps: &[Step]) {
    let scene = scene();
    let repo = prepared(&scene);
    let mut run = Beside::start(&repo, &RUN, "run");
    let mut calls = 0;
    let (mut steps, mut taken) = (steps.iter(), 0);
    loop {
        wait_for("the run to go on", || made(&scene).len() > calls || !run.is_running());
        calls = made(&scene).len();
        if !run.is_running() {
            break;
        }
        for step in steps.by_ref().take(3) {
            take(&repo, step);
            taken += 1;
            let left = persons(&repo);
            repo.tribunal(&["status"]).ok();
            same(&left, &persons(&repo), &format!("after {step:?}"));
        }
        let left = persons(&repo);
        let asked = calls;
        wait_for("the run to go on", || made(&scene).len() > asked || !run.is_running());
        same(&left, &persons(&repo), "while the run went on");
    }
    let outcome = run.end().ok();
    assert!(taken > 10, "too few steps while it ran: {taken}");
    // The stash is a ref of theirs.
    let mut came = Left::of(&scene, &repo, &outcome);
    came.refs =
        came.refs.lines().filter(|line| *line != "refs/stash").collect::<Vec<_>>().join("\n");
    assert_eq!(came.tree, whole.tree, "{outcome}");
    assert_eq!((&came.calls, &came.findings), (&whole.calls, &whole.findings), "{outcome}");
    assert_eq!(came.refs.trim(), whole.refs.trim(), "{outcome}");
}

#[test]
fn whatever_a_person_does_beside_a_run_stays_theirs() {
    let whole = {
        let scene = scene();
        let repo = prepared(&scene);
        let outcome = repo.tribunal(&RUN).ok();
        Left::of(&scene, &repo, &outcome)
    };
    let config = Config {
        cases: cases(CASES, CASES_OF_ALL),
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    };
    let steps = prop::collection::vec(step(), 12..40);
    TestRunner::new(config)
        .run(&steps, |steps| {
            goes_on_beside(&whole, &steps);
            Ok(())
        })
        .unwrap();
}
