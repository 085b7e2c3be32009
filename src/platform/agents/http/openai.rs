//! `POST /chat/completions`. Pure.

use serde_json::{Value, json};

use crate::domain::model::agent::{Cost, Tokens};
use crate::platform::agents::ask::{Outcome, ParsedOutput, Request};
use crate::platform::agents::http::reading::{answered, cut_off};
use crate::platform::agents::text;

/// What is sent.
pub fn question(request: &Request<'_>, model: &str) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [{ "role": "user", "content": request.prompt }],
    });
    if let Some(effort) = request.effort {
        body["reasoning_effort"] = json!(effort);
    }
    if let Some(schema) = request.schema {
        let schema = json!({ "name": "answer", "strict": true, "schema": schema });
        body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
    }
    body
}

/// What came back with a good status.
pub fn read(body: &Value, wants_json: bool) -> ParsedOutput {
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let said = message["content"].as_str().unwrap_or_default();
    let refusal = message["refusal"].as_str().filter(|why| !why.is_empty());
    let outcome = match (refusal, choice["finish_reason"].as_str()) {
        (Some(why), _) => Outcome::Refused { why: text::reason_line(why) },
        (None, Some("content_filter")) => {
            Outcome::Refused { why: "the answer was held back by a content filter".to_owned() }
        }
        (None, Some("length")) => cut_off(),
        (None, _) => answered(said, None, wants_json),
    };
    let usage = &body["usage"];
    let tokens = Tokens {
        input: usage["prompt_tokens"].as_u64(),
        cached: usage["prompt_tokens_details"]["cached_tokens"].as_u64(),
        output: usage["completion_tokens"].as_u64(),
    };
    let cost = Cost { tokens, money: None };
    ParsedOutput { outcome, cost, model: body["model"].as_str().map(str::to_owned) }
}
