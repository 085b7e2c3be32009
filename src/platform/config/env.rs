//! The one reader of the environment and of the clock.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The settings file of this user, whether or not it is there.
pub fn user_file() -> Option<PathBuf> {
    project_dirs().map(|dirs| dirs.config_dir().join("config.toml"))
}

/// The folder of workspaces and of what agents leave; whether or not it is there.
pub fn cache_folder() -> Option<PathBuf> {
    project_dirs().map(|dirs| dirs.cache_dir().to_owned())
}

/// The folder for what this user's programs keep beside settings and caches, whether or not it is there.
pub fn user_state_dir() -> Option<PathBuf> {
    let dirs = project_dirs()?;
    Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned())
}

/// `None` where `HOME` does not say where the user is at home. The system's list of users is not asked: that
/// loads libraries for it, which ends a program that is linked statically.
#[expect(clippy::disallowed_methods, reason = "the crate reads the environment itself, too")]
fn project_dirs() -> Option<ProjectDirs> {
    std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    ProjectDirs::from("", "", "tribunal")
}

/// The environment as it was when the program started.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    /// The directory that the program was started in; git's relative paths count from here.
    pub current_dir: PathBuf,
    /// Whether this is a server, on which the user who pushes has no say: not by variables, not by
    /// the settings in the home of the account that the push came in by.
    is_server: bool,
}

/// The home folder that the system has on record for this user, whatever the environment says.
pub fn home_on_record() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned())
}

impl Env {
    /// Reads the whole environment, once.
    pub fn capture() -> std::io::Result<Self> {
        Ok(Self {
            vars: std::env::vars_os().collect(),
            current_dir: std::env::current_dir()?,
            is_server: false,
        })
    }

    /// This environment with these `TRIBUNAL_*` variables in the place of all that it has itself, those of
    /// tests apart: they are about the process.
    pub fn with_own_variables(&self, variables: &BTreeMap<String, String>) -> Self {
        let is_kept = |name: &OsStr| {
            let name = name.as_encoded_bytes();
            !name.starts_with(b"TRIBUNAL_") || name.starts_with(b"TRIBUNAL_TEST_")
        };
        let kept = self.vars.iter().filter(|(name, _)| is_kept(name));
        let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
        let given = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Self {
            vars: kept.chain(given).collect(),
            current_dir: self.current_dir.clone(),
            is_server: self.is_server,
        }
    }

    /// Every variable that has a value, in order.
    pub fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let all = self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        all.filter(|(_, value)| !value.is_empty())
    }

    /// An environment of these variables alone.
    #[cfg(test)]
    pub fn of(vars: &[(&str, &str)]) -> Self {
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { vars, current_dir: PathBuf::from("/"), is_server: false }
    }

    /// The same place as a server sees it: of the variables only those by which git says where the
    /// pushed objects are, and no settings of a user.
    pub fn of_server(&self) -> Self {
        const PLACES: [&str; 4] = [
            "GIT_DIR",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_QUARANTINE_PATH",
        ];
        let is_place = |name: &OsStr| PLACES.iter().any(|place| name == *place);
        let vars = self.vars.iter().filter(|(name, _)| is_place(name));
        Self {
            vars: vars.map(|(name, value)| (name.clone(), value.clone())).collect(),
            current_dir: self.current_dir.clone(),
            is_server: true,
        }
    }

    /// Whether the settings of a user hold.
    pub fn has_user(&self) -> bool {
        !self.is_server
    }

    /// What a git command is to be given, so that it sees the settings that this program was
    /// started with: by `git -c`, or by the variables that carry settings or name their files. For
    /// a value of `None` the variable is taken away. Empty where git's own files alone count.
    pub fn git_settings(&self) -> Vec<(OsString, Option<OsString>)> {
        if self.is_server {
            // The system's settings are the server's own; those of an account are not.
            let away = ["GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"].map(|name| (name.into(), None));
            let no_user = ("GIT_CONFIG_GLOBAL".into(), Some("/dev/null".into()));
            return away.into_iter().chain([no_user]).collect();
        }
        // `GIT_CONFIG` speaks to `git config` alone: no other git command sees what it names.
        let carries = |name: &OsStr| name.as_encoded_bytes().starts_with(b"GIT_CONFIG_");
        let vars = self.vars.iter().filter(|(name, _)| carries(name));
        vars.map(|(name, value)| (name.clone(), Some(value.clone()))).collect()
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The value of a variable, where it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// A path from a variable, made absolute against the directory the program was started in.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.current_dir.join(Path::new(value)))
    }

    /// Every variable whose name starts with `prefix` and is UTF-8, in order.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.vars
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
            .filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // An environment holds credentials: its values are never printed.
        f.debug_struct("Env").field("vars", &self.vars.len()).finish_non_exhaustive()
    }
}

/// The time. Debug builds let a test set it with `TRIBUNAL_TEST_NOW` (RFC 3339).
pub fn now(env: &Env) -> Timestamp {
    if cfg!(debug_assertions)
        && let Some(fixed) = env.text("TRIBUNAL_TEST_NOW").and_then(|t| t.parse().ok())
    {
        return fixed;
    }
    Timestamp::now()
}

/// The time that the machine's clock shows, for a log.
pub fn wall_clock() -> Timestamp {
    Timestamp::now()
}

/// The time zone in which this user reads and writes times: that of `TZ`, else the machine's.
pub fn zone() -> TimeZone {
    TimeZone::system()
}

/// The first wait before another try. Debug builds let a test set it with `TRIBUNAL_TEST_BACKOFF`,
/// in milliseconds.
pub fn backoff_base(env: &Env) -> Duration {
    if cfg!(debug_assertions)
        && let Some(base) = env.text("TRIBUNAL_TEST_BACKOFF").and_then(|ms| ms.parse().ok())
    {
        return Duration::from_millis(base);
    }
    Duration::from_secs(1)
}
