//! Learning: from what came back in the ledger to a rule in the work tree.

mod asking;
pub mod cases;
mod decision;
mod deleted;
mod drafting;
mod due;
pub mod moves;
pub mod outcome;
pub mod record;
pub mod request;
pub mod sample;
mod session;
pub mod standing;
pub mod statistics;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::constitution::edit::remove;
use crate::domain::constitution::rule::Rule;
use crate::domain::model::error::hinted;
use crate::domain::policy::switch::Switch;
use crate::flow::call::inside;
use crate::flow::learn::asking::Researcher;
use crate::flow::learn::drafting::Drafts;
use crate::flow::learn::moves::Move;
use crate::flow::learn::outcome::{Learned, Session};
use crate::flow::learn::request::Request;
use crate::flow::learn::session::Learning;
use crate::platform::agents::call::INSIDE;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;

/// What is learned without being asked: after findings were taken in, and by the daemon after a
/// commit. Never called by a hook: it reads history and writes to the work tree.
///
/// A repository without a ledger has nothing to learn from, and one without a work tree nowhere to
/// write it. In the middle of a merge or a rebase a new file could be in git's way: it waits.
pub fn by_itself(repo: &Repo, env: &Env, flags: &[String]) -> Result<Session> {
    if repo.work_tree.is_none() || !ledger::exists(&repo.state_dir()) || is_busy(repo) {
        return Ok(Session::default());
    }
    learn(repo, env, flags, &Request::default())
}

fn is_busy(repo: &Repo) -> bool {
    let marks = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];
    marks.iter().any(|mark| repo.git_dir.join(mark).exists())
}

/// Turns what came back into rules, each once, and moves rules on their ladder.
///
/// Holds the constitution's lock from the first look to the last write, but not while an agent
/// drafts. Killed at any moment, it leaves whole files behind, and the next call goes on where it
/// ended.
pub fn learn(repo: &Repo, env: &Env, flags: &[String], request: &Request) -> Result<Session> {
    let drafts = drafts(repo, env, flags, request)?;
    if drafts.interrupted {
        return Ok(Session { interrupted: true, ..Session::default() });
    }
    let mut learning = Learning::begin(repo, env, flags, !request.dry_run)?;
    let (rows, due) = learning.due(request)?;
    let mut session = Session { undrafted: drafts.missing.clone(), ..Session::default() };
    for (candidate, after) in &due {
        let drafted = drafts.of(candidate);
        let draft = drafted.map(|drafted| &drafted.draft);
        let outcome = learning.one(candidate, *after, &rows, request, draft)?;
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
    session.errors = learning.standing.errors;
    session.warnings = learning.warnings;
    Ok(session)
}

/// Has an agent draft what code cannot, where that is asked for or the policy says so.
fn drafts(repo: &Repo, env: &Env, flags: &[String], request: &Request) -> Result<Drafts> {
    let inside_a_call = env.get(INSIDE).is_some();
    if request.agent {
        inside::refuse(env, "a draft cannot be asked for", "ask once the call is over")?;
    }
    if inside_a_call || request.check.is_some() {
        return Ok(Drafts::default());
    }
    let tree = repo.head()?.map(|head| repo.tree_of(&head)).transpose()?;
    let policy = session::policy(repo, tree.as_ref(), env, flags)?;
    if !request.agent && policy.learn.draft == Switch::Off {
        return Ok(Drafts::default());
    }
    let mut learning = Learning::begin(repo, env, flags, false)?;
    let mut researcher = Researcher::new(repo, env, &policy);
    let mut ask = |prompt: &str, schema: &Value| researcher.ask(prompt, schema);
    drafting::drafts(&mut learning, request, request.agent, &mut ask)
}

/// How the constitution stands.
#[derive(Debug)]
pub struct Health {
    pub bytes: usize,
    pub bytes_max: usize,
    /// Rules in `shadow` and `active`.
    pub checked: usize,
    pub checked_max: usize,
    /// What is more than the budget allows.
    pub over: Vec<String>,
    pub moves: Vec<Move>,
    pub warnings: Vec<String>,
}

/// Weighs the rules of the work tree, and changes nothing.
pub fn health(repo: &Repo, env: &Env, flags: &[String]) -> Result<Health> {
    let mut learning = Learning::begin(repo, env, flags, false)?;
    let moves = learning.move_rules(true)?;
    let limits = learning.limits();
    let (bytes, bytes_max) = (learning.standing.bytes(), limits.topic_bytes);
    let in_force = learning.standing.rules.iter().filter(|rule| rule.status.is_checked());
    let (checked, checked_max) = (in_force.count(), limits.checked_rules);
    let mut over = Vec::new();
    if bytes > bytes_max {
        over.push(format!("the files of rules have {bytes} bytes, more than {bytes_max}"));
    }
    if checked > checked_max {
        over.push(format!("{checked} rules are in force, more than {checked_max}"));
    }
    Ok(Health { bytes, bytes_max, checked, checked_max, over, moves, warnings: learning.warnings })
}

/// Takes a rule out of its file; it does not come back by itself. Tells where it stood.
pub fn forget(repo: &Repo, env: &Env, flags: &[String], id: &str) -> Result<Rule> {
    let mut learning = Learning::begin(repo, env, flags, true)?;
    let found = learning.standing.rules.iter().find(|rule| rule.id == id).cloned();
    let Some(rule) = found else {
        let broken = learning.standing.errors.first().map(ToString::to_string);
        let hint = match broken {
            Some(error) => format!("some rules cannot be read: {error}"),
            None => "`tribunal constitution list` shows every rule".to_owned(),
        };
        return Err(hinted(format!("there is no rule `{id}` in the work tree"), hint));
    };
    learning.record.forget(id);
    // Remembered first: killed in between, the rule still stands and is asked for again.
    learning.finish(false)?;
    let path = rule.at.path.clone();
    let text = remove(learning.standing.text(&path), id);
    learning.write(&path, &text.context("the rule is not where it was read")?)?;
    Ok(rule)
}
