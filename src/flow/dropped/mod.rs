//! Specs that are saved: which of them are built by themselves, and how their runs are.
//!
//! The watcher looks and starts processes; each of these builds one spec, or goes on with its run, and tells
//! what came of it. What is found after a kill is what the runs themselves say, not what was planned.

pub mod activity;
pub mod start;
pub mod work;
mod origin;
mod telling;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::pipeline::dropped::{
    ChangeMark, DropFacts, DropMark, DropRest, DropStep, DroppedFile, DroppedRun, Fitness,
    RunStanding,
};
use crate::domain::pipeline::format::StoredRun;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::policy::agent_settings::Spend;
use crate::domain::policy::run_settings::RunSettings;
use crate::domain::spec::identity;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::intake::ingest::key;
use crate::flow::run::typed_answer;
use crate::flow::setup::consent;
use crate::platform::config::env;
use crate::platform::config::env::now;
use crate::platform::process::Identity;
use crate::platform::store::dropped_specs;
use crate::platform::store::known_specs::{KnownSpecs, Version};
use crate::platform::store::spec_queue::Queued;
use crate::platform::store::{runs, spec_queue};

/// What does not change from one look to the next, so that it is not read again.
#[derive(Default)]
pub struct DropCache {
    /// The runs of specs that ended, and with `None` what else is among the runs.
    ended: BTreeMap<String, Option<FoundRun>>,
    /// The files about which nothing is to be done until they are saved again.
    settled: BTreeMap<String, (String, Timestamp)>,
    /// The processes that were asked to end; a second signal would cut that short.
    asked: Vec<Identity>,
}

#[derive(Clone)]
struct FoundRun {
    /// The spec's own id.
    spec: String,
    run: DroppedRun,
    /// The hash of its text, whatever the ends of its lines were.
    text: String,
}

impl FoundRun {
    /// The run, where it is of that content.
    fn of_hash(&self, hash: &str) -> Option<DroppedRun> {
        let is_same = self.run.hash == hash || self.text == hash;
        is_same.then(|| DroppedRun { hash: hash.to_owned(), ..self.run.clone() })
    }
}

/// A spec that was saved, or has an unfinished run.
pub struct DroppedSpec {
    /// The spec's own id.
    pub id: String,
    /// Its file, from the top of its work tree, for people; empty where it is gone.
    pub path: String,
    /// The top of that, where the file is.
    pub worktree: PathBuf,
    pub file: Option<DroppedFile>,
    pub run: Option<DroppedRun>,
    pub mark: Option<DropMark>,
    pub change: Option<ChangeMark>,
    pub is_worked_on: bool,
}

/// All that were found, and under what they are decided about.
pub struct Dropped {
    pub specs: Vec<DroppedSpec>,
    pub agreed: Option<Timestamp>,
    pub settings: RunSettings,
    budget: Spend,
    budget_key: String,
    pub shortest: Duration,
    pub now: Timestamp,
    /// How many more runs may be made now.
    pub room: usize,
}

impl Dropped {
    /// What is known of one of them.
    pub fn facts<'a>(&'a self, spec: &'a DroppedSpec) -> DropFacts<'a> {
        DropFacts {
            now: self.now,
            agreed: self.agreed,
            file: spec.file.as_ref(),
            run: spec.run.as_ref(),
            mark: spec.mark.as_ref(),
            change: spec.change.as_ref(),
            is_worked_on: spec.is_worked_on,
            has_room: self.room > 0,
            on_change: self.settings.changed,
            budget: &self.budget_key,
            shortest: self.shortest,
        }
    }
}

