//! What earlier reviews say of a change: which of its parts a complete review was shown, and which of
//! their findings hold in it. A review, a push and CI ask the same question here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bstr::BString;

use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::model::class::Class;
use crate::domain::model::finding::Location;
use crate::domain::model::stored_finding::{FindingStatus, StoredFinding};
use crate::domain::model::text::short_id;
use crate::domain::pipeline::review_loop::FirstReview;
use crate::domain::review::arbiter_decision::SecondLook;
use crate::domain::review::coverage;
use crate::domain::review::coverage::{PartKey, Parts, WantedPart};
use crate::domain::review::deliver::file::FileSide;
use crate::domain::review::tracked::{TrackedFinding, UNMET_CRITERION};
use crate::flow::context::Context;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery;
use crate::flow::review::delivery::Delivered;
use crate::flow::review::demands;
use crate::flow::review::earlier_names::EarlierNames;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::places::{EarlierFinding, FindingPlaces, Renames};
use crate::platform::config::env::now;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::reviewed::ReviewFindings;

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
    /// Findings that may hold there: what is on record of them cannot be read, and nobody answered them.
    pub unreadable: Vec<StoredFinding>,
}

impl EarlierReviews {
    /// Compares a change with what the ledger has of earlier reviews.
    pub fn of_change(
        context: Context<'_>,
        inputs: &ReviewInputs,
        change: &Change,
        delivered: &Delivered,
    ) -> Result<Self> {
        let renames = Renames::of(change, delivered);
        let state_dir = context.repo.state_dir();
        let is_there = ledger::exists(&state_dir);
        let ledger = is_there.then(|| Ledger::open(&state_dir)).transpose();
        let ledger = ledger.map_err(LedgerError::hinted)?;
        let names = EarlierNames { context, inputs, change, ledger: ledger.as_ref() };
        let wanted = wanted(&names, delivered, &renames)?;
        let reviewable = wanted.len();
        let Some(ledger) = &ledger else {
            let (unreviewed, uncovered) = (reviewable, uncovered(wanted, |_| false));
            return Ok(Self { uncovered, unreviewed, reviewable, ..Self::default() });
        };
        let now = now(context.env);
        let parts = wanted.iter().filter_map(|file| file.parts.as_ref()).flatten();
        let all: Parts =
            parts.flat_map(|part| [part.key].into_iter().chain(part.elsewhere.clone())).collect();
        let unknown = ledger.parts_not_shown(&all, now).map_err(LedgerError::hinted)?;
        let unreviewed = wanted.iter().filter(|file| !file.is_covered(&unknown)).count();
        let uncovered = uncovered(wanted, |file| file.is_covered(&unknown));
        let ReviewFindings { known: kept, mut unreadable } =
            ledger.review_findings(now).map_err(LedgerError::hinted)?;
        unreadable.retain(|stored| may_hold(stored, change, &renames));
        let objects = &context.repo.objects;
        let mut places = FindingPlaces::new(objects, change, renames);
        let (asked, kept) = kept.into_iter().partition(|one| one.record.demand.is_some());
        let kept = places.nearest(kept).into_iter();
        let mut findings: Vec<EarlierFinding> = kept.filter_map(|kept| places.find(kept)).collect();
        let unmet = demands::held(context, inputs, change, asked)?.into_iter();
        findings.extend(unmet.map(EarlierFinding::of_criterion));
        let spec = inputs.parsed_spec().map(|spec| spec.id.as_str());
        for one in &mut findings {
            one.kept.record.seen_by(spec);
        }
        Ok(Self { uncovered, unreviewed, reviewable, findings, unreadable })
    }

    /// The findings that may hold in a change and of which nothing can be read. All else is left empty: it does not
    /// say whether the change is answered.
    pub fn unreadable_in(
        context: Context<'_>,
        change: &Change,
        delivered: &Delivered,
    ) -> Result<Self> {
        let state_dir = context.repo.state_dir();
        if !ledger::exists(&state_dir) {
            return Ok(Self::default());
        }
        let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
        let findings = ledger.review_findings(now(context.env)).map_err(LedgerError::hinted)?;
        let ReviewFindings { mut unreadable, .. } = findings;
        let renames = Renames::of(change, delivered);
        unreadable.retain(|stored| may_hold(stored, change, &renames));
        Ok(Self { unreadable, ..Self::default() })
    }

    /// Whether nothing is left to ask a model.
    pub fn is_answered(&self) -> bool {
        self.uncovered.is_empty() && !self.findings.iter().any(EarlierFinding::needs_review)
    }

    /// Why it is not known what these reviews came to; `None` where it is.
    pub fn unreadable_in_words(&self) -> Option<String> {
        let first = self.unreadable.first()?;
        let id = short_id(&first.id);
        let more = match self.unreadable.len() - 1 {
            0 => String::new(),
            more => format!(", and of {more} more"),
        };
        Some(format!(
            "what is on record of the finding `{id}` ({}){more}, cannot be read, so that it is not known \
             whether it holds (hint: `tribunal findings show {id}` tells it, `tribunal findings accept {id}` \
             or `dismiss {id}` answers it)",
            first.finding.message
        ))
    }

