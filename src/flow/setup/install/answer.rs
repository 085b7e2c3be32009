//! Who answers a hook: what git runs for it, and whether that leads to tribunal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::flow::setup::install::managers::{Manager, calls};
use crate::flow::setup::install::scripts_of;
use crate::flow::setup::install::shim::{HookFile, Shim, read_hook, with_suffix};
use crate::platform::store::regular;
use crate::platform::store::regular::{HOOK, LastLink};

/// What git runs for a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookAnswer {
    Nothing,
    /// The shim.
    Shim(Shim),
    /// Something else, which runs tribunal by this file.
    Through(PathBuf),
    /// A file that git passes over, because it is not executable.
    NotExecutable(PathBuf),
    /// Something else, which does not run tribunal.
    Other(Option<Manager>),
}

impl HookAnswer {
    /// Whether tribunal answers.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Shim(shim) => shim.executable,
            Self::Through(_) => true,
            Self::Nothing | Self::NotExecutable(_) | Self::Other(_) => false,
        }
    }
}

/// Looks at a hook in the folder in which git looks for it. `work_tree` is the top of the work tree,
/// whose files say what a manager's hooks run.
pub fn answer(folder: &Path, work_tree: Option<&Path>, event: &str) -> Result<HookAnswer> {
    let hook = folder.join(event);
    match read_hook(&hook)? {
        HookFile::Nothing => Ok(HookAnswer::Nothing),
        HookFile::Ours(shim) => Ok(HookAnswer::Shim(shim)),
        HookFile::Foreign { executable: false } => Ok(HookAnswer::NotExecutable(hook)),
        HookFile::Foreign { executable: true } => through(folder, work_tree, event),
    }
}

fn through(folder: &Path, work_tree: Option<&Path>, event: &str) -> Result<HookAnswer> {
    let hook = folder.join(event);
    let text = read(&hook);
    if calls(&text, event) {
        return Ok(HookAnswer::Through(hook));
    }
    let scripts = scripts_of(folder);
    if scripts != folder {
        let script = scripts.join(event);
        return Ok(if calls(&read(&script), event) {
            HookAnswer::Through(script)
        } else {
            HookAnswer::Other(Some(Manager::Husky))
        });
    }
    let Some(manager) = Manager::of_hook(&text) else { return Ok(HookAnswer::Other(None)) };
    if let Some(moved) = manager.moves().filter(|moved| moved.runs) {
        let moved = with_suffix(&hook, moved.suffix);
        if matches!(read_hook(&moved)?, HookFile::Ours(shim) if shim.executable) {
            return Ok(HookAnswer::Through(moved));
        }
    }
    let files =
        work_tree.iter().flat_map(|top| manager.configurations().iter().map(|name| top.join(name)));
    let calling = files.into_iter().find(|file| calls(&read(file), event));
    Ok(calling.map_or(HookAnswer::Other(Some(manager)), HookAnswer::Through))
}

/// The text of a script or a configuration; nothing where it cannot be read.
fn read(path: &Path) -> Vec<u8> {
    regular::read(path, LastLink::Follow, HOOK).unwrap_or_default()
}

/// Whether a file is there that a program may be run from.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}
