//! Prepares what an agent's code is tested with: runs the policy's `[[prepare]]` with the network, once for each
//! content of the files that it is a function of, and hands on what it made.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bstr::BStr;
use serde_json::json;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, WrittenBy};
use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::Consent;
use crate::domain::policy::prepare_settings::{OnChangedFiles, PrepareStep};
use crate::flow::context::Context;
use crate::flow::evaluate::command_output::{excerpt, keep_log, printed};
use crate::flow::evaluate::command_shell::{CommandExtras, CommandHold, shell};
use crate::flow::setup::consent;
use crate::flow::workspace::checkout;
use crate::flow::workspace::checkout::{Ignored, Unavailable, Workspace};
use crate::flow::workspace::disk;
use crate::flow::workspace::prepared;
use crate::flow::workspace::prepared::{KeptResult, Placed, PreparedState};
use crate::platform::git::object::Objects;
use crate::platform::process::{ExitOutcome, Interrupts, code_of};
use crate::platform::store::file;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::SETTINGS;

/// The name under which its output is kept, and by which it is told.
const NAME: &str = "prepare";

/// Where what it downloads is stored for the time.
const DOWNLOADS: &str = "downloads";

/// What is said of the setting whose paths are kept.
pub const KEEP: &str = "`keep` of `[[prepare]]`";

/// How many of its last lines are quoted.
const QUOTED: usize = 12;

/// Why something was not prepared.
#[derive(Debug, thiserror::Error)]
pub enum NotPrepared {
    #[error(
        "`[[prepare]]` was not run: you have not agreed to `{0}`; `tribunal trust` shows it and asks"
    )]
    Untrusted(String),
    #[error(
        "`[[prepare]]` was not run: `{run}` has the network, and {files} is as an agent wrote it: a new dependency \
         is for a person to add (commit it to the base, or allow it with `changed = \"run\"`)"
    )]
    WrittenByAgent { run: String, files: String },
    #[error("`{run}` of `[[prepare]]` {what}: {said}")]
    Failed { run: String, what: String, said: String },
}

/// What was prepared for a tree; it stays while this is held.
#[derive(Default)]
pub struct Preparation {
    pub kept: Vec<Placed>,
    env: Vec<(String, String)>,
    env_files: Vec<String>,
    /// Nobody removes it meanwhile.
    held: Vec<KeptResult>,
}

/// Prepares for a tree what the policy asks for. A step of which no file is there makes nothing.
///
/// # Errors
///
/// [`NotPrepared`] where it is not to run or failed; `Unavailable` where a signal came.
pub fn prepare(
    context: Context<'_>,
    effective: &EffectivePolicy,
    agreed: &Consent,
    tree: &Oid,
    hold: &CommandHold,
    interrupts: Interrupts,
) -> Result<Preparation> {
    let mut all = Preparation::default();
    let objects = &context.repo.objects;
    if let Some(refused) = for_person(objects, effective, tree)? {
        return Err(refused.into());
    }
    for step in &effective.policy.prepare {
        if !consent::trusts_step(agreed, step) {
            return Err(NotPrepared::Untrusted(step.run.clone()).into());
        }
        let files = contents(objects, tree, step)?;
        if files.iter().all(Option::is_none) {
            continue;
        }
        // It may be a function of any other file that an agent wrote: what is kept for others is made on the base's,
        // and what is made on an agent's is for that tree alone.
        let of_base = is_of_base(objects, effective, tree, step)?;
        let base = effective.tree.as_ref().filter(|_| of_base);
        let (on, own) = base.map_or((tree, Some(tree)), |base| (base, None));
        let key = key_of(step, &files, own);
        let root = checkout::root(context.repo);
        // As long as the other one may take, and it may have begun just now.
        let longest = step.timeout + Duration::from_mins(10);
        let state = prepared::begin(&root, &key, &step.keep, longest, interrupts)?;
        let made = match state {
            PreparedState::Made(made) => made,
            PreparedState::ToMake(workspace) => {
                let made = make(context, step, on, hold, workspace, interrupts)?;
                disk::trim(&root, effective.policy.runs.disk);
                made
            }
        };
        // Where two keep the same path, this one's is there.
        let is_mine =
            |kept: &Placed| step.keep.iter().any(|path| made.place(path).path == kept.path);
        all.kept.retain(|kept| !is_mine(kept));
        all.kept.extend(step.keep.iter().map(|path| made.place(path)));
        all.env.extend(step.env.iter().map(|(name, path)| (name.clone(), path.clone())));
        all.env_files.extend(step.env_files.iter().cloned());
        all.held.push(made);
    }
    Ok(all)
}

