//! Runs a program with its streams going into files, and lets nothing of it outlive the run.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::platform::process::adopted;
use crate::platform::process::adopted::Adoption;
use crate::platform::process::alive::Identity;
use crate::platform::process::command::{Cmd, ProcessError};
use crate::platform::process::interrupts::{
    Interrupts, SupervisionEvent, stopping, subscribe, unsubscribe,
};
use crate::platform::process::limits::SupervisionLimits;
use crate::platform::process::orphans::{TAG_VAR, kill_tagged};
use crate::platform::process::started::Started;
use crate::platform::process::usage::{Overused, UsageLimits, UsageWatch};

/// How often the sizes of a supervised program's logs are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Kills a process group, and what carries the tag, when its standard input ends without a third
/// line: whoever held the other end is gone, by whatever way. The first line is the tag (`-` where
/// there is none), told before the program is started, the second the group. Where we were killed
/// between the two, the program may not have begun to show its tag: then it is looked twice.
const WATCHDOG: &str = r#"sweep() {
    [ "$tag" = - ] || for found in $(grep -lsF "$tag" /proc/[0-9]*/environ); do
        orphan="${found#/proc/}"; kill -s KILL "${orphan%/environ}"
    done
}
read -r tag || exit
if read -r group; then
    read -r done && exit
    kill -s KILL -- "-$group"
else
    sweep; sleep 1
fi
sweep"#;

/// How a supervised program came to its end.
#[derive(Clone, Copy, Debug)]
pub enum ExitOutcome {
    Exited(ExitStatus),
    /// It was stopped at its deadline.
    TimedOut,
    /// It printed nothing for too long and was stopped.
    Idle,
    /// It printed more than a log may hold and was stopped.
    TooLong,
    /// It used more than it may and was stopped.
    Overused(Overused),
    /// We were told to stop, by this signal, and passed it on.
    Interrupted(i32),
}

impl Cmd {
    /// Stops a supervised program when neither of its logs has grown for so long.
    pub fn idle(mut self, longest: Duration) -> Self {
        self.limits.idle = Some(longest);
        self
    }

    /// How long a supervised program may take to end by itself once it was asked to.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// The most that a supervised program may print into one log, in bytes; then it is stopped.
    pub fn log_max(mut self, bytes: u64) -> Self {
        self.limits.log_max = bytes;
        self
    }

    /// What a supervised program and all that it starts may use together; then it is stopped.
    pub fn usage(mut self, limits: UsageLimits) -> Self {
        self.limits.usage = Some(limits);
        self
    }

    /// Gives a supervised program and all that it starts a tag that no other run has, by which what
    /// left its process group is found and killed in the end.
    pub fn tag(mut self, tag: &str) -> Self {
        self.limits.tag = Some(tag.to_owned());
        self.env(TAG_VAR, tag)
    }

    /// Notes a supervised program in that file for as long as it runs: where we are killed, the note
    /// is what `end_survivors` goes by.
    pub fn note(mut self, path: &Path) -> Self {
        self.limits.note = Some(path.to_owned());
        self
    }

    /// Runs the program with each stream going into a file (they may be the same one) and lets
    /// nothing of it outlive the run: not when it ends by itself, not at its deadline, not when we
    /// are interrupted, and not when we are killed. Without a tag, what left its process group
    /// escapes.
    pub fn supervise(
        mut self,
        out: &File,
        err: &File,
        listening: Interrupts,
    ) -> Result<ExitOutcome, ProcessError> {
        let start = |source| ProcessError::Start { program: self.name(), source };
        let logs = [out.try_clone().map_err(start)?, err.try_clone().map_err(start)?];
        let (to_out, to_err) = (out.try_clone().map_err(start)?, err.try_clone().map_err(start)?);
        self.command.stdout(to_out).stderr(to_err);
        let (tell, hear) = mpsc::channel();
        // Before the start: a signal must not find a program that nobody stops.
        let listener = subscribe(tell.clone(), listening.group());
        let ended = match stopping(listening.group()) {
            Some(signal) => Ok(ExitOutcome::Interrupted(signal)),
            None => self.supervised(&logs, tell, &hear),
        };
        unsubscribe(listener);
        ended
    }

