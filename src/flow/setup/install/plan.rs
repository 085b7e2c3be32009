//! Installs and removes hooks: first a plan of all steps, then the steps.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::error::hinted;
use crate::flow::setup::install::kept_name::folder_of;
use crate::flow::setup::install::shim::{
    HookFile, Shim, is_there, kept_path, read_hook, renamed, same_file, shell_quoted, shim,
};
use crate::flow::setup::install::{InstallMethod, method, real};
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::regular;
use crate::platform::store::regular::{HOOK, LastLink};

/// One step of installing or removing hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallStep {
    Write { hook: PathBuf, content: BString },
    Keep { hook: PathBuf, kept: PathBuf },
    Restore { kept: PathBuf, hook: PathBuf },
    Remove { hook: PathBuf },
    Configure { event: &'static str, command: BString },
    Unconfigure { event: &'static str },
}

/// Where the shims are that git's configuration names.
pub fn config_folder(repo: &Repo) -> PathBuf {
    repo.state_dir().join("hooks")
}

/// What must be done so that these events call that program; empty where all of it is done.
pub fn plan_install(
    repo: &Repo,
    method: &InstallMethod,
    events: &[&'static str],
    bin: &Path,
) -> Result<Vec<InstallStep>> {
    let mut steps = Vec::new();
    let folder = match method {
        InstallMethod::Folder(folder) => folder.clone(),
        InstallMethod::Config => config_folder(repo),
    };
    for event in events {
        let hook = folder.join(event);
        let kept = kept_path(&hook);
        let content = shim(bin, event);
        let is_current = |shim: &Shim| {
            shim.same_text && shim.executable && shim.bin == bin && shim.event == Some(*event)
        };
        match read_hook(&hook)? {
            HookFile::Ours(shim) if is_current(&shim) => {}
            HookFile::Nothing | HookFile::Ours(_) => {
                steps.push(InstallStep::Write { hook: hook.clone(), content: content.clone() });
            }
            // An install that was stopped half way left the hook under both names; a hook manager
            // that installs itself again leaves the same text.
            HookFile::Foreign { .. } if same_file(&hook, &kept) || same_text(&hook, &kept) => {
                steps.push(InstallStep::Write { hook: hook.clone(), content: content.clone() });
            }
            HookFile::Foreign { .. } if is_there(&kept) => {
                let message = format!(
                    "both `{}` and `{}` hold a hook of yours",
                    hook.display(),
                    kept.display()
                );
                return Err(hinted(
                    message,
                    "put into the first what is to run, and delete the second",
                ));
            }
            HookFile::Foreign { .. } => {
                steps.push(InstallStep::Keep { hook: hook.clone(), kept });
                steps.push(InstallStep::Write { hook: hook.clone(), content: content.clone() });
            }
        }
        for (other, shim) in renamed(&hook)? {
            if !is_current(&shim) {
                steps.push(InstallStep::Write { hook: other, content: content.clone() });
            }
        }
        if *method == InstallMethod::Config {
            let command = config_command(event, &hook);
            if configured(repo, event)?.as_ref() != Some(&command) {
                steps.push(InstallStep::Configure { event, command });
            }
            // Of an install with an older git: it would run a second time.
            steps.extend(plan_removal(&repo.common_dir.join("hooks").join(event))?);
        }
    }
    Ok(steps)
}

fn same_text(a: &Path, b: &Path) -> bool {
    let read = |path: &Path| regular::read(path, LastLink::Follow, HOOK);
    matches!((read(a), read(b)), (Ok(a), Ok(b)) if a == b)
}

/// What must be done to take the hooks of these events away and give back what stood there.
pub fn plan_uninstall(repo: &Repo, events: &[&'static str]) -> Result<Vec<InstallStep>> {
    let mut folders = vec![repo.common_dir.join("hooks")];
    if let (Ok(InstallMethod::Folder(folder)), _) = method(repo)?
        && real(&folders[0]) != folder
    {
        folders.push(folder);
    }
    let mut steps = Vec::new();
    for event in events {
        for folder in &folders {
            let hook = folder.join(event);
            steps.extend(plan_removal(&hook)?);
            let others = renamed(&hook)?.into_iter();
            steps.extend(others.map(|(hook, _)| InstallStep::Remove { hook }));
        }
        if configured(repo, event)?.is_some() {
            steps.push(InstallStep::Unconfigure { event });
        }
        steps.extend(plan_removal(&config_folder(repo).join(event))?);
    }
    Ok(steps)
}

fn plan_removal(hook: &Path) -> Result<Option<InstallStep>> {
    let kept = kept_path(hook);
    let has_kept = is_there(&kept);
    let hook = hook.to_owned();
    Ok(match read_hook(&hook)? {
        HookFile::Ours(_) | HookFile::Nothing if has_kept => {
            Some(InstallStep::Restore { kept, hook })
        }
        HookFile::Ours(_) => Some(InstallStep::Remove { hook }),
        HookFile::Foreign { .. } if same_file(&hook, &kept) => {
            Some(InstallStep::Remove { hook: kept })
        }
        HookFile::Foreign { .. } | HookFile::Nothing => None,
    })
}

/// The name under which git's configuration knows an event's hook. One name an event, so that each
/// can be switched off by `git config hook.<name>.enabled false`.
pub fn config_name(event: &str) -> String {
    format!("hook.tribunal-{event}")
}

/// The line that git hands to a shell, with the hook's arguments behind it. Where the repository was
/// moved the shim is not where the line says: open at a commit, closed where refs move.
pub fn config_command(event: &str, hook: &Path) -> BString {
    let path = shell_quoted(hook.as_os_str());
    let code = u8::from(matches!(event, "pre-push" | "pre-receive"));
    let mut line = b"test -x ".to_vec();
    line.extend_from_slice(&path);
    line.extend_from_slice(
        format!(" || {{ echo 'tribunal: {event} NOT checked: run tribunal hooks install' >&2; exit {code}; }}; ")
            .as_bytes(),
    );
    line.extend_from_slice(&path);
    line.into()
}

/// The command that git's configuration has for an event.
pub fn configured(repo: &Repo, event: &str) -> Result<Option<BString>> {
    repo.config(&format!("{}.command", config_name(event)))
}

/// Does what was planned, in order; each step is whole or not done.
pub fn perform(repo: &Repo, steps: &[InstallStep]) -> Result<()> {
    for step in steps {
        match step {
            InstallStep::Write { hook, content } => file::write_executable(hook, content)?,
            InstallStep::Keep { hook, kept } => {
                keep(hook, kept).with_context(|| format!("could not keep `{}`", hook.display()))?;
            }
            InstallStep::Restore { kept, hook } => {
                fs::rename(kept, hook)
                    .with_context(|| format!("could not give back `{}`", hook.display()))?;
                forget_names(hook);
            }
            InstallStep::Remove { hook } => fs::remove_file(hook)
                .with_context(|| format!("could not remove `{}`", hook.display()))?,
            InstallStep::Configure { event, command } => {
                let name = config_name(event);
                let command = OsStr::from_bytes(command);
                configure(repo, &[format!("{name}.command").as_ref(), command])?;
                configure(repo, &[format!("{name}.event").as_ref(), event.as_ref()])?;
            }
            InstallStep::Unconfigure { event } => {
                let arguments = ["config", "--local", "--remove-section", &config_name(event)];
                succeeded(&repo.git().args(arguments).capture()?, "git config")?;
            }
        }
    }
    Ok(())
}

fn configure(repo: &Repo, words: &[&OsStr]) -> Result<()> {
    let output = repo.git().args(["config", "--local", "--replace-all"]).args(words).capture()?;
    succeeded(&output, "git config").map(drop)
}

/// Removes the links by which kept hooks had their names. What is left of them does no harm.
fn forget_names(hook: &Path) {
    if let Some(hooks) = hook.parent() {
        drop(fs::remove_dir_all(folder_of(hooks)));
    }
}

/// A second name first, so that at no moment there is no hook; a plain move where the file system
/// has no second names.
fn keep(hook: &Path, kept: &Path) -> io::Result<()> {
    match fs::hard_link(hook, kept) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(hook, kept),
        other => other,
    }
}

impl InstallStep {
    /// What the step does, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Write { hook, .. } => format!("write `{}`", hook.display()),
            Self::Keep { hook, kept } => {
                format!("keep `{}` as `{}`; it still runs", hook.display(), kept.display())
            }
            Self::Restore { hook, .. } => format!("give back `{}`", hook.display()),
            Self::Remove { hook } => format!("remove `{}`", hook.display()),
            Self::Configure { event, .. } => format!("set `{}.command`", config_name(event)),
            Self::Unconfigure { event } => format!("unset `{}`", config_name(event)),
        }
    }
}
