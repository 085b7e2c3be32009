//! What is decided about a change: a table, and nothing else.

use serde::{Deserialize, Serialize};

/// What is decided about a change. By code, never by a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may go on.
    Submit,
    /// It may not, and a fix is known.
    Fix(Vec<String>),
    /// A person must decide.
    Escalate(Why),
    /// It could not be judged.
    Inconclusive(String),
}

/// Why a person is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A gate stopped it with something that no model is to repair.
    Gate(Vec<String>),
    /// A finding contradicts the spec or goes beyond it.
    Spec(Vec<String>),
    /// A fix is due and nobody said what to do.
    NoInstructions(Vec<String>),
    /// The same finding is unresolved after two fixes.
    Unresolved(Vec<String>),
    /// The tree is one that was there before.
    Repeats {
        attempt: usize,
    },
    /// A fix took an earlier one back.
    Undoes {
        attempt: usize,
    },
    /// Most of what blocks was brought in by fixes.
    FixInduced {
        of: usize,
        all: usize,
    },
    /// Two fixes in a row changed nothing.
    NoDiff,
    /// The rounds of the largest size are used up.
    Rounds(u32),
    Budget(String),
    /// Findings that are neither shown nor refuted, and would be too many if they were upheld.
    Unsubstantiated(Vec<String>),
}

/// Everything that a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub halt: Halt,
    pub gates: Gates,
    pub review: Review,
    /// Findings that contradict the spec, or whose remedy goes beyond it.
    pub conflicts: Presence,
    /// Upheld, unresolved.
    pub criticals: Count,
    /// Upheld, unresolved.
    pub highs: Count,
    pub criteria: Criteria,
    /// What would make everything that blocks go away, if it were followed.
    pub instructions: Presence,
    /// Findings that are neither shown nor refuted, and would be too many if they were upheld.
    pub unshown: Presence,
    /// High or critical findings without a ruling.
    pub unweighed: Presence,
    /// Another review of the same attempt.
    pub retry: Retry,
}

/// Whether the work may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    No,
    /// A stop rule fired: no further fix is asked for.
    Fixes,
    /// The executor could not be asked.
    Executor,
    /// Nothing is asked of anybody: the budget is used up, or the attempt is not worth judging.
    Everything,
}

/// What the gates say of the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gates {
    Unasked,
    /// Red, and no model is to repair it.
    NeedsPerson,
    Red,
    Green,
}

/// How far the review of the attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    Missing,
    /// The reviewer could not be asked.
    Failed,
    Incomplete,
    Complete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    None,
    Some,
}

/// A number beside its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Within,
    Over,
}

/// The worst that is said of any criterion; what is known to be unmet before what is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criteria {
    AllMet,
    NotAssessed,
    Unmet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Allowed,
    UsedUp,
}

/// What is to be done about an attempt; the words for people come from the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Submit,
    Fix(Ground),
    ReviewAgain(Gap),
    Escalate(Cause),
    Inconclusive(Lack),
}

/// What a fix is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    Gates,
    Review,
}

/// What a further review is to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    Unread,
    Criteria,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    StopRule,
    Gates,
    Spec,
    NoInstructions,
    Unshown,
}

/// What could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    Gates,
    Review,
    Fix,
    Rulings,
    Criteria,
}

/// The table: the first line that holds. `docs/decision-table.md` shows it written out.
pub fn decide(facts: Facts) -> Course {
    if facts.halt == Halt::Everything {
        return Course::Escalate(Cause::StopRule);
    }
    match facts.gates {
        Gates::Unasked => return Course::Inconclusive(Lack::Gates),
        Gates::NeedsPerson => return Course::Escalate(Cause::Gates),
        Gates::Red => return fix(facts, Ground::Gates),
        Gates::Green => {}
    }
    match (facts.review, facts.retry) {
        (Review::Incomplete, Retry::Allowed) => return Course::ReviewAgain(Gap::Unread),
        (Review::Missing | Review::Failed | Review::Incomplete, _) => {
            return Course::Inconclusive(Lack::Review);
        }
        (Review::Complete, _) => {}
    }
    if facts.conflicts == Presence::Some {
        return Course::Escalate(Cause::Spec);
    }
    // What is known to be wrong stops a change even while other findings are not weighed: else a
    // broken arbiter would turn a block into something milder.
    if facts.criticals == Count::Over
        || facts.highs == Count::Over
        || facts.criteria == Criteria::Unmet
    {
        return fix(facts, Ground::Review);
    }
    if facts.unshown == Presence::Some {
        return Course::Escalate(Cause::Unshown);
    }
    if facts.unweighed == Presence::Some {
        return Course::Inconclusive(Lack::Rulings);
    }
    match (facts.criteria, facts.retry) {
        (Criteria::NotAssessed, Retry::Allowed) => Course::ReviewAgain(Gap::Criteria),
        (Criteria::NotAssessed, Retry::UsedUp) => Course::Inconclusive(Lack::Criteria),
        (Criteria::AllMet | Criteria::Unmet, _) => Course::Submit,
    }
}

/// A fix is due. A stop rule stops fixing; it does not make a sound change unsound, which is why it
/// is asked here alone.
fn fix(facts: Facts, ground: Ground) -> Course {
    match (facts.instructions, facts.halt) {
        (Presence::None, _) => Course::Escalate(Cause::NoInstructions),
        (Presence::Some, Halt::Fixes | Halt::Everything) => Course::Escalate(Cause::StopRule),
        (Presence::Some, Halt::Executor) => Course::Inconclusive(Lack::Fix),
        (Presence::Some, Halt::No) => Course::Fix(ground),
    }
}
