//! What a fix may not do, measured on what it left behind.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::locate::known_code::code_of;
use crate::domain::review::evidence::names;

/// A file that a fix touched, by its shown name.
#[derive(Clone, Debug)]
pub struct RepairedFile {
    pub path: String,
    /// The text before; `None` where the file was not there, or is no text.
    pub old: Option<String>,
    /// The text now; `None` where the file is gone, or is no text.
    pub new: Option<String>,
    /// Whether the file is gone.
    pub is_deleted: bool,
}

/// What a fix is about.
#[derive(Clone, Copy, Debug)]
pub struct FixBounds<'a> {
    /// The files that findings and their evidence are in, and of a fix that the gates asked for those of
    /// the change.
    pub paths: &'a [String],
    /// The instructions, which may name more files.
    pub instructions: &'a [String],
    /// What the executor said at its end.
    pub message: &'a str,
    /// Whether a path is one of the policy or its rules.
    pub is_policy: fn(&[u8]) -> bool,
}

/// What came of the measure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasuredFix {
    /// Why the fix is refused, one a line; empty where it is not.
    pub refused: Vec<String>,
    /// The files that it touched beside those that it is about, which the executor named.
    pub beside: Vec<String>,
}

/// Measures a fix: the policy, the rules and the instructions of agents are as they were; no test is
/// gone, skipped or weaker; and what is beside the findings is named by the executor.
pub fn measure(files: &[RepairedFile], bounds: FixBounds<'_>) -> MeasuredFix {
    let mut measured = MeasuredFix::default();
    let is_steering = |path: &str| is_steering(path, bounds.is_policy);
    for file in files.iter().filter(|file| is_steering(&file.path)) {
        measured.refused.push(format!(
            "it changed `{}`: the policy, the rules and the instructions of agents are no fix's to change",
            file.path
        ));
    }
    measured.refused.extend(weakened_tests(files));
    for file in files.iter().filter(|file| !is_steering(&file.path)) {
        if is_meant(&file.path, bounds) {
            continue;
        }
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if names(bounds.message, name) {
            measured.beside.push(file.path.clone());
        } else {
            measured.refused.push(format!(
                "it changed `{}`, which no finding names, and said nothing of it",
                file.path
            ));
        }
    }
    measured
}

/// Whether a path is one of the policy or its rules, or tells agents what they are to do.
pub fn is_steering(path: &str, is_policy: fn(&[u8]) -> bool) -> bool {
    is_policy(path.as_bytes()) || is_policy(path.to_lowercase().as_bytes()) || steers(path)
}

/// Whether a path tells agents what they are to do.
fn steers(path: &str) -> bool {
    const FILES: [&str; 10] = [
        "AGENTS.md",
        "AGENTS.override.md",
        "CLAUDE.md",
        "CLAUDE.local.md",
        "GEMINI.md",
        ".cursorrules",
        ".windsurfrules",
        ".clinerules",
        ".mcp.json",
        "copilot-instructions.md",
    ];
    const FOLDERS: [&str; 7] =
        [".ai", ".claude", ".codex", ".cursor", ".gemini", ".agents", ".githooks"];
    let lower = path.to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    FILES.iter().any(|file| file.eq_ignore_ascii_case(name))
        || lower.split('/').any(|part| FOLDERS.contains(&part))
}

fn is_meant(path: &str, bounds: FixBounds<'_>) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_test_path(path)
        || bounds.paths.iter().any(|known| known == path)
        || bounds.instructions.iter().any(|line| names(line, path) || names(line, name))
}

