//! Runs the test commands of the policy on what an agent wrote, in the sandbox.

use anyhow::Result;

use crate::domain::development::suite::{SuiteCommand, SuiteOutcome, SuiteRun};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::report::CommandResult;
use crate::flow::context::Context;
use crate::flow::evaluate::command_outcome::CommandOutcome;
use crate::flow::evaluate::command_selection::test_commands;
use crate::flow::evaluate::commands;
use crate::flow::workspace::checkout::Ignored;

/// What running the tests came to.
pub enum Tested {
    Ran(SuiteRun),
    /// A signal stopped it.
    Interrupted(i32),
}

/// Runs the test commands on the tree of a change.
pub fn run(
    context: Context<'_>,
    effective: &EffectivePolicy,
    change: &Change,
    ignored: Ignored,
) -> Result<Tested> {
    let outcome = commands::run_tests(context, effective, change, ignored)?;
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
