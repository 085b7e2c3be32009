//! Everything that happened in a run, in its order: its jobs, the calls that each made, and what came of it.

use jiff::Timestamp;

use crate::domain::gates::secrets::redact::mask_lines;
use crate::domain::model::agent::{Cost, Role};
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::job_place::JobPlace;
use crate::domain::pipeline::journal::{FixEffect, JobEvent, JobResult, Journal, ReviewProgress};
use crate::domain::research::shard::ResearchShard;
use crate::domain::review::tracked::TrackedFinding;

/// How many lines of a change are shown where not all of it is asked for.
const DIFF_LINES: usize = 40;

/// What is said where nothing was kept of what came of a job.
pub const NOT_KEPT: &str = "not kept";

/// A run as it went.
#[derive(Clone, Debug)]
pub struct RunLog {
    pub run: String,
    pub kind: &'static str,
    pub title: String,
    pub began: Timestamp,
    /// The word for how it stands now: `under way`, `ended`.
    pub standing: &'static str,
    /// The stage that it is in.
    pub stage: &'static str,
    pub jobs: Vec<LoggedJob>,
    /// Calls that no job in the journal made.
    pub other_calls: Vec<LoggedCall>,
    /// Of a review.
    pub findings: Vec<TrackedFinding>,
}

/// One job.
#[derive(Clone, Debug)]
pub struct LoggedJob {
    pub name: String,
    pub place: JobPlace,
    /// `None` where that is not known.
    pub began: Option<Timestamp>,
    /// `None` while it is under way.
    pub ended: Option<Timestamp>,
    pub came: JobCame,
    /// For people, the first line the shortest.
    pub said: Vec<String>,
    pub calls: Vec<LoggedCall>,
    /// What it wrote.
    pub diff: Option<LoggedDiff>,
    /// The review that it had made.
    pub review: Option<LoggedReview>,
}

/// Whether a job came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobCame {
    UnderWay,
    /// Its process ended before it did.
    Interrupted,
    /// It was put off until it could be performed alone.
    Deferred,
    Done,
    Failed,
}

/// One call to an agent.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    pub key: String,
    pub role: Role,
    pub agent: String,
    /// Empty where nobody said.
    pub model: String,
    pub version: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub outcome: String,
    pub cost: Cost,
    /// Whether the money was computed from the price table.
    pub is_estimate: bool,
    /// The file with the raw reply, where it is kept.
    pub reply: Option<String>,
}

/// What a job wrote, as a patch without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedDiff {
    Kept {
        text: String,
        /// How many lines it has.
        lines: usize,
    },
    /// It is there no more: why.
    Gone(String),
}

/// A review that is a run of its own.
#[derive(Clone, Debug)]
pub enum LoggedReview {
    Kept(Box<RunLog>),
    /// The run of that id is there no more.
    Gone(String),
}

