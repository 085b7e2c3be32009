//! The gates: each a function from a change and the law to findings, one file a gate.
//!
//! They read git objects and nothing else; what must run a program is the driver's.

pub mod case_conflict;
pub mod commit_message;
pub mod conflict_markers;
pub mod governance;
pub mod large_files;
pub mod protected_branch;
pub mod scope;
pub mod view;

use anyhow::Result;

use crate::config::policy::Policy;
use crate::gates::view::FileView;
use crate::git::object::Objects;
use crate::model::change::{Change, FileChange};
use crate::model::finding::Finding;
use crate::model::gate::Gate;
use crate::model::report::Skipped;

/// What holds for one judgement, read from the base of the change.
pub struct Law {
    pub policy: Policy,
    /// Problems of the law itself, such as a `tribunal.toml` in the base that cannot be read: the
    /// defaults hold instead, and it is said.
    pub findings: Vec<Finding>,
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
pub fn judge_whole(change: &Change, law: &Law, objects: &Objects) -> Result<Judgement> {
    let mut judgement = Judgement { findings: law.findings.clone(), skipped: Vec::new() };
    let gates = &law.policy.gates;
    if let Some(effect) = gates.case_conflict.level.effect() {
        judgement.findings.extend(case_conflict::judge(change, objects, effect)?);
    }
    if let Some(effect) = gates.scope.level.effect() {
        judgement.findings.extend(scope::judge(change, &gates.scope, objects, effect)?);
    }
    if let Some(effect) = gates.governance.level.effect() {
        judgement.findings.extend(governance::judge(change, objects, effect)?);
    }
    if let Some(message) = &change.message {
        judgement.findings.extend(judge_message(message, law));
    }
    Ok(judgement)
}

/// Asks every gate that looks at a commit message.
pub fn judge_message(message: &[u8], law: &Law) -> Vec<Finding> {
    let policy = &law.policy.gates.commit_message;
    let mut findings = Vec::new();
    if let Some(effect) = policy.level.effect() {
        findings.extend(commit_message::judge(message, policy, effect));
    }
    findings
}

/// Asks every gate that looks at one file at a time. One file's content is in memory at a time.
pub fn judge_files(files: &[FileChange], law: &Law, objects: &Objects) -> Result<Judgement> {
    let gates = &law.policy.gates;
    let mut judgement = Judgement::default();
    for file in files {
        if !file.has_content() {
            continue;
        }
        if let Some(effect) = gates.large_files.level.effect() {
            let found = large_files::judge(file, objects, gates.large_files.max, effect)?;
            judgement.findings.extend(found);
        }
        let Some(view) = FileView::load(file, objects)? else {
            judgement.skipped.push(Skipped {
                gate: Gate::Secrets.to_string(),
                reason: format!("the content of `{}` is not in this repository", file.path),
            });
            continue;
        };
        if let Some(effect) = gates.conflict_markers.level.effect() {
            judgement.findings.extend(conflict_markers::judge(&view, effect)?);
        }
    }
    Ok(judgement)
}
