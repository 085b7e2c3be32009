//! A program to run: explicit directory, own process group, deadline, bounded output.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::platform::config::env::Env;
use crate::platform::process::adopted;
use crate::platform::process::limits::SupervisionLimits;

/// The most that is kept of each captured stream, in bytes; the rest is read and dropped.
const CAPTURE_MAX: usize = 256 * 1024 * 1024;

/// How long after the end of a program with a deadline its streams may stay open before they are
/// given up: something that it started holds them.
const DRAIN: Duration = Duration::from_secs(2);

/// The variables that tie a git command to one repository, as `git rev-parse --local-env-vars`
/// lists them (git 2.47), with the ones that hooks add. Each child gets none of them: from a linked
/// work tree they would send its git commands into the wrong repository.
pub const GIT_LOCAL_VARS: [&str; 17] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_QUARANTINE_PATH",
];

/// The variables by which `git --icase-pathspecs` and the like change what every path means that a
/// git command below it is given. What a person meant by them ends with their own command.
const PATHSPEC_VARS: [&str; 4] =
    ["GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS", "GIT_NOGLOB_PATHSPECS"];

/// A program to run. The working directory is always explicit.
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    pub(super) command: Command,
    pub(super) program: OsString,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) deadline: Option<Duration>,
    pub(super) limits: SupervisionLimits,
}

/// Why a program gave no exit status of its own.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("`{program}` is not in any folder of `PATH`")]
    NotFound { program: String },
    /// Not executable, or no process to be had.
    #[error("could not start `{program}`")]
    Start { program: String, source: io::Error },
    #[error("`{program}` did not end within {} s and was stopped", .after.as_secs())]
    TimedOut { program: String, after: Duration },
    #[error("could not read what `{program}` printed")]
    Stream { program: String, source: io::Error },
}

/// What a program left behind when it ended by itself.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Output {
    /// The exit code, or 128 + the signal that ended it, as a shell says it.
    pub fn code(&self) -> i32 {
        code_of(self.status)
    }
}

/// Keeps the descriptors that we have, beside the standard streams, from every program that is started from
/// here on.
pub fn keep_descriptors() {
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
}

/// The exit code, or 128 + the signal that ended it, as a shell says it.
pub fn code_of(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

impl Cmd {
    /// A program by path, or by name to be looked up in `PATH`, run in `dir`.
    pub fn new(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let mut command = Command::new(program.as_ref());
        command.current_dir(dir).stdin(Stdio::null());
        for name in GIT_LOCAL_VARS.into_iter().chain(PATHSPEC_VARS) {
            command.env_remove(name);
        }
        Self::of(command, program.as_ref())
    }

    /// A hook of the person's own, in the directory that git started us in: it gets what git gave
    /// us, git's local variables too.
    pub fn kept_hook(program: &Path, dir: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let mut command = Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        Self::of(command, program.as_os_str())
    }

    /// As `new`, with an environment of the variables that are given from here on and no other.
    pub fn alone(program: &Path, dir: &Path) -> Self {
        let mut cmd = Self::new(program, dir);
        cmd.command.env_clear();
        cmd
    }

    fn of(command: Command, program: &OsStr) -> Self {
        let limits = SupervisionLimits::default();
        Self { command, program: program.to_owned(), stdin: None, deadline: None, limits }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// For this program itself, to work in the background: the `TRIBUNAL_*` variables are those of `env`,
    /// and no variable of a git that runs comes along.
    pub fn in_background(mut self, env: &Env) -> Self {
        for (name, _) in env.with_prefix("GIT_") {
            self.command.env_remove(name);
        }
        for (name, value) in env.with_prefix("TRIBUNAL_") {
            self.command.env(name, value);
        }
        self
    }

    /// What the program reads on its standard input; without this it is `/dev/null`.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Stops the program's whole process group when it has not ended by then.
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// Runs the program and keeps what it prints. With a deadline, what it left running and holds its
    /// streams open does not keep us: what the program itself printed is there by its end.
    pub fn capture(mut self) -> Result<Output, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let until = self.deadline.map(|after| Instant::now() + after);
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().map(Reader::start);
        let stderr = child.stderr.take().map(Reader::start);
        let status = self.wait(child)?;
        let until = until.map(|until| until.min(Instant::now() + DRAIN));
        let end =
            |reader: Option<Reader>| reader.map_or(Ok(Vec::new()), |reader| reader.end(until));
        let stream = |source| ProcessError::Stream { program: self.name(), source };
        Ok(Output {
            status,
            stdout: end(stdout).map_err(stream)?,
            stderr: end(stderr).map_err(stream)?,
        })
    }

    /// Runs the program on our own terminal, in our own process group, as a chained hook expects.
    pub fn inherit(mut self) -> Result<ExitStatus, ProcessError> {
        self.command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
        if self.stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child =
            adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        self.feed(&mut child);
        child.wait().map_err(|source| self.start_error(source))
    }

    /// Starts the program with no tie to ours: no stream, no wait, no descriptor that we were given
    /// by whoever started us. Its log is `log`.
    pub fn detach(mut self, log: &File) -> Result<u32, ProcessError> {
        // Whoever runs git may hold a lock by such a descriptor, or wait for the end of a pipe. Ours
        // are closed on the way into another program in any case; this says the same of the others.
        keep_descriptors();
        let out = log.try_clone().map_err(|source| self.start_error(source))?;
        let err = log.try_clone().map_err(|source| self.start_error(source))?;
        self.command.stdout(out).stderr(err);
        let child = adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        Ok(child.id())
    }

    /// Starts the program in a process group of its own, for another thread to wait for.
    pub fn start(mut self) -> Result<ChildProcess, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.spawn()?;
        Ok(ChildProcess { child, program: self.name() })
    }

    /// Starts the program as an interactive child, asked over its standard streams; it is stopped when
    /// dropped.
    pub fn spawn_interactive(mut self) -> Result<InteractiveChild, ProcessError> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), stdout @ Some(_)) => Ok(InteractiveChild { child, stdin, stdout }),
            _ => Err(self.start_error(io::Error::other("no pipes"))),
        }
    }

    pub(super) fn spawn(&mut self) -> Result<Child, ProcessError> {
        // Its own group, so that a deadline reaches everything it started.
        self.command.process_group(0);
        if self.stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child =
            adopted::spawn(&mut self.command).map_err(|source| self.start_error(source))?;
        self.feed(&mut child);
        Ok(child)
    }

    /// Writes the input from a thread of its own: a program that prints before it has read
    /// everything would otherwise wait for us while we wait for it.
    pub(super) fn feed(&mut self, child: &mut Child) {
        if let (Some(input), Some(mut pipe)) = (self.stdin.take(), child.stdin.take()) {
            thread::spawn(move || {
                // A program that does not read its input is no error; its exit status tells.
                drop(pipe.write_all(&input));
            });
        }
    }

    pub(super) fn wait(&self, mut child: Child) -> Result<ExitStatus, ProcessError> {
        let Some(deadline) = self.deadline else {
            return child.wait().map_err(|source| self.start_error(source));
        };
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (done, ended) = mpsc::channel();
        thread::spawn(move || done.send(child.wait()));
        if let Ok(status) = ended.recv_timeout(deadline) {
            status.map_err(|source| self.start_error(source))
        } else {
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            Err(ProcessError::TimedOut { program: self.name(), after: deadline })
        }
    }

    pub(super) fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    pub(super) fn start_error(&self, source: io::Error) -> ProcessError {
        let program = self.name();
        // The directory to start it in may be what is not there.
        let is_searched =
            !program.contains('/') && self.command.get_current_dir().is_none_or(Path::is_dir);
        match source.kind() {
            io::ErrorKind::NotFound if is_searched => ProcessError::NotFound { program },
            _ => ProcessError::Start { program, source },
        }
    }
}

