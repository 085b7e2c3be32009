//! The real hook managers: pinned versions, an older and a newer one, that npm and pip install once below
//! the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::{Outcome, Repo, TRIBUNAL, run};
use crate::needs::{Need, skip};

const OLD: Pins = Pins {
    npm: ["husky@9.0.11", "lefthook@2.1.0", "simple-git-hooks@2.11.1"],
    pip: ["pre-commit==4.3.0", "prek==0.4.8"],
};
const NEW: Pins = Pins {
    npm: ["husky@9.1.7", "lefthook@2.2.2", "simple-git-hooks@2.14.0"],
    pip: ["pre-commit==4.7.0", "prek==0.5.11"],
};

struct Pins {
    npm: [&'static str; 3],
    pip: [&'static str; 2],
}

/// A hook manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Husky,
    Lefthook,
    PreCommit,
    Prek,
    SimpleGitHooks,
}

/// Where the programs of one set of versions are.
#[derive(Debug)]
pub struct Version {
    folder: PathBuf,
}

#[derive(Debug)]
pub struct Versions {
    pub old: Version,
    pub new: Version,
}

/// The programs, or `None` where they cannot be had and the test is skipped.
#[track_caller]
pub fn versions(test: &str) -> Option<&'static Versions> {
    static FOUND: OnceLock<Result<Versions, String>> = OnceLock::new();
    match FOUND.get_or_init(find_or_install) {
        Ok(versions) => Some(versions),
        Err(missing) => {
            skip(test, Need::HookManagers, missing);
            None
        }
    }
}

impl Version {
    /// The value of `PATH` by which they and tribunal are found.
    pub fn path(&self) -> String {
        let tribunal = Path::new(TRIBUNAL).parent().unwrap().display();
        format!("{tribunal}:{}", self.path_without_tribunal())
    }

    pub fn path_without_tribunal(&self) -> String {
        let folder = self.folder.display();
        let path = std::env::var("PATH").unwrap();
        format!("{folder}/node_modules/.bin:{folder}/python/bin:{path}")
    }

    /// The value of `PYTHONPATH`.
    pub fn python(&self) -> String {
        self.folder.join("python").display().to_string()
    }
}

impl Tool {
    pub const ALL: [Self; 5] =
        [Self::Husky, Self::Lefthook, Self::PreCommit, Self::Prek, Self::SimpleGitHooks];

    pub fn name(self) -> &'static str {
        match self {
            Self::Husky => "husky",
            Self::Lefthook => "lefthook",
            Self::PreCommit => "pre-commit",
            Self::Prek => "prek",
            Self::SimpleGitHooks => "simple-git-hooks",
        }
    }

    /// Installs its hooks, as its own command does.
    pub fn install(self, repo: &Repo<'_>, version: &Version) -> Outcome {
        call(
            repo,
            version,
            match self {
                Self::Husky => &["husky"],
                Self::Lefthook => &["lefthook", "install"],
                Self::PreCommit => &["pre-commit", "install"],
                Self::Prek => &["prek", "install"],
                Self::SimpleGitHooks => &["simple-git-hooks"],
            },
        )
    }

    /// Takes its hooks away, as its manual says.
    pub fn uninstall(self, repo: &Repo<'_>, version: &Version) -> Outcome {
        let script = version.folder.join("node_modules/simple-git-hooks/uninstall.js");
        let types = ["uninstall", "-t", "pre-commit", "-t", "pre-push"];
        match self {
            Self::Husky => call(repo, version, &["git", "config", "--unset", "core.hooksPath"]),
            Self::Lefthook => call(repo, version, &["lefthook", "uninstall"]),
            Self::PreCommit => call(repo, version, &[&["pre-commit"], &types[..]].concat()),
            Self::Prek => call(repo, version, &[&["prek"], &types[..]].concat()),
            Self::SimpleGitHooks => call(repo, version, &["node", script.to_str().unwrap()]),
        }
    }
}

fn call(repo: &Repo<'_>, version: &Version, words: &[&str]) -> Outcome {
    let mut command = repo.sandbox.command("env", &repo.dir);
    command.env("PATH", version.path()).env("PYTHONPATH", version.python()).args(words);
    run(command, b"")
}

fn find_or_install() -> Result<Versions, String> {
    Ok(Versions { old: find(&OLD)?, new: find(&NEW)? })
}

fn find(pins: &Pins) -> Result<Version, String> {
    let name = [&pins.npm[..], &pins.pip[..]].concat().join("-").replace("==", "@");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let done = folder.join("done");
    fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    // Of several test programs at once, one installs.
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if !done.exists() {
        // No script of a package runs: one of them installs hooks into the repository around it.
        let quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
        let mut npm = Command::new("npm");
        npm.arg("install").args(quiet).arg("--prefix").arg(&folder).args(pins.npm);
        installed(npm.current_dir(&folder))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg("--target").arg(folder.join("python")).args(pins.pip);
        installed(pip.current_dir(&folder))?;
        fs::write(done, "").map_err(|error| error.to_string())?;
    }
    Ok(Version { folder })
}

fn installed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.output().map_err(|error| format!("`{program}` cannot be run ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(format!("`{program}` could not install the hook managers: {why}"))
}
