//! The scripts of a folder of the work tree that git runs as hooks, with tribunal's lines and without.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::error::hinted;
use crate::flow::setup::install::calls::{HookCall, has_windows_lines, in_script};
use crate::flow::setup::install::script_lines;
use crate::flow::setup::install::script_lines::ScriptRest;
use crate::flow::setup::install::{CHECKING_EVENTS, EVENTS, real};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::hooks_dir;
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::HOOK;

/// The folders that people share, from the top of the work tree.
const USUAL: [&str; 2] = [".githooks", ".husky"];

/// How many tracked files with the name of a hook are looked at.
const TRACKED_MAX: usize = 1000;

/// What a script lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The lines: its text once they are in it.
    Lines(BString),
    /// The right to be run, without which git passes over it.
    Right,
}

/// The scripts of that folder that lack something, by their path from the top of the work tree.
pub fn lacking(repo: &Repo, folder: &Path, events: &[&str]) -> Result<Vec<(PathBuf, Lack)>> {
    let (top, from_top) = (work_tree(repo)?, from_top(repo, folder)?);
    // What husky puts into a folder of its own needs no such right of the scripts that it runs.
    let git_runs_them = real(&hooks_dir::folder(repo)?) == real(folder);
    let mut found = Vec::new();
    for event in CHECKING_EVENTS.into_iter().filter(|event| events.contains(event)) {
        let script = from_top.join(event);
        let text = text_of(top, &script)?;
        if let Some(content) = lacking_lines(&script, text.as_deref(), event, !git_runs_them)? {
            found.push((script.clone(), Lack::Lines(content)));
        }
        if git_runs_them && text.is_some() && !is_executable(top, &script) {
            found.push((script, Lack::Right));
        }
    }
    Ok(found)
}

/// The text of a script once the lines are in it; `None` where it calls tribunal as it is.
fn lacking_lines(
    script: &Path,
    text: Option<&[u8]>,
    event: &str,
    errexit: bool,
) -> Result<Option<BString>> {
    let text = text.unwrap_or_default();
    if matches!(in_script(text, event, errexit), HookCall::Runs { .. } | HookCall::Named) {
        return Ok(None);
    }
    let name = script.display();
    if has_windows_lines(text) {
        return Err(hinted(
            format!("`{name}` has Windows line ends (CRLF), on which a shell fails"),
            format!(
                "`sed -i 's/\\r$//' {name}` gives it those that a shell reads, and `{name} eol=lf` in \
                 `.gitattributes` keeps them; then install again"
            ),
        ));
    }
    // Those that are there do not run: something comes before them.
    let without = match script_lines::take_out(text, event) {
        ScriptRest::Untouched => BString::from(text),
        ScriptRest::Nothing => BString::default(),
        ScriptRest::Script(rest) => rest,
    };
    let put = script_lines::put_in(Some(&without[..]).filter(|it| !it.is_empty()), event);
    put.map(Some).ok_or_else(|| {
        hinted(
            format!("`{name}` is not a shell script, so no lines are put into it"),
            format!(
                "have it run `tribunal hook {event}` with the arguments and the input that git gives \
                 to it, then install again"
            ),
        )
    })
}

/// What is in scripts of the work tree.
#[derive(Debug, Default)]
pub struct FoundLines {
    /// The scripts that have the lines, each with its text without them, or `None` where nothing is left.
    pub written: Vec<(PathBuf, Option<BString>)>,
    /// Those that call tribunal by lines which a person wrote or changed.
    pub by_hand: Vec<PathBuf>,
}

/// Looks for calls of tribunal: in `folders` from the top of the work tree, in the usual ones, and in tracked files
/// that have the name of a hook. Git may have been told meanwhile to look elsewhere.
pub fn find_lines(repo: &Repo, folders: &[PathBuf], events: &[&str]) -> Result<FoundLines> {
    if repo.work_tree.is_none() {
        return Ok(FoundLines::default());
    }
    let top = work_tree(repo)?;
    let folders = USUAL.iter().map(PathBuf::from).chain(folders.iter().cloned());
    let mut scripts: BTreeSet<PathBuf> =
        folders.flat_map(|folder| events.iter().map(move |event| folder.join(event))).collect();
    scripts.extend(tracked(repo, events));
    let mut found = FoundLines::default();
    for script in scripts {
        let Some(event) = EVENTS.into_iter().find(|event| script.ends_with(event)) else {
            continue;
        };
        // What cannot be read there is no script of ours.
        let text = text_of(top, &script).ok().flatten().unwrap_or_default();
        match script_lines::take_out(&text, event) {
            ScriptRest::Untouched if in_script(&text, event, true) == HookCall::Absent => {}
            ScriptRest::Untouched => found.by_hand.push(script),
            ScriptRest::Nothing => found.written.push((script, None)),
            ScriptRest::Script(rest) => found.written.push((script, Some(rest))),
        }
    }
    Ok(found)
}

/// The tracked files with the names of these hooks, from the top of the work tree; none where git cannot say.
fn tracked(repo: &Repo, events: &[&str]) -> Vec<PathBuf> {
    let patterns = events.iter().map(|event| format!(":(glob)**/{event}"));
    let listed = repo.git().args(["ls-files", "-z", "--"]).args(patterns).capture();
    let Some(output) = listed.ok().filter(|output| output.status.success()) else {
        return Vec::new();
    };
    let paths = output.stdout.split_str("\0").filter(|path| !path.is_empty());
    paths.map(|path| path.to_path_lossy().into_owned()).take(TRACKED_MAX).collect()
}

/// A folder as a path from the top of the work tree.
pub fn from_top(repo: &Repo, folder: &Path) -> Result<PathBuf> {
    let top = real(work_tree(repo)?);
    Ok(folder.strip_prefix(&top).unwrap_or(folder).to_owned())
}

fn text_of(top: &Path, script: &Path) -> Result<Option<Vec<u8>>> {
    match Folder::open(top).and_then(|top| top.read(script, HOOK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).with_context(|| format!("could not read `{}`", script.display())),
    }
}

fn is_executable(top: &Path, script: &Path) -> bool {
    let found = Folder::open(top).and_then(|top| top.find(script));
    found.is_ok_and(|found| found.metadata.permissions().mode() & 0o111 != 0)
}