/// Looks at what was saved and at unfinished runs; `None` where there is nothing to be looked at.
pub fn look(
    context: Context<'_>,
    known: &KnownSpecs,
    cache: &mut DropCache,
) -> Result<Option<Dropped>> {
    let state_dir = context.repo.state_dir();
    let mut unfinished = BTreeMap::new();
    for found in unfinished_runs(&state_dir, cache)? {
        // Of several the newest: they come in that order.
        unfinished.entry(found.spec.to_ascii_lowercase()).or_insert(found);
    }
    let mut specs = saved_specs(known);
    specs.retain(|key, spec| unfinished.contains_key(key) || !cache.is_settled(key, spec));
    for (key, found) in &unfinished {
        specs.entry(key.clone()).or_insert_with(|| DroppedSpec::of(found.spec.clone()));
    }
    if specs.is_empty() {
        return Ok(None);
    }
    for (key, spec) in &mut specs {
        spec.mark = dropped_specs::mark(&state_dir, &spec.id)?;
        spec.change = dropped_specs::change(&state_dir, &spec.id)?;
        spec.is_worked_on = dropped_specs::worker(&state_dir, &spec.id).is_some();
        spec.run = spec.run_of(unfinished.get(key), cache);
    }
    let policy = policy::policy_of_head(context)?.policy;
    let now = now(context.env);
    Ok(Some(Dropped {
        specs: specs.into_values().collect(),
        agreed: consent::load(context.repo, context.env)?.runs_since(),
        settings: policy.runs,
        budget: policy.budget,
        budget_key: budget_key(policy.budget, now),
        shortest: env::backoff_base(context.env),
        now,
        room: dropped_specs::free_places(&state_dir, policy.runs.at_once),
    }))
}

/// The specs that wait for a run: what was queued and has had none, whoever began it and whatever came of it.
pub fn queued(state_dir: &Path) -> Result<Vec<Queued>> {
    let mut queued = spec_queue::list(state_dir)?;
    if queued.is_empty() {
        return Ok(queued);
    }
    let mut cache = DropCache::default();
    let mut runs = unfinished_runs(state_dir, &mut cache)?;
    runs.extend(cache.ended.into_values().flatten());
    queued.retain(|one| {
        let is_of = |run: &FoundRun| run.spec.eq_ignore_ascii_case(&one.id);
        !runs.iter().any(|run| is_of(run) && run.of_hash(&one.hash).is_some())
    });
    Ok(queued)
}

impl DropCache {
    /// Whether nothing changed since nothing was to be done; asked before a repository is opened for it.
    pub fn is_idle(&mut self, state_dir: &Path, known: &KnownSpecs) -> Result<bool> {
        let is_settled = |(key, spec): (&String, &DroppedSpec)| self.is_settled(key, spec);
        Ok(saved_specs(known).iter().all(is_settled)
            && unfinished_runs(state_dir, self)?.is_empty())
    }

    fn is_settled(&self, key: &str, spec: &DroppedSpec) -> bool {
        let saved = spec.file.as_ref().map(|file| (file.hash.clone(), file.saved));
        self.settled.get(key) == saved.as_ref()
    }

    /// Remembers that nothing is to be done about a file until it is saved again.
    pub fn settle(&mut self, spec: &DroppedSpec, step: &DropStep) {
        let is_settled = match step {
            DropStep::Rest(rest) => !matches!(
                rest,
                DropRest::NoRoom | DropRest::UnderWay | DropRest::AsksPerson | DropRest::OverBudget
            ),
            _ => false,
        };
        if let Some(file) = spec.file.as_ref().filter(|_| is_settled) {
            let key = spec.id.to_ascii_lowercase();
            self.settled.insert(key, (file.hash.clone(), file.saved));
        }
    }
}

impl DroppedSpec {
    fn of(id: String) -> Self {
        Self {
            id,
            path: String::new(),
            worktree: PathBuf::new(),
            file: None,
            run: None,
            mark: None,
            change: None,
            is_worked_on: false,
        }
    }

    /// The run that matters: the unfinished one, else of those that ended that of which nobody took note, else
    /// the one of this very content.
    fn run_of(&self, unfinished: Option<&FoundRun>, cache: &DropCache) -> Option<DroppedRun> {
        let marked = self.mark.as_ref().map(|mark| mark.hash.as_str());
        let saved = self.file.as_ref().map(|file| file.hash.as_str());
        let hashes = || marked.into_iter().chain(saved);
        if let Some(found) = unfinished {
            let named = hashes().find_map(|hash| found.of_hash(hash));
            return Some(named.unwrap_or_else(|| found.run.clone()));
        }
        let ended = cache.ended.values().rev().flatten();
        let ended: Vec<&FoundRun> =
            ended.filter(|found| found.spec.eq_ignore_ascii_case(&self.id)).collect();
        hashes().find_map(|hash| ended.iter().find_map(|found| found.of_hash(hash)))
    }
}

