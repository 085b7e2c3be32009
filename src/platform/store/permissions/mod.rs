//! The rights of what is made below the state folder: as git gives them to its own files, by
//! `core.sharedRepository` and else by the umask. Everything there is made here.
//!
//! What the umask leaves is right at once, where git's setting says nothing. Where it does, a file or
//! a folder is made under another name and given its own once its rights are right: in between another
//! user could be kept out of it, or let in, and what is made in a folder without its set-group-id bit
//! is of the wrong group for good.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, SETTINGS, Unfit};

#[cfg(test)]
mod tests;

/// How the names begin of what is not whole yet; six letters and digits follow.
pub const BESIDE: &str = ".tribunal-";

/// The name of the state folder, in the common git directory.
const STATE_FOLDER: &str = "tribunal";

/// How often a file is made that another process makes, or takes away, at the same time.
const OPEN_TRIES: u32 = 10;

/// What `core.sharedRepository` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// The umask alone decides.
    Umask,
    /// These rights come to those that the umask leaves.
    Adds(u32),
    /// These rights and no others, whatever the umask is.
    Is(u32),
}

/// Makes a folder, with those above it; one that is there is no error.
pub fn make_dir(path: &Path) -> io::Result<()> {
    make(path, 0o777)
}

/// As `make_dir`, for a folder of this user alone, unless the repository is shared.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    make(path, 0o700)
}

/// Opens a file as `options` say, which need not say `create`: where it is missing it is made, with
/// the folders above it.
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    refuse_links(path)?;
    let mut tries = 0;
    loop {
        match open_file(path, options.clone().create(false)) {
            // A link to what is not there would never be found and always be in the way.
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < OPEN_TRIES => {}
            opened => return opened,
        }
        tries += 1;
        let folder = folder_of(path)?;
        make_dir(folder)?;
        let sharing = sharing_at(path);
        if sharing == Sharing::Umask {
            return open_file(path, options.clone().create(true));
        }
        let file = name_beside()
            .make_in(folder, |beside| options.clone().create_new(true).open(beside))?;
        let mode = file.as_file().metadata()?.permissions().mode();
        set_mode(file.path(), mode, shared_mode(sharing, mode, false)).or_else(unless_without)?;
        match file.persist_noclobber(path) {
            // Another process was faster: it is that one's file which is opened.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
            Ok(file) => return Ok(file),
        }
    }
}

/// A link in a file's place is not followed, and what is no file is an error.
fn open_file(path: &Path, options: &OpenOptions) -> io::Result<File> {
    regular::open_with(path, LastLink::Refuse, options)
}

/// An error where a link in a state folder, or in that folder's place, leads elsewhere: it came with
/// the repository, and would choose where is written.
fn refuse_links(path: &Path) -> io::Result<()> {
    let is_named = |at: &&Path| at.file_name().is_some_and(|name| name == STATE_FOLDER);
    let Some(state) = path.ancestors().find(is_named) else { return Ok(()) };
    let below = path.ancestors().take_while(|at| at.starts_with(state));
    let is_link = |at: &&Path| fs::symlink_metadata(at).is_ok_and(|data| data.is_symlink());
    match below.filter(is_link).last() {
        Some(link) if common_dir_of(path).is_some() => {
            Err(Unfit::WrittenThrough(link.display().to_string()).into())
        }
        _ => Ok(()),
    }
}

/// The first link in the state folder of a common git directory, or in its place; those in the folders of
/// single runs and calls apart, which are looked at when they are written to.
pub fn link_in_state(state_dir: &Path) -> Option<PathBuf> {
    const LEVELS: usize = 2;
    if fs::symlink_metadata(state_dir).is_ok_and(|data| data.is_symlink()) {
        return Some(state_dir.to_owned());
    }
    link_in(state_dir, LEVELS)
}

#[expect(clippy::disallowed_methods, reason = "it looks for the links")]
fn link_in(folder: &Path, levels: usize) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let kinds = entries.filter_map(|entry| Some((entry.file_type().ok()?, entry)));
    kinds.into_iter().find_map(|(kind, entry)| match kind {
        kind if kind.is_symlink() => Some(entry.path()),
        kind if kind.is_dir() && levels > 1 => link_in(&entry.path(), levels - 1),
        _ => None,
    })
}

/// Opens a file to add to its end.
pub fn open_append(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().append(true))
}

/// An empty file in the folder of `path` that is to take its place, with the rights which that one is
/// to have: `mode` where it is given, else those of a new file.
pub fn file_beside(path: &Path, mode: Option<u32>) -> io::Result<NamedTempFile> {
    const RIGHTS: u32 = 0o7777;
    refuse_links(path)?;
    let sharing = sharing_at(path);
    // What is not to be allowed never is; what the umask takes away is given back below.
    let first = shared_mode(sharing, mode.unwrap_or(0o666) & 0o777, false);
    let file =
        name_beside().permissions(Permissions::from_mode(first)).tempfile_in(folder_of(path)?)?;
    let has = file.as_file().metadata()?.permissions().mode();
    let own = mode.map_or(has, |mode| has & !RIGHTS | mode & RIGHTS);
    let set = set_mode(file.path(), has, shared_mode(sharing, own, false));
    // Rights that were asked for in so many words must be had: a hook has to be executable.
    set.or_else(|error| if mode.is_some() { Err(error) } else { unless_without(error) })?;
    Ok(file)
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    refuse_links(path)?;
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make(above, 0o777)?;
    }
    let sharing = sharing_at(path);
    let done = match sharing {
        Sharing::Umask => DirBuilder::new().mode(mode).create(path),
        _ => make_shared(path, mode, sharing),
    };
    match done {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        done => done,
    }
}

