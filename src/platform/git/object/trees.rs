//! Trees: their lines, and those of them that are kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::model::change::{FileMode, TreeEntry};
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;

/// How many bytes of trees are kept: the folders on the way to some thousand files.
const KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Trees by their names, as git stores them. An object never changes: what was read once is so.
#[derive(Default)]
pub struct KeptTrees {
    trees: HashMap<Oid, Arc<[u8]>>,
    bytes: usize,
}

impl KeptTrees {
    pub fn get(&self, oid: &Oid) -> Option<Arc<[u8]>> {
        self.trees.get(oid).cloned()
    }

    /// Keeps a tree. Where there would be too many, all others are forgotten: which is needed next is not known.
    pub fn keep(&mut self, oid: &Oid, bytes: &Arc<[u8]>) {
        if bytes.len() > KEPT_BYTES_MAX {
            return;
        }
        if self.bytes + bytes.len() > KEPT_BYTES_MAX {
            self.trees.clear();
            self.bytes = 0;
        }
        if self.trees.insert(oid.clone(), Arc::clone(bytes)).is_none() {
            self.bytes += bytes.len();
        }
    }
}

/// A line of a tree, as git stores it: `<mode> SP <name> NUL <raw oid>`.
pub struct TreeLine<'a> {
    mode: &'a [u8],
    pub name: &'a BStr,
    raw: &'a [u8],
}

/// The lines of a tree, in git's order; `None` as the last one where it is damaged there. The tree's own name says
/// how wide names are.
pub fn lines<'a>(tree: &'a [u8], oid: &Oid) -> impl Iterator<Item = Option<TreeLine<'a>>> {
    let width = oid.as_str().len() / 2;
    let mut rest = Some(tree);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        let line = first(bytes, width);
        rest = line.as_ref().map(|(_, rest)| *rest);
        Some(line.map(|(line, _)| line))
    })
}

fn first(bytes: &[u8], width: usize) -> Option<(TreeLine<'_>, &[u8])> {
    let space = bytes.find_byte(b' ')?;
    let nul = bytes.find_byte(0)?;
    let (mode, name) = (bytes.get(..space)?, bytes.get(space + 1..nul)?.as_bstr());
    let (raw, rest) = bytes[nul + 1..].split_at_checked(width)?;
    Some((TreeLine { mode, name, raw }, rest))
}

/// All lines of a tree, in git's order; `None` where it is damaged.
pub fn parse(tree: &[u8], oid: &Oid) -> Option<Vec<TreeItem>> {
    lines(tree, oid).map(|line| item_of(&line?)).collect()
}

/// What a line says.
pub fn item_of(line: &TreeLine<'_>) -> Option<TreeItem> {
    let (name, oid) = (BString::from(line.name), Oid::from_raw(line.raw)?);
    Some(match line.mode {
        b"40000" | b"040000" => TreeItem::Tree { name, oid },
        mode => TreeItem::File { name, entry: TreeEntry { oid, mode: parse_mode(mode) } },
    })
}

/// Odd modes of old tools (`100664`) are ordinary files.
fn parse_mode(mode: &[u8]) -> FileMode {
    match mode {
        b"120000" => FileMode::Symlink,
        b"160000" => FileMode::Submodule,
        b"100755" => FileMode::Executable,
        _ => FileMode::File,
    }
}
