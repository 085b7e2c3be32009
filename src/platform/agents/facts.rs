//! What was found out about each program, kept as long as its file stays as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::call;
use crate::platform::process::{Cmd, Output};
use crate::platform::store::file;

/// The longest that a program may take to say what it is.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// One program, as it was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramFacts {
    pub version: String,
    /// The flags that it understands, with their dashes.
    pub flags: BTreeSet<String>,
    /// How its sandbox was seen to hold. Only success is kept: what is broken may be mended.
    pub sandbox: Option<SandboxLevel>,
}

/// How a sandbox holds what the model runs. It never writes outside of its working directory and
/// never reaches the net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxLevel {
    /// Nor does it read outside.
    Confined,
    /// It can read the whole disk.
    #[serde(rename = "reading")]
    ReadsDisk,
}

impl ProgramFacts {
    pub fn understands(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }

    /// The flags that a help text names.
    pub fn flags_in(help: &str) -> BTreeSet<String> {
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        let words = help.split(is_end).filter(|word| word.starts_with("--") && word.len() > 2);
        words.map(str::to_owned).collect()
    }
}

#[derive(Debug, Deserialize, Serialize)]
struct Entry {
    /// In nanoseconds.
    modified: i64,
    size: u64,
    facts: ProgramFacts,
}

fn cache(agent_env: AgentEnv<'_>) -> PathBuf {
    agent_env.home.join("programs.json")
}

/// What a file that was changed in place would not share with its former self.
fn state_of(program: &Path) -> Option<(i64, u64)> {
    let data = fs::metadata(program).ok()?;
    Some((
        data.mtime().saturating_mul(1_000_000_000).saturating_add(data.mtime_nsec()),
        data.size(),
    ))
}

fn entries(agent_env: AgentEnv<'_>) -> BTreeMap<String, Entry> {
    // What cannot be read is found out again.
    file::read(&cache(agent_env))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// What is known of the program; `None` where it was never looked at or has changed since.
pub fn recall(program: &Path, agent_env: AgentEnv<'_>) -> Option<ProgramFacts> {
    let entry = entries(agent_env).remove(&program.display().to_string())?;
    (state_of(program)? == (entry.modified, entry.size)).then_some(entry.facts)
}

/// Keeps what was found out. Of two processes that do so at once one may win: the other's program
/// is looked at again.
pub fn keep(program: &Path, facts: &ProgramFacts, agent_env: AgentEnv<'_>) {
    let Some((modified, size)) = state_of(program) else { return };
    let mut entries = entries(agent_env);
    let name = program.display().to_string();
    entries.insert(name, Entry { modified, size, facts: facts.clone() });
    let kept = serde_json::to_vec_pretty(&entries)
        .map_err(anyhow::Error::from)
        .and_then(|json| file::write_atomic(&cache(agent_env), &json));
    if let Err(error) = kept {
        tracing::debug!("what is known of `{}` is not kept: {error:#}", program.display());
    }
}

/// Asks the program itself something, which asks no model: its version, its help.
pub fn question(
    program: &Path,
    words: &[&str],
    vars: &[(&str, OsString)],
    agent_env: AgentEnv<'_>,
) -> Result<Output, String> {
    let mut cmd = Cmd::alone(program, Path::new("/")).args(words).deadline(ANSWER_TIME);
    // Codex makes the helpers of its sandbox in its own folder, and refuses to where that is in the folder for
    // temporary files, as the home folders of containers and tests are.
    let temporary =
        call::private(&agent_env.home.join("tmp")).map_err(|error| error.to_string())?;
    cmd = cmd.env("TMPDIR", temporary);
    for (name, value) in call::base_env(agent_env).iter().chain(vars) {
        cmd = cmd.env(name, value);
    }
    cmd.capture().map_err(|error| call::chain(&error))
}

/// As `question`, where anything but success is a failure; what it printed.
pub fn answer(
    program: &Path,
    words: &[&str],
    vars: &[(&str, OsString)],
    agent_env: AgentEnv<'_>,
) -> Result<String, String> {
    let output = question(program, words, vars, agent_env)?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.code() != 0 || text.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let asked = words.join(" ");
        return Err(format!(
            "`{} {asked}` ended with {}: {said}",
            program.display(),
            output.code()
        ));
    }
    Ok(text)
}
