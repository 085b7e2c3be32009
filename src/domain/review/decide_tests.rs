//! The decision table, whole: every combination of facts, and the table as people read it.

use std::fmt::Write as _;

use crate::domain::review::decide::{
    CriteriaState, DecisionInputs, EscalationReason, FixReason, GateState, Instructions,
    MissingInput, NextStep, Retry, RetryReason, ReviewState, StopReason, Threshold, decide,
};

const STOPS: [StopReason; 4] =
    [StopReason::None, StopReason::Fixes, StopReason::Executor, StopReason::Everything];
const GATES: [GateState; 4] =
    [GateState::Unasked, GateState::NeedsPerson, GateState::Red, GateState::Green];
const REVIEWS: [ReviewState; 4] =
    [ReviewState::Missing, ReviewState::Failed, ReviewState::Incomplete, ReviewState::Complete];
const CRITERIA: [CriteriaState; 3] =
    [CriteriaState::AllMet, CriteriaState::NotAssessed, CriteriaState::Unmet];
const INSTRUCTIONS: [Instructions; 2] = [Instructions::Missing, Instructions::Given];
const COUNTS: [Threshold; 2] = [Threshold::Within, Threshold::Over];
const RETRIES: [Retry; 2] = [Retry::Allowed, Retry::UsedUp];

fn every() -> Vec<DecisionInputs> {
    let mut all = Vec::new();
    for stop in STOPS {
        for gates in GATES {
            for review in REVIEWS {
                for criteria in CRITERIA {
                    for bits in 0..2_usize.pow(7) {
                        let bit = |at: usize| bits >> at & 1;
                        all.push(DecisionInputs {
                            stop,
                            gates,
                            review,
                            criteria,
                            has_conflicts: bit(0) == 1,
                            criticals: COUNTS[bit(1)],
                            highs: COUNTS[bit(2)],
                            instructions: INSTRUCTIONS[bit(3)],
                            has_unproven: bit(4) == 1,
                            has_unarbitrated: bit(5) == 1,
                            retry: RETRIES[bit(6)],
                        });
                    }
                }
            }
        }
    }
    all
}

/// Checks a sentence about every combination.
fn always(sentence: &str, holds: impl Fn(DecisionInputs, NextStep) -> bool) {
    for facts in every() {
        let step = decide(facts);
        assert!(holds(facts, step), "not always: {sentence}\n{facts:#?}\n{step:?}");
    }
}

fn blocks(facts: DecisionInputs) -> bool {
    facts.criticals == Threshold::Over
        || facts.highs == Threshold::Over
        || facts.criteria == CriteriaState::Unmet
}

fn reviewed(facts: DecisionInputs) -> bool {
    facts.gates == GateState::Green && facts.review == ReviewState::Complete
}

#[test]
fn what_goes_on_is_sound_in_every_respect() {
    always("submit means green, reviewed, within the limits, every criterion met", |f, step| {
        let sound = reviewed(f)
            && f.stop != StopReason::Everything
            && !f.has_conflicts
            && f.criticals == Threshold::Within
            && f.highs == Threshold::Within
            && f.criteria == CriteriaState::AllMet
            && !f.has_unproven
            && !f.has_unarbitrated;
        (step == NextStep::Submit) == sound
    });
}

#[test]
fn a_fix_is_asked_for_with_instructions_and_with_a_round_left_alone() {
    always("a fix has instructions, and nothing halts it", |f, step| {
        !matches!(step, NextStep::Fix(_))
            || (f.instructions == Instructions::Given && f.stop == StopReason::None)
    });
    always("a fix by the gates' word is for red gates", |f, step| {
        step != NextStep::Fix(FixReason::Gates) || f.gates == GateState::Red
    });
    always("a fix by the review's word rests on a complete review that blocks", |f, step| {
        step != NextStep::Fix(FixReason::Review) || (reviewed(f) && blocks(f))
    });
    always("a fix without instructions is a person's", |f, step| {
        let due = f.gates == GateState::Red || (reviewed(f) && !f.has_conflicts && blocks(f));
        let undescribed =
            due && f.instructions == Instructions::Missing && f.stop != StopReason::Everything;
        (step == NextStep::Escalate(EscalationReason::NoInstructions)) == undescribed
    });
}