fn make_shared(path: &Path, mode: u32, sharing: Sharing) -> io::Result<()> {
    let adjust = |folder: &Path| {
        let mode = fs::metadata(folder)?.permissions().mode();
        set_mode(folder, mode, shared_mode(sharing, mode, true)).or_else(unless_without)
    };
    let mut name = name_beside();
    let folder = name.permissions(Permissions::from_mode(mode)).tempdir_in(folder_of(path)?)?;
    adjust(folder.path())?;
    // Without the flag it would take the place of an empty folder, which somebody may be watching.
    match renameat_with(CWD, folder.path(), CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => {
            // There is nothing to remove under the name that it had.
            drop(folder.keep());
            Ok(())
        }
        // Network drives do not know the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            DirBuilder::new().mode(mode).create(path)?;
            adjust(path)
        }
        Err(error) => Err(error.into()),
    }
}

fn set_mode(path: &Path, has: u32, wanted: u32) -> io::Result<()> {
    if wanted == has {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted))
}

/// What was just made is ours: where its rights cannot be set, the drive has none.
fn unless_without(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Ok(()),
        _ => Err(error),
    }
}

fn name_beside() -> tempfile::Builder<'static, 'static> {
    let mut name = tempfile::Builder::new();
    name.prefix(BESIDE);
    name
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no folder to be in"))
}

/// What holds for a path: elsewhere than below a state folder the umask alone.
fn sharing_at(path: &Path) -> Sharing {
    common_dir_of(path).map_or(Sharing::Umask, sharing_of)
}

/// The git directory in whose state folder a path lies; `None` for a path elsewhere.
fn common_dir_of(path: &Path) -> Option<&Path> {
    path.ancestors()
        .filter(|above| above.file_name().is_some_and(|name| name == STATE_FOLDER))
        .filter_map(Path::parent)
        .find(|above| above.join("HEAD").exists() && above.join("objects").is_dir())
}

/// Git takes this setting from the repository's own file and nowhere else, without what that
/// includes.
fn sharing_of(common_dir: &Path) -> Sharing {
    let config = common_dir.join("config");
    let text = regular::read_text(&config, LastLink::Follow, SETTINGS).unwrap_or_default();
    setting_in(&text).map_or(Sharing::Umask, |value| parse(&value))
}

/// The last `core.sharedRepository` of a file of settings; one without a value is `true`.
fn setting_in(text: &str) -> Option<String> {
    let (mut in_core, mut found) = (false, None);
    for line in text.lines() {
        let mut rest = line.trim();
        if let Some((section, behind)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            in_core = section.trim().eq_ignore_ascii_case("core");
            rest = behind.trim();
        }
        let rest = rest.split(['#', ';']).next().unwrap_or_default();
        let (key, value) = rest.split_once('=').unwrap_or((rest, "true"));
        if in_core && key.trim().eq_ignore_ascii_case("sharedRepository") {
            found = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    found
}

/// Reads a value as git does; one that git itself would not accept changes nothing.
fn parse(value: &str) -> Sharing {
    match value {
        "" | "umask" => return Sharing::Umask,
        "group" => return Sharing::Adds(0o660),
        "all" | "world" | "everybody" => return Sharing::Adds(0o664),
        _ => {}
    }
    let is_true = ["true", "yes", "on"].iter().any(|word| value.eq_ignore_ascii_case(word));
    match u32::from_str_radix(value, 8) {
        Ok(1) => Sharing::Adds(0o660),
        Ok(2) => Sharing::Adds(0o664),
        Ok(mode) if mode & 0o600 == 0o600 => Sharing::Is(mode & 0o666),
        Err(_) if is_true => Sharing::Adds(0o660),
        Ok(_) | Err(_) => Sharing::Umask,
    }
}

/// Git's `calc_shared_perm`, and what `adjust_shared_perm` does to folders.
fn shared_mode(sharing: Sharing, mode: u32, is_dir: bool) -> u32 {
    const SET_GROUP_ID: u32 = 0o2000;
    let (Sharing::Adds(mut rights) | Sharing::Is(mut rights)) = sharing else { return mode };
    if mode & 0o200 == 0 {
        rights &= !0o222;
    }
    if mode & 0o100 != 0 {
        rights |= (rights & 0o444) >> 2;
    }
    let mut wanted = match sharing {
        Sharing::Is(_) => (mode & !0o777) | rights,
        _ => mode | rights,
    };
    if is_dir {
        // Who may read a folder may enter it, and what is made in it is of the same group.
        wanted |= ((wanted & 0o444) >> 2) | SET_GROUP_ID;
    }
    wanted
}
