//! The evaluation of a push: its refs, and every commit and tag that it brings, from git's objects.

mod arrivals;
mod mirror;
pub mod plan;
mod policies;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Instant;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::protected_branch;
use crate::domain::gates::protected_branch::{ProtectedBranches, RefUpdate};
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::finding::{Effect, Finding, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Relation, Update};
use crate::domain::model::report::{Report, Reported, Skipped};
use crate::domain::policy::commands::Moment;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::commands;
use crate::flow::evaluate::commands::{Request, Tail};
use crate::flow::evaluate::evaluation::{Ask, Evaluation, Seen, evaluate, stops};
use crate::flow::evaluate::push::arrivals::{Finder, existing};
use crate::flow::evaluate::push::plan::{Arrival, Item};
use crate::flow::evaluate::push::policies::Policies;
use crate::flow::evaluate::{judge, judged};
use crate::platform::config::env::Env;
use crate::platform::git::change;
use crate::platform::git::push;
use crate::platform::git::push::Peeled;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, is_ancestor, new_commits};
use crate::platform::git::push::receiver_refs::ReceiverRefs;
use crate::platform::git::repo::Repo;

/// From how many commits on a push says how much it reads: below, it is over before anyone asks.
const MANY_COMMITS: usize = 500;

/// What a push came to.
#[derive(Debug, Default)]
pub struct PushEvaluation {
    /// Each with something found in it.
    pub parts: Vec<Part>,
    pub skipped: Vec<Skipped>,
    /// The commits that it brings, each with the tip that it was pushed below.
    pub commits: Vec<Pushed>,
    /// How many changed files those have, each counted once a commit.
    pub files: usize,
    /// How many of the commits no `pre-commit` of this repository had passed.
    pub ungated: usize,
    /// The commit under whose policy the first new commits were evaluated, where the push itself
    /// changes the policy.
    pub policy_of: Option<Oid>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// A command that guards could not be run.
    pub inconclusive: bool,
    /// We were told to stop while a command ran.
    pub interrupted: bool,
}

impl PushEvaluation {
    /// Whether the push may not go on.
    pub fn refuses(&self) -> bool {
        self.inconclusive || self.interrupted || self.is_blocked()
    }

    /// One report of everything that was found; `started` is when it began. The last lines of
    /// commands that failed are left to the caller.
    pub fn report(self, started: Instant) -> Report {
        let findings = self.parts.into_iter().flat_map(|part| part.findings).collect();
        let mut report = judge::report(findings, self.skipped, started);
        commands::settle(&mut report, self.inconclusive);
        report
    }

    fn is_blocked(&self) -> bool {
        self.parts.iter().any(|part| stops(&part.findings))
    }
}

/// A commit that a push brings.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub commit: Oid,
    /// What the ref will point to.
    pub tip: Oid,
    /// What the receiving side has of the history below it; its policy holds.
    pub base: Option<Oid>,
}

/// A ref, commit or tag of a push, and what was found in it.
#[derive(Clone, Debug)]
pub struct Part {
    /// For people: `commit 0123456789 subject`.
    pub title: String,
    pub findings: Vec<Reported>,
}

/// What evaluations of pushes work with.
pub struct Setting<'a> {
    pub repo: &'a Repo,
    pub env: &'a Env,
    /// `--set` on the command line.
    pub flags: &'a [String],
    pub bypass: &'a Bypass,
}

/// Evaluates all updates of one push. An error is no pass: the caller must refuse. `tell` gets a
/// line where there is much to read.
pub fn evaluate_push(
    setting: &Setting<'_>,
    updates: &[Update],
    receiver: &Receiver,
    tell: &mut dyn FnMut(&str),
) -> Result<PushEvaluation> {
    let repo = setting.repo;
    let receiver_refs = ReceiverRefs::read(repo, receiver)?;
    let updates = resolved(repo, updates, receiver)?;
    let mut push = Evaluator::new(setting, receiver.clone());
    if *receiver != Receiver::Here && mirror::is_mirror(repo, receiver, &updates)? {
        push.evaluate_mirror(&receiver_refs)?;
    }
    let (updates, peeled) = push.refs_that_may_go_on(&updates, &receiver_refs)?;
    let mut finder =
        Finder { repo, receiver, policies: &mut push.policies, receiver_refs: &receiver_refs };
    let arrivals = finder.arrivals(&updates, peeled)?;
    push.evaluate_arrivals(&arrivals, tell)?;
    Ok(push.result)
}

