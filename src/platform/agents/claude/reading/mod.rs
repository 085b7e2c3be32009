//! What the output of `claude` comes to. Pure, but for the zone of this machine's user, in which it tells
//! times that have none.
//!
//! Neither its exit code nor its word `success` can be relied on: a refused key is a `success`, and
//! so is an answer without the object that was asked for. Only its last line tells.

mod searches;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::model::agent::{Cost, Money, Tokens};
use crate::domain::model::web::WebRecord;
use crate::platform::agents::ask::{Answer, Outcome, ParsedOutput};
use crate::platform::agents::call::{Exit, ProgramOutput, stopped};
use crate::platform::agents::reset_time::again_at;
use crate::platform::agents::text::{last_line, object_in, reason_line};
use crate::platform::config::env::zone;

/// One line of its stream; what is not needed is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    System {
        #[serde(default)]
        model: Option<String>,
    },
    RateLimitEvent {
        rate_limit_info: Limit,
    },
    Result(Box<End>),
    /// What a tool gave.
    User {
        #[serde(default, rename = "tool_use_result")]
        result: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Limit {
    status: String,
    #[serde(default, rename = "resetsAt")]
    resets_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct End {
    #[serde(default)]
    subtype: String,
    is_error: bool,
    #[serde(default)]
    api_error_status: Option<u16>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
    #[serde(default)]
    structured_output: Option<Value>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    terminal_reason: Option<String>,
    #[serde(default)]
    total_cost_usd: Option<f64>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default, rename = "modelUsage")]
    by_model: Map<String, Value>,
    #[serde(default)]
    permission_denials: Vec<Value>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as the program names them")]
struct Usage {
    #[serde(alias = "inputTokens")]
    input_tokens: u64,
    #[serde(default, alias = "cacheCreationInputTokens")]
    cache_creation_input_tokens: u64,
    #[serde(default, alias = "cacheReadInputTokens")]
    cache_read_input_tokens: u64,
    #[serde(alias = "outputTokens")]
    output_tokens: u64,
}

/// Reads what a call left behind; `schema` tells whether an object was asked for.
pub fn read(ran: &ProgramOutput, schema: bool, now: Timestamp) -> ParsedOutput {
    let mut model = None;
    let mut reset = None;
    let mut end = None;
    let mut web = WebRecord::default();
    for line in ran.out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // A line that is cut off is not the end, whatever was said before.
        end = None;
        match serde_json::from_slice(line) {
            Ok(Line::System { model: named @ Some(_) }) => model = named,
            Ok(Line::RateLimitEvent { rate_limit_info: limit }) if limit.status == "rejected" => {
                reset = limit.resets_at.and_then(|at| Timestamp::from_second(at).ok());
            }
            Ok(Line::Result(last)) => end = Some(last),
            Ok(Line::User { result }) => searches::note(&result, &mut web),
            _ => {}
        }
    }
    let cost = end.as_ref().map(|end| end.cost()).unwrap_or_default();
    let outcome = stopped(ran.exit).unwrap_or_else(|| match &end {
        Some(end) => end.outcome(schema, reset, now),
        None => without_end(ran, now),
    });
    let outcome = match outcome {
        Outcome::Answered(answer) => Outcome::Answered(Answer { web, ..answer }),
        other => other,
    };
    ParsedOutput::new(outcome, cost, model)
}

/// The outcome of a program that did not say how it ended.
fn without_end(ran: &ProgramOutput, now: Timestamp) -> Outcome {
    let said = last_line(&ran.err);
    match ran.exit {
        Exit::Signal(signal) => {
            let why = reason_line(&format!("it was ended by signal {signal} {said}"));
            Outcome::Killed { why }
        }
        // As a shell reports the signals that ask a program to end.
        Exit::Code(code @ (129 | 130 | 137 | 143)) => {
            Outcome::Killed { why: format!("it was ended by signal {}", code - 128) }
        }
        _ if !ran.out.is_empty() => {
            Outcome::Transient { why: reason_line(&format!("its answer breaks off {said}")) }
        }
        Exit::Code(0) => {
            Outcome::Malformed { why: reason_line(&format!("it said nothing at all {said}")) }
        }
        Exit::Code(code) if said.is_empty() => {
            Outcome::Failed { why: format!("it ended with {code} and said nothing") }
        }
        _ => match by_words(&said, now) {
            Some(outcome) => outcome,
            // It says nothing but what it was not able to understand.
            None => Outcome::CouldNotStart { why: said },
        },
    }
}

