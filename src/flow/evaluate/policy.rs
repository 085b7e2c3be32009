//! Reads the policy of a change from the tree it stands on.

use std::io;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::constitution::parse::{ParsedRules, duplicates, parse};
use crate::domain::gates::constitution;
use crate::domain::gates::constitution::Rules;
use crate::domain::gates::governance::{BASELINE_FILE, POLICY_FILE, policy_finding};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::baseline_file;
use crate::domain::gates::secrets::gate::AllowedSecrets;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::error::hinted;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::objects::TreeItem;
use crate::domain::model::oid::Oid;
use crate::domain::policy::layers;
use crate::domain::policy::layers::Resolved;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem;
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::domain::policy::settings::Policy;
use crate::flow::context::Context;
use crate::platform::config::env::{Env, user_file};
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
/// Where the tree's `tribunal.toml` cannot be read the defaults hold, and a finding names the problem.
/// A rule that cannot be read is left out the same way.
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
pub fn read_policy(
    context: Context<'_>,
    tree: Option<&Oid>,
    rules: RuleSelection<'_>,
) -> Result<EffectivePolicy> {
    let objects = &context.repo.objects;
    let file = |path: &str| match tree {
        Some(tree) => objects.file(tree, BStr::new(path)),
        None => Ok(None),
    };
    let (policy, mut findings) = policy_of(context, file(POLICY_FILE)?.as_deref())?;
    let baseline = file(BASELINE_FILE)?.unwrap_or_default();
    let paths = policy.gates.secrets.allow_paths.iter().map(String::as_str);
    let known = policy.gates.secrets.allow.iter().map(String::as_str);
    let fingerprints: Vec<&str> = known.chain(baseline_file::fingerprints(&baseline)).collect();
    let allow = AllowedSecrets::new(paths, fingerprints).context("`gates.secrets.allow-paths`")?;
    let mut hash = PolicyHash::new(&policy, &baseline);
    let covered = match rules {
        RuleSelection::All => None,
        RuleSelection::None => Some([].as_slice()),
        RuleSelection::Covering(files) => Some(files),
    };
    let mut rules = Rules::default();
    if let (Some(tree), Some(_)) = (tree, policy.gates.constitution.level.effect()) {
        let texts = rule_files(objects, tree)?;
        hash.add_rules(&texts);
        let parsed = parse_rules(&texts);
        let (compiled, errors) = Rules::compile(parsed.rules, covered);
        rules = compiled;
        let broken = parsed.errors.iter().chain(&errors);
        findings.extend(broken.map(|error| constitution::broken_rule(error, Effect::Warn)));
    }
    Ok(EffectivePolicy { policy, allow, rules, findings, hash: hash.finish() })
}

/// What [`read_policy`] reads of a tree: trees in which this is the same hold the same policy.
pub fn sources(objects: &Objects, tree: &Oid) -> Result<Vec<TreeItem>> {
    let top_of = |path: &str| path.split('/').next().map(BString::from);
    let names = [POLICY_FILE, BASELINE_FILE, RULES_FOLDER].map(top_of);
    let mut items = objects.tree(tree)?;
    items.retain(|item| names.iter().flatten().any(|name| item.name() == name));
    Ok(items)
}

/// The folder of the constitution's files.
const RULES_FOLDER: &str = ".ai";

/// Reads every rule of a tree, with the errors of those that cannot be read.
pub fn read_rules(objects: &Objects, tree: &Oid) -> Result<ParsedRules> {
    Ok(parse_rules(&rule_files(objects, tree)?))
}

/// Reads the constitution's files of a tree.
fn rule_files(objects: &Objects, tree: &Oid) -> Result<Vec<(BString, Vec<u8>)>> {
    let mut files = objects.files_below(tree, BStr::new(RULES_FOLDER))?;
    files.retain(|(path, _)| is_rule_file(path));
    Ok(files)
}

fn parse_rules(files: &[(BString, Vec<u8>)]) -> ParsedRules {
    let mut all = ParsedRules::default();
    for (path, content) in files {
        let mut parsed = parse(&path.to_str_lossy(), &content.to_str_lossy());
        all.rules.append(&mut parsed.rules);
        all.errors.append(&mut parsed.errors);
    }
    all.errors.extend(duplicates(&all.rules));
    all
}

/// Computes [`EffectivePolicy::hash`].
struct PolicyHash(blake3::Hasher);

impl PolicyHash {
    /// Hashes the resolved settings: which layer gave them does not matter.
    fn new(policy: &Policy, baseline: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        let settings = format!("{:?}{:?}{:?}", policy.protect, policy.gates, policy.commands);
        for part in [env!("CARGO_PKG_VERSION").as_bytes(), settings.as_bytes(), baseline] {
            hasher.update(&part.len().to_le_bytes()).update(part);
        }
        Self(hasher)
    }

    fn add_rules(&mut self, files: &[(BString, Vec<u8>)]) {
        for part in files.iter().flat_map(|(path, content)| [path.as_slice(), content]) {
            self.0.update(&part.len().to_le_bytes()).update(part);
        }
    }

    fn finish(&self) -> String {
        self.0.finalize().to_hex()[..32].to_owned()
    }
}

/// Whether a path is one of the constitution's files.
pub fn is_rule_file(path: &[u8]) -> bool {
    path == b".ai/constitution.md"
        || (path.starts_with(b".ai/constitution/") && path.ends_with(b".md"))
}

fn policy_of(context: Context<'_>, text: Option<&[u8]>) -> Result<(Policy, Vec<Finding>)> {
    let resolve = |text| resolve_settings(text, context.env, context.settings);
    match resolve(text) {
        Ok(resolved) => Ok((resolved.policy, Vec::new())),
        Err(problem) if problem.file == POLICY_FILE => {
            let policy = resolve(None)?.policy;
            let mut finding = policy_finding(&problem, Effect::Warn);
            finding.message =
                format!("{}; the defaults hold until it can be read", finding.message);
            Ok((policy, vec![finding]))
        }
        Err(problem) => Err(hinted(problem.to_string(), problem.hint)),
    }
}

/// Resolves the settings that hold once the work tree's `tribunal.toml` is committed.
pub fn work_tree_settings(context: Context<'_>) -> Result<Resolved> {
    let hinted = |problem: SettingsProblem| hinted(problem.to_string(), problem.hint);
    let top = context.repo.work_tree.as_deref();
    let text = top.map(read_policy_file).transpose().map_err(hinted)?.flatten();
    resolve_settings(text.as_deref(), context.env, context.settings).map_err(hinted)
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
        }),
    }
}

/// Resolves the settings with this text of `tribunal.toml`, for which no repository need be open. On a
/// server there are no user settings.
pub fn resolve_settings(
    policy_file: Option<&[u8]>,
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
    if let Some(bytes) = policy_file {
        let text = bytes.to_str().map_err(|_| problem::not_utf8(POLICY_FILE, bytes))?;
        given.push(Layer { source: SettingsSource::Repository, file: POLICY_FILE, text });
    }
    let variables: Vec<(&str, &str)> = env.with_prefix("TRIBUNAL_").collect();
    layers::resolve(&given, &variables, flags).map_err(|problem| match user_file() {
        Some(path) if problem.is_users_alone => {
            SettingsProblem { hint: format!("write it to `{}`", path.display()), ..problem }
        }
        _ => problem,
    })
}
