//! Whether a test failed as a test does: by what it asserts, or for want of what it uses; and not by a mistake of
//! its own or in what it sets up.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::development::failure;
use crate::domain::development::failure_kind::FailureKind;
use crate::domain::development::scope::is_test;
use crate::domain::development::typescript::sources_of;
use crate::domain::gates::test_report::cases::{CaseFailure, CountedAs};

/// The new tests, and the state of the code that they ran in.
#[derive(Clone, Copy)]
pub struct NewTests<'a> {
    /// Their texts, one after the other.
    pub text: &'a str,
    pub files: &'a [String],
    /// The paths that the code may change; empty where none are named.
    pub paths: &'a [String],
    /// The text of a file by its path.
    pub read: &'a dyn Fn(&str) -> Option<String>,
}

/// The texts by which errors are told from assertions, and by which it is seen where they were.
struct ErrorForms {
    colours: Regex,
    /// An error that another one was made for, as Node's runner does.
    cause: Regex,
    /// The end of what pytest says.
    pytest_end: Regex,
    /// A text that begins with the class of an error.
    begins: Regex,
    class: Regex,
    asserting: Regex,
    panics: Regex,
    asserts: Regex,
    python: Regex,
    /// Frames with the innermost first.
    frames: Regex,
    java: Regex,
}

