//! Objects, read through libgit2 where it knows the repository's format, else through
//! `git cat-file`.

#[cfg(test)]
mod tests;
mod trees;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, BString, ByteSlice};

pub use crate::platform::git::read_object::ObjectKind;

use crate::domain::model::change::{FileMode, TreeEntry};
use crate::domain::model::error::hinted;
use crate::domain::model::limits::{OBJECT_BYTES_MAX, TAGS_MAX};
use crate::domain::model::objects::{Content, ReadObjects, TreeItem, TreeNotHere};
use crate::domain::model::oid::Oid;
use crate::platform::git::cat_file::CatFile;
use crate::platform::git::library::Library;
use crate::platform::git::object::trees::{KeptTrees, item_of, lines, parse};
use crate::platform::git::read_object::ReadObject;

/// The object database of one repository. Trees that were read are kept, up to a bound: they are walked again for
/// each path.
pub struct Objects {
    source: ObjectSource,
    trees: RefCell<KeptTrees>,
}

/// What reads objects.
enum ObjectSource {
    Library(Box<Library>),
    /// For what libgit2 cannot open: SHA-256, reftable.
    Command(Box<RefCell<CatFile>>),
}

/// The parts of a commit that are checked.
#[derive(Clone, Debug)]
pub struct Commit {
    pub oid: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970 by the committer's clock, which nobody checks.
    /// `None` where the commit does not say.
    pub committed: Option<i64>,
    /// The header's lines but for the tree and the parents: who wrote it, signatures, anything else.
    pub headers: BString,
    pub message: BString,
}

/// The parts of an annotated tag that are checked.
#[derive(Clone, Debug)]
pub struct Tag {
    pub target: Oid,
    /// The header's lines but for the first, which names the target.
    pub headers: BString,
    pub message: BString,
}

impl Objects {
    fn new(source: ObjectSource) -> Self {
        Self { source, trees: RefCell::default() }
    }

    /// The object database of a repository that libgit2 opened.
    pub fn of_library(library: Box<Library>) -> Self {
        Self::new(ObjectSource::Library(library))
    }

    /// The repository, where libgit2 can open it.
    pub fn library(&self) -> Option<&Library> {
        match &self.source {
            ObjectSource::Library(library) => Some(library),
            ObjectSource::Command(_) => None,
        }
    }

