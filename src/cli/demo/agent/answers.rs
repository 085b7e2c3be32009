//! What the rehearsal agent answers as planner, reviewer and arbiter: about what it was shown, with quotes of it.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::cli::demo::agent::prompt::{RehearsalPart, RehearsalPrompt, ShownSection};
use crate::cli::demo::project::{LIBRARY, MISTAKE, PARSE_TEST, REPAIR, TOTAL_TEST};

/// The criterion that the mistake goes against.
const BROKEN: &str = "AC-2";

/// The plan of the spec.
pub fn plan() -> Value {
    let (parse, total) = (PARSE_TEST.0, TOTAL_TEST.0);
    json!({
        "data_model": "A size is a number of bytes in a `u64`. Nothing is stored.",
        "interfaces": "`parse(&str) -> Option<u64>` reads one size, `total(&[&str]) -> Option<u64>` adds sizes up. \
                       Both are public and never panic.",
        "flow": "`parse` takes the unit off, reads the number and multiplies; `total` calls `parse` for each.",
        "test_strategy": format!("AC-1 and AC-2: `{parse}` calls `parse`. AC-3: `{total}` calls `total`."),
        "risks": "A product or a sum that does not fit: it is `None`, as AC-2 has it.",
        "needs_scaffold": false,
        "decision": {
            "title": "A size that cannot be read is `None`",
            "context": "Callers need to know only that it is none, and not why.",
            "decision": "`Option`, and not an error type of its own, which no criterion asks for.",
            "consequences": "A message for people is the caller's to write.",
        },
    })
}

/// The tasks of the plan.
pub fn tasks() -> Value {
    let task = |title: &str, goal: &str, lines: usize, criteria: &[&str], needs: &[usize]| {
        json!({
            "title": title, "goal": goal, "kind": "behaviour", "paths": [LIBRARY], "lines": lines,
            "criteria": criteria, "needs": needs,
        })
    };
    let read = "`sizes::parse` reads one size.";
    let add = "`sizes::total` adds sizes up.";
    json!({"tasks": [
        task("Read a size", read, 10, &["AC-1", BROKEN], &[]),
        task("Add sizes up", add, 5, &["AC-3"], &[1]),
    ]})
}

/// A review of the plan that finds nothing, with a quote of each section.
pub fn plan_review(prompt: &RehearsalPrompt) -> Value {
    let sections = prompt.data("plan").split("\n## ").skip(1);
    let sections = sections.filter_map(|section| section.split_once('\n'));
    let read = sections.filter(|(name, _)| *name != "Structure");
    let read: Vec<Value> =
        read.map(|(name, text)| json!({"section": name, "quote": text.trim()})).collect();
    json!({"findings": [], "read": read})
}

/// A review, or the answer about criteria alone: the mistake where it is shown, and what shows that all was read.
pub fn review(prompt: &RehearsalPrompt) -> Value {
    let findings: Vec<Value> = prompt.sections.iter().filter_map(finding).collect();
    let has_mistake = !findings.is_empty();
    let criteria = prompt.criteria().into_iter().map(|id| {
        if has_mistake && id == BROKEN {
            json!({"id": id, "met": "deviation", "why": format!("`{MISTAKE}` does not return `None`")})
        } else {
            json!({"id": id, "met": "met", "why": format!("`{LIBRARY}` does it, and a test shows it")})
        }
    });
    let attestation: Vec<Value> = prompt.sections.iter().map(attested).collect();
    let mut answer = json!({
        "criteria": criteria.collect::<Vec<_>>(), "attestation": attestation, "unscanned": [],
    });
    match prompt.part {
        RehearsalPart::Criteria => {}
        RehearsalPart::Verify => {
            answer["findings"] = json!([]);
            answer["verified"] = prompt.findings().map(|(id, text)| verified(id, text)).collect();
        }
        _ => answer["findings"] = json!(findings),
    }
    answer
}

/// The mistake, where a section brings it in.
fn finding(section: &ShownSection) -> Option<Value> {
    let line = section.added.iter().find(|line| line.contains(MISTAKE))?;
    Some(json!({
        "class": "correctness/integer-overflow", "severity": "critical",
        "basis": format!("spec:{BROKEN}"), "title": "a size that does not fit into 64 bits is not `None`",
        "path": section.path, "anchor": line,
        "failure": "`parse(\"18446744073709551615K\")` multiplies beyond 64 bits: it panics, or returns a wrong \
                    number in a release build, where the spec asks for `None`",
        "evidence": [{"path": section.path, "text": line}],
        "fix": format!("write `{REPAIR}`"), "sweep": "", "same_as": "",
    }))
}

/// What shows that a section was read: its nonce, and a line of it that is not the first.
fn attested(section: &ShownSection) -> Value {
    let mut telling = section.added.iter().filter(|line| !line.trim().is_empty());
    let first = telling.next();
    let quote = telling.find(|line| Some(line.trim()) != first.map(|first| first.trim()));
    json!({
        "path": section.path, "nonce": section.nonce, "added_lines": section.added.len(),
        "quote": quote.or(first).map_or("", String::as_str),
    })
}

/// Whether the place of a finding is repaired, with the line that shows it.
fn verified(id: &str, text: &str) -> Value {
    let now = text.split("the place as it is now:\n").nth(1).unwrap_or_default();
    let rows = || now.lines().filter_map(|line| Some(line.split_once(" | ")?.1));
    let wrong = rows().find(|row| row.contains(MISTAKE));
    let quote = wrong.or_else(|| rows().find(|row| row.contains(REPAIR))).unwrap_or_default();
    let path = said(text, "file: ");
    json!({"id": id, "resolved": wrong.is_none(), "quote": {"path": path, "text": quote}})
}

/// The arbiter's word about a claim: upheld where it quotes the mistake.
pub fn arbitration(prompt: &RehearsalPrompt) -> Result<Value> {
    let claim = prompt.data("claim");
    let line = claim.lines().find(|line| line.contains(MISTAKE));
    let line = line.context("the claim is about another line than the mistake")?;
    let path = said(claim, "file: ");
    Ok(json!({
        "id": said(claim, "id: "), "word": "upheld", "evidence": [{"path": path, "quote": line}],
        "breaks": "", "criterion": BROKEN, "duplicate_of": null, "extends_scope": false,
        "reason": "traced: 18446744073709551615 times 1024 does not fit into `u64`",
        "instruction": format!(
            "in {path} write `{REPAIR}` instead of `{MISTAKE}`, so that a size beyond 64 bits is `None`, with a test"
        ),
    }))
}

/// What stands on the line with that beginning.
fn said<'a>(text: &'a str, beginning: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(beginning)).unwrap_or_default().trim()
}
