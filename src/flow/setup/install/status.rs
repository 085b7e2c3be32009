//! How the hooks of a repository stand.

use std::path::Path;

use anyhow::Result;

use crate::flow::setup::install::answer::{HookAnswer, Sureness, answer, is_executable};
use crate::flow::setup::install::config_keys::{
    config_command, config_folder, config_name, configured, is_switched_off,
};
use crate::flow::setup::install::record::recorded;
use crate::flow::setup::install::shim::{
    HookFile, Shim, is_there, kept_path, read_hook, renamed, shim_version,
};
use crate::flow::setup::install::{
    CHECKING_EVENTS, EVENTS, InstallMethod, Refusal, default_events, method, real,
};
use crate::platform::git::hooks_dir;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees;
use crate::platform::process;

/// How one event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStatus {
    pub event: &'static str,
    pub installed: bool,
    /// Whether it ought to be.
    pub wanted: bool,
    /// What keeps it from guarding, or will.
    pub problems: Vec<String>,
    pub notes: Vec<String>,
}

/// The state of each event, given how hooks are installed here.
pub fn status(repo: &Repo, method: &Result<InstallMethod, Refusal>) -> Result<Vec<EventStatus>> {
    let wanted = wanted(repo);
    let events = EVENTS.into_iter().map(|event| {
        let mut status = EventStatus {
            event,
            installed: false,
            wanted: wanted.contains(&event),
            problems: Vec::new(),
            notes: Vec::new(),
        };
        match method {
            Ok(InstallMethod::Folder(folder)) => status.check_hook(repo, folder)?,
            Ok(InstallMethod::Config) => status.check_config(repo)?,
            Ok(InstallMethod::Scripts(_)) | Err(Refusal::Outside(_)) => {
                status.check_hook(repo, &hooks_dir::folder(repo)?)?;
            }
            Err(Refusal::Empty) => {}
        }
        if !status.installed && status.wanted && status.problems.is_empty() {
            status.problems.push("missing".to_owned());
        }
        Ok(status)
    });
    events.collect()
}

/// The events that ought to be installed: those that were, or else those that an install would bring.
/// One that only tells of others is not missed.
fn wanted(repo: &Repo) -> Vec<&'static str> {
    let recorded = recorded(repo);
    let mut wanted = if recorded.is_empty() { default_events(repo) } else { recorded };
    wanted.retain(|event| *event != "post-commit");
    wanted
}

/// The other work trees of the repository that these hooks do not guard, one line each: a setting may
/// count from the top of each work tree, or hold in one alone.
pub fn unguarded_work_trees(repo: &Repo) -> Result<Vec<String>> {
    let (method, setting) = method(repo)?;
    let of_one_tree = repo.config("extensions.worktreeConfig")?.is_some_and(|on| on == "true");
    if matches!(method, Ok(InstallMethod::Config)) || (setting.is_none() && !of_one_tree) {
        return Ok(Vec::new());
    }
    let here = real(&hooks_dir::folder(repo)?);
    let wanted = wanted(repo);
    let mut found = Vec::new();
    for top in worktrees::list(&repo.common_dir) {
        let Ok(other) = Repo::discover(&top, None) else { continue };
        let setting = hooks_dir::hooks_path(&other)?;
        let folder =
            setting.as_ref().map_or_else(|| other.common_dir.join("hooks"), |it| it.folder.clone());
        let folder = real(&folder);
        let answers =
            |event: &&str| answer(&folder, Some(&top), event).is_ok_and(|it| it.is_ours());
        let guarding = CHECKING_EVENTS.iter().filter(|event| wanted.contains(event));
        if folder == here || guarding.clone().all(answers) {
            continue;
        }
        let by = setting.map_or_else(String::new, |it| format!(": {}", it.described()));
        found.push(format!(
            "the work tree `{}` is not guarded: git looks for its hooks in `{}`{by}",
            top.display(),
            folder.display()
        ));
    }
    Ok(found)
}

