//! A model behind an address.

use crate::agents::ask::{Outcome, Reply, Request};
use crate::agents::{Around, Login, Probe, Sandbox};
use crate::config::policy::HttpAgent;
use crate::model::agent::Cost;
use crate::process::Interrupts;

/// The model.
#[derive(Clone, Debug)]
pub struct Http {
    pub settings: HttpAgent,
}

impl Http {
    pub fn new(settings: &HttpAgent) -> Self {
        Self { settings: settings.clone() }
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

    pub fn probe(&self) -> Probe {
        Probe {
            place: String::new(),
            version: String::new(),
            login: Login::NotNeeded,
            sandbox: Sandbox::Broken("not built yet".to_owned()),
            hints: Vec::new(),
        }
    }
}
