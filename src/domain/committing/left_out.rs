//! Which files a commit leaves out: those that hold secrets, those that are sensitive, and those that are too large.

use bstr::BString;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::fence::visible_path;
use crate::domain::model::finding::{Effect, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::Reported;

/// Where the modules of a repository are named.
const MODULES: &[u8] = b".gitmodules";

/// Whose choice the files of a commit are.
#[derive(Clone, Copy, Debug)]
pub enum ChosenFiles<'a> {
    /// The person staged each of them.
    Staged,
    /// The program took all that git would add, apart from these, which the person named.
    Found { named: &'a [BString] },
}

impl ChosenFiles<'_> {
    fn is_of_person(self, path: &BString) -> bool {
        match self {
            Self::Staged => true,
            Self::Found { named } => named.contains(path),
        }
    }
}

/// A file that is not committed, with why.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOutFile {
    pub path: BString,
    pub because: LeftOutReason,
}

#[derive(Clone, Debug, PartialEq)]
pub enum LeftOutReason {
    /// A gate would stop the commit because of it.
    Stopped(Box<Reported>),
    /// Its name alone says that it is sensitive, and nobody chose it.
    Named(Box<Reported>),
    /// It is a repository of its own, and no module.
    Repository,
}

/// The files that are left out of a change, each with the first reason.
pub fn left_out(
    files: &[FileChange],
    findings: &[Reported],
    chosen: ChosenFiles<'_>,
) -> Vec<LeftOutFile> {
    let names_modules = files.iter().any(|file| file.path == MODULES);
    let reason = |file: &FileChange| {
        let of_file = |found: &&Reported| {
            found.finding.place.as_ref().and_then(Location::path) == Some(&file.path)
        };
        let mut found = findings.iter().filter(of_file);
        if let Some(stopping) = found.clone().find(|found| stops_file(found)) {
            return Some(LeftOutReason::Stopped(Box::new(stopping.clone())));
        }
        if chosen.is_of_person(&file.path) || file.old.is_some() {
            return None;
        }
        if is_module(file.new.as_ref()) && !names_modules {
            return Some(LeftOutReason::Repository);
        }
        let named = found.find(|found| found.finding.gate == Gate::SensitiveFiles && warns(found));
        named.map(|found| LeftOutReason::Named(Box::new(found.clone())))
    };
    let left =
        |file: &FileChange| Some(LeftOutFile { path: file.path.clone(), because: reason(file)? });
    files.iter().filter_map(left).collect()
}

/// What an index has in the places of a file that is left out: what it was before.
pub fn as_before(file: &FileChange) -> Vec<(BString, Option<TreeEntry>)> {
    match &file.kind {
        FileChangeKind::Renamed { from } => {
            vec![(file.path.clone(), None), (from.clone(), file.old.clone())]
        }
        FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => {
            vec![(file.path.clone(), file.old.clone())]
        }
    }
}

fn stops_file(found: &Reported) -> bool {
    let gates = [Gate::Secrets, Gate::SensitiveFiles, Gate::LargeFiles];
    found.finding.effect == Effect::Block && gates.contains(&found.finding.gate)
}

fn warns(found: &Reported) -> bool {
    found.finding.effect == Effect::Warn
}

fn is_module(entry: Option<&TreeEntry>) -> bool {
    entry.is_some_and(|entry| entry.mode == FileMode::Submodule)
}

/// A path for a person, on one line.
pub fn shown(path: &BString) -> String {
    visible_path(&redact::mask_path(path))
}
