//! Objects, read through libgit2 where it knows the repository's format, else through
//! `git cat-file`.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, BString, ByteSlice};

pub use crate::platform::git::cat_file::ObjectKind;

use crate::domain::model::change::{FileMode, TreeEntry};
use crate::domain::model::objects::{Content, ReadObjects, TreeItem};
use crate::domain::model::oid::Oid;
use crate::platform::git::cat_file::CatFile;
use crate::platform::git::loose;

/// The object database of one repository.
pub enum Objects {
    Library(git2::Repository),
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
    /// Opens the object database through `git cat-file`, for repositories that libgit2
    /// cannot open. The variables say where a push that was not accepted yet has its objects.
    pub fn through_command(git_dir: &Path, vars: &[(&str, OsString)]) -> Result<Self> {
        Ok(Self::Command(Box::new(RefCell::new(CatFile::start(git_dir, vars)?))))
    }

    /// Opens the object database of a repository that libgit2 can open, by its git directory.
    pub fn open(git_dir: &Path) -> Result<Self> {
        Ok(Self::Library(git2::Repository::open(git_dir)?))
    }

    /// Reads an object whole; `None` where it is not in this repository.
    pub fn read(&self, oid: &Oid) -> Result<Option<(ObjectKind, Vec<u8>)>> {
        match self {
            Self::Library(repository) => {
                let odb = repository.odb()?;
                let name = git2::Oid::from_str(oid.as_str())?;
                match odb.read(name) {
                    Ok(object) => Ok(Some((kind_of(object.kind())?, object.data().to_vec()))),
                    Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                    Err(error) => {
                        Err(error).with_context(|| format!("could not read object {oid}"))
                    }
                }
            }
            Self::Command(cat_file) => cat_file.borrow_mut().read(oid),
        }
    }

    /// The kind and the size in bytes, without reading the content where that can be avoided.
    pub fn header(&self, oid: &Oid) -> Result<Option<(ObjectKind, u64)>> {
        match self {
            Self::Library(repository) => {
                let odb = repository.odb()?;
                let name = git2::Oid::from_str(oid.as_str())?;
                match odb.read_header(name) {
                    Ok((size, kind)) => Ok(Some((kind_of(kind)?, size as u64))),
                    Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                    Err(error) => {
                        Err(error).with_context(|| format!("could not read object {oid}"))
                    }
                }
            }
            Self::Command(cat_file) => cat_file.borrow_mut().header(oid),
        }
    }

    /// The content of a blob of up to `most` bytes. Its size is looked at before it is read.
    pub fn content(&self, oid: &Oid, most: u64) -> Result<Content> {
        if let Self::Library(repository) = self
            && let Some(content) = loose::read(&repository.commondir().join("objects"), oid, most)
        {
            return Ok(content);
        }
        match self.header(oid)? {
            Some((ObjectKind::Blob, size)) if size > most => Ok(Content::TooLarge(size)),
            Some((ObjectKind::Blob, _)) => {
                Ok(self.read(oid)?.map_or(Content::Missing, |(_, bytes)| Content::Whole(bytes)))
            }
            Some(_) => bail!("object {oid} is not a file"),
            None => Ok(Content::Missing),
        }
    }

    /// The content of a blob, as [`ReadObjects::blob`].
    pub fn blob(&self, oid: &Oid) -> Result<Option<Vec<u8>>> {
        ReadObjects::blob(self, oid)
    }

    /// The lines of a tree, in git's order.
    pub fn tree(&self, oid: &Oid) -> Result<Vec<TreeItem>> {
        match self.read(oid)? {
            Some((ObjectKind::Tree, bytes)) => parse_tree(&bytes, oid.as_str().len() / 2)
                .with_context(|| format!("tree {oid} is damaged")),
            Some(_) => bail!("object {oid} is not a tree"),
            None => bail!("tree {oid} is not in this repository"),
        }
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
            let item = self.tree(&at)?.into_iter().find(|item| item.name() == name.as_bstr());
            match (item, names.peek()) {
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
            let item = self.tree(&folder)?.into_iter().find(|item| item.name() == name.as_bstr());
            at = match item {
                Some(TreeItem::Tree { oid, .. }) => Some(oid),
                Some(TreeItem::File { .. }) => None,
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// Every Markdown file below a folder of a tree, with its content; none where there is no such
    /// folder. Links and submodules are left out.
    pub fn files_below(&self, tree: &Oid, folder: &BStr) -> Result<Vec<(BString, Vec<u8>)>> {
        let top = self.tree(tree)?.into_iter().find_map(|item| match item {
            TreeItem::Tree { name, oid } if name == folder => Some(oid),
            _ => None,
        });
        let mut found = Vec::new();
        let mut open: Vec<_> = top.map(|oid| (folder.to_owned(), oid)).into_iter().collect();
        while let Some((path, oid)) = open.pop() {
            for item in self.tree(&oid)? {
                let below = BString::from([path.as_slice(), b"/", item.name()].concat());
                match item {
                    TreeItem::Tree { oid, .. } => open.push((below, oid)),
                    TreeItem::File { entry, .. }
                        if matches!(entry.mode, FileMode::File | FileMode::Executable)
                            && below.ends_with(b".md") =>
                    {
                        let content = self.blob(&entry.oid);
                        let content = content.with_context(|| format!("could not read `{below}`"));
                        found.push((below, content?.unwrap_or_default()));
                    }
                    TreeItem::File { .. } => {}
                }
            }
        }
        found.sort();
        Ok(found)
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

fn kind_of(kind: git2::ObjectType) -> Result<ObjectKind> {
    Ok(match kind {
        git2::ObjectType::Commit => ObjectKind::Commit,
        git2::ObjectType::Tree => ObjectKind::Tree,
        git2::ObjectType::Blob => ObjectKind::Blob,
        git2::ObjectType::Tag => ObjectKind::Tag,
        git2::ObjectType::Any => bail!("an object of no kind"),
    })
}

/// `<mode> SP <name> NUL <raw oid>`, again and again.
fn parse_tree(mut bytes: &[u8], oid_len: usize) -> Option<Vec<TreeItem>> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.find_byte(b' ')?;
        let nul = bytes.find_byte(0)?;
        let mode = bytes.get(..space)?;
        let name = BString::from(bytes.get(space + 1..nul)?);
        let raw = bytes.get(nul + 1..nul + 1 + oid_len)?;
        let oid = Oid::from_raw(raw)?;
        bytes = &bytes[nul + 1 + oid_len..];
        items.push(match mode {
            b"40000" | b"040000" => TreeItem::Tree { name, oid },
            _ => TreeItem::File { name, entry: TreeEntry { oid, mode: parse_mode(mode) } },
        });
    }
    Some(items)
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
