//! Runs the test commands of the policy on a state of the code, in the sandbox, and keeps what they came
//! to after each task.

use std::path::Path;

use anyhow::Result;

use crate::domain::development::removal;
use crate::domain::development::removal::TestName;
use crate::domain::development::suite::{SuiteCommand, SuiteOutcome, SuiteRun};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::report::CommandResult;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::Snapshot;
use crate::flow::context::Context;
use crate::flow::evaluate::command_outcome::CommandOutcome;
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::evaluate::commands;
use crate::flow::workspace::checkout::Ignored;
use crate::platform::store::runs::RunFolder;
use crate::platform::store::test_results;

/// What running the tests came to.
pub enum Tested {
    Ran(SuiteRun),
    /// A signal stopped it.
    Interrupted(i32),
}

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
    let outcome = commands::run_tests(context, effective, &change, ignored)?;
    if let Some(signal) = outcome.interrupted {
        return Ok(Tested::Interrupted(signal));
    }
    let tests = test_commands(&effective.policy);
    let commands = tests.iter().map(|command| command_run(&command.name, &outcome)).collect();
    Ok(Tested::Ran(SuiteRun { commands }))
}

fn command_run(name: &str, outcome: &CommandOutcome) -> SuiteCommand {
    let tail = outcome.tails.iter().find(|tail| tail.command == name);
    let printed = tail.map_or_else(String::new, |tail| tail.excerpt.clone());
    let not_run = |why: String| SuiteCommand {
        name: name.to_owned(),
        outcome: SuiteOutcome::NotRun { why },
        printed: printed.clone(),
    };
    let skipped = outcome.report.skipped.iter().find(|skipped| skipped.gate == name);
    let skipped = || skipped.map_or_else(|| "it was not run".to_owned(), |one| one.reason.clone());
    let Some(ran) = outcome.ran.iter().find(|ran| ran.name == name) else {
        return not_run(skipped());
    };
    let ended_well = match &ran.result {
        CommandResult::Failed => false,
        CommandResult::Passed
        | CommandResult::PassedBefore
        | CommandResult::ChangedFiles
        | CommandResult::Unreadable { .. }
        | CommandResult::Unproven { .. } => true,
        CommandResult::NotStarted { why } => return not_run(why.clone()),
        CommandResult::TimedOut => return not_run("it did not end in time".to_owned()),
        CommandResult::Interrupted => return not_run(skipped()),
    };
    match outcome.tests.iter().find(|tests| tests.command == name) {
        Some(tests) => {
            let reported =
                SuiteCommand::reported(name.to_owned(), &tests.report, ended_well, printed);
            reported.ended_with(Some(tests.code))
        }
        None => SuiteCommand { name: name.to_owned(), outcome: SuiteOutcome::Unreported, printed },
    }
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
