//! Outputs that were recorded from version 2.1.329, cut down to what is read.

use crate::fuzz;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::read;
use crate::domain::model::agent::Money;
use crate::platform::agents::ask::Outcome;
use crate::platform::agents::call::{Exit, ProgramOutput};

const ANSWERED: &str = include_str!("recorded/structured.jsonl");
const WITHOUT_OBJECT: &str = include_str!("recorded/structured-never.jsonl");
const SILENT: &str = include_str!("recorded/hang.jsonl");

fn now() -> Timestamp {
    "2026-11-20T19:00:00Z".parse().unwrap()
}

fn outcome(exit: Exit, out: &str, err: &str, schema: bool) -> Outcome {
    let ran = ProgramOutput { exit, out: out.into(), err: err.into() };
    read(&ran, schema, now()).outcome
}

#[test]
fn recorded_outputs_are_told_apart() {
    let table = [
        (0, ANSWERED, "answered", "", Some(5_000)),
        (0, WITHOUT_OBJECT, "malformed", "no JSON object", Some(10_000)),
        (
            1,
            include_str!("recorded/structured-allbad.jsonl"),
            "malformed",
            "5 attempts",
            Some(25_000),
        ),
        (
            1,
            include_str!("recorded/maxtokens.jsonl"),
            "malformed",
            "output token maximum",
            Some(20_000),
        ),
        (1, include_str!("recorded/refusal.jsonl"), "refused", "safeguards", Some(10_000)),
        (1, include_str!("recorded/budget.jsonl"), "over budget", "maximum budget", Some(160_000)),
        (1, include_str!("recorded/401.jsonl"), "not logged in", "Invalid API key", Some(0)),
        (1, include_str!("recorded/403.jsonl"), "not logged in", "403", Some(0)),
        (1, include_str!("recorded/400-credit.jsonl"), "quota used up", "Credit balance", Some(0)),
        (1, include_str!("recorded/400-long.jsonl"), "context too long", "too long", Some(0)),
        (1, include_str!("recorded/404-model.jsonl"), "could not start", "selected model", Some(0)),
        (1, include_str!("recorded/429.jsonl"), "rate limited", "429", Some(0)),
        (1, include_str!("recorded/429-unified.jsonl"), "rate limited", "usage limit", Some(0)),
        (1, include_str!("recorded/500.jsonl"), "transient", "500", Some(0)),
        (1, include_str!("recorded/529.jsonl"), "transient", "Overloaded", Some(0)),
        (1, include_str!("recorded/gone.jsonl"), "transient", "Connection refused", Some(0)),
        (1, include_str!("recorded/drop-before.jsonl"), "transient", "ECONNRESET", Some(0)),
        (1, include_str!("recorded/empty-sse.jsonl"), "transient", "empty or malformed", Some(0)),
        (1, include_str!("recorded/garbage-sse.jsonl"), "transient", "empty or malformed", Some(0)),
        (1, include_str!("recorded/html.jsonl"), "transient", "HTML", Some(0)),
        (
            0,
            include_str!("recorded/sse-overloaded.jsonl"),
            "malformed",
            "no JSON object",
            Some(10_000),
        ),
        (0, include_str!("recorded/drop-mid.jsonl"), "malformed", "no JSON object", Some(18_520)),
        (143, SILENT, "killed", "signal 15", None),
        (0, SILENT, "transient", "breaks off", None),
    ];
    for (code, out, expected, why, money) in table {
        let ran = ProgramOutput { exit: Exit::Code(code), out: out.into(), err: Vec::new() };
        let reading = read(&ran, true, now());
        assert_eq!(reading.outcome.as_str(), expected, "{:?}\n{out}", reading.outcome);
        assert!(reading.outcome.why().contains(why), "no `{why}` in {:?}", reading.outcome);
        assert!(reading.outcome.why().chars().count() <= 300);
        assert!(!reading.outcome.why().contains('\n'));
        assert_eq!(reading.cost.money, money.map(Money), "{expected}");
        assert_eq!(reading.model.as_deref(), Some("claude-opus-5-5"));
    }
}

#[test]
fn an_answer_is_taken_whole() {
    let ran = ProgramOutput { exit: Exit::Code(0), out: ANSWERED.into(), err: Vec::new() };
    let reading = read(&ran, true, now());
    let Outcome::Answered(answer) = reading.outcome else { panic!("{:?}", reading.outcome) };
    assert_eq!(answer.json, Some(json!({"verdict": "pass", "score": 7})));
    let tokens = reading.cost.tokens;
    assert_eq!((tokens.input, tokens.cached, tokens.output), (Some(1000), Some(0), Some(50)));
    // The same without a schema is prose.
    let Outcome::Answered(prose) = outcome(Exit::Code(0), WITHOUT_OBJECT, "", false) else {
        panic!("prose is an answer")
    };
    assert_eq!((prose.text.as_str(), prose.json), ("I refuse to use the tool.", None));
}

