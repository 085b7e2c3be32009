//! Reads the bytes of a spec's file: the spec, and the problems in it.

use crate::domain::spec::identity::id_from_name;
use crate::domain::spec::parsed::Understood;
use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblem, SpecProblems};
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::source::{SpecText, at_byte};
use crate::domain::spec::types::{SpecPosition, SpecStatus};
use crate::domain::spec::{lint, parse_markdown, parse_yaml};

/// The largest file that is read as a spec.
pub const BYTES_MAX: usize = 256 * 1024;

/// How a spec is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecFormat {
    Markdown,
    Yaml,
}

impl SpecFormat {
    /// By the ending of the file's name, whatever its case; `None` is not a spec.
    pub fn from_name(name: &str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        if stem.is_empty() || stem.ends_with('/') {
            return None;
        }
        match ending.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Parses and lints the file of that name. Never panics, whatever the bytes.
pub fn read(bytes: &[u8], name: &str) -> SpecReading {
    let Some(format) = SpecFormat::from_name(name) else {
        let message = "only `.md`, `.yaml` and `.yml` files are specs".to_owned();
        return refused(
            SpecPosition { line: 1, column: 1 },
            LintRule::UnknownFormat,
            message,
            "rename the file",
        );
    };
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(reading) => return *reading,
    };
    let source = SpecText::new(text);
    let mut problems = SpecProblems::new(&source);
    let id = id_from_name(name);
    let parsed = match format {
        SpecFormat::Markdown => parse_markdown::parse(id, &mut problems),
        SpecFormat::Yaml => parse_yaml::parse(id, &mut problems),
    };
    let Some(mut parsed) = parsed else {
        return SpecReading { spec: None, problems: problems.finish(false) };
    };
    if parsed.understood == Understood::Nothing {
        return refused(
            SpecPosition { line: 1, column: 1 },
            LintRule::NotASpec,
            format!("this is no spec: {}", what_is_missing(format)),
            "`tribunal spec new <id>` writes a spec to fill in; `tribunal spec lint` without a file checks \
             all that are there",
        );
    }
    lint::lint(&parsed, &mut problems);
    if parsed.spec.title.is_empty() {
        parsed.spec.title.clone_from(&parsed.spec.id);
    }
    let draft = parsed.spec.status == SpecStatus::Draft;
    let is_whole = parsed.understood == Understood::Whole;
    SpecReading { problems: problems.finish(draft), spec: is_whole.then_some(parsed.spec) }
}

fn what_is_missing(format: SpecFormat) -> &'static str {
    match format {
        SpecFormat::Markdown => {
            "it has no front matter and no section such as `## Acceptance criteria`"
        }
        SpecFormat::Yaml => "it has no key such as `goal` or `acceptance`",
    }
}

/// The file as text without a byte order mark, or why it is none.
fn decode(bytes: &[u8]) -> Result<&str, Box<SpecReading>> {
    let start = SpecPosition { line: 1, column: 1 };
    if bytes.len() > BYTES_MAX {
        let at = at_byte(bytes, BYTES_MAX);
        let message = format!("{} bytes are too many for a spec: at most {BYTES_MAX}", bytes.len());
        let hint = "cut it into several specs, and link to long material instead of pasting it";
        return Err(Box::new(refused(at, LintRule::TooLarge, message, hint)));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "this is UTF-16, not UTF-8".to_owned();
        return Err(Box::new(refused(start, LintRule::NotUtf8, message, "save the file as UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.valid_up_to();
            let at = at_byte(bytes, offset);
            let message = format!("byte 0x{:02x} is not UTF-8", bytes[offset]);
            return Err(Box::new(refused(
                at,
                LintRule::NotUtf8,
                message,
                "save the file as UTF-8",
            )));
        }
    };
    if text.trim().is_empty() {
        let message = "the file is empty".to_owned();
        let hint = "`tribunal spec new <id>` writes one to fill in";
        return Err(Box::new(refused(start, LintRule::Empty, message, hint)));
    }
    Ok(text)
}

fn refused(at: SpecPosition, rule: LintRule, message: String, hint: &str) -> SpecReading {
    let problem =
        SpecProblem { at, rule, level: ProblemLevel::Error, message, hint: hint.to_owned() };
    SpecReading { spec: None, problems: vec![problem] }
}
