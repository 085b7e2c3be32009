//! The folder that a reviewer may read: copies of the files of the reviewed tree, without secrets,
//! without links, and without files that an agent would read as its own instructions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};
use rustix::fs::FileType;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{FileChange, FileChangeKind, FileMode};
use crate::domain::model::encoding::decode;
use crate::domain::model::oid::Oid;
use crate::flow::workspace::checkout;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::folder::Folder;

/// The most that is copied, in bytes: what the change touches comes first, then what is near it.
const BYTES_MAX: u64 = 1024 * 1024;

/// The most files that are copied.
const FILES_MAX: usize = 400;

/// The largest file that is copied, in bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024;

/// Names that agents read as instructions or settings, wherever they stand.
const INSTRUCTIONS: [&str; 15] = [
    ".git",
    ".claude",
    ".claude.json",
    ".codex",
    ".agents",
    ".mcp.json",
    ".gemini",
    ".cursor",
    ".opencode",
    ".aider.conf.yml",
    "claude.md",
    "claude.local.md",
    "agents.md",
    "agents.override.md",
    "gemini.md",
];

/// What the names of these folders begin with.
pub const PREFIX: &str = "room-";

/// The folder of a run.
pub fn folder(repo: &Repo, run: &str) -> PathBuf {
    checkout::root(repo).join(format!("{PREFIX}{run}"))
}

/// The folder of one call of a run, for an agent that is not kept from writing there.
pub fn folder_of_call(repo: &Repo, run: &str, key: &str) -> PathBuf {
    checkout::root(repo).join(format!("{PREFIX}{run}{OF_CALL}{key}"))
}

/// The run that a folder of that name is of; `None` where it is no reading copy.
pub fn run_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(PREFIX)?;
    Some(rest.split(OF_CALL).next().unwrap_or(rest))
}

/// What stands between the run and the call in the name of a folder; no run's id has it.
const OF_CALL: char = '.';

/// Removes the folders of a run; what cannot be removed holds no secret.
pub fn remove(repo: &Repo, run: &str) {
    let folders = file::entries(&checkout::root(repo)).into_iter().flatten().flatten();
    for folder in folders {
        let name = folder.file_name();
        if name.to_str().and_then(run_of) == Some(run) {
            drop(fs::remove_dir_all(folder.path()));
        }
    }
}

/// Files that could not be copied, with the reason.
pub type NotCopied = Vec<(BString, String)>;

/// The files of a tree as its reviewers may see them: several folders are filled at the cost of one reading.
pub struct ShownFiles {
    files: Vec<ShownFile>,
    not_read: NotCopied,
}

#[derive(Clone)]
struct ShownFile {
    /// As the tree has it.
    name: BString,
    oid: Oid,
    /// Before it was masked, in bytes.
    size: u64,
    /// Its place in a folder.
    place: PathBuf,
    masked: Rc<[u8]>,
}

impl ShownFiles {
    /// Reads the files of a tree, those near to the touched ones first. What was read of another tree and
    /// is the same is not read again.
    pub fn read(
        repo: &Repo,
        tree: &Oid,
        touched: &[FileChange],
        known: Option<&Self>,
    ) -> Result<Self> {
        let known = known.into_iter().flat_map(|known| &known.files);
        let known: HashMap<&BString, &ShownFile> = known.map(|file| (&file.name, file)).collect();
        let mut files = diff::trees(&repo.objects, None, Some(tree))?;
        let near = |file: &FileChange| {
            touched.iter().map(|other| distance(file.path.as_bstr(), other.path.as_bstr())).min()
        };
        files.sort_by_cached_key(|file| (near(file), file.path.clone()));
        let (mut left, mut shown) =
            (BYTES_MAX, Self { files: Vec::new(), not_read: NotCopied::new() });
        for file in files.iter().take(FILES_MAX) {
            let is_same = |known: &ShownFile| {
                let entry = file.new.as_ref().filter(|entry| is_shown(entry.mode));
                entry.is_some_and(|entry| entry.oid == known.oid)
            };
            if let Some(same) = known.get(&file.path)
                && is_same(same)
                && let Some(rest) = left.checked_sub(same.size)
            {
                left = rest;
                shown.files.push((*same).clone());
                continue;
            }
            match read(repo, file, &mut left) {
                Ok(read) => shown.files.extend(read),
                Err(error) => shown.not_read.push(not_copied(&file.path, &error)),
            }
        }
        Ok(shown)
    }

