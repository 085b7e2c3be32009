//! The client that makes the calls of one run, and its questions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use serde_json::Value;

use crate::domain::model::notice::Warning;
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Notify;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::Access;
use crate::platform::config::env::{Env, now};
use crate::platform::process::Interrupts;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

/// Finds runs by their ids, on any thread.
pub type FindRuns<'a> = dyn Fn() -> Result<Vec<String>> + Send + Sync + 'a;

/// Makes the calls of one run.
pub struct AgentClient<'a> {
    pub env: &'a Env,
    pub policy: &'a Policy,
    pub agent_env: AgentEnv<'a>,
    /// Where the ledger is.
    pub state_dir: PathBuf,
    /// The run's id.
    pub run: String,
    /// Finds the other runs whose calls count in this run's budget: more may begin meanwhile.
    pub shares_with: Box<FindRuns<'a>>,
    /// The run's folder, which this process holds.
    pub folder: PathBuf,
    pub interrupts: Interrupts,
    /// Stays open from one call to the next; starts as `Mutex::default()`.
    pub ledger: Mutex<Option<Ledger>>,
    /// Starts as `Mutex::default()`.
    pub unusable: Mutex<Unusable>,
    pub notices: &'a Notify<'a>,
}

/// What a client learned of agents that cannot be asked.
#[derive(Debug, Default)]
pub struct Unusable {
    /// Those that turned out not to be usable.
    pub agents: BTreeSet<String>,
    /// Who is asked in whose place, where that was told.
    pub told: BTreeSet<[String; 2]>,
}

/// A question to an agent of the run.
#[derive(Clone, Copy, Debug)]
pub struct AgentQuestion<'a> {
    pub to: &'a AssignedAgent,
    /// The stable name of this question within the run: `review-0-1`. It becomes a folder's name.
    pub key: &'a str,
    pub prompt: &'a str,
    pub schema: Option<&'a Value>,
    pub access: Access,
    /// The agent's working directory.
    pub dir: &'a Path,
}

impl AgentClient<'_> {
    pub(super) fn with_ledger<T>(
        &self,
        mut work: impl FnMut(&mut Ledger) -> Result<T, LedgerError>,
    ) -> Result<T> {
        let mut open = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            // Where it cannot be opened, `ledger::with` below says why.
            *open = Ledger::open(&self.state_dir).ok();
        }
        match open.as_mut().map(&mut work) {
            Some(Err(LedgerError::Damaged(_))) | None => *open = None,
            Some(outcome) => return outcome.map_err(LedgerError::hinted),
        }
        let done =
            ledger::with(&self.state_dir, now(self.env), work).map_err(LedgerError::hinted)?;
        if let Some(path) = &done.set_aside {
            (self.notices)(&Warning::LedgerSetAside { path: path.clone() }.into());
        }
        Ok(done.value)
    }
}
