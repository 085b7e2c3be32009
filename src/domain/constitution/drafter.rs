//! The drafting agent's prompt, and the reading of its answer. Its words and its pattern are
//! data: id, class, severity, paths, status and origin are the program's own, and the pattern is
//! proved like any other before it takes effect.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::constitution::incident::{ConstitutionLimits, Incident};
use crate::domain::constitution::recurrence::Candidate;
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope};
use crate::domain::model::fence::{fenced, visible, visible_path};
use crate::domain::model::language::Language;
use crate::domain::model::text::one_line;

const TEMPLATE: &str = include_str!("prompts/drafter.md");

const TITLE_CHARS_MAX: usize = 90;
const SENTENCE_CHARS_MAX: usize = 400;
const CODE_LINES_MAX: usize = 12;
const CODE_CHARS_MAX: usize = 800;
const PATTERN_CHARS_MAX: usize = 300;

/// The most findings that are shown, the lines around each, and how much of a line.
const CASES_MAX: usize = 6;
const CONTEXT_LINES: u32 = 6;
const LINE_CHARS_MAX: usize = 240;

/// The most lines of code that came in place of a finding.
const FIX_LINES_MAX: u32 = 30;

/// An agent's draft of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub title: String,
    pub sentence: String,
    pub bad: String,
    pub good: String,
    /// [`RuleCheck::None`] where the agent says that no pattern can tell.
    pub check: RuleCheck,
}

/// A draft that would not do, as the agent gave it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedDraft {
    pub answer: String,
    pub reason: String,
}

/// The question for one mistake; after a draft that would not do, with the reason.
pub fn prompt(
    candidate: &Candidate,
    cases: &[Incident],
    limits: ConstitutionLimits,
    refused: Option<&RefusedDraft>,
) -> String {
    let shown = shown(cases);
    let findings: Vec<(String, String)> =
        (1..).zip(&shown).flat_map(|(number, case)| texts(number, case)).collect();
    let last = refused.map(|refused| format!("{}\n{}", refused.reason, refused.answer));
    let texts = findings.iter().map(|(_, text)| text.as_str());
    let token = token(texts.chain(last.as_deref()));
    let attempt = last.map_or_else(String::new, |last| {
        let last = fenced("the reason, and your draft", &token, &last);
        format!("\n## Your last draft would not do\n{last}")
    });
    let findings: String = findings.iter().map(|(name, text)| fenced(name, &token, text)).collect();
    let component = match candidate.component.as_str() {
        "" => "its top".to_owned(),
        component => format!("`{}`", visible_path(component.as_bytes())),
    };
    let demand = candidate.class.demand().map_or_else(String::new, |text| format!(" ({text})"));
    let languages = Language::ALL.map(|language| format!("`{}`", language.as_str())).join(", ");
    filled(&[
        ("token", &token),
        ("class", candidate.class.as_str()),
        ("demand", &demand),
        ("component", &component),
        ("count", &cases.len().to_string()),
        ("shown", &shown.len().to_string()),
        ("title_max", &TITLE_CHARS_MAX.to_string()),
        ("sentence_max", &SENTENCE_CHARS_MAX.to_string()),
        ("lines_max", &CODE_LINES_MAX.to_string()),
        ("pattern_max", &PATTERN_CHARS_MAX.to_string()),
        ("languages", &languages),
        ("noise", &limits.hits_in_rest.to_string()),
        ("attempt", &attempt),
        ("findings", &findings),
    ])
}

/// The form of the answer.
pub fn schema() -> Value {
    let languages: Vec<&str> =
        Language::ALL.map(Language::as_str).into_iter().chain(["none"]).collect();
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["title", "sentence", "bad", "good", "kind", "language", "pattern"],
        "properties": {
            "title": text,
            "sentence": text,
            "bad": text,
            "good": text,
            "kind": {"type": "string", "enum": ["ast-grep", "regex", "none"]},
            "language": {"type": "string", "enum": languages},
            "pattern": text,
        },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    title: String,
    sentence: String,
    bad: String,
    good: String,
    kind: Kind,
    language: String,
    pattern: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    AstGrep,
    Regex,
    None,
}

/// Reads an answer; the error says what is wrong with it. What is too long is refused and never
/// cut: half a sentence says something else.
pub fn read(answer: &Value) -> Result<Draft, String> {
    let answer: Answer =
        serde_json::from_value(answer.clone()).map_err(|error| error.to_string())?;
    let check = match answer.kind {
        Kind::None if answer.pattern.is_empty() => RuleCheck::None,
        Kind::None => return Err("`kind` is `none` and there is a `pattern`".to_owned()),
        kind => {
            let pattern = short("pattern", answer.pattern.trim(), PATTERN_CHARS_MAX)?.to_owned();
            let on = RuleScope::AddedLines;
            match (kind, Language::from_name(&answer.language)) {
                (Kind::AstGrep, Some(language)) => RuleCheck::AstGrep { pattern, language, on },
                (Kind::AstGrep, None) => {
                    return Err(format!("`{}` has no structural patterns", answer.language));
                }
                (Kind::Regex | Kind::None, _) => RuleCheck::Regex { pattern, on },
            }
        }
    };
    Ok(Draft {
        title: line("title", &answer.title, TITLE_CHARS_MAX)?,
        sentence: line("sentence", &answer.sentence, SENTENCE_CHARS_MAX)?,
        bad: code("bad", &answer.bad)?,
        good: code("good", &answer.good)?,
        check,
    })
}

