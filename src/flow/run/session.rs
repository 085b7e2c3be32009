//! What the jobs of a spec's run are performed with, and each of them.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::development::failed_before::hidden_checks;
use crate::domain::development::red::prove_red;
use crate::domain::development::suite::{GreenProof, RedProof, SuiteRun, prove_green, shortened};
use crate::domain::development::test_failure::NewTests;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::notice::{Progress, SpecRunStep};
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{AgentAnswer, JobId};
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{
    RedTests, Snapshot, SpecStage, TaskTry, WrittenCode, WrittenTests,
};
use crate::domain::policy::prepare_proposal;
use crate::domain::spec::types::Spec;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::test_run::Tested;
use crate::flow::review::belonging;
use crate::flow::review::conventions::Conventions;
use crate::flow::review::request::Stopped;
use crate::flow::run::base;
use crate::flow::run::left_out;
use crate::flow::run::prepare::Prepared;
use crate::flow::run::suite;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Unavailable, Workspace};
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::file;
use crate::platform::store::lock::Wait;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::store::test_results;

/// A run with what its jobs need.
pub(super) struct SpecSession<'a> {
    /// With the person's repository.
    pub context: Context<'a>,
    /// The run's own.
    pub private: &'a Repo,
    pub prepared: &'a Prepared,
    pub client: AgentClient<'a>,
    pub interrupts: Interrupts,
    pub folder: &'a RunFolder,
    pub run: SpecRun,
    /// The tip of the base that was spoken of last.
    told_tip: Option<Oid>,
    /// The conventions of the code base, once they are known.
    pub rules: Arc<Mutex<Option<KnownRules>>>,
}

/// The conventions of a tree: all of it is walked for them.
pub(super) struct KnownRules {
    of: Oid,
    rules: Vec<String>,
}

/// What an executor is asked to write.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Tests,
    /// The code for these tests.
    Code(&'a RedTests),
}

impl<'a> SpecSession<'a> {
    pub fn new(
        context: Context<'a>,
        private: &'a Repo,
        prepared: &'a Prepared,
        folder: &'a RunFolder,
        run: SpecRun,
    ) -> Result<Self> {
        let interrupts = Interrupts::listen().context("could not listen for signals")?;
        let (state_dir, id) = (context.repo.state_dir(), run.id.clone());
        let client = AgentClient {
            env: context.env,
            policy: &prepared.effective.policy,
            agent_env: roles::agent_env(context.repo, context.env, &prepared.agents_home),
            state_dir: context.repo.state_dir(),
            run: run.id.clone(),
            shares_with: Box::new(move || {
                let run = runs::load_spec(&state_dir, &id)?;
                Ok(run.map(|run| run.progress().all_reviews()).unwrap_or_default())
            }),
            folder: folder.path().to_owned(),
            interrupts,
            ledger: Mutex::default(),
            unusable: Mutex::default(),
            notices: context.notices,
        };
        let told_tip = Some(run.about.base.clone());
        let rules = Arc::default();
        Ok(Self { context, private, prepared, client, interrupts, folder, run, told_tip, rules })
    }

    /// Says once of each tip that the base moved to.
    pub(super) fn tell_moved_base(&mut self) {
        let about = &self.run.about;
        let tip = self.context.repo.tip(&about.base_ref).ok().flatten();
        if tip == self.told_tip {
            return;
        }
        self.told_tip = tip;
        if let Some(commits) = base::moved_by(self.context.repo, about) {
            let (spec, name) = (about.spec_id.clone(), about.base_name.clone());
            let moved = SpecRunStep::BaseMoved { spec, name, commits };
            self.context.notify(Progress::SpecRun(moved));
        }
    }

