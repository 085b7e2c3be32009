//! Saves what a workspace holds as a tree, whatever an agent did in it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::change::FileMode;
use crate::domain::model::oid::Oid;
use crate::flow::workspace::checkout::{Unavailable, Workspace};
use crate::flow::workspace::left_out::{LargeFile, SavedTree};
use crate::platform::git::command::succeeded;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::file;

/// How many changed files are staged by their names: to look for them once more costs more than this many names.
const NAMED_MAX: usize = 200;

/// How deep repositories within the work tree are looked for.
const DEPTH_MAX: usize = 12;

impl Workspace {
    /// Saves what the workspace now holds, without ignored files, as a tree of the repository. Where an agent
    /// made a repository of its own in a folder, its files are saved, and the repository goes: git would save
    /// a link to it and none of its files, or nothing at all.
    /// A file of more than `file_max` bytes is left out.
    pub fn snapshot(
        &self,
        repo: &Repo,
        file_max: u64,
        interrupts: Interrupts,
    ) -> Result<SavedTree> {
        let before = self.checked_out().and_then(|tree| Oid::parse(&tree).ok());
        self.invalidate()?;
        // No other process has this workspace: a git that was killed left the file.
        let lock = self.folder.join("index.lock");
        file::remove_if_there(&lock)
            .with_context(|| format!("could not remove `{}`", lock.display()))?;
        let changed = self.changed_files(repo, file_max)?;
        let mut saved = match self.save_named(repo, &changed.paths, interrupts)? {
            Some(tree) => Ok(tree),
            None => self.save(repo, &changed.large, interrupts),
        };
        let links = match (&saved, &before) {
            (Ok(tree), Some(before)) => new_links(repo, before, tree)?,
            _ => Vec::new(),
        };
        let is_stopped = saved.as_ref().is_err_and(anyhow::Error::is::<Unavailable>);
        let has_failed = saved.is_err() && !is_stopped;
        if (has_failed || !links.is_empty()) && self.remove_repositories()? > 0 {
            for link in &links {
                let git = repo.git_into(&self.work(), &self.index());
                let forget = ["rm", "--cached", "--quiet", "--ignore-unmatch", "--"];
                self.run(git.args(forget).arg(link.to_path_lossy().as_ref()), interrupts)?;
            }
            saved = self.save(repo, &changed.large, interrupts);
        }
        let tree = saved?;
        // From here only what differs is written for the next one.
        file::write_unsynced(&self.ready_file(), format!("{tree}\n").as_bytes())?;
        Ok(SavedTree { tree, large: changed.large })
    }

    /// Saves what changed by its names, without a second look at all the other files. `None` where these are too
    /// many, one is a repository of its own, or git refuses one, as where it is gone by now.
    fn save_named(
        &self,
        repo: &Repo,
        changed: &[BString],
        interrupts: Interrupts,
    ) -> Result<Option<Oid>> {
        if changed.len() > NAMED_MAX || changed.iter().any(|path| path.ends_with(b"/")) {
            return Ok(None);
        }
        if !changed.is_empty() {
            let git = repo.git_into(&self.work(), &self.index()).env("GIT_LITERAL_PATHSPECS", "1");
            let paths = changed.iter().map(|path| path.to_os_str_lossy());
            let added = self.run(git.args(["add", "--all", "--"]).args(paths), interrupts);
            match added {
                Err(error) if error.is::<Unavailable>() => return Err(error),
                Err(_) => return Ok(None),
                Ok(()) => {}
            }
        }
        self.write_tree(repo).map(Some)
    }

    fn save(&self, repo: &Repo, large: &[LargeFile], interrupts: Interrupts) -> Result<Oid> {
        let (work, index) = (self.work(), self.index());
        let mut add = repo.git_into(&work, &index).args(["add", "--all", "--", "."]);
        let large = large.iter().map(|file| file.path.to_os_str_lossy().into_owned());
        for left_out in large.chain(self.copies.iter().map(OsString::from)) {
            let mut path = OsString::from(":(top,exclude,literal)");
            path.push(left_out);
            add = add.arg(path);
        }
        self.run(add, interrupts)?;
        self.write_tree(repo)
    }

    fn write_tree(&self, repo: &Repo) -> Result<Oid> {
        let output = repo.git_into(&self.work(), &self.index()).arg("write-tree").capture()?;
        Ok(Oid::parse(&succeeded(&output, "git write-tree")?.trim().to_str_lossy())?)
    }

    /// Removes the repositories within the work tree; how many there were.
    fn remove_repositories(&self) -> Result<usize> {
        let mut found = Vec::new();
        find_repositories(&self.work(), 0, &mut found)?;
        for path in &found {
            file::remove_if_there(path)
                .with_context(|| format!("could not remove `{}`", path.display()))?;
        }
        Ok(found.len())
    }
}

/// The paths that became links to other repositories.
fn new_links(repo: &Repo, before: &Oid, after: &Oid) -> Result<Vec<BString>> {
    let files = diff::trees(&repo.objects, Some(before), Some(after))?;
    let is_link = |mode: FileMode| mode == FileMode::Submodule;
    let links = files.into_iter().filter(|file| {
        let new = file.new.as_ref().is_some_and(|entry| is_link(entry.mode));
        new && !file.old.as_ref().is_some_and(|entry| is_link(entry.mode))
    });
    Ok(links.map(|file| file.path).collect())
}

/// Finds what is called `.git` below the folder itself.
fn find_repositories(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    let read =
        file::entries(folder).with_context(|| format!("could not read `{}`", folder.display()));
    for entry in read? {
        let path = entry?.path();
        // A link is not followed: it may lead out of the workspace.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
        if path.file_name().is_some_and(|name| name == ".git") {
            found.extend((depth > 0).then_some(path));
        } else if is_folder {
            find_repositories(&path, depth + 1, found)?;
        }
    }
    Ok(())
}
