//! What the name of a job says: the step, and of which task, try and round it is.

use crate::domain::pipeline::job::JobId;

/// Where a job stands in its run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobPlace {
    pub step: JobStep,
    /// The part of a large spec that is planned, from 1.
    pub part: Option<usize>,
    /// The task, from 1, over all parts.
    pub task: Option<usize>,
    /// Which try it is, from 1.
    pub number: Option<usize>,
    /// Of a plan the round of writing and reviewing, of a review the state of the code, from 1.
    pub round: Option<usize>,
    /// The finding that an arbiter is asked about.
    pub finding: Option<String>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobStep {
    TestBase,
    WriteSpec,
    ReviewSpec,
    CommitSpec,
    Diagnose,
    TellSize,
    Research,
    Split,
    ReviewPlan,
    WritePlan,
    ListTasks,
    WriteTests,
    ProveRed,
    WriteCode,
    ProveGreen,
    ReviewTask,
    Join,
    Commit,
    RecordDecisions,
    ReviewAll,
    Rebase,
    WriteDocuments,
    Publish,
    RecordCause,
    TakeAnswer,
    KeepResult,
    RunGates,
    LayOut,
    CheckAnswers,
    AskCriteria,
    AskReviewer,
    AskArbiter,
    AskAgain,
    Fix,
    StoreResult,
    /// Its name says nothing: an earlier version made it.
    #[default]
    Unknown,
}

impl JobStep {
    /// The words used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestBase => "testing the base",
            Self::WriteSpec => "writing the spec",
            Self::ReviewSpec => "reviewing the spec",
            Self::CommitSpec => "committing the spec",
            Self::Diagnose => "finding the cause",
            Self::TellSize => "telling its size",
            Self::Research => "researching",
            Self::Split => "splitting it into parts",
            Self::ReviewPlan => "reviewing the plan",
            Self::WritePlan => "writing the plan",
            Self::ListTasks => "listing tasks",
            Self::WriteTests => "writing tests",
            Self::ProveRed => "running the new tests",
            Self::WriteCode => "writing code",
            Self::ProveGreen => "testing the code",
            Self::ReviewTask => "reviewing",
            Self::Join => "joining the other tasks",
            Self::Commit => "committing",
            Self::RecordDecisions => "recording decisions",
            Self::ReviewAll => "reviewing all of it",
            Self::Rebase => "rebasing",
            Self::WriteDocuments => "writing the documents",
            Self::Publish => "publishing",
            Self::RecordCause => "recording the cause",
            Self::TakeAnswer => "your answer",
            Self::KeepResult => "keeping the result",
            Self::RunGates => "running the gates",
            Self::LayOut => "laying the change out",
            Self::CheckAnswers => "checking the answers",
            Self::AskCriteria => "asking about criteria",
            Self::AskReviewer => "asking the reviewer",
            Self::AskArbiter => "asking the arbiter about",
            Self::AskAgain => "asking once more about",
            Self::Fix => "fixing",
            Self::StoreResult => "storing the result",
            Self::Unknown => "another step",
        }
    }
}

impl JobPlace {
    fn step(step: JobStep) -> Self {
        Self { step, ..Self::default() }
    }

    /// For people: `task 1: writing code, try 2`.
    pub fn in_words(&self) -> String {
        let mut words = String::new();
        if let Some(task) = self.task {
            words = format!("task {task}: ");
        } else if let Some(part) = self.part {
            words = format!("part {part}: ");
        }
        words.push_str(self.step.as_str());
        if let Some(finding) = &self.finding {
            words = format!("{words} {finding}");
        }
        for (what, number) in [("round", self.round), ("try", self.number)] {
            // What is made once needs no number.
            if let Some(number) = number.filter(|number| *number > 1) {
                words = format!("{words}, {what} {number}");
            }
        }
        words
    }
}

