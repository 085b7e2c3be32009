//! Gates: each a function from a change and the policy to findings, one file a gate.
//!
//! They read git objects and nothing else; gates that run a program are in `flow/evaluate`.

pub mod case_conflict;
pub mod commit_message;
pub mod conflict_markers;
pub mod constitution;
mod decoded;
mod fenced_code;
pub mod formats;
mod generated;
pub mod governance;
pub mod large_files;
pub mod policy;
pub mod policy_files;
pub mod protected_branch;
pub mod scope;
pub mod secrets;
pub mod test_report;
pub mod sensitive_files;
pub mod stricter;
#[cfg(test)]
mod tests;
pub mod view;

use std::collections::HashSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::gates::secrets::gate::{SecretFinding, SecretLevels};
use crate::domain::gates::secrets::scan::scan;
use crate::domain::gates::secrets::tier::SecretTier;
use crate::domain::gates::view::{FileView, LoadedFile};
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::finding::{Effect, Finding, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::ReadObjects;
use crate::domain::model::report::Skipped;

/// Said of what the base holds already.
const BEFORE: &str = "; it was there before this change";

/// The findings of several gates, and what they did not check.
#[derive(Debug, Default)]
pub struct GateReport {
    pub findings: Vec<Finding>,
    pub skipped: Vec<Skipped>,
}

impl GateReport {
    /// Adds what other gates found.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.skipped.extend(other.skipped);
    }
}

/// Runs the gates that look at the change as a whole.
pub fn check_change(
    change: &Change,
    effective: &EffectivePolicy,
    objects: &dyn ReadObjects,
) -> Result<GateReport> {
    let mut report = GateReport { findings: effective.findings.clone(), skipped: Vec::new() };
    let gates = &effective.policy.gates;
    if let Some(effect) = gates.case_conflict.level.effect() {
        report.findings.extend(case_conflict::check(change, objects, effect)?);
    }
    let is_whole_tree = change.base_tree.as_ref() == Some(&change.tree);
    if let Some(effect) = gates.scope.level.effect().filter(|_| !is_whole_tree) {
        report.findings.extend(scope::check(change, &gates.scope, objects, effect)?);
    }
    if let Some(effect) = gates.governance.level.effect() {
        report.findings.extend(governance::check(change, objects, effect)?);
    }
    if let Some(message) = &change.message {
        report.findings.extend(check_message(message, &LocationKind::CommitMessage, effective));
    }
    Ok(report)
}

/// Runs the gates that look at a message: of a commit, for its form too, or of a tag.
pub fn check_message(
    message: &[u8],
    kind: &LocationKind,
    effective: &EffectivePolicy,
) -> Vec<Finding> {
    let gates = &effective.policy.gates;
    let mut findings = check_text(message, kind, effective);
    if let Some(effect) = gates.commit_message.level.effect()
        && *kind == LocationKind::CommitMessage
    {
        findings.extend(commit_message::check(message, &gates.commit_message, effect));
    }
    findings
}

/// Looks for secrets in what is pushed and is neither a file nor a message: the headers of a commit or
/// a tag, the name of a ref.
pub fn check_text(text: &[u8], kind: &LocationKind, effective: &EffectivePolicy) -> Vec<Finding> {
    secrets_in(kind, text, effective).into_iter().map(|found| found.finding).collect()
}

/// Runs the gates that look at one file at a time. One file's content is in memory at a time.
pub fn check_files(
    files: &[FileChange],
    effective: &EffectivePolicy,
    objects: &dyn ReadObjects,
) -> Result<GateReport> {
    let gates = &effective.policy.gates;
    let mut report = GateReport::default();
    for file in files {
        if !file.has_content() {
            continue;
        }
        let view = match FileView::load(file, objects)? {
            LoadedFile::View(view) => view,
            LoadedFile::TooLarge(size) => {
                report.absorb(check_unread(file, size, effective, objects)?);
                continue;
            }
            LoadedFile::Missing => {
                report.skipped.push(Skipped {
                    gate: Gate::Secrets.to_string(),
                    reason: format!("the content of `{}` is not in this repository", file.path),
                    has_run: false,
                });
                continue;
            }
        };
        // The files of the policy have a limit of their own, whatever they say of others.
        if let Some(effect) = gates.large_files.level.effect()
            && !is_policy_path(&file.path)
        {
            let (size, max) = (view.new.len() as u64, gates.large_files.max);
            report.findings.extend(large_files::check(file, size, objects, max, effect)?);
        }
        if let Some(effect) = gates.conflict_markers.level.effect() {
            let allowed = &gates.conflict_markers.allow_paths;
            report.findings.extend(conflict_markers::check(&view, allowed, effect)?);
        }
        report.findings.extend(new_secrets(&view, effective)?);
        if let Some(effect) = gates.constitution.level.effect()
            && !effective.rules.is_empty()
        {
            let (findings, skipped) = constitution::check(&view, &effective.rules, effect)?;
            report.absorb(GateReport { findings, skipped });
        }
        report.findings.extend(new_sensitive(&view, effective)?);
    }
    Ok(report)
}

