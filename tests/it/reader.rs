//! What a model does that reads its question to the end and answers in its form.

use serde_json::{Value, json};

/// A section of a change, as a reviewer is shown it.
#[derive(Clone, Debug)]
pub struct Section {
    pub path: String,
    pub nonce: String,
    /// The lines that it adds.
    pub added: Vec<String>,
}

/// The sections of a question.
pub fn sections(prompt: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut added = Vec::new();
    for line in prompt.lines() {
        if let Some((path, nonce)) =
            line.strip_prefix("=== end of ").and_then(|end| end.rsplit_once(", nonce "))
        {
            let (path, nonce) = (path.to_owned(), nonce.to_owned());
            sections.push(Section { path, nonce, added: std::mem::take(&mut added) });
        } else if let Some((_, text)) =
            line.strip_prefix('+').and_then(|line| line.split_once(" | "))
        {
            added.push(text.to_owned());
        }
    }
    sections
}

/// An answer that proves that everything was read, with these findings.
pub fn review(prompt: &str, findings: &[Value]) -> Value {
    let attested: Vec<Value> = sections(prompt)
        .iter()
        .map(|section| {
            let mut telling = section.added.iter().filter(|line| !line.trim().is_empty());
            let first = telling.next().cloned().unwrap_or_default();
            let quote = telling.find(|line| line.trim() != first.trim()).unwrap_or(&first);
            json!({
                "path": section.path, "nonce": section.nonce,
                "added_lines": section.added.len(), "quote": quote,
            })
        })
        .collect();
    let criteria: Vec<Value> =
        criteria(prompt).iter().map(|id| json!({"id": id, "met": "met", "why": "seen"})).collect();
    json!({
        "findings": findings, "criteria": criteria, "attestation": attested, "unscanned": [],
        "more_possible": false,
    })
}

/// The ids of the acceptance criteria that the question shows.
fn criteria(prompt: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for part in
        prompt.lines().filter(|line| line.starts_with("| ")).flat_map(|l| l.split("AC-").skip(1))
    {
        let number: String = part.chars().take_while(char::is_ascii_digit).collect();
        let id = format!("AC-{number}");
        if !number.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// A finding that a reviewer claims.
pub fn finding(path: &str, anchor: &str, title: &str) -> Value {
    json!({
        "class": "error-handling/unchecked-result", "severity": "critical", "basis": "invariant",
        "title": title, "path": path, "anchor": anchor,
        "failure": "a full disk makes the call fail and nobody is told", "evidence": [],
        "introduced_by": "this-change", "fix": "pass the error on", "sweep": "",
    })
}

/// An arbiter's word for the claim of a question.
pub fn upheld(prompt: &str) -> Value {
    let id = prompt.lines().find_map(|line| line.strip_prefix("| id: ")).unwrap_or_default();
    json!({
        "id": id, "word": "upheld", "evidence": [], "breaks": "", "criterion": null,
        "duplicate_of": null, "extends_scope": false, "reason": "it can happen",
        "instruction": "pass the error on",
    })
}