/// What holds commands on code by that author, and what was prepared for them. An error says why they are not run.
pub fn hold_and_prepare(
    context: Context<'_>,
    effective: &EffectivePolicy,
    agreed: &Consent,
    change: &Change,
    written_by: WrittenBy,
    interrupts: Interrupts,
) -> Result<(CommandHold, Preparation)> {
    let hold = CommandHold::find(context, effective, agreed, written_by);
    let hold = hold.map_err(anyhow::Error::msg)?;
    if written_by == WrittenBy::Person {
        return Ok((hold, Preparation::default()));
    }
    let preparation = prepare(context, effective, agreed, &change.tree, &hold, interrupts)
        .context("it could not be run")?;
    Ok((hold, preparation))
}

/// The same for the workspace of an agent, in which no command runs yet.
pub fn for_agent(
    context: Context<'_>,
    effective: &EffectivePolicy,
    tree: &Oid,
    interrupts: Interrupts,
) -> Result<Preparation> {
    let agreed = consent::load(context.repo, context.env)?;
    let hold = CommandHold::find(context, effective, &agreed, WrittenBy::Agent);
    let hold = hold.map_err(anyhow::Error::msg)?;
    prepare(context, effective, &agreed, tree, &hold, interrupts)
}

/// Why one of the steps does not run on the files of a tree: they are as an agent wrote them.
pub fn for_person(
    objects: &Objects,
    effective: &EffectivePolicy,
    tree: &Oid,
) -> Result<Option<NotPrepared>> {
    for step in &effective.policy.prepare {
        let is_refused = step.changed == OnChangedFiles::Refuse;
        if is_refused && !is_of_base(objects, effective, tree, step)? {
            let (run, files) = (step.run.clone(), format!("`{}`", step.files.join("`, `")));
            return Ok(Some(NotPrepared::WrittenByAgent { run, files }));
        }
    }
    Ok(None)
}

/// Whether the files of a step are in a tree as they are in the one that the policy comes from.
fn is_of_base(
    objects: &Objects,
    effective: &EffectivePolicy,
    tree: &Oid,
    step: &PrepareStep,
) -> Result<bool> {
    let Some(base) = &effective.tree else { return Ok(false) };
    Ok(base == tree || contents(objects, base, step)? == contents(objects, tree, step)?)
}

impl Preparation {
    /// Puts all of it in place in a workspace, with the person's files that the policy names.
    pub fn put_in(
        &self,
        context: Context<'_>,
        workspace: &Workspace,
        hold: &CommandHold,
    ) -> Result<CommandExtras> {
        let mut placed = self.kept.clone();
        workspace.place(context.repo, KEEP, &placed, hold.placing())?;
        placed.extend(put_env_files(context, workspace, &self.env_files, hold)?);
        Ok(CommandExtras { placed, env: self.env.clone() })
    }

    /// Whether a path is put in place by this.
    pub fn places(&self, path: &str) -> bool {
        self.kept.iter().any(|kept| kept.path == path.trim_end_matches('/'))
    }
}

/// Puts the files of the person's work tree in place that a step names; what is not there is left out.
fn put_env_files(
    context: Context<'_>,
    workspace: &Workspace,
    named: &[String],
    hold: &CommandHold,
) -> Result<Vec<Placed>> {
    let Some(theirs) = context.repo.home_tree.as_deref().filter(|_| !named.is_empty()) else {
        return Ok(Vec::new());
    };
    let folder = workspace.empty_folder(prepared::ENV_FILES)?;
    let mut placed = Vec::new();
    for (at, path) in named.iter().enumerate() {
        let text = match Folder::open(theirs).and_then(|top| top.read(path.as_str(), SETTINGS)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("`{path}`, which `env-files` names, cannot be read"));
            }
        };
        let copy = folder.join(at.to_string());
        file::write_atomic(&copy, &text)?;
        placed.push(Placed { path: path.clone(), content: copy });
    }
    workspace.place(context.repo, "`env-files` of `[[prepare]]`", &placed, hold.placing())?;
    Ok(placed)
}

