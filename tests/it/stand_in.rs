//! Stand-ins for `claude` and `codex`: small scripts that print, in the programs' own forms, what
//! the brain of a model server says. They need no npm and no time.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::harness::executable;
use crate::model_server::{Api, Asked, Call, End, Failure, Say, Search, Words};

/// What each script is, by the name that it has in its folder.
const SCRIPTS: [(&str, &str); 2] =
    [("claude", include_str!("stand_ins/claude")), ("codex", include_str!("stand_ins/codex"))];

type Brain = dyn Fn(&Asked) -> Say + Send + Sync;

/// The scripts, in a folder of their own, and who answers for them. It ends with this value; who
/// still waits for an answer gets none.
pub struct StandIns {
    folder: PathBuf,
    asked: Arc<Mutex<Vec<Asked>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a script is to print, and how it is to end.
#[derive(Default)]
struct Printed {
    out: String,
    err: String,
    /// The answer file of codex.
    answer: String,
    code: String,
}

impl StandIns {
    /// Puts the scripts into a new folder.
    pub fn start(folder: &Path, brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        fs::create_dir_all(folder.join("calls")).unwrap();
        for (name, text) in SCRIPTS {
            executable(folder.join(name), text);
        }
        let bell = folder.join("bell");
        assert!(Command::new("mkfifo").arg(&bell).status().unwrap().success());
        // Open to both sides, so that it never ends between two calls.
        let bell = File::options().read(true).write(true).open(bell).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let desk = Arc::new(Desk {
            folder: folder.to_owned(),
            brain: Box::new(brain),
            asked: Arc::clone(&asked),
            replies: Mutex::default(),
        });
        let thread = thread::spawn(move || {
            for line in BufReader::new(bell).lines().map_while(Result::ok) {
                let Some((program, call)) = line.split_once(' ') else { return };
                let (desk, program, call) =
                    (Arc::clone(&desk), program.to_owned(), call.to_owned());
                thread::spawn(move || desk.answer(&program, &call));
            }
        });
        Self { folder: folder.to_owned(), asked, thread: Some(thread) }
    }

    pub fn claude(&self) -> PathBuf {
        self.folder.join("claude")
    }

    pub fn codex(&self) -> PathBuf {
        self.folder.join("codex")
    }

    /// The processes of the programs that are still alive.
    pub fn alive(&self) -> Vec<String> {
        let calls = fs::read_dir(self.folder.join("calls")).unwrap();
        let pids =
            calls.filter_map(|call| fs::read_to_string(call.unwrap().path().join("pid")).ok());
        let own = self.folder.parent().unwrap().as_os_str().as_encoded_bytes();
        // Somebody else may have the number by now.
        let lives = |pid: &String| {
            let env = fs::read(format!("/proc/{}/environ", pid.trim())).unwrap_or_default();
            env.windows(own.len()).any(|window| window == own)
        };
        pids.filter(lives).collect()
    }

    /// Every question, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let bell = File::options().write(true).open(self.folder.join("bell"));
            // Without the folder nobody can ring, and the thread ends with the test program.
            if bell.and_then(|mut bell| bell.write_all(b"end\n")).is_ok() {
                drop(thread.join());
            }
        }
    }
}

struct Desk {
    folder: PathBuf,
    brain: Box<Brain>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Kept open: what was written would be lost with the last end before the script reads it.
    replies: Mutex<Vec<File>>,
}

