//! The rights of what is made below the state folder: as git gives them to its own files, by
//! `core.sharedRepository` and else by the umask. Everything there is made here.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

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
    match options.clone().create(false).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    if let Some(folder) = path.parent() {
        make_dir(folder)?;
    }
    let file = options.clone().create(true).open(path)?;
    adjust(path, &file)?;
    Ok(file)
}

/// Opens a file to add to its end.
pub fn open_append(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().append(true))
}

/// Gives a file that was just made for `path` the rights that its repository's files have.
pub fn adjust(path: &Path, file: &File) -> io::Result<()> {
    let Some(common_dir) = common_dir_of(path) else { return Ok(()) };
    let mode = file.metadata()?.permissions().mode();
    let wanted = shared_mode(sharing_of(common_dir), mode, false);
    if wanted == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(wanted)).or_else(unless_foreign)
}

fn make(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent() {
        make(above, 0o777)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => adjust_dir(path),
    }
}

fn adjust_dir(path: &Path) -> io::Result<()> {
    let Some(common_dir) = common_dir_of(path) else { return Ok(()) };
    let mode = fs::metadata(path)?.permissions().mode();
    let wanted = shared_mode(sharing_of(common_dir), mode, true);
    if wanted == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted)).or_else(unless_foreign)
}

/// Another user's process made the file in the same moment: the rights are that one's to give.
fn unless_foreign(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Ok(()),
        _ => Err(error),
    }
}

/// The git directory in whose state folder a path lies; `None` for a path elsewhere.
fn common_dir_of(path: &Path) -> Option<&Path> {
    path.ancestors()
        .filter(|above| above.file_name().is_some_and(|name| name == "tribunal"))
        .filter_map(Path::parent)
        .find(|above| above.join("HEAD").exists() && above.join("objects").is_dir())
}

/// Git takes this setting from the repository's own file and nowhere else.
fn sharing_of(common_dir: &Path) -> Sharing {
    let read = || {
        let config = git2::Config::open(&common_dir.join("config")).ok()?;
        let entry = config.get_entry("core.sharedRepository").ok()?;
        Some(if entry.has_value() {
            parse(entry.value().unwrap_or_default())
        } else {
            Sharing::Adds(0o660)
        })
    };
    read().unwrap_or(Sharing::Umask)
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

#[cfg(test)]
mod tests {
    use super::{Sharing, parse, shared_mode};

    #[test]
    fn values_mean_what_they_mean_to_git() {
        for (value, expected) in [
            ("", Sharing::Umask),
            ("umask", Sharing::Umask),
            ("false", Sharing::Umask),
            ("0", Sharing::Umask),
            ("group", Sharing::Adds(0o660)),
            ("true", Sharing::Adds(0o660)),
            ("1", Sharing::Adds(0o660)),
            ("all", Sharing::Adds(0o664)),
            ("world", Sharing::Adds(0o664)),
            ("everybody", Sharing::Adds(0o664)),
            ("2", Sharing::Adds(0o664)),
            ("0640", Sharing::Is(0o640)),
            ("0660", Sharing::Is(0o660)),
            ("0444", Sharing::Umask),
        ] {
            assert_eq!(parse(value), expected, "`{value}`");
        }
    }

    #[test]
    fn rights_are_those_that_git_gives() {
        for (sharing, mode, is_dir, expected) in [
            (Sharing::Umask, 0o100_600, false, 0o100_600),
            (Sharing::Umask, 0o40_700, true, 0o40_700),
            (Sharing::Adds(0o660), 0o100_644, false, 0o100_664),
            (Sharing::Adds(0o660), 0o100_600, false, 0o100_660),
            (Sharing::Adds(0o660), 0o100_444, false, 0o100_444),
            (Sharing::Adds(0o660), 0o40_755, true, 0o42_775),
            (Sharing::Adds(0o660), 0o40_700, true, 0o42_770),
            (Sharing::Adds(0o664), 0o40_700, true, 0o42_775),
            (Sharing::Is(0o640), 0o100_644, false, 0o100_640),
            (Sharing::Is(0o640), 0o40_755, true, 0o42_750),
        ] {
            assert_eq!(shared_mode(sharing, mode, is_dir), expected, "{sharing:?} {mode:o}");
        }
    }
}
