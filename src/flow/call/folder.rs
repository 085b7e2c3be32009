//! Stores the files of one call: prompt, agent's files, reply.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use jiff::Timestamp;
use rustix::fs::FileType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::gates::secrets::redact;
use crate::domain::model::agent::{AgentIdentity, Money};
use crate::platform::agents::ask::Reply;
use crate::platform::store::file;
use crate::platform::store::file::write_atomic;
use crate::platform::store::folder::Folder;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::permissions;

/// The folder of one call, in the folder of its run.
pub struct CallFolder {
    path: PathBuf,
}

/// A reply as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredReply {
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Whether its cost was computed from the price table.
    pub priced: bool,
    /// What it counts for in the budgets where nobody told what it cost.
    #[serde(default)]
    pub estimate: Option<Money>,
    pub reply: Reply,
}

impl StoredReply {
    /// The ledger's call, ended with this reply.
    pub fn end(&self, call: Call) -> Call {
        let AgentIdentity { model, version, .. } = self.reply.by.clone();
        Call {
            model: if model.is_empty() { call.model } else { model },
            version,
            ended: Some(self.ended),
            outcome: self.reply.outcome.as_str().to_owned(),
            cost: self.reply.cost,
            priced: self.priced,
            budget: self.estimate.unwrap_or(call.budget),
            ..call
        }
    }
}

impl CallFolder {
    pub fn of(run_folder: &Path, key: &str) -> Self {
        Self { path: run_folder.join("calls").join(key) }
    }

    /// The folders of all calls of a run.
    pub fn all(run_folder: &Path) -> Result<Vec<Self>> {
        let calls = run_folder.join("calls");
        let failed = || format!("could not read `{}`", calls.display());
        let entries = match file::entries(&calls) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(failed)?,
        };
        entries.map(|entry| Ok(Self { path: entry.with_context(failed)?.path() })).collect()
    }

    /// The file that names the agent's process while it runs.
    pub fn note(&self) -> PathBuf {
        self.path.join("process.json")
    }

    /// The file with the stored reply, where there is one.
    pub fn reply_file(&self) -> PathBuf {
        self.path.join("reply.json")
    }

    /// Reads the stored reply; `None` where there is none or it cannot be read.
    pub fn reply(&self) -> Option<StoredReply> {
        serde_json::from_slice(&file::read(&self.reply_file()).ok()?).ok()
    }

    /// Stores the reply atomically.
    pub fn store_reply(&self, kept: &StoredReply) -> Result<()> {
        write_atomic(&self.reply_file(), &serde_json::to_vec_pretty(kept)?)
    }

    /// Stores what the call counts for should it be killed.
    pub fn store_estimate(&self, estimate: Money) -> Result<()> {
        let path = self.path.join(ESTIMATE);
        // Half of it is no estimate, and then the whole budget of the call counts.
        let mut private = OpenOptions::new();
        private.write(true).truncate(true).mode(0o600);
        permissions::open(&path, &private)
            .and_then(|mut file| file.write_all(&serde_json::to_vec(&estimate)?))
            .with_context(|| format!("could not write `{}`", path.display()))
    }

    /// What the call counts for where it was killed; `None` where that cannot be read.
    pub fn estimate(&self) -> Option<Money> {
        serde_json::from_slice(&file::read(&self.path.join(ESTIMATE)).ok()?).ok()
    }

    /// Removes the reply.
    pub fn remove_reply(&self) -> Result<()> {
        let path = self.reply_file();
        fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))
    }

    /// Creates the folder anew with the prompt, for this user alone; files of a killed call are
    /// removed. Returns an empty folder for the agent.
    pub fn prepare(&self, prompt: &str) -> Result<PathBuf> {
        let agents = self.agents();
        let make = || -> io::Result<()> {
            match fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            permissions::make_private_dir(&self.path)?;
            permissions::make_private_dir(&agents)?;
            let mut private = OpenOptions::new();
            private.write(true).truncate(true).mode(0o600);
            permissions::open(&self.path.join("prompt.md"), &private)?.write_all(prompt.as_bytes())
        };
        make().with_context(|| format!("could not prepare `{}`", self.path.display()))?;
        Ok(agents)
    }

    /// Redacts the files that the agent left. A folder that cannot be redacted is removed.
    pub fn redact(&self) -> Result<()> {
        let agents = self.agents();
        if let Err(error) = redact_folder(&agents) {
            tracing::warn!("could not clean `{}`: {error:#}", agents.display());
            fs::remove_dir_all(&agents)
                .with_context(|| format!("could not remove `{}`", agents.display()))?;
        }
        Ok(())
    }

    fn agents(&self) -> PathBuf {
        self.path.join("agent")
    }
}

