//! Decides what follows a failed call, computes waits, and prices tokens.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::model::agent::{Money, Tokens};
use crate::domain::policy::agent_settings::Price;
use crate::platform::agents::ask::Outcome;
use crate::platform::config::random;

/// The longest wait before another try.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The first wait for a rate limit that names no end, in multiples of the base.
const UNSTATED: u32 = 60;

/// The longest limit that is believed: services count by the hour, the week and the month.
const PLAUSIBLE: Duration = Duration::from_hours(32 * 24);

/// The failed calls for one question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallHistory {
    /// Those with a transient failure.
    pub transient: u32,
    /// Those that met a rate limit; they do not count as retries.
    pub limited: u32,
    /// Those after which another agent was asked.
    pub passed_on: u32,
}

/// What follows a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCall {
    /// The reply stands.
    Done,
    /// Another try, after a wait of up to this long.
    Again(Duration),
    /// The rate limit ends then.
    Until(Timestamp),
}

/// Decides what follows a call, by the calls before it.
pub fn next_step(
    outcome: &Outcome,
    history: CallHistory,
    retries: u32,
    base: Duration,
    now: Timestamp,
) -> AfterCall {
    match outcome {
        Outcome::Transient { .. } if history.transient < retries => {
            AfterCall::Again(doubled(base, history.transient).min(BACKOFF_MAX))
        }
        Outcome::RateLimited { until, .. } => {
            let until = until.filter(|until| *until <= later(now, PLAUSIBLE));
            // Where the service names a short wait again and again, the waits still grow.
            let first = if until.is_some() { base } else { base * UNSTATED };
            let least = later(now, doubled(first, history.limited));
            AfterCall::Until(until.map_or(least, |until| until.max(least)))
        }
        _ => AfterCall::Done,
    }
}

/// A random part of a wait, so that waiting processes do not all continue at once.
pub fn jittered(most: Duration, part: u32) -> Duration {
    most.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

/// The time after a wait; the latest time that exists where that overflows.
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(times))
}

/// The cost of tokens, rounded up; `None` where the tokens are not known, unless each is free.
pub fn money_of(tokens: Tokens, price: Price) -> Option<Money> {
    if price.is_free() {
        return Some(Money(0));
    }
    let (input, output) = (tokens.input?, tokens.output?);
    let cached = tokens.cached.unwrap_or(0).min(input);
    let part = |count: u64, price: Money| u128::from(count) * u128::from(price.0);
    let all = part(input - cached, price.input)
        + part(cached, price.cached.unwrap_or(price.input))
        + part(output, price.output);
    Some(Money(u64::try_from(all.div_ceil(1_000_000)).unwrap_or(u64::MAX)))
}

/// The name of a call: the question's, and from the second on its number.
pub fn numbered(key: &str, history: CallHistory) -> String {
    match history.transient + history.limited + history.passed_on {
        0 => key.to_owned(),
        before => format!("{key}.{}", before + 1),
    }
}

/// A random number.
pub fn random() -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "any of its bits will do")]
    let part = random::number() as u32;
    part
}
