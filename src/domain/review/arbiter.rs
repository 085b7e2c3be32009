//! The arbiter: its prompt about one finding, and what of its answer counts.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::model::fence::fenced;
use crate::domain::model::text::one_line;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict};
use crate::domain::review::finding::{Quote, ReviewFinding};
use crate::domain::review::template::{ARBITER, render};

/// The longest reason that is kept, in characters.
const REASON: usize = 240;

/// The fewest letters and digits of a quote.
const QUOTE: usize = 8;

/// The input of the arbiter: nothing of the author's reasoning, and of the other findings only
/// their places.
#[derive(Clone, Copy, Debug)]
pub struct ArbiterInput<'a> {
    pub finding: &'a ReviewFinding,
    /// `None` where there is none.
    pub spec: Option<&'a str>,
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
pub(super) fn as_data(name: &str, token: &str, text: &str, none: &str) -> String {
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

/// Checks an answer: a dismissal counts only with a quote that is in the tree.
///
/// `others` are the ids of the run's other findings; `read` gives a file of the tree under
/// review. A quote that is nowhere is not kept.
pub fn adjudicate(
    said: ArbiterAnswer,
    others: &[&str],
    read: &dyn Fn(&str) -> Option<String>,
) -> ArbiterDecision {
    let evidence: Vec<Quote> = said
        .evidence
        .into_iter()
        .filter(|cited| stands(&cited.quote, read(&cited.path).as_deref()))
        .map(|cited| Quote { path: cited.path, text: cited.quote })
        .collect();
    let repeats = said.duplicate_of.filter(|id| {
        said.verdict == ArbiterVerdict::Duplicate && *id != said.id && others.contains(&id.as_str())
    });
    let counts = match said.verdict {
        ArbiterVerdict::Upheld
        | ArbiterVerdict::Unsubstantiated
        | ArbiterVerdict::ContradictsSpec => true,
        ArbiterVerdict::Refuted => !evidence.is_empty() && !said.breaks.trim().is_empty(),
        ArbiterVerdict::OutOfScope => !evidence.is_empty(),
        ArbiterVerdict::Duplicate => !evidence.is_empty() && repeats.is_some(),
    };
    let verdict = if counts { said.verdict } else { ArbiterVerdict::Unsubstantiated };
    let reason = match verdict {
        ArbiterVerdict::Refuted => format!("{} (cannot happen: {})", said.reason, said.breaks),
        _ if !counts => {
            format!("{} without valid evidence: {}", said.verdict.as_str(), said.reason)
        }
        _ => said.reason,
    };
    ArbiterDecision {
        id: said.id,
        verdict,
        evidence,
        duplicate_of: repeats.filter(|_| counts),
        criterion: said.criterion.filter(|criterion| !criterion.trim().is_empty()),
        reason: one_line(&reason).chars().take(REASON).collect(),
        instruction: match verdict {
            ArbiterVerdict::Upheld => one_line(&said.instruction),
            _ => String::new(),
        },
        extends_scope: said.extends_scope,
    }
}

/// Whether a quote is long enough and in the text, white space at line ends apart.
fn stands(quote: &str, text: Option<&str>) -> bool {
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let quote = trimmed(quote);
    let quote = quote.trim_matches('\n');
    let says = quote.chars().filter(|char| char.is_alphanumeric()).count();
    says >= QUOTE && text.is_some_and(|text| trimmed(text).contains(quote))
}
