//! Rules and what was learned, for people and for programs.

use serde_json::{Value, json};

use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::rule::{Rule, RuleError, RuleScope, RuleStatus};
use crate::domain::model::language::Language;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::learn::outcome::{LearnOutcome, LearnSession, Learned};
use crate::flow::learn::status_changes::StatusChange;
use crate::platform::store::ledger::query::RuleStats;
use crate::platform::ui::columns::{Cell, Side, table};
use crate::platform::ui::out::{DIM, GOOD, WARNING};
use crate::platform::ui::styled_text::StyledText;

/// The rules in a table.
pub fn list<'a>(rules: impl Iterator<Item = (&'a Rule, &'a RuleStats)>) -> StyledText {
    let row = |(rule, counts): (&Rule, &RuleStats)| -> [Cell; 6] {
        let style = match rule.status {
            RuleStatus::Active => GOOD,
            RuleStatus::Shadow => WARNING,
            RuleStatus::Proposed | RuleStatus::Retired => DIM,
        };
        [
            (&rule.id).into(),
            Cell::styled(style, rule.status.as_str()),
            rule.severity.as_str().into(),
            counts.hits.to_string().into(),
            counts.dismissed.to_string().into(),
            format!("{} ({}, {}:{})", rule.title, rule.class, rule.at.path, rule.at.line).into(),
        ]
    };
    let rows: Vec<_> = rules.map(row).collect();
    let headings = [
        ("ID", Side::Left),
        ("STATUS", Side::Left),
        ("SEVERITY", Side::Left),
        ("HITS", Side::Right),
        ("DISMISSED", Side::Right),
        ("RULE", Side::Left),
    ];
    table(headings, &rows)
}

pub fn json_rule(rule: &Rule, counts: Option<&RuleStats>) -> Value {
    let mut value = json!({
        "id": rule.id,
        "title": rule.title,
        "status": rule.status.as_str(),
        "severity": rule.severity.as_str(),
        "class": rule.class.as_str(),
        "paths": rule.paths,
        "check": {
            "kind": rule.check.kind(),
            "pattern": rule.check.pattern(),
            "language": rule.check.language().map(Language::as_str),
            "on": rule.check.on().map(RuleScope::as_str),
        },
        "path": rule.at.path,
        "line": rule.at.line,
    });
    if let Some(counts) = counts {
        value["hits"] = json!(counts.hits);
        value["dismissed"] = json!(counts.dismissed);
        value["last_hit"] = json!(counts.last_hit.map(|time| time.to_string()));
    }
    value
}

pub fn json_error(error: &RuleError) -> Value {
    json!({
        "path": error.path, "line": error.line, "message": error.message, "hint": error.hint,
    })
}

/// What is advised of a rule, in one line.
pub fn step(step: &StatusChange) -> String {
    printable(&format!(
        "{}:{}: {} ({}) {}",
        step.at.path,
        step.at.line,
        step.id,
        step.from.as_str(),
        step.advice
    ))
}

pub fn json_move(step: &StatusChange) -> Value {
    json!({
        "id": step.id,
        "from": step.from.as_str(),
        "to": step.to.map(RuleStatus::as_str),
        "advice": step.advice,
        "hits": step.statistics.hits,
        "dismissed": step.statistics.dismissed,
        "path": step.at.path,
        "line": step.at.line,
    })
}

/// What a session came to, line by line.
pub fn session(session: &LearnSession, dry_run: bool) -> Vec<String> {
    let learned = session.learned.iter().map(|learned| self::learned(learned, dry_run));
    learned.chain(session.moves.iter().map(step)).collect()
}

