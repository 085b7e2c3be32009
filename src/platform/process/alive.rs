//! Whether a process that was seen earlier is still there: the same one, not a later one with its
//! number.

use std::fs;
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process as no other one is, on this machine or after a restart of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: i32,
    /// When it began, in ticks since the machine started. `None` where the system does not tell
    /// (it is read from Linux's `/proc`), and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// Where the number means that process: the machine's start and the namespace of numbers, which
    /// is another one in a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl Identity {
    /// This process.
    pub fn own() -> Self {
        Self::of(rustix::process::getpid().as_raw_nonzero().get())
    }

    /// The process that has this number now.
    pub fn of(pid: i32) -> Self {
        Self { pid, start: look(pid).map(|seen| seen.start), scope: scope() }
    }

    /// Whether it is still there. One from before a restart, or of another container, is not: its
    /// number means something else here.
    pub fn is_alive(&self) -> bool {
        let is_here = self.scope.is_none() || self.scope == scope();
        is_here && is_alive(self.pid, self.start)
    }

    /// Whether the kernel is taking it apart, as after a kill: it does nothing more, and is gone in a moment. It may
    /// still hold its locks.
    pub fn is_ending(&self) -> bool {
        self.is_alive() && look(self.pid).is_some_and(|seen| seen.is_ending)
    }
}

/// The flag of a process that ends (`PF_EXITING` in Linux's `sched.h`).
const EXITING: u64 = 0x4;

/// Whether there is a process of that number which began then, or at any time for `None`. One that
/// has ended and was not waited for yet is none: it does nothing and holds nothing.
pub fn is_alive(pid: i32, start: Option<u64>) -> bool {
    let Some(number) = Pid::from_raw(pid).filter(|_| pid > 0) else { return false };
    // Another user's process may not be signalled (EPERM), and is alive.
    if matches!(test_kill_process(number), Err(Errno::SRCH)) {
        return false;
    }
    match look(pid) {
        Some(seen) => !seen.has_ended && start.is_none_or(|start| start == seen.start),
        // Nothing more can be known of it.
        None => true,
    }
}

struct Seen {
    has_ended: bool,
    is_ending: bool,
    start: u64,
}

/// What Linux tells of a process.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn look(pid: i32) -> Option<Seen> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold spaces and parentheses itself.
    let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    // The 9th and the 22nd field of all, the state being the third.
    let is_ending = fields.nth(5)?.parse::<u64>().ok()? & EXITING != 0;
    let start = fields.nth(12)?.parse().ok()?;
    Some(Seen { has_ended, is_ending, start })
}

/// It stays the same for as long as this process is there.
fn scope() -> Option<String> {
    static SCOPE: OnceLock<Option<String>> = OnceLock::new();
    SCOPE.get_or_init(read_scope).clone()
}

#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn read_scope() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}
