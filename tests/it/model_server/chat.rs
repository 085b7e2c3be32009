//! `OpenAI`'s chat completions.

use serde_json::{Value, json};

use super::wire::Client;
use super::{Api, Asked, End, Words, pieces, text_of, unique};

pub fn read(body: &Value) -> Asked {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let of = |role: &str| messages.iter().filter(|m| m["role"] == role).collect::<Vec<_>>();
    let prompt: Vec<String> = of("user").iter().map(|m| text_of(&m["content"])).collect();
    let schema = &body["response_format"]["json_schema"]["schema"];
    Asked {
        api: Api::Chat,
        number: 0,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        prompt: prompt.join("\n"),
        turns: of("assistant").len(),
        schema: schema.is_object().then(|| schema.clone()),
        tools: Vec::new(),
        headers: Vec::new(),
        body: Value::Null,
    }
}

pub fn say(asked: &Asked, words: &Words, client: &mut Client) -> Option<()> {
    let answer = words.json.as_ref().map(ToString::to_string);
    let texts: Vec<&str> = words.text.iter().chain(&answer).map(String::as_str).collect();
    let text = texts.join("\n");
    let finish = match words.end {
        End::Finished => "stop",
        End::Refused => "content_filter",
        End::CutOff => "length",
    };
    let usage = json!({
        "prompt_tokens": words.usage.input,
        "prompt_tokens_details": { "cached_tokens": words.usage.cached },
        "completion_tokens": words.usage.output,
        "total_tokens": words.usage.input + words.usage.output,
    });
    let id = unique("chatcmpl");
    let reply = |object: &str, choice: Value| json!({ "id": id, "object": object, "model": asked.model, "choices": [choice] });
    if asked.body["stream"] != true {
        let message = json!({ "role": "assistant", "content": text });
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
        let mut whole = reply("chat.completion", choice);
        whole["usage"] = usage;
        return client.json(200, &words.headers, &whole);
    }
    client.start_events(&words.headers)?;
    let chunk = "chat.completion.chunk";
    for piece in pieces(&text) {
        let choice = json!({ "index": 0, "delta": { "content": piece }, "finish_reason": null });
        client.data(&reply(chunk, choice).to_string())?;
    }
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": finish });
    client.data(&reply(chunk, choice).to_string())?;
    client.data("[DONE]")?;
    None
}
