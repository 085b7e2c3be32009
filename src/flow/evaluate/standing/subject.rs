//! What a finding of a gate is about: a file, a change, or a tree.

use std::collections::BTreeSet;

use bstr::{BStr, BString};

use crate::domain::gates::governance;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::flow::evaluate::standing::files::path_of;
use crate::platform::git::diff;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    File,
    /// What a command said of a line: the command is not run again.
    LineOfCommand,
    /// A change as such, or its message.
    Change,
    /// What a command said of a whole tree.
    TreeOfCommand,
}

/// What a finding is about, by its gate and its place.
pub fn subject_of(finding: &GateFinding) -> Subject {
    let found = &finding.kept.finding;
    match (found.gate, path_of(finding)) {
        (Gate::Commands, Some(_)) => Subject::LineOfCommand,
        (Gate::Commands, None) => Subject::TreeOfCommand,
        (Gate::Governance, _) if found.rule == governance::CHANGED => Subject::Change,
        (_, Some(_)) => Subject::File,
        (_, None) => Subject::Change,
    }
}

/// The files that findings are about, also those of the changes that they are about.
pub fn named_files(objects: &Objects, findings: &[GateFinding]) -> BTreeSet<BString> {
    let mut named = BTreeSet::new();
    for finding in findings {
        named.extend(path_of(finding).map(BStr::to_owned));
        named.extend(finding.sightings.iter().map(|seen| seen.name.clone()));
        let is_of_change = matches!(subject_of(finding), Subject::Change | Subject::TreeOfCommand);
        if !is_of_change || finding.kept.status.is_gone() {
            continue;
        }
        for seen in finding.sightings.iter().filter(|seen| seen.commit.is_none()) {
            let base = Oid::parse(&seen.change).ok();
            let base = base.and_then(|base| objects.commit(&base).ok().flatten());
            let base = base.map(|commit| commit.tree);
            // What cannot be compared any more is nowhere.
            let files = diff::trees(objects, base.as_ref(), seen.tree.as_ref());
            named.extend(files.unwrap_or_default().into_iter().map(|file| file.path));
        }
    }
    named
}