/// Whether a path is one of tests, by the usual conventions.
pub fn is_test_path(path: &str) -> bool {
    const FOLDERS: [&str; 8] =
        ["test", "tests", "spec", "specs", "__tests__", "testing", "e2e", "testdata"];
    let lower = path.to_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = name.split('.').next().unwrap_or(name);
    let end = name.rsplit('.').next().unwrap_or(name);
    folders.split('/').any(|folder| FOLDERS.contains(&folder)) && end != "md"
        || stem.starts_with("test_")
        || ["_test", "_tests", "_spec"].iter().any(|end| stem.ends_with(end))
        || stem == "tests"
        || [".test.", ".spec."].iter().any(|part| name.contains(part))
        || ["java", "kt", "cs"].contains(&end)
            && (stem.ends_with("test") || stem.ends_with("tests"))
}

/// The tests in a text.
#[derive(Debug, Default)]
struct Tests {
    /// The tests by name, where the language tells them, each with how much it does.
    named: Vec<(String, usize)>,
    /// How many there are.
    count: usize,
    assertions: usize,
    /// Assertions that hold whatever the code does.
    vacuous: usize,
    skipped: usize,
}

/// What a text has that has a test, in whatever language: to look for it costs a hundredth of reading the text
/// as code. Between a name and what follows it a comment may stand.
static MAY_TEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m-u)[Tt]est|TEST|\b(?:Fact|Theory)\b|\bit\b[\t\r\x20]*(?:[.(/]|$)").ok()
});

/// What says in the usual languages that something is a test, checks something, or is left out. The
/// tokens of a text stand with one space between them.
struct Marks {
    tests: Regex,
    assertions: Regex,
    vacuous: Regex,
    skipped: Regex,
}