/// What each of the files is in a tree.
fn contents(objects: &Objects, tree: &Oid, step: &PrepareStep) -> Result<Vec<Option<Oid>>> {
    let content = |path: &String| {
        let entry = objects.entry(tree, BStr::new(path.as_str()))?;
        Ok(entry.map(|entry| entry.oid))
    };
    step.files.iter().map(content).collect()
}

/// Names what a step makes: of these contents, on a machine of this kind; for this tree alone, where an agent wrote them.
fn key_of(step: &PrepareStep, files: &[Option<Oid>], own: Option<&Oid>) -> String {
    let files: Vec<&str> = files.iter().map(|oid| oid.as_ref().map_or("", Oid::as_str)).collect();
    let platform = [std::env::consts::OS, std::env::consts::ARCH];
    let own = own.map(Oid::as_str);
    let made_by = json!([step.run, step.files, step.keep, step.env, step.env_files]);
    let text = json!([made_by, files, platform, own]).to_string();
    blake3::hash(text.as_bytes()).to_hex()[..24].to_owned()
}

/// Runs a step on a tree, with the network and in the sandbox where there is one.
fn make(
    context: Context<'_>,
    step: &PrepareStep,
    tree: &Oid,
    hold: &CommandHold,
    workspace: Workspace,
    interrupts: Interrupts,
) -> Result<KeptResult> {
    context.notify(Progress::CommandStarted { name: NAME.to_owned() });
    workspace.checkout(context.repo, tree, None, Ignored::Go, interrupts)?;
    workspace.check_places(context.repo, KEEP, &step.keep)?;
    for folder in step.keep.iter().filter(|path| step.env.values().any(|value| value == *path)) {
        // A tool may want the folder that its variable names to be there.
        fs::create_dir_all(workspace.work().join(folder))?;
    }
    let hold = hold.with_network();
    let placed = put_env_files(context, &workspace, &step.env_files, &hold)?;
    let env = step.env.iter().map(|(name, path)| (name.clone(), path.clone())).collect();
    let extras = CommandExtras { placed, env };
    let mut command = CommandGate::plain(NAME.to_owned(), step.run.clone());
    command.timeout = step.timeout;
    let log = workspace.output("prepare.log");
    let to_log = checkout::create(&log)?;
    let downloads = workspace.empty_folder(DOWNLOADS)?;
    let writable = vec![log.clone(), downloads.clone()];
    let shell = shell(context, &workspace, &command, &hold, &extras, writable)?;
    // A home folder in memory has no room for what is downloaded.
    let caches =
        [("XDG_CACHE_HOME", downloads.clone()), ("npm_config_cache", downloads.join("npm"))];
    let caches = caches.into_iter().filter(|(name, _)| !step.env.contains_key(*name));
    let shell = caches.fold(shell, |shell, (name, folder)| shell.env(name, folder));
    let ended = shell.supervise(&to_log, &to_log, interrupts)?;
    let failed = |what: String| {
        let printed = printed(&log, None).unwrap_or_default();
        let kept = keep_log(context, NAME, &printed);
        NotPrepared::Failed { run: step.run.clone(), what, said: said(&printed, kept.as_deref()) }
    };
    let what = match ended {
        ExitOutcome::Exited(status) if status.success() => None,
        ExitOutcome::Exited(status) => Some(format!("failed ({})", code_of(status))),
        ExitOutcome::Interrupted(signal) => return Err(Unavailable::Interrupted(signal).into()),
        ExitOutcome::TimedOut | ExitOutcome::Idle => {
            Some(format!("did not end within {} s", step.timeout.as_secs()))
        }
        ExitOutcome::TooLong => Some("printed without end".to_owned()),
        ExitOutcome::Overused(what) => Some(format!("used too much {what}")),
    };
    if let Some(what) = what {
        return Err(failed(what).into());
    }
    // It names a file that is gone once the workspace is another one's.
    let of_nothing = |error| failed(format!("made nothing that counts: {error:#}"));
    for path in &step.env_files {
        prepared::remove_below(&workspace.work(), path).map_err(of_nothing)?;
    }
    prepared::finish(workspace, &step.keep).map_err(|error| of_nothing(error).into())
}

/// The last lines of what was printed.
fn said(printed: &[u8], log: Option<&Path>) -> String {
    let text = excerpt(printed);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(QUOTED)..].join("\n");
    let all = log.map_or_else(String::new, |log| format!(" (all of it is in `{}`)", log.display()));
    if last.trim().is_empty() { format!("it printed nothing{all}") } else { format!("{last}{all}") }
}