impl Draft {
    /// The rule in the draft's words and with its examples.
    pub fn worded(&self, rule: Rule) -> Rule {
        Rule {
            title: self.title.clone(),
            sentence: self.sentence.clone(),
            bad: vec![self.bad.clone()],
            good: vec![self.good.clone()],
            ..rule
        }
    }

    /// The draft with every text passed through `clean`; `None` where that changes the pattern,
    /// which would then mean something else.
    pub fn cleaned(self, clean: impl Fn(&str) -> String) -> Option<Self> {
        if self.check.pattern().is_some_and(|pattern| clean(pattern) != pattern) {
            return None;
        }
        Some(Self {
            title: clean(&self.title),
            sentence: clean(&self.sentence),
            bad: clean(&self.bad),
            good: clean(&self.good),
            check: self.check,
        })
    }
}

fn line(key: &str, text: &str, chars_max: usize) -> Result<String, String> {
    let joined = one_line(text);
    short(key, &joined, chars_max).map(ToOwned::to_owned)
}

fn code(key: &str, text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\t', "    ");
    let text = text.trim_matches('\n').trim_end();
    if text.lines().count() > CODE_LINES_MAX {
        return Err(format!("`{key}` has more than {CODE_LINES_MAX} lines"));
    }
    short(key, text, CODE_CHARS_MAX).map(ToOwned::to_owned)
}

fn short<'a>(key: &str, text: &'a str, chars_max: usize) -> Result<&'a str, String> {
    if text.trim().is_empty() {
        return Err(format!("`{key}` is empty"));
    }
    if text.chars().count() > chars_max {
        return Err(format!("`{key}` has more than {chars_max} characters"));
    }
    if visible(text.as_bytes()) != text {
        return Err(format!("`{key}` holds characters that cannot be seen"));
    }
    Ok(text)
}

/// The newest findings, those with their fix before the others.
fn shown(cases: &[Incident]) -> Vec<&Incident> {
    let fixed = cases.iter().rev().filter(|case| case.fix.is_some());
    let others = cases.iter().rev().filter(|case| case.fix.is_none());
    fixed.chain(others).take(CASES_MAX).collect()
}

/// The data of one finding, each with its name.
fn texts(number: usize, case: &Incident) -> Vec<(String, String)> {
    let occurrence = &case.occurrence;
    let mut about = format!("in {}\n{}", occurrence.path, occurrence.message);
    if !case.suggestion.trim().is_empty() {
        let _ = write!(about, "\nto do: {}", case.suggestion);
    }
    let mut texts = vec![(format!("finding {number}, what was said"), cut(&about))];
    let code = match &case.file {
        Some(file) => excerpt(file, case.line, case.end_line.saturating_add(1), CONTEXT_LINES),
        None => case.anchor.lines().fold(String::new(), |text, line| text + "> " + line + "\n"),
    };
    if !code.trim().is_empty() {
        let name = format!("finding {number}, its code (`>` marks the finding)");
        texts.push((name, cut(&code)));
    }
    if let Some(fix) = case.fix.as_ref().filter(|fix| !fix.lines.is_empty()) {
        let end = fix.lines.end.min(fix.lines.start.saturating_add(FIX_LINES_MAX));
        let code = excerpt(&fix.text, fix.lines.start, end, CONTEXT_LINES);
        let name = format!("finding {number}, the code in its place (`>` marks new lines)");
        texts.push((name, cut(&code)));
    }
    texts
}

/// The lines from `start` to before `end`, marked, with some around.
fn excerpt(text: &str, start: u32, end: u32, around: u32) -> String {
    let (first, last) = (start.saturating_sub(around), end.saturating_add(around));
    let mut excerpt = String::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        if (first..last).contains(&number) {
            let mark = if (start..end).contains(&number) { '>' } else { ' ' };
            let _ = writeln!(excerpt, "{mark} {line}");
        }
    }
    excerpt
}

/// A text whose lines are cut where they are too long.
fn cut(text: &str) -> String {
    let cut = |line: &str| match line.char_indices().nth(LINE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// A word that none of the texts can hold: it is made from all of them.
fn token<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// The template with its places filled, each once: what fills one place opens no other.
fn filled(values: &[(&str, &str)]) -> String {
    let mut prompt = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        prompt.push_str(before);
        let value = values.iter().find(|(key, _)| *key == name);
        prompt.push_str(value.map_or("", |(_, value)| *value));
        rest = after;
    }
    prompt + rest
}
