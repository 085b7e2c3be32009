//! `tribunal cost`, and what a call to an agent leaves behind.

use rusqlite::Connection;

use crate::harness::{Repo, Sandbox};

const NOW: [(&str, &str); 1] = [("TRIBUNAL_TEST_NOW", "2026-03-04T12:00:00Z")];

/// Keeps a call as a review would have.
fn call(repo: &Repo<'_>, run: &str, role: &str, model: &str, started: &str, money: Option<i64>) {
    let started: jiff::Timestamp = started.parse().unwrap();
    let ledger = Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
    ledger
        .execute(
            "INSERT INTO calls (run, key, role, agent, family, model, version, started, ended,
                 outcome, input, cached, output, money, priced, budget)
             VALUES (?1, ?2, ?3, 'codex', 'openai', ?4, '', ?5, ?5, 'answered', 12345, NULL, 67, ?6,
                 0, 1000000)",
            rusqlite::params![
                run,
                started.to_string(),
                role,
                model,
                started.as_millisecond(),
                money
            ],
        )
        .unwrap();
}

fn with_calls(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").commit_unjudged("first");
    repo.tribunal(&["findings", "add", "--class", "other/x", "--at", "a:1", "-m", "m"]).ok();
    call(&repo, "R1", "reviewer", "gpt-5.2", "2026-03-04T00:00:00Z", Some(1_200_000));
    call(&repo, "R1", "arbiter", "\u{1b}[31mred", "2026-03-04T11:00:00Z", None);
    call(&repo, "R0", "reviewer", "gpt-5.2", "2026-03-03T23:59:59Z", Some(500_000));
    repo
}

#[test]
fn cost_is_told_by_run_role_and_model_and_unknown_is_not_zero() {
    let sandbox = Sandbox::new();
    let repo = with_calls(&sandbox);
    let today = repo.tribunal_with(&["cost"], &NOW, b"").ok();
    for line in [
        "2 calls since 2026-03-04 00:00:00: at least $1.20, 1 call unknown",
        "in the budgets they count as $2.20",
    ] {
        assert!(today.stdout.lines().any(|said| said == line), "no `{line}` in\n{today}");
    }
    let row = |name: &str| {
        let start = format!("{name} ");
        let line = today.stdout.lines().find(|line| line.starts_with(&start));
        line.unwrap_or_else(|| panic!("no `{name}` in\n{today}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(row("RUN"), ["RUN", "CALLS", "INPUT", "CACHED", "OUTPUT", "COST"]);
    assert_eq!(row("R1"), ["R1", "2", "24,690", "?", "134", "$1.20+?"]);
    assert!(today.stdout.lines().all(|line| line.chars().count() <= 80), "{today}");
    assert_eq!(row("arbiter").last(), Some(&"?"));
    assert_eq!(row("gpt-5.2").last(), Some(&"$1.20"));
    let today = today.never_says("\u{1b}").never_says("R0");
    drop(today);

    let week = repo.tribunal_with(&["cost", "--since", "7d"], &NOW, b"").ok();
    let week = week.says("3 calls since 2026-02-25 12:00:00: at least $1.70, 1 call unknown");
    drop(week.says("R0"));
    let json =
        repo.tribunal_with(&["cost", "--since", "7d", "--format", "json"], &NOW, b"").ok().json();
    assert_eq!(json["total"]["dollars"], serde_json::json!({"known": 1.7, "unknown": 1}));
    assert_eq!(json["total"]["cached"], serde_json::json!({"known": 0, "unknown": 3}));
    assert_eq!(json["runs"][1]["name"], "R1");
    assert_eq!(json["runs"][1]["counted_dollars"], 2.2);
    assert_eq!(json["roles"][0]["name"], "arbiter");
}

/// People read and write the times of their own zone; programs are given UTC.
#[test]
fn times_are_those_of_the_person_and_those_of_programs_are_utc() {
    let sandbox = Sandbox::new();
    let repo = with_calls(&sandbox);
    let abroad = [NOW[0], ("TZ", "JST-9")];
    let since =
        |words: &[&str]| repo.tribunal_with(&[&["cost"], words].concat(), &abroad, b"").ok();
    since(&[]).says("2 calls since 2026-03-04 09:00:00:");
    since(&["--since", "2026-03-04"]).says("3 calls since 2026-03-04 00:00:00:");
    let json = since(&["--since", "2026-03-04", "--format", "json"]).json();
    assert_eq!(json["since"], "2026-03-03T15:00:00Z");
}

#[test]
fn no_calls_cost_nothing_and_make_no_ledger() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal_with(&["cost"], &NOW, b"").ok().says("no calls since 2026-03-04 00:00:00");
    assert!(!repo.path(".git/tribunal").exists());
    repo.tribunal(&["cost", "--since", "soon"]).code(2).says("`soon`");
}
