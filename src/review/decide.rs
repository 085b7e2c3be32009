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
    /// Most of what blocks was brought in by the last fix.
    FixInduced {
        of: usize,
        all: usize,
    },
    /// Two fixes in a row changed nothing.
    NoDiff,
    /// The rounds of the largest size are used up.
    Rounds(u32),
    Budget(String),
    /// A critical finding that is neither shown nor refuted.
    Unsubstantiated(Vec<String>),
}
