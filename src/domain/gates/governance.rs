//! The governance gate: names a change to the policy itself, and stops one that would leave it
//! unreadable.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::large_files::human;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::objects::ReadObjects;
use crate::domain::model::severity::Severity;
use crate::domain::policy::layers;
use crate::domain::policy::layers::problem;

/// The settings file at the top of a repository.
pub const POLICY_FILE: &str = "tribunal.toml";

/// The most bytes that a file of settings or rules may have: a larger one was not written by people.
const BYTES_MAX: u64 = 1024 * 1024;

/// The secrets that a repository held before it was first checked.
pub const BASELINE_FILE: &str = ".ai/baseline.txt";

/// Finds changes to `tribunal.toml`, to the constitution and to the baseline. They hold from the
/// next change on; this one is checked against the policy of its base.
pub fn check(change: &Change, objects: &dyn ReadObjects, effect: Effect) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in change.files.iter().filter(|file| is_policy_path(&file.path)) {
        if let Some(problem) = unreadable_policy(file, objects)? {
            findings.push(problem);
            continue;
        }
        findings.push(Finding {
            gate: Gate::Governance,
            rule: "law-changed".to_owned(),
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
        });
    }
    Ok(findings)
}

/// Whether a path is part of the policy of later changes.
pub fn is_policy_path(path: &[u8]) -> bool {
    path == POLICY_FILE.as_bytes()
        || path == b".ai/constitution.md"
        || path == BASELINE_FILE.as_bytes()
        || path.starts_with(b".ai/constitution/")
}

/// A policy that cannot be read would have to be replaced by the defaults at the next commit.
fn unreadable_policy(file: &FileChange, objects: &dyn ReadObjects) -> Result<Option<Finding>> {
    // The baseline grows with what a repository holds, and is bounded as every file is.
    let Some(entry) = file.new.as_ref().filter(|_| file.path != BASELINE_FILE) else {
        return Ok(None);
    };
    if let Some(size) = objects.size(&entry.oid)?.filter(|size| *size > BYTES_MAX) {
        return Ok(Some(too_large(file, size)));
    }
    if file.path != POLICY_FILE {
        return Ok(None);
    }
    let content = objects.blob(&entry.oid)?.unwrap_or_default();
    let problem = match content.to_str() {
        Ok(text) => layers::check(POLICY_FILE, text).err(),
        Err(_) => Some(problem::not_utf8(POLICY_FILE, &content)),
    };
    Ok(problem.map(|problem| policy_finding(&problem, Effect::Block)))
}

fn too_large(file: &FileChange, size: u64) -> Finding {
    Finding {
        gate: Gate::Governance,
        rule: "policy-unreadable".to_owned(),
        class: Class::new("governance/rule-change"),
        severity: Severity::High,
        effect: Effect::Block,
        place: Some(Location::file(file.path.clone())),
        anchor: String::new(),
        message: format!(
            "it has {}, more than the {} that a file of settings or rules may have",
            human(size),
            human(BYTES_MAX)
        ),
        suggestion: "split it, or shorten it".to_owned(),
    }
}

/// The finding for a policy that cannot be read.
pub fn policy_finding(problem: &problem::SettingsProblem, effect: Effect) -> Finding {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line = number(problem.line);
    Finding {
        gate: Gate::Governance,
        rule: "policy-unreadable".to_owned(),
        class: Class::new("governance/rule-change"),
        severity: Severity::High,
        effect,
        place: Some(Location {
            column: number(problem.column),
            ..Location::line(POLICY_FILE, line)
        }),
        anchor: String::new(),
        message: problem.message.clone(),
        suggestion: problem.hint.clone(),
    }
}
