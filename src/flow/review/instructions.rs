//! What a repository asks of the reviewers of some of its files.

use std::fmt::Write as _;

use anyhow::Result;
use bstr::ByteSlice as _;
use globset::GlobSet;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::FileChange;
use crate::domain::model::globs;
use crate::domain::policy::review_settings::PathInstructions;

/// The tables of `[[review.instructions]]` of a base, compiled once: each file of a push asks them.
pub struct FileInstructions(Vec<Instruction>);

struct Instruction {
    files: GlobSet,
    /// As they are written.
    paths: String,
    /// Without secrets.
    said: String,
}

impl FileInstructions {
    pub fn of(settings: &[PathInstructions]) -> Result<Self> {
        let compiled = settings.iter().map(|PathInstructions { paths, text }| {
            Ok(Instruction {
                files: globs::union(paths.iter().map(String::as_str))?,
                paths: paths.join("`, `"),
                said: redact::redact_str(text.trim()),
            })
        });
        Ok(Self(compiled.collect::<Result<_>>()?))
    }

    /// What they say of these files, within a bound.
    pub fn for_files(&self, files: &[&FileChange]) -> String {
        let mut text = String::new();
        let mut left = PathInstructions::BYTES_MAX;
        for Instruction { files: meant, paths, said } in &self.0 {
            if !files.iter().any(|file| meant.is_match(file.path.to_path_lossy())) {
                continue;
            }
            let is_short = said.len() <= left;
            let said = if is_short { said } else { "[left out: there is too much of it]" };
            left -= if is_short { said.len() } else { 0 };
            let _ = writeln!(text, "The repository says of `{paths}`:\n{said}\n");
        }
        text
    }
}
