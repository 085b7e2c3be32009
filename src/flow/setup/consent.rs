//! Reads and writes what the person agreed to for a repository.
//!
//! The answers are in the person's own settings folder, one file a repository, and not with the
//! repository: whoever packed or made the repository could have put them there. The file is named by
//! the place of the repository, and holds only as long as the repository has the mark that was left in
//! it: another repository that stands in the same place later was not agreed to.
//!
//! A repository without a work tree, as on a server, has no person of its own: what its administrator
//! agreed to is with the repository, whose hooks are the administrator's too.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::model::error::hinted;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::{Consent, TrustedCommand};
use crate::domain::policy::prepare_settings::PrepareStep;
use crate::platform::config::env::{Env, user_file};
use crate::platform::config::random;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// The folder of the answers, beside the user's settings file.
const FOLDER: &str = "repositories";

/// The file of the answers, in the state folder of a repository without a work tree.
const OF_SERVER: &str = "consent.toml";

/// The file of the mark, in the state folder.
const MARK: &str = "consent-id";

/// What the file of a repository holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentFile {
    version: u32,
    /// The common git directory, for people.
    repository: String,
    /// The mark that the repository must have.
    id: String,
    consent: Consent,
}

const VERSION: u32 = 1;

/// What the person agreed to; nothing where no file says so.
pub fn load(repo: &Repo, env: &Env) -> Result<Consent> {
    let path = if env.has_user() { path(repo) } else { Some(path_of_server(repo)) };
    let known = path.map(|path| read(&path)).transpose()?.flatten();
    let known = known.filter(|known| mark(repo).is_some_and(|mark| mark == known.id));
    Ok(known.map(|known| known.consent).unwrap_or_default())
}

/// Keeps the answers, in place of the earlier ones.
pub fn save(repo: &Repo, consent: &Consent) -> Result<()> {
    let path = path(repo).ok_or_else(|| {
        hinted("what you agree to cannot be kept: you have no settings folder", "set `HOME`")
    })?;
    if mark(repo).is_none() {
        // Where another process was faster its mark counts: two would make both answers void.
        file::write_new(&mark_path(repo), random::id().to_string().as_bytes())?;
    }
    let id = mark(repo).context("the mark of the repository cannot be read")?;
    let known = ConsentFile {
        version: VERSION,
        repository: common_dir(repo).to_string_lossy().into_owned(),
        id,
        consent: consent.clone(),
    };
    let head = "# What you agreed to for this repository; `tribunal trust` shows and changes it.\n";
    let text = format!("{head}{}", toml::to_string(&known)?);
    file::write_atomic(&path, text.as_bytes())
}

/// Forgets every answer, and leaves no folder that would be empty.
pub fn forget(repo: &Repo) -> Result<()> {
    file::remove_if_there(&mark_path(repo))?;
    let Some(path) = path(repo) else { return Ok(()) };
    file::remove_if_there(&path)?;
    if repo.home_tree.is_some() {
        // Ours, tribunal's and the one of all settings.
        file::remove_empty(path.ancestors().skip(1).take(3));
    }
    Ok(())
}

/// Answers about a repository that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneAnswers {
    /// The file that holds them.
    pub file: PathBuf,
    /// The common git directory that the repository had.
    pub repository: PathBuf,
}

/// Every answer about a repository that is gone, in the order of their places. One that was moved is gone
/// from where it was: in its new place it is asked again.
pub fn of_gone() -> Vec<GoneAnswers> {
    let Some(folder) = folder() else { return Vec::new() };
    let files = file::entries(&folder).into_iter().flatten().filter_map(Result::ok);
    let mut gone: Vec<GoneAnswers> = files
        .filter_map(|entry| {
            let file = entry.path();
            let repository = PathBuf::from(read(&file).ok()??.repository);
            // What people read of a place may not be the place.
            let is_its_own = file_of(&repository).as_ref() == Some(&file);
            (is_its_own && is_gone(&repository)).then_some(GoneAnswers { file, repository })
        })
        .collect();
    gone.sort_by(|one, other| one.repository.cmp(&other.repository));
    gone
}

/// Forgets answers about a repository that is still gone; says whether it was.
pub fn forget_gone(answers: &GoneAnswers) -> Result<bool> {
    let is_gone = is_gone(&answers.repository);
    if is_gone {
        file::remove_file(&answers.file)?;
    }
    Ok(is_gone)
}

