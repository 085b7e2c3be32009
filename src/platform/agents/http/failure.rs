//! What a status that is not a good one means. Pure.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::Value;
use ureq::http::HeaderMap;

use crate::platform::agents::ask::Outcome;
use crate::platform::agents::reset_time::again_at;
use crate::platform::agents::text;

/// Words by which services say that there is no money left, whatever the status.
const NO_MONEY: [&str; 6] = [
    "insufficient_quota",
    "exceeded your current quota",
    "credit balance is too low",
    "billing_hard_limit",
    "out of credits",
    "insufficient credits",
];

/// Words by which services say that they were sent too much.
const TOO_LONG: [&str; 6] = [
    "context_length_exceeded",
    "prompt is too long",
    "maximum context length",
    "exceeds the context window",
    "exceeds the available context size",
    "request_too_large",
];

/// The outcome of an answer with that status.
pub fn outcome(status: u16, headers: &HeaderMap, body: &Value, now: Timestamp) -> Outcome {
    let error = body.get("error").unwrap_or(body);
    let message = error["message"].as_str().or_else(|| error.as_str());
    let why = match message {
        Some(message) if !message.trim().is_empty() => {
            text::reason_line(&format!("{status}: {message}"))
        }
        _ => format!("the server answered with the status {status}"),
    };
    let all = body.to_string().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| all.contains(word));
    match status {
        300..400 => {
            let why =
                format!("the server answered with a redirect ({status}), which is not followed");
            Outcome::CouldNotStart { why }
        }
        401 | 403 => Outcome::NotLoggedIn { why },
        402 => Outcome::QuotaUsedUp { why },
        400..500 if says(&NO_MONEY) => Outcome::QuotaUsedUp { why },
        413 => Outcome::ContextTooLong { why },
        429 => Outcome::RateLimited { until: until(headers, error, now), why },
        400..500 if says(&TOO_LONG) => Outcome::ContextTooLong { why },
        408 | 409 | 425 | 500.. => Outcome::Transient { why },
        _ => Outcome::CouldNotStart { why },
    }
}

/// When it may be asked again: by the headers, else by the body, else by the message.
fn until(headers: &HeaderMap, error: &Value, now: Timestamp) -> Option<Timestamp> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let after = |seconds: f64| now.checked_add(Duration::try_from_secs_f64(seconds).ok()?).ok();
    let second = |number: &str| Timestamp::from_second(number.parse().ok()?).ok();
    // A limit of which something is left is not the one that was met.
    let spent = |kind: &str| {
        let left = format!("x-ratelimit-remaining-{kind}");
        let reset = format!("x-ratelimit-reset-{kind}");
        let wait = header(&reset).filter(|_| header(&left) == Some("0"))?;
        again_at(&format!("again in {wait}"), now, &TimeZone::UTC)
    };
    header("retry-after")
        .and_then(|value| match value.parse() {
            Ok(seconds) => after(seconds),
            Err(_) => rfc2822::parse(value).ok().map(|date| date.timestamp()),
        })
        .or_else(|| header("anthropic-ratelimit-unified-reset").and_then(second))
        .or_else(|| Timestamp::from_second(error["resets_at"].as_i64()?).ok())
        .or_else(|| after(error["resets_in_seconds"].as_f64()?))
        .or_else(|| spent("requests").max(spent("tokens")))
        .or_else(|| again_at(error["message"].as_str()?, now, &TimeZone::UTC))
}
