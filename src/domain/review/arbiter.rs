//! The arbiter: its prompt about one finding, and what of its answer counts.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::model::fence::fenced;
use crate::domain::model::text::one_line;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, DecidedBy};
use crate::domain::review::evidence;
use crate::domain::review::evidence::ReadFile;
use crate::domain::review::finding::{Quote, ReviewFinding};
use crate::domain::review::template::{ARBITER, render};

/// The longest reason that is kept, in characters.
const REASON: usize = 240;

/// The input of the arbiter: nothing of the author's reasoning, and of the other findings only
/// their places.
#[derive(Clone, Copy, Debug)]
pub struct ArbiterInput<'a> {
    pub finding: &'a ReviewFinding,
    /// `None` where there is none.
    pub spec: Option<&'a str>,
    /// The rules that hold for the touched files, as lines of text.
    pub rules: &'a [String],
    /// The change to the finding's file and its neighbours, as a reviewer gets it.
    pub sections: &'a [&'a str],
    /// What it may be a duplicate of.
    pub others: &'a [&'a ReviewFinding],
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
}

/// The arbiter's answer, before it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArbiterAnswer {
    pub id: String,
    #[serde(rename = "word")]
    pub verdict: ArbiterVerdict,
    pub evidence: Vec<CitedQuote>,
    pub breaks: String,
    pub criterion: Option<String>,
    pub duplicate_of: Option<String>,
    pub extends_scope: bool,
    pub reason: String,
    pub instruction: String,
}

/// A quote as the model gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitedQuote {
    pub path: String,
    pub quote: String,
}

/// The arbiter's prompt. The claim goes without its severity, which is not to sway.
pub fn prompt(case: ArbiterInput<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, case.fence_nonce, text, none);
    render(ARBITER, &|name| {
        Some(match name {
            "token" => case.fence_nonce.to_owned(),
            "spec" => data(
                "spec",
                case.spec.unwrap_or_default(),
                "There is none: judge by what the code is plainly for.\n",
            ),
            "rules" => data("rules", &case.rules.join("\n\n"), "There are none.\n"),
            "change" => data("change", &case.sections.concat(), "Not shown: read the tree.\n"),
            "others" => data("findings", &places(case.others), "There are none.\n"),
            "claim" => data("claim", &claim(case.finding), ""),
            _ => return None,
        })
    })
}

/// The places of findings, without their text.
fn places(findings: &[&ReviewFinding]) -> String {
    let mut places = String::new();
    for ReviewFinding { id, class, path, anchored, .. } in findings {
        if let Some((line, end)) = anchored.lines() {
            let _ = writeln!(places, "{id}: {class}, {path}, lines {line} to {end}");
        }
    }
    places
}

/// The finding as the arbiter sees it.
fn claim(finding: &ReviewFinding) -> String {
    let ReviewFinding { id, class, basis, title, path, anchor, failure, fix, .. } = finding;
    let mut claim = format!(
        "id: {id}\nclass: {class}\nagainst: {basis}\ntitle: {title}\nfile: {path}\nanchor:\n{anchor}\n\
         failure path: {failure}\nproposed remedy: {fix}\n"
    );
    for quote in &finding.evidence {
        let _ = write!(claim, "evidence from {}:\n{}\n", quote.path, quote.text);
    }
    claim
}

/// Fenced data, or `none` where there is no text.
pub fn as_data(name: &str, token: &str, text: &str, none: &str) -> String {
    if text.trim().is_empty() { none.to_owned() } else { fenced(name, token, text) }
}

/// The schema that the answer is to obey; strict enough for every program.
pub fn schema() -> Value {
    let words = ArbiterVerdict::ALL.map(|word| serde_json::to_value(word).unwrap_or_default());
    json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "word": {"type": "string", "enum": words},
            "evidence": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "path": {"type": "string"},
                        "quote": {"type": "string"},
                    },
                    "required": ["path", "quote"],
                    "additionalProperties": false,
                },
            },
            "breaks": {"type": "string"},
            "criterion": {"type": ["string", "null"]},
            "duplicate_of": {"type": ["string", "null"]},
            "extends_scope": {"type": "boolean"},
            "reason": {"type": "string"},
            "instruction": {"type": "string"},
        },
        "required": [
            "id", "word", "evidence", "breaks", "criterion", "duplicate_of", "extends_scope",
            "reason", "instruction",
        ],
        "additionalProperties": false,
    })
}

