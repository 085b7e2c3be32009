//! Installs and removes hooks: first a plan of all steps, then the steps.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::error::hinted;
use crate::flow::setup::install::answer::{HookAnswer, answer};
use crate::flow::setup::install::config_keys::{
    config_command, config_folder, config_name, configure, configured,
};
use crate::flow::setup::install::kept_name::folder_of;
use crate::flow::setup::install::managers::Manager;
use crate::flow::setup::install::record;
use crate::flow::setup::install::scripts;
use crate::flow::setup::install::scripts::{FoundLines, Lack};
use crate::flow::setup::install::shim::{
    HookFile, KEPT, Shim, is_there, kept_path, read_hook, renamed, same_file, shim, with_suffix,
};
use crate::flow::setup::install::{InstallMethod, method, real};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular;
use crate::platform::store::regular::{HOOK, LastLink};

/// One step of installing or removing hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallStep {
    Write {
        hook: PathBuf,
        content: BString,
    },
    Keep {
        hook: PathBuf,
        kept: PathBuf,
    },
    Restore {
        kept: PathBuf,
        hook: PathBuf,
    },
    Remove {
        hook: PathBuf,
    },
    Configure {
        event: &'static str,
        command: BString,
    },
    Unconfigure {
        event: &'static str,
    },
    /// The right to be run to a script of the work tree, by its path from the top.
    MakeExecutable {
        script: PathBuf,
    },
    /// The lines into a script of the work tree, by its path from the top: its text from then on.
    PutLines {
        script: PathBuf,
        content: BString,
    },
    /// And out of it; `None` where nothing else was in it.
    TakeLines {
        script: PathBuf,
        content: Option<BString>,
    },
}

/// What must be done so that these events call that program; empty where all of it is done.
pub fn plan_install(
    repo: &Repo,
    method: &InstallMethod,
    events: &[&'static str],
    bin: &Path,
) -> Result<Vec<InstallStep>> {
    let own = repo.common_dir.join("hooks");
    let mut steps = Vec::new();
    if let InstallMethod::Scripts(scripts) = method {
        let step = |(script, lack)| match lack {
            Lack::Lines(content) => InstallStep::PutLines { script, content },
            Lack::Right => InstallStep::MakeExecutable { script },
        };
        steps.extend(scripts::lacking(repo, scripts, events)?.into_iter().map(step));
    }
    for event in events {
        match method {
            InstallMethod::Folder(folder) => {
                let answer = answer(folder, repo.work_tree.as_deref(), event)?;
                let hook = folder.join(event);
                // What runs tribunal as it is runs it once: nothing is put before that.
                let left_over = if matches!(answer, HookAnswer::Through(..)) {
                    None
                } else {
                    steps.extend(plan_shim(&hook, event, bin)?);
                    left_over(&hook)
                };
                steps.extend(plan_renamed(&hook, event, bin, left_over.as_deref())?);
            }
            // For the day on which nothing names another folder any more.
            InstallMethod::Scripts(_) if real(&own).starts_with(real(&repo.common_dir)) => {
                steps.extend(plan_shim(&own.join(event), event, bin)?);
            }
            InstallMethod::Scripts(_) => {}
            InstallMethod::Config => {
                let hook = config_folder(repo).join(event);
                steps.extend(plan_shim(&hook, event, bin)?);
                let command = config_command(event, &hook);
                if configured(repo, event)?.as_ref() != Some(&command) {
                    steps.push(InstallStep::Configure { event, command });
                }
                // Of an install with an older git: it would run a second time.
                steps.extend(plan_removal(&own.join(event))?);
            }
        }
    }
    Ok(steps)
}

/// Puts the shim in a hook's place, and keeps what stands there.
fn plan_shim(hook: &Path, event: &'static str, bin: &Path) -> Result<Vec<InstallStep>> {
    let kept = kept_path(hook);
    let write = InstallStep::Write { hook: hook.to_owned(), content: shim(bin, event) };
    let keep = InstallStep::Keep { hook: hook.to_owned(), kept: kept.clone() };
    Ok(match read_hook(hook)? {
        HookFile::Ours(shim) if is_current(&shim, event, bin) => Vec::new(),
        HookFile::Nothing | HookFile::Ours(_) => vec![write],
        // An install that was stopped half way left the hook under both names; a hook manager
        // that installs itself again leaves the same text.
        HookFile::Foreign { .. } if same_file(hook, &kept) || same_text(hook, &kept) => vec![write],
        // Or a newer one.
        HookFile::Foreign { .. } if is_superseded(hook, &kept) => {
            vec![InstallStep::Remove { hook: kept }, keep, write]
        }
        HookFile::Foreign { .. } if is_there(&kept) => {
            let message =
                format!("both `{}` and `{}` hold a hook of yours", hook.display(), kept.display());
            return Err(hinted(
                message,
                "put into the first what is to run, and delete the second",
            ));
        }
        HookFile::Foreign { .. } => vec![keep, write],
    })
}

fn is_current(shim: &Shim, event: &str, bin: &Path) -> bool {
    shim.same_text && shim.executable && shim.bin == bin && shim.event == Some(event)
}

/// The name under which a manager keeps what it found in its place: of no use to it once the shim stands
/// before its hook, and it refuses to install itself where the name is taken.
fn left_over(hook: &Path) -> Option<PathBuf> {
    let manager = manager_of(hook).or_else(|| manager_of(&kept_path(hook)))?;
    Some(with_suffix(hook, manager.moves()?.suffix))
}

/// Renews the shims that another program keeps under other names, and takes away the one that is left over.
fn plan_renamed(
    hook: &Path,
    event: &'static str,
    bin: &Path,
    left_over: Option<&Path>,
) -> Result<Vec<InstallStep>> {
    let step = |(other, found): (PathBuf, Shim)| {
        if left_over == Some(other.as_path()) {
            Some(InstallStep::Remove { hook: other })
        } else if is_current(&found, event, bin) {
            None
        } else {
            Some(InstallStep::Write { hook: other, content: shim(bin, event) })
        }
    };
    Ok(renamed(hook)?.into_iter().filter_map(step).collect())
}

fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    regular::read(path, LastLink::Follow, HOOK)
}

