//! What becomes of a spec that is saved: when a run of it begins, and when one goes on by itself.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::policy::run_settings::OnChange;

/// The format of [`DropMark`] and [`ChangeMark`].
pub const VERSION: u32 = 1;

/// How often in a row one step is tried that ends its process or comes to nothing.
const TRIES_MAX: u32 = 3;

/// How much longer than the shortest wait the first one is between two tries.
const FIRST_WAIT: u32 = 10;
const WAIT_FACTOR: u32 = 6;

/// A clock of files may lag behind that of processes by so much.
const CLOCK_LAG: Duration = Duration::from_millis(20);

/// The file of a spec as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedFile {
    /// Of its content.
    pub hash: String,
    pub saved: Timestamp,
    pub fitness: Fitness,
}

/// Whether a spec may be built by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    Ready,
    /// It has no `status`: a person may have it built, and nothing is paid for by itself.
    SaysNothing,
    /// A draft, or done.
    NotReady,
    /// It has so many errors.
    Wrong(usize),
}

/// A run of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedRun {
    pub id: String,
    /// Of the content that it builds.
    pub hash: String,
    pub began: Timestamp,
    /// When something last happened in it.
    pub last: Timestamp,
    /// The job that is ready or under way.
    pub job: String,
    pub standing: RunStanding,
}

/// Where a run is, as somebody sees it who may go on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStanding {
    /// A process works on it.
    UnderWay,
    /// Its process was killed.
    Cut,
    /// Its process let go of it: a signal or an error ended it.
    LetGo,
    Paused(ResumeWhen),
    /// Its person wrote an answer into the file of its page.
    Answered,
    Ended,
}

/// What was done about a spec by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropMark {
    pub version: u32,
    /// The spec's own id.
    pub id: String,
    /// Of the content that it was done about.
    pub hash: String,
    pub saved: Timestamp,
    /// The job that a run was to go on with; empty where one was to begin.
    pub job: String,
    /// How often in a row a process was started for that.
    pub tries: u32,
    /// When that was last.
    pub at: Timestamp,
    /// The budgets and the day at that time: with others there is a point in going on.
    pub budget: String,
    pub dealt: Dealt,
    /// What its person was last told.
    #[serde(default)]
    pub told: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dealt {
    /// A process was started for it.
    Begun,
    /// A run of it ended.
    Built,
    /// No run could begin or go on: why.
    Refused(String),
    /// It came with git, from somebody else or before its person agreed to runs.
    Foreign,
}

/// What was done about a change of a spec during its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeMark {
    pub version: u32,
    /// Of the new content.
    pub hash: String,
    /// Whether it is not built.
    pub ignored: bool,
}

/// What is known of a spec, and under which settings something may be done about it.
#[derive(Clone, Copy, Debug)]
pub struct DropFacts<'a> {
    pub now: Timestamp,
    /// Since when its person agreed to runs.
    pub agreed: Option<Timestamp>,
    pub file: Option<&'a DroppedFile>,
    /// The unfinished run of it, else the newest of the file's content.
    pub run: Option<&'a DroppedRun>,
    pub mark: Option<&'a DropMark>,
    pub change: Option<&'a ChangeMark>,
    /// Whether a process that was started for it is at work.
    pub is_worked_on: bool,
    /// Whether one more run may be made now.
    pub has_room: bool,
    pub on_change: OnChange,
    /// As in [`DropMark`].
    pub budget: &'a str,
    /// The shortest wait before something is tried again.
    pub shortest: Duration,
}

/// What is to be done about a spec now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropStep {
    Rest(DropRest),
    /// It goes on by itself, not before that time.
    Until(Timestamp),
    Begin,
    Resume,
    /// The process that works on it is to end: the spec changed.
    EndWorker,
    /// The unfinished run is to be ended, and one of the new content to begin.
    Replace,
    /// Its run ended, and that is not on record yet.
    Settle,
    /// It was tried too often: its person is to be told.
    GiveUp,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropRest {
    /// There is nothing to do.
    Nothing,
    NotReady,
    SaysNothing,
    Wrong(usize),
    NotAgreed,
    /// It was saved before its person agreed.
    SavedBefore,
    Foreign,
    Refused(String),
    /// As many runs as may be are under way.
    NoRoom,
    UnderWay,
    /// A run waits for its person.
    AsksPerson,
    /// A run waits for a budget.
    OverBudget,
}

