//! The files of a tree that are near to a change.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::{FileChange, FileMode, TreeEntry};
use crate::domain::model::limits::PATH_BYTES_MAX;
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::platform::git::object::Objects;

/// After so many lines of trees no further folder is read.
const LINES_MAX: usize = 50_000;

/// The files of a tree, those near to the touched ones first, of the same distance by path. Folders are
/// read as they come near: of a large tree most are not.
pub struct Nearest<'a> {
    objects: &'a Objects,
    /// The parts of the paths of the touched files.
    touched: Vec<Vec<&'a [u8]>>,
    /// The nearest first. No file in a folder is nearer than the folder is said to be, or stands before it.
    open: BinaryHeap<Reverse<(usize, BString, Below)>>,
    /// The lines of trees that were read.
    lines: usize,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Below {
    Folder(Oid),
    File(FileMode, Oid),
}

impl<'a> Nearest<'a> {
    pub fn begin(objects: &'a Objects, tree: &Oid, touched: &'a [FileChange]) -> Self {
        let touched = touched.iter().map(|file| file.path.split_str("/").collect()).collect();
        let root = Reverse((0, BString::default(), Below::Folder(tree.clone())));
        Self { objects, touched, open: BinaryHeap::from([root]), lines: 0 }
    }

    /// The next file; `None` after the last.
    pub fn next(&mut self) -> Result<Option<(BString, TreeEntry)>> {
        while let Some(Reverse((_, path, below))) = self.open.pop() {
            match below {
                Below::File(mode, oid) => return Ok(Some((path, TreeEntry { oid, mode }))),
                Below::Folder(_) if self.lines > LINES_MAX => return Ok(None),
                Below::Folder(oid) => self.open(path.as_bstr(), &oid)?,
            }
        }
        Ok(None)
    }

    fn open(&mut self, folder: &BStr, tree: &Oid) -> Result<()> {
        for item in self.objects.tree(tree)? {
            self.lines += 1;
            let slash = if folder.is_empty() { "" } else { "/" };
            let path = BString::from(bstr::concat([folder, slash.into(), item.name()]));
            if path.len() > PATH_BYTES_MAX {
                continue;
            }
            let (beneath, below) = match item {
                TreeItem::Tree { oid, .. } => (1, Below::Folder(oid)),
                TreeItem::File { entry, .. } => (0, Below::File(entry.mode, entry.oid)),
            };
            self.open.push(Reverse((self.distance(path.as_bstr(), beneath), path, below)));
        }
        Ok(())
    }

    /// How many folders lie between a path with so many more parts and the nearest touched file, at least.
    fn distance(&self, path: &BStr, more: usize) -> usize {
        let parts: Vec<&[u8]> = path.split_str("/").collect();
        let to = |touched: &Vec<&[u8]>| {
            let shared = parts.iter().zip(touched).take_while(|(a, b)| a == b).count();
            if more > 0 && shared == parts.len() {
                // It may be the touched file itself.
                return 0;
            }
            parts.len() + more + touched.len() - 2 * shared
        };
        self.touched.iter().map(to).min().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::{FileChange, Nearest, Oid};
    use crate::domain::model::change::FileChangeKind;
    use crate::platform::git::command::git;
    use crate::platform::git::diff;
    use crate::platform::git::repo::Repo;

    /// What [`Nearest`] is to say, of one file and one touched one.
    fn distance(one: &BString, other: &BString) -> usize {
        let (one, other) = (one.to_string(), other.to_string());
        if one == other {
            return 0;
        }
        let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let (one, other) = (parts(&one), parts(&other));
        let shared = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
        one.len() + other.len() - 2 * shared
    }

    #[test]
    fn the_files_of_a_tree_come_by_their_distance_and_path() {
        let folder = tempfile::tempdir().unwrap();
        let run = |words: &[&str], input: &str| {
            let output = git(folder.path()).args(words).stdin(input).capture().unwrap();
            assert!(
                output.status.success(),
                "{words:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        run(&["init", "-q"], "");
        let blob = run(&["hash-object", "-w", "--stdin"], "text");
        let paths = [
            "a",
            "a.b",
            "b/a",
            "b/c/a",
            "b/c/d/e",
            "b/c.d",
            "b/d/a",
            "b-c",
            "c/a",
            "c/b/c/d/e/f",
            "c/b/x",
            "d/a",
            "z",
        ];
        let lines = paths.iter().map(|path| format!("100644 {blob}\t{path}\n"));
        run(&["update-index", "--add", "--index-info"], &lines.collect::<String>());
        let tree = Oid::parse(&run(&["write-tree"], "")).unwrap();
        let repo = Repo::discover(folder.path(), None).unwrap();
        let all = diff::trees(&repo.objects, None, Some(&tree)).unwrap();
        for touched in [&[][..], &["b/c/a"], &["z"], &["c/b/gone", "d/a"], &["b/c/d/new", "a"]] {
            let touched: Vec<FileChange> = touched
                .iter()
                .map(|path| FileChange {
                    path: (*path).into(),
                    kind: FileChangeKind::Added,
                    old: None,
                    new: None,
                    merged: Vec::new(),
                })
                .collect();
            let near = |path: &BString| touched.iter().map(|one| distance(path, &one.path)).min();
            let mut expected: Vec<BString> = all.iter().map(|file| file.path.clone()).collect();
            expected.sort_by_key(|path| (near(path), path.clone()));
            let mut nearest = Nearest::begin(&repo.objects, &tree, &touched);
            let found: Vec<BString> =
                std::iter::from_fn(|| Some(nearest.next().unwrap()?.0)).collect();
            assert_eq!(found, expected, "{touched:?}");
        }
    }
}