/// What a text says by its words alone.
fn by_words(said: &str, now: Timestamp) -> Option<Outcome> {
    let lower = said.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let why = said.to_owned();
    if says(&["not logged in", "/login", "invalid api key", "authenticat"]) {
        Some(Outcome::NotLoggedIn { why })
    } else if says(&["credit balance", "insufficient credit", "out of credit"]) {
        Some(Outcome::QuotaUsedUp { why })
    } else if says(&["prompt is too long", "context window", "input length"]) {
        Some(Outcome::ContextTooLong { why })
    } else if says(&["hit your", "usage limit", "limit reached"]) && says(&["limit"]) {
        Some(Outcome::RateLimited { until: again_at(said, now, &zone()), why })
    } else if says(&["output token maximum"]) {
        Some(Outcome::Malformed { why })
    } else {
        None
    }
}

impl End {
    fn outcome(&self, schema: bool, reset: Option<Timestamp>, now: Timestamp) -> Outcome {
        let completed = self.terminal_reason.as_deref().is_none_or(|reason| reason == "completed");
        if !self.is_error && completed && self.subtype == "success" {
            return self.answer(schema);
        }
        let said = self.said();
        let why = said.clone();
        if self.stop_reason.as_deref() == Some("refusal") {
            return Outcome::Refused { why };
        }
        match (self.subtype.as_str(), self.terminal_reason.as_deref()) {
            (_, Some("prompt_too_long")) => return Outcome::ContextTooLong { why },
            ("error_max_budget_usd", _) => return Outcome::OverBudget { why },
            ("error_max_structured_output_retries" | "error_max_turns", _) => {
                return Outcome::Malformed { why };
            }
            (_, Some(reason)) if reason.starts_with("aborted") => return Outcome::Killed { why },
            _ => {}
        }
        match self.api_error_status {
            Some(401 | 403) => Outcome::NotLoggedIn { why },
            Some(402) => Outcome::QuotaUsedUp { why },
            Some(413) => Outcome::ContextTooLong { why },
            Some(429) => {
                let until = reset.or_else(|| again_at(&said, now, &zone()));
                Outcome::RateLimited { until, why }
            }
            Some(408 | 409 | 500..) => Outcome::Transient { why },
            // A question that is wrong will be wrong again.
            Some(_) => by_words(&said, now).unwrap_or(Outcome::CouldNotStart { why }),
            None => by_words(&said, now).unwrap_or_else(|| {
                let reached = self.terminal_reason.as_deref() == Some("api_error");
                if reached { Outcome::Transient { why } } else { Outcome::Failed { why } }
            }),
        }
    }

    fn answer(&self, schema: bool) -> Outcome {
        if !self.permission_denials.is_empty() {
            tracing::info!(denied = self.permission_denials.len(), "claude was denied tools");
        }
        let text = self.result.clone().unwrap_or_default();
        let json = self.structured_output.clone().filter(|_| schema);
        let json = json.or_else(|| object_in(&text).filter(|_| schema));
        if schema && json.is_none() {
            let why = reason_line(&format!("there is no JSON object in its answer: {text}"));
            return Outcome::Malformed { why };
        }
        if text.is_empty() && json.is_none() {
            return Outcome::Malformed { why: "its answer is empty".to_owned() };
        }
        Outcome::Answered(Answer { text, json, web: WebRecord::default() })
    }

    /// What it says of an error, as one line.
    fn said(&self) -> String {
        let errors = self.errors.iter().map(|error| match error {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let all: Vec<_> = self.result.iter().cloned().chain(errors).collect();
        if all.is_empty() {
            let reason = self.terminal_reason.as_deref().unwrap_or_default();
            return reason_line(&format!("{} {reason}", self.subtype));
        }
        reason_line(&all.join("; "))
    }

    fn cost(&self) -> Cost {
        let by_model: Vec<Usage> = self
            .by_model
            .values()
            .filter_map(|usage| serde_json::from_value(usage.clone()).ok())
            .collect();
        let all = if by_model.is_empty() { self.usage.into_iter().collect() } else { by_model };
        let sum = |of: fn(&Usage) -> u64| (!all.is_empty()).then(|| all.iter().map(of).sum());
        let tokens = Tokens {
            input: sum(|u| {
                u.input_tokens + u.cache_creation_input_tokens + u.cache_read_input_tokens
            }),
            cached: sum(|u| u.cache_read_input_tokens),
            output: sum(|u| u.output_tokens),
        };
        Cost { tokens, money: self.total_cost_usd.and_then(Money::from_dollars) }
    }
}

#[cfg(test)]
mod tests;
