//! The decision about a change, as a table.

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
    Escalate(EscalationDetail),
    /// It could not be evaluated.
    Inconclusive(String),
}

/// Why a person must decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EscalationDetail {
    /// A gate stopped it with something that no model is to repair.
    Gate(Vec<String>),
    /// A finding contradicts the spec or goes beyond it.
    Spec(Vec<String>),
    /// A fix is due without an instruction.
    NoInstructions(Vec<String>),
    /// The same finding is unresolved after two fixes.
    Unresolved(Vec<String>),
    /// The tree is that of an earlier attempt.
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
    /// Findings that are neither proven nor refuted, and would be too many if they were upheld; or
    /// that the arbiter dismissed and a second process did not.
    Unsubstantiated(Vec<String>),
    /// Two fixes in a row did what no fix may do; the second is kept in that commit.
    FixRefused {
        commit: String,
        why: Vec<String>,
    },
}

impl EscalationDetail {
    /// Whether fixes led to no end: what was written may be more than one task.
    pub fn is_without_end(&self) -> bool {
        matches!(
            self,
            Self::Unresolved(_)
                | Self::Repeats { .. }
                | Self::Undoes { .. }
                | Self::FixInduced { .. }
                | Self::NoDiff
                | Self::Rounds(_)
        )
    }
}

/// Everything that a decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionInputs {
    pub stop: StopReason,
    pub gates: GateState,
    pub review: ReviewState,
    /// Findings that contradict the spec, or whose remedy goes beyond it.
    pub has_conflicts: bool,
    /// Upheld, unresolved.
    pub criticals: Threshold,
    /// Upheld, unresolved.
    pub highs: Threshold,
    pub criteria: CriteriaState,
    /// What would make everything that blocks go away, if it were followed.
    pub instructions: Instructions,
    /// Findings that are neither proven nor refuted, and would be too many if they were upheld; or
    /// severe ones about whose dismissal two processes do not agree.
    pub has_unproven: bool,
    /// High or critical findings without an arbiter decision.
    pub has_unarbitrated: bool,
    /// Another review of the same attempt.
    pub retry: Retry,
}

/// What stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    None,
    /// A stop rule fired: no further fix is asked for.
    Fixes,
    /// The executor could not be called.
    Executor,
    /// No agent is called: the budget is used up, or the attempt is not worth evaluating.
    Everything,
}

/// What the gates report about the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateState {
    Unasked,
    /// Red, and no model is to repair it.
    NeedsPerson,
    Red,
    Green,
}

/// How far the review of the attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    Missing,
    /// The reviewer could not be called.
    Failed,
    Incomplete,
    Complete,
}

/// Whether every blocking finding says how it is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    Missing,
    Given,
}

/// A number beside its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    Within,
    Over,
}

/// The worst state of any criterion; known to be unmet is worse than not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CriteriaState {
    AllMet,
    NotAssessed,
    Unmet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Allowed,
    UsedUp,
}

/// What happens next with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    Submit,
    Fix(FixReason),
    ReviewAgain(RetryReason),
    Escalate(EscalationReason),
    Inconclusive(MissingInput),
}

/// What a fix is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixReason {
    Gates,
    Review,
}

/// What a further review is to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    Unread,
    Criteria,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscalationReason {
    StopRule,
    Gates,
    Spec,
    NoInstructions,
    Unproven,
}

/// What could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingInput {
    Gates,
    Review,
    Fix,
    Arbitration,
    Criteria,
}

/// The decision table: the first line that applies. `docs/decision-table.md` shows it written out.
pub fn decide(facts: DecisionInputs) -> NextStep {
    if facts.stop == StopReason::Everything {
        return NextStep::Escalate(EscalationReason::StopRule);
    }
    match facts.gates {
        GateState::Unasked => return NextStep::Inconclusive(MissingInput::Gates),
        GateState::NeedsPerson => return NextStep::Escalate(EscalationReason::Gates),
        GateState::Red => return fix(facts, FixReason::Gates),
        GateState::Green => {}
    }
    match (facts.review, facts.retry) {
        (ReviewState::Incomplete, Retry::Allowed) => {
            return NextStep::ReviewAgain(RetryReason::Unread);
        }
        (ReviewState::Missing | ReviewState::Failed | ReviewState::Incomplete, _) => {
            return NextStep::Inconclusive(MissingInput::Review);
        }
        (ReviewState::Complete, _) => {}
    }
    if facts.has_conflicts {
        return NextStep::Escalate(EscalationReason::Spec);
    }
    // What is known to be wrong stops a change even while other findings have no arbiter decision:
    // else a broken arbiter would turn a block into something milder.
    if facts.criticals == Threshold::Over
        || facts.highs == Threshold::Over
        || facts.criteria == CriteriaState::Unmet
    {
        return fix(facts, FixReason::Review);
    }
    if facts.has_unproven {
        return NextStep::Escalate(EscalationReason::Unproven);
    }
    if facts.has_unarbitrated {
        return NextStep::Inconclusive(MissingInput::Arbitration);
    }
    match (facts.criteria, facts.retry) {
        (CriteriaState::NotAssessed, Retry::Allowed) => {
            NextStep::ReviewAgain(RetryReason::Criteria)
        }
        (CriteriaState::NotAssessed, Retry::UsedUp) => {
            NextStep::Inconclusive(MissingInput::Criteria)
        }
        (CriteriaState::AllMet | CriteriaState::Unmet, _) => NextStep::Submit,
    }
}

/// A fix is due. A stop rule stops fixing; it does not make a sound change unsound, which is why it
/// is asked here alone.
fn fix(facts: DecisionInputs, ground: FixReason) -> NextStep {
    match (facts.instructions, facts.stop) {
        (Instructions::Missing, _) => NextStep::Escalate(EscalationReason::NoInstructions),
        (Instructions::Given, StopReason::Fixes | StopReason::Everything) => {
            NextStep::Escalate(EscalationReason::StopRule)
        }
        (Instructions::Given, StopReason::Executor) => NextStep::Inconclusive(MissingInput::Fix),
        (Instructions::Given, StopReason::None) => NextStep::Fix(ground),
    }
}
