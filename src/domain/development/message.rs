//! The message of a task's commit.

use std::fmt::Write as _;

use crate::domain::gates::commit_message::is_well_formed;
use crate::domain::model::terminal::printable;
use crate::domain::policy::gate_settings::CommitMessage;

/// What a task's commit is about.
#[derive(Clone, Debug)]
pub struct TaskCommit<'a> {
    /// The first line that the executor proposed; empty where it proposed none.
    pub proposed: &'a str,
    /// The spec's title.
    pub title: &'a str,
    pub spec: &'a str,
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

impl TaskCommit<'_> {
    /// The message: a first line in the policy's form, and trailers that say where it comes from.
    pub fn message(&self, policy: &CommitMessage) -> String {
        let mut message = format!("{}\n\n", self.subject(policy));
        let criteria = self.criteria.join(", ");
        let trailers = [
            ("Spec", self.spec),
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
        if is_well_formed(&proposed, policy) {
            return proposed;
        }
        let title = printable(self.title);
        if is_well_formed(&title, policy) {
            return title;
        }
        let first = policy.types.first().map_or("feat", String::as_str);
        let kind = policy.types.iter().find(|known| *known == "feat").map_or(first, String::as_str);
        let mut letters = title.trim_end_matches('.').chars();
        let title: String =
            letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        let subject = format!("{kind}: {title}");
        subject.chars().take(policy.subject_max).collect::<String>().trim_end().to_owned()
    }
}
