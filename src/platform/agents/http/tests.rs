//! Against the model server that the tests bring along.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

#[expect(dead_code, reason = "the rest of it is for the programs that work with tools")]
#[path = "../../../../tests/it/model_server/mod.rs"]
mod model_server;

use crate::fuzz;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::{HeaderMap, HeaderValue};

use self::model_server::{Api, Asked, End, ModelServer, Say, Usage, Words};
use super::{Http, anthropic, failure, openai};
use crate::domain::model::agent::{Role, Tokens};
use crate::domain::model::web::WebRecord;
use crate::domain::policy::agent_settings::{HttpAgent, Protocol};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Access, Answer, Outcome, Reply, Request};
use crate::platform::config::env::Env;
use crate::platform::process::{Interrupts, WorkGroup};

const BOTH: [(Protocol, Api); 2] =
    [(Protocol::Openai, Api::Chat), (Protocol::Anthropic, Api::Messages)];

struct Trial {
    agent: Http,
    env: Env,
    folder: TempDir,
    schema: Option<Value>,
    access: Access,
    wall: Duration,
}

impl Trial {
    fn new(endpoint: &str, protocol: Protocol) -> Self {
        let settings = HttpAgent {
            name: "local".to_owned(),
            family: "somebody".to_owned(),
            endpoint: endpoint.to_owned(),
            protocol,
            model: "small".to_owned(),
            key: "A_KEY".to_owned(),
        };
        Self {
            agent: Http::new(&settings),
            env: Env::of(&[
                ("A_KEY", "key-of-mine"),
                ("TRIBUNAL_TEST_NOW", "2026-11-20T19:00:00Z"),
            ]),
            folder: tempfile::tempdir().unwrap(),
            schema: Some(json!({ "type": "object", "properties": { "a": { "type": "integer" } } })),
            access: Access::Read,
            wall: Duration::from_secs(20),
        }
    }

    fn ask(&self) -> Reply {
        let request = Request {
            role: Role::Reviewer,
            model: None,
            effort: Some("high"),
            prompt: "what is it?",
            schema: self.schema.as_ref(),
            access: self.access,
            dir: self.folder.path(),
            folder: self.folder.path(),
            note: None,
            wall: self.wall,
            idle: self.wall,
            budget: None,
        };
        let agent_env = AgentEnv { env: &self.env, repository: None, home: self.folder.path() };
        self.agent.ask(&request, agent_env, Interrupts::listen().unwrap())
    }
}

/// The outcome of a question to a server that says this.
fn outcome(protocol: Protocol, say: &Say) -> Outcome {
    let say = say.clone();
    let server = ModelServer::start(move |_: &Asked| say.clone());
    Trial::new(&server.v1(), protocol).ask().outcome
}

#[test]
fn a_structured_answer_comes_with_its_cost() {
    for (protocol, api) in BOTH {
        let server = ModelServer::start(|_: &Asked| {
            let usage = Usage { input: 900, cached: 400, output: 70 };
            Say::Words(Words { json: Some(json!({ "a": 1 })), usage, ..Words::default() })
        });
        let trial = Trial::new(&format!("{}/", server.v1()), protocol);
        let reply = trial.ask();
        let expected = Answer {
            text: "{\"a\":1}".to_owned(),
            json: Some(json!({ "a": 1 })),
            web: WebRecord::default(),
        };
        assert_eq!(reply.outcome, Outcome::Answered(expected));
        let tokens = Tokens { input: Some(900), cached: Some(400), output: Some(70) };
        assert_eq!((reply.cost.tokens, reply.cost.money), (tokens, None));
        let by = &reply.by;
        assert_eq!([&*by.agent, &by.family, &by.model], ["local", "somebody", "small"]);
        let asked = &server.asked()[0];
        assert_eq!((asked.api, asked.prompt.as_str()), (api, "what is it?"));
        assert_eq!(asked.schema, trial.schema);
        assert_eq!(asked.key(), Some("key-of-mine"));
        let kept = fs::read_to_string(trial.folder.path().join("said.json")).unwrap();
        assert!(kept.contains("usage"));
    }
}

#[test]
fn prose_is_an_answer_where_no_schema_holds_and_around_an_object() {
    for (protocol, _) in BOTH {
        let said = "Well: ```json\n{\"a\": 2}\n```";
        let Outcome::Answered(answer) = outcome(protocol, &Say::text(said)) else { panic!() };
        assert_eq!((answer.text.as_str(), answer.json), (said, Some(json!({ "a": 2 }))));
        let server = ModelServer::start(|_: &Asked| Say::text("It is well."));
        let mut trial = Trial::new(&server.v1(), protocol);
        assert_eq!(trial.ask().outcome.as_str(), "malformed");
        trial.schema = None;
        let answer =
            Answer { text: "It is well.".to_owned(), json: None, web: WebRecord::default() };
        assert_eq!(trial.ask().outcome, Outcome::Answered(answer));
        assert_eq!(server.asked()[1].schema, None);
    }
}