static MARKS: LazyLock<Option<Marks>> = LazyLock::new(|| {
    // With what Unicode calls a word, a space and their border they would take ten milliseconds to compile.
    let regex = |text: &str| {
        let text = text.replace(r"\w", "[0-9A-Za-z_]").replace(r"\s", r"[\t-\r\x20]");
        Regex::new(&text.replace(r"\b", r"(?-u:\b)")).ok()
    };
    Some(Marks {
        tests: regex(
            r"(?x) (?:^|[^.][\ ])(?:it|test)\s*(?:\.\s*(?:each|skip|only)\s*)?\( | \#\s*\[\s*(?:\w+\s*::\s*)*(?:test|rstest|test_case)\b
              | @\s*(?:Parameterized)?Test\b | \[\s*(?:Fact|Theory|Test|TestMethod)\b
              | \bdef\s+test_\w* | \bfunc\s+Test\w* | \bTEST(?:_F|_P)?\s*\(",
        )?,
        assertions: regex(
            r"(?x) \b(?:debug_)?assert\w*\s*[!(\s.] | \bexpect\s*\( | \bshould\b
              | \bt\s*\.\s*(?:Error|Fatal|Fail)\w*\s*\( | \brequire\s*\.\s*\w+\s*\( | \bprop_assert\w*
              | \bself\s*\.\s*assert\w*\s*\( | \bpytest\s*\.\s*raises\b | \b(?:EXPECT|ASSERT)_\w+\s*\(
              | \bAssert\s*\.\s*\w+ | \bverify\s*\(",
        )?,
        vacuous: regex(
            r"(?x) \bassert\w*\s*!?\s*\(?\s*(?:true|True|1)\s*(?:[),;]|$) | \bassert\s+True\b
              | \bexpect\s*\(\s*true\s*\)\s*\.\s*to\w*\s*[.(]\s*(?:true|be)? | \bassertTrue\s*\(\s*(?:true|True)\b",
        )?,
        skipped: regex(
            r"(?x) \#\s*\[\s*ignore\b | @\s*(?:pytest\s*\.\s*mark\s*\.\s*(?:skip|skipif|xfail)|unittest\s*\.\s*(?:skip\w*|expectedFailure))
              | \bpytest\s*\.\s*(?:skip|xfail)\s*\( | @\s*(?:Disabled|Ignore)\b | \bt\s*\.\s*Skip\w*\s*\(
              | \b(?:it|test|describe|context)\s*\.\s*(?:skip|todo|only|fails|failing)\b | \b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(
              | \bself\s*\.\s*skipTest\s*\( | \[\s*Ignore\b | \bGTEST_SKIP\b | \bcfg\s*\(\s*(?:any\s*\(\s*\)|FALSE)\s*\)",
        )?,
    })
});

impl Tests {
    fn of(path: &str, text: &str) -> Self {
        let Some(marks) = MARKS.as_ref() else { return Self::default() };
        let code = code_of(path, text);
        let words: Vec<&str> = code.tokens.iter().map(|token| token.text.as_str()).collect();
        let plain = words.join(" ");
        let mut tests = Self {
            count: marks.tests.find_iter(&plain).count(),
            assertions: marks.assertions.find_iter(&plain).count(),
            vacuous: marks.vacuous.find_iter(&plain).count(),
            skipped: marks.skipped.find_iter(&plain).count(),
            named: Vec::new(),
        };
        for function in &code.functions {
            let own = &words[function.tokens.clone()];
            if marks.tests.is_match(&own.join(" ")) {
                let calls = own.iter().filter(|word| **word == "(").count();
                tests.named.push((function.path.clone(), calls));
            }
        }
        tests
    }

    fn add(&mut self, other: Self) {
        self.named.extend(other.named);
        self.count += other.count;
        self.assertions += other.assertions;
        self.vacuous += other.vacuous;
        self.skipped += other.skipped;
    }
}

/// What became worse about tests, all touched files together, so that a test that moved is none that is
/// gone.
pub fn weakened_tests(files: &[RepairedFile]) -> Vec<String> {
    let (mut before, mut after) = (Tests::default(), Tests::default());
    let mut worse = Vec::new();
    let mut fewer = BTreeSet::new();
    for file in files {
        let of = |text: &Option<String>| {
            text.as_ref().map(|text| Tests::of(&file.path, text)).unwrap_or_default()
        };
        let may_test = |text: &Option<String>| {
            let marks = MAY_TEST.as_ref();
            text.as_ref().is_some_and(|text| marks.is_none_or(|marks| marks.is_match(text)))
        };
        if !is_test_path(&file.path) && !may_test(&file.old) && !may_test(&file.new) {
            continue;
        }
        let (old, new) = (of(&file.old), of(&file.new));
        let is_of_tests = is_test_path(&file.path) || old.count > 0;
        if is_of_tests && file.is_deleted {
            fewer.insert(file.path.clone());
        }
        if is_of_tests && (new.assertions < old.assertions || new.count < old.count) {
            fewer.insert(file.path.clone());
        }
        if !is_of_tests && new.count == 0 {
            continue;
        }
        before.add(old);
        after.add(new);
    }
    let places = fewer.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let has_deleted = files.iter().any(|file| file.is_deleted && is_test_path(&file.path));
    if after.count < before.count
        || (has_deleted && after.count <= before.count && before.count == 0)
    {
        let names: Vec<&str> = before
            .named
            .iter()
            .filter(|(name, _)| !after.named.iter().any(|(now, _)| now == name))
            .map(|(name, _)| name.as_str())
            .collect();
        let listed =
            if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        worse.push(format!("it took tests away in {places}{listed}"));
    }
    // Those of a test that is gone went with it.
    if after.assertions < before.assertions && worse.is_empty() {
        let (was, is) = (before.assertions, after.assertions);
        worse.push(format!("it took assertions away in {places}: {is} where there were {was}"));
    }
    if after.vacuous > before.vacuous {
        worse.push("it added assertions that hold whatever the code does".to_owned());
    }
    if after.skipped > before.skipped {
        worse.push("it added marks that skip tests, or expect them to fail".to_owned());
    }
    let is_told = after.assertions < before.assertions;
    for (name, calls) in before.named.iter().filter(|(_, calls)| *calls > 1) {
        let now = after.named.iter().find(|(now, _)| now == name);
        if !is_told && now.is_some_and(|(_, now)| *now <= 1 && now < calls) {
            worse.push(format!("it emptied the test `{name}`"));
        }
    }
    worse
}
