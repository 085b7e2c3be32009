//! What an attempt comes to: the facts for the table, and the words for what it says.

use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::pipeline::run::{Attempt, End, Failure, Gated, Kind, Order, Run, Scope, Stage};
use crate::domain::review::converge::{Limits, Trail, Worth, stop};
use crate::domain::review::decide::{
    Cause, Count, Course, Criteria, Decision, Facts, Gap, Gates, Ground, Halt, Lack, Presence,
    Retry, Review, Why, decide,
};
use crate::domain::review::raised::{Assessed, Completeness, Met};
use crate::domain::review::standing::{Counts, Standing, against};

/// Decides about the attempt in hand. `failure` is the call that could not be made or answered.
pub(super) fn conclude(mut run: Run, limits: &Limits, failure: Option<&Failure>) -> Run {
    let judged = Judged::of(&run, limits, failure);
    let course = decide(judged.facts);
    match course {
        Course::Submit => end(run, Decision::Submit),
        Course::Fix(ground) => {
            let order = judged.order(ground);
            if run.kind == Kind::Review {
                return end(run, Decision::Fix(order.instructions));
            }
            if let Some(size) = judged.size {
                run.size = size;
            }
            run.stage = Stage::Fixing(order);
            run
        }
        Course::ReviewAgain(Gap::Unread) => run,
        Course::ReviewAgain(Gap::Criteria) => {
            let current = run.current();
            let scope = Scope::Criteria(judged.unassessed());
            run.attempts[current].asked_again = true;
            run.stage = Stage::Reviewing(scope);
            run
        }
        Course::Escalate(cause) => {
            let why = judged.why(cause);
            end(run, Decision::Escalate(why))
        }
        Course::Inconclusive(lack) => {
            let why = judged.lacking(lack, failure);
            end(run, Decision::Inconclusive(why))
        }
    }
}

/// Ends a run. A change that may go on is the one that was judged; else the best attempt is
/// offered, not the last.
pub(super) fn end(mut run: Run, decision: Decision) -> Run {
    let current = run.current();
    let best = match decision {
        Decision::Submit => current,
        Decision::Fix(_) | Decision::Escalate(_) | Decision::Inconclusive(_) => {
            (0..=current).min_by_key(|attempt| worth(&run, *attempt)).unwrap_or(current)
        }
    };
    run.stopped_in = match decision {
        Decision::Escalate(Why::Budget(_)) => Some(run.stage),
        _ => None,
    };
    run.stage = Stage::Ended(End { decision, best });
    run
}

/// What an attempt is worth beside the others of its run.
fn worth(run: &Run, attempt: usize) -> Worth {
    let at = &run.attempts[attempt];
    let upheld = |severity: Severity| {
        let counts = against(&run.findings, attempt);
        counts.iter().filter(|finding| **finding == (Counts::Upheld, severity)).count()
    };
    Worth {
        gates_not_green: !at.is_green(),
        not_reviewed: !at.is_reviewed(),
        criticals: upheld(Severity::Critical),
        highs: upheld(Severity::High),
        unmet: at.unmet.unwrap_or(run.criteria.len()),
        attempt,
    }
}

/// The attempt in hand with all that is known of it.
struct Judged<'a> {
    run: &'a Run,
    attempt: &'a Attempt,
    /// With how each counts.
    findings: Vec<(&'a Standing, Counts, Severity)>,
    facts: Facts,
    stop: Option<Why>,
    /// The size that the run has from here on; `None` where the largest is used up.
    size: Option<Size>,
}

impl<'a> Judged<'a> {
    fn of(run: &'a Run, limits: &Limits, failure: Option<&Failure>) -> Self {
        let attempt = &run.attempts[run.current()];
        let counts = against(&run.findings, run.current());
        let findings =
            run.findings.iter().zip(counts).map(|(f, (counts, worst))| (f, counts, worst));
        let findings: Vec<_> = findings.collect();
        let size = size(run, limits);
        let stop = stop_rule(run, size, failure);
        let gates = attempt.gates.as_ref().map_or(Gates::Unasked, gates);
        let count = |severity: Severity, counts: &dyn Fn(&Standing, Counts) -> bool| {
            let alike = findings.iter().filter(|(_, _, worst)| *worst == severity);
            alike.filter(|(finding, how, _)| counts(finding, *how)).count()
        };
        // Of critical and of high findings: whether there are more of that kind than may stay.
        let too_many = |counts: &dyn Fn(&Standing, Counts) -> bool| {
            let criticals = over(count(Severity::Critical, counts), limits.criticals);
            (criticals, over(count(Severity::High, counts), limits.highs))
        };
        let (criticals, highs) = too_many(&|_, how| how == Counts::Upheld);
        let open = too_many(&|_, how| matches!(how, Counts::Upheld | Counts::Unshown));
        // What nobody said how to repair may stay within the limits; beyond them a fix is in vain.
        let in_vain =
            too_many(&|finding, how| how == Counts::Upheld && instruction(finding).is_none());
        let uninstructed = in_vain != (Count::Within, Count::Within)
            || unmet(run).any(|criterion| !is_instructed(criterion, &findings));
        let any = |wanted: Counts, at_least: Severity| {
            let mut all = findings.iter();
            present(all.any(|(_, counts, worst)| *counts == wanted && *worst >= at_least))
        };
        let facts = Facts {
            halt: halt(run, stop.as_ref(), failure),
            gates,
            review: review(run, failure),
            conflicts: any(Counts::Conflict, Severity::Low),
            criticals,
            highs,
            criteria: criteria(run),
            instructions: match gates {
                Gates::Red => {
                    present(attempt.gates.as_ref().is_some_and(|g| !lines(&g.failures).is_empty()))
                }
                Gates::Unasked | Gates::NeedsPerson | Gates::Green => present(!uninstructed),
            },
            unshown: present(open != (criticals, highs)),
            unweighed: any(Counts::Unweighed, Severity::High),
            retry: retry(run, limits),
        };
        Self { run, attempt, findings, facts, stop, size }
    }

