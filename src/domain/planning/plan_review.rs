//! What the other vendor's agent says of a plan, and the proof that it read it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::model::severity::Severity;
use crate::domain::planning::plan::PartPlan;
use crate::domain::planning::reading::{object, read};

/// How many findings of severity `high` a plan may keep; of `critical` none.
pub const HIGH_MAX: usize = 2;

/// The shortest quote that proves that a section was read, in characters, where the section has as many.
const QUOTE_MIN: usize = 12;

/// Something that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFinding {
    pub severity: Severity,
    /// The section that it is about.
    pub section: String,
    pub title: String,
    /// What goes wrong where it is built so.
    pub failure: String,
    /// What the plan should say.
    pub remedy: String,
}

/// A plan, or a spec, that went through its reviews, or that a person is to decide about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedPlan<D = PartPlan> {
    pub plan: D,
    /// What its last review found, which is not enough to hold it.
    pub open: Vec<PlanFinding>,
    /// How often it was written and how often reviewed, together.
    pub rounds: usize,
    /// Why it was reviewed no more, where its reviews did not agree to it and a person decides; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stopped: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanReviewAnswer {
    findings: Vec<PlanFinding>,
    read: Vec<ReadSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadSection {
    section: String,
    quote: String,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let finding = object(&json!({
        "severity": {"type": "string", "enum": ["critical", "high", "medium", "low"]},
        "section": text, "title": text, "failure": text, "remedy": text,
    }));
    let section = object(&json!({"section": text, "quote": text}));
    object(&json!({
        "findings": {"type": "array", "items": finding},
        "read": {"type": "array", "items": section},
    }))
}

/// Reads the review of something that has these sections, each with its name.
///
/// # Errors
///
/// What does not fit, and a section that no verbatim quote shows to have been read.
pub fn parse(value: &Value, sections: &[(&str, &str)]) -> Result<Vec<PlanFinding>, String> {
    let answer: PlanReviewAnswer = read(value)?;
    for (name, text) in sections {
        let text = squeezed(text);
        let least = QUOTE_MIN.min(text.chars().count());
        let shows = |one: &ReadSection| {
            let quote = squeezed(&one.quote);
            one.section == *name && quote.chars().count() >= least && text.contains(&quote)
        };
        if !answer.read.iter().any(shows) {
            return Err(format!(
                "nothing in `read` is a verbatim quote of at least {least} characters of the section `{name}`"
            ));
        }
    }
    Ok(answer.findings)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many findings are critical, and how many high.
pub fn weight(findings: &[PlanFinding]) -> (usize, usize) {
    let of = |severity| findings.iter().filter(|one| one.severity == severity).count();
    (of(Severity::Critical), of(Severity::High))
}

/// Whether a plan with these findings may be built.
pub fn is_good(findings: &[PlanFinding]) -> bool {
    let (critical, high) = weight(findings);
    critical == 0 && high <= HIGH_MAX
}
