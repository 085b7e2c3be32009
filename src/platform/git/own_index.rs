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

    /// Has the person's own index be what stands in a file; without that file there is no index.
    pub fn replace_index(&self, by: &Path) -> Result<()> {
        let lock = self.index_lock();
        let hold = || -> io::Result<()> {
            let mut held = File::options().write(true).create_new(true).open(&lock)?;
            let replaced = match regular::open(by, LastLink::Refuse) {
                Ok(mut kept) => io::copy(&mut kept, &mut held)
                    .and_then(|_| fs::rename(&lock, self.git_dir.join("index"))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::remove_file(self.git_dir.join("index"))
                        .and_then(|()| fs::remove_file(&lock))
                }
                Err(error) => Err(error),
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

    /// Puts entries into the person's own index, and has git look at the files in the work tree again.
    pub fn set_in_index(&self, entries: &[IndexEntry], any: &Oid) -> Result<()> {
        set_entries(self.git(), entries, any)?;
        // Git does so by itself later where it cannot be done now.
        drop(self.git().args(["update-index", "-q", "--refresh"]).capture()?);
        Ok(())
    }
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
