//! The real `claude` and `codex`: pinned versions that npm installs once below the target folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::needs::{Need, skip};

const CLAUDE: (&str, &str) = ("@anthropic-ai/claude-code", "2.1.329");
const CODEX: (&str, &str) = ("@openai/codex", "0.169.0");

/// Where the programs are.
#[derive(Debug)]
pub struct Programs {
    pub claude: PathBuf,
    pub codex: PathBuf,
}

/// The programs, or `None` where they cannot be had and the test is skipped.
#[track_caller]
pub fn programs(test: &str) -> Option<&'static Programs> {
    static FOUND: OnceLock<Result<Programs, String>> = OnceLock::new();
    match FOUND.get_or_init(find_or_install) {
        Ok(programs) => Some(programs),
        Err(missing) => {
            skip(test, Need::Agents, missing);
            None
        }
    }
}

/// Whether the sandbox of codex works on this machine; a line says which test is skipped where it
/// does not. No package can be installed against that, so that it is no failure anywhere.
pub fn codex_is_held(test: &str) -> bool {
    static HELD: OnceLock<bool> = OnceLock::new();
    let Some(programs) = programs(test) else { return false };
    let held = *HELD.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let mut sandbox = Command::new(&programs.codex);
        sandbox.args(["sandbox", "--", "/bin/true"]).current_dir(&home);
        sandbox.env("HOME", home.path()).env("CODEX_HOME", home.path());
        sandbox.output().is_ok_and(|output| output.status.success())
    });
    if !held {
        let why = "the sandbox of codex, which needs user namespaces, does not work here";
        skip(test, Need::UserNamespaces, why);
    }
    held
}

fn find_or_install() -> Result<Programs, String> {
    let name = format!("npm-claude-{}-codex-{}", CLAUDE.1, CODEX.1);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let said = |error: io::Error| format!("`{}`: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(said)?;
    // Of several test programs at once, one installs.
    let lock = File::create(folder.join("lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    find(&folder).or_else(|_| {
        install(&folder)?;
        find(&folder)
    })
}

fn find(folder: &Path) -> Result<Programs, String> {
    let modules = folder.join("node_modules");
    // The package for the platform comes last: its name holds the platform's.
    let mut claude = vec![modules.join("@anthropic-ai/claude-code/bin/claude.exe")];
    let packages = entries(&modules.join("@anthropic-ai")).into_iter();
    claude.extend(packages.map(|package| package.join("claude")));
    let packages = entries(&modules.join("@openai")).into_iter();
    let targets = packages.flat_map(|package| entries(&package.join("vendor")));
    let codex = targets.map(|target| target.join("bin/codex")).collect();
    Ok(Programs { claude: pick(CLAUDE, claude)?, codex: pick(CODEX, codex)? })
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

fn install(folder: &Path) -> Result<(), String> {
    let packages = [CLAUDE, CODEX].map(|(package, version)| format!("{package}@{version}"));
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
