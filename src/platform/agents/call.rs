//! One call of an agent's program: alone in its environment, bounded, and gone without a trace of a
//! process when it has ended.

use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind::NotFound;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bstr::ByteSlice as _;

use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Outcome, Request};
use crate::platform::agents::{find, text};
use crate::platform::config::random;
use crate::platform::process::{Cmd, ExitOutcome, Interrupts};
use crate::platform::store::permissions;
use crate::platform::store::regular;
use crate::platform::store::regular::{ANSWER, LastLink};

/// Says to every tribunal that an agent started, by whatever way, that it is inside a call, and in
/// which role.
pub const INSIDE: &str = "TRIBUNAL_AGENT";

/// How long a program may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// The most that a program may print into one stream, in bytes.
const STREAM_MAX: u64 = 64 * 1024 * 1024;

/// What of the person's environment any program needs: how to speak, who they are, and the way to
/// the net.
pub const BASE_VARS: [&str; 20] = [
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "USER",
    "LOGNAME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "CODEX_CA_CERTIFICATE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
];

/// A program with its arguments, variables and secrets.
#[derive(Clone, Debug)]
pub struct ProgramCall {
    pub program: PathBuf,
    pub words: Vec<OsString>,
    /// Beside those that every call gets.
    pub vars: Vec<(String, OsString)>,
    /// What must not be seen in anything that is kept of the call.
    pub secrets: Vec<String>,
}

