//! What a program started and what then left its process group, found by a mark in its environment.

use std::ffi::OsString;
use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The variable that carries the mark.
pub const MARK: &str = "TRIBUNAL_CALL";

/// How often it is looked again: what is being killed may just have started another.
const LOOKS: usize = 20;

/// The pause between two looks. A process that is about to become another program shows no
/// environment for a moment, so that one look which finds nothing proves nothing.
const PAUSE: Duration = Duration::from_millis(2);

/// Kills every process of this user that carries the mark. Gives how many were found.
///
/// Only Linux lets one read the environment of a process. Elsewhere, and for a process that was
/// started with an environment of its own, the end of the process group is all there is.
pub fn kill_marked(mark: &str) -> usize {
    let wanted = format!("{MARK}={mark}").into_bytes();
    let (mut killed, mut quiet) = (0, 0);
    for _ in 0..LOOKS {
        let found = marked(&wanted);
        quiet = if found.is_empty() { quiet + 1 } else { 0 };
        if quiet == 2 {
            break;
        }
        killed += found.len();
        for stray in found {
            // One that has ended in the meantime is what is wanted.
            let _ = kill_process(stray, Signal::KILL);
        }
        thread::park_timeout(PAUSE);
    }
    killed
}

fn marked(wanted: &[u8]) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| carries(&entry.file_name(), wanted)).collect()
}

/// The process of that name in `/proc`, where it is alive and carries the mark.
fn carries(name: &OsString, wanted: &[u8]) -> Option<Pid> {
    let pid = name.to_str()?.parse().ok().and_then(Pid::from_raw)?;
    // Of one that has ended and waits to be buried, nothing can be read.
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted).then_some(pid)
}