#[test]
fn each_failure_is_told_apart() {
    let ended =
        |end| Say::Words(Words { text: Some("{\"a\":".to_owned()), end, ..Words::default() });
    let words = Words { json: Some(json!({ "a": "x".repeat(4000) })), ..Words::default() };
    for (say, expected) in [
        (Say::unauthorized(), "not logged in"),
        (Say::fails(403, "permission_error", "no access"), "not logged in"),
        (Say::overloaded(), "transient"),
        (Say::fails(500, "api_error", "boom"), "transient"),
        (Say::fails(503, "server_error", "busy"), "transient"),
        (Say::fails(404, "not_found_error", "no such model"), "could not start"),
        (Say::fails(400, "invalid_request_error", "no such field"), "could not start"),
        (Say::fails(429, "insufficient_quota", "You exceeded your current quota"), "quota used up"),
        (Say::fails(402, "billing", "pay"), "quota used up"),
        (
            Say::fails(400, "invalid_request_error", "Your credit balance is too low"),
            "quota used up",
        ),
        (Say::fails(413, "request_too_large", "too large"), "context too long"),
        (Say::fails(400, "invalid_request_error", "prompt is too long: 2 > 1"), "context too long"),
        (Say::DropBeforeHeaders, "transient"),
        (Say::DropMidStream(words), "transient"),
        (Say::EmptyStream, "malformed"),
        (Say::text(""), "malformed"),
        (Say::text("{\"a\": 1} or {\"a\": 2}"), "malformed"),
        (ended(End::Refused), "refused"),
        (ended(End::CutOff), "malformed"),
    ] {
        for (protocol, _) in BOTH {
            let outcome = outcome(protocol, &say);
            assert_eq!(outcome.as_str(), expected, "{say:?}: {outcome:?}");
            assert!(!outcome.why().is_empty() && !outcome.why().contains('\n'));
        }
    }
}

