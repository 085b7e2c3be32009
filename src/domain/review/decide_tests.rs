//! The decision table, whole: every combination of facts, and the table as people read it.

use std::fmt::Write as _;

use crate::domain::review::decide::{
    Cause, Count, Course, Criteria, Facts, Gap, Gates, Ground, Halt, Lack, Presence, Retry, Review,
    decide,
};

const HALTS: [Halt; 4] = [Halt::No, Halt::Fixes, Halt::Executor, Halt::Everything];
const GATES: [Gates; 4] = [Gates::Unasked, Gates::NeedsPerson, Gates::Red, Gates::Green];
const REVIEWS: [Review; 4] =
    [Review::Missing, Review::Failed, Review::Incomplete, Review::Complete];
const CRITERIA: [Criteria; 3] = [Criteria::AllMet, Criteria::NotAssessed, Criteria::Unmet];
const PRESENCES: [Presence; 2] = [Presence::None, Presence::Some];
const COUNTS: [Count; 2] = [Count::Within, Count::Over];
const RETRIES: [Retry; 2] = [Retry::Allowed, Retry::UsedUp];

fn every() -> Vec<Facts> {
    let mut all = Vec::new();
    for halt in HALTS {
        for gates in GATES {
            for review in REVIEWS {
                for criteria in CRITERIA {
                    for bits in 0..2_usize.pow(7) {
                        let bit = |at: usize| bits >> at & 1;
                        all.push(Facts {
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
fn always(sentence: &str, holds: impl Fn(Facts, Course) -> bool) {
    for facts in every() {
        let course = decide(facts);
        assert!(holds(facts, course), "not always: {sentence}\n{facts:#?}\n{course:?}");
    }
}

fn blocks(facts: Facts) -> bool {
    facts.criticals == Count::Over
        || facts.highs == Count::Over
        || facts.criteria == Criteria::Unmet
}

fn judged(facts: Facts) -> bool {
    facts.gates == Gates::Green && facts.review == Review::Complete
}

#[test]
fn what_goes_on_is_sound_in_every_respect() {
    always("submit means green, reviewed, within the limits, every criterion met", |f, course| {
        let sound = judged(f)
            && f.halt != Halt::Everything
            && f.conflicts == Presence::None
            && f.criticals == Count::Within
            && f.highs == Count::Within
            && f.criteria == Criteria::AllMet
            && f.unshown == Presence::None
            && f.unweighed == Presence::None;
        (course == Course::Submit) == sound
    });
}

#[test]
fn a_fix_is_asked_for_with_instructions_and_with_a_round_left_alone() {
    always("a fix has instructions, and nothing halts it", |f, course| {
        !matches!(course, Course::Fix(_))
            || (f.instructions == Presence::Some && f.halt == Halt::No)
    });
    always("a fix by the gates' word is for red gates", |f, course| {
        course != Course::Fix(Ground::Gates) || f.gates == Gates::Red
    });
    always("a fix by the review's word rests on a complete review that blocks", |f, course| {
        course != Course::Fix(Ground::Review) || (judged(f) && blocks(f))
    });
    always("a fix that nobody can describe is a person's", |f, course| {
        let due =
            f.gates == Gates::Red || (judged(f) && f.conflicts == Presence::None && blocks(f));
        let undescribed = due && f.instructions == Presence::None && f.halt != Halt::Everything;
        (course == Course::Escalate(Cause::NoInstructions)) == undescribed
    });
}

#[test]
fn no_review_is_spent_on_red_gates() {
    always("nothing but green gates leads to a review", |f, course| {
        !matches!(course, Course::ReviewAgain(_)) || f.gates == Gates::Green
    });
    always("a gate that needs a person gets one", |f, course| {
        f.gates != Gates::NeedsPerson || matches!(course, Course::Escalate(_))
    });
}

#[test]
fn an_incomplete_review_says_nothing() {
    always("neither submit nor a fix", |f, course| {
        f.review == Review::Complete
            || !matches!(course, Course::Submit | Course::Fix(Ground::Review))
    });
    always("what a review said counts only when it was complete", |f, course| {
        let bare = Facts {
            conflicts: Presence::None,
            criticals: Count::Within,
            highs: Count::Within,
            criteria: Criteria::AllMet,
            unshown: Presence::None,
            unweighed: Presence::None,
            ..f
        };
        f.review == Review::Complete || decide(bare) == course
    });
    always("it is asked for again while that is allowed, and is inconclusive then", |f, course| {
        let green = f.gates == Gates::Green && f.halt != Halt::Everything;
        if !green || f.review != Review::Incomplete {
            return true;
        }
        match f.retry {
            Retry::Allowed => course == Course::ReviewAgain(Gap::Unread),
            Retry::UsedUp => course == Course::Inconclusive(Lack::Review),
        }
    });
}

#[test]
fn a_conflict_with_the_spec_is_a_persons() {
    always("a judged change with a conflict is escalated", |f, course| {
        !(judged(f) && f.conflicts == Presence::Some) || matches!(course, Course::Escalate(_))
    });
}

#[test]
fn what_was_not_weighed_is_not_refuted() {
    always("an unweighed finding never goes on", |f, course| {
        f.unweighed == Presence::None || course != Course::Submit
    });
    always("and hides nothing that is known to be wrong", |f, course| {
        let weighed = Facts { unweighed: Presence::None, ..f };
        match decide(weighed) {
            Course::Submit
            | Course::ReviewAgain(Gap::Criteria)
            | Course::Inconclusive(Lack::Criteria) => true,
            known => course == known,
        }
    });
    always("too many that are neither shown nor refuted never go on", |f, course| {
        f.unshown == Presence::None || course != Course::Submit
    });
}

#[test]
fn a_stop_rule_makes_no_sound_change_unsound() {
    always("it turns fixes into escalations and nothing else", |f, course| {
        let free = decide(Facts { halt: Halt::No, ..f });
        match (f.halt, free) {
            (Halt::Executor, Course::Fix(_)) => course == Course::Inconclusive(Lack::Fix),
            (Halt::Fixes, Course::Fix(_)) | (Halt::Everything, _) => {
                course == Course::Escalate(Cause::StopRule)
            }
            (Halt::No | Halt::Fixes | Halt::Executor, _) => course == free,
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

type Question = (&'static str, fn(Facts) -> bool);

/// What is asked of the facts, in this order. Rows leave out what was answered with no before.
const QUESTIONS: [Question; 18] = [
    ("everything is halted", |f| f.halt == Halt::Everything),
    ("gates not asked", |f| f.gates == Gates::Unasked),
    ("a gate needs a person", |f| f.gates == Gates::NeedsPerson),
    ("a gate is red", |f| f.gates == Gates::Red),
    ("review incomplete", |f| f.review == Review::Incomplete && f.gates == Gates::Green),
    ("review failed", |f| f.review == Review::Failed),
    ("review missing", |f| f.review == Review::Missing),
    ("a conflict with the spec", |f| f.conflicts == Presence::Some),
    ("too many critical findings", |f| f.criticals == Count::Over),
    ("too many high findings", |f| f.highs == Count::Over),
    ("a criterion is unmet", |f| f.criteria == Criteria::Unmet),
    ("instructions are missing", |f| f.instructions == Presence::None),
    ("fixes are stopped", |f| f.halt == Halt::Fixes),
    ("the executor failed", |f| f.halt == Halt::Executor),
    ("too many findings if those neither shown nor refuted count", |f| f.unshown == Presence::Some),
    ("a high or critical finding is not weighed", |f| f.unweighed == Presence::Some),
    ("a criterion is not assessed", |f| f.criteria == Criteria::NotAssessed),
    ("another review is allowed", |f| f.retry == Retry::Allowed),
];

#[derive(Clone, PartialEq)]
struct Row {
    when: Vec<&'static str>,
    course: Course,
    combinations: usize,
}

fn rows_of(facts: &[Facts], questions: &[Question]) -> Vec<Row> {
    let Some(first) = facts.first() else {
        return Vec::new();
    };
    let course = decide(*first);
    if facts.iter().all(|facts| decide(*facts) == course) {
        return vec![Row { when: Vec::new(), course, combinations: facts.len() }];
    }
    let ((word, asks), rest) = questions.split_first().expect("the questions tell all rows apart");
    let (yes, no): (Vec<Facts>, Vec<Facts>) = facts.iter().partition(|facts| asks(**facts));
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

fn words(course: Course) -> &'static str {
    match course {
        Course::Submit => "**submit**",
        Course::Fix(Ground::Gates) => "**fix** what the gates say",
        Course::Fix(Ground::Review) => "**fix** what the arbiter says",
        Course::ReviewAgain(Gap::Unread) => "review again",
        Course::ReviewAgain(Gap::Criteria) => "review again, these criteria alone",
        Course::Escalate(Cause::StopRule) => "**escalate**: the stop rule",
        Course::Escalate(Cause::Gates) => "**escalate**: the gates",
        Course::Escalate(Cause::Spec) => "**escalate**: the spec",
        Course::Escalate(Cause::NoInstructions) => "**escalate**: nobody says what to do",
        Course::Escalate(Cause::Unshown) => "**escalate**: neither shown nor refuted",
        Course::Inconclusive(Lack::Gates) => "**inconclusive**: the gates",
        Course::Inconclusive(Lack::Review) => "**inconclusive**: the review",
        Course::Inconclusive(Lack::Fix) => "**inconclusive**: the fix",
        Course::Inconclusive(Lack::Rulings) => "**inconclusive**: the rulings",
        Course::Inconclusive(Lack::Criteria) => "**inconclusive**: the criteria",
    }
}
