//! The machine, driven through its paths.

mod dropped;
mod endings;
mod formats;
mod jobs;
mod pauses;
mod sequences;

use std::collections::BTreeMap;

use crate::domain::model::agent::Route;
use crate::domain::model::change::ChangePlace;
use crate::domain::model::class::Class;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::pipeline::apply::{apply, start};
use crate::domain::pipeline::job::{
    Action, CallFailure, DeliveryReport, FixOutcome, FixRequest, GateOutcome, GatesReport, Job,
    JobOutcome, ReviewOutcome, ReviewScope, RunEnd,
};
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::review_loop::{
    CriteriaWeight, FirstReview, LoopStart, ReviewLoop, RunKind, Stage,
};
use crate::domain::pipeline::run::{About, Run};
use crate::domain::policy::review_settings::Rounds;
use crate::domain::review::answer::ReviewAnswer;
use crate::domain::review::arbiter_decision::{
    ArbiterDecision, ArbiterVerdict, DecidedBy, SecondLook,
};
use crate::domain::review::converge::StopLimits;
use crate::domain::review::finding::{
    Anchored, AssessedCriterion, Completeness, CriterionStatus, FindingOrigin, Quote,
    ReviewFinding, VerifiedFinding,
};

const LIMITS: StopLimits =
    StopLimits { criticals: 0, highs: 2, rounds: Rounds { s: 6, m: 6, l: 6 }, review_retries: 2 };

fn oid(number: usize) -> Oid {
    Oid::parse(&format!("{number:040x}")).unwrap()
}

const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn a_run(kind: RunKind, criteria: &[&str]) -> Run {
    let start = LoopStart {
        kind,
        base: None,
        head: Some(oid(1)),
        tree: oid(100),
        size: Size::S,
        findings: Vec::new(),
        first: FirstReview::default(),
        weight: CriteriaWeight::Counted,
    };
    let review_loop = ReviewLoop::new(start, criteria.iter().map(|id| (*id).to_owned()));
    let about = About {
        question: "q".to_owned(),
        title: "commit 1".to_owned(),
        place: ChangePlace::Commits,
        change_key: "1".to_owned(),
        spec: None,
        note: String::new(),
        route: Route::A,
        started: NOW,
        seed: "5eed".to_owned(),
        asked: String::new(),
        parent: None,
    };
    Run::of_review("01J".to_owned(), about, review_loop, "codex".to_owned(), BTreeMap::default())
}

/// What is due in a run, with the jobs of one review, and of one arbitration, as one.
#[derive(Clone, Debug, PartialEq)]
enum Due {
    Gate,
    Review(ReviewScope),
    Arbitrate(Vec<String>),
    Fix(FixRequest),
    /// It ended, is about to be closed, or is paused.
    End(RunEnd),
}

fn due(run: &Run) -> Due {
    let review = run.review_loop();
    match &review.stage {
        Stage::Gating => Due::Gate,
        Stage::Delivering(scope) | Stage::Reviewing { scope, .. } => Due::Review(scope.clone()),
        Stage::Arbitrating(asked) => {
            let open = asked.iter().filter(|one| !review.is_decided(&one.finding));
            Due::Arbitrate(open.map(|one| one.finding.clone()).collect())
        }
        Stage::Fixing(request) => Due::Fix(request.clone()),
        Stage::Paused(_) | Stage::Closing(_) | Stage::Ended(_) => {
            Due::End(review.end().unwrap().clone())
        }
    }
}

/// What comes of what is due.
#[derive(Clone, Debug)]
enum Came {
    Gated(GateOutcome),
    Reviewed(ReviewOutcome),
    /// A decision for each finding that was answered, and why others were not. Second processes say the
    /// same.
    Arbitrated(Vec<ArbiterDecision>, Option<CallFailure>),
    /// The same, and what second processes make of dismissals.
    Disputed(Vec<ArbiterDecision>, JobOutcome),
    Fixed(FixOutcome),
    Failed(CallFailure),
}

fn once(run: Run, job: &Job, outcome: JobOutcome, limits: &StopLimits) -> Run {
    let run = start(run, &job.id, NOW).unwrap();
    apply(run, &job.id, outcome.into(), NOW, limits).unwrap()
}

