//! An entry of a tool's report in the tool's own words, and why a report is refused.

use serde::de::DeserializeOwned;

use crate::domain::policy::report_format::FormatNameError;

/// Why a report could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error(transparent)]
    Name(#[from] FormatNameError),
    #[error("not {format}: {reason}")]
    Malformed { format: &'static str, reason: String },
}

impl FormatError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(error) => error.hint(),
            Self::Malformed { .. } => "give the report as its tool wrote it, and its format",
        }
    }
}

/// A finding in the words of its tool.
#[derive(Debug, Default)]
pub struct ToolFinding {
    pub tool: String,
    pub rule: String,
    /// A class that the report itself names.
    pub class: Option<String>,
    pub severity: String,
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub anchor: String,
    pub message: String,
    pub suggestion: String,
}

/// Reads one JSON text, and says where it breaks.
pub fn json<T: DeserializeOwned>(format: &'static str, text: &str) -> Result<T, FormatError> {
    serde_json::from_str(text)
        .map_err(|error| FormatError::Malformed { format, reason: error.to_string() })
}

/// Reads the JSON text of one line, counted from 1.
pub fn json_line<T: DeserializeOwned>(
    format: &'static str,
    number: usize,
    line: &str,
) -> Result<T, FormatError> {
    serde_json::from_str(line).map_err(|error| {
        // The line within the line would mislead.
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        FormatError::Malformed {
            format,
            reason: format!("{reason} at line {number} column {}", error.column()),
        }
    })
}
