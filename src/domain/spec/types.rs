//! A spec as data, whichever way it was written.

use crate::domain::model::size::Size;
use crate::domain::spec::requirement_id::split_id;

/// How ids begin that authors give criteria, constraints and what is critical.
pub(in crate::domain::spec) const CRITERION: &str = "AC-";
pub(in crate::domain::spec) const CONSTRAINT: &str = "C-";
pub(in crate::domain::spec) const CRITICAL: &str = "CI-";

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
    /// Whether the file itself says so.
    pub says_status: bool,
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
            says_status: false,
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

    /// The ids that the author gave constraints and lines of what is critical, of a step with its id before
    /// them, each with the prefix that those of its kind have.
    pub(in crate::domain::spec) fn given_ids(&self) -> Vec<(&'static str, String, SpecPosition)> {
        let own = |prefix: &'static str, step: &str, entries: &[SpecEntry]| -> Vec<_> {
            let dot = if step.is_empty() { "" } else { "." };
            let given =
                entries.iter().filter_map(|entry| Some((split_id(&entry.text)?.0, entry.at)));
            given.map(|(id, at)| (prefix, format!("{step}{dot}{id}"), at)).collect()
        };
        let mut all = own(CONSTRAINT, "", &self.constraints);
        all.extend(own(CRITICAL, "", &self.critical_if));
        all.extend(self.steps.iter().flat_map(|step| own(CRITICAL, &step.id, &step.critical_if)));
        all
    }

    /// The same spec without the criteria that are not named; constraints and what is critical stay.
    #[must_use]
    pub fn only(mut self, criteria: &[String]) -> Self {
        let counts = |one: &Criterion| criteria.contains(&one.id);
        self.criteria.retain(counts);
        for step in &mut self.steps {
            step.acceptance.retain(counts);
        }
        self
    }

    /// The constraints with their ids, in their order: `C-1` by position where the author gave none.
    pub fn numbered_constraints(&self) -> Vec<(String, &str)> {
        numbered(&self.constraints, CONSTRAINT)
    }

    /// What is critical, with ids: `CI-1` by position where the author gave none, with `<step>.` before it
    /// in a step.
    pub fn numbered_critical(&self) -> Vec<(String, &str)> {
        let mut all = numbered(&self.critical_if, CRITICAL);
        for step in &self.steps {
            let own = numbered(&step.critical_if, CRITICAL).into_iter();
            all.extend(own.map(|(id, text)| (format!("{}.{id}", step.id), text)));
        }
        all
    }

    /// Everything that a review assesses, id and text: the criteria, the constraints, what is critical.
    pub fn requirements(&self) -> Vec<(String, &str)> {
        let criteria = self.all_criteria().map(|one| (one.id.clone(), one.text.as_str()));
        criteria.chain(self.numbered_constraints()).chain(self.numbered_critical()).collect()
    }

    /// The line of the file in which something that a review assesses is.
    pub fn line_of(&self, requirement: &str) -> Option<u32> {
        let criteria = self.all_criteria().map(|one| one.at);
        let steps = self.steps.iter().flat_map(|step| &step.critical_if);
        let entries = self.constraints.iter().chain(&self.critical_if).chain(steps);
        let places = criteria.chain(entries.map(|entry| entry.at));
        let all = self.requirements().into_iter().zip(places);
        all.into_iter().find(|((id, _), _)| id == requirement).map(|(_, at)| at.line)
    }

    /// The ids of everything that a review assesses.
    pub fn requirement_ids(&self) -> Vec<String> {
        self.requirements().into_iter().map(|(id, _)| id).collect()
    }

    /// Each criterion with the ways to verify it: its own, else those of its step.
    pub fn verified_by(&self) -> impl Iterator<Item = (&Criterion, &[Verify])> {
        let own = self.criteria.iter().map(|criterion| (criterion, criterion.verify.as_slice()));
        let of_steps = self.steps.iter().flat_map(|step| {
            step.acceptance.iter().map(|criterion| {
                let is_silent = criterion.verify.is_empty();
                let ways = if is_silent { &step.verify } else { &criterion.verify };
                (criterion, ways.as_slice())
            })
        });
        own.chain(of_steps)
    }

    /// The commands that show criteria, each with the criterion's id.
    pub fn verify_commands(&self) -> Vec<(&str, &str)> {
        self.shown_by(|way| match way {
            Verify::Command(command) => Some(command),
            Verify::Test | Verify::Static(_) | Verify::Human | Verify::Unusable => None,
        })
    }

    /// The patterns that show criteria, each with the criterion's id.
    pub fn verify_patterns(&self) -> Vec<(&str, &str)> {
        self.shown_by(|way| match way {
            Verify::Static(pattern) => Some(pattern),
            Verify::Test | Verify::Command(_) | Verify::Human | Verify::Unusable => None,
        })
    }

    fn shown_by(&self, text: impl Fn(&Verify) -> Option<&String>) -> Vec<(&str, &str)> {
        let all = self
            .verified_by()
            .flat_map(|(criterion, ways)| ways.iter().map(move |way| (criterion.id.as_str(), way)));
        all.filter_map(|(id, way)| Some((id, text(way)?.as_str()))).collect()
    }

    /// The criteria of the whole and of its steps, in the order of the file's types: first the
    /// whole, then step by step.
    pub fn all_criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.criteria.iter().chain(self.steps.iter().flat_map(|s| &s.acceptance))
    }
}

/// The entries of a list with their ids, which the author gave, else `<prefix>1` by position.
fn numbered<'a>(entries: &'a [SpecEntry], prefix: &str) -> Vec<(String, &'a str)> {
    let own: Vec<Option<(&str, &str)>> =
        entries.iter().map(|entry| split_id(&entry.text)).collect();
    let mut taken: Vec<String> = own.iter().flatten().map(|(id, _)| (*id).to_owned()).collect();
    let mut all = Vec::new();
    for (at, (entry, own)) in entries.iter().zip(&own).enumerate() {
        let given = own.map(|(id, text)| (id.to_owned(), text));
        all.push(given.unwrap_or_else(|| {
            let free = (at + 1..).map(|number| format!("{prefix}{number}"));
            let id = free.into_iter().find(|id| !taken.contains(id)).unwrap_or_default();
            taken.push(id.clone());
            (id, entry.text.as_str())
        }));
    }
    all
}

/// How far a spec is, by its author's word. A file without a status is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecStatus {
    /// It is still written.
    Draft,
    /// It may be built.
    Ready,
    /// What it asks for is there: what is not met is a mistake, and not work to come.
    Done,
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
    /// A regular expression that must be found in a file that is no spec; see
    /// [`crate::domain::spec::verify::pattern`].
    Static(String),
    /// A person looks.
    Human,
    /// What the author says is none of these; the lint says why.
    Unusable,
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
