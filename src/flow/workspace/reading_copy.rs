//! The folder that a reviewer may read: copies of the files of the reviewed tree, without secrets,
//! without links, and without files that an agent would read as its own instructions.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::encoding::decode;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::flow::workspace::checkout;
use crate::flow::workspace::nearest::Nearest;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

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
    removal(repo, run)();
}

/// What does the same, on whichever thread.
pub fn removal(repo: &Repo, run: &str) -> impl FnOnce() + Send + use<> {
    let (root, run) = (checkout::root(repo), run.to_owned());
    move || {
        for folder in file::entries(&root).into_iter().flatten().flatten() {
            let name = folder.file_name();
            if name.to_str().and_then(run_of) == Some(&run) {
                drop(fs::remove_dir_all(folder.path()));
            }
        }
    }
}

/// Files that could not be copied, with the reason.
pub type NotCopied = Vec<(BString, String)>;

/// The files of a tree as its reviewers may see them: several folders are filled at the cost of one reading.
#[derive(Clone)]
pub struct ShownFiles {
    files: Vec<ShownFile>,
    not_read: NotCopied,
}

#[derive(Clone)]
struct ShownFile {
    /// As the tree has it.
    name: BString,
    /// Its place in a folder.
    place: PathBuf,
    masked: Arc<[u8]>,
}

impl ShownFiles {
    /// Reads the files of a tree, those near to the touched ones first.
    pub fn read(repo: &Repo, tree: &Oid, touched: &[FileChange]) -> Result<Self> {
        let (mut left, mut shown) =
            (BYTES_MAX, Self { files: Vec::new(), not_read: NotCopied::new() });
        let mut nearest = Nearest::begin(&repo.objects, tree, touched);
        for _ in 0..FILES_MAX {
            let Some((path, entry)) = nearest.next()? else { break };
            match read(repo, &path, Some(&entry), &mut left) {
                Ok(read) => shown.files.extend(read),
                Err(error) => shown.not_read.push(not_copied(&path, &error)),
            }
        }
        Ok(shown)
    }

    /// Fills a folder with them; what was there is gone.
    pub fn write(&self, folder: &Path) -> Result<NotCopied> {
        self.write_while(folder, &|| true)
    }

    /// As [`Self::write`], as long as it is wanted: where it is not any more, it is an error.
    pub fn write_while(&self, folder: &Path, is_wanted: &dyn Fn() -> bool) -> Result<NotCopied> {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not empty `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
        self.write_into(folder, is_wanted)
    }

    fn write_into(&self, folder: &Path, is_wanted: &dyn Fn() -> bool) -> Result<NotCopied> {
        let mut not_written = self.not_read.clone();
        let mut last = None;
        for file in &self.files {
            ensure!(is_wanted(), "`{}` is not wanted any more", folder.display());
            let parent = file.place.parent();
            not_written.extend(file.write(folder, parent == last)?);
            last = parent;
        }
        Ok(not_written)
    }

    /// Brings them from one tree to another: what differs is what is reviewed. Gives what is to be done in a
    /// folder that they were written to.
    pub fn follow(&mut self, repo: &Repo, from: &Oid, to: &Oid) -> Result<ShownStep> {
        let mut left = BYTES_MAX;
        let mut step =
            ShownStep { gone: Vec::new(), new: Self { files: Vec::new(), not_read: Vec::new() } };
        for file in diff::trees(&repo.objects, Some(from), Some(to))? {
            let before = match &file.kind {
                FileChangeKind::Renamed { from } => from,
                FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => {
                    &file.path
                }
            };
            step.gone.extend(place(redact::mask_path(before).as_bstr()));
            match read(repo, &file.path, file.new.as_ref(), &mut left) {
                Ok(read) => step.new.files.extend(read),
                Err(error) => step.new.not_read.push(not_copied(&file.path, &error)),
            }
        }
        self.files.retain(|file| !step.gone.contains(&file.place));
        self.files.extend(step.new.files.iter().cloned());
        self.not_read.clone_from(&step.new.not_read);
        Ok(step)
    }

    /// Their texts by their places, in the order of these.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut files: Vec<&ShownFile> = self.files.iter().collect();
        files.sort_by(|a, b| a.place.cmp(&b.place));
        let text = |file: &ShownFile| {
            let text = String::from_utf8(file.masked.to_vec()).ok()?;
            Some((file.place.to_str()?.to_owned(), text))
        };
        files.into_iter().filter_map(text).collect()
    }
}

/// What a step from one tree to another is to a filled folder.
pub struct ShownStep {
    gone: Vec<PathBuf>,
    new: ShownFiles,
}

impl ShownStep {
    /// Takes the step in a folder that has the tree before it.
    pub fn write(&self, folder: &Path) -> Result<NotCopied> {
        for path in &self.gone {
            file::remove_if_there(&folder.join(path))
                .with_context(|| format!("could not remove `{}`", path.display()))?;
        }
        self.new.write_into(folder, &|| true)
    }
}

impl ShownFile {
    /// Writes the file, into a folder that is there or not; gives it with the reason where that is not
    /// possible. Only what would keep every other file from being written too is an error.
    fn write(&self, folder: &Path, is_there: bool) -> Result<Option<(BString, String)>> {
        let Err(error) = write_file(&folder.join(&self.place), &self.masked, is_there) else {
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
fn read(
    repo: &Repo,
    path: &BString,
    entry: Option<&TreeEntry>,
    left: &mut u64,
) -> Result<Option<ShownFile>> {
    let Some(entry) = entry.filter(|entry| is_shown(entry.mode)) else { return Ok(None) };
    let name = redact::mask_path(path);
    let Some(place) = place(name.as_bstr()) else { return Ok(None) };
    let Content::Whole(content) = repo.objects.content(&entry.oid, FILE_BYTES_MAX.min(*left))?
    else {
        return Ok(None);
    };
    *left -= content.len() as u64;
    let text = decode(&content).map_or(Cow::Borrowed(content.as_slice()), |text| text.utf8);
    let masked = Arc::from(redact::mask_lines(&text, path).as_slice());
    Ok(Some(ShownFile { name: path.clone(), place, masked }))
}

#[expect(clippy::disallowed_methods, reason = "a temporary copy needs no atomic write")]
fn write_file(path: &Path, content: &[u8], is_there: bool) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|_| !is_there) {
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
