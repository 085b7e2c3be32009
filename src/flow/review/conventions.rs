//! The conventions of a code base, for every role's prompt: its rules, what is known of it, its notes for
//! agents, all from the base.

use anyhow::Result;
use bstr::{BStr, ByteSlice as _};

use crate::domain::constitution::prompt;
use crate::domain::constitution::rule::Rule;
use crate::domain::gates::secrets::redact;
use crate::domain::model::change::FileChange;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::platform::git::object::Objects;

/// The file with a repository's notes for agents.
pub const NOTES_FILE: &str = "AGENTS.md";

/// The file with what is known of a repository.
const CONTEXT_FILE: &str = ".ai/context/project.md";

/// The most of each that a prompt includes, in bytes.
const NOTES_BYTES_MAX: usize = 8 * 1024;

/// The largest file that is read, in bytes.
const NOTES_READ_MAX: u64 = 1024 * 1024;

/// What a base says of how its code is to be.
#[derive(Default)]
pub struct Conventions {
    rules: Vec<Rule>,
    /// What `AGENTS.md` says, without secrets; empty where there is none.
    notes: String,
    /// The same of `.ai/context/project.md`.
    project: String,
}

impl Conventions {
    /// Reads them from a tree; before the first commit there is none.
    pub fn of(context: Context<'_>, tree: Option<&Oid>) -> Result<Self> {
        let Some(tree) = tree else { return Ok(Self::default()) };
        let of_base = |file: &str| notes(&context.repo.objects, tree, file);
        Ok(Self {
            rules: policy::read_rules(context, tree)?.rules,
            notes: of_base(NOTES_FILE)?,
            project: of_base(CONTEXT_FILE)?,
        })
    }

    /// The rules that cover these files, what is known of the project, and the notes for agents. Each has
    /// a limit, and what it leaves out is named.
    pub fn for_files(&self, files: &[FileChange]) -> Vec<String> {
        let paths: Vec<String> = files.iter().map(|file| file.path.to_string()).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let rules = prompt::for_paths(&self.rules, &paths, prompt::BUDGET).text;
        let mut texts = Vec::new();
        if !rules.is_empty() {
            texts.push(redact::redact_str(&rules));
        }
        for (file, text) in [(CONTEXT_FILE, &self.project), (NOTES_FILE, &self.notes)] {
            if !text.is_empty() {
                texts.push(format!("What `{file}` of the base says:\n{text}"));
            }
        }
        texts
    }
}

fn notes(objects: &Objects, tree: &Oid, file: &str) -> Result<String> {
    let bytes = match objects.file_up_to(tree, BStr::new(file), NOTES_READ_MAX)? {
        Some(Content::Whole(bytes)) => bytes,
        Some(Content::TooLarge(size)) => {
            return Ok(format!("[it has {size} bytes and is left out]\n"));
        }
        Some(Content::Missing) | None => return Ok(String::new()),
    };
    let masked = redact::mask_lines(&bytes, file.as_bytes());
    let text = masked.to_str_lossy();
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|end| *end <= NOTES_BYTES_MAX).last().unwrap_or(0);
    let mut notes = text[..end].to_owned();
    if end < text.len() {
        notes.push_str("\n[the rest is left out]\n");
    }
    Ok(notes)
}
