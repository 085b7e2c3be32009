//! The real pytest and the real TypeScript: pinned versions that pip and npm fetch once below the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::needs::{Need, skip};

/// What a project of Python pins.
pub const REQUIREMENTS: &str =
    "pytest==8.4.2\niniconfig==2.1.0\npackaging==25.0\npluggy==1.6.0\npygments==2.19.2\n";

pub const PACKAGE: &str = r#"{
  "name": "sizes",
  "private": true,
  "type": "module",
  "devDependencies": { "typescript": "5.9.3" }
}
"#;

/// The lock file of that, without the registry that a person's machine names.
pub const LOCK: &str = r#"{
  "name": "sizes",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": { "name": "sizes", "devDependencies": { "typescript": "5.9.3" } },
    "node_modules/typescript": {
      "version": "5.9.3",
      "integrity": "sha512-jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
      "dev": true,
      "bin": { "tsc": "bin/tsc", "tsserver": "bin/tsserver" }
    }
  }
}
"#;

/// What was fetched, so that a run fetches it again without waiting.
#[derive(Debug)]
pub struct Toolchain {
    /// What is copied to where the package manager keeps its downloads.
    pub downloads: PathBuf,
    /// What it installed: a person has it in their own work tree.
    pub installed: PathBuf,
    /// Where the interpreter itself is; `None` where it is one of the system's.
    pub interpreter: Option<PathBuf>,
}

/// The interpreter with pip, and pytest.
#[track_caller]
pub fn python(test: &str) -> Option<&'static Toolchain> {
    static FOUND: OnceLock<Result<Toolchain, String>> = OnceLock::new();
    had(test, FOUND.get_or_init(find_python))
}

/// Node with npm, and TypeScript.
#[track_caller]
pub fn typescript(test: &str) -> Option<&'static Toolchain> {
    static FOUND: OnceLock<Result<Toolchain, String>> = OnceLock::new();
    had(test, FOUND.get_or_init(find_typescript))
}

#[track_caller]
fn had(test: &str, found: &'static Result<Toolchain, String>) -> Option<&'static Toolchain> {
    match found {
        Ok(toolchain) => Some(toolchain),
        Err(missing) => {
            skip(test, Need::Toolchains, missing);
            None
        }
    }
}

fn find_python() -> Result<Toolchain, String> {
    let prefix = said("python3", &["-c", "import sys; print(sys.base_prefix)"], Path::new("/"))?;
    // An environment of another interpreter is another one.
    let name = format!("pytest-{}", prefix.replace('/', "-"));
    let (folder, _lock) = claimed(&name, REQUIREMENTS)?;
    let installed = folder.join(".venv");
    let downloads = folder.join("wheels");
    if !folder.join("done").exists() {
        fs::write(folder.join("requirements.txt"), REQUIREMENTS).map_err(|e| e.to_string())?;
        said("python3", &["-m", "venv", ".venv"], &folder)?;
        let python = ".venv/bin/python";
        let fetch = ["-m", "pip", "download", "-q", "-d", "wheels", "-r", "requirements.txt"];
        said(python, &fetch, &folder)?;
        let offline = ["-m", "pip", "install", "-q", "--no-index", "--find-links", "wheels"];
        said(python, &[&offline[..], &["-r", "requirements.txt"]].concat(), &folder)?;
        fs::write(folder.join("done"), "").map_err(|error| error.to_string())?;
    }
    Ok(Toolchain { downloads, installed, interpreter: own(Path::new(&prefix)) })
}

fn find_typescript() -> Result<Toolchain, String> {
    let (folder, _lock) = claimed("typescript", LOCK)?;
    let downloads = folder.join("downloads");
    if !folder.join("done").exists() {
        fs::write(folder.join("package.json"), PACKAGE).map_err(|error| error.to_string())?;
        fs::write(folder.join("package-lock.json"), LOCK).map_err(|error| error.to_string())?;
        let quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--cache", "downloads"];
        said("npm", &[&["ci"], &quiet[..]].concat(), &folder)?;
        fs::write(folder.join("done"), "").map_err(|error| error.to_string())?;
    }
    let node = said("node", &["-p", "process.execPath"], Path::new("/"))?;
    let interpreter = Path::new(&node).ancestors().nth(2).and_then(own);
    Ok(Toolchain { downloads, installed: folder.join("node_modules"), interpreter })
}

fn own(folder: &Path) -> Option<PathBuf> {
    let of_system = ["/usr", "/bin", "/opt"];
    let is_own = folder != Path::new("/") && !of_system.iter().any(|top| folder.starts_with(top));
    is_own.then(|| folder.to_owned())
}

/// The folder for what these lines pin; of several test programs at once, one installs.
fn claimed(name: &str, pins: &str) -> Result<(PathBuf, File), String> {
    let hash = blake3::hash(pins.as_bytes()).to_hex();
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", &hash.as_str()[..12]));
    fs::create_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    Ok((folder, lock))
}

/// What a program prints, or why it failed.
fn said(program: &str, words: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(words).current_dir(folder).output();
    let output = output.map_err(|error| format!("`{program}` cannot be run ({error})"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let all = [output.stdout, output.stderr].concat();
    let all = String::from_utf8_lossy(&all).into_owned();
    let why = all.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(format!("`{program} {}` failed: {why}", words.join(" ")))
}
