//! Reads the constitution's files of a work tree.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::constitution::parse::{duplicates, parse};
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::domain::model::limits::RULE_FILE_BYTES_MAX;

/// The file for rules of every topic.
pub const MAIN_FILE: &str = ".ai/constitution.md";

/// The folder of the topic files.
pub const FOLDER: &str = ".ai/constitution";

/// A file of rules.
pub struct TopicFile {
    /// From the top of the repository.
    pub path: String,
    pub text: String,
}

/// The constitution's files, with their rules.
#[derive(Default)]
pub struct RuleFiles {
    pub files: Vec<TopicFile>,
    pub rules: Vec<Rule>,
    /// The errors in the files, in their order.
    pub errors: Vec<RuleError>,
}

impl RuleFiles {
    /// Reads the files of a work tree.
    pub fn of_work_tree(top: &Path) -> Result<Self> {
        let mut rule_files = Self::default();
        for path in paths_in(top)? {
            let whole = top.join(&path);
            let bytes = fs::read(&whole)
                .with_context(|| format!("could not read `{}`", whole.display()))?;
            rule_files.take(path, bytes);
        }
        rule_files.errors.extend(duplicates(&rule_files.rules));
        Ok(rule_files)
    }

    /// The text of a file; empty where there is no such file.
    pub fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str())
    }

    /// The size of all files, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.text.len()).sum()
    }

    fn take(&mut self, path: String, bytes: Vec<u8>) {
        let wrong = |line: usize, message: &str, hint: &str| RuleError {
            path: path.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            message: message.to_owned(),
            hint: hint.to_owned(),
        };
        if bytes.len() as u64 > RULE_FILE_BYTES_MAX {
            self.errors.push(wrong(1, "it is larger than 1 MiB", "split it, or shorten its rules"));
            return;
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                let parsed = parse(&path, &text);
                self.rules.extend(parsed.rules);
                self.errors.extend(parsed.errors);
                self.files.push(TopicFile { path, text });
            }
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                let line = 1 + error.as_bytes()[..end].find_iter(b"\n").count();
                self.errors.push(wrong(line, "it is not UTF-8", "save it as UTF-8"));
            }
        }
    }
}

/// Lists the existing files, the main file first.
fn paths_in(top: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    if top.join(MAIN_FILE).is_file() {
        paths.push(MAIN_FILE.to_owned());
    }
    let folder = top.join(FOLDER);
    let failed = || format!("could not read the folder `{}`", folder.display());
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(paths),
        other => other.with_context(failed)?,
    };
    let mut topics = Vec::new();
    for entry in entries {
        let entry = entry.with_context(failed)?;
        let name = entry.file_name();
        if let Some(name) = topic_name(BStr::new(name.as_encoded_bytes()))
            && entry.path().is_file()
        {
            topics.push(format!("{FOLDER}/{name}"));
        }
    }
    topics.sort();
    paths.extend(topics);
    Ok(paths)
}

/// The name of a topic file; `None` for temporary files beside it.
fn topic_name(name: &BStr) -> Option<&str> {
    let name = name.to_str().ok()?;
    let is_markdown = Path::new(name).extension().is_some_and(|extension| extension == "md");
    (is_markdown && !name.starts_with('.')).then_some(name)
}