/// Decides what is to be done about a spec.
pub fn decide(facts: &DropFacts<'_>) -> DropStep {
    if let Some(run) = facts.run.filter(|run| run.standing != RunStanding::Ended) {
        return unfinished(facts, run);
    }
    if facts.is_worked_on {
        return DropStep::Rest(DropRest::UnderWay);
    }
    let of_run = |run: &DroppedRun| facts.mark.filter(|mark| mark.hash == run.hash);
    if facts.run.and_then(of_run).is_some_and(|mark| mark.dealt == Dealt::Begun) {
        return DropStep::Settle;
    }
    let Some(file) = facts.file else { return DropStep::Rest(DropRest::Nothing) };
    let is_known = facts.run.is_some_and(|run| run.hash == file.hash)
        || facts.change.is_some_and(|change| change.ignored && change.hash == file.hash);
    let mark = facts.mark.filter(|mark| mark.hash == file.hash);
    if is_known || mark.is_some_and(|mark| mark.dealt == Dealt::Built) {
        return DropStep::Rest(DropRest::Nothing);
    }
    match (file.fitness, facts.agreed) {
        (Fitness::NotReady, _) => DropStep::Rest(DropRest::NotReady),
        (Fitness::Wrong(errors), _) => DropStep::Rest(DropRest::Wrong(errors)),
        (_, None) => DropStep::Rest(DropRest::NotAgreed),
        (_, Some(agreed)) if file.saved.saturating_add(CLOCK_LAG).is_ok_and(|at| at < agreed) => {
            DropStep::Rest(DropRest::SavedBefore)
        }
        (Fitness::SaysNothing, _) => DropStep::Rest(DropRest::SaysNothing),
        (Fitness::Ready, Some(_)) => to_begin(facts, mark.filter(|mark| mark.saved == file.saved)),
    }
}

/// `mark` is about the very file.
fn to_begin(facts: &DropFacts<'_>, mark: Option<&DropMark>) -> DropStep {
    match mark.map(|mark| (&mark.dealt, mark)) {
        Some((Dealt::Refused(why), _)) => DropStep::Rest(DropRest::Refused(why.clone())),
        Some((Dealt::Foreign, _)) => DropStep::Rest(DropRest::Foreign),
        Some((Dealt::Begun | Dealt::Built, mark)) => tried(facts, mark, DropStep::Begin),
        None => with_room(facts, DropStep::Begin),
    }
}

/// Another try, unless there were too many, after a wait that grows.
fn tried(facts: &DropFacts<'_>, mark: &DropMark, step: DropStep) -> DropStep {
    if mark.tries >= TRIES_MAX {
        return DropStep::GiveUp;
    }
    let factor = FIRST_WAIT * WAIT_FACTOR.pow(mark.tries.saturating_sub(1));
    let due = later(mark.at, facts.shortest * factor);
    if mark.tries > 0 && facts.now < due { DropStep::Until(due) } else { with_room(facts, step) }
}