/// Evaluates what a push of `to` onto a branch at `from` would bring, commit by commit, under the
/// policy of `from`. With `paths` only the files at or below them count, and no messages. Commands
/// are run where `commands` asks for them.
pub fn evaluate_range(
    setting: &Setting<'_>,
    (from, to): (&Oid, &Oid),
    paths: &[BString],
    commands: Option<Request<'_>>,
    tell: &mut dyn FnMut(&str),
) -> Result<PushEvaluation> {
    let repo = setting.repo;
    let known = KnownHistory { commits: HashSet::from([from.clone()]), refs: KnownRefs::None };
    let commits = new_commits(repo, std::slice::from_ref(to), &known)?;
    let mut evaluator = Evaluator::new(setting, Receiver::Address);
    evaluator.commands = commands;
    evaluator.paths = paths.to_vec();
    // It is no push: what passes is not remembered as pushed.
    evaluator.passed = None;
    let update = Update {
        source: BString::from(to.as_str()),
        new: to.clone(),
        target: BString::from(to.as_str()),
        old: from.clone(),
    };
    let arrival = Arrival {
        update: &update,
        peeled: Peeled { commit: Some(to.clone()), ..Peeled::default() },
        law: evaluator.policies.of_commit(from)?,
        base: repo.merge_base(from, to)?,
        is_new: !commits.is_empty(),
        commits,
    };
    evaluator.evaluate_arrivals(&[arrival], tell)?;
    Ok(evaluator.result)
}

/// The updates with the names of the refs that they really change: on the server a ref may stand for
/// another one.
fn resolved(repo: &Repo, updates: &[Update], receiver: &Receiver) -> Result<Vec<Update>> {
    /// As deep as git itself follows symbolic refs.
    const DEPTH_MAX: usize = 5;
    let mut updates = updates.to_vec();
    if *receiver != Receiver::Here {
        return Ok(updates);
    }
    for update in &mut updates {
        for _ in 0..DEPTH_MAX {
            match repo.symbolic(&update.target.to_str_lossy())? {
                Some(target) => update.target = target,
                None => break,
            }
        }
    }
    Ok(updates)
}

struct Evaluator<'a> {
    repo: &'a Repo,
    env: &'a Env,
    receiver: Receiver,
    policies: Policies<'a>,
    commands: Option<Request<'a>>,
    /// Where not empty, only what is at or below these paths is evaluated, and no message.
    paths: Vec<BString>,
    seen: Seen,
    /// The trees that passed `pre-commit`; `None` on the server, which has no such hook.
    gated: Option<HashSet<String>>,
    /// What earlier pushes passed, where it counts: with a bypass it neither counts nor is kept.
    passed: Option<judged::Pushes>,
    result: PushEvaluation,
}

impl<'a> Evaluator<'a> {
    fn new(setting: &Setting<'a>, receiver: Receiver) -> Self {
        let Setting { repo, env, flags, bypass } = *setting;
        Self {
            repo,
            env,
            gated: (receiver != Receiver::Here).then(|| judged::remembered(repo)),
            passed: (!bypass.is_any()).then(|| judged::Pushes::load(repo)),
            commands: Some(Request { env, moment: Some(Moment::PrePush), reuse: true }),
            policies: Policies::new(repo, env, flags, bypass),
            receiver,
            paths: Vec::new(),
            seen: Seen::default(),
            result: PushEvaluation::default(),
        }
    }

    fn evaluate_mirror(&mut self, receiver_refs: &ReceiverRefs) -> Result<()> {
        let (globs, level) = self.policies.protection(None, receiver_refs.default_tip.as_ref())?;
        let Some(effect) = level.effect() else { return Ok(()) };
        let on_remote = receiver_refs.branches(&self.receiver);
        let here: Vec<BString> =
            self.repo.refs("refs/heads/")?.into_iter().map(|(name, _)| name).collect();
        let protected = ProtectedBranches::new(&globs, receiver_refs.defaults.clone());
        let found = protected_branch::check_mirror(&on_remote, &here, &globs, &protected, effect);
        self.add_unrecorded("mirror push".to_owned(), found.into_iter().collect());
        Ok(())
    }

