//! Whether the hooks that were installed still run: what was installed is on record, and a hook that
//! still runs, the watcher and `status` compare it with what git would run.
//!
//! It is looked at on every commit, so that no process is started for it.

use std::path::Path;

use anyhow::Result;

use crate::flow::setup::install::answer::{HookAnswer, answer};
use crate::flow::setup::install::config_keys::{config_folder, configured, is_switched_off};
use crate::flow::setup::install::managers::{Manager, named_by};
use crate::flow::setup::install::plan::manager_of;
use crate::flow::setup::install::record::{recorded, recorded_in};
use crate::flow::setup::install::shim::kept_path;
use crate::flow::setup::install::{CHECKING_EVENTS, real};
use crate::platform::config::env::Env;
use crate::platform::git::hooks_dir::has_configured_hooks;
use crate::platform::git::repo::Repo;
use crate::platform::git::{hooks_dir, worktrees};
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::MANIFEST;

/// A hook that was installed and does not run any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostHook {
    pub event: &'static str,
    pub why: LossReason,
}

/// Why a hook does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// Nothing is in its place.
    Missing,
    /// Another program's hook is in its place, or a person's own.
    Replaced(Option<Manager>),
    NotExecutable,
    /// A script is in its place that names tribunal, and does not run it each time.
    Unsure,
    /// `hook.<name>.enabled` is false.
    SwitchedOff,
}

/// The hooks that do not run any more.
#[derive(Clone, Debug, Default)]
pub struct LostHooks {
    pub hooks: Vec<LostHook>,
    /// The setting that has git look elsewhere than in the repository's own folder.
    elsewhere: Option<String>,
}

/// Whether git runs the hooks that its configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConfiguredHooks {
    Count,
    /// Git is older than they are.
    AreNotRead,
}

/// The hooks that were installed and do not run any more in this work tree; none where none was. For a hook
/// that runs: no process is started to ask for git's version, so what git's configuration names counts.
pub fn lost(repo: &Repo) -> Result<LostHooks> {
    lost_with(repo, ConfiguredHooks::Count)
}

fn lost_with(repo: &Repo, keys: ConfiguredHooks) -> Result<LostHooks> {
    let recorded = recorded(repo);
    if recorded.is_empty() {
        return Ok(LostHooks::default());
    }
    let folder = hooks_dir::folder(repo)?;
    let mut hooks = Vec::new();
    for event in recorded {
        if let Some(why) = why_lost(repo, &folder, event, keys)? {
            hooks.push(LostHook { event, why });
        }
    }
    let mut elsewhere = None;
    if !hooks.is_empty() && real(&folder) != real(&repo.common_dir.join("hooks")) {
        elsewhere = hooks_dir::hooks_path(repo)?.map(|setting| setting.described());
    }
    Ok(LostHooks { hooks, elsewhere })
}

/// What a person should know about the work trees of a repository in which hooks that were installed do
/// not run any more, one line for each reason. For the watcher, which is there where no hook is.
pub fn unguarded(common_dir: &Path, env: &Env) -> Result<Vec<String>> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    // Asked often, and the repositories are opened below.
    if recorded_in(&common_dir.join("tribunal")).is_empty() {
        return Ok(Vec::new());
    }
    let has_keys = has_configured_hooks(hooks_dir::git_version(common_dir)?);
    let keys = if has_keys { ConfiguredHooks::Count } else { ConfiguredHooks::AreNotRead };
    for top in worktrees::list(common_dir) {
        let repo = Repo::of_person(&top, env)?;
        let Some(sentence) = lost_with(&repo, keys)?.sentence() else { continue };
        let top = format!("`{}`", top.display());
        match found.iter_mut().find(|(known, _)| *known == sentence) {
            Some((_, tops)) => tops.push(top),
            None => found.push((sentence, vec![top])),
        }
    }
    Ok(found
        .into_iter()
        .map(|(sentence, tops)| format!("{}: {sentence}", tops.join(", ")))
        .collect())
}

