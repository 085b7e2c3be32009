//! The `[sandbox]` settings: what the commands that run on an agent's code may reach and use.

use serde::Deserialize;

use crate::domain::policy::unit;

/// What the commands that run on an agent's code may reach and use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SandboxSettings {
    /// Whether they reach the network of this machine.
    pub network: bool,
    /// Files and folders that they may read beside the system's and those of toolchains; `~/` is the person's
    /// home folder.
    pub readable: Vec<String>,
    #[serde(deserialize_with = "unit::bytes")]
    pub memory: u64,
    /// With their threads.
    pub processes: u64,
    /// What their workspace may hold.
    #[serde(deserialize_with = "unit::bytes")]
    pub disk: u64,
    /// The largest file that is taken from what an agent left.
    #[serde(deserialize_with = "unit::bytes")]
    pub file: u64,
    pub without: WithoutSandbox,
}

/// What becomes of them where nothing can hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WithoutSandbox {
    Refuse,
    Run,
}

impl SandboxSettings {
    /// The keys with one value by which these allow more than others do.
    pub fn wider_keys(&self, than: &Self) -> Vec<&'static str> {
        let runs = |settings: &Self| settings.without == WithoutSandbox::Run;
        let rows = [
            ("network", self.network && !than.network),
            ("memory", self.memory > than.memory),
            ("processes", self.processes > than.processes),
            ("disk", self.disk > than.disk),
            ("file", self.file > than.file),
            ("without", runs(self) && !runs(than)),
        ];
        rows.into_iter().filter(|(_, is_wider)| *is_wider).map(|(key, _)| key).collect()
    }

    /// What these allow to be read, and others do not.
    pub fn more_readable<'a>(&'a self, than: &'a Self) -> impl Iterator<Item = &'a String> {
        self.readable.iter().filter(|path| !than.readable.contains(path))
    }
}
