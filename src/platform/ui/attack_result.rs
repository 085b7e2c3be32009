//! What an attack came to, for people and for programs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::domain::attack::page;
use crate::domain::attack::record::AttackRecord;
use crate::domain::model::report::Verdict;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};

/// One line a case, what differs by the attacker's word, what was struck out, and the findings.
pub fn lines(record: &AttackRecord) -> Vec<String> {
    let mut lines = Vec::new();
    if !record.no_attack.is_empty() {
        lines.push(format!("no attack: {}", record.no_attack));
    }
    lines.extend(record.cases.iter().map(page::case_line));
    lines.extend(record.remarkable().map(page::intake_line));
    lines.extend(page::count_lines(record));
    for one in &record.findings {
        let tests = one.tests.join(", ");
        let id = if one.id.is_empty() { "not on record" } else { short_id(&one.id) };
        lines
            .push(format!("finding {id} ({}) {}: {} [{tests}]", one.severity, one.path, one.title));
    }
    let struck = record.struck_out.len();
    if struck > 0 {
        let verb = if struck == 1 { "was" } else { "were" };
        let what = counted(struck, "line");
        lines.push(format!("{what} of the intake {verb} struck out: the report says why"));
    }
    lines.extend(record.notes.iter().chain(&record.unread).cloned());
    lines.iter().map(|line| printable(line)).collect()
}

/// What it comes to, in one line.
pub fn last_line(record: &AttackRecord) -> String {
    let what = match record.verdict() {
        Verdict::Pass => "nothing that the spec asks for was broken",
        Verdict::Block => "the change breaks what its spec asks for",
        Verdict::Escalate => "a person has to decide",
        Verdict::Inconclusive => "nothing was shown",
    };
    let tests = counted(record.cases.len(), "test");
    format!("attack: {what} ({tests}, {})", record.cost)
}

/// The same as data.
pub fn json(record: &AttackRecord, page: &Path, patches: &[PathBuf]) -> Value {
    let mut json = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.insert("verdict".to_owned(), json!(record.verdict().as_str()));
        fields.insert("counts".to_owned(), json!(record.counts()));
        fields.insert("page".to_owned(), json!(page));
        fields.insert("patches".to_owned(), json!(patches));
    }
    json
}
