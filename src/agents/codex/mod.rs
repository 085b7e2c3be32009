//! `codex`.

use crate::agents::ask::{Outcome, Reply, Request};
use crate::agents::{Around, Login, Missing, Probe, Sandbox};
use crate::config::policy::Program;
use crate::model::agent::Cost;
use crate::process::Interrupts;

/// The program, found.
#[derive(Clone, Debug)]
pub struct Codex {
    settings: Program,
}

impl Codex {
    pub fn find(settings: &Program, _around: Around<'_>) -> Result<Self, Missing> {
        Ok(Self { settings: settings.clone() })
    }

    pub fn ask(
        &self,
        _request: &Request<'_>,
        _around: Around<'_>,
        _interrupts: Interrupts,
    ) -> Reply {
        let why = format!("not built yet: {}", self.settings.path);
        let by = Default::default();
        Reply { outcome: Outcome::CouldNotStart { why }, cost: Cost::default(), by, took_ms: 0 }
    }

    pub fn probe(&self, _around: Around<'_>) -> Probe {
        Probe {
            place: String::new(),
            version: String::new(),
            login: Login::Missing,
            sandbox: Sandbox::Broken("not built yet".to_owned()),
            hints: Vec::new(),
        }
    }
}
