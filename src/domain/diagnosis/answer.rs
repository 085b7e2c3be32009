//! What an agent says of the report of a bug.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::model::class::Class;
use crate::domain::planning::reading::{object, read};

/// Why a bug happens and what its repair is to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// What is wrong, in a few words.
    pub title: String,
    pub cause: String,
    /// The kind of mistake that it is.
    pub class: Class,
    /// Where the code shows it, as it stands there.
    pub quotes: Vec<CodeQuote>,
    pub behaviour: RightBehaviour,
    /// The files that the repair changes or makes.
    pub files: Vec<String>,
    /// The files of the tests that show it.
    pub tests: Vec<String>,
}

/// Lines of a file, verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeQuote {
    pub path: String,
    /// Its first line, from 1.
    pub line: u32,
    pub quote: String,
}

/// One case that the bug gets wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RightBehaviour {
    pub input: String,
    pub expected: String,
    /// What comes out now.
    pub got: String,
}

/// That there is nothing to repair, or nothing that was found: an answer, and no failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoRepair {
    pub kind: NoRepairKind,
    pub why: String,
    pub quotes: Vec<CodeQuote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoRepairKind {
    /// The code does what it is meant to do.
    NoBug,
    /// No place in the code was found that explains the report.
    NotFound,
    /// The report contradicts itself, or what it asks for contradicts what the code promises.
    Contradiction,
}

/// What an agent says of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportAnswer {
    Found(Diagnosis),
    Nothing(NoRepair),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiagnosisAnswer {
    verdict: ReportVerdict,
    title: String,
    cause: String,
    class: String,
    evidence: Vec<CodeQuote>,
    behaviour: RightBehaviour,
    files: Vec<String>,
    tests: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReportVerdict {
    Bug,
    NoBug,
    NotFound,
    Contradiction,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let quote = object(&json!({
        "path": text,
        "line": {"type": "integer", "minimum": 1},
        "quote": text,
    }));
    let verdicts = ["bug", "no-bug", "not-found", "contradiction"];
    object(&json!({
        "verdict": {"type": "string", "enum": verdicts},
        "title": text,
        "cause": text,
        "class": text,
        "evidence": {"type": "array", "items": quote},
        "behaviour": object(&json!({"input": text, "expected": text, "got": text})),
        "files": texts,
        "tests": texts,
    }))
}

/// Reads an answer. Nothing in it is held against the code yet.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<ReportAnswer, String> {
    let answer: DiagnosisAnswer = read(value)?;
    let nothing = |kind| {
        let DiagnosisAnswer { cause, evidence, .. } = &answer;
        ReportAnswer::Nothing(NoRepair { kind, why: cause.clone(), quotes: evidence.clone() })
    };
    Ok(match answer.verdict {
        ReportVerdict::NoBug => nothing(NoRepairKind::NoBug),
        ReportVerdict::NotFound => nothing(NoRepairKind::NotFound),
        ReportVerdict::Contradiction => nothing(NoRepairKind::Contradiction),
        ReportVerdict::Bug => ReportAnswer::Found(Diagnosis {
            title: answer.title,
            cause: answer.cause,
            class: Class::named(&answer.class),
            quotes: answer.evidence,
            behaviour: answer.behaviour,
            files: answer.files,
            tests: answer.tests,
        }),
    })
}

impl Diagnosis {
    /// What the repair is to bring, as one criterion.
    pub fn criterion(&self) -> String {
        let RightBehaviour { input, expected, got } = &self.behaviour;
        format!("WHEN {input} THEN {expected} (before the repair: {got})")
    }

    /// For those who write its tests and its code.
    pub fn in_words(&self) -> String {
        let mut text = format!("Repair this bug, and nothing else: {}\n\n", self.title);
        let _ = write!(text, "Why it happens: {}\n\n", self.cause.trim());
        for quote in &self.quotes {
            let _ = writeln!(text, "{}", quote.in_words());
        }
        let RightBehaviour { input, expected, got } = &self.behaviour;
        let _ = write!(text, "\ninput: {input}\nexpected: {expected}\ngot: {got}\n");
        let _ = write!(text, "\nfiles of the new tests: {}\n", self.tests.join(", "));
        text
    }
}

impl CodeQuote {
    /// The place, and its first line as it stands there.
    pub fn in_words(&self) -> String {
        let first = self.quote.lines().map(str::trim).find(|line| !line.is_empty());
        format!("{}:{}: {}", self.path, self.line, first.unwrap_or_default())
    }
}

/// Why nothing is built, one a line: the kind of the answer, what the agent says, and the code that it quotes.
pub fn reasons(kind: &str, why: &str, quotes: &[CodeQuote]) -> Vec<String> {
    let why = why.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
    let quotes = quotes.iter().map(CodeQuote::in_words);
    std::iter::once(kind.to_owned()).chain(why).chain(quotes).collect()
}

impl NoRepair {
    /// What a person has to know, one a line.
    pub fn reasons(&self) -> Vec<String> {
        reasons(self.kind.as_str(), &self.why, &self.quotes)
    }
}

impl NoRepairKind {
    /// The words used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoBug => "the planner says that the code does what it is meant to do",
            Self::NotFound => "the planner found no place in the code that explains the report",
            Self::Contradiction => {
                "the planner says that the report contradicts itself or what the code promises"
            }
        }
    }
}
