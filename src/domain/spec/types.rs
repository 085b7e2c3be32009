//! A spec as data, whichever way it was written.

use crate::domain::model::size::Size;

/// A place in the spec's file. Both count from 1; the column counts bytes, a byte order mark not
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecPosition {
    pub line: u32,
    pub column: u32,
}

/// One spec. Everything in it is data from the repository: a command in it is run only when the
/// user trusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// From the file, else from its name; fit for a file name and for a branch name.
    pub id: String,
    /// The id where the file gives no title.
    pub title: String,
    pub status: SpecStatus,
    /// `None` where the file says nothing or `auto`.
    pub size: Option<Size>,
    /// `None` where the file says nothing or `auto`.
    pub mode: Option<SpecMode>,
    /// The branch to build on; `None` for the repository's default branch.
    pub base: Option<SpecEntry>,
    /// Globs of the paths that may change; empty where nothing is said.
    pub touches: Vec<String>,
    pub budget: RunBudget,
    /// Commands that must pass beside the project's own.
    pub gate: Vec<String>,
    /// Why, in the author's words; empty where nothing is said.
    pub goal: String,
    /// The criteria of the whole; a step has its own.
    pub criteria: Vec<Criterion>,
    pub constraints: Vec<SpecEntry>,
    pub critical_if: Vec<SpecEntry>,
    pub edge_cases: Vec<SpecEntry>,
    pub non_goals: Vec<SpecEntry>,
    pub open_questions: Vec<SpecEntry>,
    pub steps: Vec<SpecStep>,
}

impl Spec {
    /// An empty spec.
    pub(in crate::domain::spec) fn empty(id: String) -> Self {
        Self {
            id,
            title: String::new(),
            status: SpecStatus::Ready,
            size: None,
            mode: None,
            base: None,
            touches: Vec::new(),
            budget: RunBudget::default(),
            gate: Vec::new(),
            goal: String::new(),
            criteria: Vec::new(),
            constraints: Vec::new(),
            critical_if: Vec::new(),
            edge_cases: Vec::new(),
            non_goals: Vec::new(),
            open_questions: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The criteria of the whole and of its steps, in the order of the file's types: first the
    /// whole, then step by step.
    pub fn all_criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.criteria.iter().chain(self.steps.iter().flat_map(|s| &s.acceptance))
    }
}

/// Whether the author is done writing. A file without a status is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecStatus {
    Draft,
    Ready,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecMode {
    /// Plan and build at once.
    Direct,
    /// Look first, then plan.
    Research,
}

/// What a run of the spec may use up; `None` where the policy's limit holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunBudget {
    pub usd_cents: Option<u64>,
    pub minutes: Option<u64>,
}

/// One thing that must hold when the work is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// `AC-1`; numbered by position where the author gave none, with `<step>.` before it in a step.
    pub id: String,
    /// The sentence without its id, on one line, Markdown kept.
    pub text: String,
    /// How it is shown; empty where nothing is said.
    pub verify: Vec<Verify>,
    pub at: SpecPosition,
}

/// How a criterion is shown to hold, from the surest to the least sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verify {
    /// A shell command that exits with 0.
    Command(String),
    /// A test that the work brings along.
    Test,
    /// A pattern that must be found in the sources.
    Static(String),
    /// A person looks.
    Human,
}

/// One entry of a list, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecEntry {
    pub text: String,
    pub at: SpecPosition,
}

/// One part of the work, done after those it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecStep {
    pub id: String,
    /// The part of the repository it belongs to.
    pub service: Option<String>,
    /// What is to be done.
    pub spec: String,
    /// Ids of other steps.
    pub depends_on: Vec<SpecEntry>,
    pub acceptance: Vec<Criterion>,
    pub critical_if: Vec<SpecEntry>,
    /// How the step as a whole is shown; holds for each of its criteria that has no own.
    pub verify: Vec<Verify>,
    pub at: SpecPosition,
}
