//! Holds a diagnosis against the code that it is of.

use crate::domain::development::scope::is_test;
use crate::domain::diagnosis::answer::{CodeQuote, Diagnosis, NoRepair, ReportAnswer};
use crate::domain::model::text::one_line;
use crate::domain::planning::task::is_file_path;

/// The most files of tests.
const TESTS_MAX: usize = 3;

/// The most quotes that are kept, and the longest of them and of the texts beside them, in characters.
const QUOTES_MAX: usize = 8;
const QUOTE_CHARS_MAX: usize = 2_000;
const TEXT_CHARS_MAX: usize = 4_000;
const TITLE_CHARS_MAX: usize = 120;

/// What a diagnosis is held against.
#[derive(Clone, Copy)]
pub struct CodeOfBase<'a> {
    /// The text of a file of the base, as agents are shown it; `None` where there is none.
    pub read: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the base has a file of that name, whatever is in it.
    pub has: &'a dyn Fn(&str) -> bool,
    /// Whether nobody who builds may change it: the policy, the rules, what runs the tests.
    pub is_closed: &'a dyn Fn(&str) -> bool,
    /// The most files that a repair may change.
    pub files_max: usize,
}

/// The answer with the lines at which its quotes stand, or what is wrong with it, one a line.
pub fn checked(answer: ReportAnswer, code: CodeOfBase<'_>) -> Result<ReportAnswer, Vec<String>> {
    match answer {
        ReportAnswer::Found(diagnosis) => found(diagnosis, code).map(ReportAnswer::Found),
        ReportAnswer::Nothing(NoRepair { kind, why, quotes }) => {
            let mut wrong = Vec::new();
            if why.trim().is_empty() {
                wrong.push("`cause` does not say why there is nothing to repair".to_owned());
            }
            wrong.extend(wrong_text("cause", &why, TEXT_CHARS_MAX));
            let quotes = placed(quotes, code.read, &mut wrong);
            if !wrong.is_empty() {
                return Err(wrong);
            }
            Ok(ReportAnswer::Nothing(NoRepair { kind, why, quotes }))
        }
    }
}

