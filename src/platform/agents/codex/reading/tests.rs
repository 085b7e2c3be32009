//! Outputs that were recorded from version 0.169.0, with one try each.

use crate::fuzz;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::read;
use crate::domain::model::agent::Money;
use crate::platform::agents::ask::Outcome;
use crate::platform::agents::call::{Exit, ProgramOutput};

const ANSWERED: &str = include_str!("recorded/verdict.jsonl");

fn now() -> Timestamp {
    "2026-11-20T15:00:00Z".parse().unwrap()
}

fn outcome(exit: Exit, out: &str, err: &str, answer: &str) -> Outcome {
    let ran = ProgramOutput { exit, out: out.into(), err: err.into() };
    read(&ran, answer.as_bytes(), true, now()).outcome
}

#[test]
fn recorded_outputs_are_told_apart() {
    let table = [
        (0, ANSWERED, "answered", ""),
        (0, include_str!("recorded/verdict-bad.jsonl"), "malformed", "no JSON object"),
        (1, include_str!("recorded/incomplete.jsonl"), "malformed", "max_output_tokens"),
        (1, include_str!("recorded/incomplete-filter.jsonl"), "refused", "content_filter"),
        (1, include_str!("recorded/401.jsonl"), "not logged in", "Incorrect API key"),
        (1, include_str!("recorded/403.jsonl"), "not logged in", "403"),
        (1, include_str!("recorded/400.jsonl"), "could not start", "Invalid schema"),
        (1, include_str!("recorded/404.jsonl"), "could not start", "does not exist"),
        (1, include_str!("recorded/413.jsonl"), "context too long", "413"),
        (1, include_str!("recorded/failed-ctx.jsonl"), "context too long", "context window"),
        (1, include_str!("recorded/429.jsonl"), "rate limited", "429"),
        (1, include_str!("recorded/429-usage.jsonl"), "rate limited", "usage limit"),
        (1, include_str!("recorded/failed-rate.jsonl"), "rate limited", "1.5s"),
        (1, include_str!("recorded/429-quota.jsonl"), "quota used up", "Quota"),
        (1, include_str!("recorded/failed-quota.jsonl"), "quota used up", "Quota"),
        (1, include_str!("recorded/500.jsonl"), "transient", "high demand"),
        (1, include_str!("recorded/503.jsonl"), "transient", "at capacity"),
        (1, include_str!("recorded/529.jsonl"), "transient", "529"),
        (1, include_str!("recorded/failed-overload.jsonl"), "transient", "at capacity"),
        (1, include_str!("recorded/drop-mid.jsonl"), "transient", "disconnected"),
        (1, include_str!("recorded/drop-before.jsonl"), "transient", "disconnected"),
        (1, include_str!("recorded/empty-sse.jsonl"), "transient", "disconnected"),
        (1, include_str!("recorded/garbage-sse.jsonl"), "transient", "disconnected"),
        (1, include_str!("recorded/html.jsonl"), "transient", "disconnected"),
        (1, include_str!("recorded/gone.jsonl"), "transient", "Connection failed"),
    ];
    for (code, out, expected, why) in table {
        let outcome = outcome(Exit::Code(code), out, "", "");
        assert_eq!(outcome.as_str(), expected, "{outcome:?}\n{out}");
        assert!(outcome.why().contains(why), "no `{why}` in {outcome:?}");
        assert!(outcome.why().chars().count() <= 300 && !outcome.why().contains('\n'));
    }
}