    fn order(&self, ground: Ground) -> Order {
        match ground {
            Ground::Gates => Order { instructions: lines(self.failures()), findings: Vec::new() },
            Ground::Review => self.order_of_review(),
        }
    }

    /// Everything upheld that is high or worse, and lesser findings that keep a criterion unmet.
    fn order_of_review(&self) -> Order {
        let due = self.findings.iter().filter(|(finding, counts, worst)| {
            let keeps_unmet =
                || unmet(self.run).any(|unmet| finding.criterion() == Some(&unmet.id));
            *counts == Counts::Upheld && (*worst >= Severity::High || keeps_unmet())
        });
        let (findings, mut instructions): (Vec<String>, Vec<String>) =
            due.filter_map(|(f, ..)| Some((f.raised.id.clone(), instruction(f)?))).unzip();
        let unspoken = unmet(self.run).filter(|criterion| {
            !self
                .findings
                .iter()
                .any(|(finding, counts, _)| speaks_for(criterion, finding, *counts))
        });
        instructions.extend(unspoken.filter_map(instruction_of));
        Order { instructions, findings }
    }

    fn why(&self, cause: Cause) -> Why {
        match cause {
            Cause::StopRule => self.stop.clone().unwrap_or(Why::Rounds(self.run.rounds)),
            Cause::Gates => Why::Gate(self.failures().to_vec()),
            Cause::Spec => Why::Spec(self.ids(Counts::Conflict, Severity::Low)),
            Cause::NoInstructions => Why::NoInstructions(self.without_instructions()),
            Cause::Unshown => Why::Unsubstantiated(self.ids(Counts::Unshown, Severity::High)),
        }
    }

    fn lacking(&self, lack: Lack, failure: Option<&Failure>) -> String {
        let because = match failure {
            Some(Failure::Infrastructure(why) | Failure::Budget(why)) => format!(": {why}"),
            None => String::new(),
        };
        match (lack, &self.attempt.review) {
            (Lack::Gates, _) => {
                let unasked = self.attempt.gates.as_ref().map_or(&[][..], |gates| &gates.unasked);
                let because =
                    if unasked.is_empty() { because } else { format!(": {}", unasked.join("; ")) };
                format!("the gates could not be asked{because}")
            }
            (Lack::Review, Some(Completeness::Incomplete(unread))) if failure.is_none() => {
                let unread: Vec<String> =
                    unread.iter().map(|(path, why)| format!("`{path}` ({why})")).collect();
                format!("the review is incomplete: {}", unread.join(", "))
            }
            (Lack::Review, _) => format!("the change could not be reviewed{because}"),
            (Lack::Fix, _) => format!("a fix is due and the executor could not be asked{because}"),
            (Lack::Rulings, _) => {
                let ids = self.ids(Counts::Unweighed, Severity::High).join(", ");
                format!("{ids} could not be weighed{because}")
            }
            (Lack::Criteria, _) => {
                format!("the review does not say whether {} is met", self.unassessed().join(", "))
            }
        }
    }

    fn unassessed(&self) -> Vec<String> {
        let open = self.run.criteria.iter().filter(|criterion| criterion.met == Met::NotAssessed);
        open.map(|criterion| criterion.id.clone()).collect()
    }

    fn without_instructions(&self) -> Vec<String> {
        if self.facts.gates == Gates::Red {
            return Vec::new();
        }
        let findings = self.findings.iter().filter(|(finding, counts, worst)| {
            *counts == Counts::Upheld && *worst >= Severity::High && instruction(finding).is_none()
        });
        let criteria = unmet(self.run).filter(|unmet| !is_instructed(unmet, &self.findings));
        findings
            .map(|(finding, ..)| finding.raised.id.clone())
            .chain(criteria.map(|criterion| criterion.id.clone()))
            .collect()
    }

    fn failures(&self) -> &[String] {
        self.attempt.gates.as_ref().map_or(&[], |gates| &gates.failures)
    }

