//! How often the watcher looks, and which warnings it says only once.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::daemon::daemon_event::DaemonEvent;

/// How long the watcher may go without looking.
pub struct Backoff {
    base: Duration,
    doublings: u32,
}

impl Backoff {
    /// The kernel reports changes: an idle daemon looks at ever longer intervals, up to 32 times
    /// the first one. Where it may not report them, `steady` looks at every interval.
    const DOUBLINGS_MAX: u32 = 5;

    pub fn new(base: Duration) -> Self {
        Self { base, doublings: 0 }
    }

    /// The wait until the next look.
    pub fn next(&mut self, steady: bool) -> Duration {
        if steady {
            self.doublings = 0;
            return self.base;
        }
        let wait = self.base * 2_u32.pow(self.doublings);
        self.doublings = (self.doublings + 1).min(Self::DOUBLINGS_MAX);
        wait
    }

    /// Something happened.
    pub fn reset(&mut self, base: Duration) {
        *self = Self::new(base);
    }
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