fn found(diagnosis: Diagnosis, code: CodeOfBase<'_>) -> Result<Diagnosis, Vec<String>> {
    let mut wrong = Vec::new();
    let Diagnosis { title, cause, behaviour, .. } = &diagnosis;
    let texts = [
        ("title", title, TITLE_CHARS_MAX),
        ("cause", cause, TEXT_CHARS_MAX),
        ("behaviour.input", &behaviour.input, TEXT_CHARS_MAX),
        ("behaviour.expected", &behaviour.expected, TEXT_CHARS_MAX),
        ("behaviour.got", &behaviour.got, TEXT_CHARS_MAX),
    ];
    for (name, text, most) in texts {
        if text.trim().is_empty() {
            wrong.push(format!("`{name}` is empty"));
        }
        wrong.extend(wrong_text(name, text, most));
    }
    let (expected, got) = (behaviour.expected.trim(), behaviour.got.trim());
    if !expected.is_empty() && expected == got {
        wrong
            .push("`behaviour.expected` is what `behaviour.got` is: no test could fail".to_owned());
    }
    if diagnosis.quotes.is_empty() {
        wrong.push("`evidence` quotes no line: a cause is shown by the code".to_owned());
    }
    wrong.extend(wrong_files(&diagnosis, code));
    wrong.extend(wrong_tests(&diagnosis, code));
    let quotes = placed(diagnosis.quotes.clone(), code.read, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut diagnosis = Diagnosis { quotes, title: one_line(title), ..diagnosis };
    for text in [
        &mut diagnosis.behaviour.input,
        &mut diagnosis.behaviour.expected,
        &mut diagnosis.behaviour.got,
    ] {
        *text = one_line(text);
    }
    Ok(diagnosis)
}

fn wrong_text(name: &str, text: &str, most: usize) -> Option<String> {
    let long = text.chars().nth(most).is_some();
    long.then(|| format!("`{name}` has more than {most} characters"))
}

fn wrong_files(diagnosis: &Diagnosis, code: CodeOfBase<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let files = &diagnosis.files;
    if files.is_empty() {
        wrong.push("`files` names no file that the repair changes".to_owned());
    }
    if files.len() > code.files_max {
        let most = code.files_max;
        wrong.push(format!("`files` has {}; {most} is the most", files.len()));
    }
    for (at, path) in files.iter().enumerate() {
        if !is_file_path(path) {
            wrong.push(format!("`{path}` is no path of one file in this repository"));
        } else if files[..at].contains(path) {
            wrong.push(format!("`files` names `{path}` twice"));
        } else if is_test(path) {
            wrong.push(format!("`{path}` is a file of tests: those belong into `tests`"));
        } else if (code.is_closed)(path) {
            wrong.push(format!(
                "`{path}` is no repair's to change: the policy, the rules, the instructions of agents and what \
                 runs the tests stay as they are"
            ));
        }
    }
    let is_there = |path: &&String| is_file_path(path) && (code.has)(path);
    if !files.is_empty() && !files.iter().any(|path| is_there(&path)) {
        wrong.push("none of `files` is there: a bug is in code that is there".to_owned());
    }
    wrong
}

fn wrong_tests(diagnosis: &Diagnosis, code: CodeOfBase<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let tests = &diagnosis.tests;
    if tests.is_empty() {
        wrong.push("`tests` names no file".to_owned());
    }
    if tests.len() > TESTS_MAX {
        wrong.push(format!("`tests` has {}; {TESTS_MAX} is the most", tests.len()));
    }
    for path in tests {
        if !is_file_path(path) {
            wrong.push(format!("`{path}` is no path of one file in this repository"));
        } else if !is_test(path) {
            wrong.push(format!("`{path}` is not named as tests are here"));
        } else if (code.has)(path) {
            wrong.push(format!("`{path}` is there already: new tests need files of their own"));
        }
    }
    wrong
}

/// The quotes with the lines at which they stand; one that is nowhere in its file is wrong.
pub(in crate::domain) fn placed(
    quotes: Vec<CodeQuote>,
    text_of: &dyn Fn(&str) -> Option<String>,
    wrong: &mut Vec<String>,
) -> Vec<CodeQuote> {
    if quotes.len() > QUOTES_MAX {
        wrong.push(format!("`evidence` has {} quotes; {QUOTES_MAX} is the most", quotes.len()));
    }
    let mut known = Vec::new();
    for quote in quotes {
        let CodeQuote { path, line, quote: text } = &quote;
        wrong.extend(wrong_text("quote", text, QUOTE_CHARS_MAX));
        if !is_file_path(path) {
            wrong.push(format!("`{path}` is no path of one file in this repository"));
            continue;
        }
        let Some(content) = text_of(path) else {
            wrong.push(format!("`{path}` is not there, or is no text that you were shown"));
            continue;
        };
        match line_of(&content, text, *line) {
            Some(line) => known.push(CodeQuote { line, ..quote }),
            None => wrong.push(format!(
                "the quote of `{path}`, line {line}, is not in that file: quote its lines verbatim"
            )),
        }
    }
    known
}

/// The line at which a quote begins, the nearest to the one that was named; indentation and the space at the end of
/// lines do not count.
fn line_of(content: &str, quote: &str, named: u32) -> Option<u32> {
    let wanted: Vec<&str> = quote.trim().lines().map(str::trim).collect();
    if wanted.iter().all(|line| line.is_empty()) {
        return None;
    }
    let lines: Vec<&str> = content.lines().map(str::trim).collect();
    let places = lines.windows(wanted.len()).zip(1u32..).filter(|(lines, _)| match wanted[..] {
        // One line may be quoted in part.
        [one] => lines[0].contains(one),
        _ => *lines == wanted,
    });
    places.map(|(_, line)| line).min_by_key(|line| line.abs_diff(named))
}
