//! What earlier reviews say of a change: which of its parts a complete review was shown, and which of
//! their findings hold in it. A review, a push and CI ask the same question here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::pipeline::review_loop::FirstReview;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, DecidedBy};
use crate::domain::review::coverage;
use crate::domain::review::coverage::{Parts, WantedPart};
use crate::domain::review::deliver::file::{Became, DeliveredFile, FileSide};
use crate::domain::review::finding::{Anchored, FindingOrigin};
use crate::domain::review::record::FindingState;
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::context::Context;
use crate::flow::evaluate::standing::reviews::text_of;
use crate::flow::review::delivery;
use crate::flow::review::delivery::{Delivered, shown_path};
use crate::flow::review::inputs::ReviewInputs;
use crate::platform::config::env::now;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::reviewed::KeptReviewFinding;

/// How many findings of earlier reviews a change is compared with, the newest.
const FINDINGS_MAX: usize = 2_000;

/// What earlier reviews say of a change.
#[derive(Debug, Default)]
pub struct EarlierReviews {
    /// The files with a part that no complete review was shown; in the order of the change.
    pub uncovered: Vec<BString>,
    /// How many files that are; a moved one counts once.
    pub unreviewed: usize,
    /// How many files of the change a reviewer can be shown.
    pub reviewable: usize,
    /// Findings in the files of the change that hold there or were answered.
    pub findings: Vec<EarlierFinding>,
}

/// A finding of an earlier review, in the tree of the change.
#[derive(Clone, Debug)]
pub struct EarlierFinding {
    pub kept: KeptReviewFinding,
    /// Its file now.
    pub path: BString,
    pub state: FindingState,
    pub origin: FindingOrigin,
}

impl EarlierReviews {
    /// Compares a change with what the ledger has of earlier reviews.
    pub fn of_change(
        context: Context<'_>,
        inputs: &ReviewInputs,
        change: &Change,
        delivered: &Delivered,
    ) -> Result<Self> {
        let files = readable(context, inputs, change, delivered)?;
        let renamed = renamed(change, &files);
        let wanted = wanted(context, inputs, change, delivered, files)?;
        let (state_dir, reviewable) = (context.repo.state_dir(), wanted.len());
        if !ledger::exists(&state_dir) {
            let (unreviewed, uncovered) = (reviewable, uncovered(wanted, |_| false));
            return Ok(Self { uncovered, unreviewed, reviewable, findings: Vec::new() });
        }
        let now = now(context.env);
        let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
        let parts = wanted.iter().filter_map(|file| file.parts.as_ref()).flatten();
        let all: Parts = parts.flat_map(|part| [Some(part.key), part.before]).flatten().collect();
        let unknown = ledger.parts_not_shown(&all, now).map_err(LedgerError::hinted)?;
        let unreviewed = wanted.iter().filter(|file| !file.is_covered(&unknown)).count();
        let uncovered = uncovered(wanted, |file| file.is_covered(&unknown));
        let mut kept = ledger.review_findings(now).map_err(LedgerError::hinted)?;
        let over = kept.len().saturating_sub(FINDINGS_MAX);
        kept.drain(..over);
        let objects = &context.repo.objects;
        let mut places = Places { objects, change, renamed, texts: BTreeMap::new() };
        let findings = kept.into_iter().filter_map(|kept| places.find(kept)).collect();
        Ok(Self { uncovered, unreviewed, reviewable, findings })
    }

    /// Whether nothing is left to ask a model.
    pub fn is_answered(&self) -> bool {
        self.uncovered.is_empty() && !self.findings.iter().any(EarlierFinding::is_unverified)
    }

