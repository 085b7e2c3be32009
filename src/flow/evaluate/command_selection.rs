//! Selects the commands that a change is to be checked with.

use bstr::ByteSlice as _;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, FileChangeKind, WrittenBy};
use crate::domain::model::globs::Globs;
use crate::domain::model::report::Skipped;
use crate::domain::policy::command_settings::{CommandGate, Moment};
use crate::domain::policy::settings::Policy;
use crate::flow::evaluate::command_outcome::CommandOutcome;
use crate::flow::evaluate::tool_report;
use crate::flow::evaluate::tool_report::CommandReport;
use crate::flow::workspace::checkout::Ignored;

/// Which commands to run.
#[derive(Clone, Copy)]
pub struct CommandRequest {
    /// The hook that they run at; `None` selects every command.
    pub moment: Option<Moment>,
    pub requested_by: RequestedBy,
    /// Whose code they run on: what an agent wrote runs in the sandbox.
    pub written_by: WrittenBy,
    /// What becomes of ignored files that earlier commands left.
    pub ignored: Ignored,
}

/// Who asks for commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedBy {
    /// A hook or a review: what passed on this very tree before need not run again.
    Hook,
    /// A person: what their `paths` leave out is named.
    Person,
    /// A person, by their names, or who wants their reports: they run whatever changed.
    Name,
}

impl CommandRequest {
    /// For what a person commits, pushes or has checked.
    pub fn of_person(moment: Option<Moment>, requested_by: RequestedBy) -> Self {
        Self { moment, requested_by, written_by: WrittenBy::Person, ignored: Ignored::Stay }
    }

    /// For every command, as far as it did not pass on this very tree.
    pub fn of_review(written_by: WrittenBy) -> Self {
        let (moment, requested_by) = (None, RequestedBy::Hook);
        Self { moment, requested_by, written_by, ignored: Ignored::Stay }
    }

    /// Selects the commands of a change.
    pub fn select<'a>(self, effective: &'a EffectivePolicy, change: &Change) -> Selected<'a> {
        select(&effective.policy, change, self.moment, self.requested_by == RequestedBy::Name)
    }
}

/// The commands of a moment.
#[derive(Default)]
pub struct Selected<'a> {
    pub wanted: Vec<&'a CommandGate>,
    /// Those to whose `paths` nothing changed.
    pub elsewhere: Vec<&'a CommandGate>,
}

/// Selects the commands of a change at that moment (`None`: at any): all, or those of its paths.
fn select<'a>(
    policy: &'a Policy,
    change: &Change,
    moment: Option<Moment>,
    all: bool,
) -> Selected<'a> {
    if policy.gates.commands.level.effect().is_none() {
        return Selected::default();
    }
    let is_of_moment =
        |command: &&CommandGate| moment.is_none_or(|moment| command.on.contains(&moment));
    let is_wanted = |command: &&CommandGate| all || is_of_interest(command, change);
    let of_moment = policy.commands.iter().filter(is_of_moment);
    let (wanted, elsewhere) = of_moment.partition(is_wanted);
    Selected { wanted, elsewhere }
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
    request: CommandRequest,
) -> Vec<Skipped> {
    let mut outcome = CommandOutcome::default();
    let Selected { wanted, .. } = request.select(effective, change);
    outcome.skip(&wanted, "it was not run: the change is stopped without it");
    outcome.report.skipped
}

/// Whether one of the changed paths is of interest to a command.
fn is_of_interest(command: &CommandGate, change: &Change) -> bool {
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
