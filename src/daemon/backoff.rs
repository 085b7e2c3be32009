//! How often the watcher looks, and which warnings it says only once.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::daemon::daemon_event::DaemonEvent;

/// The longest pause after a look: so long a look is seldom work.
const PAUSE_MAX: Duration = Duration::from_secs(5);

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

/// How long no file event brings another look about after one that took this long. A flood of events must not
/// make us look without a pause: at most a quarter of the time. What hung, as on a disk that does, is looked
/// at soon after it goes on.
pub fn pause_after(took: Duration) -> Duration {
    (took * 3).min(PAUSE_MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_hung_delays_the_next_one_no_longer_than_a_few_seconds() {
        for (took, pause) in [(0, 0), (100, 300), (1_000, 3_000), (12_000, 5_000)] {
            let pause = Duration::from_millis(pause);
            assert_eq!(pause_after(Duration::from_millis(took)), pause, "{took} ms");
        }
    }
}
