//! What the arbiter's word makes of a test that breaks.

use serde::{Deserialize, Serialize};

use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};

/// What became of a test that breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decided")]
pub enum Weighed {
    /// It is a finding.
    Upheld { reason: String, instruction: String },
    /// Two processes say that it shows no mistake.
    Refuted { reason: String },
    /// A person decides: why.
    Open { reason: String },
    /// No answer could be had: why.
    Unanswered { reason: String },
}

impl Weighed {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Upheld { .. } => "upheld",
            Self::Refuted { .. } => "refuted",
            Self::Open { .. } => "for a person",
            Self::Unanswered { .. } => "not decided",
        }
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::Upheld { reason, .. }
            | Self::Refuted { reason }
            | Self::Open { reason }
            | Self::Unanswered { reason } => reason,
        }
    }
}

/// Whether what the arbiter said needs a second process, which sees nothing of it.
pub fn needs_second(decision: &ArbiterDecision) -> bool {
    decision.verdict.dismisses() || decision.verdict == ArbiterVerdict::ContradictsSpec
}

/// What a test comes to by the arbiter's word, and by a second one's where it was dismissed.
pub fn weighed(
    verdict: CaseVerdict,
    decision: &ArbiterDecision,
    second: Option<&SecondLook>,
) -> (CaseVerdict, Option<Weighed>) {
    let reason = decision.reason.clone();
    let open = |reason: String| Some(Weighed::Open { reason });
    let word = match decision.verdict {
        ArbiterVerdict::Upheld if decision.extends_scope => {
            open(format!("it is so, and a repair goes beyond the spec: {reason}"))
        }
        ArbiterVerdict::Upheld => {
            Some(Weighed::Upheld { reason, instruction: decision.instruction.clone() })
        }
        ArbiterVerdict::Refuted | ArbiterVerdict::OutOfScope | ArbiterVerdict::ContradictsSpec => {
            let word = decision.verdict.as_str();
            match second {
                Some(SecondLook::Agreed { .. }) if decision.verdict.dismisses() => {
                    Some(Weighed::Refuted { reason })
                }
                Some(SecondLook::Agreed { .. }) => {
                    let why = format!("it contradicts the spec: {reason}");
                    return (CaseVerdict::Invalid { why }, None);
                }
                Some(SecondLook::Disagreed { why }) => {
                    open(format!("{word}: {reason}; a second process: {why}"))
                }
                Some(SecondLook::NotPaid { why }) => {
                    open(format!("{word}: {reason}; no second process: {why}"))
                }
                None => open(format!("{word}: {reason}; no second process")),
            }
        }
        ArbiterVerdict::Unsubstantiated | ArbiterVerdict::Duplicate => {
            open(format!("{}: {reason}", decision.verdict.as_str()))
        }
    };
    (verdict, word)
}
