//! Remembers which files `init` wrote, so that those that nobody changed or committed can be taken away
//! again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::REPORT;

/// The file, in the state folder.
const RECORD: &str = "init.json";

/// By work tree: paths from its top, with the hash of what was written.
type WrittenFiles = BTreeMap<String, BTreeMap<String, String>>;

/// Remembers a file.
pub fn remember(repo: &Repo, path: &str, content: &[u8]) -> Result<()> {
    let Some(top) = repo.work_tree.as_deref() else { return Ok(()) };
    let mut record = read(repo);
    record.entry(key(top)).or_default().insert(path.to_owned(), hash(content));
    file::write_atomic(&place(repo), &serde_json::to_vec(&record)?)
}

/// The files of this work tree that are still as `init` wrote them, and that are neither staged nor committed.
pub fn untouched(repo: &Repo) -> Result<Vec<String>> {
    let Some(top) = repo.work_tree.as_deref() else { return Ok(Vec::new()) };
    let record = read(repo).remove(&key(top)).unwrap_or_default();
    let top = Folder::open(top)?;
    let mut found = Vec::new();
    for (path, written) in record {
        let is_same = top.read(&path, REPORT).is_ok_and(|content| hash(&content) == written);
        if is_same && !is_tracked(repo, &path)? {
            found.push(path);
        }
    }
    Ok(found)
}

/// Takes files away, and the folders that are empty then.
pub fn remove(repo: &Repo, paths: &[String]) -> Result<()> {
    let Some(top) = repo.work_tree.as_deref() else { return Ok(()) };
    let folder = Folder::open(top)?;
    for path in paths {
        folder.remove(path)?;
        let above: Vec<PathBuf> = Path::new(path)
            .ancestors()
            .skip(1)
            .filter(|above| !above.as_os_str().is_empty())
            .map(|above| top.join(above))
            .collect();
        file::remove_empty(above.iter().map(PathBuf::as_path));
    }
    Ok(())
}

fn is_tracked(repo: &Repo, path: &str) -> Result<bool> {
    let output = repo.git().args(["--literal-pathspecs", "ls-files", "--", path]).capture()?;
    if !succeeded(&output, "git ls-files")?.trim().is_empty() {
        return Ok(true);
    }
    let Some(head) = repo.head()? else { return Ok(false) };
    let tree = repo.tree_of(&head)?;
    Ok(repo.objects.file_up_to(&tree, path.into(), 0)?.is_some())
}

/// One spelling of a work tree.
fn key(top: &Path) -> String {
    top.canonicalize().unwrap_or_else(|_| top.to_owned()).to_string_lossy().into_owned()
}

/// What cannot be read is not known to be ours.
fn read(repo: &Repo) -> WrittenFiles {
    let content = file::read(&place(repo)).unwrap_or_default();
    serde_json::from_slice(&content).unwrap_or_default()
}

fn place(repo: &Repo) -> PathBuf {
    repo.state_dir().join(RECORD)
}

fn hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}
