//! The hooks of a repository: where they go, what is installed, what is restored.

pub mod answer;
pub mod calls;
pub mod config_keys;
pub mod guard;
pub mod kept_name;
pub mod managers;
pub mod plan;
pub mod record;
pub mod script_lines;
pub mod scripts;
pub mod shell;
pub mod shim;
pub mod status;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::platform::git::hooks_dir;
use crate::platform::git::hooks_dir::{HooksPath, has_configured_hooks};
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

#[cfg(test)]
mod tests;

/// Every hook that the program answers.
pub const EVENTS: [&str; 7] = [
    "pre-commit",
    "pre-merge-commit",
    "commit-msg",
    "post-commit",
    "post-rewrite",
    "pre-push",
    "pre-receive",
];

/// The hooks that check something.
pub const CHECKING_EVENTS: [&str; 4] = ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push"];

/// What is installed where no hook is named: those that check something, and one that other hook managers
/// seldom have, which says so where none of the others ran.
pub const CLIENT_EVENTS: [&str; 5] =
    ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "post-commit"];

/// What is installed in a bare repository where no hook is named.
pub const SERVER_EVENTS: [&str; 1] = ["pre-receive"];

/// How hooks are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallMethod {
    /// As files in that folder.
    Folder(PathBuf),
    /// By `hook.<name>.command`, as git 2.54 and later understand it: whatever stands in the hooks
    /// folder is left alone, wherever that folder is.
    Config,
    /// By lines in the scripts of that folder of the work tree, which others share: `.husky`, `.githooks`.
    Scripts(PathBuf),
}

/// Why no hook is put into the hooks folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `core.hooksPath` is set to nothing.
    Empty,
    /// The folder is outside the repository.
    Outside(PathBuf),
}

/// The event of that name.
pub fn event(name: &str) -> Result<&'static str> {
    EVENTS.into_iter().find(|event| *event == name).ok_or_else(|| unknown(name))
}

/// The error for a word that is no event.
pub fn unknown(name: &str) -> anyhow::Error {
    let known = EVENTS.join(", ");
    let is_copy =
        |event: &&str| name.strip_prefix(*event).is_some_and(|rest| rest.starts_with('.'));
    let hint = if let Some(event) = EVENTS.into_iter().find(is_copy) {
        // The first shims asked by the name of their file.
        format!(
            "if it is an older `{event}` of tribunal under another name, `tribunal hooks install` \
             renews it; known: {known}"
        )
    } else {
        did_you_mean_or(name, EVENTS, &format!("known: {known}"))
    };
    hinted(format!("`{name}` is not a hook that tribunal answers"), hint)
}

/// What is installed where no hook is named.
pub fn default_events(repo: &Repo) -> Vec<&'static str> {
    let mut events = Vec::new();
    let has_work_trees = file::entries(&repo.common_dir.join("worktrees"))
        .is_ok_and(|mut list| list.next().is_some());
    if repo.work_tree.is_some() || has_work_trees {
        events.extend(CLIENT_EVENTS);
    }
    if repo.work_tree.is_none() {
        events.extend(SERVER_EVENTS);
    }
    events
}

/// Decides how hooks are installed. `folder` is where git looks, without symbolic links as far as it
/// exists; so are the other two.
pub fn choose(
    version: (u32, u32),
    setting: Option<&HooksPath>,
    folder: &Path,
    common_dir: &Path,
    work_tree: Option<&Path>,
) -> Result<InstallMethod, Refusal> {
    if has_configured_hooks(version) {
        return Ok(InstallMethod::Config);
    }
    if setting.is_some_and(|setting| setting.value.is_empty()) {
        return Err(Refusal::Empty);
    }
    if folder.starts_with(common_dir) {
        return Ok(InstallMethod::Folder(folder.to_owned()));
    }
    match work_tree {
        Some(top) if folder.starts_with(top) => {
            Ok(InstallMethod::Scripts(scripts_of(folder).to_owned()))
        }
        _ => Err(Refusal::Outside(folder.to_owned())),
    }
}

/// How hooks are installed here, and the setting that decides it.
pub fn method(repo: &Repo) -> Result<(Result<InstallMethod, Refusal>, Option<HooksPath>)> {
    let version = hooks_dir::git_version(&repo.git_dir)?;
    let setting = hooks_dir::hooks_path(repo)?;
    let folder = match &setting {
        Some(setting) => setting.folder.clone(),
        None => repo.common_dir.join("hooks"),
    };
    let top = repo.work_tree.as_deref().map(real);
    let method =
        choose(version, setting.as_ref(), &real(&folder), &real(&repo.common_dir), top.as_deref());
    Ok((method, setting))
}

/// A path without symbolic links, as far as it exists.
pub fn real(path: &Path) -> PathBuf {
    match (fs::canonicalize(path), path.parent(), path.file_name()) {
        (Ok(path), _, _) => path,
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

/// The error for a folder that is not ours to write to, with the ways on.
pub fn refused(refusal: &Refusal, setting: Option<&HooksPath>) -> anyhow::Error {
    let origin = setting.map_or_else(|| "it is a symbolic link".to_owned(), HooksPath::described);
    let unset = setting.map_or_else(String::new, |setting| match setting.scope.as_str() {
        "command" => "leave the setting out of this call".to_owned(),
        scope => format!("`git config --{scope} --unset core.hooksPath`"),
    });
    match refusal {
        Refusal::Empty => {
            let message = format!("git runs no hook here: {origin}");
            hinted(message, format!("{unset} switches hooks on again; then install"))
        }
        Refusal::Outside(folder) => {
            let message = format!(
                "the hooks folder `{}` is outside the repository, and other repositories may use it: {origin}",
                folder.display()
            );
            let hint = format!(
                "have the scripts there call tribunal: {}; or give this repository its own folder with `git config core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"` and install",
                calls_by_hand()
            );
            hinted(message, hint)
        }
    }
}

/// A call that does nothing where tribunal is missing, for each hook that checks something.
fn calls_by_hand() -> String {
    CHECKING_EVENTS
        .map(|event| {
            format!("`if command -v tribunal >/dev/null; then tribunal hook {event} \"$@\"; fi`")
        })
        .join(", ")
}

/// The folder with the scripts that people write, given where git looks for hooks: what husky puts into
/// `.husky/_` runs the scripts of `.husky`.
pub fn scripts_of(folder: &Path) -> &Path {
    match folder.file_name() {
        Some(name) if name == "_" => folder.parent().unwrap_or(folder),
        _ => folder,
    }
}
