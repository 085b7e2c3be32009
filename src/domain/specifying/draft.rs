//! A spec as an agent wrote it, and the same in the form of specs.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::model::size::Size;
use crate::domain::model::text::one_line;

/// A spec of which nothing is taken as it stands but text: its keys, ids and headings are the program's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecDraft {
    pub title: String,
    /// Paragraphs.
    pub goal: String,
    pub criteria: Vec<DraftCriterion>,
    pub constraints: Vec<String>,
    pub critical_if: Vec<String>,
    pub edge_cases: Vec<String>,
    pub non_goals: Vec<String>,
    /// The paths that may change; empty where any may.
    pub touches: Vec<String>,
    /// How much work it is, by who wrote it.
    pub size: Size,
    /// What the idea leaves open.
    pub assumed: Vec<AssumedAnswer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftCriterion {
    pub text: String,
    pub verify: DraftProof,
}

/// How a criterion is shown. A command is a person's to write: it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DraftProof {
    Test,
    Human,
}

/// A question that the idea leaves open, and what is assumed where nobody answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumedAnswer {
    pub question: String,
    pub assumption: String,
}

impl DraftProof {
    /// The word used in specs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Human => "human",
        }
    }
}

impl AssumedAnswer {
    /// For people, on one line.
    pub fn in_words(&self) -> String {
        format!("{} {}", one_line(&self.question), one_line(&self.assumption))
    }
}

impl SpecDraft {
    /// Its sections, each with its heading; those that are empty are left out.
    pub fn sections(&self) -> Vec<(&'static str, String)> {
        let criteria = (1..).zip(&self.criteria).map(|(number, one)| {
            let (text, verify) = (one_line(&one.text), one.verify.as_str());
            format!("- **AC-{number}** {text}\n  - verify: {verify}")
        });
        let all = [
            ("Goal", self.goal_with_assumptions()),
            ("Acceptance criteria", criteria.collect::<Vec<_>>().join("\n")),
            ("Constraints", list(&self.constraints)),
            ("Critical if", list(&self.critical_if)),
            ("Edge cases", list(&self.edge_cases)),
            ("Non-goals", list(&self.non_goals)),
        ];
        all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    /// The goal is what everybody is shown who builds and judges.
    fn goal_with_assumptions(&self) -> String {
        let paragraphs = self.goal.split("\n\n").map(one_line).filter(|text| !text.is_empty());
        let mut goal = paragraphs.collect::<Vec<_>>().join("\n\n");
        if !self.assumed.is_empty() {
            goal.push_str("\n\n### Assumptions\n\nThe idea does not say it; it is assumed:\n");
        }
        for assumed in &self.assumed {
            let _ = write!(goal, "\n- {}", assumed.in_words());
        }
        goal
    }

    /// The file of the spec. What it asks for is there once the branch is that has it.
    pub fn markdown(&self, id: &str) -> String {
        let mut page = format!("---\nid: {id}\nstatus: done\n");
        if !self.touches.is_empty() {
            let touches: Vec<String> =
                self.touches.iter().map(|path| format!("\"{path}\"")).collect();
            let _ = writeln!(page, "touches: [{}]", touches.join(", "));
        }
        let _ = write!(page, "---\n# {}\n", one_line(&self.title));
        for (name, text) in self.sections() {
            let _ = write!(page, "\n## {name}\n\n{text}\n");
        }
        page
    }
}

fn list(entries: &[String]) -> String {
    let lines = entries.iter().map(|entry| format!("- {}", one_line(entry)));
    lines.collect::<Vec<_>>().join("\n")
}
