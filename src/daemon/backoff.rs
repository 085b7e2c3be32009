//! How often the watcher looks, and which warnings it says only once.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::daemon::daemon_event::DaemonEvent;

/// How long the watcher may go without looking.
pub struct Backoff {
    base: Duration,
    doublings: u32,
}

impl Backoff {
    /// The kernel reports changes: an idle watcher looks at ever longer intervals, up to 64 times
    /// the first one. Where it may not report them, `steady` looks at every interval.
    const DOUBLINGS_MAX: u32 = 6;

    pub fn new(base: Duration) -> Self {
        Self { base, doublings: 0 }
    }

    /// When to look next.
    pub fn next(&mut self, now: Instant, steady: bool) -> Instant {
        if steady {
            self.doublings = 0;
            return now + self.base;
        }
        let wait = self.base * 2_u32.pow(self.doublings);
        self.doublings = (self.doublings + 1).min(Self::DOUBLINGS_MAX);
        together(now + wait, wait / 4)
    }

    /// Something happened.
    pub fn reset(&mut self, base: Duration) {
        *self = Self::new(base);
    }
}

/// A time that is a little later, at which others wake as well: many repositories are looked at in one go.
fn together(at: Instant, grid: Duration) -> Instant {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let (since, grid) = (at.saturating_duration_since(*BEGIN).as_millis(), grid.as_millis());
    let late = grid - since % grid.max(1);
    at + Duration::from_millis(u64::try_from(late).unwrap_or(0))
}

/// What was said once is not said again while it lasts.
#[derive(Default)]
pub struct WarningDedup {
    now: BTreeSet<String>,
    before: BTreeSet<String>,
}

impl WarningDedup {
    /// Begins a look.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Tells a trouble unless the last look met it too.
    pub fn trouble(&mut self, message: String, tell: &mut dyn FnMut(&DaemonEvent)) {
        if self.now.insert(message.clone()) && !self.before.contains(&message) {
            tell(&DaemonEvent::Trouble { message });
        }
    }
}
