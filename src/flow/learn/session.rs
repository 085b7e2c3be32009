//! A learning session: reads the existing rules, writes new ones, changes their status.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::domain::constitution::edit::{remove, render, set_status};
use crate::domain::constitution::incident::ConstitutionLimits;
use crate::domain::constitution::promote::{add, topic_path};
use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::recurrence::{Candidate, Occurrence};
use crate::domain::constitution::rule::{Rule, RuleError, RuleStatus};
use crate::domain::gates::secrets::redact;
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::policy::learn_settings::{LearnSettings, RuleStart};
use crate::domain::policy::settings::Policy;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::learn::memory::RuleMemory;
use crate::flow::learn::outcome::LearnOutcome;
use crate::flow::learn::rule_files::RuleFiles;
use crate::flow::learn::statistics::statistics;
use crate::flow::learn::status_changes;
use crate::flow::learn::status_changes::StatusChange;
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::config::env::now;
use crate::platform::git::repo::Repo;
use crate::platform::store::crash::save_point;
use crate::platform::store::folder::Folder;
use crate::platform::store::ledger::query::{RuleStats, SightingRow};
use crate::platform::store::lock;
use crate::platform::store::lock::{Held, Wait};

/// How long a session waits for the lock.
const LEARNING_MAX: Duration = Duration::from_mins(30);

/// A session, which holds the lock where it may write.
pub(super) struct Learning<'a> {
    pub(super) repo: &'a Repo,
    pub(super) top: &'a Path,
    pub(super) now: Timestamp,
    pub(super) head: Option<Oid>,
    pub(super) head_tree: Option<Oid>,
    pub(super) policy: LearnSettings,
    pub(super) rule_files: RuleFiles,
    /// The rules of the last commit that the work tree does not have.
    pub(super) committed: Vec<Rule>,
    pub(super) memory: RuleMemory,
    /// The ids of the rules that a person deleted.
    pub(super) deleted: BTreeSet<String>,
    pub(super) warnings: Vec<String>,
    _lock: Option<Held>,
}

pub(super) type Rows = Vec<(Occurrence, SightingRow)>;

impl<'a> Learning<'a> {
    pub(super) fn begin(context: Context<'a>, writes: bool) -> Result<Self> {
        let repo = context.repo;
        let top = work_tree(repo)?;
        let head = repo.head()?;
        let head_tree = head.as_ref().map(|head| repo.tree_of(head)).transpose()?;
        let lock = if writes { Some(locked(&repo.state_dir())?) } else { None };
        let rule_files = RuleFiles::of_work_tree(repo)?;
        Self::of_files(context, top, (head, head_tree), rule_files, lock)
    }

    /// A session upon a commit, whose rules are those that count; it writes nothing.
    pub(super) fn upon(context: Context<'a>, commit: &Oid, tree: &Oid) -> Result<Self> {
        let rule_files = RuleFiles::of_tree(context.repo, tree)?;
        let head = (Some(commit.clone()), Some(tree.clone()));
        Self::of_files(context, &context.repo.git_dir, head, rule_files, None)
    }

    fn of_files(
        context: Context<'a>,
        top: &'a Path,
        (head, head_tree): (Option<Oid>, Option<Oid>),
        rule_files: RuleFiles,
        lock: Option<Held>,
    ) -> Result<Self> {
        let repo = context.repo;
        let now = now(context.env);
        let policy = policy(context, head_tree.as_ref())?.learn;
        let mut committed = match &head_tree {
            Some(tree) => policy::read_rules(context, tree)?.rules,
            None => Vec::new(),
        };
        let in_head: BTreeSet<String> = committed.iter().map(|rule| rule.id.clone()).collect();
        // Where both have a rule, the work tree's holds.
        committed.retain(|rule| rule_files.rules.iter().all(|other| other.id != rule.id));
        let mut memory = RuleMemory::load(&repo.state_dir(), now, lock.is_some())?;
        let all: Vec<&Rule> = committed.iter().chain(&rule_files.rules).collect();
        let ids: Vec<&str> = all.iter().map(|rule| rule.id.as_str()).collect();
        let (counts, mut warnings) = statistics(context, &ids)?;
        warnings.extend(memory.set_aside.iter().map(|path| {
            format!(
                "the memory of deleted rules was damaged and is set aside as `{}`",
                path.display()
            )
        }));
        for (rule, counts) in all.iter().zip(counts) {
            memory.see(rule, counts, now);
        }
        for rule in &committed {
            memory.is_committed(&rule.id);
        }
        for rule in &rule_files.rules {
            memory.is_back(&rule.id);
            if in_head.contains(&rule.id) {
                memory.is_committed(&rule.id);
            } else {
                memory.is_uncommitted(&rule.id, top);
            }
        }
        Ok(Self {
            repo,
            top,
            now,
            head,
            head_tree,
            policy,
            rule_files,
            committed,
            memory,
            deleted: BTreeSet::new(),
            warnings,
            _lock: lock,
        })
    }

    /// The error in the file that the candidate's rule belongs to: an unreadable rule may cover it.
    pub(super) fn broken(&self, candidate: &Candidate) -> Option<&RuleError> {
        let path = topic_path(&candidate.class);
        self.rule_files.errors.iter().find(|error| error.path == path)
    }