static FORMS: LazyLock<Option<ErrorForms>> = LazyLock::new(|| {
    let regex = |text: &str| Regex::new(text).ok();
    Some(ErrorForms {
        colours: regex(r"\x1b\[[0-9;]*m")?,
        cause: regex(r"(?m)^\s+cause: ([A-Z][\w$]*)")?,
        pytest_end: regex(r"(?m)^\S+\.py:\d+: ([A-Z]\w*)$")?,
        begins: regex(
            r"^(?:E\s+)?(?:Uncaught |\*\* \(|\[)?((?:[\w$]+(?:\.|::|\\))*[\w$]*(?:Error|Exception|Failed|Exit|Interrupt))\b|^(thrown): |^(C\+\+ exception)",
        )?,
        class: regex(r"(?:Error|Exception|Failure|Failed)$|::|\\|^[a-z]\w*(?:\.\w+)+$")?,
        asserting: regex(
            r"(?i)assert|expectation|comparison|multiplefailures|testfailed|conditionnotsatisfied|xunit\.sdk|(?:^|[.\\])failed$",
        )?,
        panics: regex(r"panicked at (?:'.*', )?([^\s:]+):(\d+):\d+")?,
        asserts: regex(r"\b(?:\w*assert\w*|panic|unreachable)!")?,
        python: regex(r#"(?m)^(?:E?\s*)?(?:File "([^"\n]+)", line \d+|(\S+\.py):\d+:)"#)?,
        frames: regex(
            r"(?m)^\s*at .*?\(?(?:file://)?([^\s()]+?):\d+:\d+\)?,?(?: \{)?$|^\s+(/\S+\.go):\d+(?: |$)",
        )?,
        java: regex(r"(?m)^\s*at ([\w.$/@]+)\.[\w$<>]+\((\w+\.(?:java|kt|scala))(?::\d+)?\)")?,
    })
});

/// The classes of errors of what cannot be loaded, wherever it is.
const LOADING: [&str; 2] = ["ImportError", "ModuleNotFoundError"];

/// Folders in which the code of others is.
const OF_OTHERS: [&str; 7] = [
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/.cargo/registry/",
    "/rustc/",
    "/pkg/mod/",
    "/lib/python3",
];

/// Where sources stand that their packages name.
const SOURCES: [&str; 5] = ["", "src/", "src/main/java/", "src/main/kotlin/", "app/src/main/java/"];

/// Why a new test failed. What no text tells is no proof of anything, but for what a report counts as a failure
/// and not as an error: that is its word for an assertion.
pub fn of_case(failed: &CaseFailure, tests: NewTests<'_>) -> FailureKind {
    let Some(forms) = FORMS.as_ref() else { return FailureKind::Thrown(failed.said.clone()) };
    let plain = |text: &str| forms.colours.replace_all(text, "").into_owned();
    let failed =
        CaseFailure { said: plain(&failed.said), text: plain(&failed.text), ..failed.clone() };
    let class = forms.class_of(&failed);
    let is_assertion = class.as_deref().is_some_and(|class| forms.is_assertion(class, &failed));
    let may_assert = failed.counted != CountedAs::Error;
    if may_assert && (is_assertion || begins_with_assertion(&failed.said)) {
        return FailureKind::Assertion;
    }
    let named = failure::named(&failed.said);
    if let Some(kind @ FailureKind::Infrastructure(_)) = named {
        return kind;
    }
    let loads = class.as_deref().is_some_and(|class| LOADING.contains(&class));
    if !loads && forms.is_of_code(&failed, tests) {
        return FailureKind::Assertion;
    }
    if let Some(kind) = named {
        return kind;
    }
    let panicked = forms.panics.captures(&failed.text);
    if let Some(place) = &panicked
        && forms.test_says_so(&place[1], place[2].parse().unwrap_or(0), tests)
    {
        return FailureKind::Assertion;
    }
    let is_thrown = class.is_some() || panicked.is_some();
    if failed.counted == CountedAs::Failure && !is_thrown {
        return FailureKind::Assertion;
    }
    let told = failure::of_output(&failed.text).into_iter().next();
    told.map_or(FailureKind::Thrown(failed.said), |told| told.kind)
}

/// The path in the repository of a file that a stack names, which may say where it is on the machine.
fn within(path: &str, tests: NewTests<'_>) -> Option<String> {
    if OF_OTHERS.iter().any(|folder| path.contains(folder)) {
        return None;
    }
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let starts = path.match_indices('/').map(|(at, _)| at + 1);
    let ends: Vec<&str> = std::iter::once(0).chain(starts).map(|at| &path[at..]).collect();
    let is_there = |path: &String| (tests.read)(path).is_some();
    let found = ends.iter().map(|path| (*path).to_owned()).find(is_there);
    // What was compiled is in no tree; its source may be in a folder that the output has not.
    found.or_else(|| {
        let sources = ends.iter().flat_map(|path| sources_of(path));
        sources.flat_map(|path| [path.clone(), format!("src/{path}")]).find(is_there)
    })
}

fn begins_with_assertion(said: &str) -> bool {
    let said = said.trim_start_matches("E ").trim_start().to_lowercase();
    ["assert", "expect(", "note: test did not panic", "note: panic did not contain"]
        .iter()
        .any(|start| said.starts_with(start))
}

impl ErrorForms {
    /// The class of what was thrown; `None` where none is told.
    fn class_of(&self, failed: &CaseFailure) -> Option<String> {
        let first = |regex: &Regex, text: &str| {
            let found = regex.captures_iter(text).last()?;
            Some(found.iter().skip(1).flatten().next()?.as_str().to_owned())
        };
        let panics = failed.text.lines().any(|line| line.starts_with("panic: "));
        let panics = panics.then(|| "panic".to_owned());
        panics
            .or_else(|| first(&self.cause, &failed.text))
            .or_else(|| first(&self.pytest_end, &failed.text))
            .or_else(|| Some(failed.class.clone()).filter(|class| self.class.is_match(class)))
            .or_else(|| first(&self.begins, &failed.said))
            .or_else(|| first(&self.begins, failed.text.trim_start()))
    }

    fn is_assertion(&self, class: &str, failed: &CaseFailure) -> bool {
        // Jest's own is an error like any other.
        self.asserting.is_match(class) || (class == "Error" && failed.said.contains("expect("))
    }

    /// Whether a line of a new test is one that fails a test by its own word: its message may be any.
    fn test_says_so(&self, path: &str, line: usize, tests: NewTests<'_>) -> bool {
        let is_new = tests.files.iter().any(|file| file == path);
        let text = is_new.then(|| (tests.read)(path)).flatten().unwrap_or_default();
        let said = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        self.asserts.is_match(said)
    }

    /// Whether it was thrown by the code that the test calls: of what is in this repository, the innermost is
    /// no test.
    fn is_of_code(&self, failed: &CaseFailure, tests: NewTests<'_>) -> bool {
        let innermost = self.paths(&failed.text).iter().find_map(|path| within(path, tests));
        innermost.is_some_and(|path| !tests.files.contains(&path) && !is_test(&path))
    }

    /// The files that a text names as places of an error, the innermost first.
    fn paths(&self, text: &str) -> Vec<String> {
        if let Some(place) = self.panics.captures(text) {
            return vec![place[1].to_owned()];
        }
        let group = |found: regex::Captures<'_>| {
            Some(found.iter().skip(1).flatten().next()?.as_str().to_owned())
        };
        let mut python: Vec<String> = self.python.captures_iter(text).filter_map(group).collect();
        python.reverse();
        let frames = self.frames.captures_iter(text).filter_map(group);
        let java = self.java.captures_iter(text).flat_map(|found| {
            let class = found[1].rsplit('/').next().unwrap_or_default().to_owned();
            let package = class.rsplit_once('.').map_or("", |(package, _)| package);
            let below = format!("{}/{}", package.replace('.', "/"), &found[2]);
            SOURCES.map(|root| format!("{root}{}", below.trim_start_matches('/')))
        });
        python.into_iter().chain(frames).chain(java).collect()
    }
}
