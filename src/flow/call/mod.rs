//! Calls agents: each call is made once, redacted, and within the budgets.
//!
//! A call whose reply is stored is never made again. A call that was killed is made again under the
//! same key and counts once.

pub mod roles;
pub mod route;
pub mod apart;
pub mod attacker;
mod budget;
mod failover;
pub mod listing;
pub mod cleanup;
pub mod client;
pub mod folder;
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
use crate::domain::model::agent::{AgentIdentity, Cost, Money};
use crate::flow::call::budget::Of;
use crate::flow::call::client::{AgentClient, AgentQuestion};
use crate::flow::call::failover::cannot_be_asked;
use crate::flow::call::folder::{CallFolder, StoredReply, redacted};
use crate::flow::call::limit_wait::Waited;
use crate::flow::call::retry::{
    AfterCall, CallHistory, jittered, later, money_of, next_step, numbered, random,
};
use crate::flow::call::roles::AssignedAgent;
use crate::platform::agents::ask::{Outcome, Reply, Request};
use crate::platform::config::env::{backoff_base, now};
use crate::platform::store::ledger::call::{Begun, Call, Limits, UNDER_WAY};
use crate::platform::ui::time::local;

impl AgentClient<'_> {
    /// Calls the agent until it answers or fails for good: transient failures are retried, a rate limit
    /// is waited for, and where the role has other agents the next one is asked. The reply is redacted.
    ///
    /// # Errors
    ///
    /// Where a file or the ledger cannot be written; a failure of the agent is a reply.
    pub fn ask(&self, question: &AgentQuestion<'_>) -> Result<Reply> {
        // Commands refuse earlier, with messages of their own; this holds for every call.
        nested_call::refuse(self.env, "no agent can be asked", "ask once the call is over")?;
        let base = backoff_base(self.env);
        let patience = later(now(self.env), self.policy.agents.wait);
        let (mut history, mut out) = (CallHistory::default(), Vec::new());
        loop {
            let key = numbered(question.key, history);
            let kept = self.stored_reply(&key, question)?;
            let before = kept.as_ref().map(|kept| kept.ended);
            let (to, reply) = if let Some(kept) = kept {
                (asked(question, &kept.reply), kept.reply)
            } else {
                let to = self.choose(question.to, &out)?;
                self.tell_passed_over(question.to, to)?;
                (to, self.call_once(&key, question, to, patience)?)
            };
            let retries = self.policy.agents.retries;
            let time = before.unwrap_or_else(|| now(self.env));
            match next_step(&reply.outcome, history, retries, base, time) {
                AfterCall::Done if !cannot_be_asked(&reply.outcome) => return Ok(reply),
                AfterCall::Done => {
                    self.rule_out(&to.name);
                    out.push(to.name.clone());
                    let Some(next) = self.next_after(question.to, &to.name, &out)? else {
                        return Ok(reply);
                    };
                    history.passed_on += 1;
                    if before.is_none() {
                        self.tell_next(&to.name, &reply.outcome, next);
                    }
                }
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
                    self.store_wait(to, until, reply.outcome.why(), before.is_some())?;
                    if before.is_some() {
                        continue;
                    }
                    match self.next_after(question.to, &to.name, &out)? {
                        Some(next) => self.tell_next(&to.name, &reply.outcome, next),
                        None if until > patience => return Ok(reply),
                        None => {}
                    }
                }
            }
        }
    }

    /// Whether the stored replies settle a question, so that asking it makes no call.
    pub fn is_settled(&self, key: &str, to: &AssignedAgent) -> bool {
        self.replies(key, to.others.len()).1
    }

    /// Removes the stored replies to a question, so that it is asked again.
    pub fn discard_replies(&self, key: &str, to: &AssignedAgent) -> Result<()> {
        self.replies(key, to.others.len()).0.iter().try_for_each(CallFolder::remove_reply)
    }

    /// The calls for a question that have a stored reply, and whether the last one settles it. `others`
    /// is how many agents may be asked in the place of the first.
    fn replies(&self, key: &str, others: usize) -> (Vec<CallFolder>, bool) {
        let (retries, base) = (self.policy.agents.retries, backoff_base(self.env));
        let (mut folders, mut history) = (Vec::new(), CallHistory::default());
        loop {
            let folder = CallFolder::of(&self.folder, &numbered(key, history));
            let Some(kept) = folder.reply() else { return (folders, false) };
            folders.push(folder);
            let outcome = &kept.reply.outcome;
            match next_step(outcome, history, retries, base, kept.ended) {
                AfterCall::Done
                    if cannot_be_asked(outcome) && history.passed_on < count(others) =>
                {
                    history.passed_on += 1;
                }
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
            let call = self.call_of(key, asked(question, &kept.reply), kept.started);
            self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        }
        Ok(Some(kept))
    }

    /// Makes one call, unless a rate limit or a budget prevents it.
    fn call_once(
        &self,
        key: &str,
        question: &AgentQuestion<'_>,
        to: &AssignedAgent,
        patience: Timestamp,
    ) -> Result<Reply> {
        let not_made = |outcome: Outcome| {
            let by = AgentIdentity {
                agent: to.name.clone(),
                family: to.agent.family().to_owned(),
                ..AgentIdentity::default()
            };
            let cost = Cost { money: Some(Money(0)), ..Cost::default() };
            Ok(Reply { outcome, cost, by, took_ms: 0 })
        };
        if let Some(wait) = self.limit_of(to, now(self.env))? {
            let (name, until) = (&to.name, wait.until);
            match self.wait_until(name, until, patience) {
                Waited::Over => {}
                Waited::Interrupted(signal) => return not_made(Outcome::Interrupted(signal)),
                Waited::TooLong => {
                    let why = format!("`{name}` is at its rate limit until {}", local(until));
                    return not_made(Outcome::RateLimited { until: Some(until), why });
                }
            }
        }
        if let Some(signal) = self.interrupts.received() {
            // Nothing was sent, and nothing counts.
            return not_made(Outcome::Interrupted(signal));
        }
        let estimate = budget::estimate(self.policy, to, question.prompt);
        if let Some(estimate) = estimate.filter(|estimate| *estimate > to.settings.budget) {
            return not_made(Outcome::OverBudget { why: budget::over_role(to, estimate) });
        }
        let call = self.call_of(key, to, now(self.env));
        let limits = self.limits(call.started)?;
        let over = |of, counted| {
            let why = budget::over(of, self.policy.budget, counted, call.budget);
            not_made(Outcome::OverBudget { why })
        };
        match self.with_ledger(|ledger| ledger.begin_call(&call, &limits))? {
            Begun::Yes => self.make_call(key, question, to, &call, estimate),
            Begun::OverRun(counted) => over(Of::Run, counted),
            Begun::OverDay(counted) => over(Of::Day, counted),
        }
    }

    /// Makes the call and stores its reply.
    fn make_call(
        &self,
        key: &str,
        question: &AgentQuestion<'_>,
        to: &AssignedAgent,
        call: &Call,
        estimate: Option<Money>,
    ) -> Result<Reply> {
        let folder = CallFolder::of(&self.folder, key);
        // The prompt is built from redacted text; this makes sure of it.
        let prompt = redact::redact_str(question.prompt);
        let settings = &to.settings;
        let counts_for = budget::counts_for(estimate, question.access, settings.budget);
        let request = Request {
            role: to.role,
            model: to.model(),
            effort: to.effort(),
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
        folder.store_estimate(counts_for)?;
        let raw = to.agent.ask(&request, self.agent_env, self.interrupts);
        folder.redact()?;
        let mut reply = redacted(&raw)?;
        let priced = self.price(&mut reply, to);
        let (started, ended) = (call.started, now(self.env));
        let kept = StoredReply { started, ended, priced, estimate: Some(counts_for), reply };
        if !matches!(kept.reply.outcome, Outcome::Interrupted(_)) {
            folder.store_reply(&kept)?;
        }
        self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        Ok(kept.reply)
    }

    /// Computes the cost from the price table where the program reports none; returns whether it did.
    fn price(&self, reply: &mut Reply, to: &AssignedAgent) -> bool {
        if reply.cost.money.is_some() {
            return false;
        }
        let names = [reply.by.model.as_str(), to.settings.model.as_str(), to.name.as_str()];
        let price = budget::price_of(self.policy, &names);
        reply.cost.money = price.and_then(|price| money_of(reply.cost.tokens, *price));
        reply.cost.money.is_some()
    }

    fn call_of(&self, key: &str, assigned: &AssignedAgent, started: Timestamp) -> Call {
        let is_free = budget::is_free(self.policy, assigned);
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
            // Known from the beginning, whatever becomes of the call.
            cost: Cost { money: is_free.then_some(Money(0)), ..Cost::default() },
            priced: is_free,
            budget: assigned.settings.budget,
        }
    }

    fn limits(&self, time: Timestamp) -> Result<Limits> {
        let budget = self.policy.budget;
        let mut runs = vec![self.run.clone()];
        runs.extend((self.shares_with)()?);
        Ok(Limits { run: budget.run, runs, day: budget.day, day_began: day_of(time)? })
    }
}

/// The first moment of a day, as everywhere here in UTC.
pub fn day_of(time: Timestamp) -> Result<Timestamp> {
    Ok(time.to_zoned(TimeZone::UTC).start_of_day()?.timestamp())
}

fn interrupted(reply: Reply, signal: i32) -> Reply {
    Reply { outcome: Outcome::Interrupted(signal), ..reply }
}

/// The agent that gave a stored reply, where it is still one of those that may.
fn asked<'q>(question: &AgentQuestion<'q>, reply: &Reply) -> &'q AssignedAgent {
    question.to.all().find(|agent| agent.name == reply.by.agent).unwrap_or(question.to)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
