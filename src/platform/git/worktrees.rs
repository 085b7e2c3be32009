//! The work trees of a repository, found without starting git.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bstr::ByteSlice as _;

use crate::platform::store::file;
use crate::platform::store::known_specs::Stamp;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, SETTINGS};

/// The tops of every work tree that is there, the main one first; none of a bare repository that
/// has no linked ones.
pub fn list(common_dir: &Path) -> Vec<PathBuf> {
    Worktrees::of(common_dir.to_owned()).list()
}

/// The work trees of a repository that is looked at often.
pub struct Worktrees {
    common_dir: PathBuf,
    main: Option<ConfiguredMain>,
}

/// The main work tree as the settings have it, and how their files were.
struct ConfiguredMain {
    top: Option<PathBuf>,
    files: [Option<Stamp>; 2],
    at: Instant,
}

impl Worktrees {
    /// For how long settings are taken for unchanged while the repository's own files are: those may
    /// include others.
    const AS_BEFORE: Duration = Duration::from_mins(1);

    pub fn of(common_dir: PathBuf) -> Self {
        Self { common_dir, main: None }
    }

    /// As [`list`]. The repository is opened only where its settings may have changed.
    pub fn list(&mut self) -> Vec<PathBuf> {
        let mut tops: Vec<PathBuf> = self.main().into_iter().collect();
        let mut linked: Vec<PathBuf> = linked(&self.common_dir);
        linked.sort();
        tops.extend(linked);
        let mut known = Vec::new();
        for top in tops {
            // One spelling for each: events and listings name the same folder alike.
            if let Ok(top) = top.canonicalize()
                && top.is_dir()
                && !known.contains(&top)
            {
                known.push(top);
            }
        }
        known
    }

    fn main(&mut self) -> Option<PathBuf> {
        let common_dir = &self.common_dir;
        let files = ["config", "config.worktree"].map(|name| Stamp::at(&common_dir.join(name)));
        let (before, now) = (&self.main, Instant::now());
        if !before.as_ref().is_some_and(|it| it.files == files && now < it.at + Self::AS_BEFORE) {
            let Ok(repository) = git2::Repository::open(common_dir) else {
                // A format that the library does not know; then git's own rule of the name holds.
                self.main = None;
                let is_within = self.common_dir.file_name()? == ".git";
                return self.common_dir.parent().filter(|_| is_within).map(Path::to_path_buf);
            };
            let top = repository.workdir().map(Path::to_path_buf);
            self.main = Some(ConfiguredMain { top, files, at: now });
        }
        let top = self.main.as_ref()?.top.as_ref()?;
        belongs_to(top, &self.common_dir).then(|| top.clone())
    }
}

/// Whether a folder is the work tree of a git directory by what is in the folder itself: its `.git` is
/// that directory, or names it. `core.worktree` of a repository could name any folder.
pub fn belongs_to(top: &Path, git_dir: &Path) -> bool {
    let named = dot_git(top);
    let real = |path: &Path| path.canonicalize().ok();
    named.is_some_and(|named| real(&named).is_some() && real(&named) == real(git_dir))
}

/// The git directory that a folder's `.git` is or names; `None` where there is no `.git`.
pub fn dot_git(top: &Path) -> Option<PathBuf> {
    let path = top.join(".git");
    if path.is_dir() {
        return Some(path);
    }
    let text = regular::read(&path, LastLink::Follow, SETTINGS).ok()?;
    Some(top.join(text.strip_prefix(b"gitdir: ")?.trim_end().to_path().ok()?))
}

/// Each folder below `worktrees` names the `.git` file of its work tree, absolute or, since git
/// 2.48, relative to itself (gitrepository-layout(5)).
fn linked(common_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = file::entries(&common_dir.join("worktrees")) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let gitdir = entry.path().join("gitdir");
            let text = regular::read(&gitdir, LastLink::Follow, SETTINGS).ok()?;
            let dot_git = entry.path().join(text.trim_end().to_path().ok()?);
            dot_git.parent().map(Path::to_path_buf)
        })
        .collect()
}
