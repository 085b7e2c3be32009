//! What a confined program may reach and use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The number that stands for a failure of the sandbox itself, and not of the command: as `env`, `timeout` and
/// container tools have it.
pub const FAILED: u8 = 125;

/// What a confined program may reach.
#[derive(Clone, Debug)]
pub struct SandboxAccess {
    /// The folder that it works in; it may write there.
    pub dir: PathBuf,
    /// Further files and folders that it may write.
    pub writable: Vec<PathBuf>,
    /// What is seen at paths below `dir`, and cannot be written there. Where nothing can be mounted, a link must
    /// stand at the path.
    pub placed: Vec<PlacedContent>,
    /// A folder for temporary files, with a home folder, where the sandbox has none in memory (Landlock).
    pub temporary: PathBuf,
    /// Files and folders that it may read, beside the system's and those of the toolchains in `PATH`.
    pub readable: Vec<PathBuf>,
    pub network: NetworkAccess,
    pub limits: ResourceLimits,
}

/// A file or folder that is seen elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedContent {
    pub content: PathBuf,
    /// Relative to the folder that the program works in.
    pub path: PathBuf,
}

/// Whether a confined program reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkAccess {
    /// Nothing but, under bubblewrap, a loopback interface of its own.
    None,
    /// That of this machine.
    Host,
}

/// The most that a confined program and all that it starts may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Processes and threads together.
    pub processes: u64,
    /// Memory in bytes, of all together; each process by itself has no more of its own.
    pub memory: u64,
    /// What the folders that it may write may hold, in bytes; no file is larger.
    pub disk: u64,
    /// Each temporary folder, in bytes: it is in memory.
    pub temporary: u64,
    pub open_files: u64,
}

impl Default for ResourceLimits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self { processes: 1024, memory: 8 * GIB, disk: 16 * GIB, temporary: GIB, open_files: 4096 }
    }
}

impl SandboxAccess {
    /// All that may be written.
    pub fn dirs(&self) -> Vec<PathBuf> {
        std::iter::once(&self.dir).chain(&self.writable).cloned().collect()
    }
}

/// What the process image inside does before it becomes the program, as JSON; see `confine`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InnerSetup {
    pub limits: ResourceLimits,
    /// What Landlock lets through; `None` under bubblewrap, where nothing else is there.
    pub landlock: Option<LandlockPaths>,
}

/// What may be reached where Landlock alone holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LandlockPaths {
    pub writable: Vec<PathBuf>,
    pub readable: Vec<PathBuf>,
    pub network: NetworkAccess,
}
