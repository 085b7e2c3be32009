//! A model server on loopback: it speaks what the real programs speak, and a test computes what it
//! says. No model is behind it.

mod anthropic;
mod chat;
mod responses;
mod wire;

use std::fs::{self, DirEntry};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use self::wire::Request;

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Anthropic: `POST …/messages`
    Messages,
    /// `OpenAI`: `POST …/responses`
    Responses,
    /// `OpenAI`: `POST …/chat/completions`
    Chat,
}

/// What a model was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub api: Api,
    /// How many questions came before this one.
    pub number: usize,
    pub model: String,
    /// Everything that users said, in order.
    pub prompt: String,
    /// How often the model has spoken in this conversation.
    pub turns: usize,
    /// The schema that the answer is to obey.
    pub schema: Option<Value>,
    /// The names of the tools that it may call.
    pub tools: Vec<String>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The key or token that it came with.
    pub fn key(&self) -> Option<&str> {
        let bearer = self.header("authorization").and_then(|v| v.strip_prefix("Bearer "));
        bearer.or_else(|| self.header("x-api-key"))
    }

    fn has_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool == name)
    }
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum Say {
    Words(Words),
    Fails(Failure),
    /// Nothing at all, for as long as the client waits.
    Hang,
    /// Headers, and then nothing.
    Idle,
    DropBeforeHeaders,
    /// The first few words, or half of an answer that comes in one piece; then the connection ends.
    DropMidStream(Words),
    /// A good status and no event at all.
    EmptyStream,
    /// The client's process is killed half-way; on Linux alone.
    Killed,
}

/// A turn of the model.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub text: Option<String>,
    /// The structured answer, in the way that the client's protocol has for it.
    pub json: Option<Value>,
    /// Done first, one after the other, each in a turn of its own.
    pub calls: Vec<Call>,
    /// Searches on the web, before all else; each in a turn of its own where the client makes them.
    pub searches: Vec<Search>,
    pub end: End,
    pub usage: Usage,
    /// How long it thinks first.
    pub delay: Duration,
    pub headers: Vec<(String, String)>,
}

/// Why a turn ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Finished,
    Refused,
    /// The longest answer was reached.
    CutOff,
}

/// A search on the web, and what comes of it.
#[derive(Clone, Debug)]
pub struct Search {
    pub query: String,
    /// The addresses that it gives.
    pub gives: Vec<String>,
    /// What the model that searched says beside them.
    pub says: String,
}

/// Something that the model wants done. Paths are relative to the working directory.
#[derive(Clone, Debug)]
pub enum Call {
    Write { path: String, content: String },
    Edit { path: String, old: String, new: String },
    Shell(String),
    Read(String),
}

#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// What came from a cache included.
    pub input: u64,
    pub cached: u64,
    pub output: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self { input: 1200, cached: 200, output: 60 }
    }
}

/// An answer that is none.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: u16,
    pub kind: String,
    pub message: String,
    pub headers: Vec<(String, String)>,
    /// More fields of the error, as some services have them.
    pub more: Value,
}

impl Say {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Words(Words { text: Some(text.into()), ..Words::default() })
    }

    pub fn json(json: Value) -> Self {
        Self::Words(Words { json: Some(json), ..Words::default() })
    }

    /// Does that and then says so.
    pub fn done(calls: Vec<Call>) -> Self {
        Self::Words(Words { text: Some("It is done.".to_owned()), calls, ..Words::default() })
    }

    pub fn fails(status: u16, kind: &str, message: &str) -> Self {
        let (kind, message) = (kind.to_owned(), message.to_owned());
        Self::Fails(Failure { status, kind, message, headers: Vec::new(), more: json!({}) })
    }

    pub fn unauthorized() -> Self {
        Self::fails(401, "authentication_error", "invalid x-api-key")
    }

    pub fn overloaded() -> Self {
        Self::fails(529, "overloaded_error", "Overloaded")
    }

    /// A 429 that says when it ends, in each way that a service has to say it.
    pub fn limited_until(seconds_since_1970: i64, in_seconds: u64) -> Self {
        let reset = seconds_since_1970.to_string();
        Self::Fails(Failure {
            status: 429,
            kind: "usage_limit_reached".to_owned(),
            message: "The usage limit has been reached".to_owned(),
            headers: vec![
                ("retry-after".to_owned(), in_seconds.to_string()),
                ("anthropic-ratelimit-unified-status".to_owned(), "rejected".to_owned()),
                ("anthropic-ratelimit-unified-reset".to_owned(), reset),
            ],
            more: json!({ "plan_type": "pro", "resets_at": seconds_since_1970 }),
        })
    }
}

type Brain = dyn Fn(&Asked) -> Say + Send + Sync;

struct Shared {
    brain: Box<Brain>,
    /// Every request, in the order of arrival, answered or not.
    asked: Mutex<Vec<Asked>>,
    /// Requests that no model is asked by: method and path.
    other: Mutex<Vec<String>>,
    questions: AtomicUsize,
    stopped: AtomicBool,
}

