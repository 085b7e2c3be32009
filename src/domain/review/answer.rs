//! A review's answer: the schema that is sent, and its strict reading.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::model::class::Class;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::model::text::one_line;
use crate::domain::review::finding::{AssessedCriterion, CriterionStatus, Quote, VerifiedFinding};

/// The most characters of a title.
const TITLE_CHARS: usize = 80;

/// The most lines of an anchor.
const ANCHOR_LINES: usize = 5;

/// Fields that are not asked for any more. Replies that were kept have them, and so may a model that has
/// learned them. The first is passed over; the second is believed where it says that a finding was there
/// before the change.
const MORE_POSSIBLE: &str = "more_possible";
const INTRODUCED_BY: &str = "introduced_by";

/// A field that an answer may lack.
const SAME_AS: &str = "same_as";

/// One call's answer, well formed. Nothing in it is checked against the tree yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewAnswer {
    pub findings: Vec<RawFinding>,
    pub criteria: Vec<AssessedCriterion>,
    pub attestation: Vec<Attested>,
    /// What the reviewer says that it did not read, with its reason: path and reason.
    pub unscanned: Vec<(String, String)>,
    /// What became of the findings that were open; empty for a first review.
    pub verified: Vec<VerifiedFinding>,
}

impl ReviewAnswer {
    /// The answer with what a later one says of the sections that this one left unproven.
    #[must_use]
    pub fn completed_by(mut self, later: Self) -> Self {
        self.findings.extend(later.findings);
        self.criteria.extend(later.criteria);
        self.attestation.extend(later.attestation);
        self.unscanned.extend(later.unscanned);
        self.verified.extend(later.verified);
        self
    }
}

/// A finding as it was claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawFinding {
    pub class: Class,
    pub severity: Severity,
    /// `spec:AC-2`, `rule:R-7f3a` or `invariant`.
    pub basis: String,
    pub title: String,
    pub path: String,
    pub anchor: String,
    pub failure: String,
    pub evidence: Vec<Quote>,
    pub fix: String,
    pub search_pattern: String,
    /// The known finding that it calls the same mistake.
    #[serde(default)]
    pub same_as: Option<String>,
    /// Whether the reviewer itself says that it was there before; most answers say nothing of it.
    #[serde(default)]
    pub was_there: bool,
}

/// What shows that a section was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    pub path: String,
    pub nonce: String,
    pub added_lines: u64,
    /// One of its added lines; empty where it has none.
    pub quote: String,
}

/// What an answer is to: it settles which fields it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedAnswer {
    Review,
    /// A later round: the same, and an answer on each open finding.
    Verification,
    /// Whether criteria are met, and no findings.
    Criteria,
}

/// Why an answer is none: a field and what is wrong with it, for the model to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {why}")]
pub struct Wrong {
    /// `findings[2].severity`; `answer` for the whole.
    pub field: String,
    pub why: String,
}

/// The schema of an answer: no keyword beyond what every program's strict mode understands.
pub fn schema(asked: ExpectedAnswer) -> Value {
    let text = || json!({ "type": "string" });
    let list = |item: Value| json!({ "type": "array", "items": item });
    let choice = |words: &[&str]| json!({ "type": "string", "enum": words });
    let quote = || object(&[("path", text()), ("text", text())]);
    let finding = object(&[
        ("class", text()),
        ("severity", choice(&["critical", "high", "medium", "low"])),
        ("basis", text()),
        ("title", text()),
        ("path", text()),
        ("anchor", text()),
        ("failure", text()),
        ("evidence", list(quote())),
        ("fix", text()),
        ("sweep", text()),
        (SAME_AS, text()),
    ]);
    let criterion = object(&[
        ("id", text()),
        ("met", choice(&CriterionStatus::ALL.map(CriterionStatus::as_str))),
        ("why", text()),
    ]);
    let attested = object(&[
        ("path", text()),
        ("nonce", text()),
        ("added_lines", json!({ "type": "integer" })),
        ("quote", text()),
    ]);
    let mut fields = vec![
        ("criteria", list(criterion)),
        ("attestation", list(attested)),
        ("unscanned", list(object(&[("path", text()), ("reason", text())]))),
    ];
    if asked != ExpectedAnswer::Criteria {
        fields.insert(0, ("findings", list(finding)));
    }
    if asked == ExpectedAnswer::Verification {
        let verified = object(&[
            ("id", text()),
            ("resolved", json!({ "type": "boolean" })),
            ("quote", quote()),
        ]);
        fields.push(("verified", list(verified)));
    }
    object(&fields)
}

fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

