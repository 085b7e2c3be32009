//! What calls of an earlier life of a run left, which was killed: processes, and files with secrets.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::flow::call::folder::CallFolder;
use crate::flow::evaluate::recording::damaged_ledger;
use crate::platform::agents::ask::Outcome;
use crate::platform::config::env::{Env, now};
use crate::platform::process::end_survivors;
use crate::platform::store::ledger;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::runs;
use crate::platform::store::runs::RunFolder;
use crate::platform::ui::out;

/// How long an agent that was killed may take to be gone.
const SURVIVORS_END: Duration = Duration::from_secs(10);

/// Proves that no agent of an earlier life of a run is alive, and ends what is: a call that is made
/// again must not meet the one that it replaces.
pub fn end_earlier(run_folder: &Path) -> Result<()> {
    for folder in CallFolder::all(run_folder)? {
        end_survivors(&folder.note(), SURVIVORS_END).map_err(|error| {
            hinted(
                format!("an agent that an earlier process started is still at work: {error}"),
                "end that process, and go on with the run then",
            )
        })?;
    }
    Ok(())
}

/// Cleans up after runs that were killed during a call and that nobody works on: what their agents
/// left is redacted, and the call is no longer under way. Its cost stays unknown.
pub fn clean_up(state_dir: &Path, env: &Env) -> Result<()> {
    if !ledger::exists(state_dir) {
        return Ok(());
    }
    let time = now(env);
    let left = ledger::with(state_dir, time, |ledger| ledger.calls_under_way())
        .map_err(LedgerError::hinted)?;
    for call in left.value {
        // Of a run whose folder is gone nothing is left but this.
        let run = RunFolder::try_take(state_dir, &call.run)?;
        if run.is_none() && runs::exists(state_dir, &call.run) {
            continue;
        }
        let folder = CallFolder::of(&runs::folder(state_dir, &call.run), &call.key);
        // What may still be written to is cleaned another time.
        if end_survivors(&folder.note(), SURVIVORS_END).is_err() {
            continue;
        }
        folder.redact()?;
        let call = if let Some(kept) = folder.reply() {
            kept.end(call)
        } else {
            let why = String::new();
            Call { outcome: Outcome::Killed { why }.as_str().to_owned(), ..call }
        };
        let done = ledger::with(state_dir, time, |ledger| ledger.end_call(&call));
        if let Some(path) = done.map_err(LedgerError::hinted)?.set_aside {
            out::warn(&damaged_ledger(&path).reason);
        }
    }
    Ok(())
}
