//! What follows which outcome, what it costs, and what is left on disk.
#![expect(clippy::disallowed_methods, reason = "tests leave files behind as a killed program does")]

mod client;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::AgentIdentity;
use crate::domain::model::agent::{Cost, Money, Tokens};
use crate::domain::model::web::WebRecord;
use crate::domain::policy::agent_settings::Price;
use crate::flow::call::folder::{CallFolder, StoredReply, redacted};
use crate::flow::call::retry::{
    AfterCall, CallHistory, jittered, later, money_of, next_step, numbered,
};
use crate::platform::agents::ask::{Answer, Outcome, Reply};

const BASE: Duration = Duration::from_secs(1);

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn why() -> String {
    "w".to_owned()
}

fn reply(outcome: Outcome) -> Reply {
    Reply { outcome, cost: Cost::default(), by: AgentIdentity::default(), took_ms: 1 }
}

fn answer(text: &str) -> Outcome {
    Outcome::Answered(Answer {
        text: text.to_owned(),
        json: Some(json!({"a": [text]})),
        web: WebRecord::default(),
    })
}

/// Assembled here: no secret stands in a file.
fn secret() -> String {
    ["AKIA", "Z7QW", "3RTY", "5UIO", "P2AS"].concat()
}

#[test]
fn only_what_passes_is_tried_again() {
    let transient = || Outcome::Transient { why: why() };
    let limited =
        |until: Option<i64>| Outcome::RateLimited { until: until.map(second), why: why() };
    let history = |transient, limited| CallHistory { transient, limited, passed_on: 0 };
    let again = |seconds| AfterCall::Again(Duration::from_secs(seconds));
    let cases = [
        (transient(), history(0, 0), again(1)),
        (transient(), history(1, 0), again(2)),
        (transient(), history(2, 5), again(4)),
        (transient(), history(3, 0), AfterCall::Done),
        // A limit is no failure, however often it is met; ever longer where it is met again.
        (limited(Some(600)), history(3, 0), AfterCall::Until(second(600))),
        (limited(Some(-5)), history(0, 0), AfterCall::Until(second(1))),
        (limited(Some(1)), history(0, 6), AfterCall::Until(second(64))),
        (limited(None), history(0, 0), AfterCall::Until(second(60))),
        (limited(None), history(0, 2), AfterCall::Until(second(240))),
        (answer(""), history(0, 0), AfterCall::Done),
        (Outcome::Refused { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::Malformed { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::TimedOut { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::Killed { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::CouldNotStart { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::NotLoggedIn { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::ContextTooLong { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::QuotaUsedUp { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::OverBudget { why: why() }, history(0, 0), AfterCall::Done),
        (Outcome::Interrupted(2), history(0, 0), AfterCall::Done),
    ];
    for (outcome, history, expected) in cases {
        let next = next_step(&outcome, history, 3, BASE, second(0));
        assert_eq!(next, expected, "{outcome:?} after {history:?}");
    }
}

#[test]
fn a_price_makes_money_of_tokens_and_of_nothing_less() {
    let price = |cached: Option<u64>| Price {
        input: Money(2_000_000),
        cached: cached.map(Money),
        output: Money(10_000_000),
    };
    let tokens = |input, cached, output| Tokens { input, cached, output };
    let cases = [
        (tokens(Some(1_000_000), None, Some(100_000)), price(None), Some(3_000_000)),
        (tokens(Some(1_000_000), Some(500_000), Some(0)), price(None), Some(2_000_000)),
        (tokens(Some(1_000_000), Some(500_000), Some(0)), price(Some(0)), Some(1_000_000)),
        // More from the cache than there was is not trusted.
        (tokens(Some(10), Some(500_000), Some(0)), price(Some(200_000)), Some(2)),
        (tokens(Some(1), None, Some(0)), price(None), Some(2)),
        (tokens(None, None, Some(1)), price(None), None),
        (tokens(Some(1), None, None), price(None), None),
        (tokens(Some(0), None, Some(0)), price(None), Some(0)),
    ];
    for (tokens, price, expected) in cases {
        assert_eq!(money_of(tokens, price), expected.map(Money), "{tokens:?}");
    }
    let all = tokens(Some(u64::MAX), None, Some(u64::MAX));
    assert_eq!(money_of(all, price(None)), Some(Money(u64::MAX)));
}

proptest! {
    #[test]
    fn waits_grow_up_to_a_bound_and_end(transient in 0_u32..100, limited in 0_u32..200, part: u32) {
        let history = CallHistory { transient, limited, passed_on: 0 };
        let busy = next_step(&Outcome::Transient { why: why() }, history, 100, BASE, second(0));
        let AfterCall::Again(most) = busy else { panic!("{busy:?}") };
        prop_assert!(most >= BASE && most <= Duration::from_secs(30));
        prop_assert!(jittered(most, part) <= most);
        let limited = next_step(&Outcome::RateLimited { until: None, why: why() }, history, 0, BASE, second(0));
        let AfterCall::Until(until) = limited else { panic!("{limited:?}") };
        prop_assert!(until >= second(60));
        prop_assert!(later(until, most) >= until);
    }
}

#[test]
fn each_call_for_a_question_has_a_name_of_its_own() {
    let name =
        |transient, limited| numbered("review-0", CallHistory { transient, limited, passed_on: 0 });
    assert_eq!([name(0, 0), name(1, 0), name(1, 1)], ["review-0", "review-0.2", "review-0.3"]);
}

#[test]
fn nothing_raw_stays_of_what_an_agent_left() {
    let run = tempfile::tempdir().unwrap();
    let outside = run.path().join("outside");
    fs::write(&outside, secret()).unwrap();
    let folder = CallFolder::of(run.path(), "k");
    let agents = folder.prepare("the question").unwrap();
    fs::create_dir(agents.join("deep")).unwrap();
    let stream = format!("{{\"text\":\"{}\"}}\n", secret());
    fs::write(agents.join("stream.jsonl"), &stream).unwrap();
    fs::write(agents.join("deep/answer"), [b"\xff ", secret().as_bytes(), b" \xfe"].concat())
        .unwrap();
    fs::write(agents.join("plain"), "plain").unwrap();
    let piece = |text: &str| format!("{{\"event\":\"{text}\",\"type\":\"stream_event\"}}\n");
    let whole = secret();
    let (one, two) = whole.split_at(9);
    let pieces = format!("{}{}{{\"type\":\"result\"}}\n", piece(one), piece(two));
    fs::write(agents.join("pieces"), pieces).unwrap();
    symlink(&outside, agents.join("link")).unwrap();
    folder.redact().unwrap();
    let text = fs::read_to_string(agents.join("stream.jsonl")).unwrap();
    assert!(text.starts_with("{\"text\":\"[redacted:") && text.ends_with("\"}\n"), "{text}");
    let pieces = fs::read_to_string(agents.join("pieces")).unwrap();
    assert_eq!(pieces, "{\"type\":\"result\"}\n", "a secret in parts is known by no rule");
    let deep = fs::read(agents.join("deep/answer")).unwrap();
    assert!(deep.starts_with(b"\xff [redacted:") && deep.ends_with(b" \xfe"));
    assert_eq!(fs::read_to_string(agents.join("plain")).unwrap(), "plain");
    assert!(!agents.join("link").exists());
    assert_eq!(fs::read_to_string(&outside).unwrap(), secret());
    // A second start finds an empty folder again.
    assert_eq!(fs::read_dir(folder.prepare("again").unwrap()).unwrap().count(), 0);
}

#[test]
fn what_an_agent_left_is_bounded() {
    let run = tempfile::tempdir().unwrap();
    let folder = CallFolder::of(run.path(), "k");
    let agents = folder.prepare("the question").unwrap();
    let sized = |name: &str, mib: u64| {
        let file = fs::File::create(agents.join(name)).unwrap();
        file.set_len(mib * 1024 * 1024).unwrap();
    };
    sized("a-too-large", 3000);
    sized("b-first", 60);
    sized("c-second", 60);
    sized("d-third", 60);
    let pipe = rustix::fs::Mode::from_raw_mode(0o600);
    let fifo = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, agents.join("pipe"), fifo, pipe, 0).unwrap();
    symlink("/dev/zero", agents.join("zero")).unwrap();
    let deep = (0..30).fold(agents.clone(), |path, _| path.join("in"));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("secret"), secret()).unwrap();
    folder.redact().unwrap();
    let mut names: Vec<_> =
        fs::read_dir(&agents).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["b-first", "c-second", "in"]);
    assert!(!deep.exists());
}

#[test]
fn a_reply_is_kept_without_secrets_and_read_back() {
    let run = tempfile::tempdir().unwrap();
    let folder = CallFolder::of(run.path(), "k");
    folder.prepare("q").unwrap();
    assert_eq!(folder.reply(), None);
    for outcome in [answer(&secret()), Outcome::Refused { why: secret() }] {
        let clean = redacted(&reply(outcome)).unwrap();
        assert!(!serde_json::to_string(&clean).unwrap().contains(&secret()));
        assert!(serde_json::to_string(&clean).unwrap().contains("[redacted:"));
        let kept = StoredReply {
            started: second(0),
            ended: second(1),
            priced: false,
            estimate: Some(Money(7)),
            reply: clean,
        };
        folder.store_reply(&kept).unwrap();
        assert_eq!(folder.reply(), Some(kept));
    }
    let plain = reply(answer("{\"nonce\": \"6f1d0c9be2a84573\"}"));
    assert_eq!(redacted(&plain).unwrap(), plain);
    fs::write(run.path().join("calls/k/reply.json"), "{\"started\"").unwrap();
    assert_eq!(folder.reply(), None);
}

/// A key as programs write it, assembled here.
fn private_key() -> String {
    let noise: Vec<u8> = (0..12).flat_map(|n: u8| *blake3::hash(&[n]).as_bytes()).collect();
    let body = STANDARD.encode(noise);
    let edge = |word: &str| format!("{0}{word} RSA {1} KEY{0}", "-".repeat(5), "PRIVATE");
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("{}\n{}\n{}\n", edge("BEGIN"), lines.join("\n"), edge("END"))
}

#[test]
fn a_secret_is_found_however_deep_it_is_quoted() {
    let key = private_key();
    let line = key.lines().nth(1).unwrap().to_owned();
    let once = json!({"anchor": key}).to_string();
    let twice = json!({"type": "item", "text": once}).to_string();
    let pretty = serde_json::to_string_pretty(&json!({"a": [{"b": key}]})).unwrap();
    let forms = [
        key,
        once.clone(),
        twice.clone(),
        pretty.clone(),
        format!("{{\"type\":\"start\"}}\n{twice}\n{{\"type\":\"end\"}}\n"),
        format!("it says:\n{once}\nand no more"),
        format!("it says:\n```json\n{pretty}\n```\n"),
        format!("it says `{once}` in passing"),
    ];
    for form in forms {
        assert!(!redact_str(&form).contains(&line), "{form}\n=>\n{}", redact_str(&form));
    }
    let plain = "{ \"b\" : 1.50,\n \"a\": \"x\" }\n[1]\n";
    assert_eq!(redact_str(plain), plain);
}
