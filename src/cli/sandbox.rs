//! `tribunal sandbox`: runs a command that the person does not trust.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::cli::invocation::Invocation;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::platform::config::random;
use crate::platform::process::{ExitOutcome, Interrupts, Overused, code_of};
use crate::platform::sandbox::access::{FAILED, NetworkAccess, ResourceLimits, SandboxAccess};
use crate::platform::sandbox::{BUBBLEWRAP_HINT, Confinement};
use crate::platform::ui::out;
use crate::platform::ui::out::OwnStream;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal sandbox -- cargo test --offline
  tribunal sandbox --network -- npm ci
  tribunal sandbox --read ~/models --memory 2G -- pytest";

/// The longest that a command may take, in seconds: a month.
const LONGEST: u64 = 31 * 24 * 3600;

/// How long is waited for more to be printed once the command has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// How much is kept of the beginning of what is printed, in bytes.
const BEGINNING: usize = 16;

/// The number that stands for a command that a limit stopped, as `timeout` has it.
const STOPPED: u8 = 124;

/// How much is passed on at once, in bytes.
const PART: usize = 64 * 1024;

/// The least memory, in bytes: below that no program starts.
const MEMORY_MIN: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Let it reach the network of this machine
    #[arg(long)]
    network: bool,
    /// A file or folder that it may read, beside the system's and the toolchains'; may be repeated
    #[arg(long, value_name = "PATH")]
    read: Vec<PathBuf>,
    /// A file or folder that it may write, beside the current folder; may be repeated
    #[arg(long, value_name = "PATH")]
    write: Vec<PathBuf>,
    /// Stop it after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    time: u64,
    /// The most memory that it may use, as in `512M` or `2G`
    #[arg(long, value_name = "SIZE", default_value = "8G", value_parser = memory)]
    memory: u64,
    /// The most that the folders which it may write may hold, as in `512M` or `2G`
    #[arg(long, value_name = "SIZE", default_value = "16G", value_parser = size)]
    disk: u64,
    /// The most processes and threads
    #[arg(long, value_name = "NUMBER", default_value_t = 1024)]
    processes: u64,
    /// What holds the command; the best that works here unless it is named
    #[arg(long = "with", value_enum, value_name = "SANDBOX")]
    held_by: Option<HeldBy>,
    /// The command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeldBy {
    Bubblewrap,
    Landlock,
}

/// A size in bytes: a number with `K`, `M` or `G` for powers of 1024, or without.
fn size(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "a size is a number with `K`, `M` or `G`, as in `512M`".to_owned())
}

fn memory(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes >= MEMORY_MIN => Ok(bytes),
        _ => Err(format!("no program starts with less than {}", shown(MEMORY_MIN))),
    }
}

/// A size as people write it.
fn shown(bytes: u64) -> String {
    let units = [("G", 30), ("M", 20), ("K", 10)];
    let whole = units.into_iter().find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    whole.map_or_else(|| bytes.to_string(), |(unit, shift)| format!("{}{unit}", bytes >> shift))
}

/// Runs the command in the current folder, which it may write. Ends with the number that the command ends
/// with; what stops it, and why it could not run, has numbers of its own, which few commands end with.
pub fn run(invocation: &Invocation, args: &Args) -> ExitStatus {
    let code = run_held(invocation, args).unwrap_or_else(|error| {
        if invocation.global.format == OutputFormat::Json {
            out::json_error(&error);
        }
        out::error(&error);
        FAILED
    });
    ExitStatus::OfCommand(code)
}

