//! Tells how much of a large push is read.

use std::time::{Duration, Instant};

use crate::domain::model::notice::Progress;
use crate::flow::context::Context;

/// From how many commits on a push says how much it reads: below, it is over before anyone asks.
const MANY_COMMITS: usize = 500;

/// Often enough to be seen to move.
const BETWEEN: Duration = Duration::from_millis(100);

/// The progress of one push; says nothing of a small one.
pub struct PushProgress<'a> {
    context: Context<'a>,
    commits: usize,
    told: Instant,
}

impl<'a> PushProgress<'a> {
    /// Begins with none of that many commits.
    pub fn begin(context: Context<'a>, commits: usize) -> Self {
        let progress = Self { context, commits, told: Instant::now() };
        progress.tell(0);
        progress
    }

    /// So many commits are read.
    pub fn go_on(&mut self, done: usize) {
        if self.told.elapsed() >= BETWEEN && done < self.commits {
            self.told = Instant::now();
            self.tell(done);
        }
    }

    /// All of them are read.
    pub fn end(self) {
        self.tell(self.commits);
    }

    fn tell(&self, done: usize) {
        if self.commits >= MANY_COMMITS {
            self.context.notify(Progress::CheckingPush { done, commits: self.commits });
        }
    }
}
