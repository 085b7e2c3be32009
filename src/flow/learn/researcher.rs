//! Asks the researcher for drafts of rules.

use std::sync::Mutex;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::model::agent::Role;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::settings::Policy;
use crate::flow::call::cleanup::clean_up_calls;
use crate::flow::call::client::{AgentClient, AgentQuestion};
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::learn::drafting::DraftReply;
use crate::platform::agents::ask::{Access, Outcome};
use crate::platform::config::env::now;
use crate::platform::config::random;
use crate::platform::process::Interrupts;
use crate::platform::store::permissions;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::notice;

/// Calls the researcher, which is looked up at the first question.
pub(super) struct Researcher<'a> {
    context: Context<'a>,
    policy: &'a Policy,
    /// The id under which the calls are stored, as those of a run are. It is no run: it has no state,
    /// and `tribunal runs` does not list it.
    run: String,
    folder: Option<RunFolder>,
    /// How many questions were asked.
    asked: u32,
}

impl<'a> Researcher<'a> {
    pub fn new(context: Context<'a>, policy: &'a Policy) -> Self {
        let run = random::id().to_string();
        Self { context, policy, run, folder: None, asked: 0 }
    }

    /// Asks one question. The agent works in an empty folder: all its input is in the prompt.
    pub fn ask(&mut self, prompt: &str, schema: &Value) -> Result<DraftReply> {
        if self.policy.agents.route == RouteChoice::C {
            return Ok(DraftReply::NoAgent("no agent is asked: `agents.route` is `C`".to_owned()));
        }
        let home = roles::agents_home(self.context.repo);
        let agent_env = roles::agent_env(self.context.repo, self.context.env, &home);
        let assigned = match roles::find_agent(self.policy, Role::Researcher, agent_env) {
            Ok(assigned) => assigned,
            Err(missing) => {
                return Ok(DraftReply::NoAgent(format!(
                    "{} (hint: {})",
                    missing.message, missing.hint
                )));
            }
        };
        let state_dir = self.context.repo.state_dir();
        if self.folder.is_none() {
            // Cleans up after killed drafts: no other command may run here.
            clean_up_calls(&state_dir, self.context.env, self.context.notices)?;
            runs::remove_stateless(&state_dir, runs::long_ago(now(self.context.env)))?;
            self.folder = Some(RunFolder::create(&state_dir, &self.run)?);
        }
        let folder = self
            .folder
            .as_ref()
            .context("another process holds the folder of the draft")?
            .path()
            .to_owned();
        let room = folder.join("room");
        permissions::make_dir(&room)
            .with_context(|| format!("could not make `{}`", room.display()))?;
        let client = AgentClient {
            env: self.context.env,
            policy: self.policy,
            agent_env,
            state_dir,
            run: self.run.clone(),
            shares_with: Box::new(|| Ok(Vec::new())),
            folder,
            interrupts: Interrupts::listen().context("could not listen for signals")?,
            ledger: Mutex::default(),
            unusable: Mutex::default(),
            notices: &notice::log,
        };
        self.asked += 1;
        let reply = client.ask(&AgentQuestion {
            to: &assigned,
            key: &format!("draft-{}", self.asked),
            prompt,
            schema: Some(schema),
            access: Access::Read,
            dir: &room,
        })?;
        Ok(draft_reply(&reply.outcome, &assigned.name))
    }
}

fn draft_reply(outcome: &Outcome, name: &str) -> DraftReply {
    let why = || {
        let because = outcome.why();
        let colon = if because.is_empty() { "" } else { ": " };
        format!("`{}`: {}{colon}{because}", name, outcome.as_str())
    };
    match outcome {
        Outcome::Answered(answer) => match &answer.json {
            Some(json) => DraftReply::Answer { json: json.clone(), by: name.to_owned() },
            None => DraftReply::Unreadable("the answer was no JSON object".to_owned()),
        },
        Outcome::Malformed { why } => DraftReply::Unreadable(why.clone()),
        Outcome::Interrupted(_) => DraftReply::Interrupted,
        Outcome::CouldNotStart { .. }
        | Outcome::NotLoggedIn { .. }
        | Outcome::RateLimited { .. }
        | Outcome::QuotaUsedUp { .. }
        | Outcome::OverBudget { .. } => DraftReply::NoAgent(why()),
        Outcome::Refused { .. }
        | Outcome::TimedOut { .. }
        | Outcome::Killed { .. }
        | Outcome::Failed { .. }
        | Outcome::ContextTooLong { .. }
        | Outcome::Transient { .. } => DraftReply::Nothing(why()),
    }
}
