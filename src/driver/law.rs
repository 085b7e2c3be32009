//! The law that a change is judged under, read from the tree it stands on.

use std::fs;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::config::env::Env;
use crate::config::layers::{self, Layer, Problem, Resolved, Source};
use crate::config::policy::Policy;
use crate::constitution::parse::{Parsed, duplicates, parse};
use crate::gates::Law;
use crate::gates::constitution::{self, Rules};
use crate::gates::governance::{BASELINE_FILE, POLICY_FILE, policy_finding};
use crate::gates::secrets::baseline;
use crate::gates::secrets::judge::Allow;
use crate::git::object::Objects;
use crate::model::change::{Change, FileChange};
use crate::model::finding::{Effect, Finding};
use crate::model::oid::Oid;
use crate::ui::out;

/// Reads the law for a change from the tree it stands on.
///
/// A `tribunal.toml` in the tree that cannot be read does not stop everything: the defaults, which
/// guard, hold in its place, and a finding says so. The same for a rule.
pub fn of_change(objects: &Objects, change: &Change, env: &Env, flags: &[String]) -> Result<Law> {
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
) -> Result<Law> {
    let file = |path: &str| match tree {
        Some(tree) => objects.file(tree, BStr::new(path)),
        None => Ok(None),
    };
    let (policy, mut findings) = policy_of(file(POLICY_FILE)?.as_deref(), env, flags)?;
    let baseline = file(BASELINE_FILE)?.unwrap_or_default();
    let paths = policy.gates.secrets.allow_paths.iter().map(String::as_str);
    let known = policy.gates.secrets.allow.iter().map(String::as_str);
    let fingerprints: Vec<&str> = known.chain(baseline::fingerprints(&baseline)).collect();
    let allow = Allow::new(paths, fingerprints).context("`gates.secrets.allow-paths`")?;
    let mut rules = Rules::default();
    if let (Some(tree), Some(_)) = (tree, policy.gates.constitution.level.effect()) {
        let parsed = rules_of_tree(objects, tree)?;
        let (compiled, errors) = Rules::compile(parsed.rules, files);
        rules = compiled;
        let broken = parsed.errors.iter().chain(&errors);
        findings.extend(broken.map(|error| constitution::broken_rule(error, Effect::Warn)));
    }
    Ok(Law { policy, allow, rules, findings })
}

/// Every rule that a tree holds, and what is wrong with those that cannot be read.
pub fn rules_of_tree(objects: &Objects, tree: &Oid) -> Result<Parsed> {
    let mut all = Parsed::default();
    for (path, content) in objects.files_below(tree, BStr::new(".ai"))? {
        if !is_rule_file(&path) {
            continue;
        }
        let path = path.to_str_lossy();
        let mut parsed = parse(&path, &content.to_str_lossy());
        all.rules.append(&mut parsed.rules);
        all.errors.append(&mut parsed.errors);
    }
    all.errors.extend(duplicates(&all.rules));
    Ok(all)
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
        Err(problem) => Err(out::hinted(problem.to_string(), problem.hint)),
    }
}

/// The settings that hold with this text of `tribunal.toml`. On a server no user's are among them.
pub fn settings(
    policy_file: Option<&[u8]>,
    env: &Env,
    flags: &[String],
) -> Result<Resolved, Problem> {
    let user_path = layers::user_file().filter(|_| env.has_user());
    let user_text = user_path.as_ref().and_then(|path| fs::read_to_string(path).ok());
    let user_name = user_path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let mut given = Vec::new();
    if let (Some(path), Some(text)) = (user_path, &user_text) {
        given.push(Layer { source: Source::User(path), file: &user_name, text });
    }
    if let Some(bytes) = policy_file {
        let text = bytes.to_str().map_err(|_| layers::not_utf8(POLICY_FILE, bytes))?;
        given.push(Layer { source: Source::Repository, file: POLICY_FILE, text });
    }
    layers::resolve(&given, env, flags)
}