    /// Fills a folder with them; what was there is gone.
    pub fn write(&self, folder: &Path) -> Result<NotCopied> {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not empty `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
        let mut not_written = self.not_read.clone();
        for file in &self.files {
            not_written.extend(file.write(folder)?);
        }
        Ok(not_written)
    }
}

/// The texts in a filled folder by their paths, in the order of these; what cannot be read is not there.
pub fn files(folder: &Path) -> Vec<(String, String)> {
    let Ok(opened) = Folder::open(folder) else { return Vec::new() };
    let (mut files, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(path) = open.pop() {
        for (name, kind) in opened.list(&path).unwrap_or_default() {
            let inside = path.join(name);
            match kind {
                FileType::Directory => open.push(inside),
                _ => files.push(inside),
            }
        }
    }
    files.sort();
    let read = |path: PathBuf| {
        let text = String::from_utf8(opened.read_start(&path, FILE_BYTES_MAX).ok()?).ok()?;
        Some((path.to_str()?.to_owned(), text))
    };
    files.into_iter().take(FILES_MAX).filter_map(read).collect()
}

/// Brings a filled folder from one tree to another: what differs is what is reviewed.
pub fn update(repo: &Repo, from: &Oid, to: &Oid, folder: &Path) -> Result<NotCopied> {
    let (mut left, mut unshown) = (BYTES_MAX, NotCopied::new());
    for file in diff::trees(&repo.objects, Some(from), Some(to))? {
        let before = match &file.kind {
            FileChangeKind::Renamed { from } => from,
            FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => {
                &file.path
            }
        };
        if let Some(path) = place(redact::mask_path(before).as_bstr()) {
            file::remove_if_there(&folder.join(&path))
                .with_context(|| format!("could not remove `{}`", path.display()))?;
        }
        unshown.extend(match read(repo, &file, &mut left) {
            Ok(Some(shown)) => shown.write(folder)?,
            Ok(None) => None,
            Err(error) => Some(not_copied(&file.path, &error)),
        });
    }
    Ok(unshown)
}

impl ShownFile {
    /// Writes the file; gives it with the reason where that is not possible. Only what would keep every
    /// other file from being written too is an error.
    fn write(&self, folder: &Path) -> Result<Option<(BString, String)>> {
        let Err(error) = write_file(&folder.join(&self.place), &self.masked) else {
            return Ok(None);
        };
        let kind = error.kind();
        let error = anyhow::Error::from(error);
        match kind {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem => {
                Err(error.context(format!("could not fill `{}`", folder.display())))
            }
            _ => Ok(Some(not_copied(&self.name, &error))),
        }
    }
}

fn not_copied(name: &BString, error: &anyhow::Error) -> (BString, String) {
    (name.clone(), format!("could not be copied for the reviewers: {error:#}"))
}

fn is_shown(mode: FileMode) -> bool {
    matches!(mode, FileMode::File | FileMode::Executable)
}

/// Reads a file, where it may be shown and there is room left for it, in bytes.
fn read(repo: &Repo, file: &FileChange, left: &mut u64) -> Result<Option<ShownFile>> {
    let Some(entry) = file.new.as_ref() else { return Ok(None) };
    let name = redact::mask_path(&file.path);
    let Some(place) = place(name.as_bstr()) else { return Ok(None) };
    if !is_shown(entry.mode) {
        return Ok(None);
    }
    let Some((_, size)) = repo.objects.header(&entry.oid)? else { return Ok(None) };
    if size > FILE_BYTES_MAX || size > *left {
        return Ok(None);
    }
    let Some(content) = repo.objects.blob(&entry.oid)? else { return Ok(None) };
    *left -= size;
    let text = decode(&content).map_or(Cow::Borrowed(content.as_slice()), |text| text.utf8);
    let masked = Rc::from(redact::mask_lines(&text, &file.path).as_slice());
    Ok(Some(ShownFile { name: file.path.clone(), oid: entry.oid.clone(), size, place, masked }))
}

#[expect(clippy::disallowed_methods, reason = "a temporary copy needs no atomic write")]
fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

/// Where a file of a tree may stand in the folder; `None` where it may not.
fn place(path: &BStr) -> Option<PathBuf> {
    let text = path.to_str().ok().filter(|text| !text.chars().any(char::is_control))?;
    let fits = |part: Component<'_>| match part {
        Component::Normal(name) => {
            let name = name.to_string_lossy().to_lowercase();
            !INSTRUCTIONS.contains(&name.as_str())
        }
        _ => false,
    };
    let path = Path::new(text);
    path.components().all(fits).then(|| path.to_owned())
}

/// How many folders lie between two files.
fn distance(one: &BStr, other: &BStr) -> usize {
    if one == other {
        return 0;
    }
    let (one, other): (Vec<&[u8]>, Vec<&[u8]>) =
        (one.split_str("/").collect(), other.split_str("/").collect());
    let shared = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    one.len() + other.len() - 2 * shared
}
