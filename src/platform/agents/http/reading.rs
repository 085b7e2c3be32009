//! What the body of a good answer comes to, whatever its protocol. Pure.

use serde_json::Value;

use crate::domain::model::web::WebRecord;
use crate::platform::agents::ask::{Answer, Outcome};
use crate::platform::agents::text;

/// The answer that a text holds.
pub fn answered(text: &str, json: Option<Value>, wants_json: bool) -> Outcome {
    if !wants_json {
        return if text.trim().is_empty() {
            Outcome::Malformed { why: "the answer is empty".to_owned() }
        } else {
            answer(text, None)
        };
    }
    match json.or_else(|| text::object_in(text)) {
        Some(json) => answer(text, Some(json)),
        None => Outcome::Malformed { why: "the answer does not hold one JSON object".to_owned() },
    }
}

fn answer(text: &str, json: Option<Value>) -> Outcome {
    Outcome::Answered(Answer { text: text.to_owned(), json, web: WebRecord::default() })
}

/// The outcome of an answer that its length or its length limit cut off.
pub fn cut_off() -> Outcome {
    Outcome::Malformed { why: "the answer was cut off at its longest".to_owned() }
}
