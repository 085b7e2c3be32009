//! The clauses of a spec that say what must happen: a test without one shows nothing.

use serde::{Deserialize, Serialize};

use crate::domain::model::severity::Severity;
use crate::domain::spec::types::Spec;

/// The fewest letters and digits of a part of a clause that is quoted.
const LETTERS_MIN: usize = 12;

/// A clause of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecClause {
    pub kind: ClauseKind,
    /// `AC-1`; empty for one that has no id.
    pub id: String,
    /// All of it, as the spec has it.
    pub text: String,
}

/// What of a spec a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClauseKind {
    Criterion,
    Constraint,
    CriticalIf,
    EdgeCase,
    Goal,
    Step,
}

impl SpecClause {
    /// How bad it is where the code does otherwise.
    pub fn severity(&self) -> Severity {
        match self.kind {
            ClauseKind::Criterion | ClauseKind::Constraint | ClauseKind::CriticalIf => {
                Severity::Critical
            }
            ClauseKind::EdgeCase | ClauseKind::Goal | ClauseKind::Step => Severity::High,
        }
    }

    /// What a finding goes against, as reviewers write it.
    pub fn basis(&self) -> String {
        if self.id.is_empty() { "invariant".to_owned() } else { format!("spec:{}", self.id) }
    }

    /// For people.
    pub fn in_words(&self) -> String {
        if self.id.is_empty() { self.text.clone() } else { format!("{}: {}", self.id, self.text) }
    }
}

/// Everything of a spec that says what must happen. What is not wanted, or not decided yet, says nothing of it.
pub fn clauses(spec: &Spec) -> Vec<SpecClause> {
    let with_id = |kind, id: &str, text: &str| SpecClause {
        kind,
        id: id.to_owned(),
        text: text.trim().to_owned(),
    };
    let mut all: Vec<SpecClause> =
        spec.all_criteria().map(|one| with_id(ClauseKind::Criterion, &one.id, &one.text)).collect();
    let numbered = |kind, entries: Vec<(String, &str)>| -> Vec<SpecClause> {
        entries.into_iter().map(|(id, text)| with_id(kind, &id, text)).collect()
    };
    all.extend(numbered(ClauseKind::Constraint, spec.numbered_constraints()));
    all.extend(numbered(ClauseKind::CriticalIf, spec.numbered_critical()));
    let edges = spec.edge_cases.iter();
    all.extend(edges.map(|entry| with_id(ClauseKind::EdgeCase, "", &entry.text)));
    all.push(with_id(ClauseKind::Goal, "", &spec.goal));
    all.extend(spec.steps.iter().map(|step| with_id(ClauseKind::Step, "", &step.spec)));
    all.retain(|clause| !clause.text.is_empty());
    all
}

/// The clause that was quoted: all of it, with its id before it or not, or enough of it in its very words. White space
/// and the marks of Markdown do not count.
pub fn quoted<'c>(clauses: &'c [SpecClause], said: &str) -> Option<&'c SpecClause> {
    let said = plain(said);
    let said = said.trim_start_matches(['-', ' ']);
    clauses.iter().find(|clause| {
        let text = plain(&clause.text);
        let after_id = said.strip_prefix(clause.id.as_str()).filter(|_| !clause.id.is_empty());
        let words = after_id.unwrap_or(said).trim_start_matches([':', ' ']);
        let is_enough = words.chars().filter(|c| c.is_alphanumeric()).count() >= LETTERS_MIN;
        !words.is_empty() && (words == text || (is_enough && text.contains(words)))
    })
}

fn plain(text: &str) -> String {
    let text = text.replace(['*', '`'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
