//! What an agent makes of an idea: a spec, or why there is none to write.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::diagnosis::answer::{CodeQuote, reasons};
use crate::domain::model::size::Size;
use crate::domain::planning::reading::{object, read};
use crate::domain::specifying::draft::{AssumedAnswer, DraftCriterion, SpecDraft};

/// What an agent makes of an idea.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdeaAnswer {
    Spec(SpecDraft),
    Nothing(NoSpec),
}

/// That there is nothing to write a spec of: an answer, and no failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoSpec {
    pub kind: NoSpecKind,
    pub why: String,
    pub quotes: Vec<CodeQuote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoSpecKind {
    /// It asks for nothing that could be built here.
    NothingWanted,
    /// It contradicts itself, or what the code promises.
    Contradiction,
    /// The code does it already.
    AlreadyThere,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecWritingAnswer {
    verdict: IdeaVerdict,
    why: String,
    evidence: Vec<CodeQuote>,
    title: String,
    goal: String,
    criteria: Vec<DraftCriterion>,
    constraints: Vec<String>,
    critical_if: Vec<String>,
    edge_cases: Vec<String>,
    non_goals: Vec<String>,
    touches: Vec<String>,
    size: Size,
    questions: Vec<AssumedAnswer>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum IdeaVerdict {
    Spec,
    NothingWanted,
    Contradiction,
    AlreadyThere,
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
    let verify = json!({"type": "string", "enum": ["test", "human"]});
    let criterion = object(&json!({"text": text, "verify": verify}));
    let question = object(&json!({"question": text, "assumption": text}));
    let verdicts = ["spec", "nothing-wanted", "contradiction", "already-there"];
    object(&json!({
        "verdict": {"type": "string", "enum": verdicts},
        "why": text,
        "evidence": {"type": "array", "items": quote},
        "title": text,
        "goal": text,
        "criteria": {"type": "array", "items": criterion},
        "constraints": texts,
        "critical_if": texts,
        "edge_cases": texts,
        "non_goals": texts,
        "touches": texts,
        "size": {"type": "string", "enum": ["S", "M", "L"]},
        "questions": {"type": "array", "items": question},
    }))
}

/// Reads an answer. Nothing in it is held against anything yet.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<IdeaAnswer, String> {
    let answer: SpecWritingAnswer = read(value)?;
    let nothing = |kind| {
        let (why, quotes) = (answer.why.clone(), answer.evidence.clone());
        IdeaAnswer::Nothing(NoSpec { kind, why, quotes })
    };
    Ok(match answer.verdict {
        IdeaVerdict::NothingWanted => nothing(NoSpecKind::NothingWanted),
        IdeaVerdict::Contradiction => nothing(NoSpecKind::Contradiction),
        IdeaVerdict::AlreadyThere => nothing(NoSpecKind::AlreadyThere),
        IdeaVerdict::Spec => IdeaAnswer::Spec(SpecDraft {
            title: answer.title,
            goal: answer.goal,
            criteria: answer.criteria,
            constraints: answer.constraints,
            critical_if: answer.critical_if,
            edge_cases: answer.edge_cases,
            non_goals: answer.non_goals,
            touches: answer.touches,
            size: answer.size,
            assumed: answer.questions,
        }),
    })
}

impl NoSpec {
    /// What a person has to know, one a line.
    pub fn reasons(&self) -> Vec<String> {
        reasons(self.kind.as_str(), &self.why, &self.quotes)
    }
}

impl NoSpecKind {
    /// The words used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingWanted => {
                "the planner says that it asks for nothing that could be built here"
            }
            Self::Contradiction => {
                "the planner says that it contradicts itself or what the code promises"
            }
            Self::AlreadyThere => "the planner says that the code does it already",
        }
    }
}