/// The server; it ends with this value.
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl ModelServer {
    /// Listens on a port of its own. The brain may be asked by several threads at once.
    pub fn start(brain: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            brain: Box::new(brain),
            asked: Mutex::default(),
            other: Mutex::default(),
            questions: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serving);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared, listener: Some(listener) }
    }

    /// The address as `claude` wants it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address up to and with the version, as `codex` and HTTP agents want it.
    pub fn v1(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Every question, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        locked(&self.shared.asked).clone()
    }

    /// Method and path of every request that was no question.
    pub fn other(&self) -> Vec<String> {
        locked(&self.shared.other).clone()
    }

    /// Ends the server: whoever comes now is refused, whoever waits is dropped.
    pub fn stop(&mut self) {
        if let Some(listener) = self.listener.take() {
            self.shared.stopped.store(true, Ordering::SeqCst);
            // Wakes it up.
            drop(TcpStream::connect(self.address));
            listener.join().unwrap();
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Serves one connection. It ends early wherever the client does.
    fn serve(&self, stream: TcpStream) {
        let mut client = wire::Client::new(stream);
        while let Some(request) = client.read() {
            if self.answer(&request, &mut client).is_none() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request, client: &mut wire::Client) -> Option<()> {
        let route = request.path.split('?').next().unwrap_or_default();
        let api = match request.method.as_str() {
            "POST" if route.ends_with("/messages") => Api::Messages,
            "POST" if route.ends_with("/responses") => Api::Responses,
            "POST" if route.ends_with("/chat/completions") => Api::Chat,
            _ => {
                locked(&self.other).push(format!("{} {}", request.method, request.path));
                return client.json(200, &[], &json!({ "ok": true }));
            }
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut asked = match api {
            Api::Messages => anthropic::read(&body),
            Api::Responses => responses::read(&body),
            Api::Chat => chat::read(&body),
        };
        asked.number = self.questions.fetch_add(1, Ordering::SeqCst);
        asked.headers.clone_from(&request.headers);
        asked.body = body;
        locked(&self.asked).push(asked.clone());
        // Claude asks once more after it was given the structured answer.
        let say = if api == Api::Messages && anthropic::has_answered(&asked.body) {
            Say::text("ok")
        } else {
            (self.brain)(&asked)
        };
        self.say(&asked, say, client)
    }

    /// `None` where the connection is at its end.
    fn say(&self, asked: &Asked, say: Say, client: &mut wire::Client) -> Option<()> {
        let words = match say {
            Say::Words(words) => words.of_turn(asked.turns, asked.api),
            Say::DropMidStream(words) => {
                client.break_off();
                words
            }
            Say::Fails(failure) => {
                let body = failure.body(asked.api);
                return client.json(failure.status, &failure.headers, &body);
            }
            Say::Hang => {
                client.wait(&self.stopped);
                return None;
            }
            Say::Idle => {
                client.start_events(&[])?;
                client.wait(&self.stopped);
                return None;
            }
            Say::DropBeforeHeaders => return None,
            Say::EmptyStream => {
                client.start_events(&[])?;
                return None;
            }
            Say::Killed => {
                client.start_events(&[])?;
                let host = asked.header("host").unwrap_or_default();
                processes_that_know(host).into_iter().for_each(kill);
                client.wait(&self.stopped);
                return None;
            }
        };
        if !words.delay.is_zero() {
            client.pause(words.delay, &self.stopped);
        }
        match asked.api {
            Api::Messages => anthropic::say(asked, &words, client),
            Api::Responses => responses::say(asked, &words, client),
            Api::Chat => chat::say(asked, &words, client),
        }
    }
}

impl Words {
    /// What is said in that turn of the conversation.
    fn of_turn(self, turn: usize, api: Api) -> Self {
        if api == Api::Messages && !self.searches.is_empty() {
            // Claude has each search made by another model.
            if let Some(search) = self.searches.get(turn) {
                return Self { searches: vec![search.clone()], ..Self::default() };
            }
            let made = self.searches.len();
            return Self { searches: Vec::new(), ..self }.of_turn(turn - made, api);
        }
        match self.calls.get(turn) {
            Some(call) => Self { calls: vec![call.clone()], delay: self.delay, ..Self::default() },
            None => Self { calls: Vec::new(), ..self },
        }
    }
}

impl Failure {
    fn body(&self, api: Api) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if api != Api::Messages {
            error["code"] = json!(self.kind);
        }
        for (name, value) in self.more.as_object().into_iter().flatten() {
            error[name] = value.clone();
        }
        match api {
            Api::Messages => json!({ "type": "error", "error": error }),
            Api::Responses | Api::Chat => json!({ "error": error }),
        }
    }
}

/// The processes that were told of this address, which one test alone has.
fn processes_that_know(host: &str) -> Vec<Pid> {
    let knows = |entry: &DirEntry| {
        ["environ", "cmdline"].iter().any(|name| {
            let text = fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(host)
        })
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ours = all.filter(|entry| !host.is_empty() && knows(entry));
    ours.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

fn kill(process: Pid) {
    // It may have ended by itself.
    let _ = kill_process(process, Signal::KILL);
}

/// A name that nothing else has.
fn unique(prefix: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}_{:012}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The text of a message's content: a string, or parts that have text.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Pieces of at most 40 characters, as a stream has them; one empty piece of an empty text.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return vec![String::new()];
    }
    // A large answer comes in large pieces: nothing is gained by a hundred thousand of them.
    let size = (chars.len() / 64).max(40);
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}