fn with_room(facts: &DropFacts<'_>, step: DropStep) -> DropStep {
    if facts.has_room { step } else { DropStep::Rest(DropRest::NoRoom) }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

fn unfinished(facts: &DropFacts<'_>, run: &DroppedRun) -> DropStep {
    if facts.agreed.is_some() && facts.on_change == OnChange::Restart && has_changed(facts, run) {
        match run.standing {
            RunStanding::UnderWay if facts.is_worked_on => return DropStep::EndWorker,
            // A person works on it.
            RunStanding::UnderWay => return DropStep::Rest(DropRest::UnderWay),
            _ if facts.is_worked_on => return DropStep::Rest(DropRest::UnderWay),
            _ => return with_room(facts, DropStep::Replace),
        }
    }
    let is_ours = facts.mark.is_some_and(|mark| mark.hash == run.hash);
    let mark = facts.mark.filter(|mark| mark.hash == run.hash && mark.job == run.job);
    let waits_for_person = DropStep::Rest(DropRest::AsksPerson);
    match run.standing {
        _ if facts.is_worked_on => DropStep::Rest(DropRest::UnderWay),
        RunStanding::UnderWay | RunStanding::Ended => DropStep::Rest(DropRest::UnderWay),
        RunStanding::Paused(ResumeWhen::Asked) => waits_for_person,
        _ if mark.is_some_and(|mark| matches!(mark.dealt, Dealt::Refused(_))) => waits_for_person,
        _ if facts.agreed.is_none() => waits_for_person,
        // Who stops what they began themselves means it; who began it goes on with it after an answer.
        RunStanding::LetGo | RunStanding::Answered if !is_ours => waits_for_person,
        RunStanding::Cut | RunStanding::LetGo | RunStanding::Answered => match mark {
            Some(mark) => tried(facts, mark, DropStep::Resume),
            None => with_room(facts, DropStep::Resume),
        },
        RunStanding::Paused(ResumeWhen::At(at)) => {
            let wait = facts.shortest * FIRST_WAIT * WAIT_FACTOR;
            let due = mark.map_or(at, |mark| at.max(later(mark.at, wait)));
            if facts.now < due { DropStep::Until(due) } else { with_room(facts, DropStep::Resume) }
        }
        RunStanding::Paused(ResumeWhen::BudgetAllows) => match facts.mark {
            Some(mark) if is_ours && mark.budget != facts.budget => {
                with_room(facts, DropStep::Resume)
            }
            _ => DropStep::Rest(DropRest::OverBudget),
        },
    }
}

/// Whether the spec was saved with something else in it after its run began.
fn has_changed(facts: &DropFacts<'_>, run: &DroppedRun) -> bool {
    facts.file.is_some_and(|file| {
        file.fitness == Fitness::Ready && file.hash != run.hash && file.saved > run.began
    })
}

/// What is to be kept about a change of the spec during its run, of which nothing was kept yet.
pub fn change_to_note(facts: &DropFacts<'_>) -> Option<ChangeMark> {
    let run = facts.run.filter(|run| run.standing != RunStanding::Ended)?;
    let file = facts.file.filter(|_| has_changed(facts, run))?;
    let is_noted = facts.change.is_some_and(|change| change.hash == file.hash);
    let ignored = facts.on_change == OnChange::Ignore;
    (!is_noted).then(|| ChangeMark { version: VERSION, hash: file.hash.clone(), ignored })
}

/// Whether the spec of an unfinished run has a newer version that a person has to decide about.
pub fn asks_about_change(facts: &DropFacts<'_>) -> bool {
    let run = facts.run.filter(|run| run.standing != RunStanding::Ended);
    facts.on_change != OnChange::Ignore && run.is_some_and(|run| has_changed(facts, run))
}

impl DropStep {
    /// How often in a row it was tried with this one, where a process is started for it.
    pub fn tries(&self, facts: &DropFacts<'_>) -> u32 {
        let (hash, job) = self.about(facts);
        let is_paused = matches!(self, Self::Resume)
            && facts.run.is_some_and(|run| matches!(run.standing, RunStanding::Paused(_)));
        let same = facts.mark.filter(|mark| mark.hash == hash && mark.job == job && !is_paused);
        u32::from(!is_paused) + same.map_or(0, |mark| mark.tries)
    }

    /// The content and the job that it is about.
    pub fn about<'f>(&self, facts: &DropFacts<'f>) -> (&'f str, &'f str) {
        match (self, facts.run, facts.file) {
            (Self::Begin | Self::Replace, _, Some(file)) => (&file.hash, ""),
            (_, Some(run), _) if run.standing != RunStanding::Ended => (&run.hash, &run.job),
            (_, Some(run), _) => (&run.hash, ""),
            (_, None, file) => (file.map_or("", |file| &file.hash), ""),
        }
    }
}
