//! Selects the commands that a change is to be checked with.

use bstr::ByteSlice as _;

use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::globs::Globs;
use crate::domain::policy::command_settings::{CommandGate, Moment};
use crate::domain::policy::settings::Policy;

/// The commands of a moment.
#[derive(Default)]
pub struct Selected<'a> {
    pub wanted: Vec<&'a CommandGate>,
    /// Those to whose `paths` nothing changed.
    pub elsewhere: Vec<&'a CommandGate>,
}

/// Selects the commands of a change at that moment (`None`: at any): all, or those of its paths.
pub fn select<'a>(
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
