//! `OpenAI`'s responses.

use serde_json::{Value, json};

use super::wire::Client;
use super::{Api, Asked, Call, End, Words, pieces, text_of, unique};

/// What the model has said or done, in a transcript.
const BY_THE_MODEL: [&str; 4] =
    ["function_call", "custom_tool_call", "local_shell_call", "reasoning"];

pub fn read(body: &Value) -> Asked {
    let input = body["input"].as_array().cloned().unwrap_or_default();
    let users = input.iter().filter(|item| item["role"] == "user");
    let prompt: Vec<String> = users.map(|item| text_of(&item["content"])).collect();
    let by_model = |item: &Value| {
        item["role"] == "assistant" || BY_THE_MODEL.iter().any(|kind| item["type"] == *kind)
    };
    // Items of the model that follow each other are one turn.
    let starts = |at: &usize| by_model(&input[*at]) && (*at == 0 || !by_model(&input[*at - 1]));
    let more = input.iter().filter(|item| item["type"] == "additional_tools");
    let tools = more.map(|item| &item["tools"]).chain([&body["tools"]]);
    let tools = tools.filter_map(Value::as_array).flatten();
    let format = &body["text"]["format"];
    Asked {
        api: Api::Responses,
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        prompt: prompt.join("\n"),
        turns: (0..input.len()).filter(starts).count(),
        schema: (format["type"] == "json_schema").then(|| format["schema"].clone()),
        tools: tools.filter_map(|tool| tool["name"].as_str()).map(String::from).collect(),
        headers: Vec::new(),
        body: Value::Null,
    }
}

pub fn say(asked: &Asked, words: &Words, client: &mut Client) -> Option<()> {
    let items = items(asked, words);
    let usage = json!({
        "input_tokens": words.usage.input,
        "input_tokens_details": { "cached_tokens": words.usage.cached },
        "output_tokens": words.usage.output,
        "output_tokens_details": { "reasoning_tokens": 10 },
        "total_tokens": words.usage.input + words.usage.output,
    });
    let base = json!({
        "id": unique("resp"), "object": "response", "created_at": 1_795_000_000, "model": asked.model,
        "status": "in_progress", "output": [],
    });
    let mut whole = base.clone();
    let (status, event) = match words.end {
        End::Finished => ("completed", "response.completed"),
        End::Refused | End::CutOff => ("incomplete", "response.incomplete"),
    };
    whole["status"] = json!(status);
    whole["output"] = json!(items);
    whole["usage"] = usage;
    if words.end != End::Finished {
        let refused = words.end == End::Refused;
        let reason = if refused { "content_filter" } else { "max_output_tokens" };
        whole["incomplete_details"] = json!({ "reason": reason });
    }
    if asked.body["stream"] != true {
        return client.json(200, &words.headers, &whole);
    }
    client.start_events(&words.headers)?;
    client.event(&json!({ "type": "response.created", "response": base }))?;
    for (index, item) in items.iter().enumerate() {
        let mut start = item.clone();
        if item["type"] == "message" {
            start["content"] = json!([]);
        }
        let added = "response.output_item.added";
        client.event(&json!({ "type": added, "output_index": index, "item": start }))?;
        if let Some(text) = item["content"][0]["text"].as_str() {
            for piece in pieces(text) {
                client.event(&json!({
                    "type": "response.output_text.delta", "item_id": item["id"],
                    "output_index": index, "content_index": 0, "delta": piece,
                }))?;
            }
        }
        let done = "response.output_item.done";
        client.event(&json!({ "type": done, "output_index": index, "item": item }))?;
    }
    client.event(&json!({ "type": event, "response": whole }))?;
    None
}

fn items(asked: &Asked, words: &Words) -> Vec<Value> {
    let mut items = Vec::new();
    let answer = words.json.as_ref().map(ToString::to_string);
    for search in &words.searches {
        let action = json!({ "type": "search", "query": search.query });
        let id = unique("ws");
        items.push(
            json!({ "type": "web_search_call", "id": id, "status": "completed", "action": action }),
        );
    }
    for text in words.text.iter().chain(&answer) {
        items.push(json!({
            "type": "message", "id": unique("msg"), "role": "assistant", "status": "completed",
            "content": [{ "type": "output_text", "text": text, "annotations": [] }],
        }));
    }
    for call in &words.calls {
        let line = shell(call);
        let (id, call) = (unique("item"), unique("call"));
        items.push(if asked.has_tool("exec_command") {
            let arguments = json!({ "cmd": line }).to_string();
            json!({
                "type": "function_call", "id": id, "call_id": call, "name": "exec_command",
                "arguments": arguments, "status": "completed",
            })
        } else {
            // The newer models write a program that calls the tools.
            let line = json!(line);
            let input = format!("const r = await tools.exec_command({{cmd: {line}}}); text(r);");
            json!({
                "type": "custom_tool_call", "id": id, "call_id": call, "name": "exec",
                "input": input, "status": "completed",
            })
        });
    }
    items
}

/// The call as a line for a shell; files are changed in the way that codex knows as a patch.
fn shell(call: &Call) -> String {
    let patch = match call {
        Call::Shell(line) => return line.clone(),
        Call::Read(path) => return format!("cat '{path}'"),
        Call::Write { path, content } => {
            format!("*** Add File: {path}\n{}", prefixed("+", content))
        }
        Call::Edit { path, old, new } => {
            let (old, new) = (prefixed("-", old), prefixed("+", new));
            format!("*** Update File: {path}\n@@\n{old}{new}")
        }
    };
    format!("apply_patch <<'END-OF-PATCH'\n*** Begin Patch\n{patch}*** End Patch\nEND-OF-PATCH\n")
}

fn prefixed(sign: &str, text: &str) -> String {
    let lines = text.lines().flat_map(|line| [sign, line, "\n"]);
    lines.collect()
}
