//! Anthropic's messages.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::wire::Client;
use super::{Api, Asked, Call, End, Search, Words, pieces, text_of, unique};

/// What Claude calls to give a structured answer.
const STRUCTURED: &str = "StructuredOutput";

pub fn read(body: &Value) -> Asked {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let of = |role: &str| messages.iter().filter(|m| m["role"] == role).collect::<Vec<_>>();
    let prompt: Vec<String> = of("user").iter().map(|m| text_of(&m["content"])).collect();
    let tools = body["tools"].as_array().cloned().unwrap_or_default();
    let forced = body["tool_choice"]["name"].as_str().unwrap_or(STRUCTURED);
    let structured = tools.iter().find(|tool| tool["name"] == forced);
    Asked {
        api: Api::Messages,
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        prompt: prompt.join("\n"),
        turns: of("assistant").len(),
        schema: structured.map(|tool| tool["input_schema"].clone()),
        tools: tools.iter().filter_map(|tool| tool["name"].as_str()).map(String::from).collect(),
        headers: Vec::new(),
        body: Value::Null,
    }
}

/// Whether the structured answer was given and accepted.
pub fn has_answered(body: &Value) -> bool {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let parts = |role: &str| {
        let of = messages.iter().rev().find(|message| message["role"] == role);
        of.and_then(|message| message["content"].as_array().cloned()).unwrap_or_default()
    };
    let called = parts("assistant")
        .iter()
        .filter(|part| part["type"] == "tool_use" && part["name"] == STRUCTURED)
        .map(|part| part["id"].clone())
        .collect::<Vec<_>>();
    parts("user").iter().any(|part| {
        let accepted = part["is_error"] != true;
        part["type"] == "tool_result" && accepted && called.contains(&part["tool_use_id"])
    })
}

pub fn say(asked: &Asked, words: &Words, client: &mut Client) -> Option<()> {
    let blocks = blocks(asked, words);
    let called = blocks.iter().any(|block| block["type"] == "tool_use");
    let stop = match words.end {
        End::Refused => "refusal",
        End::CutOff => "max_tokens",
        End::Finished if called => "tool_use",
        End::Finished => "end_turn",
    };
    let usage = json!({
        "input_tokens": words.usage.input - words.usage.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": words.usage.cached,
        "output_tokens": words.usage.output,
    });
    let mut message = json!({
        "id": unique("msg"), "type": "message", "role": "assistant", "model": asked.model,
        "content": blocks, "stop_reason": stop, "stop_sequence": null, "usage": usage,
    });
    if asked.body["stream"] != true {
        return client.json(200, &words.headers, &message);
    }
    client.start_events(&words.headers)?;
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["usage"]["output_tokens"] = json!(1);
    client.event(&json!({ "type": "message_start", "message": message }))?;
    client.event(&json!({ "type": "ping" }))?;
    for (index, block) in blocks.iter().enumerate() {
        let delta =
            |delta| json!({ "type": "content_block_delta", "index": index, "delta": delta });
        let mut start = block.clone();
        let deltas: Vec<Value> = if block["type"] == "text" {
            start["text"] = json!("");
            let pieces = pieces(block["text"].as_str()?).into_iter();
            pieces.map(|text| delta(json!({ "type": "text_delta", "text": text }))).collect()
        } else if block["type"] == "web_search_tool_result" {
            Vec::new()
        } else {
            start["input"] = json!({});
            let pieces = pieces(&block["input"].to_string()).into_iter();
            let kind = "input_json_delta";
            pieces.map(|part| delta(json!({ "type": kind, "partial_json": part }))).collect()
        };
        let started =
            json!({ "type": "content_block_start", "index": index, "content_block": start });
        client.event(&started)?;
        for delta in deltas {
            client.event(&delta)?;
        }
        client.event(&json!({ "type": "content_block_stop", "index": index }))?;
    }
    let end = json!({ "stop_reason": stop, "stop_sequence": null });
    client.event(&json!({ "type": "message_delta", "delta": end, "usage": usage }))?;
    client.event(&json!({ "type": "message_stop" }))?;
    None
}

fn blocks(asked: &Asked, words: &Words) -> Vec<Value> {
    let mut blocks = Vec::new();
    let call = |name: &str, input: Value| json!({ "type": "tool_use", "id": unique("toolu"), "name": name, "input": input });
    if let Some(text) = &words.text {
        blocks.push(json!({ "type": "text", "text": text }));
    }
    let is_search = asked.tools.iter().any(|name| name == "web_search");
    for search in &words.searches {
        if is_search {
            blocks.extend(searched(search));
        } else {
            blocks.push(call("WebSearch", json!({ "query": search.query })));
        }
    }
    let dir = PathBuf::from(working_directory(&asked.body));
    for wanted in &words.calls {
        blocks.push(match wanted {
            Call::Write { path, content } => {
                let path = dir.join(path);
                call("Write", json!({ "file_path": path, "content": content }))
            }
            Call::Edit { path, old, new } => {
                let path = dir.join(path);
                let input = json!({ "file_path": path, "old_string": old, "new_string": new });
                call("Edit", input)
            }
            Call::Shell(line) => call("Bash", json!({ "command": line, "description": "a step" })),
            Call::Read(path) => call("Read", json!({ "file_path": dir.join(path) })),
        });
    }
    if let Some(answer) = &words.json {
        let forced = asked.body["tool_choice"]["name"].as_str().unwrap_or(STRUCTURED);
        blocks.push(if asked.schema.is_some() {
            call(forced, answer.clone())
        } else {
            json!({ "type": "text", "text": answer.to_string() })
        });
    }
    blocks
}

/// What the service gives that searches for a model.
fn searched(search: &Search) -> [Value; 3] {
    let id = unique("srvtoolu");
    let page = |address: &String| {
        json!({
            "type": "web_search_result", "url": address, "title": "A page", "page_age": null,
            "encrypted_content": "x",
        })
    };
    let pages: Vec<Value> = search.gives.iter().map(page).collect();
    let input = json!({ "query": search.query });
    [
        json!({ "type": "server_tool_use", "id": id, "name": "web_search", "input": input }),
        json!({ "type": "web_search_tool_result", "tool_use_id": id, "content": pages }),
        json!({ "type": "text", "text": search.says }),
    ]
}

/// Where Claude says that it works.
fn working_directory(body: &Value) -> String {
    let body = body.to_string();
    let after = body.split("orking directory: ").nth(1).unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || ['\\', '"', '<'].contains(&c);
    after.split(is_end).next().unwrap_or_default().to_owned()
}
