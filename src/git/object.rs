//! Objects, read through libgit2 where it knows the repository's format, else through
//! `git cat-file --batch`.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::ChildStdout;

use anyhow::{Context as _, Result, bail};
use bstr::{BStr, BString, ByteSlice};

use crate::git::command::git;
use crate::model::change::{Entry, Mode};
use crate::model::oid::Oid;
use crate::process::Conversation;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// The object database of one repository.
pub enum Objects {
    Library(git2::Repository),
    /// For what libgit2 cannot open: SHA-256, reftable.
    Command(RefCell<CatFile>),
}

/// The parts of a commit that are judged.
#[derive(Clone, Debug)]
pub struct Commit {
    pub oid: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub message: BString,
}

/// The parts of an annotated tag that are judged.
#[derive(Clone, Debug)]
pub struct Tag {
    pub target: Oid,
    pub message: BString,
}

/// One line of a tree: a file, or a tree below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeItem {
    Tree { name: BString, oid: Oid },
    File { name: BString, entry: Entry },
}

impl TreeItem {
    pub fn name(&self) -> &BStr {
        match self {
            Self::Tree { name, .. } | Self::File { name, .. } => name.as_bstr(),
        }
    }
}

impl Objects {
    /// Opens the object database through `git cat-file --batch`, for repositories that libgit2
    /// cannot open. The variables tell where a push that was not accepted yet has its objects.
    pub fn through_command(git_dir: &Path, vars: &[(&str, OsString)]) -> Result<Self> {
        Ok(Self::Command(RefCell::new(CatFile::start(git_dir, vars)?)))
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
            Self::Command(_) => Ok(self.read(oid)?.map(|(kind, bytes)| (kind, bytes.len() as u64))),
        }
    }

    /// The content of a blob; `None` where it is not in this repository.
    pub fn blob(&self, oid: &Oid) -> Result<Option<Vec<u8>>> {
        match self.read(oid)? {
            Some((ObjectKind::Blob, bytes)) => Ok(Some(bytes)),
            Some(_) => bail!("object {oid} is not a file"),
            None => Ok(None),
        }
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

    /// A commit's judged parts; `None` where it is not in this repository.
    pub fn commit(&self, oid: &Oid) -> Result<Option<Commit>> {
        match self.read(oid)? {
            Some((ObjectKind::Commit, bytes)) => parse_commit(oid, &bytes)
                .with_context(|| format!("commit {oid} is damaged"))
                .map(Some),
            Some(_) => bail!("object {oid} is not a commit"),
            None => Ok(None),
        }
    }

    /// An annotated tag's judged parts; `None` where it is not in this repository.
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
    pub fn entry(&self, tree: &Oid, path: &BStr) -> Result<Option<Entry>> {
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

    /// Every file below a folder of a tree, with its content; none where there is no such folder.
    /// Links and submodules are left out.
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
                        if matches!(entry.mode, Mode::File | Mode::Executable) =>
                    {
                        found.push((below, self.blob(&entry.oid)?.unwrap_or_default()));
                    }
                    TreeItem::File { .. } => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The content of the file at `path` in a tree; `None` where there is no such file.
    pub fn file(&self, tree: &Oid, path: &BStr) -> Result<Option<Vec<u8>>> {
        match self.entry(tree, path)? {
            Some(entry) if entry.mode != Mode::Submodule => self.blob(&entry.oid),
            _ => Ok(None),
        }
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
            _ => TreeItem::File { name, entry: Entry { oid, mode: parse_mode(mode) } },
        });
    }
    Some(items)
}

/// Odd modes of old tools (`100664`) are ordinary files.
fn parse_mode(mode: &[u8]) -> Mode {
    match mode {
        b"120000" => Mode::Symlink,
        b"160000" => Mode::Submodule,
        b"100755" => Mode::Executable,
        _ => Mode::File,
    }
}

fn parse_commit(oid: &Oid, bytes: &[u8]) -> Option<Commit> {
    let (headers, message) = split_headers(bytes);
    let mut tree = None;
    let mut parents = Vec::new();
    for line in ByteSlice::lines(headers) {
        if let Some(name) = line.strip_prefix(b"tree ") {
            tree = Some(Oid::parse(name.to_str().ok()?).ok()?);
        } else if let Some(name) = line.strip_prefix(b"parent ") {
            parents.push(Oid::parse(name.to_str().ok()?).ok()?);
        }
    }
    Some(Commit { oid: oid.clone(), tree: tree?, parents, message: message.into() })
}

fn parse_tag(bytes: &[u8]) -> Option<Tag> {
    let (headers, message) = split_headers(bytes);
    let target = ByteSlice::lines(headers).find_map(|line| line.strip_prefix(b"object "))?;
    Some(Tag { target: Oid::parse(target.to_str().ok()?).ok()?, message: message.into() })
}

fn split_headers(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.find(b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, b""),
    }
}

/// A running `git cat-file --batch`.
pub struct CatFile {
    talk: Conversation,
    answers: BufReader<ChildStdout>,
}

impl CatFile {
    fn start(git_dir: &Path, vars: &[(&str, OsString)]) -> Result<Self> {
        let mut command = git(git_dir).arg("--git-dir").arg(git_dir);
        for (name, value) in vars {
            command = command.env(name, value);
        }
        let mut talk = command.args(["cat-file", "--batch"]).converse()?;
        let answers = talk.take_stdout().context("git cat-file has no output")?;
        Ok(Self { talk, answers: BufReader::new(answers) })
    }

    fn read(&mut self, oid: &Oid) -> Result<Option<(ObjectKind, Vec<u8>)>> {
        writeln!(self.talk.stdin, "{oid}").context("git cat-file ended early")?;
        self.talk.stdin.flush()?;
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        let mut words = header.split_whitespace().skip(1);
        let kind = match words.next() {
            Some("commit") => ObjectKind::Commit,
            Some("tree") => ObjectKind::Tree,
            Some("blob") => ObjectKind::Blob,
            Some("tag") => ObjectKind::Tag,
            Some("missing") => return Ok(None),
            _ => bail!("git cat-file answered `{}`", header.trim_end()),
        };
        let size: usize = words.next().and_then(|w| w.parse().ok()).context("no size")?;
        let mut content = vec![0; size + 1];
        self.answers.read_exact(&mut content).context("git cat-file ended early")?;
        content.pop();
        Ok(Some((kind, content)))
    }
}
