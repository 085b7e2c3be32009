//! Everything that happened in a run, in its order: its jobs, the calls that each made, and what came of it.

use jiff::Timestamp;

use crate::domain::gates::secrets::redact::mask_lines;
use crate::domain::model::agent::{Cost, Role};
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::job_place::JobPlace;
use crate::domain::pipeline::journal::{FixEffect, JobEvent, JobResult, Journal, ReviewProgress};
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
        let lines: Vec<&str> = patch.lines().collect();
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
            Self::Kept { text, lines } => lines.saturating_sub(text.lines().count()),
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
    use super::{LoggedDiff, is_call_of};

    #[test]
    fn a_call_belongs_to_the_question_that_it_repeats() {
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
        let cut = LoggedDiff::kept(&"+line\n".repeat(50), false);
        assert_eq!(cut.left_out(), 10);
        assert_eq!(LoggedDiff::kept(&"+line\n".repeat(50), true).left_out(), 0);
    }
}
