//! What the loop waits for.

use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use crate::daemon::file_events::Owner;

/// A signal that asks for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Ctrl-C.
    Interrupt,
    /// `tribunal daemon stop`, a closed terminal, a shutdown.
    Terminate,
}

/// The signals that ask for the end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    pub async fn next(&mut self) -> Ask {
        tokio::select! {
            _ = self.interrupt.recv() => Ask::Interrupt,
            _ = self.terminate.recv() => Ask::Terminate,
            _ = self.hangup.recv() => Ask::Terminate,
        }
    }
}

/// The earlier of two times, where there is any.
pub fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

/// Waits for ever where there is no time to wait for.
pub async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits for ever where no word comes.
pub async fn word_comes(receiver: Option<oneshot::Receiver<()>>) {
    if let Some(receiver) = receiver
        && receiver.await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits for ever where nothing is watched.
pub async fn next_woken(woken: &mut Option<mpsc::UnboundedReceiver<Owner>>) -> Option<Owner> {
    match woken {
        Some(woken) => woken.recv().await,
        None => std::future::pending().await,
    }
}
