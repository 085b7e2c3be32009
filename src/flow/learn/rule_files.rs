//! Reads the constitution's files of a work tree.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};
use rustix::fs::FileType;

use crate::domain::constitution::parse::{duplicates, parse};
use crate::domain::constitution::rule::{Rule, RuleError};
use crate::platform::store::folder::Folder;

/// The file for rules of every topic.
pub const MAIN_FILE: &str = ".ai/constitution.md";

/// The folder of the topic files.
pub const FOLDER: &str = ".ai/constitution";

/// The largest file that is read, in bytes.
const BYTES_MAX: usize = 1024 * 1024;

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
        let failed = |path: &str| format!("could not read `{}`", top.join(path).display());
        let folder = Folder::open(top).with_context(|| failed(""))?;
        for path in paths_in(&folder).with_context(|| failed(FOLDER))? {
            // One byte more shows that there is more.
            match folder.read_start(Path::new(&path), BYTES_MAX as u64 + 1) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                read => rule_files.take(path.clone(), read.with_context(|| failed(&path))?),
            }
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
        if bytes.len() > BYTES_MAX {
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

/// Lists the files, the main file first; each may be missing by the time that it is read.
fn paths_in(top: &Folder) -> io::Result<Vec<String>> {
    let mut paths = vec![MAIN_FILE.to_owned()];
    let entries = match top.list(FOLDER) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(paths),
        entries => entries?,
    };
    let names = entries.iter().filter(|(_, kind)| *kind != FileType::Directory);
    let names = names.filter_map(|(name, _)| topic_name(BStr::new(name.as_encoded_bytes())));
    paths.extend(names.map(|name| format!("{FOLDER}/{name}")));
    Ok(paths)
}

/// The name of a topic file; `None` for temporary files beside it.
fn topic_name(name: &BStr) -> Option<&str> {
    let name = name.to_str().ok()?;
    let is_markdown = Path::new(name).extension().is_some_and(|extension| extension == "md");
    (is_markdown && !name.starts_with('.')).then_some(name)
}
