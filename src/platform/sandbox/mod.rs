//! The sandbox: runs programs that the person does not trust, so that they reach nothing of the person's.
//!
//! `bubblewrap` gives them namespaces of their own with what is listed mounted and nothing else. Where it
//! is missing, Landlock and seccomp hold less, which `docs/sandbox.md` lists. In both, a second process
//! image of this program ([`confine`]) takes the last rights away before it becomes the wanted program.

pub mod access;
mod bubblewrap;
#[cfg(target_os = "linux")]
pub mod confine;
mod mounts;
#[cfg(target_os = "linux")]
mod syscalls;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::domain::model::path::without_dots;
use crate::platform::config::env::Env;
use crate::platform::process::{Cmd, UsageLimits, is_program, keep_descriptors, own_path};
use crate::platform::sandbox::access::{
    InnerSetup, LandlockPaths, NetworkAccess, ResourceLimits, SandboxAccess,
};
use crate::platform::sandbox::mounts::Mounts;
use crate::platform::store::file;

/// The word by which the program is started inside; see [`confine`].
pub const CONFINED: &str = "confined";

/// What to do where bubblewrap does not hold.
pub const BUBBLEWRAP_HINT: &str = "install bubblewrap with your system's packages, as in `apt install bubblewrap`; on Ubuntu also \
    `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`";

/// How long a try whether a sandbox works may take.
const PROBE: Duration = Duration::from_secs(10);

/// What was found here: to find out starts two programs.
static FOUND: OnceLock<Confinement> = OnceLock::new();

/// What holds confined programs on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confinement {
    Bubblewrap {
        program: PathBuf,
    },
    /// `why` says what is wrong with bubblewrap.
    Landlock {
        why: String,
    },
    /// Nothing: `why` says what was tried.
    None {
        why: String,
    },
}

impl Confinement {
    /// What works here, found out once for the whole process.
    pub fn find(env: &Env) -> Self {
        FOUND.get_or_init(|| Self::try_all(env)).clone()
    }

    /// Finds out what works here: each is tried with a program that does nothing.
    fn try_all(env: &Env) -> Self {
        let why = match bubblewrap_of(env) {
            Err(why) => why,
            Ok(program) => {
                let sandbox = Self::Bubblewrap { program };
                match sandbox.try_out(env) {
                    Ok(()) => return sandbox,
                    Err(why) => format!("bubblewrap does not work: {why}"),
                }
            }
        };
        Self::landlock(env, &why)
    }

    /// Landlock alone, where it works. `why` says what is wrong with bubblewrap.
    pub fn landlock(env: &Env, why: &str) -> Self {
        let landlock = Self::Landlock { why: why.to_owned() };
        match landlock.try_out(env) {
            Ok(()) => landlock,
            Err(reason) => Self::None { why: format!("{why}; Landlock does not work: {reason}") },
        }
    }