/// A program that was started to do work beside ours.
pub struct ChildProcess {
    child: Child,
    program: String,
}

impl ChildProcess {
    /// Its process, to ask it to end.
    pub fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Waits until it has ended; what it printed.
    pub fn wait(self) -> Result<Output, ProcessError> {
        let Self { child, program } = self;
        let output = child.wait_with_output();
        let output = output.map_err(|source| ProcessError::Stream { program, source })?;
        Ok(Output { status: output.status, stdout: output.stdout, stderr: output.stderr })
    }
}

/// Asks a process to end by itself, as `kill` does. One that is gone already is no error.
pub fn ask_to_end(pid: Pid) {
    let _ = kill_process(pid, Signal::TERM);
}

/// A program that answers questions on its standard streams.
pub struct InteractiveChild {
    child: Child,
    pub stdin: ChildStdin,
    stdout: Option<ChildStdout>,
}

impl InteractiveChild {
    /// The program's answers, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }
}

impl Drop for InteractiveChild {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads a stream from a thread of its own, which ends with the stream.
struct Reader {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<io::Result<()>>,
}

impl Reader {
    fn start(mut pipe: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (tell, ended) = mpsc::channel();
        let keep = Arc::clone(&kept);
        thread::spawn(move || {
            let mut part = vec![0; 64 * 1024];
            let read = loop {
                match pipe.read(&mut part) {
                    Ok(0) => break Ok(()),
                    Ok(count) => {
                        let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                        let room = CAPTURE_MAX.saturating_sub(kept.len());
                        kept.extend_from_slice(&part[..count.min(room)]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => break Err(error),
                }
            };
            // Nobody listens any more where the stream was given up.
            drop(tell.send(read));
        });
        Self { kept, ended }
    }

    /// What was read by the end of the stream, or until then.
    fn end(self, until: Option<Instant>) -> io::Result<Vec<u8>> {
        let stopped = |_| io::Error::other("the reader stopped");
        match until {
            None => self.ended.recv().map_err(stopped)??,
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                match self.ended.recv_timeout(left) {
                    Ok(read) => read?,
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => {
                        return Err(io::Error::other("the reader stopped"));
                    }
                }
            }
        }
        Ok(std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
