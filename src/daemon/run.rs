//! The watcher's life: wakes on hints, clocks and signals, looks, and hands on what it found.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

use crate::daemon::lock::Held;
use crate::daemon::look::Watcher;
use crate::daemon::news::News;
use crate::daemon::watch::{Arms, Hints, no_watcher};
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;

/// Where the watcher works and under which settings.
pub struct Place {
    pub common_dir: PathBuf,
    pub state_dir: PathBuf,
    pub env: Env,
    /// `--set` of the command line.
    pub flags: Vec<String>,
}

impl Place {
    pub fn of(repo: &Repo, env: &Env, flags: &[String]) -> Self {
        // One spelling, whichever work tree we were started from: events are compared by path.
        let common_dir = repo.common_dir.canonicalize().unwrap_or_else(|_| repo.common_dir.clone());
        let state_dir = common_dir.join("tribunal");
        Self { common_dir, state_dir, env: env.clone(), flags: flags.to_vec() }
    }
}

/// Why the watcher ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// Ctrl-C.
    Interrupted,
    /// `tribunal daemon stop`, a closed terminal, a shutdown, a reader that went away.
    Stopped,
    /// The repository or the lock's file is gone.
    Orphaned,
}

/// Watches until a signal comes, or until word comes that nobody reads what is told. `tell` is called
/// for everything that happens.
pub fn run(
    place: &Place,
    held: &mut Held,
    tell: &mut dyn FnMut(&News),
    reader_left: Option<oneshot::Receiver<()>>,
) -> Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    runtime.block_on(watch(place, held, tell, reader_left))
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Interrupted,
            _ = self.terminate.recv() => Ending::Stopped,
            _ = self.hangup.recv() => Ending::Stopped,
        }
    }
}

async fn watch(
    place: &Place,
    held: &mut Held,
    tell: &mut dyn FnMut(&News),
    reader_left: Option<oneshot::Receiver<()>>,
) -> Result<Ending> {
    let mut signals = Signals::new()?;
    let mut reader_left = std::pin::pin!(word_comes(reader_left));
    let (arms, mut hints) = match Arms::new() {
        Ok((arms, hints)) => (Some(arms), Some(hints)),
        Err(error) => {
            let message = format!("{}; looking at intervals instead", no_watcher(&error));
            tell(&News::Trouble { message });
            (None, None)
        }
    };
    let mut watcher = Watcher::start(place, arms, tell)?;
    held.ready()?;
    loop {
        if !held.is_ours() || !place.common_dir.exists() {
            return Ok(Ending::Orphaned);
        }
        let began = Instant::now();
        let mut at = watcher.look(began, tell);
        // A flood of events must not make us look without a pause: at most a quarter of the time.
        let earliest = Instant::now() + began.elapsed() * 3;
        loop {
            tokio::select! {
                biased;
                ending = signals.next() => return Ok(ending),
                () = &mut reader_left => return Ok(Ending::Stopped),
                hint = next_hint(&mut hints) => match hint {
                    Some(hint) => {
                        if watcher.absorb(hint) {
                            at = at.min(earliest);
                        }
                    }
                    None => hints = None,
                },
                () = sleep_until(at.into()) => break,
            }
        }
    }
}

/// Waits for ever where no word comes.
async fn word_comes(receiver: Option<oneshot::Receiver<()>>) {
    if let Some(receiver) = receiver
        && receiver.await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits for ever where nothing is watched.
async fn next_hint(hints: &mut Option<Hints>) -> Option<crate::daemon::watch::Hint> {
    match hints {
        Some(hints) => hints.next().await,
        None => std::future::pending().await,
    }
}

/// How long the watcher may go without looking.
pub struct Pace {
    base: Duration,
    doublings: u32,
}

impl Pace {
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
pub struct Said {
    now: BTreeSet<String>,
    before: BTreeSet<String>,
}

impl Said {
    /// Begins a look.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// Tells a trouble unless the last look met it too.
    pub fn trouble(&mut self, message: String, tell: &mut dyn FnMut(&News)) {
        if self.now.insert(message.clone()) && !self.before.contains(&message) {
            tell(&News::Trouble { message });
        }
    }
}