    /// Writes a rule to its topic file.
    pub(super) fn add(
        &mut self,
        rule: Box<Rule>,
        proof: Proof,
        replaced: &BTreeSet<String>,
        dry_run: bool,
    ) -> Result<LearnOutcome> {
        let (mut rule, text) = match self.placed(rule, replaced) {
            Ok(placed) => placed,
            Err(outcome) => return Ok(outcome),
        };
        let path = rule.at.path.clone();
        if !dry_run {
            for id in replaced {
                self.memory.drop_rule(id);
            }
            self.write(&path, &text)?;
            let written = self.rule_files.rules.iter().find(|written| written.id == rule.id);
            if let Some(written) = written {
                rule.at = written.at.clone();
                self.memory.see(written, RuleStats::default(), self.now);
                self.memory.is_uncommitted(&written.id, self.top);
            }
        }
        Ok(LearnOutcome::Rule { rule, proof })
    }

    /// A rule in its topic file, with the text of that; else what becomes of it instead.
    pub(super) fn placed(
        &self,
        mut rule: Box<Rule>,
        replaced: &BTreeSet<String>,
    ) -> Result<(Box<Rule>, String), LearnOutcome> {
        let path = topic_path(&rule.class);
        rule.at.path.clone_from(&path);
        let section = render(&rule);
        if redact::redact_str(&section) != section {
            let reason = "its text would show a secret".to_owned();
            return Err(LearnOutcome::Unproved { reason });
        }
        let before = self.rule_files.text(&path);
        if let Some(line) = conflict_marker(before) {
            return Err(LearnOutcome::Broken(RuleError {
                path,
                line,
                message: "a merge conflict is not resolved yet".to_owned(),
                hint: "resolve it; the rule is learned afterwards".to_owned(),
            }));
        }
        let cleared =
            replaced.iter().fold(before.to_owned(), |text, id| remove(&text, id).unwrap_or(text));
        let text = add(&cleared, &rule, self.limits()).map_err(LearnOutcome::Broken)?;
        let room = usize::try_from(self.policy.budget.bytes).unwrap_or(usize::MAX);
        if self.rule_files.bytes() - before.len() + text.len() > room && text != before {
            let reason = format!("the constitution would grow beyond {room} bytes");
            return Err(LearnOutcome::Full { reason });
        }
        Ok((rule, text))
    }

    pub(super) fn write(&mut self, path: &str, text: &str) -> Result<()> {
        let folder = Folder::open(self.top)
            .with_context(|| format!("could not open `{}`", self.top.display()))?;
        save_point();
        folder.write(path, text.as_bytes())?;
        save_point();
        self.rule_files = RuleFiles::of_work_tree(self.repo)?;
        Ok(())
    }

    /// Stores the rules that were seen, last of all: a stored rule that is in no file may count as
    /// deleted.
    pub(super) fn finish(&mut self, dry_run: bool) -> Result<()> {
        if !dry_run {
            self.memory.save(&self.repo.state_dir())?;
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> ConstitutionLimits {
        ConstitutionLimits {
            hits_in_rest: u32::try_from(self.policy.noise).unwrap_or(u32::MAX),
            checked_rules: self.policy.budget.rules,
            topic_bytes: usize::try_from(self.policy.budget.bytes).unwrap_or(usize::MAX),
            proved: match self.policy.start {
                RuleStart::Active => RuleStatus::Active,
                RuleStart::Shadow => RuleStatus::Shadow,
            },
            ..ConstitutionLimits::default()
        }
    }

    pub(super) fn move_rules(&mut self, dry_run: bool) -> Result<Vec<StatusChange>> {
        let moves =
            status_changes::of_rules(self.repo, &self.rule_files.rules, &self.memory, self.now)?;
        for step in &moves {
            let (Some(to), false) = (step.to, dry_run) else { continue };
            let path = step.at.path.clone();
            if let Some(text) = set_status(self.rule_files.text(&path), &step.id, to) {
                self.write(&path, &text)?;
            }
            if let Some(rule) = self.rule_files.rules.iter().find(|rule| rule.id == step.id) {
                self.memory.see(rule, step.statistics, self.now);
            }
        }
        Ok(moves)
    }
}

/// Reads the policy of the last commit.
pub(super) fn policy(context: Context<'_>, tree: Option<&Oid>) -> Result<Policy> {
    Ok(policy::read_policy(context, tree, RuleSelection::None)?.policy)
}

/// Takes the lock of the constitution; waits for another session.
fn locked(state_dir: &Path) -> Result<Held> {
    let path: PathBuf = state_dir.join("constitution.lock");
    lock::take(&path, Wait::up_to(LEARNING_MAX))
        .with_context(|| format!("could not lock `{}`", path.display()))?
        .ok_or_else(|| {
            let who = lock::holder(&path)
                .map_or_else(String::new, |holder| format!(" (process {})", holder.pid));
            hinted(
                format!("another process learns in this repository{who}"),
                "wait for it, or end that process",
            )
        })
}

/// The first line of an unresolved conflict, counted from 1.
fn conflict_marker(text: &str) -> Option<u32> {
    let mark = "<".repeat(7);
    let marked = |line: &str| line.strip_prefix(&mark).is_some_and(|rest| rest.starts_with(' '));
    (1_u32..).zip(text.lines()).find(|(_, line)| marked(line)).map(|(number, _)| number)
}
