//! Refuses calls from inside an agent's call: they could start each other without end.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::platform::agents::call::INSIDE;
use crate::platform::config::env::Env;

/// Refuses to call an agent where this process runs inside an agent's call. `what` is the refused
/// action, `later` the hint.
pub fn refuse(env: &Env, what: &str, later: &str) -> Result<()> {
    if env.get(INSIDE).is_none() {
        return Ok(());
    }
    Err(hinted(format!("{what} from inside an agent's call"), later))
}