    fn ids(&self, wanted: Counts, at_least: Severity) -> Vec<String> {
        let found = self
            .findings
            .iter()
            .filter(|(_, counts, worst)| *counts == wanted && *worst >= at_least);
        found.map(|(finding, ..)| finding.raised.id.clone()).collect()
    }
}

/// The smallest size, from the run's on, whose cap leaves a round; `None` where none does.
fn size(run: &Run, limits: &Limits) -> Option<Size> {
    let mut size = run.size;
    while run.rounds >= limits.rounds.cap(size) {
        size = size.larger()?;
    }
    Some(size)
}

fn stop_rule(run: &Run, size: Option<Size>, failure: Option<&Failure>) -> Option<Why> {
    let current = run.current();
    let budget = match failure {
        Some(Failure::Budget(why)) => Some(why.as_str()),
        Some(Failure::Infrastructure(_)) | None => None,
    };
    // A run that only judges asks for no fix that could be stopped.
    let fixes = run.kind == Kind::Fix;
    stop(Trail {
        findings: &run.findings,
        attempt: current,
        repeats: run.repeats(),
        undoes: run.attempts[current].undoes,
        idle_fixes: run.idle_fixes,
        budget,
        rounds_used_up: (fixes && size.is_none()).then_some(run.rounds),
    })
}

fn halt(run: &Run, stop: Option<&Why>, failure: Option<&Failure>) -> Halt {
    let attempt = &run.attempts[run.current()];
    // Such a tree was judged before, or gives back what was: nobody is asked about it again.
    let known = attempt.undoes.is_some() || run.repeats().is_some();
    match (failure, stop) {
        (Some(Failure::Budget(_)), _) => Halt::Everything,
        (Some(Failure::Infrastructure(_)), _) if matches!(run.stage, Stage::Fixing(_)) => {
            Halt::Executor
        }
        (_, Some(_)) if known => Halt::Everything,
        (_, Some(_)) => Halt::Fixes,
        (_, None) => Halt::No,
    }
}

fn gates(gated: &Gated) -> Gates {
    if gated.needs_person {
        Gates::NeedsPerson
    } else if !gated.failures.is_empty() {
        Gates::Red
    } else if !gated.unasked.is_empty() {
        Gates::Unasked
    } else {
        Gates::Green
    }
}

fn review(run: &Run, failure: Option<&Failure>) -> Review {
    if failure.is_some() && matches!(run.stage, Stage::Reviewing(_)) {
        return Review::Failed;
    }
    match run.attempts[run.current()].review {
        None => Review::Missing,
        Some(Completeness::Incomplete(_)) => Review::Incomplete,
        Some(Completeness::Complete) => Review::Complete,
    }
}

fn retry(run: &Run, limits: &Limits) -> Retry {
    let attempt = &run.attempts[run.current()];
    let allowed = match attempt.review {
        Some(Completeness::Incomplete(_)) => run.failed_reviews <= limits.review_retries,
        Some(Completeness::Complete) | None => !attempt.asked_again,
    };
    if allowed { Retry::Allowed } else { Retry::UsedUp }
}

fn criteria(run: &Run) -> Criteria {
    if unmet(run).next().is_some() {
        Criteria::Unmet
    } else if run.criteria.iter().any(|criterion| criterion.met == Met::NotAssessed) {
        Criteria::NotAssessed
    } else {
        Criteria::AllMet
    }
}

/// The criteria that are known not to be met.
fn unmet(run: &Run) -> impl Iterator<Item = &Assessed> {
    run.criteria.iter().filter(|criterion| matches!(criterion.met, Met::Missing | Met::Deviation))
}

/// Whether somebody said what to do about an unmet criterion.
fn is_instructed(criterion: &Assessed, findings: &[(&Standing, Counts, Severity)]) -> bool {
    instruction_of(criterion).is_some()
        || findings.iter().any(|(finding, counts, _)| speaks_for(criterion, finding, *counts))
}

/// Whether what is to be done about a finding meets the criterion.
fn speaks_for(criterion: &Assessed, finding: &Standing, counts: Counts) -> bool {
    counts == Counts::Upheld
        && finding.criterion() == Some(&criterion.id)
        && instruction(finding).is_some()
}

/// What the arbiter says to do, as one line.
fn instruction(finding: &Standing) -> Option<String> {
    one_line(&finding.ruling.as_ref()?.instruction)
}

/// What the review says is not as the criterion asks, as one line.
fn instruction_of(criterion: &Assessed) -> Option<String> {
    let why = one_line(&criterion.why)?;
    Some(format!("{} is not met ({}): {why}", criterion.id, criterion.met.as_str()))
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().filter_map(|text| one_line(text)).collect()
}

fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn present(is: bool) -> Presence {
    if is { Presence::Some } else { Presence::None }
}

fn over(number: usize, limit: usize) -> Count {
    if number > limit { Count::Over } else { Count::Within }
}