impl Desk {
    fn answer(&self, program: &str, call: &str) {
        let folder = self.folder.join("calls").join(call);
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let api = if program == "claude" { Api::Messages } else { Api::Responses };
        let number = self.asked.lock().unwrap().len();
        let asked = Asked {
            api,
            number,
            model: String::new(),
            prompt: read("prompt"),
            turns: 0,
            schema: serde_json::from_str(&read("schema")).ok(),
            tools: Vec::new(),
            headers: Vec::new(),
            body: json!({ "words": read("words"), "env": read("env") }),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let dir = PathBuf::from(read("dir").trim_end());
        let Some(printed) = print(&asked, &dir, (self.brain)(&asked)) else { return };
        for (name, text) in
            [("out", &printed.out), ("err", &printed.err), ("answer", &printed.answer)]
        {
            fs::write(folder.join(name), text).unwrap();
        }
        let reply = File::options().read(true).write(true).open(folder.join("reply"));
        // The folder goes with its test.
        let Ok(mut reply) = reply else { return };
        writeln!(reply, "{}", printed.code).unwrap();
        self.replies.lock().unwrap().push(reply);
    }
}

/// What the program would print; `None` where it would wait for ever.
fn print(asked: &Asked, dir: &Path, say: Say) -> Option<Printed> {
    let claude = asked.api == Api::Messages;
    match say {
        Say::Words(words) => {
            thread::park_timeout(words.delay);
            do_calls(&words.calls, dir);
            Some(if claude { claude_says(asked, &words) } else { codex_says(&words) })
        }
        Say::Fails(failure) => {
            Some(if claude { claude_fails(&failure) } else { codex_fails(&failure) })
        }
        Say::Hang | Say::Idle => None,
        Say::DropBeforeHeaders | Say::DropMidStream(_) | Say::EmptyStream => Some(if claude {
            claude_ends_badly(
                &Value::Null,
                "API Error: Connection to the API was lost (ECONNRESET).",
            )
        } else {
            codex_ends_badly(
                "stream disconnected before completion: stream closed before response.completed",
            )
        }),
        Say::Killed => Some(Printed {
            out: if claude { claude_starts() } else { codex_starts() },
            code: "killed".to_owned(),
            ..Printed::default()
        }),
    }
}

/// Does what the model wants done, as the program would.
fn do_calls(calls: &[Call], dir: &Path) {
    for call in calls {
        match call {
            Call::Write { path, content } => {
                let path = dir.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Call::Edit { path, old, new } => {
                let path = dir.join(path);
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.contains(old.as_str()), "no `{old}` in {}", path.display());
                fs::write(path, text.replacen(old.as_str(), new, 1)).unwrap();
            }
            Call::Shell(line) => {
                let mut sh = Command::new("/bin/sh");
                drop(sh.args(["-c", line]).current_dir(dir).output().unwrap());
            }
            Call::Read(_) => {}
        }
    }
}

const SESSION: &str = "00000000-0000-4000-8000-000000000000";

fn claude_starts() -> String {
    let start = json!({
        "type": "system", "subtype": "init", "session_id": SESSION, "model": "claude-stand-in",
        "tools": [], "permissionMode": "default", "claude_code_version": "2.1.329",
    });
    format!("{start}\n")
}

fn claude_ends(end: &Value, code: u8) -> Printed {
    let out = format!("{}{end}\n", claude_starts());
    Printed { out, code: code.to_string(), ..Printed::default() }
}

fn claude_says(asked: &Asked, words: &Words) -> Printed {
    if words.end == End::Refused {
        let mut end = claude_end(&Value::Null, "API Error: safeguards flagged this message.");
        end["stop_reason"] = json!("refusal");
        return claude_ends(&end, 1);
    }
    if words.end == End::CutOff {
        let said = "API Error: Claude's response exceeded the 32000 output token maximum.";
        return claude_ends_badly(&Value::Null, said);
    }
    let structured = words.json.as_ref().filter(|_| asked.schema.is_some());
    let text = words.json.as_ref().map(ToString::to_string).or_else(|| words.text.clone());
    let mut end = claude_end(&Value::Null, &text.unwrap_or_default());
    let searches: String = words.searches.iter().map(claude_searches).collect();
    end["is_error"] = json!(false);
    end["terminal_reason"] = json!("completed");
    end["total_cost_usd"] = json!(0.0125);
    end["usage"] = json!({
        "input_tokens": words.usage.input - words.usage.cached,
        "cache_read_input_tokens": words.usage.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": words.usage.output,
    });
    if let Some(structured) = structured {
        end["structured_output"] = structured.clone();
    }
    let mut printed = claude_ends(&end, 0);
    printed.out = searches + &printed.out;
    printed
}

/// The result of a search, as it prints it.
fn claude_searches(search: &Search) -> String {
    let pages = search.gives.iter().map(|address| json!({ "title": "A page", "url": address }));
    let found = json!({ "tool_use_id": "srvtoolu_1", "content": pages.collect::<Vec<_>>() });
    let result =
        json!({ "query": search.query, "results": [found, search.says], "searchCount": 1 });
    let message =
        json!({ "role": "user", "content": [{ "type": "tool_result", "content": search.says }] });
    format!("{}\n", json!({ "type": "user", "message": message, "tool_use_result": result }))
}

fn claude_fails(failure: &Failure) -> Printed {
    let status = failure.status;
    let said = match status {
        401 => "Invalid API key · Fix external API key".to_owned(),
        429 => format!("API Error: Request rejected (429) · {}", failure.message),
        _ => format!("API Error: {status} {}", failure.message),
    };
    let mut printed = claude_ends_badly(&json!(status), &said);
    if let Some(reset) = failure.more["resets_at"].as_i64() {
        // As with a subscription; with a key it does not tell.
        let limit =
            json!({ "status": "rejected", "resetsAt": reset, "rateLimitType": "five_hour" });
        let event = json!({ "type": "rate_limit_event", "rate_limit_info": limit });
        printed.out = format!("{event}\n{}", printed.out);
    }
    printed
}

fn claude_ends_badly(status: &Value, said: &str) -> Printed {
    claude_ends(&claude_end(status, said), 1)
}

/// The last line of a failure.
fn claude_end(status: &Value, said: &str) -> Value {
    json!({
        "type": "result", "subtype": "success", "is_error": true, "api_error_status": status,
        "result": said, "stop_reason": "end_turn", "terminal_reason": "api_error", "num_turns": 1,
        "session_id": SESSION, "total_cost_usd": 0, "modelUsage": {}, "permission_denials": [],
    })
}

fn codex_starts() -> String {
    let start = json!({ "type": "thread.started", "thread_id": SESSION });
    format!("{start}\n{}\n", json!({ "type": "turn.started" }))
}

fn codex_says(words: &Words) -> Printed {
    if words.end != End::Finished {
        let refused = words.end == End::Refused;
        let reason = if refused { "content_filter" } else { "max_output_tokens" };
        return codex_ends_badly(&format!(
            "stream disconnected before completion: Incomplete response returned, reason: {reason}"
        ));
    }
    let text = words.json.as_ref().map(ToString::to_string).or_else(|| words.text.clone());
    let answer = text.unwrap_or_default();
    let searched = words.searches.iter().map(|search| {
        let item = json!({ "type": "web_search", "id": "ws_1", "query": search.query });
        format!("{}\n", json!({ "type": "item.completed", "item": item }))
    });
    let searched: String = searched.collect();
    let item = json!({ "id": "item_0", "type": "agent_message", "text": answer });
    let item = json!({ "type": "item.completed", "item": item });
    let usage = json!({
        "input_tokens": words.usage.input, "cached_input_tokens": words.usage.cached,
        "output_tokens": words.usage.output, "reasoning_output_tokens": 10,
    });
    let end = json!({ "type": "turn.completed", "usage": usage });
    let out = format!("{}{searched}{item}\n{end}\n", codex_starts());
    Printed { out, answer, code: "0".to_owned(), ..Printed::default() }
}

fn codex_fails(failure: &Failure) -> Printed {
    let Failure { status, message, more, .. } = failure;
    match (status, more["resets_at"].as_i64()) {
        (429, Some(reset)) => {
            let reset = jiff::Timestamp::from_second(reset).unwrap();
            let reset = reset.strftime("%b %dth, %Y %I:%M %p");
            codex_ends_badly(&format!("You’ve hit your usage limit. Try again at {reset}."))
        }
        _ => codex_ends_badly(&format!(
            "unexpected status {status} Unknown: {message}, url: http://127.0.0.1:1/v1/responses"
        )),
    }
}

fn codex_ends_badly(message: &str) -> Printed {
    let error = json!({ "type": "error", "message": message });
    let end = json!({ "type": "turn.failed", "error": { "message": message } });
    let out = format!("{}{error}\n{end}\n", codex_starts());
    Printed { out, code: "1".to_owned(), ..Printed::default() }
}