/// Whether nothing is at a place, and not for want of a disk alone: the nearest folder above it that is there
/// holds something else. One that is empty may wait for its disk, as may what is in the folders of disks.
fn is_gone(place: &Path) -> bool {
    const OF_DISKS: [&str; 4] = ["/media", "/mnt", "/run/media", "/Volumes"];
    let is_absent =
        |path: &&Path| matches!(fs::symlink_metadata(path), Err(error) if error.kind() == NotFound);
    if !is_absent(&place) {
        return false;
    }
    let Some(above) = place.ancestors().find(|path| !is_absent(path)) else { return false };
    let may_be_of_disk =
        above.parent().is_none() || OF_DISKS.iter().any(|of| above.starts_with(of));
    !may_be_of_disk && file::entries(above).is_ok_and(|mut entries| entries.next().is_some())
}

/// Whether the person agreed to exactly this command.
pub fn trusts(consent: &Consent, command: &CommandGate) -> bool {
    let print = fingerprint(command);
    consent.commands.iter().any(|trusted| trusted.fingerprint == print)
}

/// Whether the person agreed to another command of the same name.
pub fn knows_name(consent: &Consent, command: &CommandGate) -> bool {
    consent.commands.iter().any(|trusted| trusted.name == one_line(&command.name))
}

/// Adds these commands to those that may run.
pub fn trust(consent: &mut Consent, commands: &[CommandGate], now: Timestamp) {
    for command in commands {
        if !trusts(consent, command) {
            consent.commands.push(TrustedCommand {
                name: one_line(&command.name),
                fingerprint: fingerprint(command),
                agreed: now,
            });
        }
    }
}

/// Whether the person agreed to exactly this step.
pub fn trusts_step(consent: &Consent, step: &PrepareStep) -> bool {
    let print = fingerprint_of_step(step);
    consent.commands.iter().any(|trusted| trusted.fingerprint == print)
}

/// Adds these steps to what may run.
pub fn trust_steps(consent: &mut Consent, steps: &[PrepareStep], now: Timestamp) {
    for step in steps {
        if !trusts_step(consent, step) {
            consent.commands.push(TrustedCommand {
                name: one_line(&format!("prepare: {}", step.run)),
                fingerprint: fingerprint_of_step(step),
                agreed: now,
            });
        }
    }
}

/// As [`fingerprint`], for a step that prepares runs.
pub fn fingerprint_of_step(step: &PrepareStep) -> String {
    let PrepareStep { run, files, keep, env, env_files, changed, timeout: _ } = step;
    let what = json!({
        "run": run, "files": files, "keep": keep, "env": env, "env-files": env_files, "changed": changed,
    });
    let text = json!({"prepare": what}).to_string();
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// Hashes what an agreement covers: everything that decides what is executed and what it may write.
/// When the command runs, and for which files, may change without asking again.
pub fn fingerprint(command: &CommandGate) -> String {
    let CommandGate { name, run, share, format, on: _, paths: _, timeout: _ } = command;
    let text = json!({"name": name, "run": run, "share": share, "format": format}).to_string();
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

fn read(path: &Path) -> Result<Option<ConsentFile>> {
    let Some(content) = read_if_there(path)? else { return Ok(None) };
    let damaged = |_| {
        let path = path.display();
        hinted(
            format!("`{path}`, which holds what you agreed to, cannot be read"),
            format!("remove it with `rm {path}`, and run `tribunal trust` to answer again"),
        )
    };
    let text = String::from_utf8_lossy(&content);
    toml::from_str(&text).map(Some).map_err(damaged)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match file::read(path) {
        Ok(content) => Ok(Some(content)),
        // Where the state folder is no folder, there is nothing in it.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}

/// The file of the answers, whether or not it is there; `None` for a user without a settings folder.
pub fn path(repo: &Repo) -> Option<PathBuf> {
    if repo.home_tree.is_none() {
        return Some(path_of_server(repo));
    }
    file_of(&common_dir(repo))
}

fn file_of(common_dir: &Path) -> Option<PathBuf> {
    let name = &blake3::hash(common_dir.as_os_str().as_bytes()).to_hex()[..32];
    Some(folder()?.join(format!("{name}.toml")))
}

fn folder() -> Option<PathBuf> {
    Some(user_file()?.parent()?.join(FOLDER))
}

fn path_of_server(repo: &Repo) -> PathBuf {
    repo.state_dir().join(OF_SERVER)
}

/// One spelling, whichever work tree we were started from.
fn common_dir(repo: &Repo) -> PathBuf {
    repo.home_dir.canonicalize().unwrap_or_else(|_| repo.home_dir.clone())
}

fn mark_path(repo: &Repo) -> PathBuf {
    repo.state_dir().join(MARK)
}

fn mark(repo: &Repo) -> Option<String> {
    let mark = file::read(&mark_path(repo)).ok()?;
    Some(OsStr::from_bytes(mark.trim()).to_string_lossy().into_owned())
}

fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
