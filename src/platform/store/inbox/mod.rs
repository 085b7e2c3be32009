//! Events for the daemon, handed over as files: nothing is lost while it is down.
//!
//! A sender writes beside the inbox and renames in; a receiver claims by renaming out, so that of
//! two receivers one wins. What a killed receiver had claimed goes back. Where none receives for
//! long, the oldest are dropped, and counted.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::platform::config::random;
use crate::platform::process::is_alive;
use crate::platform::store::crash::save_point;
use crate::platform::store::file;
use crate::platform::store::file::append_line;
use crate::platform::store::permissions;

#[cfg(test)]
mod tests;

/// The format that this program writes; a newer one is set aside.
const VERSION: u32 = 1;

/// In the inbox: how many events were dropped, a number a line.
const DROPPED: &str = "dropped";

/// The largest file that is read as an event, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// The most events that wait, and the most bytes of those that may be large.
const WAITING_MAX: usize = 1_000;
const WAITING_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The most events that are kept set aside.
const ASIDE_MAX: usize = 100;

/// What happened in the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// A commit was made.
    Commit {
        oid: String,
        /// `None` where no branch was checked out.
        branch: Option<String>,
        #[serde(with = "crate::domain::model::path")]
        worktree: PathBuf,
    },
    /// Commits were replaced by others, as `git commit --amend` and `git rebase` do.
    Rewrite {
        /// `amend` or `rebase`, as git says it.
        command: String,
        /// Old and new object ids.
        pairs: Vec<(String, String)>,
        #[serde(with = "crate::domain::model::path")]
        worktree: PathBuf,
    },
    /// Findings that a rule may be learned from came to the ledger.
    Findings {
        #[serde(with = "crate::domain::model::path")]
        worktree: PathBuf,
    },
}

impl Event {
    /// The work tree that it happened in.
    pub fn worktree(&self) -> &Path {
        match self {
            Self::Commit { worktree, .. }
            | Self::Rewrite { worktree, .. }
            | Self::Findings { worktree } => worktree,
        }
    }

    /// The word in the file's name.
    fn kind(&self) -> &'static str {
        match self {
            Self::Commit { .. } => "commit",
            Self::Rewrite { .. } => "rewrite",
            Self::Findings { .. } => "findings",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u32,
    #[serde(flatten)]
    event: Event,
}

/// The little that is read before the rest, so that a newer format is recognised.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// An event that is ours until it is done.
#[must_use = "an event that is claimed and not done is handled again"]
#[derive(Debug)]
pub struct Claim {
    pub event: Event,
    path: PathBuf,
}

impl Claim {
    /// Notes in the file's name that handling it failed, so that the next receiver knows it too.
    /// Gives how often it has failed now.
    pub fn failed(&mut self) -> Result<u32> {
        let (base, tries) = self.name();
        let again = self
            .path
            .with_file_name(with_owner(&format!("{base}.{}.json", tries + 1), std::process::id()));
        save_point();
        fs::rename(&self.path, &again)
            .with_context(|| format!("could not rename `{}`", self.path.display()))?;
        save_point();
        self.path = again;
        Ok(tries + 1)
    }

    /// Ends an event that could not be handled: it is kept in `inbox/aside/`.
    pub fn give_up(self, state_dir: &Path) -> Result<PathBuf> {
        let inbox = folder(state_dir);
        set_aside(&inbox, &self.path, &format!("{}.json", self.name().0))
    }

    /// The name that the sender gave, without its ending, and how often handling it has failed.
    fn name(&self) -> (String, u32) {
        let name = self.path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let name = name.rsplit_once('.').map_or(&*name, |(name, _owner)| name);
        let stem = name.strip_suffix(".json").unwrap_or(name);
        match stem.rsplit_once('.').map(|(base, tries)| (base, tries.parse())) {
            Some((base, Ok(tries))) => (base.to_owned(), tries),
            _ => (stem.to_owned(), 0),
        }
    }

    /// Ends the event: it is not handed out again.
    pub fn done(self) -> Result<()> {
        save_point();
        file::remove_file(&self.path)?;
        save_point();
        Ok(())
    }
}

/// What was found in the inbox.
#[derive(Debug, Default)]
pub struct Taken {
    /// The oldest first.
    pub claims: Vec<Claim>,
    /// Files that this program does not understand, with the reason; they are in `inbox/aside/`.
    pub aside: Vec<(PathBuf, String)>,
}

/// Where the events of a repository are.
pub fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("inbox")
}

/// Makes the folders of the inbox.
pub fn make(state_dir: &Path) -> Result<()> {
    for part in ["", "new", "claimed", "aside"] {
        let path = folder(state_dir).join(part);
        permissions::make_dir(&path)
            .with_context(|| format!("could not create the folder `{}`", path.display()))?;
    }
    Ok(())
}

