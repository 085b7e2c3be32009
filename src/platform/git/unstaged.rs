//! What of a work tree is not staged, and the tree that there would be once it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::oid::Oid;
use crate::platform::git::alternates;
use crate::platform::git::command::succeeded;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;
use crate::platform::process::{ChildProcess, Cmd, Output};
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// A file of a work tree that is not as the index has it; a deleted one too. What git ignores is none.
#[derive(Clone, Debug)]
pub struct UnstagedFile {
    pub path: BString,
    /// Zero where it is deleted.
    pub size: u64,
    pub modified: Option<SystemTime>,
}

impl UnstagedFile {
    /// Whether it can be read, or is deleted.
    pub fn is_readable(&self, repo: &Repo) -> bool {
        let top = repo.work_tree.as_ref();
        let path = top.map(|top| top.join(self.path.to_path_lossy()));
        path.is_none_or(|path| match fs::symlink_metadata(&path) {
            Ok(data) => !data.is_file() || regular::open(&path, LastLink::Refuse).is_ok(),
            Err(_) => true,
        })
    }
}

/// Lists what is not staged, in path order; nothing of a bare repository.
pub fn list(repo: &Repo) -> Result<Vec<UnstagedFile>> {
    UnstagedListing::begin(repo)?.end(repo)
}

/// What differs from an index, on which git works meanwhile. Both lists look at every file, so that they are made side by
/// side.
pub struct ChangedListing([ChildProcess; 2]);

impl ChangedListing {
    /// Begins to list what is not as the index has it, deleted or not, and what it does not have. What git ignores is none of it.
    pub fn begin(git: impl Fn() -> Cmd) -> Result<Self> {
        let start = |words: [_; 2]| git().args(["ls-files", "-z"]).args(words).start();
        Ok(Self([start(["--modified", "--deleted"])?, start(["--others", "--exclude-standard"])?]))
    }

    /// Waits for the paths, in their order, each once. A folder with a repository of its own ends in a slash.
    pub fn end(self) -> Result<Vec<BString>> {
        // Both end before one is a reason to go away.
        let outputs = self.0.map(ChildProcess::wait);
        let mut all = Vec::new();
        for output in outputs {
            all.extend(paths(&output?)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

/// The list of what is not staged, on which git works meanwhile.
pub struct UnstagedListing(Option<ChangedListing>);

impl UnstagedListing {
    pub fn begin(repo: &Repo) -> Result<Self> {
        let listing = repo.work_tree.as_ref().map(|_| ChangedListing::begin(|| repo.git()));
        Ok(Self(listing.transpose()?))
    }

    /// Waits for the list of the same repository.
    pub fn end(self, repo: &Repo) -> Result<Vec<UnstagedFile>> {
        let (Some(listing), Some(top)) = (self.0, &repo.work_tree) else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for path in listing.end()?.into_iter().filter(|path| !path.ends_with(b"/")) {
            files.push(match fs::symlink_metadata(top.join(path.to_path_lossy())) {
                Ok(data) if data.is_dir() => continue,
                Ok(data) => UnstagedFile { path, size: data.len(), modified: data.modified().ok() },
                Err(_) => UnstagedFile { path, size: 0, modified: None },
            });
        }
        Ok(files)
    }
}

/// What `git ls-files` lists with these words, in path order, each once.
pub fn list_files(git: Cmd, words: &[&str]) -> Result<Vec<BString>> {
    paths(&git.args(["ls-files", "-z"]).args(words).capture()?)
}

fn paths(output: &Output) -> Result<Vec<BString>> {
    let listed = succeeded(output, "git ls-files")?.split_str("\0");
    let mut paths: Vec<BString> =
        listed.filter(|path| !path.is_empty()).map(BString::from).collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// A git command that stages into an index of ours, and writes its objects to a folder of ours.
pub fn git_beside(repo: &Repo, index: &Path, objects: &Path) -> Cmd {
    repo.git()
        .env("GIT_INDEX_FILE", index)
        .env("GIT_OBJECT_DIRECTORY", objects)
        // No hook of the person's runs because an index was written.
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(["-c", "core.splitIndex=false", "-c", "core.safecrlf=false"])
}

/// The name of the folder of objects.
const OBJECTS: &str = "objects";

/// All objects of a repository, and beside them a folder for those that it shall not have.
pub struct ScratchObjects {
    folder: tempfile::TempDir,
    pub objects: Objects,
}

impl ScratchObjects {
    /// Makes the folder, which is gone when this is dropped.
    pub fn beside(repo: &Repo) -> Result<Self> {
        let folder = repo.folder_for_a_while()?;
        let own = folder.path().join(OBJECTS);
        alternates::make_folder(&own, &repo.object_folders())
            .with_context(|| format!("could not make a folder in `{}`", folder.path().display()))?;
        let vars = [("GIT_OBJECT_DIRECTORY", own.into_os_string())];
        let objects = repo.objects.again(&repo.git_dir, &repo.common_dir, &vars)?;
        Ok(Self { folder, objects })
    }

    /// Where new objects are written.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(OBJECTS)
    }

    /// The tree of what is staged in a work tree of the same repository, with these files as they are there,
    /// or gone where they are not. Its new objects are in the folder, and its index is as it was.
    pub fn tree_with(&self, repo: &Repo, paths: &[&BStr]) -> Result<Oid> {
        let copy = self.folder.path().join("index");
        repo.copy_index(&copy)?;
        let git = || git_beside(repo, &copy, &self.folder());
        let added = git()
            .args(["update-index", "-z", "--add", "--remove", "--replace", "--stdin"])
            .stdin(bstr::join("\0", paths))
            .capture()?;
        succeeded(&added, "git update-index")?;
        let written = git().arg("write-tree").capture()?;
        Ok(Oid::parse(succeeded(&written, "git write-tree")?.trim().to_str()?)?)
    }
}
