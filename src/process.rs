//! The only place that spawns: explicit directory, own process group, deadline, bounded output.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The most that is kept of each captured stream, in bytes; the rest is read and dropped.
const CAPTURE_MAX: u64 = 256 * 1024 * 1024;

/// The most that a supervised program may print, in bytes; then it is stopped.
const LOG_MAX: u64 = 256 * 1024 * 1024;

/// How long a supervised program may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How often the size of a supervised program's log is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Kills a process group when its standard input ends without a second line: whoever held the
/// other end is gone, by whatever way. The first line is the group.
const WATCHDOG: &str = "read -r group && { read -r done || kill -s KILL -- \"-$group\"; }";

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

/// A program to run. The working directory is always explicit.
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    command: Command,
    program: OsString,
    stdin: Option<Vec<u8>>,
    deadline: Option<Duration>,
}

/// Why a program gave no exit status of its own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not found, not executable, or no process to be had.
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

/// How a supervised program came to its end.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    Exited(ExitStatus),
    /// It was stopped at its deadline.
    TimedOut,
    /// It printed more than a log may hold and was stopped.
    TooLong,
    /// We were told to stop, by this signal, and passed it on.
    Interrupted(i32),
}

enum Event {
    Exited,
    Signal(i32),
}

/// The proof that the signals which ask this program to stop are passed on to what it supervises.
///
/// While nothing is supervised they do what they do by default.
#[derive(Clone, Copy, Debug)]
pub struct Interrupts(());

/// The runs that are under way.
static SUPERVISED: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

struct Listener {
    number: u64,
    tell: mpsc::Sender<Event>,
}

impl Interrupts {
    /// Starts to listen, for the rest of this program's life; again does nothing.
    pub fn listen() -> io::Result<Self> {
        static LISTENING: Mutex<bool> = Mutex::new(false);
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        if !*listening {
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
            thread::spawn(move || signals.forever().for_each(pass_on));
            *listening = true;
        }
        Ok(Self(()))
    }

    /// Waits, without work, until the time is over (`None`) or we are told to stop, by which signal.
    pub fn wait(self, time: Duration) -> Option<i32> {
        let (tell, hear) = mpsc::channel();
        let listener = subscribe(tell);
        let heard = hear.recv_timeout(time);
        unsubscribe(listener);
        match heard {
            Ok(Event::Signal(signal)) => Some(signal),
            Ok(Event::Exited) | Err(_) => None,
        }
    }
}

fn subscribe(tell: mpsc::Sender<Event>) -> u64 {
    let mut listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
    let number = listeners.last().map_or(0, |last| last.number + 1);
    listeners.push(Listener { number, tell });
    number
}

fn unsubscribe(number: u64) {
    let mut listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
    listeners.retain(|listener| listener.number != number);
}

