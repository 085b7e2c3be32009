//! Untracked paths of the person's work tree that are shared with a command, by links.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::domain::model::path::is_shareable;
use crate::flow::workspace::checkout::Workspace;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

impl Workspace {
    /// Links paths of the person's work tree into this one: what a command writes there, it writes
    /// into theirs. Paths that do not exist there are left out and returned.
    pub fn link<'p>(&self, repo: &Repo, paths: &'p [String]) -> Result<Vec<&'p str>> {
        let Some(theirs) = &repo.home_tree else { return Ok(Vec::new()) };
        let (mut linked, mut absent) = (Vec::new(), Vec::new());
        for path in paths {
            let path = path.trim_end_matches('/');
            self.check_in_place(repo, "`share`", path)?;
            if fs::symlink_metadata(theirs.join(path)).is_ok() {
                linked.push(path);
            } else {
                absent.push(path);
            }
        }
        // Noted first: whatever happens next, the links are found and removed before another run.
        file::write_atomic(&self.linked(), linked.join("\0").as_bytes())?;
        for path in linked {
            let here = self.work().join(path);
            let create_link = || -> io::Result<()> {
                if let Some(parent) = here.parent() {
                    fs::create_dir_all(parent)?;
                }
                file::remove_if_there(&here)?;
                // Where it leads in the end: in a sandbox nothing is on the way there.
                let theirs = theirs.join(path);
                symlink(fs::canonicalize(&theirs).unwrap_or(theirs), &here)
            };
            create_link()
                .with_context(|| format!("could not link `{path}` to `{}`", here.display()))?;
        }
        Ok(absent)
    }

    /// Says why something could not be made at these paths of a checkout.
    pub fn check_places(&self, repo: &Repo, key: &str, paths: &[String]) -> Result<()> {
        paths.iter().try_for_each(|path| self.check_in_place(repo, key, path))
    }

    /// What is put in place must be inside the work tree, not git's own, and nothing that is tracked. `key` is
    /// the setting that names it.
    pub(super) fn check_in_place(&self, repo: &Repo, key: &str, path: &str) -> Result<()> {
        if !is_shareable(path) {
            bail!("{key} names `{path}`, which is no path inside the work tree");
        }
        let work = self.work();
        let output = repo
            .git_into(&work, &self.index())
            .args(["--literal-pathspecs", "ls-files", "-z", "--", path])
            .capture()?;
        if !output.status.success() || !output.stdout.is_empty() {
            bail!(
                "{key} names `{path}`, which is tracked: it would hide the content that is checked"
            );
        }
        let mut parent = work;
        for part in Path::new(path).parent().into_iter().flat_map(Path::components) {
            parent.push(part);
            if fs::symlink_metadata(&parent).is_ok_and(|data| !data.is_dir()) {
                bail!("{key} names `{path}`, and `{}` is not a folder", parent.display());
            }
        }
        Ok(())
    }

    /// What the links of [`Workspace::link`] lead to, for a command that is held. What is not in the person's
    /// work tree, nor in one of the folders `besides`, is an error: a link can be left there by any program.
    pub fn shared_with(
        &self,
        repo: &Repo,
        paths: &[String],
        besides: &[PathBuf],
    ) -> Result<Vec<PathBuf>> {
        let Some(top) = repo.work_tree.as_deref().and_then(|top| fs::canonicalize(top).ok()) else {
            return Ok(Vec::new());
        };
        let mut shared = Vec::new();
        for path in paths {
            let path = path.trim_end_matches('/');
            let Ok(target) = fs::read_link(self.work().join(path)) else { continue };
            let is_within =
                target.strip_prefix(&top).is_ok_and(|below| is_shareable(&below.to_string_lossy()));
            if !is_within && !besides.iter().any(|folder| target.starts_with(folder)) {
                bail!(
                    "`share` names `{path}`, which leads out of the work tree to `{0}` (hint: name `{0}` in \
                     `sandbox.readable`)",
                    target.display()
                );
            }
            shared.push(target);
        }
        Ok(shared)
    }
}