/// Whether a gate looks at one file at a time.
pub fn is_of_files(gate: Gate) -> bool {
    matches!(
        gate,
        Gate::Secrets
            | Gate::SensitiveFiles
            | Gate::ConflictMarkers
            | Gate::LargeFiles
            | Gate::Constitution
    )
}

/// Checks a file that is too large to be read by its size and its name, and reports that it was not read.
fn check_unread(
    file: &FileChange,
    size: u64,
    effective: &EffectivePolicy,
    objects: &dyn ReadObjects,
) -> Result<GateReport> {
    let gates = &effective.policy.gates;
    let mut report = GateReport::default();
    if let Some(effect) = gates.large_files.level.effect() {
        let found = large_files::check(file, size, objects, gates.large_files.max, effect)?;
        report.findings.extend(found);
    }
    let path = file.path.as_bstr();
    if let Some(effect) = gates.sensitive_files.level.effect()
        && !effective.allow.has_path(path)
    {
        report.findings.extend(sensitive_files::check(path, None, effect, Effect::Warn));
    }
    report.skipped.push(Skipped {
        gate: Gate::Secrets.to_string(),
        reason: format!(
            "`{path}` has {}, and files of more than {} are not read",
            large_files::human(size),
            large_files::human(BLOB_BYTES_MAX)
        ),
        has_run: false,
    });
    Ok(report)
}

fn secrets_in(
    kind: &LocationKind,
    bytes: &[u8],
    effective: &EffectivePolicy,
) -> Vec<SecretFinding> {
    let policy = &effective.policy.gates.secrets;
    let Some(provider) = policy.level.effect() else { return Vec::new() };
    let generic = policy.generic.min(policy.level).effect().unwrap_or(Effect::Shadow);
    secrets::gate::check(kind, bytes, &effective.allow, SecretLevels { provider, generic })
}

/// A sensitive file. One key is one finding: what the secrets gate sees, it has reported or was told
/// to let pass. A file that was sensitive in the base warns.
fn new_sensitive(view: &FileView<'_>, effective: &EffectivePolicy) -> Result<Option<Finding>> {
    let gates = &effective.policy.gates;
    let path = view.file.path.as_bstr();
    let Some(effect) = gates.sensitive_files.level.effect() else { return Ok(None) };
    let check = |content: &[u8]| sensitive_files::check(path, Some(content), effect, Effect::Warn);
    let Some(mut finding) = check(&view.new).filter(|_| !effective.allow.has_path(path)) else {
        return Ok(None);
    };
    let sees = || scan(&view.new, path).iter().any(|hit| hit.tier == SecretTier::Provider);
    if gates.secrets.level.effect().is_some() && sees() {
        return Ok(None);
    }
    if view.each_before(|old| check(old).is_some())?.contains(&true) {
        finding.effect = Effect::Warn;
        finding.message.push_str(BEFORE);
    }
    Ok(Some(finding))
}

/// Secrets of a file. Who touches a file did not bring what the base holds already: what would block
/// warns, and what would warn is not told again.
fn new_secrets(view: &FileView<'_>, effective: &EffectivePolicy) -> Result<Vec<Finding>> {
    let kind = LocationKind::File(view.file.path.clone());
    let mut findings = secrets_in(&kind, &view.new, effective);
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    let before = view.each_before(|old| secrets_in(&kind, old, effective))?;
    let before: HashSet<(&str, &str)> = before
        .iter()
        .flatten()
        .map(|found| (found.finding.rule.as_str(), found.hash.as_str()))
        .collect();
    for SecretFinding { finding, hash } in &mut findings {
        if before.contains(&(finding.rule.as_str(), hash.as_str())) {
            let blocks = finding.effect == Effect::Block;
            finding.effect = if blocks { Effect::Warn } else { Effect::Shadow };
            finding.message.push_str(BEFORE);
        }
    }
    Ok(findings.into_iter().map(|found| found.finding).collect())
}
