//! A spec on its way from parser to linter.

use std::ops::Range;

use crate::domain::spec::types::Spec;

/// A spec on its way from parser to linter.
pub(in crate::domain::spec) struct ParsedSpec {
    pub spec: Spec,
    /// The file's text with code, comments and `verify` blanked out, byte for byte as long: what
    /// is held to the rules about wording.
    pub prose: String,
    pub passages: Vec<Passage>,
    /// Where the list of criteria is or should be.
    pub criteria_at: usize,
    pub understood: Understood,
}

/// How much of a file was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::spec) enum Understood {
    Whole,
    InPart,
    /// Nothing in it is a part of a spec: it is some other file.
    Nothing,
}

/// A stretch of the prose and what it is about.
pub(in crate::domain::spec) struct Passage {
    pub part: SpecPart,
    pub range: Range<usize>,
}

/// The parts of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::spec) enum SpecPart {
    Goal,
    /// The criteria of the whole.
    Criterion,
    /// The criteria of a step.
    Acceptance,
    Constraint,
    CriticalIf,
    EdgeCase,
    NonGoal,
    OpenQuestion,
    Step,
    /// Title, introduction, sections that have no meaning here.
    Other,
}
