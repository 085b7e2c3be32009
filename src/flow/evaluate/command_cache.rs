//! The commands that passed, by tree, so that a push does not run again what the commit ran.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::sandbox_settings::SandboxSettings;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::flow::setup::consent;
use crate::platform::store::file;

/// The size at which the older half is dropped, in bytes: some thousand passes.
const MAX_BYTES: usize = 128 * 1024;

/// The commands of one repository that passed, each with its tree.
pub struct CommandCache {
    path: PathBuf,
    /// Whether the checkout is sparse: it has a part of a tree, and what passes there proves nothing.
    partial: bool,
    /// What is reached in the sandbox, where the commands run in one: without the network and what is the
    /// person's a test may leave out what it does elsewhere, so that a pass counts for the same alone.
    within: String,
    keys: HashSet<String>,
}

impl CommandCache {
    /// Reads the cache. Without it, or where it cannot be read, commands run once more.
    /// `sandbox` is that in which the commands run.
    pub fn load(context: Context<'_>, sandbox: Option<&SandboxSettings>) -> Self {
        let repo = context.repo;
        let path = repo.state_dir().join("commands/passed");
        let text = file::read_text(&path).unwrap_or_default();
        if text.len() > MAX_BYTES {
            // A pass that another run adds meanwhile may be lost: its command runs once more.
            let half: String = text.lines().skip(text.lines().count() / 2).map(line_of).collect();
            bookkeeping::warn_once(context, file::write_atomic(&path, half.as_bytes()));
        }
        let partial = repo.git_dir.join("info/sparse-checkout").exists();
        let within = sandbox.map(within).unwrap_or_default();
        Self { path, partial, within, keys: text.lines().map(str::to_owned).collect() }
    }

    /// Whether exactly this command passed on this tree. Linked folders are not compared.
    pub fn holds(&self, command: &CommandGate, tree: &Oid) -> bool {
        !self.partial && self.keys.contains(&self.key(command, tree))
    }

    /// Adds a command that passed.
    pub fn add(&self, command: &CommandGate, tree: &Oid) -> Result<()> {
        let key = self.key(command, tree);
        if self.partial || self.keys.contains(&key) {
            return Ok(());
        }
        file::append_line(&self.path, &key)
    }

    fn key(&self, command: &CommandGate, tree: &Oid) -> String {
        format!("{} {tree}{}", consent::fingerprint(command), self.within)
    }
}

fn within(sandbox: &SandboxSettings) -> String {
    let reached = format!("{:?} {:?}", sandbox.network, sandbox.readable);
    format!(" {}", &blake3::hash(reached.as_bytes()).to_hex()[..16])
}

fn line_of(line: &str) -> String {
    format!("{line}\n")
}
