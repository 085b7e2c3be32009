//! A run at work: ask what comes next, perform it, tell what came of it, save.

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::apply::apply;
use crate::domain::pipeline::next::next;
use crate::domain::pipeline::run::{Action, Attempt, Failure, Kind, Order, Outcome};
use crate::domain::review::converge::Limits;
use crate::flow::call::client::AgentClient;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::docket::Docket;
use crate::flow::review::fix::Workshop;
use crate::flow::review::matter::Matter;
use crate::flow::review::{fix, gate};
use crate::flow::workspace::attempt;
use crate::flow::workspace::checkout::Unavailable;
use crate::platform::config::env::Env;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::process::Interrupts;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::report::printable;

/// We were told to stop, by this signal; the run goes on where it was.
#[derive(Debug, thiserror::Error)]
#[error("the run `{run}` was stopped")]
pub struct Stopped {
    pub run: String,
    pub signal: i32,
}

/// A run and what it works with.
pub struct Session<'a> {
    pub repo: &'a Repo,
    pub env: &'a Env,
    pub matter: &'a Matter,
    pub client: AgentClient<'a>,
    /// `None` where nothing is to be fixed.
    pub executor: Option<AssignedAgent>,
    pub limits: Limits,
    pub interrupts: Interrupts,
    pub folder: &'a RunFolder,
    /// The tree that the judges' room shows; filled by this process alone.
    pub in_room: Option<Oid>,
    /// What could not be copied there, with the reason.
    pub unshown: Vec<(BString, String)>,
    pub docket: Docket,
}

impl Session<'_> {
    /// Goes on to the end. Whatever stops it before leaves the state of its last outcome.
    pub fn perform(mut self) -> Result<Docket> {
        loop {
            let outcome = match next(&self.docket.run) {
                Action::End(_) => return Ok(self.docket),
                Action::Gate => self.gate()?,
                Action::Review(scope) => self.review(&scope)?,
                Action::Arbitrate(findings) => self.arbitrate(&findings)?,
                Action::Fix(order) => self.fix(&order)?,
            };
            let run = self.docket.run.clone();
            self.docket.run = apply(run, outcome, &self.limits);
            self.folder.save(&self.docket)?;
        }
    }

    /// The attempt in hand.
    pub(super) fn attempt(&self) -> Result<&Attempt> {
        self.docket.run.attempts.last().context("a run has an attempt from its beginning")
    }

    /// What the attempt in hand changes, compared with a tree.
    pub(super) fn change_since(&self, base: Option<&Oid>) -> Result<Change> {
        let attempt = self.attempt()?;
        Ok(Change {
            key: self.docket.change_key.clone(),
            base_tree: base.cloned(),
            tree: attempt.tree.clone(),
            commit: attempt.commit.clone(),
            message: None,
            files: diff::trees(&self.repo.objects, base, Some(&attempt.tree))?,
        })
    }

    pub(super) fn stopped(&self, signal: i32) -> anyhow::Error {
        Stopped { run: self.docket.run.id.clone(), signal }.into()
    }

    pub(super) fn tell(&self, line: &str) {
        (self.client.tell)(line);
    }

    fn gate(&mut self) -> Result<Outcome> {
        let run = &self.docket.run;
        let change = self.change_since(run.base.as_ref())?;
        if run.kind == Kind::Fix {
            self.tell("asking the gates");
        }
        let asked = gate::ask(self.repo, self.env, &change, &self.matter.effective, run.kind)?;
        if let Some(signal) = asked.interrupted {
            return Err(self.stopped(signal));
        }
        self.docket.gated = asked.report.findings;
        self.docket.skipped = asked.report.skipped;
        Ok(Outcome::Gated(asked.gated))
    }

    fn fix(&mut self, order: &Order) -> Result<Outcome> {
        let Some(executor) = self.executor.clone() else {
            let why = "there is no agent that could fix it".to_owned();
            return Ok(Outcome::Failed(Failure::Infrastructure(why)));
        };
        let number = self.docket.run.attempts.len();
        // A fix that changed nothing leaves the number of attempts as it is.
        let key = format!("fix-{number}-{}", self.docket.run.idle_fixes);
        let workshop = Workshop::open(self.repo, &self.docket.run.id, self.interrupts)?;
        // Where it is settled the executor was done when we were killed: what it left stands, unless
        // somebody emptied the cache.
        if !self.client.is_settled(&key) || !workshop.dir().exists() {
            self.client.discard_replies(&key)?;
            self.or_stopped(workshop.show(self.attempt()?))?;
        }
        self.tell(&format!("fixing with {}: {}", executor.name, order.instructions.join("; ")));
        let prompt = self.fixer_prompt(order)?;
        match self.ask_for_work(&executor, &key, &prompt, &workshop.dir())? {
            Ok(()) => {
                let kept = workshop.keep(&self.docket.run, &self.message(order));
                Ok(Outcome::Fixed(self.or_stopped(kept)?))
            }
            Err(failure) => {
                let kept = workshop.keep_unfinished(&self.docket.run);
                if let Some(commit) = self.or_stopped(kept)? {
                    let short = commit.short();
                    self.tell(&format!("what the executor left unfinished is kept as {short}"));
                }
                Ok(Outcome::Failed(failure))
            }
        }
    }

    /// A checkout that a signal ended is no failure.
    fn or_stopped<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match error.downcast_ref() {
            Some(Unavailable::Interrupted(signal)) => self.stopped(*signal),
            _ => error,
        })
    }

    fn message(&self, order: &Order) -> String {
        let titles: Vec<String> = self
            .docket
            .run
            .findings
            .iter()
            .filter(|standing| order.findings.contains(&standing.raised.id))
            .map(|standing| standing.raised.title.clone())
            .collect();
        let subject = match titles.as_slice() {
            [] => "fix: what the gates stopped".to_owned(),
            [title] => format!("fix: {}", printable(title)),
            [title, rest @ ..] => format!("fix: {}, and {} more", printable(title), rest.len()),
        };
        let body = order.instructions.iter().map(|line| format!("- {}\n", printable(line)));
        let body: String = body.collect();
        format!("{subject}\n\n{body}\nTribunal-Run: {}\n", self.docket.run.id)
    }

    /// Offers the best attempt on a branch, where it is not what was there before; gives its name.
    pub fn offer(repo: &Repo, docket: &Docket, best: usize) -> Result<Option<String>> {
        fix::clear(repo, &docket.run.id)?;
        let commit = docket.run.attempts.get(best).and_then(|attempt| attempt.commit.as_ref());
        match commit {
            Some(commit) if best > 0 => {
                attempt::publish_branch(repo, &docket.run.id, commit).map(Some)
            }
            _ => Ok(None),
        }
    }
}
