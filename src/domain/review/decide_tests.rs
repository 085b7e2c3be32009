//! The decision table, whole: every combination of facts, and the table as people read it.

use std::fmt::Write as _;

use crate::domain::review::decide::{
    CriteriaState, DecisionInputs, EscalationReason, FixReason, GateState, MissingInput, NextStep,
    Presence, Retry, RetryReason, ReviewState, StopReason, Threshold, decide,
};

const HALTS: [StopReason; 4] =
    [StopReason::No, StopReason::Fixes, StopReason::Executor, StopReason::Everything];
const GATES: [GateState; 4] =
    [GateState::Unasked, GateState::NeedsPerson, GateState::Red, GateState::Green];
const REVIEWS: [ReviewState; 4] =
    [ReviewState::Missing, ReviewState::Failed, ReviewState::Incomplete, ReviewState::Complete];
const CRITERIA: [CriteriaState; 3] =
    [CriteriaState::AllMet, CriteriaState::NotAssessed, CriteriaState::Unmet];
const PRESENCES: [Presence; 2] = [Presence::None, Presence::Some];
const COUNTS: [Threshold; 2] = [Threshold::Within, Threshold::Over];
const RETRIES: [Retry; 2] = [Retry::Allowed, Retry::UsedUp];

fn every() -> Vec<DecisionInputs> {
    let mut all = Vec::new();
    for halt in HALTS {
        for gates in GATES {
            for review in REVIEWS {
                for criteria in CRITERIA {
                    for bits in 0..2_usize.pow(7) {
                        let bit = |at: usize| bits >> at & 1;
                        all.push(DecisionInputs {
                            halt,
                            gates,
                            review,
                            criteria,
                            conflicts: PRESENCES[bit(0)],
                            criticals: COUNTS[bit(1)],
                            highs: COUNTS[bit(2)],
                            instructions: PRESENCES[bit(3)],
                            unshown: PRESENCES[bit(4)],
                            unweighed: PRESENCES[bit(5)],
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
        let course = decide(facts);
        assert!(holds(facts, course), "not always: {sentence}\n{facts:#?}\n{course:?}");
    }
}

fn blocks(facts: DecisionInputs) -> bool {
    facts.criticals == Threshold::Over
        || facts.highs == Threshold::Over
        || facts.criteria == CriteriaState::Unmet
}

fn judged(facts: DecisionInputs) -> bool {
    facts.gates == GateState::Green && facts.review == ReviewState::Complete
}

#[test]
fn what_goes_on_is_sound_in_every_respect() {
    always("submit means green, reviewed, within the limits, every criterion met", |f, course| {
        let sound = judged(f)
            && f.halt != StopReason::Everything
            && f.conflicts == Presence::None
            && f.criticals == Threshold::Within
            && f.highs == Threshold::Within
            && f.criteria == CriteriaState::AllMet
            && f.unshown == Presence::None
            && f.unweighed == Presence::None;
        (course == NextStep::Submit) == sound
    });
}

#[test]
fn a_fix_is_asked_for_with_instructions_and_with_a_round_left_alone() {
    always("a fix has instructions, and nothing halts it", |f, course| {
        !matches!(course, NextStep::Fix(_))
            || (f.instructions == Presence::Some && f.halt == StopReason::No)
    });
    always("a fix by the gates' word is for red gates", |f, course| {
        course != NextStep::Fix(FixReason::Gates) || f.gates == GateState::Red
    });
    always("a fix by the review's word rests on a complete review that blocks", |f, course| {
        course != NextStep::Fix(FixReason::Review) || (judged(f) && blocks(f))
    });
    always("a fix that nobody can describe is a person's", |f, course| {
        let due =
            f.gates == GateState::Red || (judged(f) && f.conflicts == Presence::None && blocks(f));
        let undescribed =
            due && f.instructions == Presence::None && f.halt != StopReason::Everything;
        (course == NextStep::Escalate(EscalationReason::NoInstructions)) == undescribed
    });
}

#[test]
fn no_review_is_spent_on_red_gates() {
    always("nothing but green gates leads to a review", |f, course| {
        !matches!(course, NextStep::ReviewAgain(_)) || f.gates == GateState::Green
    });
    always("a gate that needs a person gets one", |f, course| {
        f.gates != GateState::NeedsPerson || matches!(course, NextStep::Escalate(_))
    });
}

#[test]
fn an_incomplete_review_says_nothing() {
    always("neither submit nor a fix", |f, course| {
        f.review == ReviewState::Complete
            || !matches!(course, NextStep::Submit | NextStep::Fix(FixReason::Review))
    });
    always("what a review said counts only when it was complete", |f, course| {
        let bare = DecisionInputs {
            conflicts: Presence::None,
            criticals: Threshold::Within,
            highs: Threshold::Within,
            criteria: CriteriaState::AllMet,
            unshown: Presence::None,
            unweighed: Presence::None,
            ..f
        };
        f.review == ReviewState::Complete || decide(bare) == course
    });
    always("it is asked for again while that is allowed, and is inconclusive then", |f, course| {
        let green = f.gates == GateState::Green && f.halt != StopReason::Everything;
        if !green || f.review != ReviewState::Incomplete {
            return true;
        }
        match f.retry {
            Retry::Allowed => course == NextStep::ReviewAgain(RetryReason::Unread),
            Retry::UsedUp => course == NextStep::Inconclusive(MissingInput::Review),
        }
    });
}

#[test]
fn a_conflict_with_the_spec_is_a_persons() {
    always("a judged change with a conflict is escalated", |f, course| {
        !(judged(f) && f.conflicts == Presence::Some) || matches!(course, NextStep::Escalate(_))
    });
}

#[test]
fn what_was_not_weighed_is_not_refuted() {
    always("an unweighed finding never goes on", |f, course| {
        f.unweighed == Presence::None || course != NextStep::Submit
    });
    always("and hides nothing that is known to be wrong", |f, course| {
        let weighed = DecisionInputs { unweighed: Presence::None, ..f };
        match decide(weighed) {
            NextStep::Submit
            | NextStep::ReviewAgain(RetryReason::Criteria)
            | NextStep::Inconclusive(MissingInput::Criteria) => true,
            known => course == known,
        }
    });
    always("too many that are neither shown nor refuted never go on", |f, course| {
        f.unshown == Presence::None || course != NextStep::Submit
    });
}

#[test]
fn a_stop_rule_makes_no_sound_change_unsound() {
    always("it turns fixes into escalations and nothing else", |f, course| {
        let free = decide(DecisionInputs { halt: StopReason::No, ..f });
        match (f.halt, free) {
            (StopReason::Executor, NextStep::Fix(_)) => {
                course == NextStep::Inconclusive(MissingInput::Fix)
            }
            (StopReason::Fixes, NextStep::Fix(_)) | (StopReason::Everything, _) => {
                course == NextStep::Escalate(EscalationReason::StopRule)
            }
            (StopReason::No | StopReason::Fixes | StopReason::Executor, _) => course == free,
        }
    });
}

#[test]
fn the_table_is_the_one_that_is_written_down() {
    let mut rows = String::from("| the first that holds | then | combinations |\n|---|---|---:|\n");
    for row in rows_of(&every(), &QUESTIONS) {
        let when = if row.when.is_empty() { "else".to_owned() } else { row.when.join(", ") };
        let _ = writeln!(rows, "| {when} | {} | {} |", words(row.course), row.combinations);
    }
    let written = include_str!("../../../docs/decision-table.md");
    assert!(written.contains(&rows), "docs/decision-table.md is to hold this:\n{rows}");
}

type Question = (&'static str, fn(DecisionInputs) -> bool);

/// What is asked of the facts, in this order. Rows leave out what was answered with no before.
const QUESTIONS: [Question; 18] = [
    ("everything is halted", |f| f.halt == StopReason::Everything),
    ("gates not asked", |f| f.gates == GateState::Unasked),
    ("a gate needs a person", |f| f.gates == GateState::NeedsPerson),
    ("a gate is red", |f| f.gates == GateState::Red),
    ("review incomplete", |f| f.review == ReviewState::Incomplete && f.gates == GateState::Green),
    ("review failed", |f| f.review == ReviewState::Failed),
    ("review missing", |f| f.review == ReviewState::Missing),
    ("a conflict with the spec", |f| f.conflicts == Presence::Some),
    ("too many critical findings", |f| f.criticals == Threshold::Over),
    ("too many high findings", |f| f.highs == Threshold::Over),
    ("a criterion is unmet", |f| f.criteria == CriteriaState::Unmet),
    ("instructions are missing", |f| f.instructions == Presence::None),
    ("fixes are stopped", |f| f.halt == StopReason::Fixes),
    ("the executor failed", |f| f.halt == StopReason::Executor),
    ("too many findings if those neither shown nor refuted count", |f| f.unshown == Presence::Some),
    ("a high or critical finding is not weighed", |f| f.unweighed == Presence::Some),
    ("a criterion is not assessed", |f| f.criteria == CriteriaState::NotAssessed),
    ("another review is allowed", |f| f.retry == Retry::Allowed),
];

#[derive(Clone, PartialEq)]
struct Row {
    when: Vec<&'static str>,
    course: NextStep,
    combinations: usize,
}

fn rows_of(facts: &[DecisionInputs], questions: &[Question]) -> Vec<Row> {
    let Some(first) = facts.first() else {
        return Vec::new();
    };
    let course = decide(*first);
    if facts.iter().all(|facts| decide(*facts) == course) {
        return vec![Row { when: Vec::new(), course, combinations: facts.len() }];
    }
    let ((word, asks), rest) = questions.split_first().expect("the questions tell all rows apart");
    let (yes, no): (Vec<DecisionInputs>, Vec<DecisionInputs>) =
        facts.iter().partition(|facts| asks(**facts));
    let (mut yes, no) = (rows_of(&yes, rest), rows_of(&no, rest));
    let same = |a: &Row, b: &Row| a.when == b.when && a.course == b.course;
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

fn words(course: NextStep) -> &'static str {
    match course {
        NextStep::Submit => "**submit**",
        NextStep::Fix(FixReason::Gates) => "**fix** what the gates say",
        NextStep::Fix(FixReason::Review) => "**fix** what the arbiter says",
        NextStep::ReviewAgain(RetryReason::Unread) => "review again",
        NextStep::ReviewAgain(RetryReason::Criteria) => "review again, these criteria alone",
        NextStep::Escalate(EscalationReason::StopRule) => "**escalate**: the stop rule",
        NextStep::Escalate(EscalationReason::Gates) => "**escalate**: the gates",
        NextStep::Escalate(EscalationReason::Spec) => "**escalate**: the spec",
        NextStep::Escalate(EscalationReason::NoInstructions) => {
            "**escalate**: nobody says what to do"
        }
        NextStep::Escalate(EscalationReason::Unshown) => "**escalate**: neither shown nor refuted",
        NextStep::Inconclusive(MissingInput::Gates) => "**inconclusive**: the gates",
        NextStep::Inconclusive(MissingInput::Review) => "**inconclusive**: the review",
        NextStep::Inconclusive(MissingInput::Fix) => "**inconclusive**: the fix",
        NextStep::Inconclusive(MissingInput::Rulings) => "**inconclusive**: the rulings",
        NextStep::Inconclusive(MissingInput::Criteria) => "**inconclusive**: the criteria",
    }
}
