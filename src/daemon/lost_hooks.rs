//! Tells where hooks that were installed do not run any more: where another program took all of them away no
//! hook can say so.

use std::time::{Duration, Instant};

use crate::daemon::backoff::WarningDedup;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::watched_repo::WatchedRepo;
use crate::flow::setup::install::guard;

/// For how long hooks have to stay as they are before it is told: another program replaces them one by one.
const SETTLE: Duration = Duration::from_secs(1);

/// What there is to tell, and until when it may still change.
#[derive(Default)]
pub struct LostHooksReport {
    lost: Vec<String>,
    settles_at: Option<Instant>,
}

impl LostHooksReport {
    /// Looks, and tells what has settled.
    pub fn tell(
        &mut self,
        place: &WatchedRepo,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) {
        let lost = guard::unguarded(&place.common_dir, &place.env);
        let lost = lost.unwrap_or_else(|error| vec![format!("{error:#}")]);
        let now = Instant::now();
        if lost != self.lost {
            self.lost = lost;
            self.settles_at = Some(now + SETTLE);
        }
        if self.settles_at.is_some_and(|at| now < at) {
            return;
        }
        self.settles_at = None;
        for message in &self.lost {
            said.trouble(message.clone(), tell);
        }
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        self.settles_at
    }
}