impl EventStatus {
    fn check_hook(&mut self, repo: &Repo, folder: &Path) -> Result<()> {
        let hook = folder.join(self.event);
        let kept = kept_path(&hook);
        let answer = answer(folder, repo.work_tree.as_deref(), self.event)?;
        for (other, _) in renamed(&hook)? {
            if matches!(&answer, HookAnswer::Through(by, _) if *by == other) {
                continue;
            }
            let name = other.display();
            self.notes.push(format!(
                "`{name}` is a tribunal hook under another name: it checks where something runs it"
            ));
        }
        match answer {
            HookAnswer::Nothing if is_there(&kept) => {
                self.problems.push(format!("missing, and `{}` waits to be run", kept.display()));
            }
            HookAnswer::Through(by, sureness) => {
                self.installed = true;
                let mut note = format!("called by `{}`", by.display());
                if let Sureness::Unless(known) = sureness {
                    note = format!("{note}, {known}");
                }
                self.notes.push(note);
                if let HookFile::Ours(shim) = read_hook(&by)? {
                    self.check_shim(&shim);
                }
            }
            HookAnswer::Unsure(by, why) => {
                let told = if self.wanted { &mut self.problems } else { &mut self.notes };
                told.push(format!("`{}` {why}", by.display()));
            }
            HookAnswer::NotExecutable(hook) if self.wanted => {
                let name = hook.display();
                self.problems.push(format!(
                    "git passes over `{name}`: it is not executable (`chmod +x {name}`)"
                ));
            }
            HookAnswer::Other(Some(manager)) if self.wanted => {
                self.problems.push(format!("the hook of {} is in its place", manager.name()));
            }
            HookAnswer::Other(None) if self.wanted => {
                self.problems.push("another program's hook is in its place".to_owned());
            }
            HookAnswer::Other(None) => self.notes.push("a hook of your own".to_owned()),
            HookAnswer::NotExecutable(_) => {
                self.notes
                    .push("a hook of your own, not executable: git passes over it".to_owned());
            }
            HookAnswer::Nothing | HookAnswer::Other(Some(_)) => {}
            HookAnswer::Shim(shim) => {
                self.installed = true;
                self.check_shim(&shim);
                if let Some(event) = shim.event.filter(|event| *event != self.event) {
                    self.problems.push(format!("it is the shim of another hook: `{event}`"));
                }
                if is_there(&kept) {
                    let runs = is_executable(&kept);
                    let what = if runs { "runs" } else { "cannot run (it is not executable)" };
                    self.notes.push(format!("the hook that was there before {what}"));
                }
            }
        }
        Ok(())
    }

    fn check_shim(&mut self, shim: &Shim) {
        if !shim.executable {
            self.problems.push("not executable: git does not run it".to_owned());
        }
        if shim.version != shim_version() {
            let (theirs, ours) = (&shim.version, shim_version());
            self.problems
                .push(format!("the shim has version {theirs}, this program writes {ours}"));
        } else if !shim.same_text {
            self.problems.push("the shim was edited".to_owned());
        }
        let bin = shim.bin.display();
        if !shim.bin.exists() {
            self.problems
                .push(format!("it calls `{bin}`, which is not there; `PATH` is tried next"));
        } else if process::own_path().ok() != shim.bin.canonicalize().ok() {
            self.notes.push(format!("it calls another program than this one: `{bin}`"));
        }
    }

    fn check_config(&mut self, repo: &Repo) -> Result<()> {
        let hook = config_folder(repo).join(self.event);
        let Some(command) = configured(repo, self.event)? else {
            // An install with an older git still works.
            return self.check_hook(repo, &repo.common_dir.join("hooks"));
        };
        self.check_hook(repo, &config_folder(repo))?;
        self.notes.push("by git's configuration".to_owned());
        if command != config_command(self.event, &hook) {
            self.problems.push(format!("`{}.command` was changed", config_name(self.event)));
        }
        if is_switched_off(repo, self.event)? {
            self.problems.push(format!("`{}.enabled` is false", config_name(self.event)));
        }
        Ok(())
    }
}
