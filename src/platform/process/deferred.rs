//! Signals that come between two programs.

use std::sync::mpsc;

use crate::platform::process::supervise::{
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
    #[expect(clippy::unused_self, reason = "it proves that signals are heard")]
    pub fn defer(self) -> DeferredSignals {
        let (tell, heard) = mpsc::channel();
        DeferredSignals { listener: subscribe(tell), _heard: heard }
    }

    /// The signal that asked us to stop, once there was one.
    #[expect(clippy::unused_self, reason = "it proves that signals are heard")]
    pub fn received(self) -> Option<i32> {
        stopping()
    }
}

impl Drop for DeferredSignals {
    fn drop(&mut self) {
        unsubscribe(self.listener);
    }
}
