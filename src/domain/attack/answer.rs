//! The tests of an attacker, as files with cases, and what of them may be run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::attack::clause::{SpecClause, quoted};
use crate::domain::attack::intake::IntakeLine;
use crate::domain::attack::number::TestNumber;
use crate::domain::development::scope::{is_manifest, is_test};
use crate::domain::model::class::{Class, LISTED};
use crate::domain::model::text::{counted, one_line};
use crate::domain::planning::reading;
use crate::domain::planning::task::is_file_path;

/// The largest file of tests, in bytes, and the longest text of a case, in characters.
const FILE_BYTES_MAX: usize = 64 << 10;
const TEXT_CHARS_MAX: usize = 400;

/// The longest path of a file of tests, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// How much is said of what is wrong with an answer, in lines: all of it may cost more than a second answer may.
const WRONG_MAX: usize = 20;

/// The fewest tests of a clause: of one alone none can be held back.
pub const CLAUSE_TESTS_MIN: usize = 2;

/// What a test attacks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttackKind {
    Empty,
    Boundary,
    Type,
    Malformed,
    Concurrent,
    Resource,
    FailureOfOther,
    Property,
}

impl AttackKind {
    const ALL: [Self; 8] = [
        Self::Empty,
        Self::Boundary,
        Self::Type,
        Self::Malformed,
        Self::Concurrent,
        Self::Resource,
        Self::FailureOfOther,
        Self::Property,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boundary => "boundary",
            Self::Type => "type",
            Self::Malformed => "malformed",
            Self::Concurrent => "concurrent",
            Self::Resource => "resource",
            Self::FailureOfOther => "failure-of-other",
            Self::Property => "property",
        }
    }
}

/// A file of tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackFile {
    pub path: String,
    pub content: String,
}

/// A case as the attacker gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaidCase {
    pub name: String,
    pub file: String,
    pub kind: AttackKind,
    /// The line of the intake that it attacks.
    pub line: String,
    /// Verbatim.
    pub clause: String,
    pub class: String,
    pub title: String,
    pub input: String,
    pub expected: String,
}

/// The answer of an attacker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackAnswer {
    pub files: Vec<AttackFile>,
    pub cases: Vec<SaidCase>,
}

/// A case with what it is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackCase {
    /// Given by the program: `T-1`, `T-2` …
    pub id: String,
    /// The test as the report names it.
    pub name: String,
    pub file: String,
    pub kind: AttackKind,
    pub line: IntakeLine,
    /// Why something must happen; `None` where what was quoted is no clause of the spec.
    pub clause: Option<SpecClause>,
    /// What was quoted, for people.
    pub said_clause: String,
    pub class: Class,
    pub title: String,
    pub input: String,
    pub expected: String,
    /// Why it is not run at all; empty where it is.
    pub refused: String,
}

impl AttackCase {
    /// What the tests of one finding share: a clause, and the line of code that they attack.
    pub fn group(&self) -> String {
        let clause = self.clause.as_ref();
        let id = clause
            .map_or("", |clause| if clause.id.is_empty() { &clause.text } else { &clause.id });
        format!("{id} at {} {}", self.line.path, self.line.quote)
    }
}

/// What the tests are held against.
#[derive(Clone, Copy)]
pub struct AttackGround<'a> {
    pub clauses: &'a [SpecClause],
    pub lines: &'a [IntakeLine],
    /// Whether there is a file of that path, or a file where one of its folders would be.
    pub is_taken: &'a dyn Fn(&str) -> bool,
    /// Whether nobody but a person may change it: the policy, what runs the tests.
    pub is_closed: &'a dyn Fn(&str) -> bool,
    pub number: TestNumber,
    /// The names of tests that other questions of this attack have already.
    pub known: &'a BTreeSet<String>,
}

