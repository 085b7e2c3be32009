//! Evaluates each commit that a push brings, whether or not a hook saw it, and the tags, trees and
//! files that it brings; then runs the commands.

use std::collections::HashSet;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates;
use crate::domain::gates::governance;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::finding::{Finding, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::Receiver;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::policy::command_settings::Moment;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::command_selection;
use crate::flow::evaluate::command_selection::{CommandRequest, RequestedBy};
use crate::flow::evaluate::evaluation::{Evaluation, EvaluationScope, Seen, evaluate, stops};
use crate::flow::evaluate::push::outcome::{PushEvaluation, PushPart, PushedCommit};
use crate::flow::evaluate::push::plan;
use crate::flow::evaluate::push::plan::{Arrival, PushItem};
use crate::flow::evaluate::push::policies::Policies;
use crate::flow::evaluate::push::progress::PushProgress;
use crate::flow::evaluate::{fingerprint, passed_trees};
use crate::platform::git::change;
use crate::platform::git::push::history::is_ancestor;

/// Evaluates the refs, commits and tags of one push.
pub(super) struct Evaluator<'a> {
    pub(super) context: Context<'a>,
    pub(super) receiver: Receiver,
    pub(super) policies: Policies<'a>,
    pub(super) commands: Option<CommandRequest>,
    /// Where not empty, only what is at or below these paths is evaluated, and no message.
    pub(super) paths: Vec<BString>,
    pub(super) seen: Seen,
    /// The trees that passed `pre-commit` or the run of a spec; `None` on the server, which has no such hook.
    pub(super) gated: Option<HashSet<String>>,
    /// The commits that passed earlier pushes; `None` with a bypass, when they neither count nor are
    /// recorded.
    pub(super) passed: Option<passed_trees::PassedCommits>,
    pub(super) result: PushEvaluation,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(context: Context<'a>, bypass: &'a Bypass, receiver: Receiver) -> Self {
        let repo = context.repo;
        Self {
            context,
            gated: (receiver != Receiver::Here).then(|| passed_trees::all(repo)),
            passed: (!bypass.is_any()).then(|| passed_trees::PassedCommits::load(repo)),
            commands: Some(CommandRequest::of_person(Some(Moment::PrePush), RequestedBy::Hook)),
            policies: Policies::new(context, bypass),
            receiver,
            paths: Vec::new(),
            seen: Seen::default(),
            result: PushEvaluation::default(),
        }
    }

    pub(super) fn evaluate_arrivals(&mut self, arrivals: &[Arrival<'_>]) -> Result<()> {
        let mut passed = Vec::new();
        let commits: usize = arrivals.iter().map(|arrival| arrival.commits.len()).sum();
        let mut progress = PushProgress::begin(self.context, commits);
        for item in plan::items(arrivals) {
            match item {
                PushItem::RefName { arrival } => {
                    let name = &arrival.update.target;
                    let kind = LocationKind::Ref(name.clone());
                    let findings = gates::check_text(name, &kind, &arrival.effective);
                    self.add_unrecorded(&format!("ref {name}"), &findings);
                }
                PushItem::Tag { arrival, tag } => {
                    let effective = &arrival.effective;
                    let name = arrival.update.target.as_bstr();
                    let name = name.strip_prefix(b"refs/tags/").unwrap_or(name).as_bstr();
                    let kind = LocationKind::TagMessage(name.to_owned());
                    let mut findings = gates::check_message(&tag.message, &kind, effective);
                    let kind = LocationKind::TagHeaders(name.to_owned());
                    findings.extend(gates::check_text(&tag.headers, &kind, effective));
                    self.add_unrecorded(&format!("tag {name}"), &findings);
                }
                PushItem::Tree { arrival, tree } => {
                    let effective = &arrival.effective;
                    let whole = change::whole_tree(self.context.repo, tree)?;
                    let change = Change { base_tree: None, ..whole };
                    let title = format!("tree under {}", arrival.update.target);
                    self.evaluate_change(title, change, effective, None)?;
                }
                PushItem::File { arrival, blob } => {
                    let effective = &arrival.effective;
                    let file = lone_file(arrival.update.target.as_bstr(), blob);
                    let report =
                        gates::check_files(&[file], effective, &self.context.repo.objects)?;
                    self.result.skipped.extend(report.skipped);
                    let title = format!("file under {}", arrival.update.target);
                    self.add_unrecorded(&title, &report.findings);
                }
                PushItem::Commit { arrival, commit, tip } => {
                    let effective = &arrival.effective;
                    let pushed = PushedCommit {
                        commit: commit.clone(),
                        tip: tip.clone(),
                        base: arrival.base.clone(),
                    };
                    if self.evaluate_commit(pushed, effective)? {
                        passed.push((commit.clone(), effective.hash.clone()));
                    }
                    progress.go_on(self.result.commits.len());
                }
                PushItem::Commands { arrival, tip } => self.run_commands(arrival, tip)?,
            }
        }
        progress.end();
        if !self.result.refuses()
            && self.passed.is_some()
            && let Some(failed) = passed_trees::PassedCommits::add(self.context.repo, &passed).err()
        {
            let reason = format!("{failed:#}; the next push reads these commits again");
            self.result.skipped.push(Skipped {
                gate: "record of pushes".to_owned(),
                reason,
                has_run: false,
            });
        }
        Ok(())
    }

    /// Evaluates a commit; returns whether to record it as passed.
    fn evaluate_commit(
        &mut self,
        pushed: PushedCommit,
        effective: &EffectivePolicy,
    ) -> Result<bool> {
        let (oid, base) = (pushed.commit.clone(), pushed.base.clone());
        let tip = pushed.tip.clone();
        self.result.commits.push(pushed);
        if self.passed.as_ref().is_some_and(|passes| passes.holds(&oid, &effective.hash)) {
            return Ok(false);
        }
        let commit = self.context.repo.commit(&oid)?;
        if self.gated.as_ref().is_some_and(|trees| !trees.contains(commit.tree.as_str())) {
            self.result.ungated.push(oid.clone());
        }
        let mut change = change::of_commit(self.context.repo, &commit)?;
        if !self.paths.is_empty() {
            change::narrow(&mut change, &self.paths);
            change.message = None;
        }
        if tip != oid && change.files.iter().any(|file| is_policy_path(&file.path)) {
            change.tip_tree = Some(self.context.repo.tree_of(&tip)?);
        }
        self.result.files += change.files.len();
        let subject = commit.message.lines().next().unwrap_or_default().to_str_lossy();
        let title = format!("commit {} {subject}", oid.short());
        let mut in_headers = Vec::new();
        if change.message.is_some() {
            in_headers =
                gates::check_text(&commit.headers, &LocationKind::CommitHeaders, effective);
        }
        let are_clean = in_headers.is_empty();
        self.add_unrecorded_of(Some(&oid), &title, &in_headers);
        Ok(self.evaluate_change(title, change, effective, base.as_ref())? && are_clean)
    }

    /// Runs the gates on a change; returns whether all of it was read and nothing blocks it.
    fn evaluate_change(
        &mut self,
        title: String,
        change: Change,
        effective: &EffectivePolicy,
        base: Option<&Oid>,
    ) -> Result<bool> {
        let seen = Some(&mut self.seen);
        let commit = change.commit.clone();
        let evaluation = evaluate(self.context, change, effective, seen, EvaluationScope::Gates)?;
        let changes_policy = |f: &Reported| {
            f.finding.gate == Gate::Governance && f.finding.rule == governance::CHANGED
        };
        if evaluation.findings.iter().any(changes_policy) {
            self.result.policy_of = base.cloned();
        }
        let passed = evaluation.skipped.is_empty() && !stops(&evaluation.findings);
        self.add(title, commit, evaluation);
        Ok(passed)
    }

    /// Runs the project's commands on the new tip of a branch, unless the push is blocked already.
    fn run_commands(&mut self, arrival: &Arrival<'_>, tip: &Oid) -> Result<()> {
        let Some(request) = self.commands else { return Ok(()) };
        let repo = self.context.repo;
        // After a rewrite the present tip is no measure: what the new history stands on is.
        let base = match &arrival.base {
            Some(base) if !is_ancestor(repo, base, tip)? => repo.merge_base(base, tip)?,
            base => base.clone(),
        };
        let mut change = match &base {
            Some(base) => change::between(repo, base, tip)?,
            None => change::whole_tree(repo, &repo.tree_of(tip)?)?,
        };
        change.commit = Some(tip.clone());
        let effective = &arrival.effective;
        if self.result.interrupted || self.result.is_blocked() {
            let passed_over = command_selection::skip_commands(effective, &change, request);
            self.result.skipped.extend(passed_over);
            return Ok(());
        }
        let seen = Some(&mut self.seen);
        let scope = EvaluationScope::Commands(request);
        let evaluation = evaluate(self.context, change, effective, seen, scope)?;
        self.add(format!("commands on {}", arrival.update.target), None, evaluation);
        Ok(())
    }

    fn add(&mut self, title: String, commit: Option<Oid>, evaluation: Evaluation) {
        let Evaluation {
            findings,
            skipped,
            gates,
            ran,
            tails,
            tests: _,
            inconclusive,
            interrupted,
        } = evaluation;
        self.result.gates.extend(gates);
        self.result.ran.extend(ran);
        self.result.skipped.extend(skipped);
        self.result.tails.extend(tails);
        self.result.inconclusive |= inconclusive;
        self.result.interrupted |= interrupted.is_some();
        if !findings.is_empty() {
            self.result.parts.push(PushPart { title, commit, findings });
        }
    }

    /// Adds findings that belong to no change and so are not recorded in the ledger.
    pub(super) fn add_unrecorded(&mut self, title: &str, findings: &[Finding]) {
        self.add_unrecorded_of(None, title, findings);
    }

    fn add_unrecorded_of(&mut self, commit: Option<&Oid>, title: &str, findings: &[Finding]) {
        if !findings.is_empty() {
            let clean = findings.iter().map(fingerprint::redacted);
            let findings = clean.map(Reported::unrecorded).collect();
            let title = redact_str(title);
            self.result.parts.push(PushPart { title, commit: commit.cloned(), findings });
        }
    }
}

/// A file that a tag points to directly, as a new file of the ref's name.
fn lone_file(target: &BStr, blob: &Oid) -> FileChange {
    let new = Some(TreeEntry { oid: blob.clone(), mode: FileMode::File });
    FileChange {
        path: target.into(),
        kind: FileChangeKind::Added,
        old: None,
        new,
        merged: Vec::new(),
    }
}
