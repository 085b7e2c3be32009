//! Waits for the end of a rate limit, and stores it in the ledger.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::notice::Progress;
use crate::flow::call::client::AgentClient;
use crate::flow::call::retry::{jittered, later, random};
use crate::flow::call::roles::AssignedAgent;
use crate::platform::config::env::{backoff_base, now};
use crate::platform::store::ledger::wait::AgentWait;

/// How many times the base the jitter after a rate limit's reset may be.
const RESET_JITTER: u32 = 60;

/// How long a wait goes on before it reads the clock, which may have jumped while the machine slept.
const LOOK: Duration = Duration::from_mins(1);

/// How a wait ended.
pub(super) enum Waited {
    Over,
    /// It would take longer than the policy allows.
    TooLong,
    Interrupted(i32),
}

impl AgentClient<'_> {
    /// The limit of an agent that is not over, with the account that it is asked with.
    pub(super) fn limit_of(
        &self,
        to: &AssignedAgent,
        time: Timestamp,
    ) -> Result<Option<AgentWait>> {
        let account = to.agent.account(self.agent_env);
        self.with_ledger(|ledger| ledger.wait(&to.name, &account.by, time))
    }

    /// Stores the end of an agent's rate limit. A killed process may not have stored its own; an older
    /// limit never shortens a newer one.
    pub(super) fn store_wait(
        &self,
        to: &AssignedAgent,
        until: Timestamp,
        why: &str,
        from_before: bool,
    ) -> Result<()> {
        let since = now(self.env);
        let known = self.limit_of(to, since)?;
        let is_known =
            |known: AgentWait| known.until == until || from_before && known.until > until;
        if known.is_some_and(is_known) || from_before && until <= since {
            return Ok(());
        }
        let account = to.agent.account(self.agent_env);
        let wait = AgentWait { agent: to.name.clone(), until, since, why: why.to_owned() };
        self.with_ledger(|ledger| ledger.keep_wait(&wait, &account.by))
    }

    pub(super) fn wait_until(&self, name: &str, until: Timestamp, patience: Timestamp) -> Waited {
        let time = now(self.env);
        if until > patience {
            return Waited::TooLong;
        }
        let agent = name.to_owned();
        (self.notices)(&Progress::WaitingForRateLimit { agent, until }.into());
        let jitter = jittered(backoff_base(self.env) * RESET_JITTER, random());
        let until = later(until, jitter);
        let left = |time: Timestamp| {
            Duration::try_from(until.duration_since(time)).unwrap_or(Duration::ZERO)
        };
        let (whole, began) = (left(time), Instant::now());
        loop {
            let rest = whole.saturating_sub(began.elapsed()).min(left(now(self.env)));
            if rest.is_zero() {
                return Waited::Over;
            }
            if let Some(signal) = self.interrupts.wait(rest.min(LOOK)) {
                return Waited::Interrupted(signal);
            }
        }
    }
}