impl JobCame {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::Interrupted => "interrupted",
            Self::Deferred => "put off",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl LoggedDiff {
    /// A patch, all of it or its beginning. Secrets are looked for in the lines as the files have them.
    pub fn kept(patch: &str, is_full: bool) -> Self {
        // A line may end with a carriage return, which is a part of the change.
        let lines: Vec<&str> = match patch.strip_suffix('\n').unwrap_or(patch) {
            "" => Vec::new(),
            patch => patch.split('\n').collect(),
        };
        let split = |line: &'_ str| line.char_indices().nth(1).map_or(line.len(), |(at, _)| at);
        let files: Vec<&str> = lines.iter().map(|line| &line[split(line)..]).collect();
        let masked = mask_lines(files.join("\n").as_bytes(), b"");
        let masked = String::from_utf8_lossy(&masked).into_owned();
        let most = if is_full { lines.len() } else { DIFF_LINES };
        let shown = lines.iter().zip(masked.split('\n')).take(most);
        let mut text = String::new();
        for (line, rest) in shown {
            text.push_str(&line[..split(line)]);
            text.push_str(rest);
            text.push('\n');
        }
        Self::Kept { text, lines: lines.len() }
    }

    /// How many lines are not shown.
    pub fn left_out(&self) -> usize {
        match self {
            Self::Kept { text, lines } => lines.saturating_sub(text.matches('\n').count()),
            Self::Gone(_) => 0,
        }
    }
}

/// How jobs are named in a journal and in the calls that they make.
#[derive(Clone, Copy)]
pub struct JobNames {
    pub place: fn(&JobId) -> JobPlace,
    /// Whether a job of which this came makes a call of another name the next time.
    pub renames_call: fn(&JobEvent) -> bool,
}

/// The jobs of a journal in the order in which they began, and the calls that none of them made.
/// `is_held` tells whether a process works on the run.
pub fn jobs(
    journal: &Journal,
    calls: Vec<LoggedCall>,
    names: JobNames,
    is_held: bool,
) -> (Vec<LoggedJob>, Vec<LoggedCall>) {
    let mut jobs: Vec<LoggedJob> = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for (at, entry) in journal.entries().iter().enumerate() {
        let name = entry.job.to_string();
        let open = |job: &LoggedJob| job.name == name && job.came == JobCame::UnderWay;
        let (came, said) = came(&entry.event, &entry.said);
        if let (Some(job), true) =
            (jobs.iter_mut().rfind(|job| open(job)), entry.event != JobEvent::Started)
        {
            (job.came, job.said, job.ended) = (came, said, Some(entry.at));
            continue;
        }
        let earlier = journal.entries()[..at].iter().filter(|other| other.job == entry.job);
        let before = earlier.filter(|other| (names.renames_call)(&other.event)).count();
        keys.push(if before == 0 { name.clone() } else { format!("{name}-again-{before}") });
        let has_begun = entry.event == JobEvent::Started;
        jobs.push(LoggedJob {
            name,
            place: (names.place)(&entry.job),
            began: has_begun.then_some(entry.at),
            ended: (!has_begun).then_some(entry.at),
            came,
            said,
            calls: Vec::new(),
            diff: None,
            review: None,
        });
    }
    // Nobody wrote down the end of what was killed.
    for job in jobs.iter_mut().filter(|job| job.came == JobCame::UnderWay && !is_held) {
        job.came = JobCame::Interrupted;
    }
    let mut others = Vec::new();
    for call in calls {
        // A call that is made again after a kill takes the place of the one before.
        match keys.iter().rposition(|key| is_call_of(&call.key, key)) {
            Some(at) => jobs[at].calls.push(call),
            None => others.push(call),
        }
    }
    (jobs, others)
}

/// Whether a call is one of a question: the same in another place, to have an answer repaired, or once more.
fn is_call_of(call: &str, question: &str) -> bool {
    let Some(mut rest) = call.strip_prefix(question) else { return false };
    // Research asks several questions.
    let shard = ResearchShard::ALL.into_iter().find_map(|shard| {
        rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(shard.as_str()))
    });
    rest = shard.unwrap_or(rest);
    loop {
        let number = rest
            .strip_prefix('.')
            .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        let word = rest.strip_prefix("-repair").or_else(|| rest.strip_prefix("-instead"));
        match number.or(word) {
            _ if rest.is_empty() => return true,
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
}

/// What an event says of its job; what it does not say is taken from the result, or was not kept.
fn came(event: &JobEvent, said: &[String]) -> (JobCame, Vec<String>) {
    let word = |word: &str| vec![word.to_owned()];
    let (came, known) = match event {
        JobEvent::Started => return (JobCame::UnderWay, Vec::new()),
        JobEvent::Interrupted => return (JobCame::Interrupted, Vec::new()),
        JobEvent::Deferred => return (JobCame::Deferred, Vec::new()),
        JobEvent::Ended(JobResult::Failed(failure)) => (JobCame::Failed, word(failure.why())),
        JobEvent::Ended(JobResult::Done) => (JobCame::Done, word(NOT_KEPT)),
        JobEvent::Ended(JobResult::Reviewed(ReviewProgress::Incomplete)) => {
            (JobCame::Done, word("not everything was read"))
        }
        JobEvent::Ended(JobResult::Reviewed(_)) => (JobCame::Done, word("everything was read")),
        JobEvent::Ended(JobResult::Fixed(effect)) => {
            let effect = match effect {
                FixEffect::Changed => "changed",
                FixEffect::Nothing => "nothing was changed",
                FixEffect::Refused => "refused",
            };
            (JobCame::Done, word(effect))
        }
    };
    (came, if said.is_empty() { known } else { said.to_vec() })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{JobCame, JobNames, LoggedDiff, NOT_KEPT, is_call_of, jobs};
    use crate::domain::pipeline::job::{CallFailure, JobId};
    use crate::domain::pipeline::job_place;
    use crate::domain::pipeline::journal::{JobEvent, JobResult, Journal};

    #[test]
    fn each_start_of_a_job_is_told_with_what_came_of_it() {
        let mut journal = Journal::default();
        let (job, other) = (JobId::new("gates-0"), JobId::new("close"));
        let failed = CallFailure::Infrastructure("no network".to_owned());
        for (at, job, event) in [
            (1, &job, JobEvent::Started),
            (2, &other, JobEvent::Started),
            (3, &job, JobEvent::Interrupted),
            (4, &other, JobEvent::Ended(JobResult::Done)),
            (5, &job, JobEvent::Started),
            (6, &job, JobEvent::Ended(JobResult::Failed(failed))),
            (7, &job, JobEvent::Started),
        ] {
            journal.add(Timestamp::from_second(at).unwrap(), job.clone(), event);
        }
        let names = JobNames { place: job_place::of_review, renames_call: |_| false };
        let told = |is_held| {
            let (jobs, _) = jobs(&journal, Vec::new(), names, is_held);
            let told = jobs.into_iter().map(|job| (job.name, job.came, job.said.join("|")));
            told.collect::<Vec<_>>()
        };
        let one = |name: &str, came, said: &str| (name.to_owned(), came, said.to_owned());
        let mut all = vec![
            one("gates-0", JobCame::Interrupted, ""),
            // An earlier version kept nothing of it.
            one("close", JobCame::Done, NOT_KEPT),
            one("gates-0", JobCame::Failed, "no network"),
            one("gates-0", JobCame::UnderWay, ""),
        ];
        assert_eq!(told(true), all);
        all[3].1 = JobCame::Interrupted;
        assert_eq!(told(false), all);
    }

    #[test]
    fn a_call_belongs_to_the_question_that_it_repeats() {
        for call in ["research-code", "research-problem-repair.2"] {
            assert!(is_call_of(call, "research"), "{call}");
        }
        assert!(!is_call_of("research-again-1-code", "research"));
        for call in ["base", "base.2", "base-repair", "base-instead-repair.3"] {
            assert!(is_call_of(call, "base"), "{call}");
        }
        for call in ["base-again-1", "bases", "base-1", "other"] {
            assert!(!is_call_of(call, "base"), "{call}");
        }
    }

    #[test]
    fn a_long_patch_is_cut_and_no_secret_is_in_it() {
        let secret = ["ghp", "_", "16C7e42F292c6912E7", "710c838347Ae178B4a"].concat();
        let patch = format!("--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n é\n+token = \"{secret}\"\n");
        let LoggedDiff::Kept { text, lines } = LoggedDiff::kept(&patch, true) else { panic!() };
        assert_eq!(lines, 5);
        assert!(text.starts_with("--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n é\n+"), "{text}");
        assert!(!text.contains(&secret), "{text}");
        let crlf = LoggedDiff::kept("+a\r\n+b\r\n", true);
        assert_eq!(crlf, LoggedDiff::Kept { text: "+a\r\n+b\r\n".to_owned(), lines: 2 });
        let cut = LoggedDiff::kept(&"+line\n".repeat(50), false);
        assert_eq!(cut.left_out(), 10);
        assert_eq!(LoggedDiff::kept(&"+line\n".repeat(50), true).left_out(), 0);
    }
}
