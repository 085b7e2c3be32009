//! What a supervised program and all that it started use of memory, processes and disk.
//!
//! The kernel limits each process; all of them together it limits in a cgroup alone, which an ordinary user
//! often cannot make. So they are counted at intervals, and stopped: what grows faster than that is not
//! held exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;
use rustix::param::page_size;
use rustix::process::Pid;

/// Into how many parts the disk is divided: where one more is gone the folders are measured.
const DISK_PARTS: u64 = 8;

/// How many times its limit may be gone from the disk, whoever took it, before a program is stopped for it.
const UNSEEN_FACTOR: u64 = 4;

/// The most that a program and all that it started may use together.
#[derive(Clone, Debug)]
pub struct UsageLimits {
    /// In bytes; what is shared counts in parts.
    pub memory: u64,
    /// With their threads.
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
    /// The free space of each writable folder's disk, at the beginning and when they were measured last.
    begun: Vec<u64>,
    measured: Vec<u64>,
}

impl<'a> UsageWatch<'a> {
    pub fn begin(limits: &'a UsageLimits) -> Self {
        let free = free_in(&limits.writable);
        Self { limits, begun: free.clone(), measured: free }
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
        self.is_disk_over().then_some(Overused::Disk)
    }

    /// What cannot be measured counts by the space that is gone; so does what is deleted and still open.
    fn is_disk_over(&mut self) -> bool {
        let (free, most) = (free_in(&self.limits.writable), self.limits.disk);
        let gone = |since: &[u64]| {
            let pairs = since.iter().zip(&free);
            pairs.map(|(then, now)| then.saturating_sub(*now)).max().unwrap_or(0)
        };
        if gone(&self.measured) <= most / DISK_PARTS {
            return false;
        }
        let gone = gone(&self.begun);
        self.measured = free;
        let mut held = FolderSize::default();
        for path in &self.limits.writable {
            held.add(path);
        }
        held.bytes > most
            || (held.is_partial && gone > most)
            || gone > most.saturating_mul(UNSEEN_FACTOR)
    }
}

#[derive(Default)]
struct Used {
    memory: u64,
    processes: u64,
}

/// What a process and its descendants use, and what of them came to us when its parent ended. In a process
/// namespace its first process takes those on.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn used_by(leader: Pid) -> Used {
    let mut children: BTreeMap<i32, Vec<Entry>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some((parent, entry)) = pid.and_then(Entry::read) {
            children.entry(parent).or_default().push(entry);
        }
    }
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let session = Entry::read(own).map(|(_, own)| own.session);
    let leader = leader.as_raw_nonzero().get();
    let mut left = children.remove(&own).unwrap_or_default();
    // Those that we started ourselves lead a group in our session.
    let is_ours = |it: &Entry| it.group == it.pid && Some(it.session) == session;
    left.retain(|it| it.pid == leader || !is_ours(it));
    let mut used = Used::default();
    while let Some(Entry { pid, threads, .. }) = left.pop() {
        used.processes += threads;
        used.memory += memory_of(pid);
        left.extend(children.remove(&pid).unwrap_or_default());
    }
    used
}

/// What the kernel tells of a process. The numbers are read and not asked for: those of a process that is in
/// no namespace of ours, as the leader of a container's session may be, are 0, which is no `Pid`.
struct Entry {
    pid: i32,
    group: i32,
    session: i32,
    threads: u64,
}

impl Entry {
    /// Its parent and itself.
    #[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
    fn read(pid: i32) -> Option<(i32, Self)> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything.
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
        let mut fields = rest.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let session = fields.next()?.parse().ok()?;
        // The 20th field of all, the session being the sixth.
        Some((parent, Self { pid, group, session, threads: fields.nth(13)?.parse().ok()? }))
    }
}

/// The memory of a process, in bytes: its part of what it shares; where that is not told all that it does not
/// share.
#[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
fn memory_of(pid: i32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let parts = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    if let Some(kilobytes) = parts {
        return kilobytes * 1024;
    }
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let mut fields = text.split_whitespace().skip(1).map_while(|field| field.parse::<u64>().ok());
    let (resident, shared) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    resident.saturating_sub(shared) * page_size() as u64
}

/// The free space of the disk of each folder, in bytes.
fn free_in(folders: &[PathBuf]) -> Vec<u64> {
    let free =
        |folder: &PathBuf| statvfs(folder).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize));
    folders.iter().map(free).collect()
}

/// What folders hold.
#[derive(Default)]
struct FolderSize {
    bytes: u64,
    /// Something could not be looked at.
    is_partial: bool,
}

impl FolderSize {
    /// Adds what is in a folder, in bytes on the disk; links are not followed.
    #[expect(clippy::disallowed_methods, reason = "sizes are added up, nothing is read")]
    fn add(&mut self, path: &Path) {
        let data = match fs::symlink_metadata(path) {
            Ok(data) => data,
            // What is deleted meanwhile holds nothing.
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            Err(_) => {
                self.is_partial = true;
                return;
            }
        };
        self.bytes += data.blocks() * 512;
        if !data.is_dir() {
            return;
        }
        match fs::read_dir(path) {
            Ok(entries) => entries.flatten().for_each(|entry| self.add(&entry.path())),
            Err(_) => self.is_partial = true,
        }
    }
}
