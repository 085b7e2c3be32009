//! The judgement of a push: its refs, and every commit and tag that it brings, from git's objects.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::config::env::Env;
use crate::config::policy::{Level, Moment};
use crate::driver::bypass::Bypass;
use crate::driver::commands::{self, Request, Tail};
use crate::driver::ruling::stops;
use crate::driver::{judge, judged, law};
use crate::gates::protected_branch::{self, Facts, Protected};
use crate::gates::{self, Judgement, Law};
use crate::git::change;
use crate::git::object::{ObjectKind, Tag};
use crate::git::push::{self, Incoming, Known, Relation, Update};
use crate::git::repo::Repo;
use crate::model::change::{Change, Entry, FileChange, Kind, Mode};
use crate::model::finding::{Effect, Finding, Place, Spot};
use crate::model::gate::Gate;
use crate::model::oid::Oid;
use crate::model::report::{Reported, Skipped};
use crate::process;

/// How many processes are looked at above ours to find the `git push` that started the hook: a
/// shell may stand between.
const ANCESTORS_MAX: usize = 4;

/// What a push came to.
#[derive(Debug, Default)]
pub struct PushJudgement {
    /// Each with something found in it.
    pub parts: Vec<Part>,
    pub skipped: Vec<Skipped>,
    /// The commits that were judged, each with the tip that it was pushed below.
    pub commits: Vec<Pushed>,
    /// How many of them no `pre-commit` of this repository had passed.
    pub ungated: usize,
    /// The commit under whose law the first new commits were judged, where the push itself changes
    /// the law.
    pub law_of: Option<Oid>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// A command that guards could not be run.
    pub inconclusive: bool,
    /// We were told to stop while a command ran.
    pub interrupted: bool,
}

impl PushJudgement {
    /// Whether the push may not go on.
    pub fn refuses(&self) -> bool {
        self.inconclusive || self.interrupted || self.parts.iter().any(|part| stops(&part.findings))
    }
}

/// A commit that a push brings.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub commit: Oid,
    /// What the ref will point to.
    pub tip: Oid,
    /// What the remote has of the history below it; its law holds.
    pub base: Option<Oid>,
}

/// A ref, commit or tag of a push, and what was found in it.
#[derive(Debug)]
pub struct Part {
    /// For people: `commit 0123456789 subject`.
    pub title: String,
    pub findings: Vec<Reported>,
}

/// Judges all updates of one push. An error is no pass: whoever asks must refuse.
pub fn judge(
    repo: &Repo,
    env: &Env,
    updates: &[Update],
    known: &Known,
    bypass: &Bypass,
) -> Result<PushJudgement> {
    let mut court = Court {
        repo,
        env,
        bypass,
        laws: HashMap::new(),
        seen_commits: HashSet::new(),
        seen_files: HashSet::new(),
        said: HashSet::new(),
        gated: (*known != Known::Here).then(|| judged::remembered(repo)),
        result: PushJudgement::default(),
    };
    let defaults = push::remote_defaults(repo, known)?;
    let default_tip = match known {
        Known::OnRemote(remote) => {
            repo.resolve(&format!("refs/remotes/{remote}/HEAD^{{commit}}"))?
        }
        Known::OnAnyRemote => None,
        Known::Here => repo.head()?,
    };
    if *known != Known::Here && is_mirror(repo, known, updates)? {
        court.judge_mirror(known, &defaults, default_tip.as_ref())?;
    }
    for update in updates {
        let incoming = if update.new.is_zero() {
            Incoming { base: existing(repo, &update.old)?, ..Incoming::default() }
        } else {
            push::incoming(repo, update, updates, known)?
        };
        if !court.judge_ref(update, &incoming, &defaults, default_tip.as_ref())? {
            court.judge_incoming(update, &incoming)?;
            court.run_commands(update, &incoming)?;
        }
    }
    Ok(court.result)
}

/// A commit that may not be here.
fn existing(repo: &Repo, oid: &Oid) -> Result<Option<Oid>> {
    let is_commit = matches!(repo.objects.header(oid)?, Some((ObjectKind::Commit, _)));
    Ok(is_commit.then(|| oid.clone()))
}

