//! What an attacker says that the code does and the spec asks for, line by line: what is not in the tree, or not in the
//! spec, is struck out.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::attack::clause::{SpecClause, quoted};
use crate::domain::model::text::one_line;
use crate::domain::planning::reading;
use crate::domain::review::answer;
use crate::domain::review::answer::{ExpectedAnswer, ReviewAnswer};
use crate::domain::review::evidence;
use crate::domain::review::evidence::ReadFile;

/// The most lines that are kept of one answer.
const LINES_MAX: usize = 200;

/// How a branch, an input gate or a return path stands to the spec, by the attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    Same,
    Differs,
    Silent,
}

impl Agreement {
    const ALL: [Self; 3] = [Self::Same, Self::Differs, Self::Silent];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Silent => "silent",
        }
    }
}

/// A line of the answer, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidLine {
    pub path: String,
    pub quote: String,
    /// The clause, verbatim; `silent` where there is none.
    pub asks: String,
    pub does: String,
    pub state: Agreement,
}

/// A line that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeLine {
    /// Given by the program: `L-1`, `L-2` …
    pub id: String,
    pub path: String,
    pub quote: String,
    /// `None` where the spec is silent.
    pub asks: Option<SpecClause>,
    pub does: String,
    pub state: Agreement,
}

/// What was said and does not count, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StruckOut {
    pub what: String,
    pub why: String,
}

/// An answer that is well formed: the lines, and what shows that the change was read.
#[derive(Clone, Debug, Default)]
pub struct IntakeAnswer {
    pub lines: Vec<SaidLine>,
    pub proof: ReviewAnswer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIntake {
    lines: Vec<SaidLine>,
    attestation: Value,
    unscanned: Value,
}

/// The schema of an answer.
pub fn schema() -> Value {
    let text = || json!({"type": "string"});
    let line = reading::object(&json!({
        "path": text(), "quote": text(), "asks": text(), "does": text(),
        "state": {"type": "string", "enum": Agreement::ALL.map(Agreement::as_str)},
    }));
    let of_review = answer::schema(ExpectedAnswer::Criteria);
    let shared = |name: &str| of_review["properties"][name].clone();
    reading::object(&json!({
        "lines": {"type": "array", "items": line},
        "attestation": shared("attestation"),
        "unscanned": shared("unscanned"),
    }))
}

/// Reads an answer; the error says what is wrong with it.
pub fn parse(value: &Value) -> Result<IntakeAnswer, String> {
    let RawIntake { lines, attestation, unscanned } = reading::read(value)?;
    let proof = json!({"criteria": [], "attestation": attestation, "unscanned": unscanned});
    let proof =
        answer::read(&proof, ExpectedAnswer::Criteria).map_err(|wrong| wrong.to_string())?;
    Ok(IntakeAnswer { lines, proof })
}

/// The lines that stand, numbered from `next` on, and what is struck out.
pub fn standing(
    said: Vec<SaidLine>,
    clauses: &[SpecClause],
    read: ReadFile<'_>,
    next: usize,
) -> (Vec<IntakeLine>, Vec<StruckOut>) {
    let (mut lines, mut struck) = (Vec::new(), Vec::new());
    for line in said {
        let what = format!("{}: {}", one_line(&line.path), one_line(&line.quote));
        let mut strike =
            |why: &str| struck.push(StruckOut { what: what.clone(), why: why.to_owned() });
        if lines.len() == LINES_MAX {
            strike("there are more lines than are kept");
            continue;
        }
        let Some(found) = evidence::found(&line.path, &line.quote, read) else {
            strike("the quote is not in that file");
            continue;
        };
        let is_silent = line.asks.trim().eq_ignore_ascii_case("silent");
        let clause = quoted(clauses, &line.asks).filter(|_| !is_silent);
        if clause.is_none() && !is_silent {
            strike("the clause is not in the spec");
            continue;
        }
        lines.push(IntakeLine {
            id: format!("L-{}", next + lines.len()),
            path: found.path,
            quote: found.text,
            // What the spec does not say, the code cannot do otherwise.
            state: if is_silent { Agreement::Silent } else { line.state },
            asks: clause.cloned(),
            does: one_line(&line.does),
        });
    }
    (lines, struck)
}