fn run_held(invocation: &Invocation, args: &Args) -> Result<u8> {
    let env = &invocation.env;
    let Some((program, words)) = args.command.split_first() else {
        return Err(hinted("there is no command", "`tribunal sandbox -- COMMAND`"));
    };
    let temporary = tempfile::tempdir().context("could not make a temporary folder")?;
    let absolute = |paths: &[PathBuf]| paths.iter().map(|it| env.current_dir.join(it)).collect();
    let access = SandboxAccess {
        dir: env.current_dir.clone(),
        temporary: temporary.path().to_owned(),
        writable: absolute(&args.write),
        readable: absolute(&args.read),
        placed: Vec::new(),
        network: if args.network { NetworkAccess::Host } else { NetworkAccess::None },
        limits: limits_of(args),
    };
    let confinement = match args.held_by {
        Some(HeldBy::Landlock) => Confinement::landlock(env, ""),
        Some(HeldBy::Bubblewrap) | None => Confinement::find(env),
    };
    match &confinement {
        Confinement::Bubblewrap { .. } => {}
        Confinement::Landlock { .. } if args.held_by == Some(HeldBy::Landlock) => {}
        Confinement::Landlock { why } if args.held_by == Some(HeldBy::Bubblewrap) => {
            return Err(hinted(why.clone(), BUBBLEWRAP_HINT));
        }
        Confinement::Landlock { why } => out::warn(&format!(
            "{why}: Landlock holds the command, which is less (hint: {BUBBLEWRAP_HINT})"
        )),
        Confinement::None { why } => {
            return Err(hinted(format!("nothing here can hold a command: {why}"), BUBBLEWRAP_HINT));
        }
    }
    let interrupts = Interrupts::listen().context("could not listen for signals")?;
    let cmd = confinement.command(&access, env, program, words)?;
    let tag = random::id().to_string();
    let cmd = cmd.deadline(Duration::from_secs(args.time)).log_max(u64::MAX).tag(&tag);
    // Never our own streams: a program that prints to a terminal can read it, and type into it.
    let (stdout, stderr) = (Relay::start(OwnStream::Output)?, Relay::start(OwnStream::Error)?);
    let ended = cmd.supervise(&stdout.to, &stderr.to, interrupts)?;
    stdout.end();
    let began = stderr.began.clone();
    stderr.end();
    let why = match ended {
        ExitOutcome::Exited(status) => {
            let is_bubblewrap = matches!(confinement, Confinement::Bubblewrap { .. });
            let began = began.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(ended_with(code_of(status), is_bubblewrap, &began));
        }
        ExitOutcome::Interrupted(_) => return Ok(ExitStatus::Interrupted.code()),
        ExitOutcome::TimedOut => format!("it did not end within {} s (hint: `--time`)", args.time),
        ExitOutcome::Overused(Overused::Memory) => {
            format!("it used more than {} of memory (hint: `--memory`)", shown(args.memory))
        }
        ExitOutcome::Overused(Overused::Processes) => {
            format!("it had more than {} processes (hint: `--processes`)", args.processes)
        }
        ExitOutcome::Overused(Overused::Disk) => {
            format!("its folders hold more than {} (hint: `--disk`)", shown(args.disk))
        }
        ExitOutcome::Idle | ExitOutcome::TooLong => "it printed without end".to_owned(),
    };
    out::warn(&format!("the command was stopped: {why}"));
    Ok(STOPPED)
}

fn limits_of(args: &Args) -> ResourceLimits {
    let Args { memory, disk, processes, .. } = *args;
    ResourceLimits { processes, memory, disk, ..ResourceLimits::default() }
}

/// The number to end with after a program that ended with `code` and whose errors began like that:
/// bubblewrap's own failures are none of the command.
fn ended_with(code: i32, is_bubblewrap: bool, began: &[u8]) -> u8 {
    if is_bubblewrap && code == 1 && began.starts_with(b"bwrap: ") {
        return FAILED;
    }
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Passes on what a program prints.
struct Relay {
    to: File,
    ended: mpsc::Receiver<()>,
    is_printing: Arc<AtomicBool>,
    /// The first of it.
    began: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    fn start(stream: OwnStream) -> Result<Self> {
        let (mut from, to) = std::io::pipe().context("could not make a pipe")?;
        let (tell, ended) = mpsc::channel::<()>();
        let is_printing = Arc::new(AtomicBool::new(false));
        let printing = Arc::clone(&is_printing);
        let began = Arc::new(Mutex::new(Vec::new()));
        let first = Arc::clone(&began);
        thread::spawn(move || {
            let mut part = vec![0; PART];
            while let Ok(read @ 1..) = from.read(&mut part) {
                printing.store(true, Ordering::SeqCst);
                let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                let left = BEGINNING.saturating_sub(first.len()).min(read);
                first.extend(&part[..left]);
                drop(first);
                let printed = out::relay(&part[..read], stream);
                printing.store(false, Ordering::SeqCst);
                // The reader went away: the program learns that when it prints on.
                if printed.is_err() {
                    break;
                }
            }
            drop(tell);
        });
        Ok(Self { to: File::from(OwnedFd::from(to)), ended, is_printing, began })
    }

    /// Waits until all is printed, however slowly it is read. What holds the pipe though it was ended is not
    /// waited for.
    fn end(self) {
        drop(self.to);
        while self.ended.recv_timeout(DRAIN) == Err(RecvTimeoutError::Timeout)
            && self.is_printing.load(Ordering::SeqCst)
        {}
    }
}

#[cfg(test)]
mod tests {
    use super::ended_with;

    #[test]
    fn what_bubblewrap_cannot_do_is_no_failure_of_the_command() {
        let said = b"bwrap: Can't mkdir";
        for (code, is_bubblewrap, began, number) in [
            (1, true, &said[..], 125),
            (1, true, b"make: 1", 1),
            (1, false, said, 1),
            (2, true, said, 2),
            (137, true, b"", 137),
            (300, false, b"", 255),
        ] {
            assert_eq!(ended_with(code, is_bubblewrap, began), number, "{code}");
        }
    }
}
