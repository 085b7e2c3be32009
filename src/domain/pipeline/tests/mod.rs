//! The machine, driven through its paths.

mod endings;
mod sequences;

use crate::domain::model::agent::Route;
use crate::domain::model::class::Class;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::pipeline::run::{
    FixOutcome, GateOutcome, JobOutcome, ReviewOutcome, Run, RunKind, RunStart,
};
use crate::domain::policy::review::Rounds;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::converge::StopLimits;
use crate::domain::review::finding::{
    Anchored, AssessedCriterion, Completeness, CriterionStatus, Quote, ReviewFinding,
    VerifiedFinding,
};

const LIMITS: StopLimits =
    StopLimits { criticals: 0, highs: 2, rounds: Rounds { s: 2, m: 4, l: 6 }, review_retries: 2 };

fn oid(number: usize) -> Oid {
    Oid::parse(&format!("{number:040x}")).unwrap()
}

fn a_run(kind: RunKind, criteria: &[&str]) -> Run {
    let begin = RunStart {
        id: "01J".to_owned(),
        kind,
        route: Route::A,
        base: None,
        head: Some(oid(1)),
        tree: oid(100),
        size: Size::S,
        started: jiff::Timestamp::UNIX_EPOCH,
    };
    Run::new(begin, criteria.iter().map(|id| (*id).to_owned()))
}

fn raised(id: &str, severity: Severity) -> ReviewFinding {
    ReviewFinding {
        id: id.to_owned(),
        class: Class::new("correctness/wrong-value"),
        severity,
        basis: "invariant".to_owned(),
        title: format!("{id} is wrong"),
        path: "src/a.rs".to_owned(),
        anchor: "let a = b;".to_owned(),
        failure: "from x to y".to_owned(),
        evidence: Vec::new(),
        fix: String::new(),
        search_pattern: String::new(),
        anchored: Anchored::Exact { line: 1, end_line: 1 },
    }
}

fn green() -> JobOutcome {
    JobOutcome::Gated(GateOutcome {
        failures: Vec::new(),
        needs_person: false,
        unasked: Vec::new(),
    })
}

fn red(failure: &str) -> JobOutcome {
    let failures = vec![failure.to_owned()];
    JobOutcome::Gated(GateOutcome { failures, needs_person: false, unasked: Vec::new() })
}

fn changed(tree: usize) -> JobOutcome {
    JobOutcome::Fixed(FixOutcome::Changed {
        tree: oid(tree),
        commit: oid(tree + 1000),
        undoes: None,
    })
}

/// A complete review that raises these and says of each earlier one whether it is resolved.
fn review(
    raised: Vec<(ReviewFinding, bool)>,
    verified: &[(&str, bool)],
    met: &[(&str, CriterionStatus)],
) -> JobOutcome {
    JobOutcome::Reviewed(ReviewOutcome {
        completeness: Completeness::Complete,
        raised,
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
    }
}

fn decisions(all: Vec<ArbiterDecision>) -> JobOutcome {
    JobOutcome::Arbitrated { decisions: all, failure: None }
}

fn upheld(ids: &[&str]) -> JobOutcome {
    decisions(ids.iter().map(|id| decision(id, ArbiterVerdict::Upheld)).collect())
}
