//! Reads the policy of a change from the tree it stands on.

use std::io;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::constitution::parse::ParsedRules;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::policy_files::{BASELINE_FILE, POLICY_FILE, PolicyFiles, RULES_FILE};
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::error::{NotEvaluated, hinted};
use crate::domain::model::objects::{TreeItem, TreeNotHere};
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::policy::layers;
use crate::domain::policy::layers::Resolved;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem;
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::flow::context::Context;
use crate::platform::config::env::{Env, user_file};
use crate::platform::git::lazy_fetch::fetch_missing;
use crate::platform::git::object::Objects;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, SETTINGS};

/// Which rules of the constitution are compiled into a policy.
#[derive(Clone, Copy, Debug)]
pub enum RuleSelection<'a> {
    /// Every rule: the changes that the policy is for are not known yet.
    All,
    /// No rule: only the settings are asked for.
    None,
    /// The rules whose paths cover one of these files.
    Covering(&'a [FileChange]),
}

/// Reads the policy of a change from the tree it stands on.
///
pub fn policy_of_change(context: Context<'_>, change: &Change) -> Result<EffectivePolicy> {
    read_policy(context, change.base_tree.as_ref(), RuleSelection::Covering(&change.files))
}

/// Reads the policy of the checked-out commit, without its rules.
pub fn policy_of_head(context: Context<'_>) -> Result<EffectivePolicy> {
    let head = context.repo.head()?.map(|head| context.repo.tree_of(&head)).transpose()?;
    read_policy(context, head.as_ref(), RuleSelection::None)
}

/// Reads the policy from a tree, with the selected rules.
/// Before the first commit there is no tree, and the defaults hold.
///
/// Whatever a tree holds is no error: what cannot be used is left out, and a finding names it. What is
/// not in this repository is one ([`NotEvaluated`]): it is not taken for absent.
pub fn read_policy(
    context: Context<'_>,
    tree: Option<&Oid>,
    rules: RuleSelection<'_>,
) -> Result<EffectivePolicy> {
    let objects = &context.repo.objects;
    let (mut files, resolved) = read_settings(context, tree)?;
    let covered = match rules {
        RuleSelection::All => None,
        RuleSelection::None => Some([].as_slice()),
        RuleSelection::Covering(files) => Some(files),
    };
    let has_rules = resolved.policy.gates.constitution.level.effect().is_some();
    if has_rules && !matches!(rules, RuleSelection::None) {
        complete(context, &mut files, |files| files.read_rules(objects))?;
    }
    Ok(EffectivePolicy { tree: tree.cloned(), ..EffectivePolicy::new(resolved, files, covered) })
}

/// Resolves the settings that hold for the next commit: those of the checked-out commit under what this
/// user, the variables and the flags set. What of the commit's cannot be used is left out and told.
pub fn settings_of_head(context: Context<'_>) -> Result<Resolved> {
    let head = context.repo.head()?.map(|head| context.repo.tree_of(&head)).transpose()?;
    Ok(read_settings(context, head.as_ref())?.1)
}

fn read_settings(context: Context<'_>, tree: Option<&Oid>) -> Result<(PolicyFiles, Resolved)> {
    let mut files = PolicyFiles::default();
    if let Some(tree) = tree {
        complete(context, &mut files, |files| {
            *files = PolicyFiles::read(&context.repo.objects, tree)?;
            Ok(())
        })?;
    }
    let (text, unreadable) = files.settings_text();
    let mut resolved =
        resolve_usable_settings(text, context.env, context.settings).map_err(as_error)?;
    resolved.problems.extend(unreadable);
    Ok((files, resolved))
}

/// Reads a part of a policy until nothing of it is missing: outside of hooks git fetches what is.
fn complete(
    context: Context<'_>,
    files: &mut PolicyFiles,
    read: impl Fn(&mut PolicyFiles) -> Result<()>,
) -> Result<()> {
    /// Each try brings a level of folders.
    const TRIES_MAX: usize = 20;
    for at in 1.. {
        let missing: Vec<(BString, Oid)> = match read(files) {
            Ok(()) => files.missing.clone(),
            Err(error) => match error.downcast::<TreeNotHere>() {
                Ok(TreeNotHere(oid)) => vec![("a folder of the policy".into(), oid)],
                Err(error) => return Err(error),
            },
        };
        let Some((path, first)) = missing.first() else { break };
        let oids: Vec<Oid> = missing.iter().map(|(_, oid)| oid.clone()).collect();
        if at < TRIES_MAX && fetch_missing(context.repo, &oids)? {
            continue;
        }
        let more = match missing.len() {
            1 => String::new(),
            count => format!(" and {} more", counted(count - 1, "file")),
        };
        return Err(NotEvaluated {
            message: format!(
                "`{path}`{more} of the policy cannot be read: this partial clone does not have it"
            ),
            hint: if missing.len() == 1 {
                format!("`git cat-file -s {first}` fetches it; then try again")
            } else {
                let names: Vec<&str> = oids.iter().take(20).map(Oid::as_str).collect();
                format!("`git show {}` fetches them; then try again", names.join(" "))
            },
        }
        .into());
    }
    Ok(())
}

