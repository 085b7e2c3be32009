//! Asks the researcher for drafts of rules.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::model::agent::Role;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::settings::Policy;
use crate::flow::call::apart::CallsApart;
use crate::flow::call::client::AgentQuestion;
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::learn::drafting::DraftReply;
use crate::platform::agents::ask::{Access, Outcome};
use crate::platform::ui::notice;

/// Calls the researcher, which is looked up at the first question.
pub(super) struct Researcher<'a> {
    context: Context<'a>,
    policy: &'a Policy,
    calls: Option<CallsApart>,
    /// How many questions were asked.
    asked: u32,
}

impl<'a> Researcher<'a> {
    pub fn new(context: Context<'a>, policy: &'a Policy) -> Self {
        Self { context, policy, calls: None, asked: 0 }
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
        if self.calls.is_none() {
            self.calls = Some(CallsApart::begin(self.context)?);
        }
        let calls = self.calls.as_ref().context("the folder of the draft is not there")?;
        let room = calls.room()?;
        let client = calls.client(self.context, self.policy, agent_env, &notice::log)?;
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

/// What an agent of that name replied to a question for a draft.
pub fn draft_reply(outcome: &Outcome, name: &str) -> DraftReply {
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