/// The only job that is ready.
fn only(run: &Run) -> Job {
    let mut jobs = next(run);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

fn laid_out(chunks: usize) -> JobOutcome {
    JobOutcome::Delivered(DeliveryReport {
        chunks,
        sections: Vec::new(),
        unscanned: Vec::new(),
        gaps: Vec::new(),
        remedy: None,
    })
}

fn gate_report(outcome: GateOutcome) -> JobOutcome {
    JobOutcome::Gated(GatesReport { outcome, findings: Vec::new(), skipped: Vec::new() })
}

/// Performs what is due, one job after the other.
fn play_one(mut run: Run, came: Came, limits: &StopLimits) -> Run {
    if let Stage::Delivering(_) = run.review_loop().stage {
        run = once(run.clone(), &only(&run), laid_out(1), limits);
    }
    match came {
        Came::Gated(outcome) => once(run.clone(), &only(&run), gate_report(outcome), limits),
        Came::Reviewed(reviewed) => {
            let answer = JobOutcome::Answered(ReviewAnswer::default());
            let run = once(run.clone(), &only(&run), answer, limits);
            once(run.clone(), &only(&run), JobOutcome::Reviewed(reviewed, 0), limits)
        }
        Came::Arbitrated(decisions, failure) => {
            let second =
                JobOutcome::LookedAgain(SecondLook::Agreed { reason: String::new() }, None);
            arbitrate(run, &decisions, failure.as_ref(), &second, limits)
        }
        Came::Disputed(decisions, second) => arbitrate(run, &decisions, None, &second, limits),
        Came::Fixed(fixed) => once(run.clone(), &only(&run), JobOutcome::Fixed(fixed), limits),
        Came::Failed(failure) => {
            for job in next(&run) {
                // A used up budget stops what is not under way.
                if next(&run).contains(&job) {
                    run = once(run, &job, JobOutcome::Failed(failure.clone()), limits);
                }
            }
            run
        }
    }
}

/// Answers what the arbiter is asked, and then what second processes are.
fn arbitrate(
    mut run: Run,
    decisions: &[ArbiterDecision],
    failure: Option<&CallFailure>,
    second: &JobOutcome,
    limits: &StopLimits,
) -> Run {
    loop {
        let jobs = next(&run);
        let job = jobs
            .into_iter()
            .find(|job| matches!(job.action, Action::Arbitrate(_) | Action::LookAgain(_)));
        let Some(job) = job else { return run };
        let outcome = match &job.action {
            Action::Arbitrate(id) => {
                let decision = decisions.iter().find(|decision| decision.id == *id).cloned();
                let none = CallFailure::Infrastructure(String::new());
                match decision {
                    Some(decision) => JobOutcome::Arbitrated(decision, None),
                    None => JobOutcome::Failed(failure.cloned().unwrap_or(none)),
                }
            }
            _ => second.clone(),
        };
        run = once(run, &job, outcome, limits);
    }
}

/// A finding of that id, about a line that no other one is about.
fn reported(id: &str, severity: Severity) -> ReviewFinding {
    let line = id.trim_start_matches("F-").parse().unwrap_or(1);
    ReviewFinding {
        id: id.to_owned(),
        class: Class::new("correctness/wrong-value"),
        severity,
        basis: "invariant".to_owned(),
        title: format!("{id} is wrong"),
        path: "src/a.rs".to_owned(),
        anchor: format!("let a = {id};"),
        failure: "from x to y".to_owned(),
        evidence: Vec::new(),
        fix: String::new(),
        search_pattern: String::new(),
        same_as: None,
        anchored: Anchored::Exact { line, end_line: line },
        origin: FindingOrigin::Change,
    }
}

fn green_gates() -> GateOutcome {
    GateOutcome {
        failures: Vec::new(),
        needs_person: false,
        unasked: Vec::new(),
        unmet: Vec::new(),
    }
}

fn green() -> Came {
    Came::Gated(green_gates())
}

fn red(failure: &str) -> Came {
    let failures = vec![failure.to_owned()];
    Came::Gated(GateOutcome {
        failures,
        needs_person: false,
        unasked: Vec::new(),
        unmet: Vec::new(),
    })
}

fn changed(tree: usize) -> Came {
    Came::Fixed(FixOutcome::Changed {
        tree: oid(tree),
        commit: oid(tree + 1000),
        undoes: None,
        beside: Vec::new(),
    })
}

/// A complete review that raises these and says of each earlier one whether it is resolved.
fn review(
    findings: Vec<(ReviewFinding, bool)>,
    verified: &[(&str, bool)],
    met: &[(&str, CriterionStatus)],
) -> Came {
    Came::Reviewed(ReviewOutcome {
        completeness: Completeness::Complete,
        unproven: Vec::new(),
        findings,
        verified: verified.iter().map(|(id, resolved)| said(id, *resolved)).collect(),
        criteria: met.iter().map(|(id, met)| assessed(id, *met)).collect(),
    })
}

fn said(id: &str, resolved: bool) -> VerifiedFinding {
    let quote = Quote { path: "src/a.rs".to_owned(), text: "let a = b;".to_owned() };
    VerifiedFinding { id: id.to_owned(), resolved, quote }
}

fn assessed(id: &str, met: CriterionStatus) -> AssessedCriterion {
    AssessedCriterion { id: id.to_owned(), met, why: "as it is".to_owned() }
}

fn decision(id: &str, verdict: ArbiterVerdict) -> ArbiterDecision {
    ArbiterDecision {
        id: id.to_owned(),
        verdict,
        evidence: Vec::new(),
        duplicate_of: None,
        criterion: None,
        reason: "because".to_owned(),
        instruction: if verdict == ArbiterVerdict::Upheld {
            format!("repair {id}")
        } else {
            String::new()
        },
        extends_scope: false,
        breaks: String::new(),
        by: DecidedBy::Arbiter,
    }
}

fn decisions(all: Vec<ArbiterDecision>) -> Came {
    Came::Arbitrated(all, None)
}

fn upheld(ids: &[&str]) -> Came {
    decisions(ids.iter().map(|id| decision(id, ArbiterVerdict::Upheld)).collect())
}