    pub(super) fn perform_job(
        &mut self,
        job: &JobId,
        stage: SpecStage,
    ) -> Result<(SpecOutcome, Vec<AgentAnswer>)> {
        let outcome = match stage {
            SpecStage::TestingBase => self.test_base()?,
            SpecStage::WritingSpec { drafts, ask } => return self.write_spec(job, &drafts, &ask),
            SpecStage::ReviewingSpec(drafts) => return self.review_spec(job, &drafts),
            SpecStage::RecordingSpec(agreed) => {
                self.run.about.research = self.research_of(&agreed.plan)?;
                self.record_spec(job, &agreed)?
            }
            SpecStage::Diagnosing(ask) => return self.diagnose(job, &ask),
            SpecStage::Classifying => return self.tell_size(job),
            SpecStage::Researching(ask) => return self.research(job, &ask),
            SpecStage::Splitting(ask) => return self.split(job, &ask),
            SpecStage::WritingPlan(plans) => return self.write_plan(job, &plans),
            SpecStage::ReviewingPlan(plans) => return self.review_plan(job, &plans),
            SpecStage::ListingTasks { plan, ask } => return self.list_tasks(job, &plan, &ask),
            SpecStage::WritingTests(ask) => return self.work(job, &ask, Wanted::Tests),
            SpecStage::ProvingRed(written) => self.prove_red(&written)?,
            SpecStage::WritingCode { red, ask } => {
                return self.work(job, &ask, Wanted::Code(&red));
            }
            SpecStage::ProvingGreen { red, code } => self.prove_green(&red, &code)?,
            SpecStage::Reviewing { red, code } => {
                SpecOutcome::Reviewed(self.review_task(&red, &code)?)
            }
            SpecStage::Joining(task) => self.join(&task)?,
            SpecStage::Committing(task) => self.commit(job, &task)?,
            SpecStage::Recording => self.record_decisions(job)?,
            SpecStage::Accepting
                if self.run.progress().review().is_none() && self.is_behind()? =>
            {
                SpecOutcome::BaseMoved
            }
            SpecStage::ProposingPages => return self.propose_pages(job),
            SpecStage::ProposingRule => self.propose_rule(job)?,
            SpecStage::Rebasing(_) => self.rebase()?,
            SpecStage::Accepting => SpecOutcome::Reviewed(self.review_all()?),
            SpecStage::Documenting(whole) => self.document(job, &whole)?,
            SpecStage::Publishing(built) => self.publish(&built)?,
            SpecStage::Learning(built) => self.learn(&built)?,
            SpecStage::Keeping(built) => self.keep(&built)?,
            SpecStage::Waiting(_)
            | SpecStage::Planned(_)
            | SpecStage::Built(_)
            | SpecStage::Paused(_)
            | SpecStage::Ended(_) => {
                anyhow::bail!("`{job}` is no job")
            }
        };
        Ok((outcome, Vec::new()))
    }

