//! The plan of a part: what is decided before tasks are cut.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::planning::reading::{object, read};

/// The longest section of a plan, in characters: what is longer is no plan that anybody reads.
const SECTION_MAX: usize = 12_000;

/// A plan as an agent wrote it. Its sections are Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartPlan {
    pub data_model: String,
    pub interfaces: String,
    pub flow: String,
    pub test_strategy: String,
    pub risks: String,
    /// Whether new files, types and signatures are made first, in a task without behaviour.
    pub needs_scaffold: bool,
    pub decision: DecisionRecord,
}

/// Why it is built so and not otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    pub title: String,
    pub context: String,
    pub decision: String,
    pub consequences: String,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let decision = object(&json!({
        "title": text, "context": text, "decision": text, "consequences": text,
    }));
    object(&json!({
        "data_model": text, "interfaces": text, "flow": text, "test_strategy": text, "risks": text,
        "needs_scaffold": {"type": "boolean"}, "decision": decision,
    }))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit: a section that is empty or too long counts.
pub fn parse(value: &Value) -> Result<PartPlan, String> {
    let plan: PartPlan = read(value)?;
    for (name, text) in plan.sections() {
        if text.trim().is_empty() {
            return Err(format!("the section `{name}` is empty: say why there is nothing to say"));
        }
        if text.chars().count() > SECTION_MAX {
            return Err(format!("the section `{name}` has over {SECTION_MAX} characters"));
        }
    }
    Ok(plan)
}

impl PartPlan {
    /// Its sections, each with its name.
    pub fn sections(&self) -> [(&'static str, &str); 9] {
        let decision = &self.decision;
        [
            ("Data model", &self.data_model),
            ("Interfaces", &self.interfaces),
            ("Flow", &self.flow),
            ("Test strategy", &self.test_strategy),
            ("Risks", &self.risks),
            ("Decision", &decision.title),
            ("Context of the decision", &decision.context),
            ("What is decided", &decision.decision),
            ("Consequences", &decision.consequences),
        ]
    }

    /// The plan as a page.
    pub fn markdown(&self, title: &str) -> String {
        let mut page = format!("# Plan: {title}\n");
        for (name, text) in self.sections() {
            let _ = write!(page, "\n## {name}\n\n{}\n", text.trim());
        }
        let scaffold = if self.needs_scaffold {
            "New files, types and signatures come first, in a task without behaviour."
        } else {
            "No new structure is needed first."
        };
        let _ = write!(page, "\n## Structure\n\n{scaffold}\n");
        page
    }
}
