//! The first format of a run, which counted by numbers and kept how it ended beside the machine.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::model::agent::Route;
use crate::domain::model::change::ChangePlace;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::model::size::Size;
use crate::domain::pipeline::job::{FixRequest, GateOutcome, JobId, ReviewScope, RunEnd};
use crate::domain::pipeline::journal::{FixEffect, JobEvent, JobResult, Journal, ReviewProgress};
use crate::domain::pipeline::review_loop::{
    Arbitration, Attempt, CriteriaWeight, FirstReview, Pause, ResumeWhen, ReviewLoop, RunKind,
    Stage,
};
use crate::domain::pipeline::run::{
    About, Machine, Names, ReviewRecord, ReviewRun, Run, SpecCopy, VERSION,
};
use crate::domain::review::finding::{AssessedCriterion, Completeness};
use crate::domain::review::tracked::TrackedFinding;

/// No run came near it: a larger number is that of a damaged file, and each would be written out.
const EVENTS_MAX: u32 = 1_000;

#[derive(Deserialize)]
pub(super) struct RunRecord {
    run: RunState,
    question: String,
    title: String,
    change_key: String,
    spec: Option<SpecCopy>,
    seed: String,
    gated: Vec<Reported>,
    skipped: Vec<Skipped>,
    unscanned: Vec<(String, String)>,
    delivered: Vec<(String, String)>,
    unanchored: usize,
    kept: BTreeMap<String, String>,
    #[serde(default, rename = "judges")]
    names: Names,
    answers: Vec<String>,
    closed: bool,
}

#[derive(Deserialize)]
struct RunState {
    id: String,
    kind: RunKind,
    route: Route,
    base: Option<Oid>,
    head: Option<Oid>,
    size: Size,
    attempts: Vec<AttemptState>,
    stage: StageState,
    findings: Vec<TrackedFinding>,
    criteria: Vec<AssessedCriterion>,
    rounds: u32,
    idle_fixes: u32,
    failed_reviews: u32,
    started: Timestamp,
    /// The stage in which a used up budget ended it.
    #[serde(default)]
    stopped_in: Option<StageState>,
}

#[derive(Deserialize)]
struct AttemptState {
    tree: Oid,
    commit: Option<Oid>,
    gates: Option<GateOutcome>,
    review: Option<Completeness>,
    unmet: Option<usize>,
    asked_again: bool,
    fixes: Vec<String>,
    undoes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StageState {
    Gating,
    Reviewing(ReviewScope),
    Arbitrating(Vec<String>),
    Fixing(FixRequest),
    Ended(RunEnd),
}

impl RunRecord {
    pub(super) fn into_run(self) -> Run {
        let journal = self.run.journal();
        let old = self.run;
        let stage = match (old.stage, old.stopped_in) {
            // One that has fixes to show had offered them on a branch, and was over with that.
            (StageState::Ended(end @ RunEnd { best: 0, .. }), Some(stopped)) => {
                let stage = Box::new(stopped.into_stage(self.closed));
                Stage::Paused(Pause { end, resume_when: ResumeWhen::BudgetAllows, stage })
            }
            (stage, _) => stage.into_stage(self.closed),
        };
        let review_loop = ReviewLoop {
            kind: old.kind,
            base: old.base,
            head: old.head,
            size: old.size,
            attempts: old.attempts.into_iter().map(AttemptState::into_attempt).collect(),
            stage,
            findings: old.findings,
            criteria: old.criteria,
            first: FirstReview::default(),
            weight: CriteriaWeight::Counted,
            chosen: None,
        };
        let record = ReviewRecord {
            gated: self.gated,
            skipped: self.skipped,
            unscanned: self.unscanned,
            delivered: self.delivered,
            remedy: None,
            unanchored: self.unanchored,
            kept: self.kept,
            names: self.names,
            answers: self.answers,
        };
        let about = About {
            question: self.question,
            title: self.title,
            place: ChangePlace::Commits,
            change_key: self.change_key,
            spec: self.spec,
            note: String::new(),
            route: old.route,
            started: old.started,
            seed: self.seed,
            asked: String::new(),
            parent: None,
        };
        let machine = Machine::Review(ReviewRun { review_loop, record });
        Run { version: VERSION, id: old.id, about, machine, journal }
    }
}

impl RunState {
    /// A journal from which the same counters derive. When what happened is not known.
    fn journal(&self) -> Journal {
        let mut journal = Journal::default();
        let mut add = |name: String, result: JobResult| {
            journal.add(self.started, JobId::new(name), JobEvent::Ended(result));
        };
        let rounds = self.rounds.min(EVENTS_MAX);
        for round in 0..rounds {
            let is_idle = round >= rounds.saturating_sub(self.idle_fixes);
            let effect = if is_idle { FixEffect::Nothing } else { FixEffect::Changed };
            add(format!("format-1-fix-{round}"), JobResult::Fixed(effect));
        }
        if self.attempts.last().is_some_and(|last| last.asked_again) {
            let read = ReviewProgress::CriteriaComplete;
            add("format-1-criteria".to_owned(), JobResult::Reviewed(read));
        }
        for number in 0..self.failed_reviews.min(EVENTS_MAX) {
            let read = JobResult::Reviewed(ReviewProgress::Incomplete);
            add(format!("format-1-review-{number}"), read);
        }
        journal
    }
}

impl AttemptState {
    fn into_attempt(self) -> Attempt {
        Attempt {
            tree: self.tree,
            commit: self.commit,
            gates: self.gates,
            review: self.review,
            unmet: self.unmet,
            fixes: self.fixes,
            undoes: self.undoes,
            beside: Vec::new(),
        }
    }
}

impl StageState {
    /// `closed` says whether what is to be kept of an ended run was stored.
    fn into_stage(self, closed: bool) -> Stage {
        let arbitration = |finding| Arbitration { finding, failure: None };
        match self {
            Self::Gating => Stage::Gating,
            // Its chunks are not known: it is laid out again, and the replies that were kept answer.
            Self::Reviewing(scope) => Stage::Delivering(scope),
            Self::Arbitrating(ids) => {
                Stage::Arbitrating(ids.into_iter().map(arbitration).collect())
            }
            Self::Fixing(request) => Stage::Fixing(request),
            Self::Ended(end) if closed => Stage::Ended(end),
            Self::Ended(end) => Stage::Closing(end),
        }
    }
}