    /// The context of what works in the run's own repository.
    pub(super) fn private_context(&self) -> Context<'_> {
        Context { repo: self.private, ..self.context }
    }

    /// The policy of the base, which may have moved since the run was prepared.
    pub(super) fn effective(&self) -> Result<Cow<'_, EffectivePolicy>> {
        let tree = &self.run.about.base_tree;
        if *tree == self.prepared.about.base_tree {
            return Ok(Cow::Borrowed(&self.prepared.effective));
        }
        let read = policy::read_policy(self.private_context(), Some(tree), RuleSelection::All);
        read.map(Cow::Owned)
    }

    /// What the task that is built now was begun upon; else what the next commit stands on.
    pub(super) fn head(&self) -> Snapshot {
        self.run.progress().head(&self.run.about)
    }

    /// The folder in which agents of this run read and write.
    pub(super) fn workspace(&self) -> Result<Workspace> {
        let beside =
            self.run.progress().begun.as_ref().map(|begun| format!("-{}", begun.workspace()));
        let name = format!("run-{}{}", self.run.id, beside.unwrap_or_default());
        let folder = checkout::root(self.private).join(name);
        Workspace::try_acquire(&folder, Wait::FOR_ITS_END)?
            .with_context(|| format!("another process works on the run `{}`", self.run.id))
    }

    /// A file that no other task has that is worked on meanwhile.
    fn file_of_task(&self, stem: &str) -> PathBuf {
        let begun = self.run.progress().begun.as_ref();
        let number = begun.map(|begun| format!("-{}", begun.before + 1));
        self.folder.path().join(format!("{stem}{}.txt", number.unwrap_or_default()))
    }

    /// The file with what the last step of the task left out.
    pub(super) fn left_out(&self) -> PathBuf {
        self.file_of_task("left-out")
    }

    /// What failed commands printed last.
    fn printed_file(&self) -> PathBuf {
        self.file_of_task("printed")
    }

    /// The nonce of the fences in the prompt of a job.
    pub(super) fn fence_nonce(&self, job: &JobId) -> String {
        let (seed, call) = (&self.run.about.seed, self.run.call_key(job));
        let token = blake3::hash(format!("{seed}/token/{call}").as_bytes());
        token.to_hex()[..12].to_owned()
    }

    pub(super) fn test(&self, at: &Snapshot, ignored: Ignored) -> Result<SuiteRun> {
        let context = self.private_context();
        match suite::run(context, &self.prepared.effective, &self.head(), at, ignored)? {
            Tested::Ran(suite) => Ok(suite),
            Tested::Interrupted(signal) => Err(self.stopped(signal)),
        }
    }

    fn test_base(&self) -> Result<SpecOutcome> {
        // What an earlier run left may not make a test pass.
        let suite = self.test(&self.head(), Ignored::Go)?;
        test_results::keep(self.folder, 0, &suite)?;
        let broken = suite.broken();
        let wrong = match suite.not_run() {
            Some(why) => Some(why),
            None if !broken.is_empty() => {
                Some(format!("`{}` cannot be built or collected", broken.join("`, `")))
            }
            None => None,
        };
        let cannot_start = suite.not_run().is_some() || !broken.is_empty();
        let commands = &self.prepared.effective.policy.commands;
        let wrong = wrong
            .or_else(|| commands.iter().find_map(|one| hidden_checks(&suite, &one.name, &one.run)));
        let came = match wrong {
            None => Ok(()),
            Some(why) => {
                let proposed = if cannot_start { self.proposed_preparation() } else { Vec::new() };
                Err([vec![why], suite.last_lines(), proposed].concat())
            }
        };
        if came.is_ok() {
            let (passed, failing) = (suite.passed(), shortened(suite.failing()));
            self.context.notify(Progress::SpecRun(SpecRunStep::BaseTested { passed, failing }));
        }
        Ok(SpecOutcome::BaseTested(came))
    }

    /// What to write into the policy where the tests may need what only the network has; nothing where the policy
    /// prepares already, or nothing shows that.
    fn proposed_preparation(&self) -> Vec<String> {
        if !self.prepared.effective.policy.prepare.is_empty() {
            return Vec::new();
        }
        let (objects, tree) = (&self.private.objects, &self.run.about.base_tree);
        let read = |file: &str| shown_text::of_file(objects, tree, BStr::new(file));
        let Some(lines) = prepare_proposal::lines(read) else { return Vec::new() };
        let first = "tests run without the network here; where they need what the lock file names, these lines in \
             `tribunal.toml` of the base have it fetched once, after `tribunal trust`:";
        let lines = lines.into_iter().map(|line| format!("    {line}"));
        [first.to_owned()].into_iter().chain(lines).collect()
    }

    fn prove_red(&self, written: &WrittenTests) -> Result<SpecOutcome> {
        // What tests that were refused left behind, as compiled ones, is not run with those that replace them, nor what is
        // built beside it.
        let is_first = written.number == 1 && !self.run.progress().has_others_beside();
        let ignored = if is_first { Ignored::Stay } else { Ignored::Go };
        let now = self.test(&written.at, ignored)?;
        let (objects, tree) = (&self.private.objects, &written.at.tree);
        let read = |file: &str| shown_text::of_file(objects, tree, file.as_bytes().as_bstr());
        let files = &written.files;
        let text: String = files.iter().filter_map(|file| read(file)).collect();
        let paths = self.paths();
        let tests = NewTests { text: &text, files, paths, read: &read };
        let before = suite::before_task(self.folder, &self.run)?;
        let mut proof = match self.removal() {
            Some(removal) => removal.prove_red(&before, &now, tests),
            None => prove_red(&before, &now, tests),
        };
        if let RedProof::Unproven(why) = &mut proof {
            why.extend(left_out::of_last(&self.left_out()));
        }
        let printed =
            if matches!(proof, RedProof::Unproven(_)) { now.printed() } else { String::new() };
        self.keep_printed(&printed)?;
        Ok(SpecOutcome::Red(proof))
    }

    fn prove_green(&self, red: &RedTests, code: &WrittenCode) -> Result<SpecOutcome> {
        let base = suite::before_task(self.folder, &self.run)?;
        let base = self.kept_of(self.run.progress().before(), base);
        let mut now = self.test(&code.at, Ignored::Stay)?;
        let mut proof = prove_green(&base, &red.failing, &now);
        let was_green = matches!(proof, GreenProof::Green(_));
        if was_green || self.run.progress().has_others_beside() {
            // Once more without anything that tests or builds left behind: what passes by that, or passes by
            // chance, fails here, and what others left that are built beside it says nothing.
            now = self.test(&code.at, Ignored::Go)?;
            proof = match self.weigh_green(&red.failing, &code.at, &now)? {
                GreenProof::Red(why) if was_green => {
                    let first = "it passed once, and not again in a fresh checkout".to_owned();
                    GreenProof::Red([vec![first], why].concat())
                }
                again => again,
            };
        }
        match &mut proof {
            GreenProof::Green(_) => suite::keep_after_task(self.folder, &self.run, &now)?,
            GreenProof::Red(why) => why.extend(left_out::of_last(&self.left_out())),
            GreenProof::Lost(_) | GreenProof::NotRun(_) => {}
        }
        let printed =
            if matches!(proof, GreenProof::Red(_)) { now.printed() } else { String::new() };
        self.keep_printed(&printed)?;
        Ok(SpecOutcome::Green(proof))
    }

    /// Keeps what failed commands printed, for the executor.
    fn keep_printed(&self, printed: &str) -> Result<()> {
        let path = self.printed_file();
        match printed {
            "" => Ok(file::remove_if_there(&path)?),
            printed => file::write_atomic(&path, printed.as_bytes()),
        }
    }

    /// What failed commands printed; empty at the first try.
    pub(super) fn printed(&self, ask: &TaskTry) -> String {
        if ask.refused.is_empty() {
            return String::new();
        }
        let read = file::read(&self.printed_file()).unwrap_or_default();
        redact_str(&String::from_utf8_lossy(&read))
    }

    /// What is built, as it is known by now: one that is written of an idea was not there when the run began.
    pub(super) fn spec(&self) -> Result<Cow<'_, Spec>> {
        // Of an earlier version more may be known now than was when it began.
        let is_fixed = !self.run.about.spec.dropped.is_empty();
        Ok(match self.run.progress().written {
            _ if is_fixed => Cow::Owned(belonging::parse_spec(&self.run.about.spec)?),
            Some(_) => Cow::Owned(belonging::parse_spec(&self.run.about.spec)?),
            None => Cow::Borrowed(&self.prepared.spec),
        })
    }

    /// The conventions of the code base for the paths of the spec.
    pub(super) fn rules(&self) -> Result<Vec<String>> {
        let tree = &self.run.about.base_tree;
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.of == *tree) {
            return Ok(known.rules.clone());
        }
        let files = diff::trees(&self.private.objects, None, Some(tree))?;
        let conventions = Conventions::of(self.private_context(), Some(tree))?;
        let rules = conventions.for_files(&files);
        *known = Some(KnownRules { of: tree.clone(), rules: rules.clone() });
        Ok(rules)
    }

    /// Turns an interrupted checkout into [`Stopped`].
    pub(super) fn or_stopped<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match error.downcast_ref() {
            Some(Unavailable::Interrupted(signal)) => self.stopped(*signal),
            _ => error,
        })
    }

    pub(super) fn stopped(&self, signal: i32) -> anyhow::Error {
        Stopped { run: self.run.id.clone(), signal }.into()
    }
}
