//! Turns recurring findings of the ledger into rules of the constitution in the work tree.

pub mod on_branch;
pub mod researcher;
pub mod incidents;
mod decision;
mod deleted;
pub mod drafting;
mod due;
pub mod status_changes;
pub mod outcome;
pub mod memory;
pub mod request;
pub mod sample;
mod session;
pub mod rule_files;
pub mod statistics;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::constitution::edit::remove;
use crate::domain::constitution::rule::Rule;
use crate::domain::model::error::hinted;
use crate::domain::policy::switch::Switch;
use crate::flow::call::nested_call;
use crate::flow::context::Context;
use crate::flow::learn::drafting::Drafts;
use crate::flow::learn::outcome::{LearnSession, Learned};
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::researcher::Researcher;
use crate::flow::learn::session::Learning;
use crate::flow::learn::status_changes::StatusChange;
use crate::platform::agents::call::INSIDE;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;

/// Learns without a request: after findings were recorded, and by the daemon after a commit. Never
/// called by a hook: it reads history and writes to the work tree.
///
/// Does nothing without a ledger or a work tree, and during a merge or a rebase, when a new file could
/// be in git's way.
pub fn learn_automatically(context: Context<'_>) -> Result<LearnSession> {
    let repo = context.repo;
    if repo.work_tree.is_none() || !ledger::exists(&repo.state_dir()) || is_busy(repo) {
        return Ok(LearnSession::default());
    }
    learn(context, &LearnRequest::default())
}

fn is_busy(repo: &Repo) -> bool {
    let marks = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];
    marks.iter().any(|mark| repo.git_dir.join(mark).exists())
}

/// Turns recurring findings into rules, each once, and changes the status of rules.
///
/// Holds the constitution's lock from the first read to the last write, but not while an agent drafts.
/// Killed at any moment it leaves whole files, and the next call continues.
pub fn learn(context: Context<'_>, request: &LearnRequest) -> Result<LearnSession> {
    let drafts = drafts(context, request)?;
    if drafts.interrupted {
        return Ok(LearnSession { interrupted: true, ..LearnSession::default() });
    }
    let mut learning = Learning::begin(context, !request.dry_run)?;
    let (rows, due) = learning.due(request)?;
    let mut session = LearnSession { undrafted: drafts.missing.clone(), ..LearnSession::default() };
    for (candidate, after) in &due {
        let drafted = drafts.of(candidate);
        let draft = drafted.map(|drafted| &drafted.draft);
        let outcome = learning.learn_one(candidate, *after, &rows, request, draft)?;
        session.learned.push(Learned {
            class: candidate.class.clone(),
            component: candidate.component.clone(),
            findings: candidate.findings.len(),
            changes: candidate.changes.len(),
            drafted_by: drafted.map(|drafted| drafted.by.clone()),
            outcome,
        });
    }
    if request.class.is_none() {
        session.moves = learning.move_rules(request.dry_run)?;
    }
    learning.finish(request.dry_run)?;
    session.errors = learning.rule_files.errors;
    session.warnings = learning.warnings;
    Ok(session)
}

/// Asks an agent for drafts, where the request or the policy says so.
fn drafts(context: Context<'_>, request: &LearnRequest) -> Result<Drafts> {
    let Context { repo, env, .. } = context;
    let inside_a_call = env.get(INSIDE).is_some();
    if request.agent {
        nested_call::refuse(env, "a draft cannot be asked for", "ask once the call is over")?;
    }
    if inside_a_call || request.check.is_some() {
        return Ok(Drafts::default());
    }
    let tree = repo.head()?.map(|head| repo.tree_of(&head)).transpose()?;
    let policy = session::policy(context, tree.as_ref())?;
    if !request.agent && policy.learn.draft == Switch::Off {
        return Ok(Drafts::default());
    }
    let mut learning = Learning::begin(context, false)?;
    let mut researcher = Researcher::new(context, &policy);
    let mut ask = |prompt: &str, schema: &Value| researcher.ask(prompt, schema);
    drafting::drafts(&mut learning, request, request.agent, &mut ask)
}

/// The size of the constitution, and the status changes that are due.
#[derive(Debug)]
pub struct ConstitutionHealth {
    pub bytes: usize,
    pub bytes_max: usize,
    /// Rules in `shadow` and `active`.
    pub checked: usize,
    pub checked_max: usize,
    /// What exceeds the budget.
    pub over: Vec<String>,
    pub moves: Vec<StatusChange>,
    pub warnings: Vec<String>,
}

/// Checks the rules of the work tree against the budget; writes nothing.
pub fn health(context: Context<'_>) -> Result<ConstitutionHealth> {
    let mut learning = Learning::begin(context, false)?;
    let moves = learning.move_rules(true)?;
    let limits = learning.limits();
    let (bytes, bytes_max) = (learning.rule_files.bytes(), limits.topic_bytes);
    let in_force = learning.rule_files.rules.iter().filter(|rule| rule.status.is_checked());
    let (checked, checked_max) = (in_force.count(), limits.checked_rules);
    let mut over = Vec::new();
    if bytes > bytes_max {
        over.push(format!("the files of rules have {bytes} bytes, more than {bytes_max}"));
    }
    if checked > checked_max {
        over.push(format!("{checked} rules are in force, more than {checked_max}"));
    }
    Ok(ConstitutionHealth {
        bytes,
        bytes_max,
        checked,
        checked_max,
        over,
        moves,
        warnings: learning.warnings,
    })
}

/// Removes a rule from its file, so that it is not learned again; returns the rule.
pub fn forget(context: Context<'_>, id: &str) -> Result<Rule> {
    let mut learning = Learning::begin(context, true)?;
    let rule = match learning.rule_files.named(id) {
        Ok(rule) => rule.clone(),
        Err(error) => {
            let Some(broken) = learning.rule_files.errors.first() else { return Err(error) };
            return Err(hinted(error.to_string(), format!("some rules cannot be read: {broken}")));
        }
    };
    let id = &rule.id;
    learning.memory.forget(id);
    // Stored first: after a kill in between, the rule is still in its file and can be removed again.
    learning.finish(false)?;
    let path = rule.at.path.clone();
    let text = remove(learning.rule_files.text(&path), id);
    learning.write(&path, &text.context("the rule is not where it was read")?)?;
    Ok(rule)
}
