//! Applies an outcome to a run.

use crate::domain::pipeline::conclude::{conclude, end};
use crate::domain::pipeline::run::{
    Attempt, FixOutcome, JobOutcome, ReviewOutcome, ReviewScope, Run, Stage,
};
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::converge::StopLimits;
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{
    AssessedCriterion, Completeness, CriterionStatus, VerifiedFinding,
};
use crate::domain::review::tracked::TrackedFinding;

/// The run after that came of its next action. A run that has ended stays as it is.
pub fn apply(mut run: Run, outcome: JobOutcome, limits: &StopLimits) -> Run {
    let current = run.current();
    match (run.stage.clone(), outcome) {
        (Stage::Ended(_), _) => run,
        (Stage::Gating, JobOutcome::Gated(gated)) => {
            let green = gated.is_green();
            run.attempts[current].gates = Some(gated);
            if !green {
                return conclude(run, limits, None);
            }
            run.stage = Stage::Reviewing(scope(&run));
            run
        }
        (Stage::Reviewing(scope), JobOutcome::Reviewed(reviewed)) => {
            take_in(&mut run, &scope, reviewed);
            let undecided = to_arbitrate(&run);
            if run.attempts[current].is_reviewed() && !undecided.is_empty() {
                run.stage = Stage::Arbitrating(undecided);
                return run;
            }
            conclude(run, limits, None)
        }
        (Stage::Arbitrating(asked), JobOutcome::Arbitrated { decisions, failure }) => {
            for decision in decisions.into_iter().filter(|decision| asked.contains(&decision.id)) {
                settle(&mut run, decision);
            }
            conclude(run, limits, failure.as_ref())
        }
        (Stage::Fixing(order), JobOutcome::Fixed(fixed)) => {
            run.rounds += 1;
            match fixed {
                FixOutcome::Changed { tree, commit, undoes }
                    if tree != run.attempts[current].tree =>
                {
                    run.idle_fixes = 0;
                    let attempt = Attempt::new(tree, Some(commit));
                    run.attempts.push(Attempt { fixes: order.findings, undoes, ..attempt });
                    if run.repeats().is_some() || undoes.is_some() {
                        return conclude(run, limits, None);
                    }
                    run.stage = Stage::Gating;
                    run
                }
                FixOutcome::Nothing | FixOutcome::Changed { .. } => {
                    run.idle_fixes += 1;
                    conclude(run, limits, None)
                }
            }
        }
        (_, JobOutcome::Failed(failure)) => conclude(run, limits, Some(&failure)),
        // Only a defect of ours comes here. It ends the run: to ask again would never end it.
        (stage, _) => {
            let why = format!("an outcome came that was not asked for while {}", stage.as_str());
            end(run, Decision::Inconclusive(why))
        }
    }
}

/// What a review of the current attempt is to look at: everything once, then what changed since.
fn scope(run: &Run) -> ReviewScope {
    match run.attempts.iter().rposition(Attempt::is_reviewed) {
        None => ReviewScope::Full,
        Some(since) => {
            let open = run.findings.iter().filter(|finding| finding.is_open());
            ReviewScope::Delta {
                since,
                open: open.map(|finding| finding.raised.id.clone()).collect(),
            }
        }
    }
}

fn to_arbitrate(run: &Run) -> Vec<String> {
    let undecided = run.findings.iter().filter(|finding| finding.needs_arbitration());
    undecided.map(|finding| finding.raised.id.clone()).collect()
}

/// Keeps what a review said. What an incomplete one raised is kept too; what it says of criteria
/// and of earlier findings is not believed.
fn take_in(run: &mut Run, scope: &ReviewScope, reviewed: ReviewOutcome) {
    let current = run.current();
    let attempted = attempted(run);
    if reviewed.completeness == Completeness::Complete {
        run.failed_reviews = 0;
        if let ReviewScope::Delta { open, .. } = scope {
            verify(run, open, &reviewed.verified, &attempted);
        }
        assess(&mut run.criteria, &reviewed.criteria);
        let unmet =
            run.criteria.iter().filter(|criterion| criterion.met != CriterionStatus::Met).count();
        run.attempts[current].unmet = Some(unmet);
    } else {
        run.failed_reviews += 1;
    }
    run.attempts[current].review = Some(reviewed.completeness);
    for (mut raised, fix_induced) in reviewed.raised {
        if run.findings.iter().any(|finding| finding.raised.id == raised.id) {
            raised.id = unused_id(run);
        }
        run.findings.push(TrackedFinding::new(raised, current, fix_induced));
    }
}

/// The findings that a fix was about since the last complete review.
fn attempted(run: &Run) -> Vec<String> {
    let since = run.attempts.iter().rposition(Attempt::is_reviewed).map_or(0, |last| last + 1);
    run.attempts[since..].iter().flat_map(|attempt| attempt.fixes.clone()).collect()
}

/// What became of the findings that were open. Silence resolves nothing.
fn verify(run: &mut Run, open: &[String], verified: &[VerifiedFinding], attempted: &[String]) {
    let current = run.current();
    for finding in &mut run.findings {
        let id = &finding.raised.id;
        if !open.contains(id) {
            continue;
        }
        let mut said = verified.iter().filter(|verified| verified.id == *id).peekable();
        // Said twice and differently is not resolved.
        if said.peek().is_some() && said.all(|verified| verified.resolved) {
            finding.resolved_in = Some(current);
            finding.unresolved_in.clear();
        } else if attempted.contains(id) && !finding.unresolved_in.contains(&current) {
            finding.unresolved_in.push(current);
        }
    }
}

/// Takes over what a complete review says of the spec's criteria; of others it may say what it
/// wants. A look at a part leaves standing what it does not speak of.
fn assess(criteria: &mut [AssessedCriterion], said: &[AssessedCriterion]) {
    for criterion in criteria {
        // Said twice and differently, the worse counts.
        let said = said.iter().filter(|said| said.id == criterion.id);
        let Some(said) = said.max_by_key(|said| said.met) else { continue };
        if said.met != CriterionStatus::NotAssessed || criterion.met == CriterionStatus::NotAssessed
        {
            *criterion = said.clone();
        }
    }
}

/// Keeps a ruling. A finding that repeats one that was resolved brings that one back.
fn settle(run: &mut Run, decision: ArbiterDecision) {
    let current = run.current();
    if decision.verdict == ArbiterVerdict::Duplicate {
        let repeated = run.findings.iter_mut().find(|finding| {
            Some(&finding.raised.id) == decision.duplicate_of.as_ref()
                && finding.raised.id != decision.id
        });
        if let Some(repeated) = repeated
            && repeated.resolved_in.is_some()
        {
            repeated.resolved_in = None;
            repeated.unresolved_in.push(current);
        }
    }
    let weighed = run.findings.iter_mut().find(|finding| finding.raised.id == decision.id);
    if let Some(weighed) = weighed
        && weighed.decision.is_none()
    {
        weighed.decision = Some(decision);
    }
}

fn unused_id(run: &Run) -> String {
    let mut number = run.findings.len() + 1;
    loop {
        let id = format!("F-{number}");
        if run.findings.iter().all(|finding| finding.raised.id != id) {
            return id;
        }
        number += 1;
    }
}
