//! A report as SARIF 2.1.0, for code scanning services and editors.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::{Report, Reported, Verdict};
use crate::domain::model::severity::Severity;
use crate::domain::model::stored_finding::Disposition;

/// What was decided about findings, by id.
pub type Answers = BTreeMap<String, Disposition>;

/// Writes a report. Accepted and dismissed findings are suppressed, with the reason.
pub fn render(report: &Report, answers: &Answers) -> Value {
    let mut rules: BTreeMap<String, &Finding> = BTreeMap::new();
    for reported in &report.findings {
        rules.entry(rule_id(&reported.finding)).or_insert(&reported.finding);
    }
    let mut prints: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|reported| {
            let id = rule_id(&reported.finding);
            let index = rules.keys().position(|rule| *rule == id);
            let print = fingerprint(&reported.finding);
            let count = prints.entry(print.clone()).and_modify(|count| *count += 1).or_insert(1);
            // What reads alike in one file is told apart by its order there.
            let print = if *count > 1 { format!("{print}:{count}") } else { print };
            let mut result = result(reported, answers, &print);
            result["ruleId"] = json!(id);
            result["ruleIndex"] = json!(index);
            result
        })
        .collect();
    let skipped: Vec<Value> = report
        .skipped
        .iter()
        .map(|skipped| {
            let text = format!("{} {}: {}", skipped.word(), skipped.gate, skipped.reason);
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
            // One tool's results of one commit replace those of its last run.
            "automationDetails": {"id": "tribunal/"},
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
    let demand = finding.class.demand();
    let text = demand.map_or_else(|| gate.to_owned(), |demand| format!("{gate}: {demand}"));
    let help = match finding.suggestion.as_str() {
        "" => &text,
        suggestion => suggestion,
    };
    let mut tags = vec![finding.gate.as_str(), finding.class.as_str()];
    let mut properties = json!({});
    if finding.class.topic() == "security" {
        // Services show a severity of what has a number and this tag.
        tags.push("security");
        properties["security-severity"] = json!(match finding.severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.0",
            Severity::Low => "2.0",
        });
    }
    properties["tags"] = json!(tags);
    json!({
        "id": id,
        "shortDescription": {"text": own_text(finding).unwrap_or(gate)},
        "fullDescription": {"text": text},
        "help": {"text": help},
        "properties": properties,
    })
}

/// What a rule of its own says, of gates that have many.
fn own_text(finding: &Finding) -> Option<&str> {
    let has_own = matches!(finding.gate, Gate::Secrets | Gate::Constitution | Gate::SensitiveFiles);
    // Behind it stands what is known of this one finding.
    let own = finding.message.split([';', '(']).next().unwrap_or_default().trim();
    Some(own).filter(|own| has_own && !own.is_empty())
}

fn result(reported: &Reported, answers: &Answers, print: &str) -> Value {
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
        "partialFingerprints": {"tribunalPlace/v1": print},
        "properties": {
            "class": finding.class.as_str(),
            "severity": finding.severity.as_str(),
            "status": reported.status,
            "id": reported.id,
        },
        "locations": [location(finding.place.as_ref(), finding)],
    });
    if reported.status == "dismissed" || reported.status == "accepted" {
        result["suppressions"] = json!([suppression(reported, answers)]);
    }
    result
}

fn location(place: Option<&Location>, finding: &Finding) -> Value {
    let (path, place) = match place.map(|place| (place, &place.kind)) {
        Some((place, LocationKind::File(path))) => (path, place),
        other => {
            // Services take no result without a file: the policy that asks for it is named.
            let name = other.map_or_else(|| "the change".to_owned(), |(_, kind)| kind.display());
            return json!({
                "physicalLocation": {
                    "artifactLocation": {"uri": POLICY_FILE},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": name}],
            });
        }
    };
    let mut physical = json!({"artifactLocation": {"uri": uri(path)}});
    if place.line > 0 {
        physical["region"] = json!({
            "startLine": place.line,
            "endLine": place.end_line.max(place.line),
        });
        // Ours are bytes: only of such text are they characters, too.
        if place.column > 0 && finding.anchor.is_ascii() {
            physical["region"]["startColumn"] = json!(place.column);
        }
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
    if let Some(answer) = reported.id.as_ref().and_then(|id| answers.get(id)) {
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
