//! Stores which of a repository's commands this user agreed to run.

use std::collections::BTreeMap;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bstr::ByteSlice as _;
use jiff::Timestamp;
use serde_json::json;

use crate::domain::policy::command_settings::CommandGate;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// One agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The command's name when it was agreed to.
    pub name: String,
    /// When, as RFC 3339.
    pub at: String,
}

/// The agreements of one repository, by fingerprint.
#[derive(Debug, Default)]
pub struct Trusted(BTreeMap<String, Agreed>);

impl Trusted {
    /// Reads the agreements; no file means none.
    pub fn load(repo: &Repo) -> Result<Self> {
        let path = path(repo);
        let content = match file::read(&path) {
            Ok(content) => content,
            // Where the state folder is no folder, there is no agreement in it.
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("could not read `{}`", path.display()));
            }
        };
        // A line that cannot be read is no agreement.
        let parse = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let (print, at, name) = (words.next()?, words.next()?, words.next()?);
            Some((print.to_owned(), Agreed { name: name.to_owned(), at: at.to_owned() }))
        };
        Ok(Self(content.lines().filter_map(|line| parse(line.to_str().ok()?)).collect()))
    }

    /// Whether the user agreed to exactly this command.
    pub fn holds(&self, command: &CommandGate) -> bool {
        self.0.contains_key(&fingerprint(command))
    }

    /// Whether the user agreed to another command of the same name.
    pub fn knows_name(&self, command: &CommandGate) -> bool {
        self.0.values().any(|agreed| agreed.name == one_line(&command.name))
    }

    /// Every agreement with its fingerprint.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Agreed)> {
        self.0.iter().map(|(print, agreed)| (print.as_str(), agreed))
    }
}

/// Hashes what an agreement covers: everything that decides what is executed and what it may write.
/// When the command runs, and for which files, may change without asking again.
pub fn fingerprint(command: &CommandGate) -> String {
    let CommandGate { name, run, share, format, on: _, paths: _, timeout: _ } = command;
    let text = json!({"name": name, "run": run, "share": share, "format": format}).to_string();
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// Records agreements. Earlier ones stay as they are.
pub fn agree(repo: &Repo, commands: &[CommandGate], now: Timestamp) -> Result<()> {
    let known = Trusted::load(repo)?;
    let new = commands.iter().filter(|command| !known.holds(command));
    let lines: Vec<String> = new
        .map(|command| format!("{} {now:.0} {}", fingerprint(command), one_line(&command.name)))
        .collect();
    // One write for all: a repository may name very many.
    if lines.is_empty() { Ok(()) } else { file::append_line(&path(repo), &lines.join("\n")) }
}

/// Revokes agreements: those of these names, or all where no name is given. Returns the names.
pub fn revoke(repo: &Repo, names: &[String]) -> Result<Vec<String>> {
    let meant = |agreed: &Agreed| names.is_empty() || names.contains(&agreed.name);
    let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
        Trusted::load(repo)?.0.into_iter().partition(|(_, agreed)| meant(agreed));
    let line =
        |(print, agreed): (String, Agreed)| format!("{print} {} {}\n", agreed.at, agreed.name);
    let (names, lines): (Vec<_>, Vec<_>) = (
        gone.into_values().map(|agreed| agreed.name).collect(),
        kept.into_iter().map(line).collect(),
    );
    file::write_atomic(&path(repo), lines.concat().as_bytes())?;
    Ok(names)
}

/// Beside the rest of the state, where no commit reaches.
fn path(repo: &Repo) -> PathBuf {
    repo.state_dir().join("trusted")
}

fn one_line(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