/// Of a job in the run of a spec or a bug.
pub fn of_spec(job: &JobId) -> JobPlace {
    let name = job.to_string();
    let words: Vec<&str> = name.split('-').collect();
    let number = |word: &str| word.parse::<usize>().ok();
    match words.as_slice() {
        ["base"] => JobPlace::step(JobStep::TestBase),
        ["answer"] => JobPlace::step(JobStep::TakeAnswer),
        ["spec"] => JobPlace::step(JobStep::CommitSpec),
        ["spec", "review", round] => {
            JobPlace { round: number(round), ..JobPlace::step(JobStep::ReviewSpec) }
        }
        ["spec", round, tried] => JobPlace {
            round: number(round),
            number: number(tried),
            ..JobPlace::step(JobStep::WriteSpec)
        },
        ["diagnosis", tried] => {
            JobPlace { number: number(tried), ..JobPlace::step(JobStep::Diagnose) }
        }
        ["size"] => JobPlace::step(JobStep::TellSize),
        ["research"] => JobPlace::step(JobStep::Research),
        ["split", tried] => JobPlace { number: number(tried), ..JobPlace::step(JobStep::Split) },
        ["plan", "review", part, round] => JobPlace {
            part: number(part),
            round: number(round),
            ..JobPlace::step(JobStep::ReviewPlan)
        },
        ["plan", part, round] => JobPlace {
            part: number(part),
            round: number(round),
            ..JobPlace::step(JobStep::WritePlan)
        },
        ["tasks", part, tried] => JobPlace {
            part: number(part),
            number: number(tried),
            ..JobPlace::step(JobStep::ListTasks)
        },
        ["task", task, rest @ ..] => {
            let (step, tried) = match rest {
                ["tests", tried] => (JobStep::WriteTests, number(tried)),
                ["red", tried] => (JobStep::ProveRed, number(tried)),
                ["code", tried] => (JobStep::WriteCode, number(tried)),
                ["green", tried] => (JobStep::ProveGreen, number(tried)),
                ["review"] => (JobStep::ReviewTask, None),
                ["join"] => (JobStep::Join, None),
                ["commit"] => (JobStep::Commit, None),
                _ => (JobStep::Unknown, None),
            };
            JobPlace { task: number(task), number: tried, ..JobPlace::step(step) }
        }
        ["decisions"] => JobPlace::step(JobStep::RecordDecisions),
        ["accept"] => JobPlace::step(JobStep::ReviewAll),
        ["documents"] => JobPlace::step(JobStep::WriteDocuments),
        ["rebase"] => JobPlace::step(JobStep::Rebase),
        ["publish"] => JobPlace::step(JobStep::Publish),
        ["learn"] => JobPlace::step(JobStep::RecordCause),
        ["keep"] => JobPlace::step(JobStep::KeepResult),
        _ => JobPlace::step(JobStep::Unknown),
    }
}

/// Of a job in a review.
pub fn of_review(job: &JobId) -> JobPlace {
    let name = job.to_string();
    let words: Vec<&str> = name.split('-').collect();
    // Rounds count from 1, the states of the code from 0.
    let round = |word: &str| word.parse::<usize>().ok().map(|attempt| attempt + 1);
    match words.as_slice() {
        ["gates", at] => JobPlace { round: round(at), ..JobPlace::step(JobStep::RunGates) },
        [kind @ ("review" | "criteria"), at, tried, what] => {
            let step = match (*what, *kind) {
                ("delivery", _) => JobStep::LayOut,
                ("findings", _) => JobStep::CheckAnswers,
                (_, "criteria") => JobStep::AskCriteria,
                _ => JobStep::AskReviewer,
            };
            JobPlace { round: round(at), number: round(tried), ..JobPlace::step(step) }
        }
        ["arbiter", at, finding @ ..] => JobPlace {
            round: round(at),
            finding: Some(finding.join("-")),
            ..JobPlace::step(JobStep::AskArbiter)
        },
        ["second", at, finding @ ..] => JobPlace {
            round: round(at),
            finding: Some(finding.join("-")),
            ..JobPlace::step(JobStep::AskAgain)
        },
        ["fix", at, ..] => {
            let tried = if words.last() == Some(&"refused") { 2 } else { 1 };
            // The first fix makes the second state.
            let round = at.parse().ok();
            JobPlace { round, number: Some(tried), ..JobPlace::step(JobStep::Fix) }
        }
        ["close"] => JobPlace::step(JobStep::StoreResult),
        _ => JobPlace::step(JobStep::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::{JobPlace, JobStep, of_review, of_spec};
    use crate::domain::pipeline::job::JobId;

    #[test]
    fn the_name_of_a_job_says_where_it_stands() {
        let spec = |name: &str| of_spec(&JobId::new(name)).in_words();
        let review = |name: &str| of_review(&JobId::new(name)).in_words();
        for (name, words) in [
            ("base", "testing the base"),
            ("spec-3-2", "writing the spec, round 3, try 2"),
            ("spec-review-2", "reviewing the spec, round 2"),
            ("plan-1-1", "part 1: writing the plan"),
            ("plan-review-2-4", "part 2: reviewing the plan, round 4"),
            ("tasks-1-2", "part 1: listing tasks, try 2"),
            ("task-3-code-2", "task 3: writing code, try 2"),
            ("task-12-review", "task 12: reviewing"),
            ("task-2-join", "task 2: joining the other tasks"),
            ("accept", "reviewing all of it"),
        ] {
            assert_eq!(spec(name), words);
        }
        for (name, words) in [
            ("gates-1", "running the gates, round 2"),
            ("review-0-1-2", "asking the reviewer, try 2"),
            ("review-0-0-findings", "checking the answers"),
            ("criteria-1-0-0", "asking about criteria, round 2"),
            ("arbiter-0-F-1", "asking the arbiter about F-1"),
            ("fix-2-0-refused", "fixing, round 2, try 2"),
            ("close", "storing the result"),
        ] {
            assert_eq!(review(name), words);
        }
        assert_eq!(of_spec(&JobId::new("else")), JobPlace::step(JobStep::Unknown));
    }
}
