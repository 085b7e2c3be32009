//! Writes trees that have more files than another one, in a repository of the program's own.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// A tree with these texts by their paths beside the files that it has. `index` is a file for git, which goes again.
pub fn of_texts(
    private: &Repo,
    index: &Path,
    tree: &Oid,
    files: &[(String, String)],
) -> Result<Oid> {
    let mut entries = String::new();
    for (path, text) in files {
        let command = private.git().args(["hash-object", "-w", "--stdin"]);
        let output = command.stdin(text.clone()).capture()?;
        let blob = succeeded(&output, "git hash-object")?.trim().to_str_lossy().into_owned();
        let _ = write!(entries, "100644 {blob}\t{path}\0");
    }
    of_entries(private, index, tree, &entries)
}

/// A tree with these entries, as `git update-index -z --index-info` takes them, beside those that it has.
pub fn of_entries(private: &Repo, index: &Path, tree: &Oid, entries: &str) -> Result<Oid> {
    file::remove_if_there(index)?;
    let git = |words: &[&str], input: &str| -> Result<String> {
        let command = private.git().env("GIT_INDEX_FILE", index).args(words);
        let output = command.stdin(input.to_owned()).capture()?;
        Ok(succeeded(&output, "git")?.trim().to_str_lossy().into_owned())
    };
    git(&["read-tree", tree.as_str()], "")?;
    git(&["update-index", "--add", "-z", "--index-info"], entries)?;
    let written = Oid::parse(&git(&["write-tree"], "")?)?;
    file::remove_if_there(index)?;
    Ok(written)
}