/// Whether the push mirrors, in which case git deletes on the remote what is not here and does not
/// tell the hook: by configuration, or by the words of the `git push` above us.
fn is_mirror(repo: &Repo, known: &Known, updates: &[Update]) -> Result<bool> {
    if let Known::OnRemote(remote) = known
        && let Some(value) = repo.config(&format!("remote.{remote}.mirror"))?
    {
        let off = ["false", "no", "off", "0", ""];
        if !off.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())) {
            return Ok(true);
        }
    }
    let mut found_git = false;
    for words in process::ancestors(ANCESTORS_MAX) {
        let program = words.first().and_then(|word| std::path::Path::new(word).file_name());
        if program.is_some_and(|name| name.as_encoded_bytes().starts_with(b"git")) {
            found_git = true;
            if push::asks_for_mirror(words.iter().map(|word| word.as_encoded_bytes())) {
                return Ok(true);
            }
        }
    }
    // Where nothing can be read of the processes above, a push of refs that only a mirror push takes
    // along is one.
    let odd = |update: &Update| {
        update.source == update.target
            && !update.target.starts_with(b"refs/heads/")
            && !update.target.starts_with(b"refs/tags/")
    };
    Ok(!found_git && updates.iter().any(odd))
}

struct Court<'a> {
    repo: &'a Repo,
    env: &'a Env,
    bypass: &'a Bypass,
    /// By tree.
    laws: HashMap<Option<Oid>, Law>,
    seen_commits: HashSet<Oid>,
    seen_files: HashSet<(BString, Oid)>,
    /// What was found once is not said again for the next commit.
    said: HashSet<String>,
    gated: Option<HashSet<String>>,
    result: PushJudgement,
}

