//! Waits for the end of a rate limit, and stores it in the ledger.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::notice::Progress;
use crate::flow::call::client::AgentClient;
use crate::flow::call::retry::{jittered, later, random};
use crate::platform::config::env::{backoff_base, now};

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
    /// Stores the end of an agent's rate limit. A killed process may not have stored its own; an older
    /// limit never shortens a newer one.
    pub(super) fn store_wait(
        &self,
        agent: &str,
        until: Timestamp,
        from_before: bool,
    ) -> Result<()> {
        if from_before {
            let time = now(self.env);
            let known = self.with_ledger(|ledger| ledger.wait(agent, time))?;
            if until <= time || known.is_some_and(|known| known >= until) {
                return Ok(());
            }
        }
        self.with_ledger(|ledger| ledger.keep_wait(agent, until))
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
