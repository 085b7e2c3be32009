//! Where the findings of earlier reviews are in a change.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::FindingStatus;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, DecidedBy};
use crate::domain::review::bearing::bears_on;
use crate::domain::review::deliver::file::Became;
use crate::domain::review::finding::{Anchored, FindingOrigin, ReviewFinding};
use crate::domain::review::record::FindingState;
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery::Delivered;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger::reviewed::KeptReviewFinding;

/// How many findings in files that the change does not touch are looked for in it, the newest.
const ELSEWHERE_MAX: usize = 2_000;

/// A finding of an earlier review, in the tree of the change.
#[derive(Clone, Debug)]
pub struct EarlierFinding {
    pub kept: KeptReviewFinding,
    /// Its file now.
    pub path: BString,
    pub state: FindingState,
    pub origin: FindingOrigin,
}

impl EarlierFinding {
    /// A criterion that is not met: in no file.
    pub fn of_criterion(kept: KeptReviewFinding) -> Self {
        let (path, state) = (BString::default(), FindingState::Unverified { lines: None });
        Self { kept, path, state, origin: FindingOrigin::Criterion }
    }

    /// Whether a review must look at it. What could not block is looked at where its file is shown anyway.
    pub fn needs_review(&self) -> bool {
        self.is_outdated() || self.tracked("").needs_arbitration()
    }

    /// Whether nothing is known of it, as its code changed, and it could block.
    pub fn is_outdated(&self) -> bool {
        self.is_unverified() && self.tracked("").is_severe()
    }

    /// Whether a review must say if it is resolved: its code changed since one spoke of it.
    pub fn is_unverified(&self) -> bool {
        let is_answered = self.kept.stored.status.is_answered();
        let is_in_code = self.origin != FindingOrigin::Criterion;
        !is_answered && is_in_code && matches!(self.state, FindingState::Unverified { .. })
    }

    /// The finding as a loop has it, by this id in the run.
    pub fn tracked(&self, id: &str) -> TrackedFinding {
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

/// Whether a finding whose text the base has was there before: where nothing that the change touches bears
/// on it, and it is not about the spec, which old code may go against. `sides` gives a file's text in the
/// tree of the change and in the base.
pub(super) fn was_there(
    finding: &ReviewFinding,
    paths: &[String],
    sides: &dyn Fn(&str) -> (String, String),
) -> bool {
    let paths = paths.iter().map(String::as_str);
    !finding.basis.starts_with("spec:") && !bears_on(finding, paths, sides)
}

/// The files of a change that were moved, edited or not.
#[derive(Default)]
pub(super) struct Renames {
    by_old: BTreeMap<BString, BString>,
    pub by_new: BTreeMap<BString, BString>,
}

impl Renames {
    pub fn of(change: &Change, delivered: &Delivered) -> Self {
        let mut renames = Self::default();
        let mut add = |old: &BString, new: &BString| {
            renames.by_old.insert(old.clone(), new.clone());
            renames.by_new.insert(new.clone(), old.clone());
        };
        for (file, changed) in delivered.shown_files(change) {
            let Became::Renamed { from } = &file.became else { continue };
            let mut others = change.files.iter();
            if let Some(before) = others.find(|one| redact::mask_path(&one.path) == *from) {
                add(&before.path, &changed.path);
            }
        }
        for file in &change.files {
            if let FileChangeKind::Renamed { from } = &file.kind {
                add(from, &file.path);
            }
        }
        renames
    }
}

/// Looks for findings in the trees of a change.
pub(super) struct FindingPlaces<'a> {
    objects: &'a Objects,
    change: &'a Change,
    renames: Renames,
    texts: BTreeMap<(bool, BString), Option<String>>,
}

impl<'a> FindingPlaces<'a> {
    pub fn new(objects: &'a Objects, change: &'a Change, renames: Renames) -> Self {
        Self { objects, change, renames, texts: BTreeMap::new() }
    }

    /// All findings in files of the change, and the newest of those whose text may have been moved there.
    pub fn nearest(&self, kept: Vec<KeptReviewFinding>) -> Vec<KeptReviewFinding> {
        let is_here = |one: &KeptReviewFinding| match &one.record.path {
            Some(path) => {
                self.renames.by_old.contains_key(path)
                    || self.change.files.iter().any(|file| file.path == *path)
            }
            None => true,
        };
        let (mut here, mut elsewhere): (Vec<_>, Vec<_>) = kept.into_iter().partition(is_here);
        let over = elsewhere.len().saturating_sub(ELSEWHERE_MAX);
        here.extend(elsewhere.drain(over..));
        here
    }

    /// A finding in the tree of the change; `None` where it is resolved or gone there, or is in no file
    /// that the change touches.
    pub fn find(&mut self, kept: KeptReviewFinding) -> Option<EarlierFinding> {
        if kept.stored.status == FindingStatus::Withdrawn {
            return None;
        }
        let known = match &kept.record.path {
            Some(path) => path.clone(),
            None => self.unmasked(&kept.record.original.path),
        };
        let path = self.path_now(&kept, &known)?;
        let state = self.state(&kept, false, &path);
        if !state.holds() {
            return None;
        }
        let in_base = self
            .path_before(&path, &known)
            .is_some_and(|before| self.is_in_base(&kept, (&path, state.lines()), &before));
        let origin = if in_base { FindingOrigin::Before } else { FindingOrigin::Change };
        Some(EarlierFinding { kept, path, state, origin })
    }

