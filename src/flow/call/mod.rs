//! The desk over which every call to an agent goes: made once, without secrets, within the budgets.
//!
//! A call whose reply was kept is never made again. One that was killed on its way is made again
//! under its own name and counts once.

pub mod cast;
pub mod cleanup;
pub mod client;
mod folder;
pub mod inside;
mod next;
#[cfg(test)]
mod tests;
mod wait;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::gates::secrets::redact;
use crate::domain::model::agent::{Cost, Money};
use crate::flow::call::client::{Desk, Question};
use crate::flow::call::folder::{CallFolder, KeptReply, redacted};
use crate::flow::call::next::{Next, SoFar, after, draw, jittered, later, money_of, numbered};
use crate::flow::call::wait::{Waited, clock};
use crate::platform::agents::ask::{Identity, Outcome, Reply, Request};
use crate::platform::config::env::{backoff_base, now};
use crate::platform::store::ledger::call::{Begun, Call, Limits, UNDER_WAY};

/// The name in the price table that stands for every model that it does not name.
const ANY_MODEL: &str = "default";

impl Desk<'_> {
    /// Asks until there is an answer or a reason why there is none: what fails in passing is tried
    /// again, a rate limit is waited for. The reply is without secrets.
    ///
    /// An error is ours: no file could be written, the ledger could not be used.
    pub fn ask(&self, question: &Question<'_>) -> Result<Reply> {
        // Commands refuse earlier and in their own words; no call goes past here.
        inside::refuse(self.env, "no agent can be asked", "ask once the call is over")?;
        let base = backoff_base(self.env);
        let patience = later(now(self.env), self.policy.agents.wait);
        let mut so_far = SoFar::default();
        loop {
            let key = numbered(question.key, so_far);
            let (reply, before) = match self.kept(&key, question)? {
                Some(kept) => (kept.reply, Some(kept.ended)),
                None => (self.call_once(&key, question, patience)?, None),
            };
            let retries = self.policy.agents.retries;
            let time = before.unwrap_or_else(|| now(self.env));
            match after(&reply.outcome, so_far, retries, base, time) {
                Next::Done => return Ok(reply),
                Next::Again(most) => {
                    so_far.transient += 1;
                    let pause = match before {
                        None => jittered(most, draw()),
                        Some(_) => Duration::ZERO,
                    };
                    if let Some(signal) = self.interrupts.wait(pause) {
                        return Ok(interrupted(reply, signal));
                    }
                }
                Next::Until(until) => {
                    so_far.limited += 1;
                    self.keep_wait(&question.player.name, until, before.is_some())?;
                    if before.is_none() && until > patience {
                        return Ok(reply);
                    }
                }
            }
        }
    }

    /// Whether a question has the last reply that it gets, so that asking it makes no call.
    pub fn is_settled(&self, key: &str) -> bool {
        self.replies(key).1
    }

    /// Forgets the replies to a question, for which nothing is left to show: it is asked again.
    pub fn forget(&self, key: &str) -> Result<()> {
        self.replies(key).0.iter().try_for_each(CallFolder::forget)
    }

    /// The calls for a question that have a reply, and whether the last of these settles it.
    fn replies(&self, key: &str) -> (Vec<CallFolder>, bool) {
        let (retries, base) = (self.policy.agents.retries, backoff_base(self.env));
        let (mut folders, mut so_far) = (Vec::new(), SoFar::default());
        loop {
            let folder = CallFolder::of(&self.folder, &numbered(key, so_far));
            let Some(kept) = folder.reply() else { return (folders, false) };
            folders.push(folder);
            match after(&kept.reply.outcome, so_far, retries, base, kept.ended) {
                Next::Done => return (folders, true),
                Next::Again(_) => so_far.transient += 1,
                Next::Until(_) => so_far.limited += 1,
            }
        }
    }

    /// The reply that a call of that name left, with its cost in the ledger.
    fn kept(&self, key: &str, question: &Question<'_>) -> Result<Option<KeptReply>> {
        let Some(kept) = CallFolder::of(&self.folder, key).reply() else { return Ok(None) };
        let counted = self.with_ledger(|ledger| ledger.calls_of(&self.run))?;
        if !counted.iter().any(|call| call.key == key && call.outcome != UNDER_WAY) {
            let call = self.call_of(key, question, kept.started);
            self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        }
        Ok(Some(kept))
    }

    /// One call, unless a wait or a budget is in its way.
    fn call_once(&self, key: &str, question: &Question<'_>, patience: Timestamp) -> Result<Reply> {
        let player = question.player;
        let by = Identity {
            agent: player.name.clone(),
            family: player.agent.family().to_owned(),
            version: String::new(),
            model: player.settings.model.clone(),
        };
        let not_made = |outcome: Outcome| {
            let cost = Cost { money: Some(Money(0)), ..Cost::default() };
            Ok(Reply { outcome, cost, by: by.clone(), took_ms: 0 })
        };
        let time = now(self.env);
        if let Some(until) = self.with_ledger(|ledger| ledger.wait(&player.name, time))? {
            let name = &player.name;
            match self.wait_until(name, until, patience) {
                Waited::Over => {}
                Waited::Interrupted(signal) => return not_made(Outcome::Interrupted(signal)),
                Waited::TooLong => {
                    let why = format!("`{name}` wants to be left alone until {}", clock(until));
                    return not_made(Outcome::RateLimited { until: Some(until), why });
                }
            }
        }
        let call = self.call_of(key, question, now(self.env));
        let limits = self.limits(call.started)?;
        match self.with_ledger(|ledger| ledger.begin_call(&call, &limits))? {
            Begun::Yes => self.make(key, question, &call),
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

    /// Makes the call and keeps what came of it.
    fn make(&self, key: &str, question: &Question<'_>, call: &Call) -> Result<Reply> {
        let folder = CallFolder::of(&self.folder, key);
        // Whoever built the prompt has done this; here it is made sure.
        let prompt = redact::redact_str(question.prompt);
        let settings = &question.player.settings;
        let request = Request {
            role: question.player.role,
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
        let raw = question.player.agent.ask(&request, self.around, self.interrupts);
        folder.redact()?;
        let mut reply = redacted(&raw)?;
        let priced = self.price(&mut reply, &settings.model);
        let kept = KeptReply { started: call.started, ended: now(self.env), priced, reply };
        if !matches!(kept.reply.outcome, Outcome::Interrupted(_)) {
            folder.keep_reply(&kept)?;
        }
        self.with_ledger(|ledger| ledger.end_call(&kept.end(call.clone())))?;
        Ok(kept.reply)
    }

    /// Computes the money where the program reports none; tells whether it did.
    fn price(&self, reply: &mut Reply, asked: &str) -> bool {
        if reply.cost.money.is_some() {
            return false;
        }
        let nothing_ran = match reply.outcome {
            Outcome::CouldNotStart { .. } => true,
            // A service answers nobody whom it does not know.
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

    fn call_of(&self, key: &str, question: &Question<'_>, started: Timestamp) -> Call {
        let player = question.player;
        Call {
            run: self.run.clone(),
            key: key.to_owned(),
            role: player.role,
            agent: player.name.clone(),
            family: player.agent.family().to_owned(),
            model: player.settings.model.clone(),
            version: String::new(),
            started,
            ended: None,
            outcome: UNDER_WAY.to_owned(),
            cost: Cost::default(),
            priced: false,
            budget: player.settings.budget,
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