fn pass_on(signal: i32) {
    let heard = {
        let listeners = SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |l: &Listener| l.tell.send(Event::Signal(signal)).is_ok();
        listeners.iter().filter(|listener| told(listener)).count()
    };
    if heard == 0 {
        // There is nothing to stop first.
        drop(emulate_default_handler(signal));
    }
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
        for name in GIT_LOCAL_VARS {
            command.env_remove(name);
        }
        Self { command, program: program.as_ref().to_owned(), stdin: None, deadline: None }
    }

    /// A hook of the person's own, in the directory that git started us in: it gets what git gave
    /// us, git's local variables too.
    pub fn kept_hook(program: &Path, dir: &Path) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let mut command = Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        Self { command, program: program.into(), stdin: None, deadline: None }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
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

    /// Runs the program and keeps what it prints.
    pub fn capture(mut self) -> Result<Output, Error> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn()?;
        let stdout = child.stdout.take().map(|pipe| thread::spawn(move || read_capped(pipe)));
        let stderr = child.stderr.take().map(|pipe| thread::spawn(move || read_capped(pipe)));
        let status = self.wait(child)?;
        let join = |reader: Option<thread::JoinHandle<io::Result<Vec<u8>>>>| match reader {
            Some(reader) => match reader.join() {
                Ok(result) => result,
                Err(_) => Err(io::Error::other("the reader stopped")),
            },
            None => Ok(Vec::new()),
        };
        let stream = |source| Error::Stream { program: self.name(), source };
        Ok(Output {
            status,
            stdout: join(stdout).map_err(stream)?,
            stderr: join(stderr).map_err(stream)?,
        })
    }

    /// Runs the program with each stream going into a file (they may be the same one) and lets
    /// nothing of it outlive the run: not when it ends by itself, not at its deadline, not when we
    /// are interrupted, and not when we are killed. Only what left its process group escapes.
    pub fn supervise(
        mut self,
        out: &File,
        err: &File,
        _listening: Interrupts,
    ) -> Result<Ended, Error> {
        let start = |source| Error::Start { program: self.name(), source };
        let sizes = [out.try_clone().map_err(start)?, err.try_clone().map_err(start)?];
        let (to_out, to_err) = (out.try_clone().map_err(start)?, err.try_clone().map_err(start)?);
        self.command.stdout(to_out).stderr(to_err);
        let (tell, hear) = mpsc::channel();
        // Before the start: a signal must not find a program that nobody stops.
        let listener = subscribe(tell.clone());
        let ended = self.supervised(&sizes, tell, &hear);
        unsubscribe(listener);
        ended
    }

    fn supervised(
        &mut self,
        logs: &[File],
        tell: mpsc::Sender<Event>,
        hear: &mpsc::Receiver<Event>,
    ) -> Result<Ended, Error> {
        let mut watchdog = Watchdog::start().map_err(|source| self.start_error(source))?;
        let mut child = self.spawn()?;
        watchdog.guard(child.id());
        let group = group_of(&child);
        thread::spawn(move || {
            await_exit(group);
            // Nobody listens any more when the run was given up.
            drop(tell.send(Event::Exited));
        });
        let deadline = self.deadline.map(|after| Instant::now() + after);
        let why = watch(deadline, logs, hear);
        if let Some((_, signal)) = why {
            signal_group(group, signal);
            if !matches!(hear.recv_timeout(GRACE), Ok(Event::Exited)) {
                signal_group(group, Signal::KILL);
            }
        }
        // The leader is still unburied, so that its number cannot have gone to a stranger.
        signal_group(group, Signal::KILL);
        let status = child.wait().map_err(|source| self.start_error(source))?;
        watchdog.dismiss();
        Ok(why.map_or(Ended::Exited(status), |(ended, _)| ended))
    }

    /// Runs the program on our own terminal, in our own process group, as a chained hook expects.
    pub fn inherit(mut self) -> Result<ExitStatus, Error> {
        self.command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
        if self.stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.command.spawn().map_err(|source| self.start_error(source))?;
        self.feed(&mut child);
        child.wait().map_err(|source| self.start_error(source))
    }

    /// Starts the program with no tie to ours: no stream, no wait. Its log is `log`.
    pub fn detach(mut self, log: &File) -> Result<u32, Error> {
        let out = log.try_clone().map_err(|source| self.start_error(source))?;
        let err = log.try_clone().map_err(|source| self.start_error(source))?;
        self.command.stdout(out).stderr(err);
        let child = self.command.spawn().map_err(|source| self.start_error(source))?;
        Ok(child.id())
    }

    /// Starts the program for a dialogue over its standard streams; it is stopped when dropped.
    pub fn converse(mut self) -> Result<Conversation, Error> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.command.spawn().map_err(|source| self.start_error(source))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), stdout @ Some(_)) => Ok(Conversation { child, stdin, stdout }),
            _ => Err(self.start_error(io::Error::other("no pipes"))),
        }
    }

    fn spawn(&mut self) -> Result<Child, Error> {
        // Its own group, so that a deadline reaches everything it started.
        self.command.process_group(0);
        if self.stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.command.spawn().map_err(|source| self.start_error(source))?;
        self.feed(&mut child);
        Ok(child)
    }

    /// Writes the input from a thread of its own: a program that prints before it has read
    /// everything would otherwise wait for us while we wait for it.
    fn feed(&mut self, child: &mut Child) {
        if let (Some(input), Some(mut pipe)) = (self.stdin.take(), child.stdin.take()) {
            thread::spawn(move || {
                // A program that does not read its input is no error; its exit status tells.
                drop(pipe.write_all(&input));
            });
        }
    }

    fn wait(&self, mut child: Child) -> Result<ExitStatus, Error> {
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
            Err(Error::TimedOut { program: self.name(), after: deadline })
        }
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    fn start_error(&self, source: io::Error) -> Error {
        Error::Start { program: self.name(), source }
    }
}