/// The schema of an answer.
pub fn schema() -> Value {
    let text = || json!({"type": "string"});
    let file = reading::object(&json!({"path": text(), "content": text()}));
    let case = reading::object(&json!({
        "name": text(), "file": text(),
        "kind": {"type": "string", "enum": AttackKind::ALL.map(AttackKind::as_str)},
        "line": text(), "clause": text(), "class": text(), "title": text(), "input": text(),
        "expected": text(),
    }));
    reading::object(&json!({
        "files": {"type": "array", "items": file},
        "cases": {"type": "array", "items": case},
    }))
}

/// Reads an answer; the error says what does not fit.
pub fn parse(value: &Value) -> Result<AttackAnswer, String> {
    reading::read(value)
}

/// What is wrong with an answer that may be mended by answering again, one a line. A clause that the spec does not have is
/// not: its test is invalid.
pub fn wrong(answer: &AttackAnswer, ground: AttackGround<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let TestNumber { least, most } = ground.number;
    match answer.cases.len() {
        0 => wrong.push("there is no case".to_owned()),
        few if few < least => wrong.push(format!("{}; {least} is the least", counted(few, "case"))),
        many if many > most => wrong.push(format!("{many} cases; {most} is the most")),
        _ => {}
    }
    let refused = refusals(answer, ground);
    wrong.extend(refused.into_iter().flatten());
    wrong.extend(single_clauses(answer, ground.clauses).into_iter().map(|clause| {
        format!("`{clause}` has one test; a clause has {CLAUSE_TESTS_MIN} at least")
    }));
    let more = wrong.len().saturating_sub(WRONG_MAX);
    if more > 0 {
        wrong.truncate(WRONG_MAX);
        wrong.push(format!("and {more} more of that kind"));
    }
    wrong
}

/// The clauses that one test alone is about.
fn single_clauses(answer: &AttackAnswer, clauses: &[SpecClause]) -> Vec<String> {
    let mut tests: BTreeMap<String, usize> = BTreeMap::new();
    for clause in answer.cases.iter().filter_map(|case| quoted(clauses, &case.clause)) {
        *tests.entry(clause.in_words()).or_default() += 1;
    }
    let few = tests.into_iter().filter(|(_, tests)| *tests < CLAUSE_TESTS_MIN);
    few.map(|(clause, _)| clause).collect()
}

/// Of each case that is not beyond the number why it cannot be run; `None` where it can.
fn refusals(answer: &AttackAnswer, ground: AttackGround<'_>) -> Vec<Option<String>> {
    let mut names = ground.known.clone();
    let why = |case: &SaidCase, names: &mut BTreeSet<String>| {
        let name = case.name.trim();
        let path = &case.file;
        let file = answer.files.iter().find(|file| file.path == *path);
        let in_place = answer.files.iter().filter(|file| share_a_place(&file.path, path)).count();
        if name.is_empty() || !names.insert(name.to_owned()) {
            return Some(format!("the name `{name}` is empty, or another case has it"));
        }
        if name.contains(char::is_control) || name.chars().count() > TEXT_CHARS_MAX {
            return Some(format!("the name `{name}` is none of one line that can be shown"));
        }
        if ground.lines.iter().all(|line| line.id != case.line.trim()) {
            return Some(format!("`{name}` attacks `{}`, which is no line", case.line));
        }
        let Some(file) = file else {
            return Some(format!("`{name}` is in `{path}`, which is not among the files"));
        };
        if in_place > 1 {
            return Some(format!("`{path}` is there twice, or another file has its place"));
        }
        wrong_file(file, ground)
    };
    let most = ground.number.most;
    let cases = answer.cases.iter().take(most);
    cases.map(|case| why(case, &mut names).map(|why| text(&why))).collect()
}

