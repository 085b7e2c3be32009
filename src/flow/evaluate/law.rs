//! The law that a change is judged under, read from the tree it stands on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::constitution::parse::{ParsedRules, duplicates, parse};
use crate::domain::gates::constitution;
use crate::domain::gates::constitution::Rules;
use crate::domain::gates::governance::{BASELINE_FILE, POLICY_FILE, policy_finding};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::secrets::baseline;
use crate::domain::gates::secrets::gate::AllowedSecrets;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::error::hinted;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::oid::Oid;
use crate::domain::policy::layers;
use crate::domain::policy::layers::Resolved;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::domain::policy::layers::problem;
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::domain::policy::settings::Policy;
use crate::platform::config::env::{Env, user_file};
use crate::platform::git::object::Objects;

/// Reads the law for a change from the tree it stands on.
///
/// A `tribunal.toml` in the tree that cannot be read does not stop everything: the defaults, which
/// guard, hold in its place, and a finding says so. The same for a rule.
pub fn of_change(
    objects: &Objects,
    change: &Change,
    env: &Env,
    flags: &[String],
) -> Result<EffectivePolicy> {
    of_tree(objects, change.base_tree.as_ref(), Some(&change.files), env, flags)
}

/// Reads the law from a tree, with the rules that speak of any of the files, or with all of them.
/// No tree is the time before the first commit, when the defaults hold.
pub fn of_tree(
    objects: &Objects,
    tree: Option<&Oid>,
    files: Option<&[FileChange]>,
    env: &Env,
    flags: &[String],
) -> Result<EffectivePolicy> {
    let file = |path: &str| match tree {
        Some(tree) => objects.file(tree, BStr::new(path)),
        None => Ok(None),
    };
    let (policy, mut findings) = policy_of(file(POLICY_FILE)?.as_deref(), env, flags)?;
    let baseline = file(BASELINE_FILE)?.unwrap_or_default();
    let paths = policy.gates.secrets.allow_paths.iter().map(String::as_str);
    let known = policy.gates.secrets.allow.iter().map(String::as_str);
    let fingerprints: Vec<&str> = known.chain(baseline::fingerprints(&baseline)).collect();
    let allow = AllowedSecrets::new(paths, fingerprints).context("`gates.secrets.allow-paths`")?;
    let mut hash = PolicyHash::new(&policy, &baseline);
    let mut rules = Rules::default();
    if let (Some(tree), Some(_)) = (tree, policy.gates.constitution.level.effect()) {
        let texts = rule_files(objects, tree)?;
        hash.add_rules(&texts);
        let parsed = parse_rules(&texts);
        let (compiled, errors) = Rules::compile(parsed.rules, files);
        rules = compiled;
        let broken = parsed.errors.iter().chain(&errors);
        findings.extend(broken.map(|error| constitution::broken_rule(error, Effect::Warn)));
    }
    Ok(EffectivePolicy { policy, allow, rules, findings, hash: hash.finish() })
}

/// Every rule that a tree holds, and what is wrong with those that cannot be read.
pub fn rules_of_tree(objects: &Objects, tree: &Oid) -> Result<ParsedRules> {
    Ok(parse_rules(&rule_files(objects, tree)?))
}

/// The files of a tree that hold rules, with their content.
fn rule_files(objects: &Objects, tree: &Oid) -> Result<Vec<(BString, Vec<u8>)>> {
    let mut files = objects.files_below(tree, BStr::new(".ai"))?;
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
    /// The settings are hashed as they came out of all layers: who gave them does not matter.
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

/// Whether a path holds rules.
pub fn is_rule_file(path: &[u8]) -> bool {
    path == b".ai/constitution.md"
        || (path.starts_with(b".ai/constitution/") && path.ends_with(b".md"))
}

fn policy_of(text: Option<&[u8]>, env: &Env, flags: &[String]) -> Result<(Policy, Vec<Finding>)> {
    match settings(text, env, flags) {
        Ok(resolved) => Ok((resolved.policy, Vec::new())),
        Err(problem) if problem.file == POLICY_FILE => {
            let policy = settings(None, env, flags)?.policy;
            let mut finding = policy_finding(&problem, Effect::Warn);
            finding.message =
                format!("{}; the defaults hold until it can be read", finding.message);
            Ok((policy, vec![finding]))
        }
        Err(problem) => Err(hinted(problem.to_string(), problem.hint)),
    }
}

/// The settings that would hold once the work tree's `tribunal.toml` is committed.
pub fn of_work_tree(top: Option<&Path>, env: &Env, flags: &[String]) -> Result<Resolved> {
    let hinted = |problem: SettingsProblem| hinted(problem.to_string(), problem.hint);
    let text = top.map(policy_text).transpose().map_err(hinted)?.flatten();
    settings(text.as_deref(), env, flags).map_err(hinted)
}

/// The work tree's `tribunal.toml`; `None` where there is none.
pub fn policy_text(top: &Path) -> Result<Option<Vec<u8>>, SettingsProblem> {
    text_of(&top.join(POLICY_FILE), POLICY_FILE)
}

/// What a settings file holds. Only a file that is not there may be passed over: settings that were
/// written and do not hold would be missed by nobody until something passes that should not.
fn text_of(path: &Path, name: &str) -> Result<Option<Vec<u8>>, SettingsProblem> {
    match fs::read(path) {
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

/// The settings that hold with this text of `tribunal.toml`. On a server no user's are among them.
pub fn settings(
    policy_file: Option<&[u8]>,
    env: &Env,
    flags: &[String],
) -> Result<Resolved, SettingsProblem> {
    let user_path = user_file().filter(|_| env.has_user());
    let user_name = user_path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let user_bytes = user_path.as_deref().map(|path| text_of(path, &user_name)).transpose()?;
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
