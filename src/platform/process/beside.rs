//! Programs that run beside us and whose output is read from a file while they do.

use std::fs::File;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::platform::process::command::{Cmd, ProcessError};

/// How long one may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// The pause before it is looked again whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// A program in a process group of its own; it is ended when this is dropped.
pub struct LoggedProcess {
    child: Child,
    program: String,
}

impl Cmd {
    /// Starts the program with both streams going into that file.
    pub fn start_logged(mut self, log: &File) -> Result<LoggedProcess, ProcessError> {
        let start = |source| ProcessError::Start { program: self.name(), source };
        let (out, err) = (log.try_clone().map_err(start)?, log.try_clone().map_err(start)?);
        self.command.stdout(out).stderr(err);
        let child = self.spawn()?;
        Ok(LoggedProcess { child, program: self.name() })
    }
}

impl LoggedProcess {
    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; `None` while it has not.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        let stream = |source| ProcessError::Stream { program: self.program.clone(), source };
        self.child.try_wait().map_err(stream)
    }

    /// Ends this process alone, as `kill -9` does: whatever it was about, it does not hear of it.
    pub fn kill(mut self) -> Result<(), ProcessError> {
        let stream = |source| ProcessError::Stream { program: self.program.clone(), source };
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(stream)
    }
}

impl Drop for LoggedProcess {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process(pid, Signal::TERM);
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            thread::park_timeout(PAUSE);
        }
        let _ = kill_process_group(pid, Signal::KILL);
        drop(self.child.wait());
    }
}
