//! Adopts what a supervised program leaves behind. On Linux this process becomes the parent of every
//! process below it whose own parent has ended, so that it is found whatever its environment is. Where
//! that cannot be had, the tag in the environment is all there is.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::platform::process::alive::Identity;

/// How often it is looked again: what is being killed may just have left another behind.
const LOOKS: usize = 50;

/// How often the kernel's list of children is read until two are the same.
const LISTS: usize = 8;

const PAUSE: Duration = Duration::from_millis(2);

static FAMILY: Mutex<Family> = Mutex::new(Family { adopts: false, runs: 0, own: None });

/// The children of this process.
struct Family {
    adopts: bool,
    /// The runs under way that are to leave nothing behind.
    runs: usize,
    /// The children that this process started itself, by number and start.
    own: Option<HashSet<(i32, Option<u64>)>>,
}

fn family() -> MutexGuard<'static, Family> {
    FAMILY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program as a child of our own, which is never taken for one that was left behind.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut family = family();
    let child = command.spawn()?;
    if family.adopts
        && let Ok(pid) = i32::try_from(child.id())
    {
        family.own.get_or_insert_default().insert((pid, Identity::of(pid).start));
    }
    Ok(child)
}

/// A run that is to leave nothing behind.
pub struct Adoption(());

impl Adoption {
    /// Begins it: from now on orphans come to this process.
    pub fn begin() -> Self {
        let mut family = family();
        // Among tests in one process the children of the others would be taken for orphans.
        if !family.adopts && !cfg!(test) && become_parent_of_orphans() {
            family.adopts = true;
            let own = family.own.get_or_insert_default();
            own.extend(children().into_iter().map(|pid| (pid, Identity::of(pid).start)));
        }
        family.runs += 1;
        Self(())
    }
}

/// Whether the end of a run under way finds all that it left behind, and nobody need look at the environment of
/// every process of the machine: no other run is under way whose orphans come here too.
pub fn finds_all() -> bool {
    let family = family();
    family.adopts && family.runs == 1
}

impl Drop for Adoption {
    /// Kills what was left behind. While another run is under way it may be that one's, and waits for
    /// its end.
    fn drop(&mut self) {
        for _ in 0..LOOKS {
            let mut family = family();
            let orphans: Vec<i32> = if family.adopts { family.orphans() } else { Vec::new() };
            let is_last = family.runs == 1;
            for pid in orphans.iter().filter_map(|pid| Pid::from_raw(*pid)) {
                if is_last {
                    let _ = kill_process(pid, Signal::KILL);
                }
                // One that has ended is waited for, so that it does not stay in the list of processes.
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
            if orphans.is_empty() || !is_last {
                break;
            }
            drop(family);
            thread::park_timeout(PAUSE);
        }
        family().runs -= 1;
    }
}

impl Family {
    /// The children that this process did not start.
    fn orphans(&mut self) -> Vec<i32> {
        let own = self.own.get_or_insert_default();
        children()
            .into_iter()
            .filter(|pid| !own.contains(&(*pid, Identity::of(*pid).start)))
            .collect()
    }
}

#[cfg(target_os = "linux")]
fn become_parent_of_orphans() -> bool {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn become_parent_of_orphans() -> bool {
    false
}

/// Every child of this process, those that ended and were not waited for among them.
fn children() -> Vec<i32> {
    let mut before = listed_children();
    for _ in 0..LISTS {
        // A list may leave one out that stands behind another which is waited for meanwhile. That one is in no list
        // after it: two that are the same leave none out.
        let now = listed_children();
        match (before, now) {
            (Some(before), Some(now)) if before == now => return now,
            (_, now) => before = now,
        }
    }
    searched_children()
}

/// The children as the kernel lists them, of each thread by itself; `None` where it has no such list
/// (`CONFIG_PROC_CHILDREN`).
#[expect(clippy::disallowed_methods, reason = "`/proc` is the kernel's")]
fn listed_children() -> Option<Vec<i32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir("/proc/self/task").ok()?.filter_map(Result::ok) {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(line) => {
                children.extend(
                    line.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok()),
                );
            }
            // The thread has ended: its children are another one's now.
            Err(_) if !thread.path().exists() => {}
            Err(_) => return None,
        }
    }
    Some(children)
}

/// The children, as every process of the machine names its parent.
#[expect(clippy::disallowed_methods, reason = "`/proc` is the kernel's")]
fn searched_children() -> Vec<i32> {
    let own = rustix::process::getpid().as_raw_nonzero().get().to_string();
    let is_child = |pid: &i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name, in parentheses, may hold spaces and parentheses itself.
        let fields = line.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_ascii_whitespace().nth(1) == Some(own.as_str())
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_child).collect()
}
