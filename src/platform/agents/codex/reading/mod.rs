//! What the output of `codex` comes to. Pure.
//!
//! It has no codes for its failures, only words; those of version 0.169 are known here. A failure
//! in other words is a failure all the same: without its last event nothing counts as an answer.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::model::agent::{Cost, Tokens};
use crate::domain::model::web::WebRecord;
use crate::platform::agents::ask::{Answer, Outcome, ParsedOutput};
use crate::platform::agents::call::{Exit, ProgramOutput, stopped};
use crate::platform::agents::reset_time::again_at;
use crate::platform::agents::text::{last_line, object_in, reason_line};

/// One event of its stream; what is not needed is passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "item.completed")]
    Item { item: Item },
    #[serde(rename = "turn.completed")]
    Completed { usage: Usage },
    #[serde(rename = "turn.failed")]
    Failed { error: Message },
    /// It may be a passing one.
    #[serde(rename = "error")]
    Error(Message),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item {
    AgentMessage {
        text: String,
    },
    CommandExecution {
        #[serde(default)]
        aggregated_output: String,
        #[serde(default)]
        status: String,
    },
    /// A search on the web. What it gave is not told: neither its results, nor whether a page could be opened.
    WebSearch,
    /// A note of its own.
    Error,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Message {
    message: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as the program names them")]
struct Usage {
    input_tokens: u64,
    #[serde(default)]
    cached_input_tokens: Option<u64>,
    output_tokens: u64,
}

/// Reads what a call left behind, with the content of its answer file; `schema` tells whether an
/// object was asked for.
pub fn read(ran: &ProgramOutput, answer: &[u8], schema: bool, now: Timestamp) -> ParsedOutput {
    let mut stream = Stream::default();
    for line in ran.out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        stream.take(line);
    }
    let cost = stream.usage.map(|usage| Cost {
        tokens: Tokens {
            input: Some(usage.input_tokens),
            cached: usage.cached_input_tokens,
            output: Some(usage.output_tokens),
        },
        money: None,
    });
    let (log, err) = without_log(&ran.err);
    let (has_worked, model) = (stream.has_worked, model_of(&log));
    let outcome =
        stopped(ran.exit).unwrap_or_else(|| stream.outcome(ran.exit, &err, answer, schema, now));
    match (cost, has_worked) {
        // It tells its tokens at a good end alone: of turns before a failure they are not known.
        (None, true) => ParsedOutput { model, ..ParsedOutput::without_cost(outcome) },
        (cost, _) => ParsedOutput::new(outcome, cost.unwrap_or_default(), model),
    }
}

/// Its log of events apart from what it has to say.
fn without_log(err: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(err);
    let (log, said): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.contains(" codex_otel.log_only: "));
    (log.into_iter().map(str::to_owned).collect(), said.join("\n"))
}

