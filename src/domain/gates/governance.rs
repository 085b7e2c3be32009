//! The governance gate: names a change to the policy itself, and stops one that would leave a part of
//! it that cannot be used.

use anyhow::Result;

use crate::domain::gates::policy_files::{POLICY_FILE, PolicyFiles, PolicyProblem, is_policy_path};
use crate::domain::model::change::{Change, FileChangeKind};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::objects::ReadObjects;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::policy::layers;

/// The rule of a finding that names a change to the policy.
pub const CHANGED: &str = "policy-changed";

/// Finds changes to `tribunal.toml`, to the constitution and to the baseline. They hold from the
/// next change on; this one is checked against the policy of its base. Of a whole tree nothing changes, and
/// a first policy changes none, unless it guards less than the defaults that held before it.
///
/// What cannot be used of the new policy stops the change, unless the base has it too or the tip of the
/// push no longer does.
pub fn check(change: &Change, objects: &dyn ReadObjects, effect: Effect) -> Result<Vec<Finding>> {
    let touches = |path: &[u8], kind: &FileChangeKind| {
        is_policy_path(path)
            || matches!(kind, FileChangeKind::Renamed { from } if is_policy_path(from))
    };
    let mut files = change.files.iter().filter(|file| touches(&file.path, &file.kind)).peekable();
    if files.peek().is_none() {
        return Ok(Vec::new());
    }
    let problems_of = |tree: &Oid| PolicyFiles::all_problems(objects, tree);
    // Of a whole tree every file is new.
    let base = change.base_tree.as_ref().filter(|base| **base != change.tree);
    let before = base.map(problems_of).transpose()?.unwrap_or_default();
    let after = problems_of(&change.tree)?;
    let is_known = |all: &[PolicyProblem], problem: &PolicyProblem| {
        all.iter().any(|known| (&known.path, &known.message) == (&problem.path, &problem.message))
    };
    let new: Vec<&PolicyProblem> =
        after.iter().filter(|problem| !is_known(&before, problem)).collect();
    let tip = match &change.tip_tree {
        Some(tip) if !new.is_empty() && *tip != change.tree => Some(problems_of(tip)?),
        _ => None,
    };
    let mut findings = Vec::new();
    for problem in &new {
        findings.push(match &tip {
            Some(tip) if !is_known(tip, problem) => {
                let message = format!("{}; a later commit repairs it", problem.message);
                problem.finding(Effect::Warn, &message)
            }
            _ => problem.finding(Effect::Block, &problem.message),
        });
    }
    let is_whole_tree = change.base_tree.as_ref() == Some(&change.tree);
    if is_whole_tree || is_harmless_first(objects, base, &change.tree)? {
        return Ok(findings);
    }
    // Whatever the policy says of changes to itself, one that mends it goes through.
    let mends = new.is_empty() && after.len() < before.len();
    let effect = if mends { effect.min(Effect::Warn) } else { effect };
    let spoilt = |path: &[u8]| new.iter().any(|problem| problem.path == path);
    findings.extend(files.filter(|file| !spoilt(&file.path)).map(|file| Finding {
        gate: Gate::Governance,
        rule: CHANGED.to_owned(),
        class: Class::new("governance/rule-change"),
        severity: Severity::Low,
        effect,
        place: Some(Location::file(file.path.clone())),
        anchor: String::new(),
        message: format!(
            "`{}` changed: this change was checked against the previous policy; the new one \
             applies from the next commit",
            file.path
        ),
        suggestion: String::new(),
    }));
    Ok(findings)
}

/// Whether the base has no policy, and the settings of the tree guard no less than the defaults.
fn is_harmless_first(objects: &dyn ReadObjects, base: Option<&Oid>, tree: &Oid) -> Result<bool> {
    if let Some(base) = base {
        let mut before = PolicyFiles::read(objects, base)?;
        before.read_rules(objects)?;
        let has_text = before.settings.is_some() || !before.baseline.is_empty();
        let has_rules = !before.rules.is_empty();
        if has_text || has_rules || !before.problems.is_empty() || !before.missing.is_empty() {
            return Ok(false);
        }
    }
    let after = PolicyFiles::read(objects, tree)?;
    let (text, unreadable) = after.settings_text();
    let weakens = text.is_some_and(|text| layers::weakens_defaults(POLICY_FILE, text));
    Ok(unreadable.is_none() && !weakens)
}