/// How a program came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    /// Stopped after so long.
    TimedOut(Duration),
    /// Stopped after so long without a sign of life.
    Silent(Duration),
    /// Stopped as it printed without end.
    TooLong,
    /// Stopped because this process got this signal.
    Interrupted(i32),
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct ProgramOutput {
    pub exit: Exit,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

/// The variables that every program gets.
pub fn base_env(agent_env: AgentEnv<'_>) -> Vec<(&'static str, OsString)> {
    let given =
        BASE_VARS.into_iter().filter_map(|name| Some((name, agent_env.env.get(name)?.to_owned())));
    let mut vars: Vec<_> = given.collect();
    vars.push(("PATH", find::search_path(agent_env)));
    vars
}

/// Variables as a call has them.
pub fn owned_names(vars: Vec<(&'static str, OsString)>) -> Vec<(String, OsString)> {
    vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The variables that keep git inside: a program that looks at the folder which it works in must
/// neither find the repository around it nor start what a file in it asks for.
fn git_vars(dir: &Path) -> [(&'static str, OsString); 7] {
    let above = dir.parent().unwrap_or(dir).as_os_str().to_owned();
    [
        ("GIT_CEILING_DIRECTORIES", above),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("GIT_CONFIG_COUNT", "2".into()),
        // Files that are laid out like a repository would otherwise be one, with settings that name
        // programs.
        ("GIT_CONFIG_KEY_0", "safe.bareRepository".into()),
        ("GIT_CONFIG_VALUE_0", "explicit".into()),
        ("GIT_CONFIG_KEY_1", "core.fsmonitor".into()),
        ("GIT_CONFIG_VALUE_1", "false".into()),
    ]
}

impl ProgramCall {
    /// Runs the program to its end. Its streams and what it writes are files in the request's folder. An error is a call that could not be made.
    pub fn run(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Result<ProgramOutput, Outcome> {
        let ran = self.try_run(request, agent_env, interrupts);
        let ran = ran.map_err(|error| Outcome::CouldNotStart {
            why: text::reason_line(&self.mask(&format!("{error:#}"))),
        })?;
        Ok(ran)
    }

    fn try_run(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> anyhow::Result<ProgramOutput> {
        let temporary = private(&request.folder.join("tmp"))?;
        let out = request.folder.join("stdout");
        let err = request.folder.join("stderr");
        let (to_out, to_err) = (create(&out)?, create(&err)?);
        let mut cmd = Cmd::alone(&self.program, request.dir)
            .args(&self.words)
            .stdin(request.prompt)
            .deadline(request.wall)
            .idle(request.idle)
            .grace(GRACE)
            .log_max(STREAM_MAX)
            .env("TMPDIR", &temporary)
            .env("XDG_RUNTIME_DIR", &temporary)
            .env(INSIDE, request.role.as_str())
            .tag(&random::id().to_string());
        if let Some(note) = request.note {
            // Made here, so that each user who may resume the run may read it.
            create(note)?;
            cmd = cmd.note(note);
        }
        for (name, value) in base_env(agent_env).into_iter().chain(git_vars(request.dir)) {
            cmd = cmd.env(name, value);
        }
        for (name, value) in &self.vars {
            cmd = cmd.env(name, value);
        }
        let ended = cmd.supervise(&to_out, &to_err, interrupts);
        // What it left there is of no use to anybody.
        drop(fs::remove_dir_all(&temporary));
        let exit = match ended? {
            ExitOutcome::Exited(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, signal) => Exit::Signal(signal.unwrap_or(0)),
            },
            ExitOutcome::TimedOut => Exit::TimedOut(request.wall),
            ExitOutcome::Idle => Exit::Silent(request.idle),
            ExitOutcome::TooLong | ExitOutcome::Overused(_) => Exit::TooLong,
            ExitOutcome::Interrupted(signal) => Exit::Interrupted(signal),
        };
        Ok(ProgramOutput { exit, out: self.printed(&out)?, err: self.printed(&err)? })
    }

    /// The content of the file of an answer, which no longer holds a secret; empty where there is no
    /// file. One that is not to be read is an answer of the wrong form.
    pub fn answer(&self, ran: &ProgramOutput, path: &Path) -> Result<Vec<u8>, Outcome> {
        let read = regular::read(path, LastLink::Refuse, ANSWER);
        match read.and_then(|content| self.clean(path, &content, false)) {
            // How it ended says more.
            Err(error) if error.kind() == NotFound || ran.exit != Exit::Code(0) => Ok(Vec::new()),
            read => read.map_err(|error| Outcome::Malformed {
                why: text::reason_line(&format!("its answer was not read: {error}")),
            }),
        }
    }

    /// What a program printed, as far as it was allowed to; nothing of the rest stays.
    fn printed(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = regular::open(path, LastLink::Refuse)?;
        let is_cut = file.metadata()?.len() > STREAM_MAX;
        self.clean(path, &regular::start_of(&file, STREAM_MAX)?, is_cut)
    }

    fn clean(&self, path: &Path, content: &[u8], is_cut: bool) -> io::Result<Vec<u8>> {
        let mut masked = content.to_vec();
        for secret in self.secrets.iter().filter(|secret| secret.len() >= SECRET_MIN) {
            if masked.contains_str(secret) {
                masked = masked.replace(secret, MASK);
            }
        }
        if is_cut || masked != content {
            keep(path, &masked)?;
        }
        Ok(masked)
    }

    fn mask(&self, text: &str) -> String {
        let secrets = self.secrets.iter().filter(|secret| secret.len() >= SECRET_MIN);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }
}

const MASK: &str = "[redacted]";

/// Shorter ones guard nothing and would be found in every other word.
const SECRET_MIN: usize = 8;

/// The outcome of a program that we stopped; `None` where it ended by itself.
pub fn stopped(exit: Exit) -> Option<Outcome> {
    let why = |what: &str, after: Duration| format!("{what} {} s and was stopped", after.as_secs());
    match exit {
        Exit::Code(_) | Exit::Signal(_) => None,
        Exit::TimedOut(after) => {
            Some(Outcome::TimedOut { why: why("it did not end within", after) })
        }
        Exit::Silent(after) => Some(Outcome::TimedOut { why: why("it was silent for", after) }),
        Exit::TooLong => {
            let why = format!("it printed more than {} MiB and was stopped", STREAM_MAX >> 20);
            Some(Outcome::Killed { why })
        }
        Exit::Interrupted(signal) => Some(Outcome::Interrupted(signal)),
    }
}

/// A folder that only this user can look into.
pub fn private(path: &Path) -> io::Result<PathBuf> {
    permissions::make_private_dir(path)?;
    Ok(path.to_owned())
}

/// Writes a file that only this user can read.
pub fn keep(path: &Path, content: &[u8]) -> io::Result<()> {
    create(path)?.write_all(content)
}

fn create(path: &Path) -> io::Result<File> {
    permissions::open(path, File::options().truncate(true).write(true).mode(0o600))
}

/// An error with its causes on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(at) = cause {
        text = format!("{text}: {at}");
        cause = at.source();
    }
    text
}