    /// What a loop starts with.
    pub fn loop_inputs(&self, change: &Change, scope: ReviewedFiles) -> LoopInputs {
        let number = |at: usize| format!("F-{}", at + 1);
        let numbered = self.findings.iter().enumerate();
        let kept = numbered.clone().map(|(at, one)| (number(at), one.kept.stored.id.clone()));
        let tracked = numbered.clone().map(|(at, one)| one.tracked(&number(at)));
        let open = numbered.filter(|(_, one)| one.is_unverified()).map(|(at, _)| number(at));
        let is_merge = change.files.iter().any(|file| !file.merged.is_empty());
        let is_all = scope == ReviewedFiles::All || self.unreviewed == self.reviewable;
        let paths = match scope {
            _ if is_all && !is_merge => None,
            ReviewedFiles::All => Some(change.files.iter().map(|file| file.path.clone()).collect()),
            ReviewedFiles::Uncovered => {
                let asked = self.findings.iter().filter(|one| one.is_unverified());
                let mut paths: BTreeSet<BString> = self.uncovered.iter().cloned().collect();
                paths.extend(asked.map(|one| one.path.clone()));
                Some(paths.into_iter().collect())
            }
        };
        let first = FirstReview { paths, open: open.collect() };
        LoopInputs { findings: tracked.collect(), kept: kept.collect(), first }
    }
}

/// What a loop knows of earlier reviews of its change.
#[derive(Clone, Debug)]
pub struct LoopInputs {
    pub findings: Vec<TrackedFinding>,
    /// The ledger's id of each, by its id in the run.
    pub kept: BTreeMap<String, String>,
    pub first: FirstReview,
}

/// Which files of a change a review looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewedFiles {
    All,
    /// Those that no complete review was shown as they are.
    Uncovered,
}

impl EarlierFinding {
    /// Whether a review must say if it is resolved: its code changed since one spoke of it.
    pub fn is_unverified(&self) -> bool {
        let is_answered = self.kept.stored.status.is_answered();
        !is_answered && matches!(self.state, FindingState::Unverified { .. })
    }

    fn tracked(&self, id: &str) -> TrackedFinding {
        let record = &self.kept.record;
        let mut original = record.original.clone();
        id.clone_into(&mut original.id);
        original.path = shown_path(&self.path);
        original.severity = self.kept.stored.finding.severity;
        original.anchored = match (original.anchored, self.state.lines()) {
            (Anchored::Removed { .. }, _) | (_, None) => original.anchored,
            (_, Some((line, end_line))) => Anchored::Exact { line, end_line },
        };
        let status = self.kept.stored.status;
        let decision = match status {
            FindingStatus::Accepted | FindingStatus::Dismissed => Some(answered(id, status)),
            FindingStatus::Open | FindingStatus::Resolved | FindingStatus::Withdrawn => record
                .decision
                .clone()
                .map(|decision| ArbiterDecision { id: id.to_owned(), ..decision }),
        };
        original.origin = self.origin;
        TrackedFinding {
            decision,
            second: record.second.clone(),
            ..TrackedFinding::new(original, 0, false)
        }
    }
}

/// The decision about a finding that a person answered: it overrides the arbiter.
fn answered(id: &str, status: FindingStatus) -> ArbiterDecision {
    ArbiterDecision {
        id: id.to_owned(),
        verdict: ArbiterVerdict::OutOfScope,
        evidence: Vec::new(),
        duplicate_of: None,
        criterion: None,
        reason: format!("a person {} it before", status.as_str()),
        instruction: String::new(),
        extends_scope: false,
        breaks: String::new(),
        by: DecidedBy::Person,
    }
}

/// The files of a change that were moved, by the names that they had before: edited or not.
fn renamed(change: &Change, files: &[(DeliveredFile, &FileChange)]) -> BTreeMap<BString, BString> {
    let pair = |(file, changed): &(DeliveredFile, &FileChange)| {
        let Became::Renamed { from } = &file.became else { return None };
        let before = change.files.iter().find(|one| redact::mask_path(&one.path) == *from)?;
        Some((before.path.clone(), changed.path.clone()))
    };
    files.iter().filter_map(pair).collect()
}