#[test]
fn no_review_is_spent_on_red_gates() {
    always("nothing but green gates leads to a review", |f, step| {
        !matches!(step, NextStep::ReviewAgain(_)) || f.gates == GateState::Green
    });
    always("a gate that needs a person gets one", |f, step| {
        f.gates != GateState::NeedsPerson || matches!(step, NextStep::Escalate(_))
    });
}

#[test]
fn an_incomplete_review_says_nothing() {
    always("neither submit nor a fix", |f, step| {
        f.review == ReviewState::Complete
            || !matches!(step, NextStep::Submit | NextStep::Fix(FixReason::Review))
    });
    always("what a review said counts only when it was complete", |f, step| {
        let bare = DecisionInputs {
            has_conflicts: false,
            criticals: Threshold::Within,
            highs: Threshold::Within,
            criteria: CriteriaState::AllMet,
            has_unproven: false,
            has_unarbitrated: false,
            ..f
        };
        f.review == ReviewState::Complete || decide(bare) == step
    });
    always("it is asked for again while that is allowed, and is inconclusive then", |f, step| {
        let green = f.gates == GateState::Green && f.stop != StopReason::Everything;
        if !green || f.review != ReviewState::Incomplete {
            return true;
        }
        match f.retry {
            Retry::Allowed => step == NextStep::ReviewAgain(RetryReason::Unread),
            Retry::UsedUp => step == NextStep::Inconclusive(MissingInput::Review),
        }
    });
}

#[test]
fn a_conflict_with_the_spec_is_a_persons() {
    always("a reviewed change with a conflict is escalated", |f, step| {
        !(reviewed(f) && f.has_conflicts) || matches!(step, NextStep::Escalate(_))
    });
}

#[test]
fn what_no_arbiter_decided_is_not_refuted() {
    always("a finding without an arbiter decision never goes on", |f, step| {
        !f.has_unarbitrated || step != NextStep::Submit
    });
    always("and hides nothing that is known to be wrong", |f, step| {
        let decided = DecisionInputs { has_unarbitrated: false, ..f };
        match decide(decided) {
            NextStep::Submit
            | NextStep::ReviewAgain(RetryReason::Criteria)
            | NextStep::Inconclusive(MissingInput::Criteria) => true,
            known => step == known,
        }
    });
    always("too many unproven findings never go on", |f, step| {
        !f.has_unproven || step != NextStep::Submit
    });
}

#[test]
fn a_stop_rule_makes_no_sound_change_unsound() {
    always("it turns fixes into escalations and nothing else", |f, step| {
        let free = decide(DecisionInputs { stop: StopReason::None, ..f });
        match (f.stop, free) {
            (StopReason::Executor, NextStep::Fix(_)) => {
                step == NextStep::Inconclusive(MissingInput::Fix)
            }
            (StopReason::Fixes, NextStep::Fix(_)) | (StopReason::Everything, _) => {
                step == NextStep::Escalate(EscalationReason::StopRule)
            }
            (StopReason::None | StopReason::Fixes | StopReason::Executor, _) => step == free,
        }
    });
}

#[test]
fn the_table_is_the_one_that_is_written_down() {
    let mut rows = String::from("| the first that holds | then | combinations |\n|---|---|---:|\n");
    for row in rows_of(&every(), &QUESTIONS) {
        let when = if row.when.is_empty() { "else".to_owned() } else { row.when.join(", ") };
        let _ = writeln!(rows, "| {when} | {} | {} |", words(row.step), row.combinations);
    }
    let written = include_str!("../../../docs/decision-table.md");
    assert!(written.contains(&rows), "docs/decision-table.md is to hold this:\n{rows}");
}

