//! Lists the spec files of a work tree: the listing of the folders is the truth, events are hints.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use crate::domain::model::globs;
use crate::domain::model::globs::Globs;
use crate::domain::spec::read::SpecFormat;
use crate::platform::store::folder::Folder;
use crate::platform::store::folder::read::FoundFile;
use crate::platform::store::known_specs::Stamp;
use crate::platform::store::regular::{Unfit, unfit};

#[cfg(test)]
mod tests;

/// The most folders and files that are looked at in one work tree: a glob that covers a whole tree
/// must not make the daemon walk a million files.
const FOLDERS_MAX: usize = 2000;
const FILES_MAX: usize = 20_000;

/// Folders of other programs' making, which hold no specs.
const SKIPPED: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// What the program itself writes for people is never a spec.
const OWN: [&str; 2] = ["docs/progress", "docs/review"];

/// Where specs are, from the policy's globs.
pub struct SpecGlobs {
    globs: Globs,
    roots: Vec<Root>,
}

/// A folder below which specs may be.
struct Root {
    /// From the top of the work tree: the part of a glob without a wildcard.
    folder: PathBuf,
    /// How many levels of folders below it matter.
    depth: usize,
}

/// A glob that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is not a glob of specs: {reason}")]
pub struct BadGlob {
    pattern: String,
    reason: String,
}

impl SpecGlobs {
    /// Reads globs that count from the top of a work tree. One that begins with `!` takes away; one
    /// without a wildcard is a file, or a folder with everything in it.
    pub fn new(patterns: &[String]) -> Result<Self, BadGlob> {
        let mut globs = Vec::new();
        let mut roots = Vec::new();
        for given in patterns {
            let bad = |reason: &str| BadGlob { pattern: given.clone(), reason: reason.to_owned() };
            let (mark, pattern) = globs::check_below_top(given).map_err(|reason| bad(&reason))?;
            let path = Path::new(pattern);
            globs.push(format!("{mark}{pattern}"));
            let root = root_of(pattern);
            if root.folder == path {
                globs.push(format!("{mark}{}/**", globset::escape(pattern)));
            }
            if mark.is_empty() {
                roots.push(root);
            }
        }
        let globs = globs.iter().map(String::as_str);
        let built =
            if cfg!(target_os = "macos") { Globs::ignoring_case(globs) } else { Globs::new(globs) };
        let globs =
            built.map_err(|error| BadGlob { pattern: error.pattern, reason: error.reason })?;
        Ok(Self { globs, roots })
    }

    /// Whether a path from the top of the work tree names a spec.
    pub fn is_spec(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return false };
        // Editors keep what is not saved yet beside the file: `.a.md.swp`, `#a.md#`, `a.md~`,
        // `~$a.md`. What does not end as a spec does is none anyway.
        if name.starts_with(['.', '#', '~']) || SpecFormat::from_name(&name).is_none() {
            return false;
        }
        if self.is_readme(path, &name) || OWN.iter().any(|own| path.starts_with(own)) {
            return false;
        }
        !self.roots.is_empty() && self.globs.matches(path)
    }

    /// The folders and files below which specs may be, from the top, and how many levels below each matter.
    pub fn folders(&self) -> impl Iterator<Item = (&Path, usize)> {
        self.roots.iter().map(|root| (root.folder.as_path(), root.depth))
    }

    /// The folder that `tribunal spec new` writes into.
    pub fn first_folder(&self) -> &Path {
        self.roots.first().map_or(Path::new("docs/specs"), |root| &root.folder)
    }

    /// The README of the folder is no spec.
    fn is_readme(&self, path: &Path, name: &str) -> bool {
        let stem = name.split('.').next().unwrap_or(name);
        stem.eq_ignore_ascii_case("readme")
            && self.roots.iter().any(|root| path.parent() == Some(&root.folder))
    }
}

fn root_of(pattern: &str) -> Root {
    let parts: Vec<&str> = pattern.split('/').collect();
    let literal = parts.iter().take_while(|p| !p.contains(['*', '?', '[', '{', '\\'])).count();
    let folder = parts[..literal].iter().collect();
    let rest = &parts[literal..];
    let depth = match rest {
        // A file, or a folder with everything in it.
        [] => usize::MAX,
        // `{a/b,c}` may hold any number of levels.
        rest if rest.iter().any(|p| p.contains("**") || p.contains('{')) => usize::MAX,
        rest => rest.len() - 1,
    };
    Root { folder, depth }
}

/// What is there.
#[derive(Debug, Default)]
pub struct SpecListing {
    /// By path from the top of the work tree.
    pub files: BTreeMap<PathBuf, FoundSpec>,
    /// Every folder whose changes matter, as the system names it: links that stay in the work tree are
    /// followed.
    pub folders: BTreeSet<PathBuf>,
    /// Those of them in which every entry matters.
    pub inside: BTreeSet<PathBuf>,
    /// The paths between the top and those, whether or not something is there.
    pub awaited: BTreeSet<PathBuf>,
    /// What could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// The links that are not followed, from the top, and why: they lead out of the work tree or into
    /// a git directory.
    pub left_out: BTreeMap<PathBuf, String>,
    /// Whether there was more than is looked at.
    pub cut: bool,
}

