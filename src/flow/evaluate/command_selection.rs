//! Selects the commands that a change is to be checked with.

use bstr::ByteSlice as _;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::globs::Globs;
use crate::domain::model::report::Skipped;
use crate::domain::policy::command_settings::{CommandGate, Moment};
use crate::domain::policy::settings::Policy;
use crate::flow::evaluate::command_outcome::CommandOutcome;
use crate::flow::evaluate::tool_report;
use crate::flow::evaluate::tool_report::CommandReport;

/// Selects the commands of a change at that moment (`None`: at any).
pub fn select<'a>(
    policy: &'a Policy,
    change: &Change,
    moment: Option<Moment>,
) -> Vec<&'a CommandGate> {
    if policy.gates.commands.level.effect().is_none() {
        return Vec::new();
    }
    policy.commands.iter().filter(|command| is_wanted(command, change, moment)).collect()
}

/// The commands of a policy that tell which tests ran.
pub fn test_commands(policy: &Policy) -> Vec<&CommandGate> {
    let tells = |command: &&CommandGate| {
        matches!(tool_report::format_of(command), Ok(Some(CommandReport::Tests(_))))
    };
    policy.commands.iter().filter(tells).collect()
}

/// Lists the commands that are not run because another gate blocks the change.
pub fn skip_commands(
    effective: &EffectivePolicy,
    change: &Change,
    moment: Option<Moment>,
) -> Vec<Skipped> {
    let mut outcome = CommandOutcome::default();
    let wanted = select(&effective.policy, change, moment);
    outcome.skip(&wanted, "it was not run: the change is stopped without it");
    outcome.report.skipped
}

/// Whether the command runs at that moment and one of the changed paths is of interest to it.
fn is_wanted(command: &CommandGate, change: &Change, moment: Option<Moment>) -> bool {
    if moment.is_some_and(|moment| !command.on.contains(&moment)) {
        return false;
    }
    if command.paths.is_empty() {
        return true;
    }
    // The globs were checked where they were read; with one that is of no use all the same it runs.
    let Ok(globs) = Globs::new(command.paths.iter().map(String::as_str)) else { return true };
    change.files.iter().any(|file| {
        let from = match &file.kind {
            FileChangeKind::Renamed { from } => Some(from),
            FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => None,
        };
        [Some(&file.path), from]
            .into_iter()
            .flatten()
            .any(|path| globs.matches(path.to_path_lossy()))
    })
}
