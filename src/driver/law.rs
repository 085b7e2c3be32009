//! The law that a change is judged under, read from the tree it stands on.

use std::fs;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};
use directories::ProjectDirs;

use crate::config::env::Env;
use crate::config::layers::{self, Layer, Problem, Resolved, Source};
use crate::config::policy::Policy;
use crate::gates::Law;
use crate::gates::governance::{BASELINE_FILE, POLICY_FILE, policy_finding};
use crate::gates::secrets::baseline;
use crate::gates::secrets::judge::Allow;
use crate::git::object::Objects;
use crate::model::finding::{Effect, Finding};
use crate::model::oid::Oid;
use crate::ui::out;

/// Reads the law from a tree; `None` is the time before the first commit, when the defaults hold.
///
/// A `tribunal.toml` in the tree that cannot be read does not stop everything: the defaults, which
/// guard, hold in its place, and a finding says so.
pub fn of_tree(objects: &Objects, tree: Option<&Oid>, env: &Env, flags: &[String]) -> Result<Law> {
    let text = match tree {
        Some(tree) => objects.file(tree, BStr::new(POLICY_FILE))?,
        None => None,
    };
    let baseline = match tree {
        Some(tree) => objects.file(tree, BStr::new(BASELINE_FILE))?,
        None => None,
    };
    let (policy, findings) = policy_of(text.as_deref(), env, flags)?;
    let paths = policy.gates.secrets.allow_paths.iter().map(String::as_str);
    let baseline = baseline.unwrap_or_default();
    let known = policy.gates.secrets.allow.iter().map(String::as_str);
    let fingerprints: Vec<&str> = known.chain(baseline::fingerprints(&baseline)).collect();
    let allow = Allow::new(paths, fingerprints).context("`gates.secrets.allow-paths`")?;
    Ok(Law { policy, allow, findings })
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

/// The settings that hold with this text of `tribunal.toml`.
pub fn settings(
    policy_file: Option<&[u8]>,
    env: &Env,
    flags: &[String],
) -> Result<Resolved, Problem> {
    let user_path =
        ProjectDirs::from("", "", "tribunal").map(|dirs| dirs.config_dir().join("config.toml"));
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
