//! What an agent is asked, and what came of it.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::model::agent::{Cost, Money, Role};

/// What an agent may do to the folder that it works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Below its working directory alone.
    Write,
}

/// One question to an agent: a fresh process, which knows nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub role: Role,
    /// The program's default where `None`.
    pub model: Option<&'a str>,
    /// How hard to think, in the program's own word; its default where `None`.
    pub effort: Option<&'a str>,
    /// Already without secrets.
    pub prompt: &'a str,
    /// A strict JSON Schema (`additionalProperties: false`, everything required) that the answer is
    /// to obey; prose where `None`.
    pub schema: Option<&'a Value>,
    pub access: Access,
    /// The working directory.
    pub dir: &'a Path,
    /// A private folder for the files of this call: what was asked, streams, the answer. It exists
    /// and is empty.
    pub folder: &'a Path,
    /// Where a process that is started is noted for as long as it runs, so that one which outlives us
    /// is found again; not in `folder`, where the agent may write.
    pub note: Option<&'a Path>,
    /// The longest that the whole call may take.
    pub wall: Duration,
    /// The longest that it may be silent.
    pub idle: Duration,
    /// The most that it may cost, passed to programs that accept it.
    pub budget: Option<Money>,
}

/// How a call ended. Only [`Outcome::Answered`] can carry a verdict.
///
/// The reasons are for people, redacted, one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Answered(Answer),
    /// The model would not.
    Refused {
        why: String,
    },
    /// It ended well and what it gave is not what was asked for.
    Malformed {
        why: String,
    },
    TimedOut {
        why: String,
    },
    /// The program was killed, or ended in a way that it does not explain.
    Killed {
        why: String,
    },
    /// Not found, not executable, its sandbox does not work, or it understands too little.
    CouldNotStart {
        why: String,
    },
    NotLoggedIn {
        why: String,
    },
    ContextTooLong {
        why: String,
    },
    /// `until` where it said so.
    RateLimited {
        until: Option<Timestamp>,
        why: String,
    },
    QuotaUsedUp {
        why: String,
    },
    /// Worth another try: the server is busy, the connection broke.
    Transient {
        why: String,
    },
    /// A budget would have been broken and the call was not made; or the program stopped as the
    /// budget of this call was spent.
    OverBudget {
        why: String,
    },
    /// This process got this signal.
    Interrupted(i32),
}

/// What an agent said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The last message, verbatim.
    pub text: String,
    /// The structured answer where a schema was given and the program or the text held one object.
    /// It need not obey the schema: programs send the schema to the model and do not check.
    pub json: Option<Value>,
}

/// Who answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `claude`, `codex`, or the name from the user's settings.
    pub agent: String,
    /// Who made the model: `anthropic`, `openai`, …
    pub family: String,
    /// The program's version; empty where it has none.
    pub version: String,
    /// The model as reported, else as asked for; empty where it is unknown.
    pub model: String,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub outcome: Outcome,
    pub cost: Cost,
    pub by: Identity,
    /// In milliseconds.
    pub took_ms: u64,
}

/// What a program or a service printed, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedOutput {
    pub outcome: Outcome,
    pub cost: Cost,
    /// As reported.
    pub model: Option<String>,
}

impl Reply {
    /// Makes a call and measures its time. `call` gets what is known of the agent before, and adds
    /// what it finds out on its way; its error is a call that could not be made.
    pub fn to(
        request: &Request<'_>,
        agent: &str,
        family: &str,
        call: impl FnOnce(&mut Identity) -> Result<ParsedOutput, Outcome>,
    ) -> Self {
        let start = Instant::now();
        let mut by = Identity {
            agent: agent.to_owned(),
            family: family.to_owned(),
            version: String::new(),
            model: request.model.unwrap_or_default().to_owned(),
        };
        let parsed = call(&mut by).unwrap_or_else(ParsedOutput::without_cost);
        if let Some(model) = parsed.model {
            by.model = model;
        }
        let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { outcome: parsed.outcome, cost: parsed.cost, by, took_ms }
    }
}

impl ParsedOutput {
    /// An outcome of which neither cost nor model are known.
    pub fn without_cost(outcome: Outcome) -> Self {
        Self { outcome, cost: Cost::default(), model: None }
    }
}

impl Outcome {
    /// The word used in the ledger and in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Refused { .. } => "refused",
            Self::Malformed { .. } => "malformed",
            Self::TimedOut { .. } => "timed out",
            Self::Killed { .. } => "killed",
            Self::CouldNotStart { .. } => "could not start",
            Self::NotLoggedIn { .. } => "not logged in",
            Self::ContextTooLong { .. } => "context too long",
            Self::RateLimited { .. } => "rate limited",
            Self::QuotaUsedUp { .. } => "quota used up",
            Self::Transient { .. } => "transient",
            Self::OverBudget { .. } => "over budget",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// What it said of the reason; empty where it answered.
    pub fn why(&self) -> &str {
        match self {
            Self::Answered(_) | Self::Interrupted(_) => "",
            Self::Refused { why }
            | Self::Malformed { why }
            | Self::TimedOut { why }
            | Self::Killed { why }
            | Self::CouldNotStart { why }
            | Self::NotLoggedIn { why }
            | Self::ContextTooLong { why }
            | Self::RateLimited { why, .. }
            | Self::QuotaUsedUp { why }
            | Self::Transient { why }
            | Self::OverBudget { why } => why,
        }
    }
}
