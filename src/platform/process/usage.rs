//! What a supervised program and all that it started use of memory, processes and disk.
//!
//! The kernel limits each process; all of them together it limits in a cgroup alone, which an ordinary user
//! often cannot make. So they are counted at intervals, and stopped: what grows faster than that is not
//! held exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use rustix::param::page_size;
use rustix::process::Pid;

/// Into how many parts the disk is divided: where one more is gone the folders are measured.
const DISK_PARTS: u64 = 8;

/// The most that a program and all that it started may use together.
#[derive(Clone, Debug)]
pub struct UsageLimits {
    /// In bytes, of memory that is not shared.
    pub memory: u64,
    pub processes: u64,
    /// What the writable folders may hold, in bytes.
    pub disk: u64,
    pub writable: Vec<PathBuf>,
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overused {
    Memory,
    Processes,
    Disk,
}

impl fmt::Display for Overused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Disk => "disk",
        })
    }
}

/// Compares what is used with its limits.
pub(super) struct UsageWatch<'a> {
    limits: &'a UsageLimits,
    /// The free space when the folders were measured last.
    free: u64,
}

impl<'a> UsageWatch<'a> {
    pub fn begin(limits: &'a UsageLimits) -> Self {
        Self { limits, free: free_in(&limits.writable) }
    }

    /// What is over its limit now, if anything is.
    pub fn overused(&mut self, leader: Pid) -> Option<Overused> {
        let used = used_by(leader);
        if used.memory > self.limits.memory {
            return Some(Overused::Memory);
        }
        if used.processes > self.limits.processes {
            return Some(Overused::Processes);
        }
        let free = free_in(&self.limits.writable);
        if self.free.saturating_sub(free) > self.limits.disk / DISK_PARTS {
            self.free = free;
            let held: u64 = self.limits.writable.iter().map(|path| size_of(path)).sum();
            if held > self.limits.disk {
                return Some(Overused::Disk);
            }
        }
        None
    }
}

#[derive(Default)]
struct Used {
    memory: u64,
    processes: u64,
}

/// What a process and its descendants use. What ended its parent still counts in a process namespace,
/// where the first process of that takes it on.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn used_by(leader: Pid) -> Used {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(parent) = parent_of(&entry.path()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut used = Used::default();
    let mut left = vec![leader.as_raw_nonzero().get()];
    while let Some(pid) = left.pop() {
        used.processes += 1;
        used.memory += own_memory(pid);
        left.extend(children.remove(&pid).unwrap_or_default());
    }
    used
}

#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn parent_of(process: &Path) -> Option<i32> {
    let stat = fs::read(process.join("stat")).ok()?;
    // The name in parentheses may hold anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// The memory of a process that it does not share, in bytes.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn own_memory(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let mut fields = text.split_whitespace().skip(1).map_while(|field| field.parse::<u64>().ok());
    let (resident, shared) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    resident.saturating_sub(shared) * page_size() as u64
}

fn free_in(folders: &[PathBuf]) -> u64 {
    let free = folders.iter().filter_map(|folder| statvfs(folder).ok());
    free.map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize)).min().unwrap_or(0)
}

/// What is in a folder, in bytes on the disk; links are not followed.
#[expect(clippy::disallowed_methods, reason = "sizes are added up, nothing is read")]
fn size_of(path: &Path) -> u64 {
    let Ok(data) = fs::symlink_metadata(path) else { return 0 };
    let own = data.blocks() * 512;
    if !data.is_dir() {
        return own;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    own + entries.map(|entry| size_of(&entry.path())).sum::<u64>()
}