    fn try_out(&self, env: &Env) -> Result<(), String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let access = SandboxAccess {
            dir: dir.path().to_owned(),
            temporary: dir.path().to_owned(),
            writable: Vec::new(),
            placed: Vec::new(),
            readable: Vec::new(),
            network: NetworkAccess::None,
            limits: ResourceLimits::default(),
        };
        let cmd = self.command(&access, env, OsStr::new("true"), &[]).map_err(|e| e.to_string())?;
        let output = cmd.deadline(PROBE).capture().map_err(|error| error.to_string())?;
        if output.code() == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().last().unwrap_or("it says nothing").trim();
        Err(line.to_owned())
    }

    /// The command that runs a program, looked up in `PATH`, in this sandbox. Its environment has what
    /// programs need, of `env`, and nothing else.
    pub fn command(
        &self,
        access: &SandboxAccess,
        env: &Env,
        program: &OsStr,
        args: &[OsString],
    ) -> io::Result<Cmd> {
        let started_in = access.dir.clone();
        let dir = canonical(&access.dir)?;
        let temporary = canonical(&access.temporary)?;
        let mut access = SandboxAccess { dir, temporary, ..access.clone() };
        for path in access.writable.iter_mut().chain(&mut access.readable) {
            let content = canonical(path)?;
            // A link may have been left there by a program that was run before.
            let plain = without_dots(path);
            let plain = match plain.strip_prefix(&started_in) {
                Ok(below) if below.as_os_str().is_empty() => access.dir.clone(),
                Ok(below) => access.dir.join(below),
                Err(_) => plain,
            };
            if content != plain {
                let (named, content) = (path.display(), content.display());
                let why = format!("`{named}` is reached by a link: name `{content}`");
                return Err(io::Error::other(why));
            }
            *path = content;
        }
        for placed in &mut access.placed {
            placed.content = canonical(&placed.content)?;
        }
        refuse_too_much(&access, &mounts::home_of(env))?;
        let names = "127.0.0.1 localhost\n::1 localhost\n";
        file::write_unsynced(&access.temporary.join(bubblewrap::HOSTS), names.as_bytes())
            .map_err(io::Error::other)?;
        if let Self::Landlock { .. } = self {
            access.writable.push(access.temporary.clone());
        }
        let mounts = Mounts::of(&access, env);
        let own = own_path()?;
        let confined = inner_setup(&access, self, &mounts)?;
        let cmd = match self {
            Self::Bubblewrap { program: bubblewrap } => Cmd::alone(bubblewrap, Path::new("/"))
                .args(bubblewrap::arguments(&access, &mounts, &own))
                .args([OsStr::new("--"), OsStr::new(bubblewrap::INNER)]),
            Self::Landlock { .. } => Cmd::alone(&own, &access.dir),
            Self::None { why } => {
                return Err(io::Error::other(format!("there is no sandbox here: {why}")));
            }
        };
        keep_descriptors();
        let cmd = cmd.args([OsStr::new(CONFINED), OsStr::new(&confined), program]).args(args);
        let cmd = mounts.env.iter().fold(cmd, |cmd, (name, value)| cmd.env(name, value));
        let cmd = match self {
            // Its own home folder is out of reach.
            Self::Landlock { .. } => {
                cmd.env("HOME", &access.temporary).env("TMPDIR", &access.temporary)
            }
            Self::Bubblewrap { .. } | Self::None { .. } => cmd,
        };
        Ok(cmd.usage(UsageLimits {
            memory: access.limits.memory,
            processes: access.limits.processes,
            disk: access.limits.disk,
            writable: access.dirs(),
        }))
    }
}

fn inner_setup(
    access: &SandboxAccess,
    held_by: &Confinement,
    mounts: &Mounts,
) -> io::Result<String> {
    let landlock = matches!(held_by, Confinement::Landlock { .. }).then(|| LandlockPaths {
        writable: access.dirs(),
        readable: mounts.all_readable(),
        network: access.network,
    });
    let confined = InnerSetup { limits: access.limits, landlock };
    serde_json::to_string(&confined).map_err(io::Error::other)
}

/// Refuses what would open more than a folder to work in.
fn refuse_too_much(access: &SandboxAccess, home: &Path) -> io::Result<()> {
    let all = access.dirs().into_iter().chain(access.readable.iter().cloned());
    for path in all {
        let shown = path.display();
        let what = if mounts::holds(&path, home) {
            format!("`{shown}` holds your home folder")
        } else if mounts::is_of_everybody(&path) {
            format!("`{shown}` belongs to the system or to every program")
        } else {
            continue;
        };
        return Err(io::Error::other(format!("{what}: name a folder within")));
    }
    Ok(())
}

/// A path without links: what is mounted must be what was looked at.
fn canonical(path: &Path) -> io::Result<PathBuf> {
    let named = |error| io::Error::other(format!("could not open `{}`: {error}", path.display()));
    fs::canonicalize(path).map_err(named)
}

/// The program, of the folders of `PATH` that are the system's: one of the person's own folders is no
/// place for what is to hold them.
fn bubblewrap_of(env: &Env) -> Result<PathBuf, String> {
    let path = env.get("PATH").unwrap_or_default();
    let folders = std::env::split_paths(path).filter(|folder| mounts::is_of_system(folder));
    let found = folders.map(|folder| folder.join("bwrap")).find(|file| is_program(file));
    found.ok_or_else(|| "bubblewrap (`bwrap`) is not installed".to_owned())
}
