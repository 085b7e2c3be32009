//! Finds and kills orphans: what a program started and what then left its process group, by the tag in
//! its environment.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The variable that carries the tag.
pub const TAG_VAR: &str = "TRIBUNAL_CALL";

/// How often it is looked again: what is being killed may just have started another.
const LOOKS: usize = 20;

/// The pause before the next look at what was killed, or at what may be about to become another
/// program.
const PAUSE: Duration = Duration::from_millis(2);

/// As much as is set aside for one environment; a longer one is read too.
const USUAL_SIZE: usize = 64 * 1024;

/// Kills every process of this user that carries the tag. Gives how many were found.
///
/// Only Linux lets one read the environment of a process. Elsewhere, and for a process that was
/// started with an environment of its own, the end of the process group is all there is.
pub fn kill_tagged(tag: &str) -> usize {
    let wanted = format!("{TAG_VAR}={tag}").into_bytes();
    let (mut killed, mut quiet, mut paused) = (0, 0, false);
    for _ in 0..LOOKS {
        let look = Look::at_all(&wanted);
        quiet = if look.tagged.is_empty() { quiet + 1 } else { 0 };
        // Twice, since what is made while it is looked may have been passed already.
        if quiet >= 2 && (paused || look.proves_all) {
            break;
        }
        killed += look.tagged.len();
        for orphan in &look.tagged {
            // One that has ended in the meantime is what is wanted.
            let _ = kill_process(*orphan, Signal::KILL);
        }
        // A pause after every look would be most of what a call costs beside the agent.
        paused = !look.proves_all || !look.tagged.is_empty();
        if paused {
            thread::park_timeout(PAUSE);
        }
    }
    killed
}

/// What the environments of all processes of this user showed.
struct Look {
    /// What carries the tag.
    tagged: Vec<Pid>,
    /// False where a process showed no environment, as one that is about to become another program
    /// does for a moment, or was gone before it was read and may have left another behind. On a
    /// kernel that shows an empty environment of what waits to be reaped this is false more often.
    proves_all: bool,
}

impl Look {
    #[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
    fn at_all(wanted: &[u8]) -> Self {
        let mut look = Self { tagged: Vec::new(), proves_all: true };
        let mut environment = Vec::with_capacity(USUAL_SIZE);
        for entry in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            if let Some(pid) = pid {
                look.at(pid, wanted, &mut environment);
            }
        }
        look
    }

    #[expect(clippy::disallowed_methods, reason = "the kernel makes what is in `/proc`")]
    fn at(&mut self, pid: Pid, wanted: &[u8], environment: &mut Vec<u8>) {
        environment.clear();
        let path = format!("/proc/{}/environ", pid.as_raw_nonzero());
        // With a limit that is none, so that the file is not asked for a size that it does not know.
        match File::open(path).and_then(|file| file.take(u64::MAX).read_to_end(environment)) {
            Ok(0) => self.proves_all = false,
            Ok(_) => {
                if environment.split(|byte| *byte == 0).any(|variable| variable == wanted) {
                    self.tagged.push(pid);
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => self.proves_all = false,
            // Another user's, one of the kernel's own, or one that waits to be reaped.
            Err(_) => {}
        }
    }
}
