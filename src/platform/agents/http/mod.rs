//! A model behind an address. It has no hands: it reads what it is sent and answers.
//!
//! No redirect is followed, so that a key stays with the address that the settings name, and no
//! proxy is asked.

mod anthropic;
mod failure;
mod openai;
mod reading;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, header};

use crate::domain::model::agent::AgentIdentity;
use crate::domain::policy::agent_settings::{HttpAgent, Protocol};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Access, Outcome, ParsedOutput, Reply, Request};
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::agents::text;
use crate::platform::config::env::{Env, now};
use crate::platform::process::Interrupts;
use crate::platform::store::file;

/// The longest answer that is read, in bytes.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;

/// The longest time to get a connection.
const CONNECT: Duration = Duration::from_secs(30);

/// The model.
#[derive(Clone, Debug)]
pub struct Http {
    pub settings: HttpAgent,
}

/// What came back: any status, whole.
struct Received {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Http {
    pub fn new(settings: &HttpAgent) -> Self {
        Self { settings: settings.clone() }
    }

    pub fn ask(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Reply {
        Reply::to(request, self.identity(), |by| {
            if by.model.is_empty() {
                by.model.clone_from(&self.settings.model);
            }
            self.answer(request, &by.model, agent_env, interrupts)
        })
    }

    pub fn identity(&self) -> AgentIdentity {
        AgentIdentity {
            agent: self.settings.name.clone(),
            family: self.settings.family.clone(),
            model: self.settings.model.clone(),
            endpoint: text::without_login(&self.settings.endpoint),
            ..AgentIdentity::default()
        }
    }

    /// The variable of its key, and its value.
    pub fn credential<'a>(
        &'a self,
        agent_env: AgentEnv<'a>,
    ) -> Option<(&'a str, &'a std::ffi::OsStr)> {
        let name = self.settings.key.as_str();
        Some((name, agent_env.env.get(name)?))
    }

    /// An error is a call that was not made, or that its service refused.
    fn answer(
        &self,
        request: &Request<'_>,
        model: &str,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Result<ParsedOutput, Outcome> {
        let cannot = match request.access {
            Access::Read => None,
            Access::Write => Some("write"),
            Access::Search => Some("search"),
        };
        if let Some(what) = cannot {
            let name = &self.settings.name;
            let why = format!("`{name}` is a model behind an address: it cannot {what}");
            return Err(Outcome::CouldNotStart { why });
        }
        let key = self.key(agent_env.env)?;
        let body = match self.settings.protocol {
            Protocol::Openai => openai::question(request, model),
            Protocol::Anthropic => anthropic::question(request, model),
        };
        let body = body.to_string();
        let could_not = |error: anyhow::Error| Outcome::CouldNotStart { why: format!("{error:#}") };
        file::write_atomic(&request.folder.join("asked.json"), body.as_bytes())
            .map_err(could_not)?;
        let received = match self.send(body, key, request.wall, interrupts) {
            Ok(received) => received,
            Err(failed) => return Ok(*failed),
        };
        let said = String::from_utf8_lossy(&received.body);
        let said = key.map_or_else(|| said.to_string(), |key| said.replace(key, "[redacted]"));
        file::write_atomic(&request.folder.join("said.json"), said.as_bytes())
            .map_err(could_not)?;
        let read: Option<Value> = serde_json::from_str(&said).ok();
        if !(200..300).contains(&received.status) {
            let body = read.unwrap_or(Value::String(said));
            return Err(failure::outcome(
                received.status,
                &received.headers,
                &body,
                now(agent_env.env),
            ));
        }
        let Some(read) = read else {
            let said = text::reason_line(&said);
            let why = format!("it answered with something that is not JSON: {said}");
            return Ok(ParsedOutput::without_cost(Outcome::Malformed { why }));
        };
        Ok(match self.settings.protocol {
            Protocol::Openai => openai::read(&read, request.schema.is_some()),
            Protocol::Anthropic => anthropic::read(&read, request.schema.is_some()),
        })
    }

    /// The key, where the settings name a variable for it.
    fn key<'a>(&self, env: &'a Env) -> Result<Option<&'a str>, Outcome> {
        let name = &self.settings.key;
        if name.is_empty() {
            return Ok(None);
        }
        let missing = || Outcome::NotLoggedIn { why: format!("the variable `{name}` is not set") };
        env.text(name).map(Some).ok_or_else(missing)
    }