    /// Opens the object database through `git cat-file`, for repositories that libgit2
    /// cannot open. The variables say where a push that was not accepted yet has its objects.
    pub fn through_command(
        git_dir: &Path,
        common_dir: &Path,
        vars: &[(&'static str, OsString)],
    ) -> Result<Self> {
        let cat_file = CatFile::start(git_dir, common_dir, vars)?;
        Ok(Self::new(ObjectSource::Command(Box::new(RefCell::new(cat_file)))))
    }

    /// Opens the object database of a repository that libgit2 can open, by its git directory.
    pub fn open(git_dir: &Path) -> Result<Self> {
        Ok(Self::of_library(Box::new(Library::new(git2::Repository::open(git_dir)?, &[]))))
    }

    /// The same database once more, with these variables of a hook.
    pub fn again(
        &self,
        git_dir: &Path,
        common_dir: &Path,
        vars: &[(&'static str, OsString)],
    ) -> Result<Self> {
        match self.source {
            ObjectSource::Library(_) => {
                let opened = git2::Repository::open(git_dir)?;
                Ok(Self::of_library(Box::new(Library::new(opened, vars))))
            }
            ObjectSource::Command(_) => Self::through_command(git_dir, common_dir, vars),
        }
    }

    /// Reads a commit, a tree or a tag whole; `None` where it is not in this repository. One that is
    /// larger than [`OBJECT_BYTES_MAX`] is an error.
    fn read(&self, oid: &Oid) -> Result<Option<(ObjectKind, Vec<u8>)>> {
        match self.read_up_to(oid, OBJECT_BYTES_MAX)? {
            Some(ReadObject::Whole(kind, bytes)) => Ok(Some((kind, bytes))),
            Some(ReadObject::TooLarge(_, size)) => {
                bail!("object {oid} has {size} bytes, and no more than {OBJECT_BYTES_MAX} are read")
            }
            None => Ok(None),
        }
    }

    fn read_up_to(&self, oid: &Oid, most: u64) -> Result<Option<ReadObject>> {
        let read = match &self.source {
            ObjectSource::Library(library) => library.read(oid, most),
            ObjectSource::Command(cat_file) => cat_file.borrow_mut().read(oid, most),
        };
        read.map_err(|error| unreadable(oid, &error))
    }

    /// The kind and the size in bytes, without reading the content where that can be avoided.
    pub fn header(&self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        let header = match &self.source {
            ObjectSource::Library(library) => library.header(oid),
            ObjectSource::Command(cat_file) => cat_file.borrow_mut().header(oid),
        };
        header.map_err(|error| unreadable(oid, &error))
    }

    /// The content of a blob of up to `most` bytes. Its size is looked at before it is read.
    pub fn content(&self, oid: &Oid, most: u64) -> Result<Content> {
        Ok(match self.read_up_to(oid, most)? {
            Some(ReadObject::Whole(ObjectKind::Blob, bytes)) => Content::Whole(bytes),
            Some(ReadObject::TooLarge(ObjectKind::Blob, size)) => Content::TooLarge(size),
            Some(_) => bail!("object {oid} is not a file"),
            None => Content::Missing,
        })
    }

    /// The content of a blob, as [`ReadObjects::blob`].
    pub fn blob(&self, oid: &Oid) -> Result<Option<Vec<u8>>> {
        ReadObjects::blob(self, oid)
    }

    /// The lines of a tree, in git's order.
    pub fn tree(&self, oid: &Oid) -> Result<Vec<TreeItem>> {
        parse(&self.tree_bytes(oid)?, oid).with_context(|| damaged_tree(oid))
    }

    /// A tree as git stores it.
    fn tree_bytes(&self, oid: &Oid) -> Result<Arc<[u8]>> {
        if let Some(kept) = self.trees.borrow().get(oid) {
            return Ok(kept);
        }
        match self.read(oid)? {
            Some((ObjectKind::Tree, bytes)) => {
                let bytes: Arc<[u8]> = bytes.into();
                self.trees.borrow_mut().keep(oid, &bytes);
                Ok(bytes)
            }
            Some(_) => bail!("object {oid} is not a tree"),
            None => Err(TreeNotHere(oid.clone()).into()),
        }
    }

    /// What a tree has by that name, not looking into what is below it.
    fn named(&self, tree: &Oid, name: &BStr) -> Result<Option<TreeItem>> {
        let bytes = self.tree_bytes(tree)?;
        for line in lines(&bytes, tree) {
            let line = line.with_context(|| damaged_tree(tree))?;
            if line.name == name {
                return item_of(&line).with_context(|| damaged_tree(tree)).map(Some);
            }
        }
        Ok(None)
    }

    /// The commit that an object is or, through annotated tags, points to; `None` where that is none.
    pub fn peel(&self, oid: &Oid) -> Result<Option<Oid>> {
        let mut at = oid.clone();
        for _ in 0..TAGS_MAX {
            match self.header(&at)? {
                Some((ObjectKind::Commit, _)) => return Ok(Some(at)),
                Some((ObjectKind::Tag, _)) => match self.tag(&at)? {
                    Some(tag) => at = tag.target,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The parts of a commit that are checked; `None` where it is not in this repository.
    pub fn commit(&self, oid: &Oid) -> Result<Option<Commit>> {
        match self.read(oid)? {
            Some((ObjectKind::Commit, bytes)) => parse_commit(oid, &bytes)
                .with_context(|| format!("commit {oid} is damaged"))
                .map(Some),
            Some(_) => bail!("object {oid} is not a commit"),
            None => Ok(None),
        }
    }

    /// The parts of an annotated tag that are checked; `None` where it is not in this repository.
    pub fn tag(&self, oid: &Oid) -> Result<Option<Tag>> {
        match self.read(oid)? {
            Some((ObjectKind::Tag, bytes)) => {
                parse_tag(&bytes).with_context(|| format!("tag {oid} is damaged")).map(Some)
            }
            Some(_) => bail!("object {oid} is not a tag"),
            None => Ok(None),
        }
    }

    /// The file at `path` in a tree.
    pub fn entry(&self, tree: &Oid, path: &BStr) -> Result<Option<TreeEntry>> {
        let mut at = tree.clone();
        let mut names = path.split_str("/").peekable();
        while let Some(name) = names.next() {
            match (self.named(&at, name.as_bstr())?, names.peek()) {
                (Some(TreeItem::Tree { oid, .. }), Some(_)) => at = oid,
                (Some(TreeItem::File { entry, .. }), None) => return Ok(Some(entry)),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Whether a tree has a file or a folder at `path`; the empty path is the tree itself.
    pub fn has(&self, tree: &Oid, path: &BStr) -> Result<bool> {
        let mut at = Some(tree.clone());
        for name in path.split_str("/").filter(|name| !name.is_empty()) {
            let Some(folder) = at else { return Ok(false) };
            at = match self.named(&folder, name.as_bstr())? {
                Some(TreeItem::Tree { oid, .. }) => Some(oid),
                Some(TreeItem::File { .. }) => None,
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// Whether a tree has a file or a folder whose path is `path`, whatever the case of its letters.
    pub fn has_in_any_case(&self, tree: &Oid, path: &BStr) -> Result<bool> {
        let (name, rest) = path.split_once_str("/").unwrap_or((path, b""));
        for item in self.tree(tree)?.iter().filter(|item| item.name().eq_ignore_ascii_case(name)) {
            match item {
                TreeItem::Tree { oid, .. } if !rest.is_empty() => {
                    if self.has_in_any_case(oid, BStr::new(rest))? {
                        return Ok(true);
                    }
                }
                TreeItem::File { .. } if !rest.is_empty() => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    /// The content of the file at `path` in a tree, where it has up to `most` bytes; `None` where there
    /// is no such file.
    pub fn file_up_to(&self, tree: &Oid, path: &BStr, most: u64) -> Result<Option<Content>> {
        match self.entry(tree, path)? {
            Some(entry) if entry.mode != FileMode::Submodule => {
                self.content(&entry.oid, most).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The content of the file at `path` in a tree; `None` where there is no such file.
    pub fn file(&self, tree: &Oid, path: &BStr) -> Result<Option<Vec<u8>>> {
        match self.entry(tree, path)? {
            Some(entry) if entry.mode != FileMode::Submodule => {
                self.blob(&entry.oid).with_context(|| format!("could not read `{path}`"))
            }
            _ => Ok(None),
        }
    }
}

impl ReadObjects for Objects {
    fn size(&self, oid: &Oid) -> Result<Option<u64>> {
        Ok(self.header(oid)?.map(|(_, size)| size))
    }

    fn content(&self, oid: &Oid, most: u64) -> Result<Content> {
        Self::content(self, oid, most)
    }

    fn tree(&self, oid: &Oid) -> Result<Vec<TreeItem>> {
        Self::tree(self, oid)
    }
}

/// Says which object could not be read. Whether it is this one alone, git can tell.
fn unreadable(oid: &Oid, error: &anyhow::Error) -> anyhow::Error {
    hinted(
        format!("could not read object {oid}: {error:#}"),
        "`git fsck` names every damaged object; a copy of the repository may still have them",
    )
}

fn damaged_tree(oid: &Oid) -> String {
    format!("tree {oid} is damaged")
}

fn parse_commit(oid: &Oid, bytes: &[u8]) -> Option<Commit> {
    let (headers, message) = split_headers(bytes);
    let mut tree = None;
    let mut parents = Vec::new();
    let mut committed = None;
    let mut rest = BString::default();
    for line in ByteSlice::lines(headers) {
        if let Some(name) = line.strip_prefix(b"tree ") {
            tree = Some(Oid::parse(name.to_str().ok()?).ok()?);
        } else if let Some(name) = line.strip_prefix(b"parent ") {
            parents.push(Oid::parse(name.to_str().ok()?).ok()?);
        } else {
            if let Some(person) = line.strip_prefix(b"committer ") {
                committed = committed.or_else(|| seconds(person));
            }
            rest.extend_from_slice(line);
            rest.push(b'\n');
        }
    }
    let (tree, message) = (tree?, message.into());
    Some(Commit { oid: oid.clone(), tree, parents, committed, headers: rest, message })
}

/// The seconds of a line such as `A <a@example.invalid> 1767225600 +0100`.
fn seconds(person: &[u8]) -> Option<i64> {
    let (_, rest) = person.rsplit_once_str(">")?;
    rest.trim_start().split_str(" ").next()?.to_str().ok()?.parse().ok()
}

fn parse_tag(bytes: &[u8]) -> Option<Tag> {
    let (headers, message) = split_headers(bytes);
    let target = ByteSlice::lines(headers).find_map(|line| line.strip_prefix(b"object "))?;
    let target = Oid::parse(target.to_str().ok()?).ok()?;
    let rest = headers.split_once_str("\n").map_or(&b""[..], |(_, rest)| rest);
    Some(Tag { target, headers: rest.into(), message: message.into() })
}

fn split_headers(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.find(b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, b""),
    }
}
