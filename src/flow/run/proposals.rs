//! What a run proposes beside its tasks: changes of documents, and a rule that findings of its reviews led to.

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};
use serde_json::Value;

use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::proposal::{ProposalKind, ProposedCommit};
use crate::domain::pipeline::spec_run::stage::ReviewedTask;
use crate::domain::planning::page_changes;
use crate::domain::planning::page_changes::{PageChange, PagesNow};
use crate::domain::planning::prompt;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::switch::Switch;
use crate::flow::call::client::AgentQuestion;
use crate::flow::evaluate::shown_text;
use crate::flow::learn::drafting::{AskAgent, DraftReply};
use crate::flow::learn::on_branch::{BranchLearned, BranchRule, rule_upon};
use crate::flow::learn::researcher::draft_reply;
use crate::flow::review::request::AskError;
use crate::flow::run::base::files_between;
use crate::flow::run::planning::{PlanningQuestion, PlanningResult};
use crate::flow::run::session::SpecSession;
use crate::platform::agents::ask::Access;
use crate::platform::store::ledger::query::SightingRow;
use crate::platform::store::permissions;
use crate::platform::store::runs;

impl SpecSession<'_> {
    /// Asks which lines of the project's documents are untrue by what was built, and commits what is taken.
    pub(super) fn propose_pages(&self, job: &JobId) -> PlanningResult {
        let (objects, head) = (&self.private.objects, self.head());
        let read = |path: &String| {
            let content = shown_text::whole(objects, &head.tree, BStr::new(path))?;
            Some((path.clone(), String::from_utf8(content).ok()?))
        };
        let pages: Vec<(String, String)> =
            self.run.about.documents.iter().filter_map(read).collect();
        if pages.is_empty() {
            return Ok((SpecOutcome::Proposed(Ok(None)), Vec::new()));
        }
        let built = files_between(self.private, &self.run.about.base_tree, &head.tree)?;
        let has = |path: &str| {
            matches!(objects.entry(&head.tree, path.as_bytes().as_bstr()), Ok(Some(_)))
        };
        let now = PagesNow { pages: &pages, has: &has };
        let parse = |answer: &Value| -> Result<Vec<PageChange>, String> {
            let changes = page_changes::parse(answer)?;
            page_changes::changed(&changes, now).map_err(|why| why.join("; "))?;
            Ok(changes)
        };
        let (asked, answers) = self.with_prompt(job, &[], &|ask| {
            let question = PlanningQuestion {
                to: &self.prepared.planner,
                prompt: prompt::pages(ask, &built, &pages),
                schema: page_changes::schema(),
                parse: &parse,
            };
            self.ask_about(job, ask.fence_nonce, &question)
        })?;
        let changes = match asked {
            Ok(changes) => changes,
            Err(AskError::Malformed { why, .. }) => {
                let why = vec![format!("changes of documents: {why}")];
                return Ok((SpecOutcome::Proposed(Err(why)), answers));
            }
            Err(AskError::Failed(failure)) => return Ok((SpecOutcome::Failed(failure), answers)),
        };
        let files = page_changes::changed(&changes, now).unwrap_or_default();
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        if files.is_empty() {
            return Ok((SpecOutcome::Proposed(Ok(None)), answers));
        }
        let subject = format!("docs: tell what `{}` changed", self.run.about.spec_id);
        let outcome = self.propose(job, &files, subject, ProposalKind::Pages(paths))?;
        Ok((outcome, answers))
    }

    /// Proposes a rule where a mistake that its reviews found came back often enough, and its check is proved.
    pub(super) fn propose_rule(&self, job: &JobId) -> Result<SpecOutcome> {
        let state_dir = self.context.repo.state_dir();
        let (about, head) = (&self.run.about, self.head());
        let mut keys = Vec::new();
        for review in &self.run.progress().reviews {
            keys.extend(runs::load(&state_dir, review)?.map(|run| run.about.change_key));
        }
        let is_own = |row: &SightingRow| {
            row.sighting.first_seen >= about.started && keys.contains(&row.sighting.change)
        };
        let room = self.folder.path().join("room");
        permissions::make_private_dir(&room)
            .with_context(|| format!("could not make `{}`", room.display()))?;
        let mut number = 0;
        let mut ask = |prompt: &str, schema: &Value| -> Result<DraftReply> {
            number += 1;
            let researcher = &self.prepared.researcher;
            let reply = self.client.ask(&AgentQuestion {
                to: researcher,
                key: &format!("{}-{number}", self.run.call_key(job)),
                prompt,
                schema: Some(schema),
                access: Access::Read,
                dir: &room,
            })?;
            Ok(draft_reply(&reply.outcome, &researcher.name))
        };
        let policy = &self.prepared.effective.policy;
        // What an agent writes is read by a review: of one task none comes after this.
        let may_ask = !self.run.progress().is_one_task()
            && policy.learn.draft == Switch::On
            && policy.agents.route != RouteChoice::C;
        let ask: Option<&mut AskAgent<'_>> = if may_ask { Some(&mut ask) } else { None };
        let context = self.private_context();
        let came = rule_upon(context, (&head.commit, &head.tree), &is_own, ask);
        let BranchRule { rule, text } = match came {
            Ok(BranchLearned::Rule(rule)) => rule,
            Ok(BranchLearned::Nothing(why)) if why.is_empty() => {
                return Ok(SpecOutcome::Proposed(Ok(None)));
            }
            Ok(BranchLearned::Nothing(why)) => {
                let why = why.into_iter().map(|why| format!("a rule for {why}"));
                return Ok(SpecOutcome::Proposed(Err(why.collect())));
            }
            Ok(BranchLearned::Interrupted) => {
                return Err(self.stopped(self.interrupts.received().unwrap_or_default()));
            }
            Err(error) => {
                return Ok(SpecOutcome::Proposed(Err(vec![format!("a rule: {error:#}")])));
            }
        };
        let path = rule.at.path.clone();
        let subject = format!("chore: propose a rule for `{}`", rule.class);
        let what = ProposalKind::Rule { id: rule.id, title: rule.title, path: path.clone() };
        self.propose(job, &[(path, text)], subject, what)
    }

    /// Commits it by itself. What the gates of a commit stop is not proposed.
    fn propose(
        &self,
        job: &JobId,
        files: &[(String, String)],
        subject: String,
        what: ProposalKind,
    ) -> Result<SpecOutcome> {
        let tree = match self.with_files(&self.head().tree, files)? {
            Ok(tree) => tree,
            Err(why) => return Ok(SpecOutcome::Proposed(Err(why))),
        };
        let task = ReviewedTask { subject, ..ReviewedTask::of_program(tree) };
        Ok(match self.commit(job, &task)? {
            SpecOutcome::Committed(Ok(at)) => {
                SpecOutcome::Proposed(Ok(Some(ProposedCommit { at, what })))
            }
            SpecOutcome::Committed(Err(why)) => SpecOutcome::Proposed(Err(why)),
            other => other,
        })
    }
}
