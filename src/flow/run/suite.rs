//! Runs the test commands of the policy on a state of the code, and keeps what they came to after each task.

use std::path::Path;

use anyhow::Result;

use crate::domain::development::removal;
use crate::domain::development::removal::TestName;
use crate::domain::development::suite::SuiteRun;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::Snapshot;
use crate::flow::context::Context;
use crate::flow::evaluate::test_run;
use crate::flow::evaluate::test_run::Tested;
use crate::flow::workspace::checkout::Ignored;
use crate::platform::store::runs::RunFolder;
use crate::platform::store::test_results;

/// Runs the test commands on a state of the code. The base is tested in the same sandbox as what is built on
/// it: what cannot run there is not blamed on what was built.
pub fn run(
    context: Context<'_>,
    effective: &EffectivePolicy,
    base: &Snapshot,
    at: &Snapshot,
    ignored: Ignored,
) -> Result<Tested> {
    let change = Change {
        key: base.commit.to_string(),
        base_tree: Some(base.tree.clone()),
        tree: at.tree.clone(),
        commit: Some(at.commit.clone()),
        message: None,
        files: Vec::new(),
        tip_tree: None,
        unlisted: None,
    };
    test_run::run(context, effective, &change, ignored)
}

/// Keeps what the tests came to with the task that is built now. Of one that was begun ahead it is kept once that is upon the
/// commits that were made meanwhile.
pub fn keep_after_task(folder: &RunFolder, run: &SpecRun, suite: &SuiteRun) -> Result<()> {
    match run.progress().begun {
        Some(_) => Ok(()),
        None => keep_joined(folder, run, suite),
    }
}

/// Keeps what the tests came to with a task that was put upon the commits that were made meanwhile.
pub fn keep_joined(folder: &RunFolder, run: &SpecRun, suite: &SuiteRun) -> Result<()> {
    test_results::keep(folder, run.progress().before() + 1, suite)
}

/// What the tests came to before the task that is built now.
pub fn before_task(folder: &RunFolder, run: &SpecRun) -> Result<SuiteRun> {
    after(folder, run.progress().built_before())
}

/// What the tests came to after so many tasks.
pub fn after(folder: &RunFolder, tasks: usize) -> Result<SuiteRun> {
    test_results::load(folder.path(), tasks)
}

/// The names of the tests that a task brought, of a run in that folder.
pub fn new_names(folder: &Path, place: usize) -> Result<Vec<TestName>> {
    let (before, after) =
        (test_results::load(folder, place)?, test_results::load(folder, place + 1)?);
    Ok(removal::new_names(&before, &after))
}
