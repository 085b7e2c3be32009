//! The gates: each a function from a change and the law to findings, one file a gate.
//!
//! They read git objects and nothing else; what must run a program is the driver's.

pub mod case_conflict;
pub mod commit_message;
pub mod conflict_markers;
pub mod constitution;
pub mod formats;
pub mod governance;
pub mod large_files;
pub mod protected_branch;
pub mod scope;
pub mod secrets;
pub mod sensitive_files;
pub mod stricter;
pub mod view;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::constitution::Rules;
use crate::domain::gates::secrets::judge::{Allow, Levels};
use crate::domain::gates::secrets::scan::scan;
use crate::domain::gates::secrets::tier::Tier;
use crate::domain::gates::view::{FileView, Loaded};
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::finding::{Effect, Finding, Spot};
use crate::domain::model::gate::Gate;
use crate::domain::model::objects::{BLOB_BYTES_MAX, ReadObjects};
use crate::domain::model::report::Skipped;
use crate::domain::policy::settings::Policy;

/// Said of what the base holds already.
const BEFORE: &str = "; it was there before this change";

/// What holds for one judgement, read from the base of the change.
#[derive(Clone)]
pub struct Law {
    pub policy: Policy,
    /// The secrets that are known and accepted: by policy, and by the baseline.
    pub allow: Allow,
    /// The rules in force that speak of the changed paths.
    pub rules: Rules,
    /// Problems of the law itself, such as a `tribunal.toml` in the base that cannot be read: the
    /// defaults hold instead, and it is said.
    pub findings: Vec<Finding>,
    /// Says which policy this is: equal for equal settings, allow lists, baseline and rules, read by
    /// the same version of the program. 32 hexadecimal digits.
    pub hash: String,
}

/// What the gates have to say.
#[derive(Debug, Default)]
pub struct Judgement {
    pub findings: Vec<Finding>,
    pub skipped: Vec<Skipped>,
}

impl Judgement {
    /// Takes in what another part of the same judgement found.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.skipped.extend(other.skipped);
    }
}

/// Asks every gate that looks at the change as a whole.
pub fn judge_whole(change: &Change, law: &Law, objects: &dyn ReadObjects) -> Result<Judgement> {
    let mut judgement = Judgement { findings: law.findings.clone(), skipped: Vec::new() };
    let gates = &law.policy.gates;
    if let Some(effect) = gates.case_conflict.level.effect() {
        judgement.findings.extend(case_conflict::judge(change, objects, effect)?);
    }
    let is_whole_tree = change.base_tree.as_ref() == Some(&change.tree);
    if let Some(effect) = gates.scope.level.effect().filter(|_| !is_whole_tree) {
        judgement.findings.extend(scope::judge(change, &gates.scope, objects, effect)?);
    }
    if let Some(effect) = gates.governance.level.effect() {
        judgement.findings.extend(governance::judge(change, objects, effect)?);
    }
    if let Some(message) = &change.message {
        judgement.findings.extend(judge_message(message, &Spot::CommitMessage, law));
    }
    Ok(judgement)
}

/// Asks every gate that looks at a message: of a commit, for its form too, or of a tag.
pub fn judge_message(message: &[u8], spot: &Spot, law: &Law) -> Vec<Finding> {
    let gates = &law.policy.gates;
    let mut findings = secrets_in(spot, message, law);
    if let Some(effect) = gates.commit_message.level.effect()
        && *spot == Spot::CommitMessage
    {
        findings.extend(commit_message::judge(message, &gates.commit_message, effect));
    }
    findings
}

