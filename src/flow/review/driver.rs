//! Takes, begins and performs the run of a review.

use std::sync::Mutex;

use anyhow::{Context as _, Result};

use crate::domain::model::agent::Role;
use crate::domain::model::change::ChangePlace;
use crate::domain::model::error::hinted;
use crate::domain::model::notice::Progress;
use crate::domain::pipeline::result::ReviewResult;
use crate::domain::pipeline::review_loop::{CriteriaWeight, LoopStart, ReviewLoop, RunKind, Stage};
use crate::domain::pipeline::run::{About, Run};
use crate::domain::spec::types::Spec;
use crate::flow::call::cleanup::end_surviving_agents;
use crate::flow::call::client::{AgentClient, FindRuns};
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::review::claim::ExistingRun;
use crate::flow::review::earlier::LoopInputs;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::reading_copies::{ReadingAhead, ReadingCopies};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::target::{ReviewRequest, ReviewTarget};
use crate::flow::review::written::WrittenWorkTree;
use crate::flow::review::{
    chosen, claim, cleanup, finish, limits, outcomes, spec_words, target, written,
};
use crate::flow::workspace::{attempt, reading_copy};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::config::env::now;
use crate::platform::config::random;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::process::Interrupts;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// Takes or begins the run of a question, and performs it.
pub(super) struct RunDriver<'a> {
    pub context: Context<'a>,
    pub agent_env: AgentEnv<'a>,
    /// What the work tree has, where that is reviewed.
    pub work_tree: Option<&'a WrittenWorkTree>,
}

/// A question to reviewers, with what is known of its answer.
pub(super) struct Asked<'a> {
    pub inputs: &'a ReviewInputs,
    pub target: &'a ReviewTarget,
    pub request: &'a ReviewRequest,
    /// Its hash.
    pub question: &'a str,
    pub known: &'a LoopInputs,
    /// Whether nothing is left to ask by now.
    pub is_answered: &'a dyn Fn() -> Result<bool>,
}