fn wrong_file(file: &AttackFile, ground: AttackGround<'_>) -> Option<String> {
    let AttackFile { path, content } = file;
    if !is_file_path(path) || !is_plain(path) {
        Some(format!("`{path}` is no path of one file in this repository"))
    } else if !is_test(path) || is_manifest(path) {
        Some(format!("`{path}` is not named as files of tests are here"))
    } else if (ground.is_closed)(path) {
        Some(format!("`{path}` is no attacker's to write"))
    } else if (ground.is_taken)(path) {
        Some(format!("`{path}` is there already: tests need files of their own"))
    } else if content.len() > FILE_BYTES_MAX {
        Some(format!("`{path}` has more than {FILE_BYTES_MAX} bytes"))
    } else if content.trim().is_empty() {
        Some(format!("`{path}` is empty"))
    } else {
        None
    }
}

/// Whether a path can be written everywhere, shown in one line, and is none of git's.
fn is_plain(path: &str) -> bool {
    let is_plain = |part: &str| {
        let part = part.to_lowercase();
        let is_of_git = part.starts_with(".git") && part != ".github" || part.starts_with("git~");
        !is_of_git && !part.ends_with([' ', '.'])
    };
    path.len() <= PATH_BYTES_MAX
        && !path.contains(|c: char| c.is_control() || c == '"' || c == ':')
        && path.split('/').all(is_plain)
}

/// Whether two files cannot both be there: one path in any case of its letters, or one is a folder of the other.
pub fn share_a_place(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let is_below = |below: &str, above: &str| {
        below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_below(&one, &other) || is_below(&other, &one)
}

/// What is said, in one line that is not too long.
fn text(said: &str) -> String {
    one_line(said).chars().take(TEXT_CHARS_MAX).collect()
}

/// What an answer comes to: the cases, numbered from `next` on, the files of those that can be run, and what is to be
/// said of it.
pub fn taken(
    mut answer: AttackAnswer,
    ground: AttackGround<'_>,
    next: usize,
) -> (Vec<AttackFile>, Vec<AttackCase>, Vec<String>) {
    let mut notes = Vec::new();
    let over = answer.cases.len().saturating_sub(ground.number.most);
    if over > 0 {
        notes.push(format!(
            "{} beyond the number that was asked for: not run",
            counted(over, "case")
        ));
        answer.cases.truncate(ground.number.most);
    }
    let singles = single_clauses(&answer, ground.clauses);
    notes.extend(singles.iter().map(|one| format!("one test alone is about `{one}`")));
    let refused = refusals(&answer, ground);
    let cases = answer.cases.iter().zip(refused).enumerate();
    let cases: Vec<AttackCase> = cases
        .filter_map(|(at, (case, refused))| {
            let known = ground.lines.iter().find(|line| line.id == case.line.trim());
            // Without a line of code there is no place: the first stands for it, and it is not run.
            let line = known.or(ground.lines.first())?.clone();
            let clause = quoted(ground.clauses, &case.clause).cloned();
            Some(AttackCase {
                id: format!("T-{}", next + at),
                // What may be run can be shown as it is.
                name: refused
                    .as_ref()
                    .map_or_else(|| case.name.trim().to_owned(), |_| text(&case.name)),
                file: refused.as_ref().map_or_else(|| case.file.clone(), |_| text(&case.file)),
                kind: case.kind,
                line,
                clause,
                said_clause: text(&case.clause),
                class: class_of(&case.class),
                title: text(&case.title),
                input: text(&case.input),
                expected: text(&case.expected),
                refused: refused.unwrap_or_default(),
            })
        })
        .collect();
    let is_run = |path: &str| cases.iter().any(|case| case.refused.is_empty() && case.file == path);
    let mut files = answer.files;
    files.retain(|file| is_run(&file.path));
    (files, cases, notes)
}

/// The class that is meant; what is none of the list is one of its own.
fn class_of(said: &str) -> Class {
    let said = said.trim();
    let is_listed = LISTED.iter().any(|(class, _)| *class == said) || said.starts_with("other/");
    if is_listed { Class::new(said) } else { Class::new("correctness/unhandled-case") }
}
