//! What was installed here, on record: the names of hooks, and the folders of scripts that got lines.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::flow::setup::install::EVENTS;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// The names of the installed hooks, one a line, and behind them the folders.
const RECORD: &str = "installed";

/// What a line begins with that names a folder, from the top of the work tree.
const FOLDER: &str = "scripts in ";

/// The hooks that were installed here, in whatever way.
pub fn recorded(repo: &Repo) -> Vec<&'static str> {
    recorded_in(&repo.state_dir())
}

/// The same of a state folder, without opening its repository.
pub fn recorded_in(state_dir: &Path) -> Vec<&'static str> {
    let text = text_in(state_dir);
    EVENTS.into_iter().filter(|event| text.lines().any(|line| line == *event)).collect()
}

/// The folders whose scripts got lines and may have them still, from the top of the work tree.
pub fn script_folders(repo: &Repo) -> Vec<PathBuf> {
    text(repo).lines().filter_map(|line| line.strip_prefix(FOLDER)).map(PathBuf::from).collect()
}

/// Takes note that these hooks are installed, beside those that were.
pub fn record(repo: &Repo, events: &[&'static str]) -> Result<()> {
    let before = recorded(repo);
    write(repo, |event| before.contains(&event) || events.contains(&event), &script_folders(repo))
}

/// Takes note that these hooks were taken away.
pub fn forget(repo: &Repo, events: &[&'static str]) -> Result<()> {
    let before = recorded(repo);
    write(repo, |event| before.contains(&event) && !events.contains(&event), &script_folders(repo))
}

/// Takes note of the folders whose scripts have lines.
pub fn set_script_folders(repo: &Repo, folders: &[PathBuf]) -> Result<()> {
    let before = recorded(repo);
    write(repo, |event| before.contains(&event), folders)
}

fn text(repo: &Repo) -> String {
    text_in(&repo.state_dir())
}

fn text_in(state_dir: &Path) -> String {
    file::read_text(&state_dir.join(RECORD)).unwrap_or_default()
}

fn write(repo: &Repo, keep: impl Fn(&'static str) -> bool, folders: &[PathBuf]) -> Result<()> {
    let events = EVENTS.into_iter().filter(|event| keep(event)).map(str::to_owned);
    // A folder whose name is no text, or more than a line of it, is not on record.
    let names = folders.iter().filter_map(|folder| folder.to_str());
    let folders = names.filter(|name| !name.contains('\n')).map(|name| format!("{FOLDER}{name}"));
    let now: String = events.chain(folders).map(|line| line + "\n").collect();
    if now == text(repo) {
        return Ok(());
    }
    let path = repo.state_dir().join(RECORD);
    if now.is_empty() {
        return file::remove_file(&path);
    }
    file::write_atomic(&path, now.as_bytes())
}
