//! Cleans up after killed runs: ends their agents, redacts their files, closes their calls.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::domain::model::notice::Warning;
use crate::flow::call::folder::CallFolder;
use crate::flow::context::Notify;
use crate::platform::agents::ask::Outcome;
use crate::platform::config::env::{Env, now};
use crate::platform::process::end_survivors;
use crate::platform::store::ledger;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;

/// How long a surviving agent may take to end.
const SURVIVORS_END: Duration = Duration::from_secs(10);

/// Ends the agents that survived an earlier process of a run: a call that is made again must not run
/// beside the one that it replaces.
pub fn end_surviving_agents(run_folder: &Path) -> Result<()> {
    for folder in CallFolder::all(run_folder)? {
        end_survivors(&folder.note(), SURVIVORS_END).map_err(|error| {
            hinted(
                format!("an agent that an earlier process started is still at work: {error}"),
                "end that process, then resume the run",
            )
        })?;
    }
    Ok(())
}

/// Redacts the files of runs that were killed during a call and that no process works on, and closes
/// the call in the ledger. Its cost stays unknown.
pub fn clean_up_calls(state_dir: &Path, env: &Env, notices: &Notify<'_>) -> Result<()> {
    if !ledger::exists(state_dir) {
        return Ok(());
    }
    let time = now(env);
    let left = ledger::with(state_dir, time, |ledger| ledger.calls_under_way())
        .map_err(LedgerError::hinted)?;
    for call in left.value {
        // Where the run's folder is gone the ledger's row is all that is left.
        let run = RunFolder::try_take(state_dir, &call.run)?;
        if run.is_none() && runs::exists(state_dir, &call.run) {
            continue;
        }
        let folder = CallFolder::of(&runs::folder(state_dir, &call.run), &call.key);
        // Files that a survivor may still write are redacted by a later run.
        if end_survivors(&folder.note(), SURVIVORS_END).is_err() {
            continue;
        }
        folder.redact()?;
        let call = if let Some(kept) = folder.reply() {
            kept.end(call)
        } else {
            let why = String::new();
            let budget = folder.estimate().unwrap_or(call.budget);
            Call { outcome: Outcome::Killed { why }.as_str().to_owned(), budget, ..call }
        };
        let done = ledger::with(state_dir, time, |ledger| ledger.end_call(&call));
        if let Some(path) = done.map_err(LedgerError::hinted)?.set_aside {
            notices(&Warning::LedgerSetAside { path }.into());
        }
    }
    Ok(())
}
