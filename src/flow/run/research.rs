//! Asks what is known elsewhere and what fits the code, before a plan is written.
//!
//! Each question is a process of its own. Those on the web work in an empty folder, and the one over the code base has
//! no web: what reads pages that anybody wrote has nothing of the code that it could give away.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::model::text::short_id;
use crate::domain::model::web::WebRecord;
use crate::domain::pipeline::job::{AgentAnswer, CallFailure, JobId};
use crate::domain::pipeline::spec_run::outcome::{ResearchCame, SpecOutcome};
use crate::domain::pipeline::spec_run::stage::Snapshot;
use crate::domain::research::address::{KeptAddresses, strike};
use crate::domain::research::answer::{ShardAnswer, parse, schema};
use crate::domain::research::page;
use crate::domain::research::prompt::{ResearchPrompt, question};
use crate::domain::research::record::{ResearchRecord, ResearchTry, ShardResult};
use crate::domain::research::shard::ResearchShard;
use crate::domain::review::prompt::spec_text;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::belonging;
use crate::flow::review::request::{AskError, ParsedRequest, request_parsed, without_secrets};
use crate::flow::run::planning::PlanningResult;
use crate::flow::run::session::SpecSession;
use crate::flow::workspace::checkout::Ignored;
use crate::platform::agents::ask::{Access, Answer};
use crate::platform::store::file;
use crate::platform::store::permissions;
use crate::platform::store::runs;

/// The file with what was found, in the folder of a run.
pub fn file_of(folder: &Path) -> PathBuf {
    folder.join("research-result.md")
}

/// The agent on the web: the first that can search, and in its place only others that can.
fn on_web(researcher: &AssignedAgent) -> Option<AssignedAgent> {
    let mut able = researcher.all().filter(|one| one.agent.can_search()).cloned();
    let first = able.next()?;
    Some(AssignedAgent { others: able.collect(), ..first })
}

/// One question, ready to be asked.
struct ShardQuestion<'a> {
    shard: ResearchShard,
    to: &'a AssignedAgent,
    key: String,
    prompt: String,
    dir: PathBuf,
}

/// A question with what came of it.
type ShardReply = (Result<ShardResult, CallFailure>, Vec<AgentAnswer>);

