//! Tells where hooks that were installed do not run any more: where another program took all of them away no
//! hook can say so.

use std::time::{Duration, Instant};

use crate::daemon::backoff::WarningDedup;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::watched_repo::WatchedRepo;
use crate::flow::setup::install::guard;

/// How long it is not looked again: it means opening the repository. Two looks that see the same are needed
/// before it is told, because another program replaces hooks one by one.
const PAUSE: Duration = Duration::from_secs(1);

/// What there is to tell, and until when it may still change.
#[derive(Default)]
pub struct LostHooksReport {
    lost: Vec<String>,
    looked_at: Option<Instant>,
    /// Whether something may have changed since.
    is_behind: bool,
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
        let now = Instant::now();
        self.is_behind = self.looked_at.is_some_and(|at| now < at + PAUSE);
        if self.is_behind {
            return;
        }
        self.looked_at = Some(now);
        let lost = guard::unguarded(&place.common_dir, &place.env);
        let lost = lost.unwrap_or_else(|error| vec![format!("{error:#}")]);
        if lost != self.lost {
            self.lost = lost;
            self.settles_at = Some(now + PAUSE);
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
        let caught_up = self.looked_at.filter(|_| self.is_behind).map(|at| at + PAUSE);
        self.settles_at.into_iter().chain(caught_up).min()
    }
}