    fn send(
        &self,
        body: String,
        key: Option<&str>,
        wall: Duration,
        interrupts: Interrupts,
    ) -> Result<Received, Box<ParsedOutput>> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT.min(wall)))
            .timeout_global(Some(wall))
            .build()
            .into();
        let endpoint = self.settings.endpoint.trim_end_matches('/');
        let mut post = match self.settings.protocol {
            Protocol::Openai => agent.post(format!("{endpoint}/chat/completions")),
            Protocol::Anthropic => agent
                .post(format!("{endpoint}/messages"))
                .header("anthropic-version", anthropic::VERSION),
        };
        post = post.header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            post = match self.settings.protocol {
                Protocol::Openai => post.header(header::AUTHORIZATION, format!("Bearer {key}")),
                Protocol::Anthropic => post.header("x-api-key", key),
            };
        }
        let receive = move || -> Result<Received, ureq::Error> {
            let mut response = post.send(body)?;
            let body = response.body_mut().with_config().limit(ANSWER_MAX).read_to_vec()?;
            let status = response.status().as_u16();
            Ok(Received { status, headers: response.headers().clone(), body })
        };
        match interrupts.unless_stopped(receive) {
            Ok(received) => received.map_err(|error| Box::new(self.failed(&error, wall))),
            Err(signal) => Err(Box::new(ParsedOutput::without_cost(Outcome::Interrupted(signal)))),
        }
    }

    /// What it means that no whole answer came. What was sent may have been worked on.
    fn failed(&self, error: &ureq::Error, wall: Duration) -> ParsedOutput {
        let is_sent = match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed => false,
            ureq::Error::Timeout(_)
            | ureq::Error::BodyExceedsLimit(_)
            | ureq::Error::Protocol(_) => true,
            ureq::Error::Io(error) => {
                use io::ErrorKind::{
                    ConnectionRefused, HostUnreachable, InvalidData, NetworkUnreachable,
                };
                let unsent = [ConnectionRefused, HostUnreachable, NetworkUnreachable, InvalidData];
                !unsent.contains(&error.kind())
            }
            _ => false,
        };
        let outcome = self.outcome(error, wall);
        if is_sent { ParsedOutput::without_cost(outcome) } else { ParsedOutput::free(outcome) }
    }

    fn outcome(&self, error: &ureq::Error, wall: Duration) -> Outcome {
        let at = &text::without_login(&self.settings.endpoint);
        let why = text::reason_line(&format!("`{at}`: {error}"));
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                Outcome::Transient { why }
            }
            ureq::Error::Timeout(_) => {
                let why = format!("`{at}` did not answer within {} s", wall.as_secs());
                Outcome::TimedOut { why }
            }
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Outcome::CouldNotStart { why }
            }
            ureq::Error::BodyExceedsLimit(_) => Outcome::Malformed { why },
            ureq::Error::Io(_)
            | ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::Protocol(_) => Outcome::Transient { why },
            // An address that is none, a certificate that does not hold: nothing that passes.
            _ => Outcome::CouldNotStart { why },
        }
    }

    /// Nothing is sent: what can be known is what the settings say.
    pub fn probe(&self, agent_env: AgentEnv<'_>) -> Probe {
        let name = &self.settings.key;
        let (login, hints) = match self.key(agent_env.env) {
            Ok(None) => (Login::NotNeeded, Vec::new()),
            Ok(Some(_)) => (Login::By(name.clone()), Vec::new()),
            Err(_) => (Login::Missing, vec![format!("set the variable `{name}` to its key")]),
        };
        let sandbox = Sandbox::Instead("it has no access to this machine".to_owned());
        let place = self.settings.endpoint.clone();
        Probe { place, version: String::new(), login, sandbox, hints }
    }
}
