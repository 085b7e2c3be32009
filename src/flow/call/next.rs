//! What follows a call that did not answer, how long to wait, and what tokens cost.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use crate::domain::model::agent::{Money, Tokens};
use crate::domain::policy::agents::Price;
use crate::platform::agents::ask::Outcome;

/// The longest wait before another try.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How many times the base is waited for at first where a limit does not say when it ends.
const UNSTATED: u32 = 60;

/// How the calls for one question went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Those that failed for a passing reason.
    pub transient: u32,
    /// Those that met a rate limit; they are no tries.
    pub limited: u32,
}

/// What follows a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is what there is.
    Done,
    /// Another try, after a wait of up to this long.
    Again(Duration),
    /// The service wants to be left alone until then.
    Until(Timestamp),
}

/// Decides what follows a call, by how those before it went.
pub fn after(
    outcome: &Outcome,
    so_far: SoFar,
    retries: u32,
    base: Duration,
    now: Timestamp,
) -> Next {
    match outcome {
        Outcome::Transient { .. } if so_far.transient < retries => {
            Next::Again(doubled(base, so_far.transient).min(BACKOFF_MAX))
        }
        Outcome::RateLimited { until, .. } => {
            // A service that says `in a second` again and again is asked ever less often.
            let first = if until.is_some() { base } else { base * UNSTATED };
            let least = later(now, doubled(first, so_far.limited));
            Next::Until(until.map_or(least, |until| until.max(least)))
        }
        _ => Next::Done,
    }
}

/// Some part of a wait, so that many that wait do not come back at once.
pub fn jittered(most: Duration, part: u32) -> Duration {
    most.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

/// A time so much later; the end of time where there is none.
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn doubled(base: Duration, times: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(times))
}

/// What tokens cost by a price, rounded up; `None` where the tokens are not known.
pub fn money_of(tokens: Tokens, price: Price) -> Option<Money> {
    let (input, output) = (tokens.input?, tokens.output?);
    let cached = tokens.cached.unwrap_or(0).min(input);
    let part = |count: u64, price: Money| u128::from(count) * u128::from(price.0);
    let all = part(input - cached, price.input)
        + part(cached, price.cached.unwrap_or(price.input))
        + part(output, price.output);
    Some(Money(u64::try_from(all.div_ceil(1_000_000)).unwrap_or(u64::MAX)))
}

/// The name of a call: the question's, and from the second on its number.
pub fn numbered(key: &str, so_far: SoFar) -> String {
    match so_far.transient + so_far.limited {
        0 => key.to_owned(),
        before => format!("{key}.{}", before + 1),
    }
}

/// A random number.
pub fn draw() -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "any of its bits will do")]
    let part = Ulid::generate().random() as u32;
    part
}
