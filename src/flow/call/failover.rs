//! Which agent of a role is asked: the first that can be, and the next where one turns out not to be.

use std::sync::PoisonError;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::notice::Progress;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::platform::agents::ask::Outcome;
use crate::platform::config::env::now;
use crate::platform::ui::time::local;

/// Whether an agent that ended so is not to be asked again before somebody did something about it. A
/// limit passes by itself, and is kept in the ledger.
pub(super) fn cannot_be_asked(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::CouldNotStart { .. }
        | Outcome::NotLoggedIn { .. }
        | Outcome::QuotaUsedUp { .. } => true,
        Outcome::Answered(_)
        | Outcome::Refused { .. }
        | Outcome::Malformed { .. }
        | Outcome::TimedOut { .. }
        | Outcome::Killed { .. }
        | Outcome::Failed { .. }
        | Outcome::ContextTooLong { .. }
        | Outcome::RateLimited { .. }
        | Outcome::Transient { .. }
        | Outcome::OverBudget { .. }
        | Outcome::Interrupted(_) => false,
    }
}

impl AgentClient<'_> {
    /// The agent to ask: the first that may be asked now, else the one whose limit ends first. Those of
    /// `out` were asked this very question.
    pub(super) fn choose<'t>(
        &self,
        to: &'t AssignedAgent,
        out: &[String],
    ) -> Result<&'t AssignedAgent> {
        if to.others.is_empty() {
            return Ok(to);
        }
        let mut limited: Option<(Timestamp, &AssignedAgent)> = None;
        for agent in self.usable(to, out) {
            match self.limit_of(agent, now(self.env))? {
                None => return Ok(agent),
                Some(wait) if limited.is_none_or(|(until, _)| wait.until < until) => {
                    limited = Some((wait.until, agent));
                }
                Some(_) => {}
            }
        }
        Ok(limited.map_or(to, |(_, agent)| agent))
    }

    /// The agent that is asked in the place of `from`, which ended so; `None` where there is none.
    pub(super) fn next_after<'t>(
        &self,
        to: &'t AssignedAgent,
        from: &str,
        out: &[String],
    ) -> Result<Option<&'t AssignedAgent>> {
        let next = self.choose(to, out)?;
        let is_free = || Ok::<_, anyhow::Error>(self.limit_of(next, now(self.env))?.is_none());
        Ok(if next.name != from && !out.contains(&next.name) && is_free()? {
            Some(next)
        } else {
            None
        })
    }

    pub(super) fn tell_next(&self, from: &str, outcome: &Outcome, next: &AssignedAgent) {
        let why = match outcome.why() {
            "" => outcome.as_str().to_owned(),
            why => format!("{}: {why}", outcome.as_str()),
        };
        self.tell_in_place(from, &next.name, why);
    }

    /// Says that the first agent of a role is passed over, and why.
    pub(super) fn tell_passed_over(&self, first: &AssignedAgent, to: &AssignedAgent) -> Result<()> {
        if first.name != to.name {
            let why = match self.limit_of(first, now(self.env))? {
                Some(wait) => format!("at its limit until {}", local(wait.until)),
                None => "it could not be asked before".to_owned(),
            };
            self.tell_in_place(&first.name, &to.name, why);
        }
        Ok(())
    }

    /// Says it once for all questions of this process.
    fn tell_in_place(&self, from: &str, to: &str, why: String) {
        let (from, to) = (from.to_owned(), to.to_owned());
        let mut known = self.unusable.lock().unwrap_or_else(PoisonError::into_inner);
        if known.told.insert([from.clone(), to.clone()]) {
            (self.notices)(&Progress::AskedInPlace { from, to, why }.into());
        }
    }

    /// Has the other questions of this process not put to an agent that cannot be asked.
    pub(super) fn rule_out(&self, agent: &str) {
        let mut unusable = self.unusable.lock().unwrap_or_else(PoisonError::into_inner);
        unusable.agents.insert(agent.to_owned());
    }

    fn usable<'t>(&self, to: &'t AssignedAgent, out: &[String]) -> Vec<&'t AssignedAgent> {
        let unusable = self.unusable.lock().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<_> = to.all().filter(|agent| !out.contains(&agent.name)).collect();
        let known = |agent: &&&AssignedAgent| !unusable.agents.contains(&agent.name);
        let usable: Vec<_> = left.iter().filter(known).copied().collect();
        if usable.is_empty() { left } else { usable }
    }
}