/// The model that answered, as the log of its events names it.
fn model_of(log: &[String]) -> Option<String> {
    let event = log.iter().rev().find(|line| line.contains(r#" event.name="codex.sse_event""#))?;
    let name = event.split(" model=").nth(1)?.split_whitespace().next()?;
    Some(name.trim_matches('"').to_owned())
}

#[derive(Debug, Default)]
struct Stream {
    /// Set by the event that ends a turn well, and by no other.
    usage: Option<Usage>,
    failure: Option<String>,
    message: Option<String>,
    commands: usize,
    /// Those that the sandbox did not even start.
    unheld: usize,
    searches: usize,
    /// Whether it said anything.
    spoke: bool,
    /// Whether the model did.
    has_worked: bool,
}

impl Stream {
    fn take(&mut self, line: &[u8]) {
        self.spoke = true;
        let event = serde_json::from_slice(line);
        let is_models =
            |event: &Event| matches!(event, Event::Item { item } if !matches!(item, Item::Error));
        self.has_worked |= event.as_ref().is_ok_and(is_models);
        match event {
            Ok(Event::Completed { usage }) => self.usage = Some(usage),
            Ok(Event::Failed { error } | Event::Error(error)) => self.failure = Some(error.message),
            Ok(Event::Item { item: Item::AgentMessage { text } }) => self.message = Some(text),
            Ok(Event::Item { item: Item::WebSearch }) => self.searches += 1,
            Ok(Event::Item { item: Item::CommandExecution { aggregated_output, status } }) => {
                self.commands += 1;
                let held = status != "failed" || !aggregated_output.starts_with("bwrap: ");
                self.unheld += usize::from(!held);
            }
            _ => {}
        }
    }

    fn outcome(
        self,
        exit: Exit,
        err: &str,
        answer: &[u8],
        schema: bool,
        now: Timestamp,
    ) -> Outcome {
        if let (Some(_), Exit::Code(0)) = (self.usage, exit) {
            if self.commands > 0 && self.unheld == self.commands {
                let why = "its sandbox started none of the commands".to_owned();
                return Outcome::CouldNotStart { why };
            }
            let file = String::from_utf8_lossy(answer).into_owned();
            let text = if file.trim().is_empty() { self.message.unwrap_or_default() } else { file };
            let web = WebRecord { searches: self.searches, pages: Vec::new() };
            return answered(text, schema, web);
        }
        let said = self.failure.unwrap_or_else(|| last_line(err.as_bytes()));
        match exit {
            Exit::Signal(signal) => {
                let why = reason_line(&format!("it was ended by signal {signal} {said}"));
                Outcome::Killed { why }
            }
            _ if !said.is_empty() => failed(&said, self.spoke, now),
            _ if self.spoke => Outcome::Transient { why: "its answer breaks off".to_owned() },
            Exit::Code(0) => Outcome::Malformed { why: "it said nothing at all".to_owned() },
            _ => Outcome::Failed { why: "it ended and said nothing".to_owned() },
        }
    }
}

fn answered(text: String, schema: bool, web: WebRecord) -> Outcome {
    let json = if schema { object_in(&text) } else { None };
    if schema && json.is_none() {
        let why = reason_line(&format!("there is no JSON object in its answer: {text}"));
        return Outcome::Malformed { why };
    }
    if text.trim().is_empty() {
        return Outcome::Malformed { why: "its answer is empty".to_owned() };
    }
    Outcome::Answered(Answer { text, json, web })
}

/// What a failure means, by its words. `started` tells whether it got as far as to speak.
fn failed(said: &str, started: bool, now: Timestamp) -> Outcome {
    // Some are passed on as the server sent them.
    let inner = serde_json::from_str::<Value>(said).ok();
    let inner = inner.as_ref().and_then(|body| body["error"]["message"].as_str());
    let why = reason_line(inner.unwrap_or(said));
    // The address is no part of what is said.
    let lower = said.split(", url: ").next().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let until = again_at(said, now, &TimeZone::UTC);
    if says(&["content_filter", "usage policy", "flagged", "safety"]) {
        return Outcome::Refused { why };
    }
    if says(&["max_output_tokens"]) {
        return Outcome::Malformed { why };
    }
    if says(&[
        "status 401",
        "status 403",
        "api key",
        "not logged in",
        "log in again",
        "sign in again",
        "access token",
    ]) {
        return Outcome::NotLoggedIn { why };
    }
    if says(&["quota", "billing details", "out of credits", "status 402"]) {
        return Outcome::QuotaUsedUp { why };
    }
    if says(&["usage limit"]) {
        // Without a time it does not come back by itself.
        return match until {
            Some(_) => Outcome::RateLimited { until, why },
            None => Outcome::QuotaUsedUp { why },
        };
    }
    if says(&["rate limit", "status: 429", "status 429", "too many requests"]) {
        return Outcome::RateLimited { until, why };
    }
    if says(&["context window", "context_length", "status 413", "maximum length"]) {
        return Outcome::ContextTooLong { why };
    }
    if says(&["budget reached"]) {
        return Outcome::OverBudget { why };
    }
    let passing = [
        "at capacity",
        "high demand",
        "overloaded",
        "stream disconnected",
        "connection failed",
        "error sending request",
        "reconnecting",
        "timed out",
        "timeout",
        "status 5",
        "status 408",
    ];
    if says(&passing) {
        return Outcome::Transient { why };
    }
    let wrong = ["does not exist", "not supported", "invalid_request_error", "status 4"];
    if !started || says(&wrong) {
        return Outcome::CouldNotStart { why };
    }
    Outcome::Failed { why }
}

#[cfg(test)]
mod tests;