impl Court<'_> {
    fn law(&mut self, commit: Option<&Oid>) -> Result<&Law> {
        let tree = commit.map(|commit| self.repo.tree_of(commit)).transpose()?;
        if !self.laws.contains_key(&tree) {
            let mut law = law::of_tree(&self.repo.objects, tree.as_ref(), None, self.env, &[])?;
            self.bypass.apply(&mut law.policy.gates);
            self.laws.insert(tree.clone(), law);
        }
        self.laws.get(&tree).context("the law went away")
    }

    /// The globs of protected branches and the stricter level, from the law of the base and the law
    /// of the remote's default branch: a branch cannot lift the protection of another.
    fn protection(
        &mut self,
        base: Option<&Oid>,
        default_tip: Option<&Oid>,
    ) -> Result<(Vec<String>, Level)> {
        let mut globs = Vec::new();
        let mut level = Level::Off;
        let laws = [base].into_iter().chain(default_tip.is_some().then_some(default_tip));
        for commit in laws {
            let policy = &self.law(commit)?.policy;
            globs.extend(policy.protect.branches.iter().cloned());
            level = level.max(policy.gates.protected_branch.level);
        }
        globs.sort();
        globs.dedup();
        Ok((globs, level))
    }

    fn judge_mirror(
        &mut self,
        known: &Known,
        defaults: &[BString],
        default_tip: Option<&Oid>,
    ) -> Result<()> {
        let (globs, level) = self.protection(default_tip, None)?;
        let Some(effect) = level.effect() else { return Ok(()) };
        let on_remote = push::tracked_branches(self.repo, known)?;
        let here = self.repo.refs("refs/heads/")?.into_iter().map(|(name, _)| name);
        let here: Vec<BString> = here.collect();
        let protected = Protected::new(&globs, defaults.to_vec());
        let found = protected_branch::judge_mirror(&on_remote, &here, &globs, &protected, effect);
        self.say("mirror push".to_owned(), found.into_iter().collect(), None);
        Ok(())
    }

    /// Judges what happens to the ref itself; tells whether it is refused.
    fn judge_ref(
        &mut self,
        update: &Update,
        incoming: &Incoming,
        defaults: &[BString],
        default_tip: Option<&Oid>,
    ) -> Result<bool> {
        let (globs, level) = self.protection(incoming.base.as_ref(), default_tip)?;
        let Some(effect) = level.effect() else { return Ok(false) };
        let protected = Protected::new(&globs, defaults.to_vec());
        let target = update.target.as_bstr();
        let relation = if protected.holds(target) {
            push::relation(self.repo, update)?
        } else {
            // What happens to other refs is free: it need not be known.
            Relation::FastForward
        };
        let facts = Facts { target, relation, shallow: push::is_shallow(self.repo) };
        let found = protected_branch::judge(&facts, &protected, effect);
        let refused = found.as_ref().is_some_and(|finding| finding.effect == Effect::Block);
        self.say(format!("ref {target}"), found.into_iter().collect(), None);
        Ok(refused)
    }

    fn judge_incoming(&mut self, update: &Update, incoming: &Incoming) -> Result<()> {
        let base = incoming.base.clone();
        for tag in &incoming.tags {
            self.judge_tag(update, tag, base.as_ref())?;
        }
        for oid in &incoming.commits {
            if self.seen_commits.insert(oid.clone()) {
                self.judge_commit(oid, &update.new, base.as_ref())?;
            }
        }
        match &incoming.stray {
            Some((ObjectKind::Tree, tree)) => {
                let change = Change { base_tree: None, ..change::whole_tree(self.repo, tree)? };
                self.judge_change(format!("tree under {}", update.target), change, None)?;
            }
            Some((_, blob)) => {
                let file = lone_file(update.target.as_bstr(), blob);
                let repo = self.repo;
                let judgement = gates::judge_files(&[file], self.law(None)?, &repo.objects)?;
                self.result.skipped.extend(judgement.skipped);
                self.say(format!("file under {}", update.target), judgement.findings, None);
            }
            None => {}
        }
        Ok(())
    }

    fn judge_commit(&mut self, oid: &Oid, tip: &Oid, base: Option<&Oid>) -> Result<()> {
        let commit = self.repo.commit(oid)?;
        let pushed = Pushed { commit: oid.clone(), tip: tip.clone(), base: base.cloned() };
        self.result.commits.push(pushed);
        if self.gated.as_ref().is_some_and(|trees| !trees.contains(commit.tree.as_str())) {
            self.result.ungated += 1;
        }
        let change = change::of_commit(self.repo, &commit)?;
        let subject = commit.message.lines().next().unwrap_or_default().to_str_lossy();
        let title = format!("commit {} {subject}", oid.short());
        self.judge_change(title, change, base)
    }

    fn judge_change(
        &mut self,
        title: String,
        mut change: Change,
        base: Option<&Oid>,
    ) -> Result<()> {
        change.files.retain(|file| match &file.new {
            Some(entry) => self.seen_files.insert((file.path.clone(), entry.oid.clone())),
            None => true,
        });
        let repo = self.repo;
        let Judgement { findings, skipped } = judge::mechanical(repo, &change, self.law(base)?)?;
        if findings.iter().any(|finding| finding.gate == Gate::Governance) {
            self.result.law_of = base.cloned();
        }
        self.result.skipped.extend(skipped);
        self.say(title, findings, Some(&change));
        Ok(())
    }

    fn judge_tag(&mut self, update: &Update, tag: &Tag, base: Option<&Oid>) -> Result<()> {
        let name =
            BString::from(update.target.strip_prefix(b"refs/tags/").unwrap_or(&update.target));
        let spot = Spot::TagMessage(name.clone());
        let findings = gates::judge_message(&tag.message, &spot, self.law(base)?);
        self.say(format!("tag {name}"), findings, None);
        Ok(())
    }

    /// Runs the project's own commands on what a branch is to become, once nothing else stops it.
    fn run_commands(&mut self, update: &Update, incoming: &Incoming) -> Result<()> {
        let Some(tip) = incoming.commits.last() else { return Ok(()) };
        let (repo, env) = (self.repo, self.env);
        let mut change = match &incoming.base {
            Some(base) => change::between(repo, base, tip)?,
            None => change::whole_tree(repo, &repo.tree_of(tip)?)?,
        };
        change.commit = Some(tip.clone());
        let request = Request { env, moment: Some(Moment::PrePush), reuse: true };
        let stopped =
            self.result.interrupted || self.result.parts.iter().any(|part| stops(&part.findings));
        let law = self.law(incoming.base.as_ref())?;
        if stopped {
            let passed_over = commands::pass_over(law, &change, &request);
            self.result.skipped.extend(passed_over);
            return Ok(());
        }
        let ran = commands::judge(repo, law, &change, &request)?;
        self.result.skipped.extend(ran.judgement.skipped);
        self.result.tails.extend(ran.tails);
        self.result.inconclusive |= ran.inconclusive;
        self.result.interrupted |= ran.interrupted.is_some();
        self.say(format!("commands on {}", update.target), ran.judgement.findings, Some(&change));
        Ok(())
    }

    /// Takes in what was found; what belongs to a change goes to the ledger and comes back with what
    /// was decided about it.
    fn say(&mut self, title: String, mut findings: Vec<Finding>, change: Option<&Change>) {
        findings.retain(|finding| {
            let place = finding.place.as_ref().map(|place| (place.spot.display(), place.line));
            // The remarks about whole changes and messages are about each one anew.
            let of_change = !matches!(&finding.place, Some(Place { spot: Spot::File(_), .. }));
            let key = format!("{}/{} {place:?} {}", finding.gate, finding.rule, finding.anchor);
            of_change || self.said.insert(key)
        });
        if findings.is_empty() {
            return;
        }
        let findings = match change {
            Some(change) => {
                let kept = judge::keep(self.repo, self.env, change, findings);
                self.result.skipped.extend(kept.skipped);
                kept.findings
            }
            None => findings.into_iter().map(judge::unrecorded).collect(),
        };
        self.result.parts.push(Part { title, findings });
    }
}

/// A file that a tag points to directly, as a new file of the ref's name.
fn lone_file(target: &BStr, blob: &Oid) -> FileChange {
    let new = Some(Entry { oid: blob.clone(), mode: Mode::File });
    FileChange { path: target.into(), kind: Kind::Added, old: None, new }
}