/// Hands an event over. It is there whole or not at all.
pub fn drop_in(state_dir: &Path, event: &Event) -> Result<()> {
    let inbox = folder(state_dir);
    let name = format!("{}-{}.json", random::id(), event.kind());
    let text = serde_json::to_vec(&Envelope { version: VERSION, event: event.clone() })?;
    let (beside, inside) = (inbox.join("new").join(&name), inbox.join(&name));
    save_point();
    // Not synced: an event lost with the machine's power costs a log line, a sync costs each commit.
    if !inbox.join("new").is_dir() {
        make(state_dir)?;
    }
    write_new(&beside, &text).with_context(|| format!("could not write `{}`", beside.display()))?;
    save_point();
    fs::rename(&beside, &inside)
        .with_context(|| format!("could not write `{}`", inside.display()))?;
    save_point();
    drop_oldest(&inbox)
}

/// Keeps the inbox small where no watcher empties it.
fn drop_oldest(inbox: &Path) -> Result<()> {
    let names = names(inbox)?;
    // A rewrite lists commits; the others are a line each.
    let size = |name: &String| {
        let is_large = name.contains("-rewrite");
        let file = is_large.then(|| fs::metadata(inbox.join(name)).ok()).flatten();
        file.map_or(0, |file| file.len())
    };
    let mut bytes: u64 = names.iter().map(size).sum();
    let mut count = names.len();
    let mut dropped = 0;
    for name in &names {
        if count <= WAITING_MAX && bytes <= WAITING_BYTES_MAX {
            break;
        }
        bytes -= size(name).min(bytes);
        count -= 1;
        // Another sender may be doing the same: who removed it counts it.
        dropped += usize::from(fs::remove_file(inbox.join(name)).is_ok());
    }
    if dropped > 0 {
        append_line(&inbox.join(DROPPED), &dropped.to_string())?;
    }
    Ok(())
}

/// How many events were dropped since that was last forgotten.
pub fn dropped(state_dir: &Path) -> usize {
    let text = file::read_text(&folder(state_dir).join(DROPPED)).unwrap_or_default();
    text.lines().filter_map(|line| line.parse::<usize>().ok()).sum()
}

/// Forgets how many were dropped, once it was said.
pub fn forget_dropped(state_dir: &Path) -> Result<()> {
    file::remove_file(&folder(state_dir).join(DROPPED))
}

/// Moves a file to those that could not be handled, of which the newest are kept.
fn set_aside(inbox: &Path, from: &Path, name: &str) -> Result<PathBuf> {
    let folder = inbox.join("aside");
    let aside = folder.join(name);
    fs::rename(from, &aside)
        .with_context(|| format!("could not set `{}` aside", aside.display()))?;
    let kept = names(&folder)?;
    for old in kept.iter().take(kept.len().saturating_sub(ASIDE_MAX)) {
        file::remove_file(&folder.join(old))?;
    }
    Ok(aside)
}

/// Claims up to `max` events, the oldest first.
pub fn claim(state_dir: &Path, max: usize) -> Result<Taken> {
    let inbox = folder(state_dir);
    let mut taken = Taken::default();
    for name in names(&inbox)?.into_iter().take(max) {
        let claimed = inbox.join("claimed").join(with_owner(&name, std::process::id()));
        match fs::rename(inbox.join(&name), &claimed) {
            Ok(()) => {}
            // Another receiver was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("could not claim `{}`", inbox.join(&name).display()));
            }
        }
        save_point();
        match read(&claimed) {
            Ok(event) => taken.claims.push(Claim { event, path: claimed }),
            Err(reason) => {
                taken.aside.push((set_aside(&inbox, &claimed, &name)?, reason));
            }
        }
    }
    Ok(taken)
}

/// Puts back what receivers had claimed that do not run any more, and says how many.
pub fn put_back_leftovers(state_dir: &Path) -> Result<usize> {
    let inbox = folder(state_dir);
    let mut count = 0;
    for claimed in names(&inbox.join("claimed"))? {
        let Some((name, owner)) = claimed.rsplit_once('.') else { continue };
        // An owner with our own id is an earlier process that had the same one.
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let alive = owner.parse().is_ok_and(|owner| owner != own && is_alive(owner, None));
        if !alive && fs::rename(inbox.join("claimed").join(&claimed), inbox.join(name)).is_ok() {
            count += 1;
        }
    }
    Ok(count)
}

/// How many events wait.
pub fn waiting(state_dir: &Path) -> usize {
    names(&folder(state_dir)).map_or(0, |names| names.len())
}

fn read(path: &Path) -> Result<Event, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > BYTES_MAX {
        return Err(format!("{size} bytes are too many for an event"));
    }
    let text = file::read(path).map_err(|error| error.to_string())?;
    let head: Head = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    if head.version > VERSION {
        return Err(format!("it is of version {}, and this program reads {VERSION}", head.version));
    }
    let envelope: Envelope = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    Ok(envelope.event)
}

fn with_owner(name: &str, owner: u32) -> String {
    format!("{name}.{owner}")
}

/// The files in a folder, sorted by name and so by time; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match file::entries(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => {
            other.with_context(|| format!("could not read the folder `{}`", folder.display()))?
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_event_name(name))
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// Whether it is an event's file or an event's that is claimed: nothing else is touched.
fn is_event_name(name: &str) -> bool {
    let name = match name.rsplit_once('.') {
        Some((rest, end)) if end.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => name,
    };
    Path::new(name).extension() == Some(OsStr::new("json")) && !name.starts_with('.')
}

fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    permissions::open(path, fs::OpenOptions::new().write(true).truncate(true))?.write_all(text)
}
