//! The names of report formats, as `commands.format` and `import` take them.

use regex::{Regex, RegexBuilder};

/// The groups that an expression for lines may have.
const GROUPS: [&str; 8] =
    ["path", "line", "column", "end_line", "severity", "rule", "message", "suggestion"];

/// How a report is written.
#[derive(Debug)]
pub enum FormatName {
    Sarif,
    CargoJson,
    Rdjson,
    Codex,
    /// Lines that an expression with named groups reads.
    Lines(Regex),
    /// Which tests ran.
    Tests(TestFormat),
}

/// How a test report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFormat {
    /// XML, in the file that `TRIBUNAL_REPORT` names.
    Junit,
    /// What `go test -json` prints.
    GoTest,
    /// What `cargo test` prints.
    Libtest,
    /// The JSON of Jest and Vitest, in the file that `TRIBUNAL_REPORT` names.
    Jest,
}

impl TestFormat {
    /// Whether it is in a file; else it is what goes to the standard output.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Junit | Self::Jest)
    }
}

/// Why a format cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatNameError {
    #[error("`{0}` is not a known format")]
    Unknown(String),
    #[error("`{0}` is a test report, which has no findings of its own")]
    Tests(String),
    #[error("the expression `{pattern}` cannot be used: {reason}")]
    Expression { pattern: String, reason: String },
}

impl FormatNameError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "one of `sarif`, `cargo-json`, `rdjson`, `codex`; of tests `junit`, `go-test`, `libtest`, \
                 `jest`; or an expression with the groups `path`, `line`, `column`, `severity`, `rule`, \
                 `message`"
            }
            Self::Tests(_) => "give it as the `format` of the command that runs the tests",
            Self::Expression { .. } => {
                "as in `^(?P<path>[^:]+):(?P<line>\\d+): (?P<message>.+)$`; it is held against \
                 each line"
            }
        }
    }
}

impl FormatName {
    /// Reads a name, or an expression whose named groups are known and among them `message`.
    pub fn parse(name: &str) -> Result<Self, FormatNameError> {
        match name {
            "sarif" => Ok(Self::Sarif),
            "cargo-json" => Ok(Self::CargoJson),
            "rdjson" | "rdjsonl" => Ok(Self::Rdjson),
            "codex" => Ok(Self::Codex),
            "junit" => Ok(Self::Tests(TestFormat::Junit)),
            "go-test" => Ok(Self::Tests(TestFormat::GoTest)),
            "libtest" => Ok(Self::Tests(TestFormat::Libtest)),
            "jest" => Ok(Self::Tests(TestFormat::Jest)),
            pattern if pattern.contains("(?P<") || pattern.contains("(?<") => {
                let wrong =
                    |reason| FormatNameError::Expression { pattern: pattern.to_owned(), reason };
                lines(pattern).map(Self::Lines).map_err(wrong)
            }
            other => Err(FormatNameError::Unknown(other.to_owned())),
        }
    }
}

fn lines(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(1 << 20).build();
    let regex = built.map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_owned()
    })?;
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if let Some(name) = names.iter().find(|name| !GROUPS.contains(name)) {
        return Err(format!("it has an unknown group `{name}`"));
    }
    if !names.contains(&"message") {
        return Err("it has no group `message`".to_owned());
    }
    Ok(regex)
}
