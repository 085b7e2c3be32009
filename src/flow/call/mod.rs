//! Calls agents: each call is made once, redacted, and within the budgets.
//!
//! A call whose reply is stored is never made again. A call that was killed is made again under the
//! same key and counts once.

pub mod roles;
pub mod route;
pub mod cleanup;
pub mod client;
mod folder;
pub mod nested_call;
mod retry;
#[cfg(test)]
mod tests;
mod limit_wait;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::gates::secrets::redact;
use crate::domain::model::agent::{Cost, Money};
use crate::flow::call::client::{AgentClient, AgentQuestion};
use crate::flow::call::folder::{CallFolder, StoredReply, redacted};
use crate::flow::call::limit_wait::Waited;
use crate::flow::call::retry::{
    AfterCall, CallHistory, jittered, later, money_of, next_step, numbered, random,
};
use crate::platform::agents::ask::{AgentIdentity, Outcome, Reply, Request};
use crate::platform::config::env::{backoff_base, now};
use crate::platform::store::ledger::call::{Begun, Call, Limits, UNDER_WAY};
use crate::platform::ui::time::local;

/// The name in the price table that stands for every model that it does not name.
const ANY_MODEL: &str = "default";

impl AgentClient<'_> {
    /// Calls the agent until it answers or fails for good: transient failures are retried, a rate limit
    /// is waited for. The reply is redacted.
    ///
    /// # Errors
    ///
    /// Where a file or the ledger cannot be written; a failure of the agent is a reply.
    pub fn ask(&self, question: &AgentQuestion<'_>) -> Result<Reply> {
        // Commands refuse earlier, with messages of their own; this holds for every call.
        nested_call::refuse(self.env, "no agent can be asked", "ask once the call is over")?;
        let base = backoff_base(self.env);
        let patience = later(now(self.env), self.policy.agents.wait);
        let mut history = CallHistory::default();
        loop {
            let key = numbered(question.key, history);
            let (reply, before) = match self.stored_reply(&key, question)? {
                Some(kept) => (kept.reply, Some(kept.ended)),
                None => (self.call_once(&key, question, patience)?, None),
            };
            let retries = self.policy.agents.retries;
            let time = before.unwrap_or_else(|| now(self.env));
            match next_step(&reply.outcome, history, retries, base, time) {
                AfterCall::Done => return Ok(reply),
                AfterCall::Again(most) => {
                    history.transient += 1;
                    let pause = match before {
                        None => jittered(most, random()),
                        Some(_) => Duration::ZERO,
                    };
                    if let Some(signal) = self.interrupts.wait(pause) {
                        return Ok(interrupted(reply, signal));
                    }
                }
                AfterCall::Until(until) => {
                    history.limited += 1;
                    self.store_wait(&question.to.name, until, before.is_some())?;
                    if before.is_none() && until > patience {
                        return Ok(reply);
                    }
                }
            }
        }
    }

    /// Whether the stored replies settle a question, so that asking it makes no call.
    pub fn is_settled(&self, key: &str) -> bool {
        self.replies(key).1
    }

    /// Removes the stored replies to a question, so that it is asked again.
    pub fn discard_replies(&self, key: &str) -> Result<()> {
        self.replies(key).0.iter().try_for_each(CallFolder::remove_reply)
    }

    /// The calls for a question that have a stored reply, and whether the last one settles it.
    fn replies(&self, key: &str) -> (Vec<CallFolder>, bool) {
        let (retries, base) = (self.policy.agents.retries, backoff_base(self.env));
        let (mut folders, mut history) = (Vec::new(), CallHistory::default());
        loop {
            let folder = CallFolder::of(&self.folder, &numbered(key, history));
            let Some(kept) = folder.reply() else { return (folders, false) };
            folders.push(folder);
            match next_step(&kept.reply.outcome, history, retries, base, kept.ended) {
                AfterCall::Done => return (folders, true),
                AfterCall::Again(_) => history.transient += 1,
                AfterCall::Until(_) => history.limited += 1,
            }
        }
    }

    /// Reads the stored reply of a call, and records its cost where that is missing.
    fn stored_reply(&self, key: &str, question: &AgentQuestion<'_>) -> Result<Option<StoredReply>> {
        let Some(kept) = CallFolder::of(&self.folder, key).reply() else { return Ok(None) };
        let counted = self.with_ledger(|ledger| ledger.calls_of(&self.run))?;
        if !counted.iter().any(|call| call.key == key && call.outcome != UNDER_WAY) {
            let call = self.call_of(key, question, kept.started);
            self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        }
        Ok(Some(kept))
    }

    /// Makes one call, unless a rate limit or a budget prevents it.
    fn call_once(
        &self,
        key: &str,
        question: &AgentQuestion<'_>,
        patience: Timestamp,
    ) -> Result<Reply> {
        let assigned = question.to;
        let by = AgentIdentity {
            agent: assigned.name.clone(),
            family: assigned.agent.family().to_owned(),
            version: String::new(),
            model: assigned.settings.model.clone(),
        };
        let not_made = |outcome: Outcome| {
            let cost = Cost { money: Some(Money(0)), ..Cost::default() };
            Ok(Reply { outcome, cost, by: by.clone(), took_ms: 0 })
        };
        let time = now(self.env);
        if let Some(until) = self.with_ledger(|ledger| ledger.wait(&assigned.name, time))? {
            let name = &assigned.name;
            match self.wait_until(name, until, patience) {
                Waited::Over => {}
                Waited::Interrupted(signal) => return not_made(Outcome::Interrupted(signal)),
                Waited::TooLong => {
                    let why = format!("`{name}` is at its rate limit until {}", local(until));
                    return not_made(Outcome::RateLimited { until: Some(until), why });
                }
            }
        }
        let call = self.call_of(key, question, now(self.env));
        let limits = self.limits(call.started)?;
        match self.with_ledger(|ledger| ledger.begin_call(&call, &limits))? {
            Begun::Yes => self.make_call(key, question, &call),
            Begun::OverRun(spent) => {
                let why = over_budget("run", self.policy.budget.run, spent, call.budget);
                not_made(Outcome::OverBudget { why })
            }
            Begun::OverDay(spent) => {
                let why = over_budget("day", self.policy.budget.day, spent, call.budget);
                not_made(Outcome::OverBudget { why })
            }
        }
    }

    /// Makes the call and stores its reply.
    fn make_call(&self, key: &str, question: &AgentQuestion<'_>, call: &Call) -> Result<Reply> {
        let folder = CallFolder::of(&self.folder, key);
        // The prompt is built from redacted text; this makes sure of it.
        let prompt = redact::redact_str(question.prompt);
        let settings = &question.to.settings;
        let request = Request {
            role: question.to.role,
            model: Some(settings.model.as_str()).filter(|model| !model.is_empty()),
            effort: Some(settings.effort.as_str()).filter(|effort| !effort.is_empty()),
            prompt: &prompt,
            schema: question.schema,
            access: question.access,
            dir: question.dir,
            folder: &folder.prepare(&prompt)?,
            note: Some(&folder.note()),
            wall: settings.timeout,
            idle: settings.idle,
            budget: Some(settings.budget),
        };
        let raw = question.to.agent.ask(&request, self.agent_env, self.interrupts);
        folder.redact()?;
        let mut reply = redacted(&raw)?;
        let priced = self.price(&mut reply, &settings.model);
        let kept = StoredReply { started: call.started, ended: now(self.env), priced, reply };
        if !matches!(kept.reply.outcome, Outcome::Interrupted(_)) {
            folder.store_reply(&kept)?;
        }
        self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        Ok(kept.reply)
    }

    /// Computes the cost from the price table where the program reports none; returns whether it did.
    fn price(&self, reply: &mut Reply, asked: &str) -> bool {
        if reply.cost.money.is_some() {
            return false;
        }
        let nothing_ran = match reply.outcome {
            Outcome::CouldNotStart { .. } => true,
            // Without a login the service runs nothing.
            Outcome::NotLoggedIn { .. } => reply.cost.tokens.output.is_none(),
            _ => false,
        };
        if nothing_ran {
            reply.cost.money = Some(Money(0));
            return false;
        }
        let prices = &self.policy.prices;
        let known = [reply.by.model.as_str(), asked, ANY_MODEL];
        let price = known.into_iter().find_map(|model| prices.get(model));
        reply.cost.money = price.and_then(|price| money_of(reply.cost.tokens, *price));
        reply.cost.money.is_some()
    }

    fn call_of(&self, key: &str, question: &AgentQuestion<'_>, started: Timestamp) -> Call {
        let assigned = question.to;
        Call {
            run: self.run.clone(),
            key: key.to_owned(),
            role: assigned.role,
            agent: assigned.name.clone(),
            family: assigned.agent.family().to_owned(),
            model: assigned.settings.model.clone(),
            version: String::new(),
            started,
            ended: None,
            outcome: UNDER_WAY.to_owned(),
            cost: Cost::default(),
            priced: false,
            budget: assigned.settings.budget,
        }
    }

    fn limits(&self, time: Timestamp) -> Result<Limits> {
        let budget = self.policy.budget;
        Ok(Limits { run: budget.run, day: budget.day, day_began: day_of(time)? })
    }
}

/// The first moment of a day, as everywhere here in UTC.
pub fn day_of(time: Timestamp) -> Result<Timestamp> {
    Ok(time.to_zoned(TimeZone::UTC).start_of_day()?.timestamp())
}

fn interrupted(reply: Reply, signal: i32) -> Reply {
    Reply { outcome: Outcome::Interrupted(signal), ..reply }
}

fn over_budget(what: &str, limit: Money, spent: Money, call: Money) -> String {
    format!(
        "a call of up to {call} would break the budget of the {what}: {spent} of {limit} are spent"
    )
}