    /// Judges what happens to each ref itself. The others of what is refused are still evaluated, so
    /// that people see everything at once.
    fn refs_that_may_go_on(
        &mut self,
        updates: &[Update],
        receiver_refs: &ReceiverRefs,
    ) -> Result<(Vec<Update>, Vec<Peeled>)> {
        let mut going_on = Vec::new();
        let mut peeled = Vec::new();
        for update in updates {
            let object = if update.new.is_zero() {
                Peeled::default()
            } else {
                push::peel(&self.repo.objects, &update.new)?
            };
            let refused = self.judge_ref(update, object.commit.as_ref(), receiver_refs)?;
            if !refused && !update.new.is_zero() {
                going_on.push(update.clone());
                peeled.push(object);
            }
        }
        Ok((going_on, peeled))
    }

    fn judge_ref(
        &mut self,
        update: &Update,
        tip: Option<&Oid>,
        receiver_refs: &ReceiverRefs,
    ) -> Result<bool> {
        let old = existing(self.repo, &update.old)?;
        // A new ref has nothing that could be lost; of a first push the tip's policy is known alone.
        let own = old.as_ref().or(tip.filter(|_| receiver_refs.default_tip.is_none()));
        let (globs, level) = self.policies.protection(own, receiver_refs.default_tip.as_ref())?;
        let Some(effect) = level.effect() else { return Ok(false) };
        let protected = ProtectedBranches::new(&globs, receiver_refs.defaults.clone());
        let target = update.target.as_bstr();
        let relation = if protected.holds(target) {
            push::relation(self.repo, update)?
        } else {
            // What happens to other refs is free: it need not be known.
            Relation::FastForward
        };
        let facts = RefUpdate { target, relation, shallow: push::is_shallow(self.repo) };
        let found = protected_branch::check(&facts, &protected, effect);
        let refused = found.as_ref().is_some_and(|finding| finding.effect == Effect::Block);
        self.add_unrecorded(format!("ref {target}"), found.into_iter().collect());
        Ok(refused)
    }