type Question = (&'static str, fn(DecisionInputs) -> bool);

/// What is asked of the facts, in this order. Rows leave out what was answered with no before.
const QUESTIONS: [Question; 18] = [
    ("everything is stopped", |f| f.stop == StopReason::Everything),
    ("gates not run", |f| f.gates == GateState::Unasked),
    ("a gate needs a person", |f| f.gates == GateState::NeedsPerson),
    ("a gate is red", |f| f.gates == GateState::Red),
    ("review incomplete", |f| f.review == ReviewState::Incomplete && f.gates == GateState::Green),
    ("review failed", |f| f.review == ReviewState::Failed),
    ("review missing", |f| f.review == ReviewState::Missing),
    ("a conflict with the spec", |f| f.has_conflicts),
    ("too many critical findings", |f| f.criticals == Threshold::Over),
    ("too many high findings", |f| f.highs == Threshold::Over),
    ("a criterion is unmet", |f| f.criteria == CriteriaState::Unmet),
    ("instructions are missing", |f| f.instructions == Instructions::Missing),
    ("fixes are stopped", |f| f.stop == StopReason::Fixes),
    ("the executor failed", |f| f.stop == StopReason::Executor),
    ("too many findings if unproven ones count", |f| f.has_unproven),
    ("a high or critical finding has no arbiter decision", |f| f.has_unarbitrated),
    ("a criterion is not assessed", |f| f.criteria == CriteriaState::NotAssessed),
    ("another review is allowed", |f| f.retry == Retry::Allowed),
];

#[derive(Clone, PartialEq)]
struct Row {
    when: Vec<&'static str>,
    step: NextStep,
    combinations: usize,
}

fn rows_of(facts: &[DecisionInputs], questions: &[Question]) -> Vec<Row> {
    let Some(first) = facts.first() else {
        return Vec::new();
    };
    let step = decide(*first);
    if facts.iter().all(|facts| decide(*facts) == step) {
        return vec![Row { when: Vec::new(), step, combinations: facts.len() }];
    }
    let ((word, asks), rest) = questions.split_first().expect("the questions tell all rows apart");
    let (yes, no): (Vec<DecisionInputs>, Vec<DecisionInputs>) =
        facts.iter().partition(|facts| asks(**facts));
    let (mut yes, no) = (rows_of(&yes, rest), rows_of(&no, rest));
    let same = |a: &Row, b: &Row| a.when == b.when && a.step == b.step;
    if yes.len() == no.len() && yes.iter().zip(&no).all(|(a, b)| same(a, b)) {
        for (row, other) in yes.iter_mut().zip(no) {
            row.combinations += other.combinations;
        }
        return yes;
    }
    for row in &mut yes {
        row.when.insert(0, word);
    }
    yes.into_iter().chain(no).collect()
}

fn words(step: NextStep) -> &'static str {
    match step {
        NextStep::Submit => "**submit**",
        NextStep::Fix(FixReason::Gates) => "**fix** what the gates report",
        NextStep::Fix(FixReason::Review) => "**fix** what the arbiter says",
        NextStep::ReviewAgain(RetryReason::Unread) => "review again",
        NextStep::ReviewAgain(RetryReason::Criteria) => "review again, these criteria alone",
        NextStep::Escalate(EscalationReason::StopRule) => "**escalate**: the stop rule",
        NextStep::Escalate(EscalationReason::Gates) => "**escalate**: the gates",
        NextStep::Escalate(EscalationReason::Spec) => "**escalate**: the spec",
        NextStep::Escalate(EscalationReason::NoInstructions) => "**escalate**: no instructions",
        NextStep::Escalate(EscalationReason::Unproven) => "**escalate**: unproven findings",
        NextStep::Inconclusive(MissingInput::Gates) => "**inconclusive**: the gates",
        NextStep::Inconclusive(MissingInput::Review) => "**inconclusive**: the review",
        NextStep::Inconclusive(MissingInput::Fix) => "**inconclusive**: the fix",
        NextStep::Inconclusive(MissingInput::Arbitration) => "**inconclusive**: the arbiter",
        NextStep::Inconclusive(MissingInput::Criteria) => "**inconclusive**: the criteria",
    }
}
