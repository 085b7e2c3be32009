//! The real `claude` and `codex`: pinned versions that npm installs once below the target folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::needs::{Need, skip};

const CLAUDE: &str = "@anthropic-ai/claude-code";
const CODEX: &str = "@openai/codex";

/// The versions that are asked in the usual form.
const PINNED: [&str; 2] = ["2.1.329", "0.169.0"];

/// Where the programs are.
#[derive(Debug)]
pub struct Programs {
    pub claude: PathBuf,
    pub codex: PathBuf,
    /// Of both, in this order.
    pub versions: [String; 2],
}

/// The programs, or `None` where they cannot be had and the test is skipped.
#[track_caller]
pub fn programs(test: &str) -> Option<&'static Programs> {
    static FOUND: OnceLock<Result<Programs, String>> = OnceLock::new();
    had(test, FOUND.get_or_init(|| find_or_install(&PINNED.map(str::to_owned))))
}

/// The newest that npm has.
#[track_caller]
pub fn newest_programs(test: &str) -> Option<&'static Programs> {
    static FOUND: OnceLock<Result<Programs, String>> = OnceLock::new();
    let find = || find_or_install(&[newest(CLAUDE)?, newest(CODEX)?]);
    had(test, FOUND.get_or_init(find))
}

#[track_caller]
fn had(test: &str, found: &'static Result<Programs, String>) -> Option<&'static Programs> {
    match found {
        Ok(programs) => Some(programs),
        Err(missing) => {
            skip(test, Need::Agents, missing);
            None
        }
    }
}

fn newest(package: &str) -> Result<String, String> {
    let output = Command::new("npm").args(["view", package, "version"]).output();
    let output = output.map_err(|error| format!("npm cannot be run ({error})"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !version.is_empty() {
        return Ok(version);
    }
    Err(format!("npm does not say which version of {package} is the newest"))
}

/// Whether the sandbox of codex works on this machine; a line says which test is skipped where it
/// does not. No package can be installed against that, so that it is no failure anywhere.
pub fn codex_is_held(test: &str) -> bool {
    static HELD: OnceLock<bool> = OnceLock::new();
    let Some(programs) = programs(test) else { return false };
    let held = *HELD.get_or_init(|| {
        let (home, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut sandbox = Command::new(&programs.codex);
        sandbox.args(["sandbox", "--", "/bin/true"]).current_dir(&home);
        sandbox.env("HOME", home.path()).env("CODEX_HOME", home.path());
        // It makes its helpers in its own folder, unless that is a temporary one.
        sandbox.env("TMPDIR", temporary.path());
        sandbox.output().is_ok_and(|output| output.status.success())
    });
    if !held {
        let why = "the sandbox of codex, which needs user namespaces, does not work here";
        skip(test, Need::UserNamespaces, why);
    }
    held
}

fn find_or_install(versions: &[String; 2]) -> Result<Programs, String> {
    let name = format!("npm-claude-{}-codex-{}", versions[0], versions[1]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let said = |error: io::Error| format!("`{}`: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(said)?;
    // Of several test programs at once, one installs.
    let lock = File::create(folder.join("lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    find(&folder, versions).or_else(|_| {
        install(&folder, versions)?;
        find(&folder, versions)
    })
}

fn find(folder: &Path, versions: &[String; 2]) -> Result<Programs, String> {
    let modules = folder.join("node_modules");
    // The package for the platform comes last: its name holds the platform's.
    let mut claude = vec![modules.join("@anthropic-ai/claude-code/bin/claude.exe")];
    let packages = entries(&modules.join("@anthropic-ai")).into_iter();
    claude.extend(packages.map(|package| package.join("claude")));
    let packages = entries(&modules.join("@openai")).into_iter();
    let targets = packages.flat_map(|package| entries(&package.join("vendor")));
    let codex = targets.map(|target| target.join("bin/codex")).collect();
    Ok(Programs {
        claude: pick((CLAUDE, &versions[0]), claude)?,
        codex: pick((CODEX, &versions[1]), codex)?,
        versions: versions.clone(),
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The first that says of itself that it is this version.
fn pick((package, version): (&str, &str), places: Vec<PathBuf>) -> Result<PathBuf, String> {
    let is_it = |path: &PathBuf| {
        let output = Command::new(path).arg("--version").output();
        output.is_ok_and(|output| {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.split_whitespace().any(|word| word == version)
        })
    };
    let found = places.into_iter().find(is_it);
    found.ok_or_else(|| format!("{package}@{version} was installed and cannot be run"))
}

fn install(folder: &Path, [claude, codex]: &[String; 2]) -> Result<(), String> {
    let packages = [format!("{CLAUDE}@{claude}"), format!("{CODEX}@{codex}")];
    let output = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"])
        .args(["--fetch-retry-mintimeout=1000"])
        .arg("--prefix")
        .arg(folder)
        .args(&packages)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm cannot be run ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(format!("npm could not install {}: {why}", packages.join(" and ")))
}

#[test]
fn the_real_programs_are_there() {
    let Some(programs) = programs("the_real_programs_are_there") else { return };
    assert!(programs.claude.is_file() && programs.codex.is_file());
}
