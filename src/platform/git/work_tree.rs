//! What a work tree has, as objects: in a folder of the program's own, so that its index and the objects
//! of its repository stay as they are.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::error::hinted;
use crate::domain::model::fence::visible_path;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::platform::git::alternates;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged;
use crate::platform::git::unstaged::{UnstagedFile, git_beside, list_files};

/// What is staged, and what the work tree has, as trees.
#[derive(Clone, Debug)]
pub struct WorkTreeTrees {
    /// What is staged; `None` where files have unresolved conflicts.
    pub staged: Option<Oid>,
    /// What would be staged after `git add --all`.
    pub tree: Oid,
    /// What is beneath the work tree and no part of the tree, with the reason.
    pub left_out: Vec<(BString, String)>,
    /// The files with unresolved conflicts: the tree has them as they are in the work tree.
    pub conflicts: Vec<BString>,
    /// What git said of a file that it staged all the same, as of a filter that failed.
    pub said: Vec<String>,
}

/// Writes what is staged and what the work tree has to a folder of objects, through the filters and the
/// line ends that `git add` applies. Nothing of the repository changes.
///
/// # Errors
///
/// Where a file cannot be read or is too large: what is not read must not look as if it were unchanged.
pub fn write_trees(repo: &Repo, objects: &Path) -> Result<WorkTreeTrees> {
    refuse_large(repo)?;
    alternates::make_folder(objects, &repo.object_folders())
        .with_context(|| format!("could not make the folder `{}`", objects.display()))?;
    let folder = repo.folder_for_a_while()?;
    let index = folder.path().join("index");
    repo.copy_index(&index)?;
    let git = || {
        // What is larger would be written to a pack, which is not read there.
        let bounds = ["-c", "core.bigFileThreshold=2g", "-c", "core.untrackedCache=false"];
        git_beside(repo, &index, objects).args(bounds)
    };
    let write = || -> Result<Oid> {
        // A partial clone lacks some of what did not change.
        let written = git().args(["write-tree", "--missing-ok"]).capture()?;
        Ok(Oid::parse(succeeded(&written, "git write-tree")?.trim().to_str()?)?)
    };
    let conflicts = conflicts(repo)?;
    let staged = if conflicts.is_empty() { Some(write()?) } else { None };
    // A repository of its own ends in a slash.
    let mut nested = list_files(repo.git(), &["--others", "--exclude-standard"])?;
    nested.retain(|path| path.ends_with(b"/"));
    let mut added = git().args(["add", "--all", "--", "."]);
    for path in &nested {
        let mut pathspec = b":(exclude,top,literal)".to_vec();
        pathspec.extend_from_slice(path.trim_end_with(|c| c == '/'));
        added = added.arg(OsString::from_vec(pathspec));
    }
    let output = added.capture()?;
    let said: Vec<String> = problems(&output.stderr);
    if !output.status.success() {
        return Err(hinted(
            format!("the work tree cannot be read as `git add` would: {}", said.join("; ")),
            "make it readable, or let git ignore it; `tribunal review --staged` reviews what is staged",
        ));
    }
    let mut left_out: Vec<(BString, String)> =
        nested.into_iter().map(|path| (path, "a repository of its own".to_owned())).collect();
    left_out.extend(changed_inside(repo)?);
    Ok(WorkTreeTrees { staged, tree: write()?, left_out, conflicts, said })
}

/// Copies what a tree has of such a folder into the repository, where a ref will lead to it. `repo` reads
/// the folder's objects as its own.
pub fn adopt(repo: &Repo, objects: &Path, tree: &Oid) -> Result<()> {
    let is_new = |oid: &Oid| {
        let (folder, name) = oid.as_str().split_at(2);
        objects.join(folder).join(name).exists()
    };
    let (mut names, mut trees) = (BTreeSet::new(), vec![tree.clone()]);
    while let Some(tree) = trees.pop() {
        if !is_new(&tree) || names.contains(&tree) {
            continue;
        }
        for item in repo.objects.tree(&tree)? {
            match item {
                TreeItem::Tree { oid, .. } => trees.push(oid),
                TreeItem::File { entry, .. } if is_new(&entry.oid) => {
                    names.insert(entry.oid);
                }
                TreeItem::File { .. } => {}
            }
        }
        names.insert(tree);
    }
    if names.is_empty() {
        return Ok(());
    }
    let names = names.iter().map(Oid::as_str).collect::<Vec<_>>().join("\n");
    let pack = repo.common_dir.join("objects/pack/pack");
    let packed = repo.git().args(["pack-objects", "--quiet"]).arg(pack).stdin(names).capture()?;
    succeeded(&packed, "git pack-objects").map(drop)
}