    /// What a loop starts with.
    pub fn loop_inputs(&self, change: &Change, scope: ReviewedFiles) -> LoopInputs {
        let number = |at: usize| format!("F-{}", at + 1);
        let numbered = self.findings.iter().enumerate();
        let kept = numbered.clone().map(|(at, one)| (number(at), one.kept.stored.id.clone()));
        let tracked = numbered.clone().map(|(at, one)| one.tracked(&number(at)));
        let is_merge = change.files.iter().any(|file| !file.merged.is_empty());
        let is_all = scope == ReviewedFiles::All || self.unreviewed == self.reviewable;
        let paths: Option<Vec<BString>> = match scope {
            _ if is_all && !is_merge => None,
            ReviewedFiles::All => Some(change.files.iter().map(|file| file.path.clone()).collect()),
            ReviewedFiles::Uncovered => {
                let asked = self.findings.iter().filter(|one| one.needs_review());
                let mut paths: BTreeSet<BString> = self.uncovered.iter().cloned().collect();
                paths.extend(asked.map(|one| one.path.clone()));
                Some(paths.into_iter().collect())
            }
        };
        let is_looked_at = |path: &BString| paths.as_ref().is_none_or(|paths| paths.contains(path));
        let open = numbered.filter(|(_, one)| one.is_unverified() && is_looked_at(&one.path));
        let open = open.map(|(at, _)| number(at)).collect();
        let first = FirstReview { paths, open };
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

impl LoopInputs {
    /// Asked afresh, the second process is asked too for which there was no money before.
    pub fn asked(mut self, is_fresh: bool) -> Self {
        for finding in self.findings.iter_mut().filter(|_| is_fresh) {
            finding.second.take_if(|second| matches!(second, SecondLook::NotPaid { .. }));
        }
        self
    }
}

/// Which files of a change a review looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewedFiles {
    All,
    /// Those that no complete review was shown as they are.
    Uncovered,
}

/// Whether a finding may be in a change of which is known only what the ledger keeps of every finding: one
/// in another file is not.
fn may_hold(stored: &StoredFinding, change: &Change, renames: &Renames) -> bool {
    if stored.status.is_answered() || stored.status == FindingStatus::Withdrawn {
        return false;
    }
    let in_code = stored.finding.class != Class::new(UNMET_CRITERION);
    let place = stored.finding.place.as_ref().filter(|_| in_code);
    let Some(path) = place.and_then(Location::path) else { return true };
    let is_now = |file: &FileChange| {
        let before = renames.by_new.get(&file.path).unwrap_or(&file.path);
        [&file.path, before].into_iter().any(|name| shown_path(name).as_bytes() == path.as_slice())
    };
    change.files.iter().any(is_now)
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
        let is_known = |part: &WantedPart| part.is_among(|key| !unknown.contains(key));
        self.parts.as_ref().is_some_and(|parts| parts.iter().all(is_known))
    }

    /// The paths that a review of it looks at.
    fn paths(self) -> impl Iterator<Item = BString> {
        std::iter::once(self.path).chain(self.from)
    }
}

/// The files of a change that a reviewer can be shown.
fn wanted(
    names: &EarlierNames<'_>,
    delivered: &Delivered,
    renames: &Renames,
) -> Result<Vec<WantedFile>> {
    let EarlierNames { context, inputs, change, .. } = *names;
    let mut wanted = Vec::new();
    let context_lines = inputs.delivery_limits().context_lines;
    for (file, changed) in delivered.shown_files(change) {
        let others = merged_sides(&context.repo.objects, changed)?;
        let regime = inputs.regime(changed);
        let names = names.of(changed, &regime)?;
        let parts = coverage::wanted(file, &others, &names, &regime, context_lines);
        let from = match &changed.kind {
            FileChangeKind::Renamed { .. } => None,
            _ => renames.by_new.get(&changed.path).cloned(),
        };
        if !parts.is_empty() {
            wanted.push(WantedFile { path: changed.path.clone(), from, parts: Some(parts) });
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

/// The change without the files whose change a complete review was shown as a whole; told by their
/// objects, without reading them.
pub fn without_known(
    context: Context<'_>,
    inputs: &ReviewInputs,
    change: &Change,
) -> Result<Change> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(change.clone());
    }
    let has = |kind: FileChangeKind| change.files.iter().any(|file| file.kind == kind);
    // What came and what went may be one file that was moved: they are looked at together.
    let may_be_moved = has(FileChangeKind::Added) && has(FileChangeKind::Deleted);
    let context_lines = inputs.delivery_limits().context_lines;
    let mut keys = Vec::with_capacity(change.files.len());
    for file in &change.files {
        let is_half = matches!(file.kind, FileChangeKind::Added | FileChangeKind::Deleted);
        keys.push(if is_half && may_be_moved {
            None
        } else {
            coverage::whole(file, &inputs.regime(file), context_lines)
        });
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let all: Parts = keys.iter().flatten().copied().collect();
    let unknown = ledger.parts_not_shown(&all, now(context.env)).map_err(LedgerError::hinted)?;
    let is_known = |key: &Option<PartKey>| key.is_some_and(|key| !unknown.contains(&key));
    let files = change.files.iter().zip(&keys).filter(|(_, key)| !is_known(key));
    Ok(Change { files: files.map(|(file, _)| file.clone()).collect(), ..change.clone() })
}

/// The parts that a complete review of these files of a change was shown.
pub fn shown_parts(inputs: &ReviewInputs, change: &Change, delivered: &Delivered) -> Parts {
    let context_lines = inputs.delivery_limits().context_lines;
    let mut parts = Parts::new();
    for (file, change) in delivered.shown_files(change) {
        parts.extend(coverage::shown_of(file, change, &inputs.regime(change), context_lines));
    }
    parts
}

/// The content of a file in the other commits of a merge; none where the change is no merge.
fn merged_sides(objects: &Objects, file: &FileChange) -> Result<Vec<Option<FileSide>>> {
    let side = |entry| match delivery::side(objects, &file.path, Some(entry))? {
        delivery::Read::Side(side) => Ok(side),
        // What is too large to be compared counts as not there: all of the file is new then.
        delivery::Read::TooLarge(_) => Ok(None),
    };
    file.merged.iter().map(side).collect()
}
