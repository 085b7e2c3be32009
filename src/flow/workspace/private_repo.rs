//! The small repository that commands find in a tree of the program's own instead of the person's.
//!
//! `git diff`, `git describe` or `git stash` in a build script work in it, on the person's objects,
//! which they can read and not change; what they write stays in the tree.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _, ByteVec as _};

use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// What of the person's settings decides whether a file counts as changed, and who commits. No
/// remote: what runs in a tree does not reach the person's.
const COPIED: &str = concat!(
    r"^(core\.(autocrlf|eol|safecrlf|symlinks|ignorecase|filemode|precomposeunicode|hookspath)$",
    r"|filter\.|user\.(name|email)$)"
);

/// Makes `work/.git` with a copy of the index, which shows `tree`, and with `head` checked out.
pub fn create(
    repo: &Repo,
    work: &Path,
    index: &Path,
    tree: &Oid,
    head: Option<&Oid>,
) -> Result<()> {
    let git_dir = work.join(".git");
    let settings = settings(repo, tree, HasWorkTree::Yes)?;
    write_git_dir(repo, &git_dir, &settings, head)
        .and_then(|()| copy(index, &git_dir.join("index")))
        .with_context(|| format!("could not make a repository in `{}`", work.display()))
}

/// Opens the bare repository of a run, and makes it where it is not there yet: it borrows the objects of the
/// person's, and has `head` checked out. What is written into it, the person's does not have.
pub fn of_run(repo: &Repo, git_dir: &Path, head: &Oid) -> Result<Repo> {
    if !git_dir.join("HEAD").exists() {
        let settings = settings(repo, head, HasWorkTree::No)?;
        write_git_dir(repo, git_dir, &settings, Some(head))
            .with_context(|| format!("could not make a repository in `{}`", git_dir.display()))?;
    }
    repo.private(git_dir)
}

/// `HEAD` is written last: without it there is no repository.
fn write_git_dir(
    repo: &Repo,
    git_dir: &Path,
    settings: &[u8],
    head: Option<&Oid>,
) -> io::Result<()> {
    let objects: Vec<BString> = repo
        .object_folders()
        .iter()
        .map(|folder| fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()))
        .map(|folder| BString::from(folder.into_os_string().into_encoded_bytes()))
        .collect();
    let alternates = bstr::join("\n", objects);
    let head = match head {
        Some(commit) => format!("{commit}\n"),
        None => "ref: refs/heads/main\n".to_owned(),
    };
    for folder in ["refs/heads", "objects/info", "info"] {
        fs::create_dir_all(git_dir.join(folder))?;
    }
    write_file(
        &git_dir.join("objects/info/alternates"),
        &[&alternates, b"\n".as_slice()].concat(),
    )?;
    write_file(&git_dir.join("config"), settings)?;
    for name in ["info/attributes", "info/exclude", "shallow"] {
        copy(&repo.common_dir.join(name), &git_dir.join(name))?;
    }
    write_file(&git_dir.join("HEAD"), head.as_bytes())
}

/// Removes the repository that an earlier run had, with whatever was done to it.
pub fn remove(work: &Path) -> Result<()> {
    let path = work.join(".git");
    file::remove_if_there(&path).with_context(|| format!("could not remove `{}`", path.display()))
}

#[derive(Clone, Copy)]
enum HasWorkTree {
    Yes,
    No,
}

/// `oid` is any name in the repository: they are longer in one that uses SHA-256.
fn settings(repo: &Repo, oid: &Oid, work_tree: HasWorkTree) -> Result<Vec<u8>> {
    let wide = oid.as_str().len() == 64;
    let bare = matches!(work_tree, HasWorkTree::No);
    let mut text = BString::from(format!("[core]\n\tbare = {bare}\n"));
    text.push_str(if wide {
        "\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"
    } else {
        "\trepositoryformatversion = 0\n"
    });
    let output = repo.git().args(["config", "-z", "--get-regexp", COPIED]).capture()?;
    for item in output.stdout.split_str("\0").filter(|item| !item.is_empty()) {
        let (key, value) = item.split_once_str("\n").unwrap_or((item, b"true"));
        // Where a person has hooks for all of their repositories, they are not for this one. Where there are none,
        // none are named: tools that install hooks would refuse to.
        let value = if key == b"core.hookspath" { b"/dev/null" } else { value };
        text.push_str(setting(key, value).unwrap_or_default());
    }
    if bare {
        text.push_str("[core]\n\thooksPath = /dev/null\n");
    }
    // A monitor of the person's is not for it either.
    text.push_str("[core]\n\tfsmonitor = false\n");
    Ok(text.into())
}

/// One value, in git's own form of a configuration file.
fn setting(key: &[u8], value: &[u8]) -> Option<BString> {
    let (section, rest) = key.split_once_str(".")?;
    let (subsection, name) = match rest.rsplit_once_str(".") {
        Some((subsection, name)) => (Some(subsection), name),
        None => (None, rest),
    };
    let mut text = BString::from("[");
    text.push_str(section);
    if let Some(subsection) = subsection {
        text.push_str(" \"");
        text.push_str(subsection.replace("\\", "\\\\").replace("\"", "\\\""));
        text.push_str("\"");
    }
    text.push_str("]\n\t");
    text.push_str(name);
    text.push_str(" = \"");
    let value = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    text.push_str(value);
    text.push_str("\"\n");
    Some(text)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = match regular::open(from, LastLink::Follow) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    io::copy(&mut from, &mut File::create(to)?).map(drop)
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "made again for each run: half of it is no loss")]
    fs::write(path, content)
}