/// Asks every gate that looks at one file at a time. One file's content is in memory at a time.
pub fn judge_files(
    files: &[FileChange],
    law: &Law,
    objects: &dyn ReadObjects,
) -> Result<Judgement> {
    let gates = &law.policy.gates;
    let mut judgement = Judgement::default();
    for file in files {
        if !file.has_content() {
            continue;
        }
        let view = match FileView::load(file, objects)? {
            Loaded::View(view) => view,
            Loaded::TooLarge(size) => {
                judgement.absorb(judge_unread(file, size, law, objects)?);
                continue;
            }
            Loaded::Missing => {
                judgement.skipped.push(Skipped {
                    gate: Gate::Secrets.to_string(),
                    reason: format!("the content of `{}` is not in this repository", file.path),
                });
                continue;
            }
        };
        if let Some(effect) = gates.large_files.level.effect() {
            let (size, max) = (view.new.len() as u64, gates.large_files.max);
            judgement.findings.extend(large_files::judge(file, size, objects, max, effect)?);
        }
        if let Some(effect) = gates.conflict_markers.level.effect() {
            judgement.findings.extend(conflict_markers::judge(&view, effect)?);
        }
        judgement.findings.extend(new_secrets(&view, law)?);
        if let Some(effect) = gates.constitution.level.effect()
            && !law.rules.is_empty()
        {
            judgement.findings.extend(constitution::judge(&view, &law.rules, effect)?);
        }
        judgement.findings.extend(new_sensitive(&view, law)?);
    }
    Ok(judgement)
}

/// Judges a file that is too large to be read by its size and its name, and says so.
fn judge_unread(
    file: &FileChange,
    size: u64,
    law: &Law,
    objects: &dyn ReadObjects,
) -> Result<Judgement> {
    let gates = &law.policy.gates;
    let mut judgement = Judgement::default();
    if let Some(effect) = gates.large_files.level.effect() {
        let found = large_files::judge(file, size, objects, gates.large_files.max, effect)?;
        judgement.findings.extend(found);
    }
    let path = file.path.as_bstr();
    if let Some(effect) = gates.sensitive_files.level.effect()
        && !law.allow.has_path(path)
    {
        judgement.findings.extend(sensitive_files::judge(path, None, effect, Effect::Warn));
    }
    judgement.skipped.push(Skipped {
        gate: Gate::Secrets.to_string(),
        reason: format!(
            "`{path}` has {}, and files of more than {} are not read",
            large_files::human(size),
            large_files::human(BLOB_BYTES_MAX)
        ),
    });
    Ok(judgement)
}

fn secrets_in(spot: &Spot, bytes: &[u8], law: &Law) -> Vec<Finding> {
    let policy = &law.policy.gates.secrets;
    let Some(provider) = policy.level.effect() else { return Vec::new() };
    let generic = policy.generic.min(policy.level).effect().unwrap_or(Effect::Shadow);
    secrets::judge::judge(spot, bytes, &law.allow, Levels { provider, generic })
}

/// A sensitive file. One key is one finding: what the gate for secrets sees, it has said or was told
/// to let pass. A file that was sensitive in the base warns.
fn new_sensitive(view: &FileView<'_>, law: &Law) -> Result<Option<Finding>> {
    let gates = &law.policy.gates;
    let path = view.file.path.as_bstr();
    let Some(effect) = gates.sensitive_files.level.effect() else { return Ok(None) };
    let judge = |content| sensitive_files::judge(path, Some(content), effect, Effect::Warn);
    let Some(mut finding) = judge(&view.new).filter(|_| !law.allow.has_path(path)) else {
        return Ok(None);
    };
    let sees = || scan(&view.new, path).iter().any(|hit| hit.tier == Tier::Provider);
    if gates.secrets.level.effect().is_some() && sees() {
        return Ok(None);
    }
    if view.old()?.and_then(judge).is_some() {
        finding.effect = Effect::Warn;
        finding.message.push_str(BEFORE);
    }
    Ok(Some(finding))
}

/// Secrets of a file. One that the base holds already warns and does not block: who touches the
/// file did not bring it.
fn new_secrets(view: &FileView<'_>, law: &Law) -> Result<Vec<Finding>> {
    let spot = Spot::File(view.file.path.clone());
    let mut findings = secrets_in(&spot, &view.new, law);
    if findings.iter().all(|finding| finding.effect < Effect::Block) {
        return Ok(findings);
    }
    let before = match view.old()? {
        Some(old) => secrets_in(&spot, old, law),
        None => Vec::new(),
    };
    for finding in &mut findings {
        // The message carries the fingerprint.
        if before.iter().any(|b| b.rule == finding.rule && b.message == finding.message) {
            finding.effect = Effect::Warn;
            finding.message.push_str(BEFORE);
        }
    }
    Ok(findings)
}
