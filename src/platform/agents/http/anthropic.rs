//! `POST /messages`. Pure.

use serde_json::{Value, json};

use crate::domain::model::agent::{Cost, Tokens};
use crate::platform::agents::ask::{Outcome, ParsedOutput, Request};
use crate::platform::agents::http::reading::{answered, cut_off};

/// The version of the protocol.
pub const VERSION: &str = "2023-06-01";

/// The protocol wants the longest answer said, in tokens.
const LONGEST: u32 = 32_000;

/// The tool that the answer is given by where a schema holds.
const TOOL: &str = "answer";

/// What is sent.
pub fn question(request: &Request<'_>, model: &str) -> Value {
    let mut body = json!({
        "model": model,
        "max_tokens": LONGEST,
        "messages": [{ "role": "user", "content": request.prompt }],
    });
    if let Some(effort) = request.effort {
        body["output_config"] = json!({ "effort": effort });
    }
    if let Some(schema) = request.schema {
        let description = "Gives the whole answer.";
        let tool = json!({ "name": TOOL, "description": description, "input_schema": schema });
        body["tools"] = json!([tool]);
        body["tool_choice"] = json!({ "type": "tool", "name": TOOL });
    }
    body
}

/// What came back with a good status.
pub fn read(body: &Value, wants_json: bool) -> ParsedOutput {
    let blocks = body["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
    let mut inputs =
        blocks.iter().filter(|block| block["type"] == "tool_use" && block["name"] == TOOL);
    let input = inputs.next().map(|block| block["input"].clone());
    let outcome = match body["stop_reason"].as_str() {
        Some("refusal") => Outcome::Refused { why: "the model would not answer".to_owned() },
        Some("max_tokens") => cut_off(),
        Some("model_context_window_exceeded") => {
            Outcome::ContextTooLong { why: "the prompt and the answer are too long".to_owned() }
        }
        _ if inputs.next().is_some() => {
            Outcome::Malformed { why: "it answered more than once".to_owned() }
        }
        _ => {
            let text = match &input {
                Some(input) if texts.is_empty() => input.to_string(),
                _ => texts.join("\n"),
            };
            answered(&text, input, wants_json)
        }
    };
    let usage = &body["usage"];
    let of = |name: &str| usage[name].as_u64();
    // What came from a cache is counted apart here.
    let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    let tokens = Tokens {
        input: of(parts[0]).map(|_| parts.into_iter().filter_map(of).sum()),
        cached: of(parts[2]),
        output: of("output_tokens"),
    };
    let cost = Cost { tokens, money: None };
    ParsedOutput { outcome, cost, model: body["model"].as_str().map(str::to_owned) }
}