/// Waits until the program has ended (`None`) or has to be stopped, and by which signal first.
fn watch(
    deadline: Option<Instant>,
    logs: &[File],
    hear: &mpsc::Receiver<Event>,
) -> Option<(Ended, Signal)> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        match hear.recv_timeout(left.map_or(LOOK, |left| left.min(LOOK))) {
            Ok(Event::Exited) | Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            Ok(Event::Signal(number)) => {
                let signal = Signal::from_named_raw(number).unwrap_or(Signal::TERM);
                return Some((Ended::Interrupted(number), signal));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if left == Some(Duration::ZERO) {
            return Some((Ended::TimedOut, Signal::TERM));
        }
        let large = |log: &File| log.metadata().is_ok_and(|data| data.len() > LOG_MAX);
        if logs.iter().any(large) {
            return Some((Ended::TooLong, Signal::TERM));
        }
    }
}

/// Waits for a child's end without burying it.
fn await_exit(child: Option<Pid>) {
    let Some(child) = child else { return };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(WaitId::Pid(child), options), Err(Errno::INTR)) {}
}

fn group_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn signal_group(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // A group without a member is what is wanted.
        let _ = kill_process_group(group, signal);
    }
}

/// A small process of its own that outlives us just long enough to stop what we supervise, should
/// we be killed in a way that leaves us no time for it.
struct Watchdog {
    child: Child,
    line: Option<ChildStdin>,
}

impl Watchdog {
    fn start() -> io::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCHDOG]).current_dir("/").stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn()?;
        let line = child.stdin.take();
        Ok(Self { child, line })
    }

    fn guard(&mut self, group: u32) {
        if let Some(line) = &mut self.line {
            drop(writeln!(line, "{group}"));
        }
    }

    fn dismiss(&mut self) {
        if let Some(mut line) = self.line.take() {
            drop(writeln!(line, "done"));
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.line = None;
        drop(self.child.wait());
    }
}

/// A program that answers questions on its standard streams.
pub struct Conversation {
    child: Child,
    pub stdin: ChildStdin,
    stdout: Option<ChildStdout>,
}

impl Conversation {
    /// The program's answers, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The path of the running program, for shims and for the daemon's start.
pub fn own_path() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// The command lines of the processes that started this one, nearest first, at most `most`. What
/// cannot be read ends the list.
pub fn ancestors(most: usize) -> Vec<Vec<OsString>> {
    let mut found = Vec::new();
    let mut pid = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    while let Some(at) = pid.filter(|pid| *pid > 1 && found.len() < most) {
        let Some((parent, words)) = proc_entry(at).or_else(|| ps_entry(at)) else { break };
        found.push(words);
        pid = parent;
    }
    found
}

/// Linux: the parent and the command line from `/proc`.
fn proc_entry(pid: i32) -> Option<(Option<i32>, Vec<OsString>)> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    let words = line.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    Some((parent.trim().parse().ok(), words.collect()))
}

/// Elsewhere: the same from `ps`, where a word with spaces in it falls into several.
fn ps_entry(pid: i32) -> Option<(Option<i32>, Vec<OsString>)> {
    let output = Cmd::new("ps", Path::new("/"))
        .args(["-o", "ppid=,args=", "-p", &pid.to_string()])
        .deadline(Duration::from_secs(2))
        .capture()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let parent = words.next()?.parse().ok();
    Some((parent, words.map(OsString::from).collect()))
}

fn read_capped(mut pipe: impl Read) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    pipe.by_ref().take(CAPTURE_MAX).read_to_end(&mut kept)?;
    io::copy(&mut pipe, &mut io::sink())?;
    Ok(kept)
}
