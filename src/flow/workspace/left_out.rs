//! What a workspace holds and no snapshot of it takes in: what git ignores, and what is too large.

use std::fs;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::gates::large_files::human;
use crate::domain::gates::secrets::redact;
use crate::domain::model::fence::visible_path;
use crate::domain::model::oid::Oid;
use crate::flow::workspace::checkout::Workspace;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::{ChangedListing, list_files};

/// How many paths one line names.
const NAMED_MAX: usize = 5;

const NOT_LISTED: &str = "could not list what was left";

/// The state of a workspace that was saved.
pub struct SavedTree {
    pub tree: Oid,
    /// The files that were too large for it.
    pub large: Vec<LargeFile>,
}

/// A file that is in the saved tree as it was before, or not at all.
pub struct LargeFile {
    pub path: BString,
    pub bytes: u64,
}

impl SavedTree {
    /// What was left out because of its size, said in one line; `None` for nothing.
    pub fn too_large(&self, max: u64) -> Option<String> {
        let name = |one: &LargeFile| format!("{} ({})", shown(&one.path), human(one.bytes));
        let named = some_of(self.large.iter().map(name).collect())?;
        Some(format!(
            "too large to be taken, and left out: {named} (`sandbox.file` allows {})",
            human(max)
        ))
    }
}

/// What is new or changed in a workspace, deleted or not: a folder with a repository of its own ends in a slash.
pub(super) struct ChangedFiles {
    pub paths: Vec<BString>,
    /// What has too many bytes to be saved, and is in none of these paths.
    pub large: Vec<LargeFile>,
}

impl Workspace {
    /// What is new or changed, apart from what has more than so many bytes.
    pub(super) fn changed_files(&self, repo: &Repo, max: u64) -> Result<ChangedFiles> {
        let git = || repo.git_into(&self.work(), &self.index());
        let names = ChangedListing::begin(git).and_then(ChangedListing::end).context(NOT_LISTED)?;
        // A project's own `.gitignore` may take back that git ignores a copy.
        let names = names.into_iter().filter(|path| !self.is_of_copy(path));
        let work = self.work();
        let mut changed = ChangedFiles { paths: Vec::new(), large: Vec::new() };
        for path in names {
            let data = fs::symlink_metadata(work.join(path.to_path_lossy()));
            match data.ok().filter(|data| data.is_file() && data.len() > max) {
                Some(data) => changed.large.push(LargeFile { path, bytes: data.len() }),
                None => changed.paths.push(path),
            }
        }
        Ok(changed)
    }

    /// What git ignores of what is there, said in one line; `None` for nothing. After a checkout in which what
    /// was ignored goes, that is what was written since.
    pub fn ignored(&self, repo: &Repo) -> Result<Option<String>> {
        let git = repo.git_into(&self.work(), &self.index());
        let words = ["--others", "--ignored", "--exclude-standard", "--directory"];
        let mut paths = list_files(git, &words).context(NOT_LISTED)?;
        paths.retain(|path| !self.is_of_copy(path));
        // Single files first: whole folders are what builds leave.
        paths.sort_by_key(|path| (path.ends_with(b"/"), path.clone()));
        let named = some_of(paths.iter().map(shown).collect());
        Ok(named.map(|named| format!("ignored by git, and left out: {named}")))
    }

    /// Whether a path is one of the copies, or below one.
    fn is_of_copy(&self, path: &BString) -> bool {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        self.copies.iter().any(|copy| {
            path.strip_prefix(copy.as_bytes())
                .is_some_and(|below| below.is_empty() || below.starts_with(b"/"))
        })
    }
}

fn shown(path: &BString) -> String {
    format!("`{}`", visible_path(&redact::mask_path(path)))
}

/// The first of them, and how many more there are.
fn some_of(mut named: Vec<String>) -> Option<String> {
    let more = named.len().saturating_sub(NAMED_MAX);
    named.truncate(NAMED_MAX);
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    Some(named.join(", ")).filter(|named| !named.is_empty())
}
