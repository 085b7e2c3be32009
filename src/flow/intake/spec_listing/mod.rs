//! Lists the spec files of a work tree: the listing of the folders is the truth, events are hints.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::model::globs;
use crate::domain::model::globs::Globs;
use crate::domain::spec::read::SpecFormat;
use crate::platform::store::known_specs::Stamp;

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
    /// Every folder whose changes matter, as the system names it: links are followed.
    pub folders: BTreeSet<PathBuf>,
    /// Those of them in which every entry matters.
    pub inside: BTreeSet<PathBuf>,
    /// The paths between the top and those, whether or not something is there.
    pub awaited: BTreeSet<PathBuf>,
    /// What could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
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
    let mut walk = Walk { globs, listing: SpecListing::default(), seen: BTreeMap::new() };
    for root in &globs.roots {
        walk.root(top, root);
    }
    walk.listing
}

struct Walk<'a> {
    globs: &'a SpecGlobs,
    listing: SpecListing,
    /// The folders that were read, with the levels below them that were.
    seen: BTreeMap<PathBuf, usize>,
}

impl Walk<'_> {
    /// Goes down from the top to the root as far as there are folders, then through all below it.
    fn root(&mut self, top: &Path, root: &Root) {
        let mut real = top.to_path_buf();
        self.listing.folders.insert(real.clone());
        for part in root.folder.components() {
            let path = real.join(part);
            self.listing.awaited.insert(path.clone());
            let Some(next) = real_folder(&path) else {
                self.lone_file(&path, &root.folder);
                return;
            };
            real = next;
            self.listing.folders.insert(real.clone());
        }
        self.folder(&root.folder, real, root.depth);
    }

    /// A glob without a wildcard may name one file.
    fn lone_file(&mut self, real: &Path, path: &Path) {
        if real.file_name() == path.file_name() {
            self.file(path.to_owned(), real);
        }
    }

    fn folder(&mut self, path: &Path, real: PathBuf, depth: usize) {
        // Two globs may share a folder, and links may lead to one in two ways or in a circle.
        if self.seen.get(&real).is_some_and(|done| *done >= depth) {
            return;
        }
        if self.listing.folders.len() >= FOLDERS_MAX {
            self.listing.cut = true;
            return;
        }
        self.seen.insert(real.clone(), depth);
        self.listing.folders.insert(real.clone());
        self.listing.inside.insert(real.clone());
        let entries = match fs::read_dir(&real) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(real, &error);
                return;
            }
        };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
            let (path, inside) = (path.join(&name), real.join(&name));
            let is_folder = kind.is_dir() || kind.is_symlink() && inside.is_dir();
            if !is_folder {
                self.file(path, &inside);
                continue;
            }
            let skipped =
                name.to_str().is_some_and(|name| name.starts_with('.') || SKIPPED.contains(&name));
            if depth == 0 || skipped || OWN.iter().any(|own| path.starts_with(own)) {
                continue;
            }
            let real = if kind.is_symlink() { real_folder(&inside) } else { Some(inside) };
            if let Some(real) = real {
                self.folder(&path, real, depth.saturating_sub(usize::from(depth != usize::MAX)));
            }
        }
    }

    fn file(&mut self, path: PathBuf, real: &Path) {
        if !self.globs.is_spec(&path) {
            return;
        }
        if self.listing.files.len() >= FILES_MAX {
            self.listing.cut = true;
            return;
        }
        match fs::metadata(real) {
            // A pipe or a device would keep its reader waiting for ever.
            Ok(metadata) if metadata.is_file() => {
                let found = FoundSpec { stamp: Stamp::of(&metadata), real: real.to_owned() };
                self.listing.files.insert(path, found);
            }
            Ok(_) => {}
            // Gone in the meantime, or a link that leads nowhere: Emacs locks files with those.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(real.to_owned(), &error),
        }
    }

    fn unreadable(&mut self, path: PathBuf, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            self.listing.unreadable.push((path, error.to_string()));
        }
    }
}

/// The folder that a path leads to, without links; `None` where it leads to none.
fn real_folder(path: &Path) -> Option<PathBuf> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if metadata.is_dir() {
        return Some(path.to_owned());
    }
    if !metadata.is_symlink() {
        return None;
    }
    path.canonicalize().ok().filter(|real| real.is_dir())
}