/// Reads an answer. It fails at the first field that is missing, unknown or of the wrong kind.
pub fn read(value: &Value, asked: ExpectedAnswer) -> Result<ReviewAnswer, Wrong> {
    let root = Field { at: "answer".to_owned(), value };
    let mut answer = ReviewAnswer::default();
    let mut fields = vec!["criteria", "attestation", "unscanned", MORE_POSSIBLE];
    if asked != ExpectedAnswer::Criteria {
        fields.push("findings");
    }
    if asked == ExpectedAnswer::Verification {
        fields.push("verified");
    }
    root.has_only(&fields)?;
    if asked != ExpectedAnswer::Criteria {
        for finding in root.get("findings")?.list()? {
            answer.findings.extend(read_finding(&finding)?);
        }
    }
    for criterion in root.get("criteria")?.list()? {
        criterion.has_only(&["id", "met", "why"])?;
        let met = criterion.get("met")?;
        let word = met.text()?.replace(['_', '-'], " ");
        let found = CriterionStatus::ALL.into_iter().find(|met| met.as_str() == word.trim());
        answer.criteria.push(AssessedCriterion {
            id: criterion.get("id")?.text()?.trim().to_owned(),
            met: found.ok_or_else(|| met.wrong("is none of the four words"))?,
            why: one_line(criterion.get("why")?.text()?),
        });
    }
    for section in root.get("attestation")?.list()? {
        section.has_only(&["path", "nonce", "added_lines", "quote"])?;
        let count = section.get("added_lines")?;
        answer.attestation.push(Attested {
            path: section.get("path")?.text()?.to_owned(),
            nonce: section.get("nonce")?.text()?.trim().to_owned(),
            added_lines: count.value.as_u64().ok_or_else(|| count.wrong("is no count"))?,
            quote: section.get("quote")?.text()?.to_owned(),
        });
    }
    for file in root.get("unscanned")?.list()? {
        file.has_only(&["path", "reason"])?;
        let path = file.get("path")?.text()?.to_owned();
        answer.unscanned.push((path, one_line(file.get("reason")?.text()?)));
    }
    if asked == ExpectedAnswer::Verification {
        for word in root.get("verified")?.list()? {
            word.has_only(&["id", "resolved", "quote"])?;
            answer.verified.push(VerifiedFinding {
                id: word.get("id")?.text()?.trim().to_owned(),
                resolved: word.get("resolved")?.yes_or_no()?,
                quote: read_quote(&word.get("quote")?)?,
            });
        }
    }
    Ok(answer)
}

/// `None` where the reviewer calls it noise: that is not taken in.
fn read_finding(finding: &Field<'_>) -> Result<Option<RawFinding>, Wrong> {
    finding.has_only(&[
        "class",
        "severity",
        "basis",
        "title",
        "path",
        "anchor",
        "failure",
        "evidence",
        INTRODUCED_BY,
        "fix",
        "sweep",
        SAME_AS,
    ])?;
    let text = |name: &str| finding.get(name).and_then(|field| field.text().map(str::to_owned));
    let severity = finding.get("severity")?;
    let level = Severity::from_foreign(severity.text()?)
        .ok_or_else(|| severity.wrong("is none of critical, high, medium, low"))?;
    let evidence = finding.get("evidence")?.list()?;
    let evidence = evidence.map(|quote| read_quote(&quote)).collect::<Result<_, _>>()?;
    let anchor = text("anchor")?;
    let claim = |severity| -> Result<RawFinding, Wrong> {
        Ok(RawFinding {
            class: Class::new(&text("class")?),
            severity,
            basis: basis(&text("basis")?),
            title: one_line(&text("title")?).chars().take(TITLE_CHARS).collect(),
            path: text("path")?,
            anchor: anchor.lines().take(ANCHOR_LINES).collect::<Vec<_>>().join("\n"),
            failure: one_line(&text("failure")?),
            evidence,
            fix: text("fix")?,
            search_pattern: text("sweep")?,
            same_as: text(SAME_AS).ok().filter(|id| !id.trim().is_empty()),
            was_there: finding.value.get(INTRODUCED_BY).and_then(Value::as_str).is_some_and(
                |word| matches!(word, "pre-existing" | "pre_existing" | "preexisting"),
            ),
        })
    };
    match level {
        Foreign::Severity(severity) => claim(severity).map(Some),
        Foreign::Noise => Ok(None),
    }
}

fn read_quote(quote: &Field<'_>) -> Result<Quote, Wrong> {
    quote.has_only(&["path", "text"])?;
    Ok(Quote {
        path: quote.get("path")?.text()?.to_owned(),
        text: quote.get("text")?.text()?.to_owned(),
    })
}

/// `spec:` or `rule:` with an id, whether or not the word was left out; anything else is an
/// invariant.
fn basis(text: &str) -> String {
    let text = text.trim();
    let (word, id) = text.split_once(':').unwrap_or(("", text));
    let id = id.trim();
    let (word, whole) = (word.trim().to_ascii_lowercase(), !id.is_empty());
    match word.as_str() {
        "spec" | "rule" if whole => format!("{word}:{id}"),
        "" if id.starts_with("R-") => format!("rule:{id}"),
        "" if id.contains("AC-") || id.starts_with("C-") => format!("spec:{id}"),
        _ => "invariant".to_owned(),
    }
}

/// A value and its path in the answer.
struct Field<'a> {
    at: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    fn wrong(&self, why: &str) -> Wrong {
        Wrong { field: self.at.clone(), why: why.to_owned() }
    }

    fn inner(&self, name: &str) -> String {
        if self.at == "answer" { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    fn has_only(&self, names: &[&str]) -> Result<(), Wrong> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("is no object"))?;
        match object.keys().find(|key| !names.contains(&key.as_str())) {
            Some(key) => Err(Wrong {
                field: self.inner(key),
                why: "is not a field of the schema".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn get(&self, name: &str) -> Result<Self, Wrong> {
        let at = self.inner(name);
        match self.value.get(name) {
            Some(value) => Ok(Self { at, value }),
            None => Err(Wrong { field: at, why: "is missing".to_owned() }),
        }
    }

    fn text(&self) -> Result<&'a str, Wrong> {
        self.value.as_str().ok_or_else(|| self.wrong("is no text"))
    }

    fn yes_or_no(&self) -> Result<bool, Wrong> {
        self.value.as_bool().ok_or_else(|| self.wrong("is neither true nor false"))
    }

    fn list(&self) -> Result<impl Iterator<Item = Field<'a>> + use<'a>, Wrong> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("is no list"))?;
        let at = self.at.clone();
        let item = move |(number, value)| Field { at: format!("{at}[{number}]"), value };
        Ok(items.iter().enumerate().map(item))
    }
}
