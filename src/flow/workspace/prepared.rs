//! What was prepared for workspaces: made once in a folder of its own, kept there, and put in its place.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bstr::ByteSlice as _;

use crate::domain::model::path::git_pattern;
use crate::flow::workspace::checkout::{Unavailable, Workspace};
use crate::flow::workspace::disk;
use crate::flow::workspace::disk::{PREPARED, RECORD};
use crate::flow::workspace::private_repo;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::file;
use crate::platform::store::lock;
use crate::platform::store::lock::{HeldWithOthers, Wait};
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// Names the copies in a workspace, and of what they are.
const COPIES: &str = "copies";

/// Copies of files of the person's work tree, beside a workspace.
pub const ENV_FILES: &str = "env";

/// How long a file may be that is looked through for the place that it was made at.
const SCRIPT_MAX: u64 = 256 * 1024;

/// What a step made; nobody removes it while this is held.
#[derive(Debug)]
pub struct KeptResult {
    folder: PathBuf,
    _held: HeldWithOthers,
}

/// What is there of a step's result.
pub enum PreparedState {
    Made(KeptResult),
    /// Nothing: it is to be made in this workspace, and nobody else makes it meanwhile.
    ToMake(Workspace),
}

/// A file or folder that is put in place in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where, below its top.
    pub path: String,
    pub content: PathBuf,
}

/// How it is put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// Something empty, upon which the sandbox mounts it.
    Mount,
    Link,
}

impl KeptResult {
    fn find(folder: &Path, keep: &[String]) -> Result<Option<Self>> {
        if !is_made(folder, keep) {
            return Ok(None);
        }
        let held = lock::take_with_others(&folder.join("lock"))?;
        // It may have been removed until then.
        let Some(held) = held.filter(|_| is_made(folder, keep)) else { return Ok(None) };
        disk::note_use(folder);
        Ok(Some(Self { folder: folder.to_owned(), _held: held }))
    }

    /// What was kept under that path.
    pub fn place(&self, path: &str) -> Placed {
        let path = path.trim_end_matches('/').to_owned();
        Placed { content: self.folder.join("work").join(&path), path }
    }
}

fn is_made(folder: &Path, keep: &[String]) -> bool {
    folder.join(RECORD).exists() && keep.iter().all(|path| folder.join("work").join(path).exists())
}

