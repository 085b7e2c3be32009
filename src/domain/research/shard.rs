//! The questions of research, one call each.

use serde::{Deserialize, Serialize};

/// What is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResearchShard {
    /// The problem, and what people met in practice.
    Problem,
    /// How others solve it.
    Solutions,
    /// What the ways to solve it differ in.
    Comparison,
    /// What of it is in the code base, and what would fit.
    Code,
}

impl ResearchShard {
    pub const ALL: [Self; 4] = [Self::Problem, Self::Solutions, Self::Comparison, Self::Code];

    /// The word used in the names of calls and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Solutions => "solutions",
            Self::Comparison => "comparison",
            Self::Code => "code",
        }
    }

    /// Whether it is looked into on the web; else in the code base. None of them has both: what reads pages that
    /// anybody wrote knows nothing of the code that could be carried out.
    pub fn is_on_web(self) -> bool {
        self != Self::Code
    }
}