/// What [`read_policy`] reads of a tree: trees in which this is the same hold the same policy.
pub fn sources(objects: &Objects, tree: &Oid) -> Result<Vec<TreeItem>> {
    let top_of = |path: &str| path.split('/').next().map(BString::from);
    let names = [POLICY_FILE, BASELINE_FILE, RULES_FILE].map(top_of);
    let mut items = objects.tree(tree)?;
    items.retain(|item| names.iter().flatten().any(|name| item.name() == name));
    Ok(items)
}

/// Reads every rule of a tree, with the errors of those that cannot be read.
pub fn read_rules(context: Context<'_>, tree: &Oid) -> Result<ParsedRules> {
    Ok(read_files(context, tree)?.parsed_rules())
}

/// Reads all that a tree holds of a policy.
pub fn read_files(context: Context<'_>, tree: &Oid) -> Result<PolicyFiles> {
    let objects = &context.repo.objects;
    let mut files = PolicyFiles::default();
    complete(context, &mut files, |files| {
        *files = PolicyFiles::read(objects, tree)?;
        files.read_rules(objects)
    })?;
    Ok(files)
}

fn as_error(problem: SettingsProblem) -> anyhow::Error {
    hinted(problem.to_string(), problem.hint)
}

/// Resolves the settings that hold once the work tree's `tribunal.toml` is committed.
pub fn work_tree_settings(context: Context<'_>) -> Result<Resolved> {
    settings_once_committed(context).map_err(as_error)
}

/// As [`work_tree_settings`]; what cannot be used is the error.
pub fn settings_once_committed(context: Context<'_>) -> Result<Resolved, SettingsProblem> {
    let top = context.repo.work_tree.as_deref();
    let text = top.map(read_policy_file).transpose()?.flatten();
    resolve_settings(text.as_deref(), context.env, context.settings)
}

/// Reads the work tree's `tribunal.toml`; `None` where there is none.
pub fn read_policy_file(top: &Path) -> Result<Option<Vec<u8>>, SettingsProblem> {
    text_of(Folder::open(top).and_then(|top| top.read(POLICY_FILE, SETTINGS)), POLICY_FILE)
}

/// What was read of a settings file. Only a file that is not there is skipped: settings that exist and
/// cannot be read must not be ignored in silence.
fn text_of(read: io::Result<Vec<u8>>, name: &str) -> Result<Option<Vec<u8>>, SettingsProblem> {
    match read {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(SettingsProblem {
            file: name.to_owned(),
            line: 1,
            column: 1,
            message: format!("it cannot be read: {error}"),
            hint: "make it a file that can be read, or move it away: without it the defaults hold"
                .to_owned(),
            is_users_alone: false,
            spoils_file: true,
        }),
    }
}

/// Resolves the settings with this text of `tribunal.toml`, for which no repository need be open. On a
/// server there are no user settings. What cannot be used is an error.
pub fn resolve_settings(
    policy_file: Option<&[u8]>,
    env: &Env,
    flags: &FlagSettings,
) -> Result<Resolved, SettingsProblem> {
    let text = policy_file
        .map(|bytes| bytes.to_str().map_err(|_| problem::not_utf8(POLICY_FILE, bytes)))
        .transpose()?;
    let mut resolved = resolve_usable_settings(text, env, flags)?;
    if resolved.problems.is_empty() {
        return Ok(resolved);
    }
    Err(resolved.problems.swap_remove(0))
}

/// As [`resolve_settings`], where what cannot be used of the repository's text is left out and told.
fn resolve_usable_settings(
    policy_file: Option<&str>,
    env: &Env,
    flags: &FlagSettings,
) -> Result<Resolved, SettingsProblem> {
    let user_path = user_file().filter(|_| env.has_user());
    let user_name = user_path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let read = |path: &Path| regular::read(path, LastLink::Follow, SETTINGS);
    let user_bytes =
        user_path.as_deref().map(|path| text_of(read(path), &user_name)).transpose()?;
    let user_bytes = user_bytes.flatten();
    let mut given = Vec::new();
    if let (Some(path), Some(bytes)) = (user_path, &user_bytes) {
        let text = bytes.to_str().map_err(|_| problem::not_utf8(&user_name, bytes))?;
        given.push(Layer { source: SettingsSource::User(path), file: &user_name, text });
    }
    if let Some(text) = policy_file {
        given.push(Layer { source: SettingsSource::Repository, file: POLICY_FILE, text });
    }
    let variables: Vec<(&str, &str)> = env.with_prefix("TRIBUNAL_").collect();
    let mut resolved = layers::resolve_usable(&given, &variables, flags)?;
    if let Some(path) = user_file() {
        for problem in resolved.problems.iter_mut().filter(|problem| problem.is_users_alone) {
            problem.hint = format!("write it to `{}`", path.display());
        }
    }
    Ok(resolved)
}