/// A file that may be a spec.
#[derive(Clone, Debug)]
pub struct FoundSpec {
    pub stamp: Stamp,
    /// How events name the file.
    pub real: PathBuf,
}

/// Lists the specs below the top of a work tree, which must be in its canonical spelling.
pub fn list(top: &Path, globs: &SpecGlobs) -> SpecListing {
    let mut listing = SpecListing::default();
    match Folder::open(top) {
        Ok(folder) => {
            let mut walk = Walk { top, folder, globs, listing, seen: BTreeMap::new() };
            for root in &globs.roots {
                walk.root(root);
            }
            return walk.listing;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => listing.unreadable.push((top.to_owned(), error.to_string())),
    }
    listing
}

/// Paths are from the top; a `real` one has no links in it.
struct Walk<'a> {
    top: &'a Path,
    folder: Folder,
    globs: &'a SpecGlobs,
    listing: SpecListing,
    /// The folders that were read, with the levels below them that were.
    seen: BTreeMap<PathBuf, usize>,
}

impl Walk<'_> {
    /// Goes down from the top to the root as far as there are folders, then through all below it.
    fn root(&mut self, root: &Root) {
        let mut real = PathBuf::new();
        self.listing.folders.insert(self.absolute(&real));
        for part in root.folder.components() {
            let path = real.join(part);
            self.listing.awaited.insert(self.absolute(&path));
            let Some(found) = self.find(&path) else { return };
            if !found.metadata.is_dir() {
                // A glob without a wildcard may name one file.
                if path.file_name() == root.folder.file_name() {
                    self.file(root.folder.clone(), &found);
                }
                return;
            }
            real = found.real;
            self.listing.folders.insert(self.absolute(&real));
        }
        self.folder(&root.folder, &real, root.depth);
    }

    fn folder(&mut self, path: &Path, real: &Path, depth: usize) {
        // Two globs may share a folder, and links may lead to one in two ways or in a circle.
        if self.seen.get(real).is_some_and(|done| *done >= depth) {
            return;
        }
        if self.listing.folders.len() >= FOLDERS_MAX {
            self.listing.cut = true;
            return;
        }
        self.seen.insert(real.to_owned(), depth);
        self.listing.folders.insert(self.absolute(real));
        self.listing.inside.insert(self.absolute(real));
        let entries = match self.folder.list(real) {
            Ok(entries) => entries,
            Err(error) => {
                self.not_read(real, &error);
                return;
            }
        };
        for (name, kind) in entries {
            let (path, inside) = (path.join(&name), real.join(&name));
            let skipped =
                name.to_str().is_some_and(|name| name.starts_with('.') || SKIPPED.contains(&name));
            let is_left = depth == 0 || skipped || OWN.iter().any(|own| path.starts_with(own));
            let may_be_folder = matches!(kind, FileType::Directory | FileType::Symlink) && !is_left;
            let may_be_file = kind != FileType::Directory && self.globs.is_spec(&path);
            if !may_be_folder && !may_be_file {
                continue;
            }
            let Some(found) = self.find(&inside) else { continue };
            if found.metadata.is_dir() && may_be_folder {
                let depth = depth.saturating_sub(usize::from(depth != usize::MAX));
                self.folder(&path, &found.real, depth);
            } else {
                self.file(path, &found);
            }
        }
    }

    fn file(&mut self, path: PathBuf, found: &FoundFile) {
        // A pipe or a device would keep its reader waiting for ever.
        if !found.metadata.is_file() || !self.globs.is_spec(&path) {
            return;
        }
        if self.listing.files.len() >= FILES_MAX {
            self.listing.cut = true;
            return;
        }
        let stamp = Stamp::of(&found.metadata);
        self.listing.files.insert(path, FoundSpec { stamp, real: self.absolute(&found.real) });
    }

    /// What a path leads to; `None` where that is nothing that can be looked at.
    fn find(&mut self, path: &Path) -> Option<FoundFile> {
        match self.folder.find(path) {
            Ok(found) => Some(found),
            Err(error) => {
                self.not_read(path, &error);
                None
            }
        }
    }

    fn not_read(&mut self, path: &Path, error: &io::Error) {
        match unfit(error) {
            Some(Unfit::LeadsOut(_) | Unfit::InGit) => {
                self.listing.left_out.insert(path.to_owned(), error.to_string());
            }
            // Gone in the meantime, or a link that leads nowhere: Emacs locks files with those.
            _ if error.kind() == io::ErrorKind::NotFound => {}
            _ => self.listing.unreadable.push((self.absolute(path), error.to_string())),
        }
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.top.to_owned() } else { self.top.join(path) }
    }
}