#[test]
fn an_answer_is_taken_whole() {
    let ran = ProgramOutput { exit: Exit::Code(0), out: ANSWERED.into(), err: Vec::new() };
    let reading = read(&ran, br#"{"verdict":"pass"}"#, true, now());
    let Outcome::Answered(answer) = reading.outcome else { panic!("{:?}", reading.outcome) };
    assert_eq!(answer.json, Some(json!({"verdict": "pass"})), "the file counts");
    let tokens = reading.cost.tokens;
    assert_eq!((tokens.input, tokens.cached, tokens.output), (Some(1200), Some(200), Some(60)));
    assert_eq!(reading.cost.money, None, "it tells no money, which is not none");

    let prose = read(&ran, b"", false, now()).outcome;
    let Outcome::Answered(prose) = prose else { panic!("{prose:?}") };
    assert!(prose.text.contains("stub finding") && prose.json.is_none());
}

#[test]
fn searches_are_counted_and_no_page_is_known_of_them() {
    // An address that could not be opened is printed like one that was.
    let said = include_str!("recorded/search.jsonl");
    let Outcome::Answered(answer) = outcome(Exit::Code(0), said, "", "") else { panic!() };
    assert_eq!((answer.web.searches, answer.web.pages.len()), (3, 0));
}

#[test]
fn its_log_names_the_model_and_is_no_reason() {
    let event = "2026-11-20T20:12:29.159173Z  INFO codex_otel.log_only: event.name=\"codex.sse_event\" \
        event.kind=response.created duration_ms=0 model=gpt-6.1-sol slug=gpt-6.1-sol\n";
    let read = |out: &str, err: &str| {
        let ran = ProgramOutput { exit: Exit::Code(1), out: out.into(), err: err.into() };
        read(&ran, b"", true, now())
    };
    assert_eq!(read(ANSWERED, event).model.as_deref(), Some("gpt-6.1-sol"));
    assert_eq!(read(ANSWERED, "").model, None);
    let said = read("", &format!("Error: no such thing\n{event}")).outcome;
    assert_eq!(said.why(), "Error: no such thing");
}

#[test]
fn what_was_refused_before_the_model_worked_costs_nothing() {
    let money = |out: &str| {
        let ran = ProgramOutput { exit: Exit::Code(1), out: out.into(), err: Vec::new() };
        read(&ran, b"", true, now()).cost.money
    };
    for out in [
        include_str!("recorded/401.jsonl"),
        include_str!("recorded/404.jsonl"),
        include_str!("recorded/413.jsonl"),
        include_str!("recorded/429.jsonl"),
        include_str!("recorded/429-usage.jsonl"),
        include_str!("recorded/429-quota.jsonl"),
        include_str!("recorded/500.jsonl"),
        include_str!("recorded/503.jsonl"),
        include_str!("recorded/529.jsonl"),
        include_str!("recorded/gone.jsonl"),
    ] {
        assert_eq!(money(out), Some(Money(0)), "{out}");
        // After a turn of the model it is not known what it cost.
        let turn = r#"{"type":"item.completed","item":{"type":"agent_message","text":"I look"}}"#;
        assert_eq!(money(&format!("{turn}\n{out}")), None);
        let note = r#"{"type":"item.completed","item":{"type":"error","message":"a note"}}"#;
        assert_eq!(money(&format!("{note}\n{out}")), Some(Money(0)));
    }
    for out in [include_str!("recorded/drop-mid.jsonl"), include_str!("recorded/empty-sse.jsonl")] {
        assert_eq!(money(out), None, "{out}");
    }
}

#[test]
fn times_are_read() {
    let until = |out: &str| match outcome(Exit::Code(1), out, "", "") {
        Outcome::RateLimited { until, .. } => until.map(|at| at.to_string()),
        other => panic!("{other:?}"),
    };
    let usage = until(include_str!("recorded/429-usage.jsonl"));
    assert_eq!(usage.as_deref(), Some("2026-11-20T15:53:59Z"));
    let rate = until(include_str!("recorded/failed-rate.jsonl"));
    assert_eq!(rate.as_deref(), Some("2026-11-20T15:00:01.5Z"));
    assert_eq!(until(include_str!("recorded/429.jsonl")), None);
}

#[test]
fn what_did_not_end_well_is_no_answer() {
    let minute = Duration::from_mins(1);
    for (exit, expected) in [
        (Exit::TimedOut(minute), "timed out"),
        (Exit::Silent(minute), "timed out"),
        (Exit::TooLong, "killed"),
        (Exit::Interrupted(15), "interrupted"),
        (Exit::Signal(9), "killed"),
        (Exit::Code(1), "transient"),
    ] {
        assert_eq!(outcome(exit, ANSWERED, "", "{}").as_str(), expected);
    }
    for (code, err, expected) in [
        (0, "", "malformed"),
        (1, "", "failed"),
        (2, "error: unexpected argument '--strict-config' found", "could not start"),
        (1, "Error loading config.toml: unknown configuration field `x`", "could not start"),
    ] {
        assert_eq!(outcome(Exit::Code(code), "", err, "").as_str(), expected, "{err}");
    }
    let failed = |message: &str| {
        let event = json!({"type": "turn.failed", "error": {"message": message}});
        outcome(Exit::Code(1), &format!("{event}\n"), "", "").as_str()
    };
    assert_eq!(failed("something that nobody has seen"), "failed");
    assert_eq!(failed("rollout token budget reached"), "over budget");
    assert_eq!(failed("You have hit your usage limit. Upgrade to go on."), "quota used up");
}

#[test]
fn an_answer_without_a_sandbox_is_none() {
    let run = json!({"type": "item.completed", "item": {"type": "command_execution", "status":
        "failed", "aggregated_output": "bwrap: Creating new namespace failed: not permitted\n"}});
    let out = format!("{run}\n{ANSWERED}");
    assert_eq!(outcome(Exit::Code(0), &out, "", "").as_str(), "could not start");
    let held = include_str!("recorded/probe.jsonl");
    assert_eq!(outcome(Exit::Code(0), held, "", "{}").as_str(), "answered");
}

proptest! {
    /// Wherever the stream breaks off, nothing is taken for an answer.
    #[test]
    fn a_part_of_an_answer_is_none(at in 0..ANSWERED.trim_end().len()) {
        if ANSWERED.is_char_boundary(at) {
            let outcome = outcome(Exit::Code(0), &ANSWERED[..at], "", r#"{"verdict":"pass"}"#);
            prop_assert_ne!(outcome.as_str(), "answered");
        }
    }

    #[test]
    fn any_output_is_read(out in proptest::collection::vec(any::<u8>(), 0..200), code in 0..200) {
        let ran = ProgramOutput { exit: Exit::Code(code), out, err: Vec::new() };
        prop_assert_ne!(read(&ran, b"{}", true, now()).outcome.as_str(), "answered");
    }
}

#[test]
fn drawn_outputs_are_read() {
    let seeds = [
        ANSWERED,
        include_str!("recorded/verdict-bad.jsonl"),
        include_str!("recorded/429-usage.jsonl"),
        include_str!("recorded/failed-rate.jsonl"),
        include_str!("recorded/incomplete.jsonl"),
    ];
    let words = [
        "\"type\":\"turn.completed\"",
        "\"item\":{",
        "\"text\":\"",
        "try again in 1.5s",
        "try again at Nov 25th, 2026 3:53 PM.",
        "\"usage\":{",
        "\"message\":",
        "\"error\":",
        "null",
        "{}",
        "\n",
        ",",
        "[1]",
    ];
    fuzz::hold("outputs of codex", &seeds.map(str::as_bytes), &words.map(str::as_bytes), |bytes| {
        for (exit, out, err, answer) in [
            (Exit::Code(0), bytes, &b""[..], &b"{}"[..]),
            (Exit::Code(0), ANSWERED.as_bytes(), b"", bytes),
            (Exit::Code(1), b"", bytes, b""),
        ] {
            let ran = ProgramOutput { exit, out: out.into(), err: err.into() };
            let outcome = read(&ran, answer, true, now()).outcome;
            assert!(outcome.why().chars().count() <= 300 && !outcome.why().contains('\n'));
        }
    });
}
