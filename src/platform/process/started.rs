//! A program that may outlive the process which started it: noted when it is started, found again and
//! ended by the process that goes on with the work.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::platform::process::alive::Identity;
use crate::platform::process::orphans::kill_tagged;

/// How often it is looked whether what was killed has ended.
const EVERY: Duration = Duration::from_millis(10);

/// What is noted of a program: first its tag, before there is a process, and then the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// What it and all that it starts have in their environment.
    #[serde(rename = "mark")]
    pub tag: Option<String>,
    /// It leads a process group of its own.
    pub process: Option<Identity>,
}

impl Started {
    /// Notes it in a file. In one write: a process that is killed leaves all of it or nothing.
    pub fn note(&self, path: &Path) -> io::Result<()> {
        File::create(path)?.write_all(&serde_json::to_vec(self)?)
    }
}

/// Proves that nothing of a program that was noted there is alive, and kills what is: an error where
/// it does not end in time. The note is removed then. Without a note there is nothing to prove.
#[expect(clippy::disallowed_methods, reason = "a note of the program's own")]
pub fn end_survivors(note: &Path, longest: Duration) -> io::Result<()> {
    let text = match fs::read(note) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    // An empty one is from a process that was killed before it had started anything.
    if let Ok(started) = serde_json::from_slice::<Started>(&text) {
        started.end(longest)?;
    }
    fs::remove_file(note)
}

impl Started {
    fn end(&self, longest: Duration) -> io::Result<()> {
        let deadline = Instant::now() + longest;
        loop {
            let tagged = self.tag.as_deref().map_or(0, kill_tagged);
            let alive = self.process.as_ref().filter(|process| process.is_alive());
            let Some(alive) = alive else {
                if tagged == 0 {
                    return Ok(());
                }
                if Instant::now() >= deadline {
                    return Err(io::Error::other(format!("{tagged} processes of it do not end")));
                }
                continue;
            };
            // It began when it was noted to have begun: the number has not gone to a stranger.
            if let Some(number) = Pid::from_raw(alive.pid) {
                let _ = kill_process_group(number, Signal::KILL);
                let _ = kill_process(number, Signal::KILL);
            }
            if Instant::now() >= deadline {
                return Err(io::Error::other(format!("process {} does not end", alive.pid)));
            }
            thread::park_timeout(EVERY);
        }
    }
}
