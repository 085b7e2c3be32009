//! The limits of a supervised run.

use std::path::PathBuf;
use std::time::Duration;

use crate::platform::process::usage::UsageLimits;

/// The limits of a supervised run.
#[derive(Clone, Debug)]
pub(super) struct SupervisionLimits {
    /// The longest that both logs may stay as they are.
    pub idle: Option<Duration>,
    /// How long the program may take to end by itself once it was asked to.
    pub grace: Duration,
    /// The most that it may print into one log, in bytes; then it is stopped.
    pub log_max: u64,
    /// Found again by this after it left its process group.
    pub tag: Option<String>,
    /// What it and all that it starts may use together.
    pub usage: Option<UsageLimits>,
    /// Where it is noted, for as long as it runs.
    pub note: Option<PathBuf>,
}

impl Default for SupervisionLimits {
    fn default() -> Self {
        let log_max = 256 * 1024 * 1024;
        Self {
            idle: None,
            grace: Duration::from_secs(2),
            log_max,
            tag: None,
            usage: None,
            note: None,
        }
    }
}
