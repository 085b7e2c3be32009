//! The clauses of a spec that say what must happen: a test without one shows nothing.

use serde::{Deserialize, Serialize};

use crate::domain::model::severity::Severity;
use crate::domain::model::text::one_line;
use crate::domain::spec::types::Spec;

/// The fewest letters and digits of a part of a clause that is quoted.
const LETTERS_MIN: usize = 12;

/// A clause of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecClause {
    pub kind: ClauseKind,
    /// `AC-1`; empty for one that has no id.
    pub id: String,
    /// All of it, as the spec has it, in one line.
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

    /// The rule that a finding is kept under: by it the same one is known again, whatever an attacker calls it.
    pub fn rule(&self) -> String {
        if self.id.is_empty() {
            let hash = blake3::hash(plain(&self.text).as_bytes()).to_hex();
            format!("spec:{}", &hash[..8])
        } else {
            self.basis()
        }
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
        text: one_line(text.trim()),
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

/// The clause that was quoted: all of it, with its id before it or not, or enough of it in its very words. White space,
/// the marks of Markdown, quotation marks around it, and how it is verified do not count.
pub fn quoted<'c>(clauses: &'c [SpecClause], said: &str) -> Option<&'c SpecClause> {
    let said = plain(said);
    let said = said.trim_start_matches(['-', ' ']);
    let bare = said.trim_matches(['"', '“', '”', '\'', ' ']);
    let before = bare.rsplit_once(" verify: ").map_or(bare, |(before, _)| before);
    [said, bare, before].into_iter().find_map(|said| in_words_of(clauses, said))
}

/// The clause of these words; else the first that has them.
fn in_words_of<'c>(clauses: &'c [SpecClause], said: &str) -> Option<&'c SpecClause> {
    let words_for = |clause: &SpecClause| {
        let after_id = said.strip_prefix(clause.id.as_str()).filter(|_| !clause.id.is_empty());
        after_id.unwrap_or(said).trim_start_matches([':', ' ']).to_owned()
    };
    let is_whole = |clause: &&SpecClause| words_for(clause) == plain(&clause.text);
    let has_them = |clause: &&SpecClause| {
        let words = words_for(clause);
        let letters = words.chars().filter(|c| c.is_alphanumeric()).count();
        letters >= LETTERS_MIN && plain(&clause.text).contains(&words)
    };
    clauses.iter().find(is_whole).or_else(|| clauses.iter().find(has_them))
}

fn plain(text: &str) -> String {
    let text = text.replace(['*', '`'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
