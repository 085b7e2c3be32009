//! Gives a kept hook the name that it had: a hook may be one script for all events and choose by the
//! name that it is run under.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::flow::setup::install::shim::KEPT;

/// The path to run a kept hook by, so that it finds its own name in `$0` and, beside it, whatever
/// stands in the hooks folder: a link in a folder beside the hooks folder, made here. The kept hook's own
/// path where that folder cannot be made.
pub fn path_to_run(kept: &Path) -> PathBuf {
    link_all(kept).unwrap_or_else(|_| kept.to_owned())
}

/// The folder of those links.
pub fn folder_of(hooks: &Path) -> PathBuf {
    let mut name = hooks.as_os_str().to_owned();
    name.push(KEPT);
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "the hooks folder is git's own, as in `renamed`")]
fn link_all(kept: &Path) -> io::Result<PathBuf> {
    let not_kept = || io::Error::from(io::ErrorKind::InvalidInput);
    let name = kept.file_name().and_then(had).ok_or_else(not_kept)?;
    let hooks = kept.parent().ok_or_else(not_kept)?;
    // Relative, so that the links survive a move of the repository.
    let back = Path::new("..").join(hooks.file_name().ok_or_else(not_kept)?);
    let folder = folder_of(hooks);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for entry in fs::read_dir(hooks)? {
        let name = entry?.file_name();
        if !name.as_bytes().ends_with(b".sample") && had(&name).is_none() {
            link(&folder.join(&name), &back.join(&name), false)?;
        }
    }
    for entry in fs::read_dir(hooks)? {
        let kept = entry?.file_name();
        if let Some(name) = had(&kept) {
            link(&folder.join(name), &back.join(&kept), true)?;
        }
    }
    Ok(folder.join(name))
}

/// The name that a kept hook had.
fn had(kept: &OsStr) -> Option<&OsStr> {
    kept.as_bytes().strip_suffix(KEPT.as_bytes()).map(OsStr::from_bytes)
}

/// Makes a link. One that leads elsewhere stays, unless `must` says that it has to lead there.
fn link(link: &Path, target: &Path, must: bool) -> io::Result<()> {
    match fs::read_link(link) {
        Ok(there) if there == target || !must => return Ok(()),
        Ok(_) => fs::remove_file(link)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match symlink(target, link) {
        // Another commit makes it at this moment.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}