/// What a person should know who just installed the hooks as files: the repository is made for a manager that
/// will displace them once it is set up.
pub fn about_to_be_displaced(repo: &Repo) -> Option<String> {
    let top = Folder::open(repo.work_tree.as_deref()?).ok()?;
    let names = top.list("").ok()?;
    let names: Vec<&str> = names.iter().filter_map(|(name, _)| name.to_str()).collect();
    let package_json = top.read("package.json", MANIFEST).unwrap_or_default();
    let manager = named_by(&names, &package_json)?;
    let hooks = hooks_dir::folder(repo).ok()?;
    let is_set_up = CHECKING_EVENTS.iter().any(|event| {
        let hook = hooks.join(event);
        manager_of(&hook) == Some(manager) || manager_of(&kept_path(&hook)) == Some(manager)
    });
    let does = manager.displaces().filter(|_| !is_set_up)?;
    Some(format!(
        "this repository is made for {}, which {does} when it is set up: run `tribunal hooks install` \
         again then",
        manager.name()
    ))
}

fn why_lost(
    repo: &Repo,
    folder: &Path,
    event: &'static str,
    keys: ConfiguredHooks,
) -> Result<Option<LossReason>> {
    let found = answer(folder, repo.work_tree.as_deref(), event)?;
    if found.is_ours() {
        return Ok(None);
    }
    // Which an older git does not read.
    if keys == ConfiguredHooks::Count && configured(repo, event)?.is_some() {
        let is_there = answer(&config_folder(repo), None, event)?.is_ours();
        return Ok(match (is_switched_off(repo, event)?, is_there) {
            (true, _) => Some(LossReason::SwitchedOff),
            (false, true) => None,
            (false, false) => Some(LossReason::Missing),
        });
    }
    Ok(match found {
        HookAnswer::Shim(_) | HookAnswer::NotExecutable(_) => Some(LossReason::NotExecutable),
        HookAnswer::Nothing | HookAnswer::Through(..) => Some(LossReason::Missing),
        HookAnswer::Unsure(..) => Some(LossReason::Unsure),
        HookAnswer::Other(manager) => Some(LossReason::Replaced(manager)),
    })
}

impl LostHooks {
    /// Whether this hook is one of them.
    pub fn has(&self, event: &str) -> bool {
        self.hooks.iter().any(|lost| lost.event == event)
    }

    /// The same without a hook that is known to run.
    pub fn but(mut self, running: &str) -> Self {
        self.hooks.retain(|lost| lost.event != running);
        self
    }

    /// What a person should know, on one line; `None` where all of them run. A hook that only tells is
    /// not worth a line by itself.
    pub fn sentence(&self) -> Option<String> {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for lost in self.hooks.iter().filter(|lost| lost.event != "post-commit") {
            let why = self.reason(lost.why);
            match groups.iter_mut().find(|(known, _)| *known == why) {
                Some((_, events)) => events.push(lost.event),
                None => groups.push((why, vec![lost.event])),
            }
        }
        if groups.is_empty() {
            return None;
        }
        let listed = |(why, events): (String, Vec<&str>)| format!("{} ({why})", events.join(", "));
        let groups: Vec<String> = groups.into_iter().map(listed).collect();
        Some(format!(
            "these hooks of tribunal do not run any more: {}; `tribunal hooks install` puts them in \
             place again",
            groups.join("; ")
        ))
    }

    fn reason(&self, why: LossReason) -> String {
        match (why, &self.elsewhere) {
            (LossReason::SwitchedOff, _) => "switched off in git's configuration".to_owned(),
            (LossReason::NotExecutable, _) => "not executable".to_owned(),
            (LossReason::Unsure, _) => {
                "their scripts do not run it each time, as `tribunal hooks status` says".to_owned()
            }
            (_, Some(setting)) => setting.clone(),
            (LossReason::Missing, None) => "deleted".to_owned(),
            (LossReason::Replaced(Some(manager)), None) => {
                format!("the hook of {} is in their place", manager.name())
            }
            (LossReason::Replaced(None), None) => "another hook is in their place".to_owned(),
        }
    }
}