/// Finds what was made for a key among the workspaces of a repository, or the place to make it. Another process
/// that makes it is waited for.
pub fn begin(
    root: &Path,
    key: &str,
    keep: &[String],
    longest: Duration,
    interrupts: Interrupts,
) -> Result<PreparedState> {
    let folder = root.join(format!("{PREPARED}{key}"));
    let deadline = Instant::now() + longest;
    loop {
        if let Some(made) = KeptResult::find(&folder, keep)? {
            return Ok(PreparedState::Made(made));
        }
        if let Some(workspace) = Workspace::try_acquire(&folder, Wait::NONE)?
            && !is_made(&folder, keep)
        {
            // What an earlier one left that did not end.
            file::remove_if_there(&folder.join(RECORD))?;
            workspace.invalidate()?;
            workspace.wipe()?;
            return Ok(PreparedState::ToMake(workspace));
        }
        if let Some(signal) = interrupts.received() {
            return Err(Unavailable::Interrupted(signal).into());
        }
        if Instant::now() >= deadline {
            bail!("another process prepares the same, and has not ended");
        }
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// Keeps these paths of the workspace and nothing else, and notes that all of it is there.
pub fn finish(workspace: Workspace, keep: &[String]) -> Result<KeptResult> {
    let (folder, work) = (workspace.folder.clone(), workspace.work());
    let kept: Vec<PathBuf> =
        keep.iter().map(|path| work.join(path.trim_end_matches('/'))).collect();
    for path in &kept {
        let is_there = fs::symlink_metadata(path).is_ok_and(|data| data.is_dir() || data.is_file());
        let named = path.strip_prefix(&work).unwrap_or(path);
        if !is_there {
            bail!("it left no `{}`, which `keep` names", named.display());
        }
        refuse_links(&work, named)?;
    }
    workspace.invalidate()?;
    private_repo::remove(&work)?;
    let tidy = || -> io::Result<()> {
        retain(&work, &kept)?;
        for name in ["temporary", "downloads", "index", "gone", ENV_FILES] {
            file::remove_if_there(&folder.join(name))?;
        }
        Ok(())
    };
    tidy().with_context(|| format!("could not tidy `{}`", work.display()))?;
    // The record must not outlive what it speaks of, should the power fail.
    rustix::fs::sync();
    file::write_atomic(&folder.join(RECORD), b"")?;
    drop(workspace);
    let made = KeptResult::find(&folder, keep)?;
    made.context("what was prepared was removed at once: `runs.disk` has no room for it")
}

/// What ran may have put a link in the place of a folder, and what it leads to is no part of what was made.
fn refuse_links(work: &Path, path: &Path) -> Result<()> {
    for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        if fs::symlink_metadata(work.join(above)).is_ok_and(|data| !data.is_dir()) {
            bail!(
                "it left `{}`, on the way to `{}`, which is not a folder",
                above.display(),
                path.display()
            );
        }
    }
    Ok(())
}

/// Removes what has that path below the top of a workspace, and nothing that a link leads to.
pub fn remove_below(work: &Path, path: &str) -> Result<()> {
    refuse_links(work, Path::new(path))?;
    let here = work.join(path);
    file::remove_if_there(&here).with_context(|| format!("could not remove `{}`", here.display()))
}

/// Removes all of a folder but these paths and what is on the way to them.
fn retain(folder: &Path, keep: &[PathBuf]) -> io::Result<()> {
    for entry in file::entries(folder)? {
        let path = entry?.path();
        if keep.contains(&path) {
            continue;
        }
        if keep.iter().any(|kept| kept.starts_with(&path)) {
            retain(&path, keep)?;
        } else {
            file::remove_if_there(&path)?;
        }
    }
    Ok(())
}

impl Workspace {
    /// Puts files and folders in place, after a checkout. `key` is the setting that names them.
    pub fn place(&self, repo: &Repo, key: &str, placed: &[Placed], by: Placing) -> Result<()> {
        for one in placed {
            self.check_in_place(repo, key, &one.path)?;
        }
        if by == Placing::Link {
            // Noted first: whatever happens next, they are found and removed before another run.
            let mut linked = file::read(&self.linked()).unwrap_or_default();
            for one in placed {
                linked.extend([b"\0", one.path.as_bytes()].concat());
            }
            file::write_atomic(&self.linked(), &linked)?;
        }
        for one in placed {
            let here = self.work().join(&one.path);
            let put = || -> io::Result<()> {
                fs::create_dir_all(here.parent().unwrap_or(&here))?;
                file::remove_if_there(&here)?;
                match by {
                    Placing::Link => symlink(&one.content, &here),
                    Placing::Mount if one.content.is_dir() => fs::create_dir(&here),
                    Placing::Mount => fs::File::create(&here).map(drop),
                }
            };
            put().with_context(|| format!("could not put `{}` in place", one.path))?;
        }
        Ok(())
    }

    /// Copies what was prepared into the workspace of an agent, which may write there. It stays from one
    /// checkout to the next, and is no part of what the agent leaves.
    pub fn copy_in(&mut self, repo: &Repo, key: &str, placed: &[Placed]) -> Result<()> {
        for one in placed {
            self.check_in_place(repo, key, &one.path)?;
        }
        exclude(repo, placed)?;
        let list: Vec<String> =
            placed.iter().map(|one| format!("{}\0{}", one.path, one.content.display())).collect();
        let list = list.join("\n");
        let noted = self.folder.join(COPIES);
        let is_current = file::read_text(&noted).is_ok_and(|known| known == list);
        if is_current && placed.iter().all(|one| self.work().join(&one.path).exists()) {
            return Ok(());
        }
        file::remove_if_there(&noted)?;
        for one in placed {
            let here = self.work().join(&one.path);
            let copy = || -> io::Result<()> {
                fs::create_dir_all(here.parent().unwrap_or(&here))?;
                file::remove_if_there(&here)?;
                copy(&one.content, &here, (&one.content, &here))
            };
            copy().with_context(|| format!("could not copy `{}` in place", one.path))?;
        }
        file::write_atomic(&noted, list.as_bytes())
    }

    /// Names what is copied into the workspace before it is checked out.
    pub fn keep_copies(&mut self, placed: &[Placed]) {
        self.copies = placed.iter().map(|one| one.path.clone()).collect();
    }
}

/// Has git ignore the copies in the run's own repository, whatever the project's files say.
fn exclude(repo: &Repo, placed: &[Placed]) -> Result<()> {
    let path = repo.git_dir.join("info/exclude");
    let mut text = file::read_text(&path).unwrap_or_default();
    for one in placed {
        let line = format!("/{}", git_pattern(&one.path));
        if !text.lines().any(|known| known == line) {
            text = format!("{}\n{line}\n", text.trim_end());
        }
    }
    file::write_atomic(&path, text.as_bytes())
}

/// Copies a file or a folder with all that is in it. Links stay links. What names the place of the original, as the
/// programs of a virtual environment do, names that of the copy: else what they install would be written there.
fn copy(from: &Path, to: &Path, moved: (&Path, &Path)) -> io::Result<()> {
    let data = fs::symlink_metadata(from)?;
    if data.is_symlink() {
        let leads = fs::read_link(from)?;
        let within = leads.strip_prefix(moved.0).map(|below| moved.1.join(below));
        return symlink(within.unwrap_or(leads), to);
    }
    if data.is_file() {
        let mut open = regular::open(from, LastLink::Refuse)?;
        let mut written = fs::File::create(to)?;
        if data.len() <= SCRIPT_MAX {
            let mut bytes = Vec::new();
            open.read_to_end(&mut bytes)?;
            written.write_all(&moved_text(bytes, moved))?;
        } else {
            io::copy(&mut open, &mut written)?;
        }
        return fs::set_permissions(to, data.permissions());
    }
    if !data.is_dir() {
        // A pipe or a socket is of no use to another.
        return Ok(());
    }
    fs::create_dir(to)?;
    for entry in file::entries(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()), moved)?;
    }
    Ok(())
}

/// A text with one path in the place of another; what is no text stays as it is.
fn moved_text(bytes: Vec<u8>, (from, to): (&Path, &Path)) -> Vec<u8> {
    let from = from.as_os_str().as_encoded_bytes();
    if bytes.contains(&0) || !bytes.contains_str(from) {
        return bytes;
    }
    bytes.replace(from, to.as_os_str().as_encoded_bytes())
}