/// The newest version of each spec whose file is there, by id in lower case.
fn saved_specs(known: &KnownSpecs) -> BTreeMap<String, DroppedSpec> {
    let mut specs = BTreeMap::new();
    for (id, versions) in &known.specs {
        let Some(version) = versions.last() else { continue };
        let Some(file) = known.file(&key(&version.worktree), &version.path) else { continue };
        if file.duplicate || file.hash != version.hash {
            continue;
        }
        let nanoseconds = file.stamp.modified_ns.max(file.stamp.changed_ns);
        let Ok(saved) = Timestamp::from_nanosecond(nanoseconds.into()) else { continue };
        let fitness = match version {
            Version { accepted: true, says_ready: true, .. } => Fitness::Ready,
            Version { accepted: true, .. } => Fitness::SaysNothing,
            Version { errors: 0, .. } => Fitness::NotReady,
            Version { errors, .. } => Fitness::Wrong(*errors),
        };
        let spec = DroppedSpec {
            path: version.path.clone(),
            worktree: version.worktree.clone(),
            file: Some(DroppedFile { hash: file.hash.clone(), saved, fitness }),
            ..DroppedSpec::of(file.id.clone())
        };
        specs.insert(id.clone(), spec);
    }
    specs
}

/// The runs of specs that have not ended, the newest first.
fn unfinished_runs(state_dir: &Path, cache: &mut DropCache) -> Result<Vec<FoundRun>> {
    let mut unfinished = Vec::new();
    for id in runs::list(state_dir)? {
        if cache.ended.contains_key(&id) {
            continue;
        }
        // One that cannot be read cannot be gone on with; `tribunal runs` says so.
        let Ok(Some(StoredRun::Spec(run))) = runs::load_any(state_dir, &id) else {
            cache.ended.insert(id, None);
            continue;
        };
        let found = found(state_dir, &run);
        if run.has_ended() {
            cache.ended.insert(id, Some(found));
        } else {
            unfinished.push(found);
        }
    }
    Ok(unfinished)
}

fn found(state_dir: &Path, run: &SpecRun) -> FoundRun {
    let is_waiting = matches!(run.stage(), SpecStage::Waiting(_));
    let typed = is_waiting.then(|| typed_answer(state_dir, run)).flatten();
    let standing = match run.stage() {
        SpecStage::Ended(_) => RunStanding::Ended,
        _ if runs::is_held(state_dir, &run.id) => RunStanding::UnderWay,
        SpecStage::Paused(pause) => RunStanding::Paused(pause.resume_when),
        SpecStage::Waiting(_) if typed.is_some() => RunStanding::Answered,
        SpecStage::Waiting(_) | SpecStage::Planned(_) | SpecStage::Built(_) => {
            RunStanding::Paused(ResumeWhen::Asked)
        }
        _ if runs::was_killed(state_dir, &run.id) => RunStanding::Cut,
        _ => RunStanding::LetGo,
    };
    let stage = match run.stage() {
        SpecStage::Paused(pause) => &pause.stage,
        stage => stage,
    };
    let job = || run.progress().job_of(stage).map(|job| job.to_string());
    FoundRun {
        spec: run.about.spec_id.clone(),
        text: identity::hash(run.about.spec.text.as_bytes()),
        run: DroppedRun {
            id: run.id.clone(),
            hash: run.about.spec.hash.clone(),
            began: run.about.started,
            last: run.last_at(),
            // What was refused is tried again once something else is typed.
            job: typed.or_else(job).unwrap_or_default(),
            standing,
        },
    }
}

/// The budgets and the day: with others there is a point in going on with what waits for them.
fn budget_key(budget: Spend, now: Timestamp) -> String {
    format!("{} {} {}", budget.run, budget.day, now.strftime("%Y-%m-%d"))
}
