//! What was read from a spec's file: the spec and the problems in it.

use crate::domain::spec::problem::{ProblemLevel, SpecProblem};
use crate::domain::spec::types::{Spec, SpecStatus};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecReading {
    /// `None` where the file as a whole could not be understood; then there is an error.
    pub spec: Option<Spec>,
    /// In the order of the file.
    pub problems: Vec<SpecProblem>,
}

impl SpecReading {
    /// How many problems keep the spec out.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.level == ProblemLevel::Error).count()
    }

    /// The spec, where nothing is wrong with it and its author calls it ready.
    pub fn accepted(&self) -> Option<&Spec> {
        self.spec.as_ref().filter(|s| self.errors() == 0 && s.status == SpecStatus::Ready)
    }
}