/// What came of one mistake.
pub fn learned(learned: &Learned, dry_run: bool) -> String {
    let what = mistake(learned);
    match &learned.outcome {
        LearnOutcome::Rule { rule, proof } => {
            let done = if dry_run { "would learn" } else { "learned" };
            let line = if dry_run { String::new() } else { format!(":{}", rule.at.line) };
            let place = format!("{}{line}", printable(&rule.at.path));
            let title = printable(&rule.title);
            let how = match (proof, rule.check.pattern()) {
                (Proof::Proved { hits_in_rest: 0 }, Some(pattern)) => {
                    format!("checked by `{}`", printable(pattern))
                }
                (Proof::Proved { hits_in_rest }, Some(pattern)) => format!(
                    "checked by `{}`, which also hits {}",
                    printable(pattern),
                    counted(*hits_in_rest, "other place")
                ),
                (Proof::Prose { reason }, _) => format!("as prose: {}", printable(reason)),
                (Proof::Proved { .. }, None) => "proved".to_owned(),
            };
            let status = rule.status.as_str();
            let by = match &learned.drafted_by {
                Some(by) => format!(", drafted by {}", printable(by)),
                None => String::new(),
            };
            format!("{done} {} ({status}) from {what}: {title}\n  {place}, {how}{by}", rule.id)
        }
        LearnOutcome::Known { ids } => format!("{what}: {} covers it already", ids.join(", ")),
        LearnOutcome::Forgotten { id } => format!(
            "{what}: {id} was deleted and does not come back by itself; `--class {}` asks for it",
            learned.class
        ),
        LearnOutcome::Elsewhere { id } => {
            format!("{what}: {id} is on another branch, as the findings are")
        }
        LearnOutcome::Unproved { reason } | LearnOutcome::Full { reason } => {
            format!("{what}: not learned, {}", printable(reason))
        }
        LearnOutcome::Broken(error) => {
            format!("{what}: not learned, {}", printable(&error.to_string()))
        }
    }
}

fn mistake(learned: &Learned) -> String {
    let place = match learned.component.as_str() {
        "" => String::new(),
        component => format!(" in {}", printable(component)),
    };
    format!(
        "{} of {}{place} ({})",
        counted(learned.findings, "finding"),
        learned.class,
        counted(learned.changes, "change"),
    )
}

/// What a session came to, as one object.
pub fn json_session(session: &LearnSession, dry_run: bool) -> Value {
    let learned: Vec<Value> = session.learned.iter().map(json_learned).collect();
    json!({
        "dry_run": dry_run,
        "learned": learned,
        "moves": session.moves.iter().map(json_move).collect::<Vec<_>>(),
        "errors": session.errors.iter().map(json_error).collect::<Vec<_>>(),
        "undrafted": session.undrafted,
    })
}

fn json_learned(learned: &Learned) -> Value {
    let mut value = json!({
        "class": learned.class.as_str(),
        "component": learned.component,
        "findings": learned.findings,
        "changes": learned.changes,
        "drafted_by": learned.drafted_by,
    });
    let (outcome, reason) = match &learned.outcome {
        LearnOutcome::Rule { rule, proof } => {
            value["rule"] = json_rule(rule, None);
            match proof {
                Proof::Proved { hits_in_rest } => {
                    value["hits_in_rest"] = json!(hits_in_rest);
                    ("learned", None)
                }
                Proof::Prose { reason } => ("prose", Some(reason.clone())),
            }
        }
        LearnOutcome::Known { ids } => {
            value["rules"] = json!(ids);
            ("known", None)
        }
        LearnOutcome::Forgotten { id } => {
            value["rules"] = json!([id]);
            ("forgotten", None)
        }
        LearnOutcome::Elsewhere { id } => {
            value["rules"] = json!([id]);
            ("elsewhere", None)
        }
        LearnOutcome::Unproved { reason } => ("unproved", Some(reason.clone())),
        LearnOutcome::Full { reason } => ("full", Some(reason.clone())),
        LearnOutcome::Broken(error) => ("broken", Some(error.to_string())),
    };
    value["outcome"] = json!(outcome);
    value["reason"] = json!(reason);
    value
}
