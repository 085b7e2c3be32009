//! The journal of a run: which job was started, and what came of it. Counters derive from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::pipeline::job::{CallFailure, JobId};

/// How much is kept of what came of a job: so many lines of so many characters.
const SAID_LINES_MAX: usize = 60;
const SAID_CHARS_MAX: usize = 500;

/// What happened in a run, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Journal(Vec<JournalEntry>);

/// One thing that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    pub at: Timestamp,
    pub job: JobId,
    pub event: JobEvent,
    /// What came of it for people, the first line the shortest; empty where nothing is to be said, and in a run
    /// of an earlier version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobEvent {
    Started,
    /// Its process was killed or stopped: nothing is known of what came of it.
    Interrupted,
    /// It could not be performed beside another job, and is to be performed alone.
    Deferred,
    Ended(JobResult),
}

/// What came of a job, as far as counters need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobResult {
    Done,
    Reviewed(ReviewProgress),
    Fixed(FixEffect),
    Failed(CallFailure),
}

/// What a review read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewProgress {
    /// Not everything.
    Incomplete,
    Complete,
    /// Everything, for the criteria that an earlier review had left open.
    CriteriaComplete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixEffect {
    Changed,
    Nothing,
    /// It did what no fix may do, and is to be made again or is given up.
    Refused,
}

impl Journal {
    pub fn entries(&self) -> &[JournalEntry] {
        &self.0
    }

    pub(super) fn add(&mut self, at: Timestamp, job: JobId, event: JobEvent) {
        self.add_said(at, job, event, Vec::new());
    }

    /// As [`Self::add`], with what came of it for people.
    pub(super) fn add_said(
        &mut self,
        at: Timestamp,
        job: JobId,
        event: JobEvent,
        mut said: Vec<String>,
    ) {
        said.truncate(SAID_LINES_MAX);
        let said = said.iter().map(|line| line.chars().take(SAID_CHARS_MAX).collect()).collect();
        self.0.push(JournalEntry { at, job, event, said });
    }

    /// When something last happened.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.0.last().map(|entry| entry.at)
    }

    /// When something last happened to a job.
    pub fn last_of(&self, job: &JobId) -> Option<Timestamp> {
        self.0.iter().rfind(|entry| entry.job == *job).map(|entry| entry.at)
    }

    /// When the job that is under way was last started: how long what is done now takes.
    pub(super) fn last_started(&self) -> Option<Timestamp> {
        let last = self.0.last().filter(|entry| entry.event == JobEvent::Started);
        last.map(|entry| entry.at)
    }

    /// When a job was first started.
    pub fn first_started(&self, job: &JobId) -> Option<Timestamp> {
        let started = |entry: &&JournalEntry| entry.job == *job && entry.event == JobEvent::Started;
        self.0.iter().find(started).map(|entry| entry.at)
    }

    /// Whether a job was started and nothing came of it yet.
    pub fn is_under_way(&self, job: &JobId) -> bool {
        let last = self.0.iter().rfind(|entry| entry.job == *job);
        last.is_some_and(|entry| entry.event == JobEvent::Started)
    }

    /// Whether a job was started, and nothing came of it, whether or not it is under way.
    pub fn is_open(&self, job: &JobId) -> bool {
        let last = self.0.iter().rfind(|entry| entry.job == *job);
        last.is_some_and(|entry| !matches!(entry.event, JobEvent::Ended(_)))
    }

    /// Whether nothing was made of a job: it was not started, or was put off.
    pub fn is_unmade(&self, job: &JobId) -> bool {
        let last = self.0.iter().rfind(|entry| entry.job == *job);
        last.is_none_or(|entry| entry.event == JobEvent::Deferred)
    }

    /// The jobs that were started and of which nothing came yet.
    pub fn under_way(&self) -> Vec<JobId> {
        let started = self.0.iter().enumerate().filter(|(at, entry)| {
            entry.event == JobEvent::Started
                && self.0[at + 1..].iter().all(|later| later.job != entry.job)
        });
        started.map(|(_, entry)| entry.job.clone()).collect()
    }

    /// How often a job failed.
    pub fn failures(&self, job: &JobId) -> usize {
        let of_job = self.0.iter().filter(|entry| entry.job == *job);
        of_job.filter(|e| matches!(e.event, JobEvent::Ended(JobResult::Failed(_)))).count()
    }

    /// How often something came of a job, a failure included.
    pub fn ends(&self, job: &JobId) -> usize {
        let of_job = self.0.iter().filter(|entry| entry.job == *job);
        of_job.filter(|entry| matches!(entry.event, JobEvent::Ended(_))).count()
    }

    /// How many fixes the executor was asked for and gave, what changed nothing included.
    pub fn rounds(&self) -> u32 {
        count(self.fixes())
    }

    /// How many fixes in a row changed nothing.
    pub fn idle_fixes(&self) -> u32 {
        count(self.fixes().rev().take_while(|effect| *effect == FixEffect::Nothing))
    }

    /// How many reviews in a row were incomplete.
    pub fn failed_reviews(&self) -> u32 {
        count(self.reviews().rev().take_while(|read| *read == ReviewProgress::Incomplete))
    }

    /// Whether the current attempt was reviewed once more for the criteria that were left open.
    pub fn has_asked_for_criteria(&self) -> bool {
        let of_attempt = self
            .results()
            .rev()
            .take_while(|result| !matches!(result, JobResult::Fixed(FixEffect::Changed)));
        of_attempt
            .into_iter()
            .any(|result| *result == JobResult::Reviewed(ReviewProgress::CriteriaComplete))
    }

    fn results(&self) -> impl DoubleEndedIterator<Item = &JobResult> {
        self.0.iter().filter_map(|entry| match &entry.event {
            JobEvent::Ended(result) => Some(result),
            JobEvent::Started | JobEvent::Interrupted | JobEvent::Deferred => None,
        })
    }

    fn fixes(&self) -> impl DoubleEndedIterator<Item = FixEffect> {
        self.results().filter_map(|result| match result {
            JobResult::Fixed(FixEffect::Refused) => None,
            JobResult::Fixed(effect) => Some(*effect),
            _ => None,
        })
    }

    fn reviews(&self) -> impl DoubleEndedIterator<Item = ReviewProgress> {
        self.results().filter_map(|result| match result {
            JobResult::Reviewed(read) => Some(*read),
            _ => None,
        })
    }
}

fn count<T>(all: impl Iterator<Item = T>) -> u32 {
    u32::try_from(all.count()).unwrap_or(u32::MAX)
}