/// The file with what a call counts for where nobody tells what it cost.
const ESTIMATE: &str = "estimate.json";

/// How much is kept of what an agent left: files of this size, so many bytes of all of them, and folders
/// so deep. Its own log of a long call has some ten megabytes; what is beyond is removed.
const FILE_MAX: u64 = 64 * 1024 * 1024;
const FILES_MAX: u64 = 128 * 1024 * 1024;
const DEPTH_MAX: usize = 16;

fn redact_folder(agents: &Path) -> Result<()> {
    match Folder::open(agents) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        folder => {
            let mut left = Left { agents, folder: folder?, bytes: 0 };
            left.redact_below(Path::new(""), 0)
        }
    }
}

/// What an agent left, on the way through it.
struct Left<'a> {
    agents: &'a Path,
    folder: Folder,
    /// Of the files that are kept so far.
    bytes: u64,
}

impl Left<'_> {
    /// Rewrites the files that contain secrets, and removes what is neither a file nor a folder (a link
    /// could point anywhere) and what is too much.
    fn redact_below(&mut self, path: &Path, depth: usize) -> Result<()> {
        for (name, kind) in self.folder.list(path)? {
            let inside = path.join(name);
            match kind {
                FileType::Directory if depth < DEPTH_MAX && !inside.ends_with(".git") => {
                    self.redact_below(&inside, depth + 1)?;
                }
                FileType::RegularFile if self.has_room_for(&inside)? => self.redact(&inside)?,
                _ => {
                    let whole = self.agents.join(&inside);
                    tracing::debug!("removed `{}`, which an agent left", whole.display());
                    file::remove_if_there(&whole)?;
                }
            }
        }
        Ok(())
    }

    fn has_room_for(&mut self, path: &Path) -> Result<bool> {
        let size = self.folder.find(path)?.metadata.len();
        let fits = size <= FILE_MAX && self.bytes.saturating_add(size) <= FILES_MAX;
        self.bytes += if fits { size } else { 0 };
        Ok(fits)
    }

    fn redact(&self, path: &Path) -> Result<()> {
        let content = self.folder.read_start(path, FILE_MAX)?;
        let clean = redact::redact(&without_pieces(&content));
        if clean != content {
            self.folder.write(path, &clean)?;
        }
        Ok(())
    }
}

/// A stream without the pieces of messages in it: no rule knows a secret by a part of it. The whole
/// message stands in the stream too.
fn without_pieces(content: &[u8]) -> Vec<u8> {
    const PIECE: &str = r#""type":"stream_event""#;
    if !content.contains_str(PIECE) {
        return content.to_vec();
    }
    let lines = content.lines_with_terminator().filter(|line| !line.contains_str(PIECE));
    lines.flatten().copied().collect()
}

/// Redacts every string of a reply.
pub fn redacted(reply: &Reply) -> Result<Reply> {
    let mut value = serde_json::to_value(reply)?;
    redact_value(&mut value);
    Ok(serde_json::from_value(value)?)
}

fn redact_value(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact::redact_str(text),
        Value::Array(items) => items.iter_mut().for_each(redact_value),
        Value::Object(entries) => {
            for (mut key, mut value) in std::mem::take(entries) {
                redact_value(&mut value);
                key = redact::redact_str(&key);
                entries.insert(key, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