impl SpecSession<'_> {
    /// Asks the questions that are open, side by side as far as the settings allow.
    pub(super) fn research(&self, job: &JobId, ask: &ResearchTry) -> PlanningResult {
        if let Some((answered, notes)) = self.earlier_research(ask)? {
            self.keep_research(ask, &answered, &notes)?;
            let came = ResearchCame { answered, notes, failed: None };
            return Ok((SpecOutcome::Researched(Box::new(came)), Vec::new()));
        }
        let researcher = &self.prepared.researcher;
        let web = on_web(researcher);
        let mut notes = Vec::new();
        if web.is_none() {
            notes.push(format!(
                "`{}` cannot search the web: only the code base was looked into, and there are no sources",
                researcher.name
            ));
        }
        let open = ask.open().into_iter().filter(|shard| web.is_some() || !shard.is_on_web());
        let open: Vec<ResearchShard> = open.collect();
        let workspace = self.workspace()?;
        if open.contains(&ResearchShard::Code) {
            let Snapshot { tree, commit } = &self.head();
            let checkout =
                workspace.checkout(self.private, tree, Some(commit), Ignored::Go, self.interrupts);
            self.or_stopped(checkout)?;
        }
        let room = self.folder.path().join("room");
        permissions::make_private_dir(&room)
            .with_context(|| format!("could not make `{}`", room.display()))?;
        let (spec, nonce) = (spec_text(&*self.spec()?), self.fence_nonce(job));
        let prompt = ResearchPrompt { spec: &spec, note: &ask.note, fence_nonce: &nonce };
        let questions: Vec<ShardQuestion<'_>> = open
            .into_iter()
            .map(|shard| ShardQuestion {
                shard,
                to: web.as_ref().filter(|_| shard.is_on_web()).unwrap_or(researcher),
                key: format!("{}-{}", self.run.call_key(job), shard.as_str()),
                prompt: question(shard, prompt),
                dir: if shard.is_on_web() { room.clone() } else { workspace.work() },
            })
            .collect();
        let parallel = self.prepared.effective.policy.agents.parallel;
        let (mut answered, mut answers, mut failed) = (ask.answered.clone(), Vec::new(), None);
        for (reply, given) in ask_all(&self.client, &nonce, &questions, parallel)? {
            answers.extend(given);
            match reply {
                Ok(result) => answered.push(result),
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        answered.sort_by_key(|one| one.shard);
        if failed.is_none() {
            self.keep_research(ask, &answered, &notes)?;
        }
        let came = ResearchCame { answered, notes, failed };
        Ok((SpecOutcome::Researched(Box::new(came)), answers))
    }

    /// What `tribunal research` found of what this spec asks for and of this code, with where it is from: it is not paid again.
    fn earlier_research(
        &self,
        ask: &ResearchTry,
    ) -> Result<Option<(Vec<ShardResult>, Vec<String>)>> {
        let about = &self.run.about;
        if about.is_research_only() || !ask.note.is_empty() || !ask.answered.is_empty() {
            return Ok(None);
        }
        let state_dir = self.context.repo.state_dir();
        let asked_of = spec_text(&*self.spec()?);
        for id in runs::list(&state_dir)? {
            let Ok(Some(run)) = runs::load_spec(&state_dir, &id) else { continue };
            // What is no part of the question may differ: a draft is ready by now.
            let is_same = run.about.is_research_only()
                && run.about.base_tree == about.base_tree
                && belonging::parse_spec(&run.about.spec)
                    .is_ok_and(|spec| spec_text(&spec) == asked_of);
            if let Some(found) = run.machine.spec.research.filter(|_| is_same) {
                let from =
                    format!("it is what the run {} of `tribunal research` found", short_id(&id));
                return Ok(Some((found.shards, [found.notes, vec![from]].concat())));
            }
        }
        Ok(None)
    }

    fn keep_research(
        &self,
        ask: &ResearchTry,
        answered: &[ShardResult],
        notes: &[String],
    ) -> Result<()> {
        let record = ResearchRecord {
            why: ask.why.clone(),
            shards: answered.to_vec(),
            notes: notes.to_vec(),
        };
        let page = page::page(&self.run.about.title, &record);
        file::write_atomic(&file_of(self.folder.path()), page.as_bytes())
    }

    /// What was found, as a page; empty where there was no research.
    pub(super) fn research_page(&self) -> String {
        let found = self.run.progress().research.as_ref();
        found.map(|record| page::page(&self.run.about.title, record)).unwrap_or_default()
    }
}

/// Asks so many at once; one that a budget refused beside others is asked again alone, since what they may cost is
/// set aside while they are under way.
fn ask_all(
    client: &AgentClient<'_>,
    token: &str,
    questions: &[ShardQuestion<'_>],
    parallel: usize,
) -> Result<Vec<ShardReply>> {
    let threads = parallel.min(questions.len());
    let (open, ended) = (Mutex::new(questions.iter()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let next = open.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(question) = next else { return };
            let reply = ask_one(client, token, question);
            ended.lock().unwrap_or_else(PoisonError::into_inner).push((question, reply));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut replies = Vec::new();
    for (question, reply) in ended.into_inner().unwrap_or_else(PoisonError::into_inner) {
        replies.push(match reply? {
            (Err(CallFailure::Budget(_)), _) if threads > 1 => ask_one(client, token, question)?,
            reply => reply,
        });
    }
    Ok(replies)
}

fn ask_one(
    client: &AgentClient<'_>,
    token: &str,
    question: &ShardQuestion<'_>,
) -> Result<ShardReply> {
    let schema = schema();
    let request = ParsedRequest {
        to: question.to,
        key: &question.key,
        prompt: &question.prompt,
        token,
        dir: &question.dir,
        schema: &schema,
        access: if question.shard.is_on_web() { Access::Search } else { Access::Read },
    };
    // What was searched for before an answer was asked for again counts as well.
    let web = Mutex::new(WebRecord::default());
    let read = |answer: &Answer| -> Result<ShardAnswer, String> {
        web.lock().unwrap_or_else(PoisonError::into_inner).take(answer.web.clone());
        let json: &Value = answer.json.as_ref().ok_or("it holds no JSON object")?;
        parse(&without_secrets(json))
    };
    let (answer, answers) = request_parsed(client, &request, &read)?;
    let web = web.into_inner().unwrap_or_else(PoisonError::into_inner);
    let by = answers.last().map(|one| one.agent.clone()).unwrap_or_default();
    let unread = ShardResult {
        shard: question.shard,
        by,
        answer: None,
        searches: web.searches,
        is_recorded: !web.pages.is_empty(),
        sources: Vec::new(),
        struck: 0,
    };
    let result = match answer {
        Ok(answer) => {
            let KeptAddresses { answer, sources, struck } = strike(answer, &web);
            Ok(ShardResult { answer: Some(answer), sources, struck, ..unread })
        }
        // The others say enough for a plan.
        Err(AskError::Malformed { .. }) => Ok(unread),
        Err(AskError::Failed(failure)) => Err(failure),
    };
    Ok((result, answers))
}
