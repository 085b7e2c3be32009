//! An index of the program's own, in which a commit is put together while the person's stays as it is.

use std::fs;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use crate::domain::model::change::{FileMode, TreeEntry};
use crate::domain::model::oid::Oid;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::process::Cmd;
use crate::platform::store::permissions;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// What an index is to have at a path; `None` where there is to be nothing.
pub type IndexEntry = (BString, Option<TreeEntry>);

/// A copy of the index of a repository, gone when this is dropped.
pub struct OwnIndex<'r> {
    repo: &'r Repo,
    _folder: TempDir,
    path: PathBuf,
}

impl<'r> OwnIndex<'r> {
    pub fn copy(repo: &'r Repo) -> Result<Self> {
        let folder = repo.folder_for_a_while()?;
        let path = folder.path().join("index");
        repo.copy_index(&path)?;
        Ok(Self { repo, _folder: folder, path })
    }

    /// Where it is, for `GIT_INDEX_FILE`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes in what git would add of the work tree; with paths, of what is at or below these alone.
    pub fn add(&self, paths: &[BString]) -> Result<()> {
        let mut command = self.git().args(["--literal-pathspecs", "add", "--all"]);
        if !paths.is_empty() {
            command = command.args(["--pathspec-from-file=-", "--pathspec-file-nul"]).stdin(
                paths.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect::<Vec<_>>(),
            );
        }
        succeeded(&command.capture()?, "git add").map(drop)
    }

    /// Puts entries in the places of what is there. The object says how long names are here.
    pub fn set(&self, entries: &[IndexEntry], any: &Oid) -> Result<()> {
        set_entries(self.git(), entries, any)
    }

    /// The tree that it stands for; its objects are in the repository afterwards.
    pub fn tree(&self) -> Result<Oid> {
        let output = self.git().arg("write-tree").capture()?;
        Ok(Oid::parse(succeeded(&output, "git write-tree")?.trim().to_str()?)?)
    }

    /// All that it lists, with what marks it and what is to be added, as one number.
    pub fn listed(&self) -> Result<String> {
        listed(self.git())
    }

    /// Copies it to a file that a loss of power leaves whole, with its time; gives whether there is an index.
    pub fn keep(&self, to: &Path) -> Result<bool> {
        if !self.path.exists() {
            return Ok(false);
        }
        let kept = permissions::file_beside(to, None).and_then(|beside| {
            copied(&self.path, beside.reopen()?)?;
            beside.as_file().sync_all()?;
            beside.persist(to).map_err(|error| error.error)
        });
        kept.map(|_| true).with_context(|| format!("could not write `{}`", to.display()))
    }

    fn git(&self) -> Cmd {
        let git = self.repo.git().env("GIT_INDEX_FILE", &self.path);
        // The parts of a split index would lie in the person's git directory.
        git.args(["-c", "core.splitIndex=false", "-c", "core.untrackedCache=false"])
    }
}

impl Repo {
    /// The files that git takes for moved between two trees, edited or not: from where, and to where.
    pub fn moved_files(&self, from: &Oid, to: &Oid) -> Result<Vec<(BString, BString)>> {
        let words = ["diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status"];
        let output = self.git().args(words).args([from.as_str(), to.as_str()]).capture()?;
        let printed = succeeded(&output, "git diff-tree")?;
        let mut names = printed.split(|byte| *byte == 0);
        let mut moved = Vec::new();
        while let (Some(_), Some(from), Some(to)) = (names.next(), names.next(), names.next()) {
            moved.push((from.into(), to.into()));
        }
        Ok(moved)
    }

    /// The file with which git holds the person's index.
    pub fn index_lock(&self) -> PathBuf {
        self.git_dir.join("index.lock")
    }

    /// Has the person's own index be what stands in a file, with its time and the rights of the one that it replaces; `None`:
    /// there is to be no index.
    pub fn replace_index(&self, by: Option<&Path>) -> Result<()> {
        let (index, lock) = (self.git_dir.join("index"), self.index_lock());
        let hold = || -> io::Result<()> {
            let held = File::options().write(true).create_new(true).open(&lock)?;
            let replaced = match by {
                Some(by) => copied(by, held)
                    .and_then(|()| fs::set_permissions(&lock, fs::metadata(&index)?.permissions()))
                    .and_then(|()| fs::rename(&lock, &index)),
                None => fs::remove_file(&index).and_then(|()| fs::remove_file(&lock)),
            };
            if replaced.is_err() {
                drop(fs::remove_file(&lock));
            }
            replaced
        };
        hold().context("could not put the index back")?;
        drop(self.git().args(["update-index", "-q", "--refresh"]).capture()?);
        Ok(())
    }

    /// What the person's own index lists, as [`OwnIndex::listed`].
    pub fn index_listed(&self) -> Result<String> {
        listed(self.git())
    }

    /// Puts entries into the person's own index, and has git look at the files in the work tree again.
    pub fn set_in_index(&self, entries: &[IndexEntry], any: &Oid) -> Result<()> {
        set_entries(self.git(), entries, any)?;
        // Git does so by itself later where it cannot be done now.
        drop(self.git().args(["update-index", "-q", "--refresh"]).capture()?);
        Ok(())
    }
}

/// Copies an index with its time: a file that was changed right after it was staged looks as it did, and git looks twice where
/// the index is no newer.
fn copied(from: &Path, mut to: File) -> io::Result<()> {
    let mut from = regular::open(from, LastLink::Refuse)?;
    io::copy(&mut from, &mut to)?;
    to.set_modified(from.metadata()?.modified()?)
}

fn listed(git: Cmd) -> Result<String> {
    let output = git.args(["ls-files", "-z", "--stage", "-v"]).capture()?;
    Ok(blake3::hash(succeeded(&output, "git ls-files")?).to_hex().to_string())
}

fn set_entries(git: Cmd, entries: &[IndexEntry], any: &Oid) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let none = "0".repeat(any.as_str().len());
    let mut lines = Vec::new();
    for (path, entry) in entries {
        let (mode, oid) = match entry {
            Some(entry) => (octal(entry.mode), entry.oid.as_str()),
            None => ("0", none.as_str()),
        };
        lines.extend_from_slice(format!("{mode} {oid}\t").as_bytes());
        lines.extend_from_slice(path);
        lines.push(0);
    }
    let output = git.args(["update-index", "-z", "--index-info"]).stdin(lines).capture()?;
    succeeded(&output, "git update-index").map(drop).context("could not write the index")
}

fn octal(mode: FileMode) -> &'static str {
    match mode {
        FileMode::File => "100644",
        FileMode::Executable => "100755",
        FileMode::Symlink => "120000",
        FileMode::Submodule => "160000",
    }
}
