//! Tables and properties for the whole way from bytes to spec, problems and record.

mod rules;
mod parsing;
mod sizes;
mod pages;
mod properties;

use crate::domain::spec::problem::{LintRule, ProblemLevel};
use crate::domain::spec::read::read;
use crate::domain::spec::reading::SpecReading;

/// A Markdown spec with nothing wrong.
const GOOD_MD: &str = "\
---
id: events-api
status: ready
size: M
base: main
touches: [\"crates/api/**\", \"migrations/**\"]
budget: {usd: 8.5, minutes: 90}
gate: [\"cargo test -p api\"]
---
# Add POST /events

## Goal
Clients send events, so that reports show them.

## Acceptance criteria
- **AC-1** WHEN a payload fails `EventSchema` THEN 400 with `{error}` is returned
  - verify: `cargo test -p api events::rejects_invalid`
- **AC-2** WHEN the payload is valid THEN the created event SHALL be returned
  - verify: test
- **AC-3** Every handler MUST log its errors (verify: static: `log_error\\(`)

## Constraints
- Use the existing auth middleware

## Critical if
- no input validation
- breaking change to the existing API

## Edge cases
- empty body

## Non-goals
- deleting events

## Open questions
- none
";

/// The same in YAML, as far as it has the same parts, with steps.
const GOOD_YAML: &str = "\
id: task-001
title: Add POST /events endpoint
status: ready
goal: Clients send events, so that reports show them.
acceptance:
  - id: AC-1
    text: WHEN a payload fails the schema THEN 400 is returned
    verify: cargo test -p api
  - AC-2: Every handler MUST log its errors
    verify: [test, 'static: log_error', human]
steps:
  - id: contracts
    service: contracts
    spec: Add EventType to the shared schema
    acceptance: [\"EventType MUST be exported\"]
    verify: test
  - id: backend
    depends_on: [contracts]
    spec: |
      Implement the handler.
      Keep it small.
    acceptance:
      - WHEN the payload is valid THEN 201 is returned
    critical_if: [\"No input validation\", \"No tests\"]
    verify: [\"cargo test -p backend events\"]
";

/// `line:column level rule` of every problem.
fn lines(reading: &SpecReading) -> Vec<String> {
    reading
        .problems
        .iter()
        .map(|p| {
            let (level, rule) = (p.level.as_str(), p.rule.as_str());
            format!("{}:{} {level} {rule}", p.at.line, p.at.column)
        })
        .collect()
}

fn lint(name: &str, text: &str) -> Vec<String> {
    lines(&read(text.as_bytes(), name))
}

fn messages(name: &str, text: &str, rule: LintRule) -> Vec<String> {
    let reading = read(text.as_bytes(), name);
    let of_rule = reading.problems.iter().filter(|p| p.rule == rule);
    of_rule.map(|p| format!("{} / {}", p.message, p.hint)).collect()
}

fn has_error(reading: &SpecReading, rule: LintRule) -> bool {
    reading.problems.iter().any(|p| p.rule == rule && p.level == ProblemLevel::Error)
}
