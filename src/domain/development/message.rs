//! The message of a task's commit.

use std::fmt::Write as _;

use crate::domain::gates::commit_message::is_well_formed;
use crate::domain::model::terminal::printable;
use crate::domain::policy::gate_settings::CommitMessage;

/// The trailer of a commit that repairs what was reported.
pub const REPORT_TRAILER: &str = "Report";

/// What a task's commit is about.
#[derive(Clone, Debug)]
pub struct TaskCommit<'a> {
    /// The first line that the executor proposed; empty where it proposed none.
    pub proposed: &'a str,
    /// The title of the spec or the bug.
    pub title: &'a str,
    pub source: CommitSource<'a>,
    /// Which task of how many it is; empty where it is all of the spec.
    pub task: String,
    /// The ids of the criteria that it meets.
    pub criteria: &'a [String],
    pub run: &'a str,
    /// How it was built, where that says that nobody reviewed it; else empty.
    pub mode: &'a str,
    /// Who wrote it, who reviewed it, who arbitrated; for people. Empty where nobody did.
    pub executor: &'a str,
    pub reviewer: &'a str,
    pub arbiter: &'a str,
    /// The run that reviewed it.
    pub review: &'a str,
}

/// Where a commit comes from: the id of a spec, or of the report of a bug.
#[derive(Clone, Copy, Debug)]
pub enum CommitSource<'a> {
    Spec(&'a str),
    Report(&'a str),
}

impl CommitSource<'_> {
    /// The trailer that names it.
    fn trailer(&self) -> (&'static str, &str) {
        match self {
            Self::Spec(id) => ("Spec", id),
            Self::Report(id) => (REPORT_TRAILER, id),
        }
    }

    /// The type of a commit whose executor proposed none.
    fn kind(&self) -> &'static str {
        match self {
            Self::Spec(_) => "feat",
            Self::Report(_) => "fix",
        }
    }

    /// Whether a first line of that form says what it is: a repair is a `fix`.
    fn fits(&self, subject: &str) -> bool {
        match self {
            Self::Spec(_) => true,
            Self::Report(_) => {
                ["fix:", "fix(", "fix!"].iter().any(|start| subject.starts_with(start))
            }
        }
    }
}

impl TaskCommit<'_> {
    /// The message: a first line in the policy's form, and trailers that say where it comes from.
    pub fn message(&self, policy: &CommitMessage) -> String {
        let mut message = format!("{}\n\n", self.subject(policy));
        let criteria = self.criteria.join(", ");
        let trailers = [
            self.source.trailer(),
            ("Task", self.task.as_str()),
            ("Criteria", criteria.as_str()),
            ("Tribunal-Run", self.run),
            ("Tribunal-Mode", self.mode),
            ("Tribunal-Executor", self.executor),
            ("Tribunal-Reviewer", self.reviewer),
            ("Tribunal-Arbiter", self.arbiter),
            ("Tribunal-Review", self.review),
        ];
        for (name, value) in trailers.iter().filter(|(_, value)| !value.is_empty()) {
            let _ = writeln!(message, "{name}: {}", printable(value));
        }
        message
    }

    /// The executor's line where it has the form, else one that is made of the spec's title.
    fn subject(&self, policy: &CommitMessage) -> String {
        let proposed = printable(self.proposed);
        if self.source.fits(&proposed) && is_well_formed(&proposed, policy) {
            return proposed;
        }
        let title = printable(self.title);
        if self.source.fits(&title) && is_well_formed(&title, policy) {
            return title;
        }
        let first = policy.types.first().map_or("feat", String::as_str);
        let wanted = self.source.kind();
        let kind = policy.types.iter().find(|known| *known == wanted).map_or(first, String::as_str);
        let mut letters = title.trim_end_matches('.').chars();
        let title: String =
            letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        let subject = format!("{kind}: {title}");
        subject.chars().take(policy.subject_max).collect::<String>().trim_end().to_owned()
    }
}