/// The paths of the files that are not covered.
fn uncovered(wanted: Vec<WantedFile>, is_covered: impl Fn(&WantedFile) -> bool) -> Vec<BString> {
    wanted.into_iter().filter(|file| !is_covered(file)).flat_map(WantedFile::paths).collect()
}

/// A file that a change brings, and its parts.
struct WantedFile {
    path: BString,
    /// The name that it had before, where that is of this change too.
    from: Option<BString>,
    /// `None` where it cannot be shown as it should be: no review covers it.
    parts: Option<Vec<WantedPart>>,
}

impl WantedFile {
    fn is_covered(&self, unknown: &Parts) -> bool {
        let is_known = |part: &WantedPart| {
            !unknown.contains(&part.key)
                || part.before.is_some_and(|before| !unknown.contains(&before))
        };
        self.parts.as_ref().is_some_and(|parts| parts.iter().all(is_known))
    }

    /// The paths that a review of it looks at.
    fn paths(self) -> impl Iterator<Item = BString> {
        std::iter::once(self.path).chain(self.from)
    }
}

/// The files of a change that a reviewer can be shown.
fn wanted(
    context: Context<'_>,
    inputs: &ReviewInputs,
    change: &Change,
    delivered: &Delivered,
    files: Vec<(DeliveredFile, &FileChange)>,
) -> Result<Vec<WantedFile>> {
    let mut wanted = Vec::new();
    let context_lines = inputs.delivery_limits().context_lines;
    for (file, changed) in files {
        let others = others(&context.repo.objects, changed)?;
        let parts = coverage::wanted(&file, &others, &inputs.regime(changed)?, context_lines);
        let from = match &file.became {
            Became::Renamed { from } => {
                change.files.iter().find(|one| redact::mask_path(&one.path) == *from)
            }
            Became::Added | Became::Modified | Became::Deleted | Became::Copied { .. } => None,
        };
        if !parts.is_empty() {
            wanted.push(WantedFile {
                path: changed.path.clone(),
                from: from.map(|file| file.path.clone()),
                parts: Some(parts),
            });
        }
    }
    let gaps = delivered.delivery.unscanned.iter().filter(|one| one.reason.is_gap());
    let gaps: BTreeSet<&str> = gaps.map(|one| one.path.as_str()).collect();
    let unshown = change.files.iter().filter(|file| gaps.contains(shown_path(&file.path).as_str()));
    for file in unshown {
        wanted.retain(|known| known.path != file.path);
        wanted.push(WantedFile { path: file.path.clone(), from: None, parts: None });
    }
    Ok(wanted)
}

/// The parts that a complete review of these files of a change was shown.
pub fn shown_parts(
    context: Context<'_>,
    inputs: &ReviewInputs,
    change: &Change,
    delivered: &Delivered,
) -> Result<Parts> {
    let context_lines = inputs.delivery_limits().context_lines;
    let mut parts = Parts::new();
    for (file, change) in readable(context, inputs, change, delivered)? {
        parts.extend(coverage::shown(&file, &inputs.regime(change)?, context_lines));
    }
    Ok(parts)
}

/// The files of a change that have a section in a delivery, with their content.
fn readable<'a>(
    context: Context<'_>,
    inputs: &ReviewInputs,
    change: &'a Change,
    delivered: &Delivered,
) -> Result<Vec<(DeliveredFile, &'a FileChange)>> {
    let sections = delivered.delivery.calls.iter().flat_map(|call| &call.sections);
    let sections: BTreeSet<&str> = sections.map(|section| section.path.as_str()).collect();
    let mut files = delivery::shown_files(context.repo, inputs, change)?;
    files.retain(|(_, file)| sections.contains(shown_path(&file.path).as_str()));
    Ok(files)
}

/// The content of a file in the other commits of a merge.
fn others(objects: &Objects, file: &FileChange) -> Result<Vec<Option<FileSide>>> {
    let side = |entry| match delivery::side(objects, &file.path, Some(entry))? {
        delivery::Read::Side(side) => Ok(side),
        // What is too large to be compared counts as not there: all of the file is new then.
        delivery::Read::TooLarge(_) => Ok(None),
    };
    file.merged.iter().map(side).collect()
}

