//! Any program that reads a prompt and writes an answer.

use crate::agents::ask::{Outcome, Reply, Request};
use crate::agents::{Around, Login, Missing, Probe, Sandbox};
use crate::config::policy::CommandAgent;
use crate::model::agent::Cost;
use crate::process::Interrupts;

/// The program, found.
#[derive(Clone, Debug)]
pub struct Command {
    pub settings: CommandAgent,
}

impl Command {
    pub fn find(settings: &CommandAgent, _around: Around<'_>) -> Result<Self, Missing> {
        Ok(Self { settings: settings.clone() })
    }

    pub fn ask(
        &self,
        _request: &Request<'_>,
        _around: Around<'_>,
        _interrupts: Interrupts,
    ) -> Reply {
        let why = "not built yet".to_owned();
        let by = Default::default();
        Reply { outcome: Outcome::CouldNotStart { why }, cost: Cost::default(), by, took_ms: 0 }
    }

    pub fn probe(&self, _around: Around<'_>) -> Probe {
        Probe {
            place: String::new(),
            version: String::new(),
            login: Login::NotNeeded,
            sandbox: Sandbox::Broken("not built yet".to_owned()),
            hints: Vec::new(),
        }
    }
}