fn same_text(a: &Path, b: &Path) -> bool {
    matches!((read_text(a), read_text(b)), (Ok(a), Ok(b)) if a == b)
}

/// The manager that wrote what stands there.
pub fn manager_of(hook: &Path) -> Option<Manager> {
    read_text(hook).ok().and_then(|text| Manager::of_hook(&text))
}

/// Whether a kept hook serves nobody any more: its own manager has the place
/// again, and runs the shim under another name.
pub fn is_outdated(kept: &Path) -> bool {
    let hook = kept.as_os_str().as_bytes().strip_suffix(KEPT.as_bytes());
    hook.is_some_and(|hook| is_superseded(Path::new(OsStr::from_bytes(hook)), kept))
}

/// Whether both are hooks of one manager: it wrote the first again.
fn is_superseded(hook: &Path, kept: &Path) -> bool {
    let manager = manager_of(hook);
    manager.is_some() && manager == manager_of(kept)
}

/// What must be done to take the hooks of these events away and give back what stood there.
pub fn plan_uninstall(repo: &Repo, events: &[&'static str]) -> Result<Vec<InstallStep>> {
    let mut folders = vec![repo.common_dir.join("hooks")];
    if let Ok(InstallMethod::Folder(folder)) = method(repo)?.0
        && real(&folders[0]) != folder
    {
        folders.push(folder);
    }
    let out = |(script, content)| InstallStep::TakeLines { script, content };
    let mut steps: Vec<_> = find_lines(repo, events)?.written.into_iter().map(out).collect();
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

/// Where scripts of the work tree call tribunal, in whatever folder git was ever told to look.
pub fn find_lines(repo: &Repo, events: &[&'static str]) -> Result<FoundLines> {
    let mut folders = record::script_folders(repo);
    if let Ok(InstallMethod::Scripts(folder)) = method(repo)?.0 {
        folders.push(scripts::from_top(repo, &folder)?);
    }
    scripts::find_lines(repo, &folders, events)
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
        // Its manager put it in place again, and the older one serves nobody any more.
        HookFile::Foreign { .. } if same_file(&hook, &kept) || is_superseded(&hook, &kept) => {
            Some(InstallStep::Remove { hook: kept })
        }
        HookFile::Foreign { .. } | HookFile::Nothing => None,
    })
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
            InstallStep::Remove { hook } => {
                fs::remove_file(hook)
                    .with_context(|| format!("could not remove `{}`", hook.display()))?;
                forget_names(hook);
            }
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
            InstallStep::MakeExecutable { script } => {
                work_tree_folder(repo)?
                    .make_executable(script)
                    .with_context(|| format!("could not make `{}` executable", script.display()))?;
            }
            InstallStep::PutLines { script, content } => {
                work_tree_folder(repo)?.write_script(script, content)?;
            }
            InstallStep::TakeLines { script, content } => {
                let top = work_tree_folder(repo)?;
                match content {
                    Some(content) => top.write(script, content)?,
                    None => top
                        .remove(script)
                        .with_context(|| format!("could not remove `{}`", script.display()))?,
                }
            }
        }
    }
    Ok(())
}

fn work_tree_folder(repo: &Repo) -> Result<Folder> {
    let top = work_tree(repo)?;
    Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))
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
    /// The script that the step changes for everybody who shares the work tree.
    pub fn shared_script(&self) -> Option<&Path> {
        match self {
            Self::MakeExecutable { script }
            | Self::PutLines { script, .. }
            | Self::TakeLines { script, .. } => Some(script),
            _ => None,
        }
    }

    /// What the step would do, and what it did, for people.
    pub fn describe(&self) -> [String; 2] {
        let (would, did, what) = match self {
            Self::Write { hook, .. } => ("write", "wrote", format!("`{}`", hook.display())),
            Self::Keep { hook, kept } => {
                let kept = format!("`{}` as `{}`; it still runs", hook.display(), kept.display());
                ("keep", "kept", kept)
            }
            Self::Restore { hook, .. } => {
                ("give back", "gave back", format!("`{}`", hook.display()))
            }
            Self::Remove { hook: path } | Self::TakeLines { script: path, content: None } => {
                ("remove", "removed", format!("`{}`", path.display()))
            }
            Self::Configure { event, .. } => {
                ("set", "set", format!("`{}.command`", config_name(event)))
            }
            Self::Unconfigure { event } => ("unset", "unset", format!("`{}`", config_name(event))),
            Self::PutLines { script, .. } => {
                ("add lines to", "added lines to", format!("`{}`", script.display()))
            }
            Self::MakeExecutable { script } => {
                let what = format!("`{}` executable, so that git runs it", script.display());
                ("make", "made", what)
            }
            Self::TakeLines { script, content: Some(_) } => {
                let script = format!("`{}`", script.display());
                ("take the lines out of", "took the lines out of", script)
            }
        };
        [format!("would {would} {what}"), format!("{did} {what}")]
    }
}