/// Looks for findings in the trees of a change.
struct Places<'a> {
    objects: &'a Objects,
    change: &'a Change,
    /// See [`renamed`].
    renamed: BTreeMap<BString, BString>,
    texts: BTreeMap<(bool, BString), Option<String>>,
}

impl Places<'_> {
    /// A finding in the tree of the change; `None` where it is resolved or gone there, or is in no file
    /// that the change touches.
    fn find(&mut self, kept: KeptReviewFinding) -> Option<EarlierFinding> {
        if kept.stored.status == FindingStatus::Withdrawn {
            return None;
        }
        let known = kept.record.path.clone()?;
        let path = self.path_now(&kept, &known)?;
        let state = self.state(&kept, false, &path);
        if !state.holds() {
            return None;
        }
        let in_base = self.path_before(&path, &known).is_some_and(|before| {
            let state = self.state(&kept, true, &before);
            state.holds() && (state.lines().is_some() || kept.record.is_about_removed())
        });
        let origin = if in_base { FindingOrigin::Before } else { FindingOrigin::Change };
        Some(EarlierFinding { kept, path, state, origin })
    }

    fn state(&mut self, kept: &KeptReviewFinding, in_base: bool, path: &BString) -> FindingState {
        let text = self.text(in_base, path.as_bstr());
        if in_base && text.is_none() {
            return FindingState::Gone;
        }
        let this = RefCell::new(self);
        kept.record
            .state(text.as_deref(), &|shown| this.borrow_mut().text(in_base, BStr::new(shown)))
    }

    /// The file of the change that a finding is in now: its own, that which it was renamed to, or one to
    /// which its text was moved.
    fn path_now(&mut self, kept: &KeptReviewFinding, known: &BString) -> Option<BString> {
        let change = self.change;
        if let Some(path) = self.renamed.get(known) {
            return Some(path.clone());
        }
        let renamed = change
            .files
            .iter()
            .find(|file| matches!(&file.kind, FileChangeKind::Renamed { from } if from == known));
        if let Some(file) = renamed {
            return Some(file.path.clone());
        }
        let own = change.files.iter().find(|file| file.path == *known);
        if own.is_some_and(|file| file.new.is_some()) {
            return Some(known.clone());
        }
        let is_there = self.text(false, known.as_bstr()).is_some();
        if own.is_none() && is_there {
            return None;
        }
        for file in change.files.iter().filter(|file| file.has_content()) {
            let text = self.text(false, file.path.as_bstr());
            let this = RefCell::new(&mut *self);
            let read = |shown: &str| this.borrow_mut().text(false, BStr::new(shown));
            if text.is_some_and(|text| kept.record.moved_to(&text, &read)) {
                return Some(file.path.clone());
            }
        }
        // Of a file that is gone what is about its removal holds.
        own.map(|_| known.clone())
    }

    fn path_before(&self, path: &BString, known: &BString) -> Option<BString> {
        let file = self.change.files.iter().find(|file| file.path == *path)?;
        match &file.kind {
            FileChangeKind::Renamed { from } => Some(from.clone()),
            FileChangeKind::Added if path != known => Some(known.clone()),
            FileChangeKind::Added => None,
            FileChangeKind::Modified | FileChangeKind::Deleted => Some(path.clone()),
        }
    }

    /// The text of a file as a reviewer sees it, in the base or in the tree of the change.
    fn text(&mut self, in_base: bool, path: &BStr) -> Option<String> {
        let key = (in_base, path.to_owned());
        if let Some(text) = self.texts.get(&key) {
            return text.clone();
        }
        let tree: Option<&Oid> =
            if in_base { self.change.base_tree.as_ref() } else { Some(&self.change.tree) };
        let text = tree.and_then(|tree| text_of(self.objects, tree, path));
        self.texts.insert(key, text.clone());
        text
    }
}
