//! Tells which command runs, since when, and the last line that it printed.

use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::model::notice::Progress;
use crate::flow::context::Context;
use crate::flow::evaluate::command_output::last_line;

/// Often enough to be seen to move.
const BETWEEN: Duration = Duration::from_millis(200);

/// What is over by then needs no line.
const QUIET: Duration = Duration::from_millis(500);

/// What is under way of the commands of one change.
pub struct CommandProgress {
    begun: Instant,
    phase: Mutex<Phase>,
}

struct Phase {
    since: Instant,
    what: Underway,
}

enum Underway {
    Preparing,
    Running { name: String, number: usize, of: usize, log: PathBuf },
}

impl CommandProgress {
    /// Does the work, and tells meanwhile what it says to be under way: not to a CI system, which keeps
    /// every line, nor to a terminal that has no lines to replace.
    pub fn of<T>(context: Context<'_>, work: impl FnOnce(&Self) -> T) -> T {
        let Context { notices, env, .. } = context;
        let is_kept = env.text("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let is_watched = !is_kept && env.text("TERM") != Some("dumb");
        let phase = Mutex::new(Phase { since: Instant::now(), what: Underway::Preparing });
        let progress = Self { begun: Instant::now(), phase };
        let done = thread::scope(|scope| {
            let (end, ended) = mpsc::channel::<()>();
            let told = &progress;
            let tell = move || {
                while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
                    if told.begun.elapsed() >= QUIET {
                        notices(&told.now().into());
                    }
                }
            };
            if is_watched {
                scope.spawn(tell);
            }
            let done = work(&progress);
            drop(end);
            done
        });
        notices(&Progress::CommandsEnded.into());
        done
    }

    /// From now on a workspace is prepared.
    pub fn preparing(&self) {
        self.begin(Underway::Preparing);
    }

    /// From now on this command runs, the `number`th of so many, and prints into that file.
    pub fn running(&self, name: &str, (number, of): (usize, usize), log: PathBuf) {
        self.begin(Underway::Running { name: name.to_owned(), number, of, log });
    }

    fn begin(&self, what: Underway) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        *phase = Phase { since: Instant::now(), what };
    }

    fn now(&self) -> Progress {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = phase.since.elapsed().as_secs();
        match &phase.what {
            Underway::Preparing => Progress::PreparingWorkspace { seconds },
            Underway::Running { name, number, of, log } => Progress::CommandRunning {
                name: name.clone(),
                number: *number,
                of: *of,
                seconds,
                last_line: last_line(log),
            },
        }
    }
}