#[test]
fn a_limit_says_until_when() {
    let limited = |headers: &[(&str, &str)], more: Value| {
        let mut say = Say::fails(429, "rate_limit_error", "slow down");
        if let Say::Fails(failure) = &mut say {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            failure.headers = headers.iter().map(own).collect();
            failure.more = more;
        }
        say
    };
    for (headers, more, expected) in [
        (&[("retry-after", "90")][..], json!({}), Some("2026-11-20T19:01:30Z")),
        (
            &[("retry-after", "Fri, 20 Nov 2026 20:00:00 GMT")],
            json!({}),
            Some("2026-11-20T20:00:00Z"),
        ),
        (
            &[("anthropic-ratelimit-unified-reset", "1795208400")],
            json!({}),
            Some("2026-11-20T21:00:00Z"),
        ),
        (&[], json!({ "resets_at": 1_795_208_400 }), Some("2026-11-20T21:00:00Z")),
        (&[], json!({ "resets_in_seconds": 60 }), Some("2026-11-20T19:01:00Z")),
        (
            &[
                ("x-ratelimit-remaining-requests", "10"),
                ("x-ratelimit-reset-requests", "1h"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            json!({}),
            Some("2026-11-20T19:06:00Z"),
        ),
        (&[], json!({ "message": "Please try again in 20s." }), Some("2026-11-20T19:00:20Z")),
        (&[("retry-after", "soon")], json!({}), None),
        (&[("retry-after", "1e300")], json!({}), None),
    ] {
        let Outcome::RateLimited { until, .. } =
            outcome(Protocol::Openai, &limited(headers, more.clone()))
        else {
            panic!("{headers:?}")
        };
        assert_eq!(until, expected.map(|time| time.parse().unwrap()), "{headers:?} {more}");
    }
}

#[test]
fn nobody_waits_longer_than_agreed() {
    for say in [Say::Hang, Say::Idle] {
        let server = ModelServer::start(move |_: &Asked| say.clone());
        let mut trial = Trial::new(&server.v1(), Protocol::Openai);
        trial.wall = Duration::from_millis(300);
        let started = Instant::now();
        assert_eq!(trial.ask().outcome.as_str(), "timed out");
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_call_that_is_not_wanted_any_more_is_left_to_itself() {
    let server = ModelServer::start(move |_: &Asked| Say::Hang);
    let (trial, group) = (Trial::new(&server.v1(), Protocol::Openai), WorkGroup::another());
    thread::scope(|scope| {
        let (trial, started) = (&trial, Instant::now());
        let asked = scope.spawn(move || {
            group.enter();
            trial.ask()
        });
        while server.asked().is_empty() && started.elapsed() < trial.wall {
            thread::yield_now();
        }
        group.call_off();
        let reply = asked.join().unwrap();
        assert_eq!(reply.outcome.as_str(), "interrupted");
        assert_eq!(reply.cost.money, None, "what it cost is not known");
        assert!(started.elapsed() < trial.wall);
    });
}

#[test]
fn a_server_that_is_gone_may_come_back() {
    let mut server = ModelServer::start(|_: &Asked| Say::text("hello"));
    let address = server.v1();
    server.stop();
    let outcome = Trial::new(&address, Protocol::Openai).ask().outcome;
    assert_eq!(outcome.as_str(), "transient", "{outcome:?}");
    let outcome = Trial::new("http://nowhere.invalid/v1", Protocol::Openai).ask().outcome;
    assert_eq!(outcome.as_str(), "transient", "{outcome:?}");
    let outcome = Trial::new("no address", Protocol::Openai).ask().outcome;
    assert_eq!(outcome.as_str(), "could not start", "{outcome:?}");
}

#[test]
fn a_redirect_is_not_followed() {
    let other = ModelServer::start(|_: &Asked| Say::text("{\"a\": 1}"));
    for status in [301, 302, 307, 308] {
        let mut say = Say::fails(status, "moved", "moved");
        if let Say::Fails(failure) = &mut say {
            let to = format!("{}/chat/completions", other.v1());
            failure.headers.push(("location".to_owned(), to));
        }
        let outcome = outcome(Protocol::Openai, &say);
        assert_eq!(outcome.as_str(), "could not start");
        assert!(outcome.why().contains("redirect"));
    }
    assert!(other.asked().is_empty() && other.other().is_empty());
}

#[test]
fn nothing_is_sent_without_the_key_or_to_write() {
    let server = ModelServer::start(|_: &Asked| Say::text("{\"a\": 1}"));
    let mut trial = Trial::new(&server.v1(), Protocol::Anthropic);
    trial.access = Access::Write;
    assert_eq!(trial.ask().outcome.as_str(), "could not start");
    trial.access = Access::Read;
    trial.env = Env::of(&[]);
    let outcome = trial.ask().outcome;
    assert_eq!(outcome, Outcome::NotLoggedIn { why: "the variable `A_KEY` is not set".to_owned() });
    assert!(server.asked().is_empty());
    trial.agent.settings.key = String::new();
    assert_eq!(trial.ask().outcome.as_str(), "answered");
    assert_eq!(server.asked()[0].key(), None);
}

#[test]
fn a_key_that_comes_back_is_not_kept() {
    let say = Say::fails(401, "invalid_api_key", "Incorrect API key provided: key-of-mine");
    let server = ModelServer::start(move |_: &Asked| say.clone());
    let trial = Trial::new(&server.v1(), Protocol::Openai);
    let outcome = trial.ask().outcome;
    assert!(!outcome.why().contains("key-of-mine"), "{outcome:?}");
    let kept = fs::read_to_string(trial.folder.path().join("said.json")).unwrap();
    assert!(kept.contains("[redacted]"), "{kept}");
}

#[test]
fn drawn_bodies_are_read() {
    let seeds = [
        r#"{"content":[{"type":"text","text":"a"},{"type":"tool_use","name":"answer","input":{"a":1}}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2},"model":"m"}"#,
        r#"{"choices":[{"message":{"content":"{\"a\":1}","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4},"model":"m"}"#,
        r#"{"error":{"message":"Rate limit: try again in 1.5s","type":"rate_limit","resets_at":1795176000}}"#,
    ];
    let words = [
        "\"content\":",
        "\"text\":",
        "\"usage\":",
        "\"error\":",
        "\"refusal\":",
        "\"length\"",
        "\"max_tokens\"",
        "null",
        "[]",
        "{}",
        ",",
        "\"message\":",
        "\"resets_at\":",
        "again at 9pm",
        "-1",
        "1e308",
    ];
    let now: Timestamp = "2026-11-20T19:00:00Z".parse().unwrap();
    fuzz::hold(
        "bodies of answers",
        &seeds.map(str::as_bytes),
        &words.map(str::as_bytes),
        move |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let body =
                serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string()));
            drop((anthropic::read(&body, true), openai::read(&body, true)));
            let mut headers = HeaderMap::new();
            for name in
                ["retry-after", "anthropic-ratelimit-unified-reset", "x-ratelimit-reset-tokens"]
            {
                if let Ok(value) = HeaderValue::from_bytes(bytes) {
                    headers.insert(name, value);
                }
            }
            headers.insert("x-ratelimit-remaining-tokens", HeaderValue::from_static("0"));
            for status in [200, 302, 400, 401, 429, 500] {
                let outcome = failure::outcome(status, &headers, &body, now);
                assert!(outcome.why().chars().count() <= 300 && !outcome.why().contains('\n'));
            }
        },
    );
}
