//! Keeps what workspaces take on the disk within a bound: what was used longest ago goes first.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::flow::workspace::checkout::Workspace;
use crate::platform::store::file;
use crate::platform::store::lock::Wait;

/// Beside a workspace: how much it took when that was last looked at.
const SIZE: &str = "size";

/// Beside a workspace: changed whenever it is used.
const USED: &str = "used";

/// The prefix of what was prepared, among the workspaces of a repository.
pub(super) const PREPARED: &str = "prepared-";

/// Beside what was prepared, written once all of it is there: without it nothing counts.
pub(super) const RECORD: &str = "prepared";

/// A workspace that can be made again.
struct Removable {
    folder: PathBuf,
    used: SystemTime,
    bytes: u64,
}

/// Notes that a folder is used now.
pub(super) fn note_use(folder: &Path) {
    // Without it the folder goes earlier than it should.
    drop(file::write_unsynced(&folder.join(USED), b""));
}

/// Removes workspaces beside `root` and in it, of this repository and of others, until they take no more than
/// so many bytes. What is in use stays, as does what an unfinished run works in.
pub fn trim(root: &Path, most: u64) {
    let Some(all) = root.parent() else { return };
    let mut found: Vec<Removable> = Vec::new();
    for repository in folders(all) {
        found.extend(folders(&repository).filter(|folder| is_removable(folder)).map(measured));
    }
    let mut total: u64 = found.iter().map(|one| one.bytes).sum();
    found.sort_by_key(|one| one.used);
    for one in found {
        if total <= most {
            return;
        }
        if one.bytes > 0 && remove(&one.folder) {
            total -= one.bytes;
        }
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = file::entries(folder).into_iter().flatten().filter_map(Result::ok);
    let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|data| data.is_dir());
    entries.map(|entry| entry.path()).filter(is_folder)
}

/// Those that a later use makes again: what was prepared, and the workspaces of commands.
fn is_removable(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let number = name.strip_prefix("agent-").unwrap_or(&name);
    name.starts_with(PREPARED)
        || name == "spare"
        || (!number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn measured(folder: PathBuf) -> Removable {
    let changed =
        |name: &str| fs::metadata(folder.join(name)).and_then(|data| data.modified()).ok();
    let used = ["ready", USED].into_iter().filter_map(changed).max();
    let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
    let kept = file::read_text(&folder.join(SIZE)).ok().and_then(|text| text.trim().parse().ok());
    let is_current = changed(SIZE).is_some_and(|looked| looked > used);
    let bytes = kept.filter(|_| is_current).unwrap_or_else(|| {
        let bytes = size_of(&folder.join("work"));
        drop(file::write_unsynced(&folder.join(SIZE), bytes.to_string().as_bytes()));
        bytes
    });
    Removable { folder, used, bytes }
}

/// What a folder takes on the disk. Links are not followed.
pub(super) fn size_of(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in file::entries(&folder).into_iter().flatten().filter_map(Result::ok) {
            let Ok(data) = entry.metadata() else { continue };
            bytes += data.blocks() * 512;
            open.extend(data.is_dir().then(|| entry.path()));
        }
    }
    bytes
}

/// Empties a workspace that nobody uses; whether it did.
fn remove(folder: &Path) -> bool {
    let Ok(Some(workspace)) = Workspace::try_acquire(folder, Wait::NONE) else { return false };
    let empty = || {
        file::remove_if_there(&folder.join(RECORD))?;
        workspace.invalidate()?;
        workspace.wipe()?;
        file::remove_if_there(&folder.join(SIZE))?;
        anyhow::Ok(())
    };
    empty().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::{SIZE, trim};
    use crate::flow::workspace::checkout::Workspace;
    use crate::platform::store::file;
    use crate::platform::store::lock::Wait;

    fn used(folder: &Path, ago: u64) {
        fs::create_dir_all(folder.join("work")).unwrap();
        file::write_atomic(&folder.join("work/file"), &vec![1; 100_000]).unwrap();
        file::write_atomic(&folder.join("ready"), b"tree\n").unwrap();
        let ready = file::open(&folder.join("ready")).unwrap();
        let now = ready.metadata().unwrap().modified().unwrap();
        ready.set_modified(now - Duration::from_secs(ago)).unwrap();
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_is_in_use_stays() {
        let all = tempfile::tempdir().unwrap();
        let names = ["a/0", "a/agent-1", "b/prepared-x", "b/run-1", "b/2"];
        for (at, name) in names.into_iter().enumerate() {
            used(&all.path().join(name), 1000 - at as u64);
        }
        let held = Workspace::try_acquire(&all.path().join("a/0"), Wait::NONE).unwrap();
        let is_there = |name: &&str| all.path().join(name).join("work/file").exists();
        let root = all.path().join("a");
        trim(&root, 350_000);
        assert_eq!(names.iter().filter(|name| is_there(name)).count(), 4);
        assert!(!is_there(&"a/agent-1"), "`a/0` is older and in use");
        assert!(all.path().join("b/2").join(SIZE).exists(), "it is not measured again");
        drop(held);
        trim(&root, 0);
        let left: Vec<_> = names.into_iter().filter(is_there).collect();
        assert_eq!(left, ["b/run-1"], "a run may still work in it");
    }
}