#[test]
fn what_searches_gave_is_recorded_and_not_what_is_said_beside_it() {
    let said = include_str!("recorded/search.jsonl");
    let Outcome::Answered(answer) = outcome(Exit::Code(0), said, "", true) else { panic!() };
    assert!(said.contains("https://invented.example/x"));
    let pages = answer.web.pages.iter().map(|page| (page.address.as_str(), page.title.as_str()));
    assert_eq!(
        pages.collect::<Vec<_>>(),
        [("https://example.com/units", "Units"), ("https://example.org/b", "B")]
    );
    assert_eq!(answer.web.searches, 1);
}

#[test]
fn an_object_in_prose_is_an_answer() {
    let said =
        WITHOUT_OBJECT.replace("I refuse to use the tool.", r#"So: {\"verdict\":\"fail\"}."#);
    let Outcome::Answered(answer) = outcome(Exit::Code(0), &said, "", true) else { panic!() };
    assert_eq!(answer.json, Some(json!({"verdict": "fail"})));
}

#[test]
fn a_reset_is_read_from_the_event() {
    let until = include_str!("recorded/429-until.jsonl");
    let Outcome::RateLimited { until, why } = outcome(Exit::Code(1), until, "", true) else {
        panic!()
    };
    assert_eq!(until, Timestamp::from_second(1_795_190_000).ok());
    assert!(why.contains("5-hour limit"), "{why}");
}

#[test]
fn what_was_stopped_is_no_answer_whatever_it_said() {
    let minute = Duration::from_mins(1);
    for (exit, expected) in [
        (Exit::TimedOut(minute), "timed out"),
        (Exit::Silent(minute), "timed out"),
        (Exit::TooLong, "killed"),
        (Exit::Interrupted(2), "interrupted"),
    ] {
        assert_eq!(outcome(exit, ANSWERED, "", true).as_str(), expected);
        // What it cost is kept all the same.
        let ran = ProgramOutput { exit, out: ANSWERED.into(), err: Vec::new() };
        assert_eq!(read(&ran, true, now()).cost.money, Some(Money(5_000)));
    }
    assert_eq!(outcome(Exit::Signal(9), SILENT, "", true).as_str(), "killed");
}

#[test]
fn words_alone_are_read_where_there_is_no_stream() {
    for (code, err, expected) in [
        (0, "", "malformed"),
        (1, "", "failed"),
        (1, "error: unknown option '--restricted'", "could not start"),
        (1, "Not logged in · Please run /login", "not logged in"),
        (127, "claude: not found", "could not start"),
        (137, "", "killed"),
    ] {
        assert_eq!(outcome(Exit::Code(code), "", err, true).as_str(), expected, "{err}");
    }
}

proptest! {
    /// Wherever the stream breaks off, and with whatever behind it, nothing is taken for an answer.
    #[test]
    fn a_part_of_an_answer_is_none(at in 0..ANSWERED.trim_end().len(), tail in "[ -~]{0,20}") {
        if ANSWERED.is_char_boundary(at) {
            let cut = format!("{}\n{{{tail}", &ANSWERED[..at]);
            prop_assert_ne!(outcome(Exit::Code(0), &cut, "", true).as_str(), "answered");
        }
    }

    #[test]
    fn any_output_is_read(out in proptest::collection::vec(any::<u8>(), 0..200), code in 0..200) {
        let ran = ProgramOutput { exit: Exit::Code(code), out, err: Vec::new() };
        prop_assert_ne!(read(&ran, true, now()).outcome.as_str(), "answered");
    }
}

#[test]
fn drawn_outputs_are_read() {
    let seeds = [
        ANSWERED,
        WITHOUT_OBJECT,
        include_str!("recorded/429-until.jsonl"),
        include_str!("recorded/429-unified.jsonl"),
        include_str!("recorded/budget.jsonl"),
        include_str!("recorded/401.jsonl"),
    ];
    let words = [
        "\"type\":\"result\"",
        "\"is_error\":true",
        "\"result\":\"",
        "resets 3:53pm (UTC)",
        "\"resetsAt\":",
        "\"usage\":{",
        "\"total_cost_usd\":",
        "\"modelUsage\":{",
        "\"structured_output\":",
        "null",
        "{}",
        "\n",
        ",",
        "[1]",
        "\"errors\":",
    ];
    fuzz::hold(
        "outputs of claude",
        &seeds.map(str::as_bytes),
        &words.map(str::as_bytes),
        |bytes| {
            for (exit, out, err) in [
                (Exit::Code(0), bytes, &b""[..]),
                (Exit::Code(1), b"", bytes),
                (Exit::Signal(9), bytes, bytes),
            ] {
                let ran = ProgramOutput { exit, out: out.into(), err: err.into() };
                let outcome = read(&ran, true, now()).outcome;
                assert!(outcome.why().chars().count() <= 300 && !outcome.why().contains('\n'));
            }
        },
    );
}
