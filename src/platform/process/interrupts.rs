//! Signals that ask this program to stop, told to all that is under way.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::platform::process::work_group::WorkGroup;

pub(super) enum SupervisionEvent {
    Exited,
    Signal(i32),
}

/// The proof that the signals which ask this program to stop are passed on to what it supervises.
///
/// While nothing is supervised they do what they do by default.
#[derive(Clone, Copy, Debug)]
pub struct Interrupts(WorkGroup);

/// The signal that asked us to stop; 0 before there is one. What is under way ends, and nothing else
/// is begun on the way out.
static STOPPING: AtomicI32 = AtomicI32::new(0);

/// The runs that are under way.
static SUPERVISED: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

struct Listener {
    number: u64,
    group: WorkGroup,
    tell: mpsc::Sender<SupervisionEvent>,
}

impl Interrupts {
    /// Starts to listen, for the rest of this program's life; again does nothing.
    pub fn listen() -> io::Result<Self> {
        static LISTENING: Mutex<bool> = Mutex::new(false);
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        if !*listening {
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
            thread::spawn(move || signals.forever().for_each(pass_on));
            *listening = true;
        }
        Ok(Self(WorkGroup::of_thread()))
    }

    pub(super) fn group(self) -> WorkGroup {
        self.0
    }

    /// Waits, without work, until the time is over (`None`) or we are told to stop, by which signal.
    pub fn wait(self, time: Duration) -> Option<i32> {
        let (tell, hear) = mpsc::channel();
        let listener = subscribe(tell, self.0);
        let is_stopping = stopping(self.0).is_some();
        let heard = hear.recv_timeout(if is_stopping { Duration::ZERO } else { time });
        unsubscribe(listener);
        match heard {
            Ok(SupervisionEvent::Signal(signal)) => Some(signal),
            Ok(SupervisionEvent::Exited) | Err(_) => stopping(self.0),
        }
    }

    /// Does work that cannot be stopped on a thread of its own, which is left to itself once we are told to stop; by which
    /// signal that was is the error.
    pub fn unless_stopped<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, i32> {
        let (tell, hear) = mpsc::channel();
        let listener = subscribe(tell.clone(), self.group());
        let result = Arc::new(Mutex::new(None));
        let ended = if let Some(signal) = stopping(self.group()) {
            Err(signal)
        } else {
            let kept = Arc::clone(&result);
            thread::spawn(move || {
                let done = work();
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
                // Nobody listens any more when it was left to itself.
                drop(tell.send(SupervisionEvent::Exited));
            });
            match hear.recv() {
                Ok(SupervisionEvent::Signal(signal)) => Err(signal),
                Ok(SupervisionEvent::Exited) | Err(_) => Ok(()),
            }
        };
        unsubscribe(listener);
        ended?;
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        result.take().ok_or(SIGTERM)
    }
}

pub(super) fn subscribe(tell: mpsc::Sender<SupervisionEvent>, group: WorkGroup) -> u64 {
    let mut listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
    let number = listeners.last().map_or(0, |last| last.number + 1);
    listeners.push(Listener { number, group, tell });
    number
}

pub(super) fn unsubscribe(number: u64) {
    let mut listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.retain(|listener| listener.number != number);
}

/// The signal that asked us to stop, once there was one, or that stands for the end of that work alone.
pub(super) fn stopping(group: WorkGroup) -> Option<i32> {
    let signal = STOPPING.load(Ordering::SeqCst);
    if signal == 0 { group.stopping() } else { Some(signal) }
}

impl WorkGroup {
    /// Stops what it has under way, as a signal would, and has it begin nothing more.
    pub fn call_off(self) {
        // Before anybody is told: who is done with one program must not start the next.
        if !self.note_called_off() {
            return;
        }
        let listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter().filter(|listener| listener.group == self) {
            // One that hears no more is done.
            drop(listener.tell.send(SupervisionEvent::Signal(SIGTERM)));
        }
    }
}

fn pass_on(signal: i32) {
    let heard = {
        let listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
        if !listeners.is_empty() {
            // Before anybody is told: who is done with one program must not start the next.
            STOPPING.store(signal, Ordering::SeqCst);
        }
        let told = |l: &Listener| l.tell.send(SupervisionEvent::Signal(signal)).is_ok();
        listeners.iter().filter(|listener| told(listener)).count()
    };
    if heard == 0 {
        // There is nothing to stop first.
        drop(emulate_default_handler(signal));
    }
}
