//! The scripts of a folder of the work tree that git runs as hooks, with tribunal's lines and without.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::error::hinted;
use crate::flow::setup::install::managers::calls;
use crate::flow::setup::install::script_lines;
use crate::flow::setup::install::script_lines::ScriptRest;
use crate::flow::setup::install::{CHECKING_EVENTS, real};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::HOOK;

/// The folders that people share, from the top of the work tree.
const USUAL: [&str; 2] = [".githooks", ".husky"];

/// The scripts of that folder that lack their lines, by their path from the top of the work tree, each with
/// its text once they are in it.
pub fn with_lines(repo: &Repo, folder: &Path, events: &[&str]) -> Result<Vec<(PathBuf, BString)>> {
    let (top, folder) = (work_tree(repo)?, from_top(repo, folder)?);
    let mut found = Vec::new();
    for event in CHECKING_EVENTS.into_iter().filter(|event| events.contains(event)) {
        let script = folder.join(event);
        let text = text_of(top, &script)?;
        if text.as_deref().is_some_and(|text| calls(text, event)) {
            continue;
        }
        let Some(content) = script_lines::put_in(text.as_deref(), event) else {
            return Err(hinted(
                format!(
                    "`{}` is not a shell script, so no lines are put into it",
                    script.display()
                ),
                format!(
                    "have it run `tribunal hook {event}` with the arguments and the input that git \
                     gives to it, then install again"
                ),
            ));
        };
        found.push((script, content));
    }
    Ok(found)
}

/// The scripts that have the lines, each with its text without them, or `None` where nothing is left. Git
/// may have been told meanwhile to look elsewhere than in `folder`: the usual ones are looked at, too.
pub fn without_lines(
    repo: &Repo,
    folder: Option<&Path>,
    events: &[&str],
) -> Result<Vec<(PathBuf, Option<BString>)>> {
    if repo.work_tree.is_none() {
        return Ok(Vec::new());
    }
    let top = work_tree(repo)?;
    let mut folders = USUAL.map(PathBuf::from).to_vec();
    if let Some(folder) = folder {
        folders.push(from_top(repo, folder)?);
    }
    folders.sort();
    folders.dedup();
    let mut found = Vec::new();
    for (folder, event) in folders.iter().flat_map(|f| events.iter().map(move |event| (f, event))) {
        let script = folder.join(event);
        // What cannot be read there is no script of ours.
        let text = text_of(top, &script).ok().flatten().unwrap_or_default();
        match script_lines::take_out(&text, event) {
            ScriptRest::Untouched => {}
            ScriptRest::Nothing => found.push((script, None)),
            ScriptRest::Script(rest) => found.push((script, Some(rest))),
        }
    }
    Ok(found)
}

/// A folder as a path from the top of the work tree.
fn from_top(repo: &Repo, folder: &Path) -> Result<PathBuf> {
    let top = real(work_tree(repo)?);
    Ok(folder.strip_prefix(&top).unwrap_or(folder).to_owned())
}

fn text_of(top: &Path, script: &Path) -> Result<Option<Vec<u8>>> {
    match Folder::open(top).and_then(|top| top.read(script, HOOK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).with_context(|| format!("could not read `{}`", script.display())),
    }
}
