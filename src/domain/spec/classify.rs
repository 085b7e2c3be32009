//! How much work a spec is, from signs that can be counted; the same spec always gets the same size.

use std::collections::BTreeSet;

use crate::domain::model::size::Size;
use crate::domain::model::text::counted;
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::types::Spec;

/// From how many of something on it is M, and from how many L.
///
/// The bounds are the program's own first guess, in the spirit of the 3-file/100-line budget of a
/// commit: up to three criteria fit one commit, eight or more fit no single review.
const CRITERIA: (usize, usize) = (4, 8);
const ROOTS: (usize, usize) = (2, 4);
const STEPS: (usize, usize) = (2, 5);
const SERVICES: (usize, usize) = (2, 3);
const WORDS: (usize, usize) = (400, 1200);
const RISKS: (usize, usize) = (1, 3);
const QUESTIONS: (usize, usize) = (1, 4);

/// Kinds of work that go wrong in ways a small change does not, with the beginnings of their words.
const RISK: [(&str, &[&str]); 6] = [
    ("schema", &["schema", "database", "table", "column"]),
    ("migration", &["migrat", "backfill", "backward", "downtime"]),
    ("concurrency", &["concurren", "parallel", "thread", "lock", "deadlock", "race", "atomic"]),
    ("api", &["api", "endpoint", "protocol", "breaking"]),
    ("security", &["auth", "permission", "password", "crypto", "encrypt", "token", "secret"]),
    ("money", &["payment", "billing", "invoice", "refund"]),
];

/// A size, and what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The size of the spec.
    pub size: Size,
    /// Whether the author said so; then `counted` may differ.
    pub stated: bool,
    /// The size by the signs alone: the largest of them.
    pub counted: Size,
    /// What was counted, each with its size: `5 acceptance criteria: M`.
    pub signs: Vec<String>,
}

/// Classifies what was read. A file that could not be understood, or that has errors, is L: the
/// heavier lane is the safe one.
pub fn classify(reading: &SpecReading) -> Classification {
    let Some(spec) = &reading.spec else {
        let signs = vec!["the file could not be understood: L".to_owned()];
        return Classification { size: Size::L, stated: false, counted: Size::L, signs };
    };
    let mut signs = signs(spec);
    if reading.errors() > 0 {
        signs.push((format!("{} in the spec", counted(reading.errors(), "error")), Size::L));
    }
    let counted = signs.iter().map(|(_, size)| *size).max().unwrap_or(Size::S);
    let signs =
        signs.into_iter().map(|(sign, size)| format!("{sign}: {}", size.as_str())).collect();
    Classification {
        size: spec.size.unwrap_or(counted),
        stated: spec.size.is_some(),
        counted,
        signs,
    }
}

fn signs(spec: &Spec) -> Vec<(String, Size)> {
    let mut signs = vec![criteria(spec.all_criteria().count())];
    if !spec.touches.is_empty() {
        signs.push(roots(&spec.touches));
    }
    if !spec.steps.is_empty() {
        signs.push(count(spec.steps.len(), "step", STEPS));
        let services: BTreeSet<_> =
            spec.steps.iter().filter_map(|s| s.service.as_deref()).collect();
        signs.push(count(services.len(), "service", SERVICES));
    }
    let prose = prose(spec);
    let risks = risks(&prose);
    if !risks.is_empty() {
        let sign = format!("speaks of {}", risks.join(", "));
        signs.push((sign, sized(risks.len(), RISKS)));
    }
    signs.push(count(prose.iter().map(|t| t.split_whitespace().count()).sum(), "word", WORDS));
    if !spec.open_questions.is_empty() {
        signs.push(count(spec.open_questions.len(), "open question", QUESTIONS));
    }
    signs
}

fn count(number: usize, of: &str, bounds: (usize, usize)) -> (String, Size) {
    (counted(number, of), sized(number, bounds))
}

fn criteria(number: usize) -> (String, Size) {
    let word = if number == 1 { "criterion" } else { "criteria" };
    (format!("{number} acceptance {word}"), sized(number, CRITERIA))
}

fn sized(number: usize, (medium, large): (usize, usize)) -> Size {
    if number >= large {
        Size::L
    } else if number >= medium {
        Size::M
    } else {
        Size::S
    }
}

/// The top folders that may change. A pattern that begins with a wildcard may touch them all.
fn roots(touches: &[String]) -> (String, Size) {
    let touches = touches.iter().filter(|t| !t.starts_with('!'));
    let roots: BTreeSet<_> = touches.map(|t| t.trim_start_matches("./")).map(root).collect();
    if roots.iter().any(|r| r.contains(['*', '?', '[', '{'])) {
        return ("touches any folder".to_owned(), Size::L);
    }
    count(roots.len(), "touched top folder", ROOTS)
}

fn root(glob: &str) -> &str {
    glob.split('/').next().unwrap_or(glob)
}

/// What is to be done, without what is not: non-goals and questions are left out.
fn prose(spec: &Spec) -> Vec<&str> {
    let mut prose = vec![spec.title.as_str(), spec.goal.as_str()];
    prose.extend(spec.all_criteria().map(|c| c.text.as_str()));
    let entries = [&spec.constraints, &spec.critical_if, &spec.edge_cases];
    prose.extend(entries.into_iter().flatten().map(|e| e.text.as_str()));
    prose.extend(spec.steps.iter().map(|s| s.spec.as_str()));
    prose.extend(spec.steps.iter().flat_map(|s| &s.critical_if).map(|e| e.text.as_str()));
    prose
}

fn risks(prose: &[&str]) -> Vec<&'static str> {
    let words: BTreeSet<String> = prose
        .iter()
        .flat_map(|t| t.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .collect();
    let met = |stems: &[&str]| words.iter().any(|w| stems.iter().any(|s| begins(w, s)));
    RISK.iter().filter(|(_, stems)| met(stems)).map(|(kind, _)| *kind).collect()
}

/// A short stem is the whole word or its plural: `api` is not in `apiary`, `race` not in `raceway`.
fn begins(word: &str, stem: &str) -> bool {
    word.strip_prefix(stem)
        .is_some_and(|rest| stem.len() > 5 || matches!(rest, "" | "s" | "ed" | "ing"))
}
