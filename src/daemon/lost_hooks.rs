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

/// What the last look saw, and whether there is to be another one soon.
#[derive(Default)]
pub struct LostHooksReport {
    lost: Vec<String>,
    looked_at: Option<Instant>,
    look_again: bool,
}

impl LostHooksReport {
    /// Looks, and tells what the look before saw, too.
    pub fn tell(
        &mut self,
        place: &WatchedRepo,
        said: &mut WarningDedup,
        tell: &mut dyn FnMut(&DaemonEvent),
    ) {
        let now = Instant::now();
        if self.looked_at.is_some_and(|at| now < at + PAUSE) {
            self.look_again = true;
            return;
        }
        self.looked_at = Some(now);
        let lost = guard::unguarded(&place.common_dir, &place.env);
        let lost = lost.unwrap_or_else(|error| vec![format!("{error:#}")]);
        self.look_again = lost != self.lost;
        self.lost = lost;
        if self.look_again {
            return;
        }
        for message in &self.lost {
            said.trouble(message.clone(), tell);
        }
    }

    /// When to look again.
    pub fn due(&self) -> Option<Instant> {
        self.looked_at.filter(|_| self.look_again).map(|at| at + PAUSE)
    }
}
