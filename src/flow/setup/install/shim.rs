//! The shim: its text, and how it is read back.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::flow::setup::install::EVENTS;
use crate::platform::store::regular;
use crate::platform::store::regular::{HOOK, LastLink};

/// The shim, as it is read in the source; `@BIN@` stands for the recorded path, `@HOOK@` for the hook.
/// The hook is recorded because a file's name may change: other programs keep hooks under names of
/// their own and run them.
const SHIM: &str = include_str!("../../../../hooks/shim.sh");

/// What the second line of a shim begins with, before its version.
const MARK: &[u8] = b"# tribunal hook shim ";

/// What is put behind the name of a hook that stood there before.
pub const KEPT: &str = ".before-tribunal";

/// What stands in a hook's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookFile {
    Nothing,
    Ours(Shim),
    Foreign { executable: bool },
}

/// A shim that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    pub version: String,
    /// The recorded path of the program.
    pub bin: PathBuf,
    /// The recorded hook; `None` where the shim goes by its file's name, as the first version did.
    pub event: Option<&'static str>,
    /// Whether it is what this program writes, apart from the recorded path.
    pub same_text: bool,
    pub executable: bool,
}

/// The shim that calls that program for that hook.
pub fn shim(bin: &Path, event: &str) -> BString {
    // The hook first: a path may hold any text.
    let text = SHIM.as_bytes().replacen(b"@HOOK@", event, 1);
    text.replacen(b"@BIN@", shell_quoted(bin.as_os_str()), 1).into()
}

/// A word for `sh`, whatever is in it.
pub fn shell_quoted(text: &OsStr) -> Vec<u8> {
    let mut quoted = b"'".to_vec();
    quoted.extend(text.as_bytes().replace(b"'", b"'\\''"));
    quoted.push(b'\'');
    quoted
}

fn shell_unquoted(text: &[u8]) -> PathBuf {
    let inner = text.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")).unwrap_or(text);
    PathBuf::from(OsString::from_vec(inner.replace(b"'\\''", b"'")))
}

/// The version that the shims of this program have.
pub fn shim_version() -> String {
    version_in(SHIM.as_bytes()).unwrap_or_default()
}

fn version_in(text: &[u8]) -> Option<String> {
    let line = text.lines().nth(1)?.strip_prefix(MARK)?;
    Some(line.split(|byte| *byte == b':').next()?.to_str_lossy().into_owned())
}

/// Looks at what stands in a hook's place.
pub fn read_hook(hook: &Path) -> Result<HookFile> {
    let read = || -> io::Result<Option<(fs::Metadata, Vec<u8>)>> {
        match fs::symlink_metadata(hook) {
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
            // A link may lead to nothing; it is kept all the same.
            Ok(link) if link.is_symlink() => {
                Ok(Some((fs::metadata(hook).unwrap_or(link), Vec::new())))
            }
            Ok(file) => match regular::read(hook, LastLink::Follow, HOOK) {
                // No script of ours.
                Err(error) if regular::unfit(&error).is_some() => Ok(Some((file, Vec::new()))),
                read => Ok(Some((file, read?))),
            },
        }
    };
    let found = read().with_context(|| format!("could not read the hook `{}`", hook.display()))?;
    let Some((metadata, text)) = found else { return Ok(HookFile::Nothing) };
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let Some(version) = version_in(&text) else { return Ok(HookFile::Foreign { executable }) };
    let bin = text.lines().find_map(|line| line.strip_prefix(b"bin=")).map(shell_unquoted);
    let bin = bin.unwrap_or_default();
    let event = text
        .lines()
        .find_map(|line| line.strip_prefix(b"hook="))
        .and_then(|named| EVENTS.into_iter().find(|event| event.as_bytes() == named));
    let same_text = event.is_some_and(|event| shim(&bin, event) == text);
    Ok(HookFile::Ours(Shim { version, bin, event, same_text, executable }))
}

/// `core.hooksPath` may name what is no folder, to have no hooks.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The shims for an event that another program keeps in the same folder under a longer name, such as
/// `pre-commit.legacy`, with what each records.
pub fn renamed(hook: &Path) -> Result<Vec<(PathBuf, Shim)>> {
    let (Some(folder), Some(event)) = (hook.parent(), hook.file_name()) else {
        return Ok(Vec::new());
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "git's folder of hooks, which a person may have linked"
    )]
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("could not read `{}`", folder.display()))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("could not read `{}`", folder.display()))?;
        let name = entry.file_name();
        let rest = name.as_bytes().strip_prefix(event.as_bytes());
        if !rest.is_some_and(|rest| rest.starts_with(b".")) {
            continue;
        }
        found.push(entry.path());
        // Some run whatever is in `pre-commit.d`.
        if rest == Some(b".d") && entry.path().is_dir() {
            found.extend(files_of(&entry.path()));
        }
    }
    found.sort();
    let mut shims = Vec::new();
    for path in found.into_iter().filter(|path| path.is_file()) {
        if let HookFile::Ours(shim) = read_hook(&path)? {
            shims.push((path, shim));
        }
    }
    Ok(shims)
}

#[expect(clippy::disallowed_methods, reason = "a folder in git's folder of hooks")]
fn files_of(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Where the hook is kept that stood in a hook's place before.
pub fn kept_path(hook: &Path) -> PathBuf {
    with_suffix(hook, KEPT)
}

/// A hook's path with more behind its name.
pub fn with_suffix(hook: &Path, suffix: &str) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether anything stands there, be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether two names are of one file.
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::symlink_metadata(a), fs::symlink_metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}
