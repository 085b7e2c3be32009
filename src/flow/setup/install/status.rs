//! How the hooks of a repository stand.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::flow::setup::install::plan::{config_command, config_folder, config_name, configured};
use crate::flow::setup::install::shim::{
    HookFile, Shim, is_there, kept_path, read_hook, renamed, shim_version,
};
use crate::flow::setup::install::{EVENTS, InstallMethod, Refusal, default_events, method, real};
use crate::platform::git::hooks_dir;
use crate::platform::git::repo::Repo;
use crate::platform::git::worktrees;
use crate::platform::process;
use crate::platform::store::regular;
use crate::platform::store::regular::{HOOK, LastLink};

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
    let wanted = default_events(repo);
    let events = EVENTS.into_iter().map(|event| {
        let mut status = EventStatus {
            event,
            installed: false,
            wanted: wanted.contains(&event),
            problems: Vec::new(),
            notes: Vec::new(),
        };
        match method {
            Ok(InstallMethod::Folder(folder)) => status.check_hook(&folder.join(event))?,
            Ok(InstallMethod::Config) => status.check_config(repo)?,
            Err(Refusal::WorkTree(folder) | Refusal::Outside(folder)) => {
                status.check_foreign_folder(folder);
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

/// The other work trees of the repository that these hooks do not guard, one line each: a setting may
/// count from the top of each work tree, or hold in one alone.
pub fn unguarded_work_trees(repo: &Repo) -> Result<Vec<String>> {
    let (method, setting) = method(repo)?;
    let of_one_tree = repo.config("extensions.worktreeConfig")?.is_some_and(|on| on == "true");
    let (Ok(InstallMethod::Folder(folder)), true) = (method, setting.is_some() || of_one_tree)
    else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for top in worktrees::list(&repo.common_dir) {
        let Ok(other) = Repo::discover(&top, None) else { continue };
        let there = match hooks_dir::hooks_path(&other)? {
            Some(setting) => real(&setting.folder),
            None => real(&other.common_dir.join("hooks")),
        };
        let is_ours = |event: &str| matches!(read_hook(&there.join(event)), Ok(HookFile::Ours(_)));
        if there != folder && !is_ours("pre-commit") {
            found.push(format!(
                "the work tree `{}` is not guarded: git looks for its hooks in `{}`",
                top.display(),
                there.display()
            ));
        }
    }
    Ok(found)
}

impl EventStatus {
    fn check_hook(&mut self, hook: &Path) -> Result<()> {
        let kept = kept_path(hook);
        for (other, _) in renamed(hook)? {
            let name = other.display();
            self.notes.push(format!(
                "`{name}` is a tribunal hook under another name: it checks where something runs it"
            ));
        }
        match read_hook(hook)? {
            HookFile::Nothing if is_there(&kept) => {
                self.problems.push(format!("missing, and `{}` waits to be run", kept.display()));
            }
            HookFile::Nothing => {}
            HookFile::Foreign { .. } if self.wanted => {
                self.problems.push("another program's hook is in its place".to_owned());
            }
            HookFile::Foreign { .. } => self.notes.push("a hook of your own".to_owned()),
            HookFile::Ours(shim) => {
                self.installed = true;
                self.check_shim(&shim);
                if let Some(event) = shim.event.filter(|event| *event != self.event) {
                    self.problems.push(format!("it is the shim of another hook: `{event}`"));
                }
                if is_there(&kept) {
                    let runs = fs::metadata(&kept)
                        .is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
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
            return self.check_hook(&repo.common_dir.join("hooks").join(self.event));
        };
        self.check_hook(&hook)?;
        self.notes.push("by git's configuration".to_owned());
        if command != config_command(self.event, &hook) {
            self.problems.push(format!("`{}.command` was changed", config_name(self.event)));
        }
        if repo
            .config(&format!("{}.enabled", config_name(self.event)))?
            .is_some_and(|value| value == "false")
        {
            self.problems.push(format!("`{}.enabled` is false", config_name(self.event)));
        }
        Ok(())
    }

    /// A script of another hook manager may call the program by itself.
    fn check_foreign_folder(&mut self, folder: &Path) {
        let husky = folder.file_name().is_some_and(|name| name == "_");
        let folder = if husky { folder.parent().unwrap_or(folder) } else { folder };
        let script = folder.join(self.event);
        let call = format!("tribunal hook {}", self.event);
        if regular::read(&script, LastLink::Follow, HOOK).is_ok_and(|text| text.contains_str(&call))
        {
            self.installed = true;
            self.notes.push(format!("called by `{}`", script.display()));
        }
    }
}
