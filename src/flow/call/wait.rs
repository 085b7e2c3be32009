//! Waits for a rate limit's end, and what is kept of it.

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::flow::call::client::Desk;
use crate::flow::call::next::{draw, jittered, later};
use crate::platform::config::env::{backoff_base, now};

/// How many times the base the jitter after a rate limit's reset may be.
const RESET_JITTER: u32 = 60;

/// How long a wait goes on without a look at the clock, which may have jumped while the machine
/// slept.
const LOOK: Duration = Duration::from_mins(1);

/// What became of a wait.
pub(super) enum Waited {
    Over,
    /// It would take longer than the policy allows.
    TooLong,
    Interrupted(i32),
}

impl Desk<'_> {
    /// Keeps until when an agent is to be left alone. A former process may have been killed before it
    /// kept that; what it met must not shorten a wait that was met since.
    pub(super) fn keep_wait(&self, agent: &str, until: Timestamp, from_before: bool) -> Result<()> {
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
        (self.tell)(&format!("`{name}` is at its rate limit: waiting until {}", clock(until)));
        let jitter = jittered(backoff_base(self.env) * RESET_JITTER, draw());
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

pub(super) fn clock(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