/// The files with unresolved conflicts.
fn conflicts(repo: &Repo) -> Result<Vec<BString>> {
    // `<mode> SP <object> SP <stage> TAB <path>`, up to three times.
    let listed = list_files(repo.git(), &["--unmerged"])?;
    let mut paths: Vec<BString> = listed
        .iter()
        .filter_map(|line| line.split_once_str("\t").map(|(_, path)| BString::from(path)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// Submodules whose own files have changes that nobody committed there.
fn changed_inside(repo: &Repo) -> Result<Vec<(BString, String)>> {
    let top = repo.work_tree.as_ref();
    if !top.is_some_and(|top| top.join(".gitmodules").exists()) {
        return Ok(Vec::new());
    }
    let words = ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=no"];
    let output = repo.git().args(words).arg("--ignore-submodules=none").capture()?;
    let entries = succeeded(&output, "git status")?.split_str("\0");
    // `1 SP <states> SP S<commit><modified><untracked> SP <three modes and two objects> SP <path>`
    let inside = entries.filter_map(|entry| {
        let mut fields = entry.splitn_str(9, " ");
        let state = fields.nth(2)?;
        let is_changed =
            state.starts_with(b"S") && (state.contains(&b'M') || state.contains(&b'U'));
        is_changed.then(|| fields.nth(5).map(BString::from)).flatten()
    });
    Ok(inside
        .map(|path| (path, "changed inside, and a repository of its own".to_owned()))
        .collect())
}

/// How much all files together may have, in bytes: that much is written for one review.
const ALL_BYTES_MAX: u64 = 10 * BLOB_BYTES_MAX;

/// Refuses what is larger than any content that is read, unless a filter makes something else of it.
fn refuse_large(repo: &Repo) -> Result<()> {
    let files = unstaged::list(repo)?;
    let (large, rest): (Vec<&UnstagedFile>, Vec<_>) =
        files.iter().partition(|file| file.size > BLOB_BYTES_MAX);
    let all: u64 = rest.iter().map(|file| file.size).sum();
    if all > ALL_BYTES_MAX {
        let count = counted(rest.len(), "file");
        return Err(hinted(
            format!(
                "{count} not staged have {all} bytes, and no more than {ALL_BYTES_MAX} are read"
            ),
            "let git ignore what a program made; `tribunal review --staged` reviews what is staged",
        ));
    }
    for file in large {
        let question = [file.path.as_slice(), b"\0"].concat();
        let asked = ["check-attr", "-z", "--stdin", "filter"];
        let output = repo.git().args(asked).stdin(question).capture()?;
        let filter =
            succeeded(&output, "git check-attr")?.split_str("\0").nth(2).unwrap_or_default();
        let is_set = |way: &str| -> Result<bool> {
            Ok(repo.config(&format!("filter.{}.{way}", filter.as_bstr()))?.is_some())
        };
        if is_set("clean")? || is_set("process")? {
            continue;
        }
        let (path, size) = (visible_path(&file.path), file.size);
        return Err(hinted(
            format!("`{path}` has {size} bytes, and no more than {BLOB_BYTES_MAX} are read"),
            "let git ignore it; `tribunal review --staged` reviews what is staged",
        ));
    }
    Ok(())
}

/// The lines that name a problem.
fn problems(said: &[u8]) -> Vec<String> {
    let lines = said.lines().map(|line| line.to_str_lossy().into_owned());
    let named = lines.filter_map(|line| {
        let rest = line.strip_prefix("error: ").or_else(|| line.strip_prefix("fatal: "))?;
        Some(rest.to_owned())
    });
    named.collect()
}
