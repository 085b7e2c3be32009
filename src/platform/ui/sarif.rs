//! A report as SARIF 2.1.0, for code scanning services and editors.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::report::{Report, Reported, Verdict};
use crate::domain::model::stored_finding::Disposition;

/// What was decided about findings, by id.
pub type Answers = BTreeMap<String, Disposition>;

/// Writes a report. Accepted and dismissed findings are suppressed, with the reason.
pub fn render(report: &Report, answers: &Answers) -> Value {
    let mut rules: BTreeMap<String, &Finding> = BTreeMap::new();
    for reported in &report.findings {
        rules.entry(rule_id(&reported.finding)).or_insert(&reported.finding);
    }
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|reported| {
            let id = rule_id(&reported.finding);
            let index = rules.keys().position(|rule| *rule == id);
            let mut result = result(reported, answers);
            result["ruleId"] = json!(id);
            result["ruleIndex"] = json!(index);
            result
        })
        .collect();
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skipped| {
            let text = format!("skipped {}: {}", skipped.gate, skipped.reason);
            json!({"level": "warning", "message": {"text": text}})
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tribunal",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|(id, finding)| rule(id, finding)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.verdict != Verdict::Inconclusive,
                "toolExecutionNotifications": skipped,
            }],
            "properties": {"verdict": report.verdict.as_str()},
            "results": results,
        }],
    })
}

/// The name of a finding's rule among all gates.
pub fn rule_id(finding: &Finding) -> String {
    format!("{}/{}", finding.gate, finding.rule)
}

fn rule(id: &str, finding: &Finding) -> Value {
    let gate = finding.gate.description();
    let text = finding
        .class
        .demand()
        .map_or_else(|| gate.to_owned(), |demand| format!("{gate}: {demand}"));
    json!({
        "id": id,
        "shortDescription": {"text": gate},
        "fullDescription": {"text": text},
        "properties": {"tags": [finding.gate.as_str(), finding.class.as_str()]},
    })
}

fn result(reported: &Reported, answers: &Answers) -> Value {
    let finding = &reported.finding;
    let level = match finding.effect {
        Effect::Block => "error",
        Effect::Warn => "warning",
        Effect::Shadow => "note",
    };
    let text = match finding.suggestion.as_str() {
        "" => finding.message.clone(),
        suggestion => format!("{}\nhint: {suggestion}", finding.message),
    };
    let mut result = json!({
        "level": level,
        "message": {"text": text},
        "partialFingerprints": {
            "tribunalFinding/v1": reported.id,
            "tribunalPlace/v1": fingerprint(finding),
        },
        "properties": {"class": finding.class.as_str(), "severity": finding.severity.as_str()},
    });
    if let Some(place) = &finding.place {
        result["locations"] = json!([location(place, finding)]);
    }
    if reported.status == "dismissed" || reported.status == "accepted" {
        result["suppressions"] = json!([suppression(reported, answers)]);
    }
    result
}

fn location(place: &Location, finding: &Finding) -> Value {
    let LocationKind::File(path) = &place.kind else {
        return json!({"logicalLocations": [{"fullyQualifiedName": place.kind.display()}]});
    };
    let mut physical = json!({"artifactLocation": {"uri": uri(path)}});
    if place.line > 0 {
        physical["region"] = json!({
            "startLine": place.line,
            "endLine": place.end_line.max(place.line),
        });
        if !finding.anchor.is_empty() {
            physical["region"]["snippet"] = json!({"text": finding.anchor});
        }
    }
    json!({"physicalLocation": physical})
}

fn suppression(reported: &Reported, answers: &Answers) -> Value {
    let mut suppression = json!({
        "kind": "external",
        "status": "accepted",
        "properties": {"decision": reported.status},
    });
    if let Some(answer) = answers.get(&reported.id) {
        suppression["justification"] = json!(answer.reason);
        suppression["properties"]["time"] = json!(answer.time.to_string());
        suppression["properties"]["until"] = json!(answer.until.as_ref().map(Timestamp::to_string));
    }
    suppression
}

/// The same for the same mistake in the same text of the same file, wherever the line moves and
/// whatever ledger is asked: for services that know nothing of our ids.
fn fingerprint(finding: &Finding) -> String {
    let name = finding.place.as_ref().map(|place| place.kind.display()).unwrap_or_default();
    let said = if finding.anchor.trim().is_empty() { &finding.message } else { &finding.anchor };
    let words: Vec<&str> = said.split_whitespace().collect();
    let text = [finding.class.as_str(), &name, &words.join(" ")].join("\n");
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// A relative URI: every byte that is not plain is percent-encoded.
fn uri(path: &[u8]) -> String {
    path.iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
