//! Who answers a hook: what git runs for it, and whether that leads to tribunal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::flow::setup::install::calls::{HookCall, ScriptLine, in_configuration, in_script};
use crate::flow::setup::install::managers::Manager;
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
    Through(PathBuf, Sureness),
    /// Something else, which names the call in this file and may not run it, or not by what it answers.
    Unsure(PathBuf, String),
    /// A file that git passes over, because it is not executable.
    NotExecutable(PathBuf),
    /// Something else, which does not run tribunal.
    Other(Option<Manager>),
}

/// How sure it is that what calls tribunal comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sureness {
    Sure,
    /// What a person should know of it.
    Unless(String),
}

impl HookAnswer {
    /// Whether tribunal answers.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Shim(shim) => shim.executable,
            Self::Through(..) => true,
            Self::Nothing | Self::Unsure(..) | Self::NotExecutable(_) | Self::Other(_) => false,
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
    if let Some(answer) = by_script(hook.clone(), &text, event, false) {
        return Ok(answer);
    }
    let scripts = scripts_of(folder);
    if scripts != folder {
        let script = scripts.join(event);
        let text = read(&script);
        let answer = by_script(script, &text, event, true);
        return Ok(answer.unwrap_or(HookAnswer::Other(Some(Manager::Husky))));
    }
    let Some(manager) = Manager::of_hook(&text) else { return Ok(HookAnswer::Other(None)) };
    if let Some(moved) = manager.moves().filter(|moved| moved.runs) {
        let moved = with_suffix(&hook, moved.suffix);
        if matches!(read_hook(&moved)?, HookFile::Ours(shim) if shim.executable) {
            return Ok(HookAnswer::Through(moved, Sureness::Sure));
        }
    }
    let files =
        work_tree.iter().flat_map(|top| manager.configurations().iter().map(|name| top.join(name)));
    let calling = files.into_iter().find(|file| in_configuration(&read(file), event));
    Ok(calling
        .map_or(HookAnswer::Other(Some(manager)), |file| HookAnswer::Through(file, Sureness::Sure)))
}

/// What a script answers by its text; `None` where it does not call tribunal. With `errexit` it is run by `sh -e`.
fn by_script(script: PathBuf, text: &[u8], event: &str, errexit: bool) -> Option<HookAnswer> {
    let line = |ScriptLine { number, text }| format!("`{text}` (line {number})");
    let why = match in_script(text, event, errexit) {
        HookCall::Absent => return None,
        HookCall::Runs { behind: None } => {
            return Some(HookAnswer::Through(script, Sureness::Sure));
        }
        HookCall::Runs { behind: Some(place) } => {
            let known =
                format!("behind {}: where that ends the script, nothing is checked", line(place));
            return Some(HookAnswer::Through(script, Sureness::Unless(known)));
        }
        HookCall::Named => {
            let known = "which is in a language that is not read here".to_owned();
            return Some(HookAnswer::Through(script, Sureness::Unless(known)));
        }
        HookCall::Unread => {
            "names tribunal and cannot be read to its end as a shell script".to_owned()
        }
        HookCall::Unreached(place) => {
            format!("calls tribunal behind {}, which ends it", line(place))
        }
        HookCall::Sometimes(place) => format!("calls tribunal only where {} lets it", line(place)),
        HookCall::Ignored(place) => {
            format!("does not end with what tribunal answers: {}", line(place))
        }
        HookCall::WindowsLines => {
            "has Windows line ends (CRLF), on which a shell fails before it calls tribunal"
                .to_owned()
        }
    };
    Some(HookAnswer::Unsure(script, why))
}

/// The text of a script or a configuration; nothing where it cannot be read.
fn read(path: &Path) -> Vec<u8> {
    regular::read(path, LastLink::Follow, HOOK).unwrap_or_default()
}

/// Whether a file is there that a program may be run from.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}