impl RunDriver<'_> {
    /// Continues the stopped run of the question, waits for one that another process works on, or begins
    /// one. `None` where a receipt was stored meanwhile.
    pub fn claim(&self, asked: &Asked<'_>) -> Result<Option<(RunFolder, Run)>> {
        let Asked { inputs, request, question, .. } = *asked;
        let state_dir = self.context.repo.state_dir();
        let kind = if request.fix { RunKind::Fix } else { RunKind::Review };
        loop {
            let lock = claim::lock_new_runs(&state_dir)?;
            // Another process may have answered meanwhile.
            if request.takes_receipts() && (asked.is_answered)()? {
                return Ok(None);
            }
            let existing = if request.chosen.is_empty() && request.of_task.is_none() {
                claim::find_run(&state_dir, question, kind, request.fresh)?
            } else {
                // What was chosen before is not what is chosen now, and a spec's run knows its reviews.
                ExistingRun::Nothing
            };
            match existing {
                ExistingRun::Nothing => {
                    let (folder, run) = self.begin(asked, kind)?;
                    if request.chosen.is_empty() {
                        return Ok(Some((folder, run)));
                    }
                    return match chosen::seed(self.context, run, &request.chosen) {
                        Ok(run) => {
                            folder.save(&run)?;
                            Ok(Some((folder, run)))
                        }
                        Err(error) => folder.remove().and(Err(error)),
                    };
                }
                ExistingRun::Stopped(folder, run) => {
                    self.context.notify(Progress::RunContinued {
                        run: run.id.clone(),
                        what: run.about.title.clone(),
                    });
                    return Ok(Some((folder, *run)));
                }
                ExistingRun::Running(id) => {
                    drop(lock);
                    let longest = inputs.policy().agents.wait;
                    if let Some(found) = claim::await_run(self.context, &id, longest)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    fn begin(&self, asked: &Asked<'_>, kind: RunKind) -> Result<(RunFolder, Run)> {
        let Asked { inputs, target, question, .. } = *asked;
        // Each new run cleans up after killed ones.
        cleanup::clean_up(self.context)?;
        let (id, folder) = self.new_folder(asked.request)?;
        let change = &target.change;
        if let Some(paths) = &asked.known.first.paths
            && paths.len() < change.files.len()
            && asked.request.chosen.is_empty()
        {
            let (files, of) = (paths.len(), change.files.len());
            self.context.notify(Progress::AskedAbout { files, of });
        }
        let head = match (&change.commit, kind) {
            // Fixes need a parent commit: one of the program's own where the person made none.
            (None, RunKind::Fix) => {
                if target.place == ChangePlace::WorkTree {
                    written::adopt(self.context.repo, &folder, &change.tree)?;
                }
                let message = format!("wip: {} when the review began\n", was(&target.title));
                let parent = target.parent.as_ref();
                Some(attempt::save(self.context.repo, &id, 0, &change.tree, parent, &message)?)
            }
            (commit, _) => commit.clone(),
        };
        let start = LoopStart {
            kind,
            base: change.base_tree.clone(),
            head,
            tree: change.tree.clone(),
            size: limits::size(inputs, target),
            findings: asked.known.findings.clone(),
            first: asked.known.first.clone(),
            weight: inputs.weight(),
        };
        let requirements = inputs.parsed_spec().into_iter().flat_map(Spec::requirement_ids);
        let mut review_loop = ReviewLoop::new(start, requirements);
        if let (Some(spec), false) = (inputs.receipt_spec(), asked.request.fresh) {
            let ids: Vec<String> = review_loop.criteria.iter().map(|one| one.id.clone()).collect();
            let words = spec_words::of(self.context, &spec.key, &ids, &change.tree)?;
            // What was assessed in this tree is so still; what was told stays until a review says more.
            if words.is_whole_here || review_loop.weight == CriteriaWeight::Told {
                review_loop.criteria = words.criteria;
            }
        }
        let about = About {
            question: question.to_owned(),
            title: target.title.clone(),
            place: target.place,
            change_key: change.key.clone(),
            spec: inputs.spec.as_ref().map(|asked| asked.copy.clone()),
            note: inputs.note.clone(),
            route: inputs.assignment.route,
            started: now(self.context.env),
            seed: blake3::hash(random::id().to_string().as_bytes()).to_hex().to_string(),
            asked: inputs.asked(),
            parent: asked.request.of_task.as_ref().map(|task| task.parent.clone()),
        };
        let reviewer = inputs.reviewing.first().map(ToString::to_string);
        let kept = asked.known.kept.clone();
        let run = Run::of_review(id, about, review_loop, reviewer.unwrap_or_default(), kept);
        folder.save(&run)?;
        Ok((folder, run))
    }

    /// The id and the folder of a new run: that in which the objects of its change are, where they are in
    /// one.
    fn new_folder(&self, request: &ReviewRequest) -> Result<(String, RunFolder)> {
        if let Some(begun) = self.work_tree.and_then(WrittenWorkTree::take) {
            return Ok(begun);
        }
        let given = request.of_task.as_ref().map(|task| task.id.clone());
        let id = given.unwrap_or_else(|| random::id().to_string());
        let folder = RunFolder::create(&self.context.repo.state_dir(), &id)?;
        Ok((id, folder))
    }

    /// Performs a run to its end or to a pause, and reports what it came to.
    pub fn perform(
        &self,
        inputs: &ReviewInputs,
        folder: &RunFolder,
        run: Run,
        paths: Vec<String>,
        ahead: Option<ReadingAhead>,
    ) -> Result<ReviewResult> {
        end_surviving_agents(folder.path())?;
        let run = run.interrupted(now(self.context.env));
        let (run, unstaged) = match run.review_loop().stage {
            Stage::Ended(_) | Stage::Paused(_) => (run, None),
            _ => {
                let performed = self.session(inputs, folder, run, ahead)?;
                written::tell_changed_since(self.context, &performed.0);
                performed
            }
        };
        finish::report(self.context, &run, paths, unstaged)
    }

    /// The runs with which a run has one budget: the run of the spec that asked for it, and the other reviews
    /// that one asked for.
    fn shares_with(&self, run: &Run) -> Box<FindRuns<'static>> {
        let state_dir = self.context.repo.state_dir();
        let (own, parent) = (run.id.clone(), run.about.parent.clone());
        Box::new(move || {
            let Some(parent) = &parent else { return Ok(Vec::new()) };
            let known = runs::load_spec(&state_dir, parent)?;
            let reviews = known.map(|known| known.progress().all_reviews()).unwrap_or_default();
            let others = reviews.into_iter().filter(|review| *review != own);
            Ok(std::iter::once(parent.clone()).chain(others).collect())
        })
    }

    /// The run as it ended or paused, and the list of what is not staged where it was begun.
    fn session(
        &self,
        inputs: &ReviewInputs,
        folder: &RunFolder,
        run: Run,
        ahead: Option<ReadingAhead>,
    ) -> Result<(Run, Option<UnstagedListing>)> {
        let interrupts = Interrupts::listen().context("could not listen for signals")?;
        let policy = inputs.policy();
        let executor = match run.review_loop().kind {
            RunKind::Review => None,
            RunKind::Fix => Some(
                roles::find_agent(policy, Role::Executor, self.agent_env)
                    .map_err(|missing| hinted(missing.message, missing.hint))?,
            ),
        };
        let client = AgentClient {
            env: self.context.env,
            policy,
            agent_env: self.agent_env,
            state_dir: self.context.repo.state_dir(),
            run: run.id.clone(),
            shares_with: self.shares_with(&run),
            folder: folder.path().to_owned(),
            interrupts,
            ledger: Mutex::default(),
            unusable: Mutex::default(),
            notices: self.context.notices,
        };
        let session = ReviewSession {
            context: self.context,
            inputs,
            client: &client,
            executor,
            preparation: None,
            limits: limits::limits(inputs, &target::of_run(self.context.repo, &run)?)?,
            interrupts,
            folder,
            copies: ReadingCopies::of_run(self.context.repo, &run.id, ahead),
            layout: None,
            unstaged: None,
            run,
        };
        let (mut run, unstaged) = session.perform()?;
        if matches!(run.review_loop().stage, Stage::Paused(_)) {
            outcomes::keep_undecided(self.context, inputs, &mut run)?;
            folder.save(&run)?;
        }
        // Of a paused run; one that ended did without it before it was closed.
        reading_copy::remove(self.context.repo, &run.id);
        Ok((run, unstaged))
    }
}

/// The title of a change as it was: `what was staged`.
fn was(title: &str) -> String {
    title.replacen("what is ", "what was ", 1)
}