    fn supervised(
        &mut self,
        logs: &[File],
        tell: mpsc::Sender<SupervisionEvent>,
        hear: &mpsc::Receiver<SupervisionEvent>,
    ) -> Result<ExitOutcome, ProcessError> {
        let mut watchdog = Watchdog::start().map_err(|source| self.start_error(source))?;
        self.take_note(None).map_err(|source| self.start_error(source))?;
        watchdog.expect(self.limits.tag.as_deref());
        let nothing_left = self.limits.tag.is_some().then(Adoption::begin);
        let mut child = match self.spawn() {
            Ok(child) => child,
            Err(error) => {
                watchdog.call_off();
                return Err(error);
            }
        };
        watchdog.guard(child.id());
        let group = group_of(&child);
        if let Err(source) = self.take_note(group) {
            // What cannot be found again must not be left running.
            signal_group(group, Signal::KILL);
            drop(child.wait());
            return Err(self.start_error(source));
        }
        thread::spawn(move || {
            await_exit(group);
            // Nobody listens any more when the run was given up.
            drop(tell.send(SupervisionEvent::Exited));
        });
        let deadline = self.deadline.map(|after| Instant::now() + after);
        let why = self.limits.watch(group, deadline, logs, hear);
        if let Some((_, signal)) = why {
            signal_group(group, signal);
            if !matches!(hear.recv_timeout(self.limits.grace), Ok(SupervisionEvent::Exited)) {
                signal_group(group, Signal::KILL);
            }
        }
        // The leader is not reaped yet, so that its number cannot have gone to a stranger.
        signal_group(group, Signal::KILL);
        let status = child.wait().map_err(|source| self.start_error(source))?;
        if let Some(tag) = &self.limits.tag
            && !adopted::finds_all()
        {
            kill_tagged(tag);
        }
        // While the watchdog still stands by.
        drop(nothing_left);
        if let Some(note) = &self.limits.note {
            // One that stays names a process that is gone.
            drop(fs::remove_file(note));
        }
        watchdog.dismiss();
        Ok(why.map_or(ExitOutcome::Exited(status), |(ended, _)| ended))
    }
}

impl Cmd {
    fn take_note(&self, process: Option<Pid>) -> io::Result<()> {
        let Some(path) = &self.limits.note else { return Ok(()) };
        let process = process.map(|pid| Identity::of(pid.as_raw_nonzero().get()));
        Started { tag: self.limits.tag.clone(), process }.note(path)
    }
}

impl SupervisionLimits {
    /// Waits until the program has ended (`None`) or has to be stopped, and by which signal first.
    fn watch(
        &self,
        leader: Option<Pid>,
        deadline: Option<Instant>,
        logs: &[File],
        hear: &mpsc::Receiver<SupervisionEvent>,
    ) -> Option<(ExitOutcome, Signal)> {
        let mut size = 0;
        let mut usage = self.usage.as_ref().map(UsageWatch::begin);
        let mut grown = Instant::now();
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            match hear.recv_timeout(left.map_or(LOOK, |left| left.min(LOOK))) {
                Ok(SupervisionEvent::Exited) | Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return None;
                }
                Ok(SupervisionEvent::Signal(number)) => {
                    let signal = Signal::from_named_raw(number).unwrap_or(Signal::TERM);
                    return Some((ExitOutcome::Interrupted(number), signal));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if left == Some(Duration::ZERO) {
                return Some((ExitOutcome::TimedOut, Signal::TERM));
            }
            let overused =
                usage.as_mut().zip(leader).and_then(|(usage, leader)| usage.overused(leader));
            if let Some(what) = overused {
                return Some((ExitOutcome::Overused(what), Signal::KILL));
            }
            let sizes = logs.iter().map(|log| log.metadata().map_or(0, |data| data.len()));
            let (total, largest) =
                sizes.fold((0, 0), |(total, largest), size| (total + size, size.max(largest)));
            if largest > self.log_max {
                return Some((ExitOutcome::TooLong, Signal::TERM));
            }
            if total != size {
                (size, grown) = (total, Instant::now());
            }
            if self.idle.is_some_and(|longest| grown.elapsed() >= longest) {
                return Some((ExitOutcome::Idle, Signal::TERM));
            }
        }
    }
}

/// Waits for a child's end without reaping it.
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
        let mut child = adopted::spawn(&mut command)?;
        let line = child.stdin.take();
        Ok(Self { child, line })
    }

    fn expect(&mut self, tag: Option<&str>) {
        self.tell(&tag.map_or_else(|| "-".to_owned(), |tag| format!("{TAG_VAR}={tag}")));
    }

    fn guard(&mut self, group: u32) {
        self.tell(&group.to_string());
    }

    /// Nothing was started.
    fn call_off(&mut self) {
        self.tell("-");
        self.dismiss();
    }

    fn tell(&mut self, text: &str) {
        if let Some(line) = &mut self.line {
            drop(writeln!(line, "{text}"));
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