/// Reads an answer about `finding`; the error says what is wrong with it, for one repair.
pub fn parse(answer: &Value, finding: &ReviewFinding) -> Result<ArbiterAnswer, String> {
    let said = ArbiterAnswer::deserialize(answer).map_err(|err| err.to_string())?;
    if said.id != finding.id {
        return Err(format!("`id` is `{}`, and the claim is `{}`", said.id, finding.id));
    }
    Ok(said)
}

/// What an answer is checked against.
#[derive(Clone, Copy)]
pub struct CheckedAgainst<'a> {
    pub finding: &'a ReviewFinding,
    /// The ids of the run's other findings.
    pub others: &'a [&'a str],
    /// The ids of the spec's criteria and constraints.
    pub requirements: &'a [String],
    /// Gives a file of the tree under review.
    pub read: ReadFile<'a>,
}

/// Checks an answer: a dismissal counts only with a quote that is in the tree and bears on the finding.
///
/// A quote that is nowhere is not kept.
pub fn adjudicate(said: ArbiterAnswer, ground: CheckedAgainst<'_>) -> ArbiterDecision {
    let cited = said.evidence.into_iter();
    let evidence: Vec<Quote> =
        cited.filter_map(|cited| evidence::found(&cited.path, &cited.quote, ground.read)).collect();
    let bears =
        || evidence.iter().any(|quote| evidence::bears_on(quote, ground.finding, ground.read));
    let repeats = said.duplicate_of.filter(|id| {
        said.verdict == ArbiterVerdict::Duplicate
            && *id != said.id
            && ground.others.contains(&id.as_str())
    });
    let counts = match said.verdict {
        ArbiterVerdict::Upheld
        | ArbiterVerdict::Unsubstantiated
        | ArbiterVerdict::ContradictsSpec => true,
        ArbiterVerdict::Refuted => !said.breaks.trim().is_empty() && bears(),
        ArbiterVerdict::OutOfScope => bears(),
        ArbiterVerdict::Duplicate => !evidence.is_empty() && repeats.is_some(),
    };
    let verdict = if counts { said.verdict } else { ArbiterVerdict::Unsubstantiated };
    let reason = match verdict {
        ArbiterVerdict::Refuted => format!("{} (cannot happen: {})", said.reason, said.breaks),
        _ if !counts => {
            format!("{} without evidence that bears on it: {}", said.verdict.as_str(), said.reason)
        }
        _ => said.reason,
    };
    let requirement = said.criterion.as_deref().and_then(|said| known(said, ground.requirements));
    ArbiterDecision {
        id: said.id,
        verdict,
        evidence,
        duplicate_of: repeats.filter(|_| counts),
        criterion: requirement,
        reason: one_line(&reason).chars().take(REASON).collect(),
        instruction: match verdict {
            ArbiterVerdict::Upheld => one_line(&said.instruction),
            _ => String::new(),
        },
        extends_scope: said.extends_scope,
        breaks: match verdict {
            ArbiterVerdict::Refuted => one_line(&said.breaks),
            _ => String::new(),
        },
        by: DecidedBy::Arbiter,
    }
}

/// The requirement that is meant: `AC-1`, also as `spec:AC-1` or with its sentence behind it.
pub fn known(said: &str, requirements: &[String]) -> Option<String> {
    let said = said.trim();
    let said = said.strip_prefix("spec:").unwrap_or(said).trim();
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-');
    let meant = requirements.iter().filter(|id| said.strip_prefix(id.as_str()).is_some_and(is_end));
    meant.max_by_key(|id| id.len()).cloned()
}
