//! What differs between two trees, found by reading only the trees that differ.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::{FileChange, FileChangeKind, TreeEntry};
use crate::domain::model::limits::{CHANGED_ENTRIES_MAX, PATH_BYTES_MAX, TREE_LINES_MAX};
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::platform::git::object::Objects;

/// Why the files that differ are not listed.
#[derive(Debug, thiserror::Error)]
pub enum TooMuch {
    #[error("it changes more than {CHANGED_ENTRIES_MAX} files and folders")]
    Entries,
    #[error("its folders have more than {TREE_LINES_MAX} names")]
    Lines,
    #[error("it holds a path of more than {PATH_BYTES_MAX} bytes")]
    Path,
}

/// The files that differ, in path order. `None` stands for the empty tree. A file that was moved
/// without an edit is one `Renamed`; anything less than identical is a deletion and an addition.
///
/// Where it is more than can be evaluated the error is a [`TooMuch`].
pub fn trees(objects: &Objects, old: Option<&Oid>, new: Option<&Oid>) -> Result<Vec<FileChange>> {
    let mut walk = Walk {
        objects,
        open: Vec::new(),
        changes: Vec::new(),
        lines: 0,
        entries: 0,
        known: HashMap::new(),
        known_lines: 0,
    };
    walk.open.push((BString::default(), old.cloned(), new.cloned()));
    // Not by recursion: folders may stand in one another without end.
    while let Some((prefix, old, new)) = walk.open.pop() {
        walk.folder(prefix.as_bstr(), old.as_ref(), new.as_ref())?;
    }
    walk.changes.sort_by(|a, b| a.path.cmp(&b.path));
    let mut changes = pair_moves(walk.changes);
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

struct Walk<'a> {
    objects: &'a Objects,
    /// The folders that are still to be compared.
    open: Vec<(BString, Option<Oid>, Option<Oid>)>,
    changes: Vec<FileChange>,
    lines: usize,
    entries: usize,
    /// Trees that were read: equal folders may stand in one another ten times at each depth.
    known: HashMap<Oid, Rc<Vec<TreeItem>>>,
    known_lines: usize,
}

/// How many lines of trees are kept for the case that they are met again.
const KNOWN_LINES_MAX: usize = 50_000;

impl Walk<'_> {
    fn folder(&mut self, prefix: &BStr, old: Option<&Oid>, new: Option<&Oid>) -> Result<()> {
        if old == new {
            return Ok(());
        }
        let (old_items, new_items) = (self.items(old)?, self.items(new)?);
        self.lines += old_items.len() + new_items.len();
        if self.lines > TREE_LINES_MAX {
            return Err(TooMuch::Lines.into());
        }
        let (mut olds, mut news) = (old_items.iter().peekable(), new_items.iter().peekable());
        loop {
            // Git sorts a tree as if its name ended in a slash, so that a file and a tree of one name
            // never meet here: one is deleted, the other added, as it should be.
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => git_order(a, b),
            };
            let old_item = if order.is_le() { olds.next() } else { None };
            let new_item = if order.is_ge() { news.next() } else { None };
            if old_item != new_item {
                self.pair(prefix, old_item, new_item)?;
            }
        }
    }

    fn items(&mut self, tree: Option<&Oid>) -> Result<Rc<Vec<TreeItem>>> {
        let Some(oid) = tree else { return Ok(Rc::default()) };
        if let Some(known) = self.known.get(oid) {
            return Ok(Rc::clone(known));
        }
        let items = Rc::new(self.objects.tree(oid)?);
        if self.known_lines + items.len() <= KNOWN_LINES_MAX {
            // An empty tree takes a place, too.
            self.known_lines += items.len() + 1;
            self.known.insert(oid.clone(), Rc::clone(&items));
        }
        Ok(items)
    }

    fn pair(
        &mut self,
        prefix: &BStr,
        old: Option<&TreeItem>,
        new: Option<&TreeItem>,
    ) -> Result<()> {
        let Some(name) = new.or(old).map(TreeItem::name) else { return Ok(()) };
        let path = join(prefix, name);
        self.entries += 1;
        if self.entries > CHANGED_ENTRIES_MAX {
            return Err(TooMuch::Entries.into());
        }
        if path.len() > PATH_BYTES_MAX {
            return Err(TooMuch::Path.into());
        }
        let (old_tree, old_file) = split(old);
        let (new_tree, new_file) = split(new);
        let kind = match (old_file, new_file) {
            (None, None) => None,
            (Some(_), Some(_)) => Some(FileChangeKind::Modified),
            (None, Some(_)) => Some(FileChangeKind::Added),
            (Some(_), None) => Some(FileChangeKind::Deleted),
        };
        if let Some(kind) = kind {
            let (old, new) = (old_file.cloned(), new_file.cloned());
            let path = path.clone();
            self.changes.push(FileChange { path, kind, old, new, merged: Vec::new() });
        }
        if old_tree.is_some() || new_tree.is_some() {
            self.open.push((path, old_tree.cloned(), new_tree.cloned()));
        }
        Ok(())
    }
}

fn split(item: Option<&TreeItem>) -> (Option<&Oid>, Option<&TreeEntry>) {
    match item {
        Some(TreeItem::Tree { oid, .. }) => (Some(oid), None),
        Some(TreeItem::File { entry, .. }) => (None, Some(entry)),
        None => (None, None),
    }
}

fn git_order(a: &TreeItem, b: &TreeItem) -> Ordering {
    sort_key(a).cmp(sort_key(b))
}

fn sort_key(item: &TreeItem) -> impl Iterator<Item = u8> + '_ {
    let slash = matches!(item, TreeItem::Tree { .. }).then_some(b'/');
    item.name().bytes().chain(slash)
}

fn join(prefix: &BStr, name: &BStr) -> BString {
    let mut path = BString::from(prefix);
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

fn pair_moves(changes: Vec<FileChange>) -> Vec<FileChange> {
    let mut gone: HashMap<Oid, Vec<usize>> = HashMap::new();
    for (at, change) in changes.iter().enumerate().rev() {
        if let (FileChangeKind::Deleted, Some(old)) = (&change.kind, &change.old) {
            gone.entry(old.oid.clone()).or_default().push(at);
        }
    }
    if gone.is_empty() {
        return changes;
    }
    let mut moved_from = HashMap::new();
    let mut taken = vec![false; changes.len()];
    for (at, change) in changes.iter().enumerate() {
        if let (FileChangeKind::Added, Some(new)) = (&change.kind, &change.new)
            && let Some(from) = gone.get_mut(&new.oid).and_then(Vec::pop)
        {
            moved_from.insert(at, from);
            taken[from] = true;
        }
    }
    let renamed = |at: usize| {
        let from = &changes[*moved_from.get(&at)?];
        let kind = FileChangeKind::Renamed { from: from.path.clone() };
        Some(FileChange { kind, old: from.old.clone(), ..changes[at].clone() })
    };
    (0..changes.len())
        .filter(|at| !taken[*at])
        .map(|at| renamed(at).unwrap_or_else(|| changes[at].clone()))
        .collect()
}
