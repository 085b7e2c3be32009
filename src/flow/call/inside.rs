//! An agent at work starts no paid work: it would pay without end for what it was asked to do.

use anyhow::Result;

use crate::domain::model::error::hinted;
use crate::platform::agents::call::INSIDE;
use crate::platform::config::env::Env;

/// Refuses what would ask an agent, where an agent's call is under way around this process. `what`
/// is what was asked for, `later` what becomes of it.
pub fn refuse(env: &Env, what: &str, later: &str) -> Result<()> {
    if env.get(INSIDE).is_none() {
        return Ok(());
    }
    Err(hinted(format!("{what} from inside an agent's call"), later))
}