    /// Whether the base has it too. The same text may be right there, as where the change takes a guard
    /// away, or changes what the finding quotes.
    fn is_in_base(
        &mut self,
        kept: &KeptReviewFinding,
        (path, lines): (&BString, Option<(u32, u32)>),
        before: &BString,
    ) -> bool {
        let record = &kept.record;
        let state = self.state(kept, true, before);
        if record.is_about_removed() {
            return state.holds();
        }
        let is_known = matches!(state, FindingState::Open { .. });
        if is_known && self.region(kept, false, path) != self.region(kept, true, before) {
            return true;
        }
        let Some((line, end_line)) = lines.filter(|_| state.lines().is_some()) else {
            return false;
        };
        let criterion = record.decision.as_ref().and_then(|decision| decision.criterion.as_ref());
        let finding = ReviewFinding {
            path: shown_path(path),
            anchored: Anchored::Exact { line, end_line },
            ..record.original.clone()
        };
        criterion.is_none() && self.was_there(&finding)
    }

    /// Whether the change does not bear on a finding whose text the base has.
    fn was_there(&mut self, finding: &ReviewFinding) -> bool {
        let paths: Vec<String> =
            self.change.files.iter().map(|file| shown_path(&file.path)).collect();
        let this = RefCell::new(self);
        let sides = |shown: &str| this.borrow_mut().sides(shown);
        was_there(finding, &paths, &sides)
    }

    /// A file's text in the tree of the change and in the base.
    fn sides(&mut self, shown: &str) -> (String, String) {
        let now = self.unmasked(shown);
        let before = self.renames.by_new.get(&now).unwrap_or(&now).clone();
        let text = self.text(false, now.as_bstr()).unwrap_or_default();
        (text, self.text(true, before.as_bstr()).unwrap_or_default())
    }

    fn region(&mut self, kept: &KeptReviewFinding, in_base: bool, path: &BString) -> String {
        let text = self.text(in_base, path.as_bstr()).unwrap_or_default();
        let this = RefCell::new(self);
        kept.record.region(&text, &|shown| this.borrow_mut().text(in_base, BStr::new(shown)))
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

    /// The path of a file by its name without secrets: the ledger keeps no secret.
    fn unmasked(&self, shown: &str) -> BString {
        let files = self.change.files.iter().map(|file| &file.path);
        let mut paths = files.chain(self.renames.by_old.keys());
        let found = paths.find(|path| shown_path(path) == shown);
        found.cloned().unwrap_or_else(|| BString::from(shown))
    }

    /// The file of the change that a finding is in now: its own, that which it was renamed to, or one to
    /// which its text was moved.
    fn path_now(&mut self, kept: &KeptReviewFinding, known: &BString) -> Option<BString> {
        let change = self.change;
        if let Some(path) = self.renames.by_old.get(known) {
            return Some(path.clone());
        }
        let own = change.files.iter().find(|file| file.path == *known);
        if own.is_some_and(|file| file.new.is_some()) {
            return Some(known.clone());
        }
        if own.is_none() && self.is_in_tree(known) {
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
        match own {
            // Of a file that is gone what is about its removal holds.
            Some(_) => Some(known.clone()),
            None => self.moved_file_with(kept),
        }
    }

    /// Whether the tree of the change has a file of that path, where that can be read. Findings in files that the change does not touch are
    /// many: of those no more is read.
    fn is_in_tree(&self, path: &BString) -> bool {
        matches!(self.objects.entry(&self.change.tree, path.as_bstr()), Ok(Some(_)))
    }

    /// The one moved file that has the text of a finding, whose own file is neither in the change nor in its
    /// tree: its name was one of a while, between two moves. In a file that is new it is another finding.
    fn moved_file_with(&mut self, kept: &KeptReviewFinding) -> Option<BString> {
        let moved: Vec<BString> = self.renames.by_new.keys().cloned().collect();
        let mut found = Vec::new();
        for path in moved {
            if self.text(false, path.as_bstr()).is_some_and(|text| kept.record.is_quoted_in(&text))
            {
                found.push(path);
            }
        }
        (found.len() == 1).then(|| found.remove(0))
    }

    fn path_before(&self, path: &BString, known: &BString) -> Option<BString> {
        if let Some(old) = self.renames.by_new.get(path) {
            return Some(old.clone());
        }
        let file = self.change.files.iter().find(|file| file.path == *path)?;
        match &file.kind {
            FileChangeKind::Added if path != known => Some(known.clone()),
            FileChangeKind::Added => None,
            _ => Some(path.clone()),
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
        let text = tree.and_then(|tree| shown_text::of_file(self.objects, tree, path));
        self.texts.insert(key, text.clone());
        text
    }
}
