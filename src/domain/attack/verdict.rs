//! What three equal runs on the change, and three on its base, say of a test.

use serde::{Deserialize, Serialize};

/// How often a test is run on a tree.
pub const RUNS: usize = 3;

/// What came of a test in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestSeen {
    Passed,
    /// It ran, and what it asks for is not so: the first line that it said, and all of it.
    Failed(String, String),
    /// It failed by a mistake of its own.
    Mistaken(String),
    /// It failed for want of something that is not here: a service, a network.
    Lacking(String),
    Skipped,
    /// The report does not name it.
    Missing,
    /// Its file does not build, or is not collected.
    Broken(String),
    /// The tests could not be run.
    NotRun(String),
}

/// What a test comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum CaseVerdict {
    Holds,
    /// It fails on the change, each time.
    Breaks {
        /// It passes on the base.
        regression: bool,
        /// The first line that it said.
        got: String,
        /// All that it said.
        output: String,
    },
    Flaky {
        why: String,
    },
    Invalid {
        why: String,
    },
    NotRun {
        why: String,
    },
}

impl CaseVerdict {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Breaks { regression: false, .. } => "breaks",
            Self::Breaks { regression: true, .. } => "regression",
            Self::Flaky { .. } => "flaky",
            Self::Invalid { .. } => "invalid",
            Self::NotRun { .. } => "not run",
        }
    }

    /// What is to be said of it beside the word; empty where nothing is.
    pub fn why(&self) -> &str {
        match self {
            Self::Holds => "",
            Self::Breaks { got, .. } => got,
            Self::Flaky { why } | Self::Invalid { why } | Self::NotRun { why } => why,
        }
    }

    pub fn is_breaking(&self) -> bool {
        matches!(self, Self::Breaks { .. })
    }

    fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid { why: why.into() }
    }
}

/// The verdict on a test. `has_clause` is whether a clause of the spec says what must happen.
pub fn verdict(has_clause: bool, head: &[TestSeen], base: &[TestSeen]) -> CaseVerdict {
    let not_run = |seen: &TestSeen| match seen {
        TestSeen::NotRun(why) => Some(why.clone()),
        _ => None,
    };
    if !has_clause {
        return CaseVerdict::invalid("what it names is no clause of the spec");
    }
    if let Some(why) = head.iter().find_map(not_run) {
        return CaseVerdict::NotRun { why };
    }
    let Some(first) = head.first().filter(|_| head.len() == RUNS) else {
        return CaseVerdict::NotRun { why: "it was not run".to_owned() };
    };
    if !head.iter().all(|seen| is_same(seen, first)) {
        let words: Vec<&str> = head.iter().map(TestSeen::word).collect();
        return CaseVerdict::Flaky { why: words.join(", then ") };
    }
    match first {
        TestSeen::Passed => CaseVerdict::Holds,
        TestSeen::Failed(said, output) => CaseVerdict::Breaks {
            regression: base.len() == RUNS && base.iter().all(|seen| *seen == TestSeen::Passed),
            got: said.clone(),
            output: output.clone(),
        },
        TestSeen::Mistaken(said) => {
            CaseVerdict::invalid(format!("it fails by a mistake of its own: {said}"))
        }
        TestSeen::Lacking(said) => {
            CaseVerdict::NotRun { why: format!("it needs what is not in the sandbox: {said}") }
        }
        TestSeen::Skipped => CaseVerdict::invalid("it is skipped"),
        TestSeen::Missing => CaseVerdict::invalid("no new test of that name is in the report"),
        TestSeen::Broken(why) => {
            CaseVerdict::invalid(format!("its file does not build, or is not collected: {why}"))
        }
        TestSeen::NotRun(why) => CaseVerdict::NotRun { why: why.clone() },
    }
}

/// Whether two runs came to the same; what they said may differ, as numbers and addresses do.
fn is_same(one: &TestSeen, other: &TestSeen) -> bool {
    one.word() == other.word()
}

impl TestSeen {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(..) => "failed",
            Self::Mistaken(_) => "failed by itself",
            Self::Lacking(_) => "lacked something",
            Self::Skipped => "skipped",
            Self::Missing => "not in the report",
            Self::Broken(_) => "not built",
            Self::NotRun(_) => "not run",
        }
    }
}
