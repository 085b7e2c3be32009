//! The parts of a large spec, each with criteria of its own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::planning::plan_review::AgreedPlan;
use crate::domain::planning::reading::{object, read};
use crate::domain::planning::task::PlannedTask;

/// The most parts of one spec; what has more is several specs.
pub const PARTS_MAX: usize = 8;

/// The fewest.
pub const PARTS_MIN: usize = 2;

/// A part of a spec, which is planned and built before the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPart {
    pub title: String,
    /// The ids of its criteria; each criterion of the spec belongs to one part.
    pub criteria: Vec<String>,
    /// `None` until it is planned, and where one task is all of it.
    pub plan: Option<AgreedPlan>,
    /// Empty until they are listed.
    pub tasks: Vec<PlannedTask>,
}

impl PlannedPart {
    /// A part of which nothing is planned yet.
    pub fn new(title: String, criteria: Vec<String>) -> Self {
        Self { title, criteria, plan: None, tasks: Vec::new() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitAnswer {
    parts: Vec<SplitPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitPart {
    title: String,
    criteria: Vec<String>,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let part = object(&json!({
        "title": {"type": "string"},
        "criteria": {"type": "array", "items": {"type": "string"}},
    }));
    object(&json!({"parts": {"type": "array", "items": part}}))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<Vec<PlannedPart>, String> {
    let answer: SplitAnswer = read(value)?;
    let parts = answer.parts.into_iter();
    Ok(parts.map(|part| PlannedPart::new(part.title, part.criteria)).collect())
}

/// What is wrong with parts beside the criteria that they are to share out, one a line; empty for nothing.
pub fn wrong(parts: &[PlannedPart], criteria: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    if parts.len() < PARTS_MIN {
        wrong.push("it is one part: a spec of this size is at least two".to_owned());
    }
    if parts.len() > PARTS_MAX {
        wrong.push(format!("it is {} parts: more than {PARTS_MAX} are several specs", parts.len()));
    }
    let mut given = BTreeSet::new();
    for part in parts {
        if part.title.trim().is_empty() {
            wrong.push("a part has no title".to_owned());
        }
        if part.criteria.is_empty() {
            wrong.push(format!("the part `{}` has no criterion", part.title));
        }
        for id in &part.criteria {
            if !criteria.contains(id) {
                wrong
                    .push(format!("the part `{}` names `{id}`, which is no criterion", part.title));
            } else if !given.insert(id) {
                wrong.push(format!("`{id}` belongs to two parts"));
            }
        }
    }
    let missing = criteria.iter().filter(|id| !given.contains(id));
    wrong.extend(missing.map(|id| format!("`{id}` belongs to no part")));
    wrong
}