    fn evaluate_arrivals(
        &mut self,
        arrivals: &[Arrival<'_>],
        tell: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut passed = Vec::new();
        let commits: usize = arrivals.iter().map(|arrival| arrival.commits.len()).sum();
        if commits >= MANY_COMMITS {
            tell(&format!("tribunal: checking {commits} commits that are new to where they go"));
        }
        for item in plan::items(arrivals) {
            match item {
                Item::TagMessage { arrival, tag } => {
                    let law = &arrival.law;
                    let name = arrival.update.target.as_bstr();
                    let name = name.strip_prefix(b"refs/tags/").unwrap_or(name).as_bstr();
                    let spot = LocationKind::TagMessage(name.to_owned());
                    let findings = gates::check_message(&tag.message, &spot, law);
                    self.add_unrecorded(format!("tag {name}"), findings);
                }
                Item::Tree { arrival, tree } => {
                    let law = &arrival.law;
                    let whole = change::whole_tree(self.repo, tree)?;
                    let change = Change { base_tree: None, ..whole };
                    let title = format!("tree under {}", arrival.update.target);
                    self.evaluate_change(title, change, law, None)?;
                }
                Item::File { arrival, blob } => {
                    let law = &arrival.law;
                    let file = lone_file(arrival.update.target.as_bstr(), blob);
                    let judgement = gates::check_files(&[file], law, &self.repo.objects)?;
                    self.result.skipped.extend(judgement.skipped);
                    let title = format!("file under {}", arrival.update.target);
                    self.add_unrecorded(title, judgement.findings);
                }
                Item::Commit { arrival, commit, tip } => {
                    let law = &arrival.law;
                    let pushed = Pushed {
                        commit: commit.clone(),
                        tip: tip.clone(),
                        base: arrival.base.clone(),
                    };
                    if self.evaluate_commit(pushed, law)? {
                        passed.push((commit.clone(), law.hash.clone()));
                    }
                }
                Item::Commands { arrival, tip } => self.run_commands(arrival, tip)?,
            }
        }
        if !self.result.refuses()
            && self.passed.is_some()
            && let Some(failed) = judged::Pushes::add(self.repo, &passed).err()
        {
            let reason = format!("{failed:#}; the next push reads these commits again");
            self.result.skipped.push(Skipped { gate: "record of pushes".to_owned(), reason });
        }
        Ok(())
    }

    /// Evaluates a commit; tells whether it is to be remembered as one that passed.
    fn evaluate_commit(&mut self, pushed: Pushed, law: &EffectivePolicy) -> Result<bool> {
        let (oid, base) = (pushed.commit.clone(), pushed.base.clone());
        self.result.commits.push(pushed);
        if self.passed.as_ref().is_some_and(|passes| passes.holds(&oid, &law.hash)) {
            return Ok(false);
        }
        let commit = self.repo.commit(&oid)?;
        if self.gated.as_ref().is_some_and(|trees| !trees.contains(commit.tree.as_str())) {
            self.result.ungated += 1;
        }
        let mut change = change::of_commit(self.repo, &commit)?;
        if !self.paths.is_empty() {
            change::narrow(&mut change, &self.paths);
            change.message = None;
        }
        self.result.files += change.files.len();
        let subject = commit.message.lines().next().unwrap_or_default().to_str_lossy();
        let title = format!("commit {} {subject}", oid.short());
        self.evaluate_change(title, change, law, base.as_ref())
    }

    /// Evaluates a change by the gates; tells whether all of it was read and nothing stops it.
    fn evaluate_change(
        &mut self,
        title: String,
        change: Change,
        law: &EffectivePolicy,
        base: Option<&Oid>,
    ) -> Result<bool> {
        let seen = Some(&mut self.seen);
        let evaluation = evaluate(self.repo, self.env, change, law, seen, Ask::Gates)?;
        let is_governance = |f: &Reported| f.finding.gate == Gate::Governance;
        if evaluation.findings.iter().any(is_governance) {
            self.result.policy_of = base.cloned();
        }
        let passed = evaluation.skipped.is_empty() && !stops(&evaluation.findings);
        self.add(title, evaluation);
        Ok(passed)
    }

    /// Runs the project's own commands on what a branch is to become, once nothing else stops it.
    fn run_commands(&mut self, arrival: &Arrival<'_>, tip: &Oid) -> Result<()> {
        let Some(request) = self.commands else { return Ok(()) };
        let repo = self.repo;
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
        let law = &arrival.law;
        if self.result.interrupted || self.result.is_blocked() {
            let passed_over = commands::pass_over(law, &change, &request);
            self.result.skipped.extend(passed_over);
            return Ok(());
        }
        let seen = Some(&mut self.seen);
        let ask = Ask::Commands(&request);
        let evaluation = evaluate(repo, self.env, change, law, seen, ask)?;
        self.add(format!("commands on {}", arrival.update.target), evaluation);
        Ok(())
    }

    fn add(&mut self, title: String, evaluation: Evaluation) {
        let Evaluation { findings, skipped, tails, inconclusive, interrupted } = evaluation;
        self.result.skipped.extend(skipped);
        self.result.tails.extend(tails);
        self.result.inconclusive |= inconclusive;
        self.result.interrupted |= interrupted.is_some();
        if !findings.is_empty() {
            self.result.parts.push(Part { title, findings });
        }
    }

    /// Takes in what belongs to no change and so is not kept in the ledger.
    fn add_unrecorded(&mut self, title: String, findings: Vec<Finding>) {
        if !findings.is_empty() {
            let findings = findings.into_iter().map(judge::unrecorded).collect();
            self.result.parts.push(Part { title, findings });
        }
    }
}

/// A file that a tag points to directly, as a new file of the ref's name.
fn lone_file(target: &BStr, blob: &Oid) -> FileChange {
    let new = Some(TreeEntry { oid: blob.clone(), mode: FileMode::File });
    FileChange { path: target.into(), kind: FileChangeKind::Added, old: None, new }
}
