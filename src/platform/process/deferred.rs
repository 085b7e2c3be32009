//! Signals that come between two programs.

use std::sync::mpsc;

use crate::platform::process::interrupts::{
    Interrupts, SupervisionEvent, stopping, subscribe, unsubscribe,
};

/// While it is kept, a signal that comes while nothing is supervised is remembered, and nothing more is begun.
#[must_use = "dropped, signals do what they do by default"]
pub struct DeferredSignals {
    listener: u64,
    _heard: mpsc::Receiver<SupervisionEvent>,
}

impl Interrupts {
    /// Has signals wait that come while nothing is supervised.
    pub fn defer(self) -> DeferredSignals {
        let (tell, heard) = mpsc::channel();
        DeferredSignals { listener: subscribe(tell, self.group()), _heard: heard }
    }

    /// The signal that asked us to stop, once there was one, or that stands for the end of this work alone.
    pub fn received(self) -> Option<i32> {
        stopping(self.group())
    }
}

impl Drop for DeferredSignals {
    fn drop(&mut self) {
        unsubscribe(self.listener);
    }
}
