//! What an agent is asked, and what came of it.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::model::agent::{AgentIdentity, Cost, Money, Role};
use crate::domain::model::web::WebRecord;
use crate::platform::agents::text;

/// What an agent may do to the folder that it works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Below its working directory alone.
    Write,
    /// It searches the web, and has no files to read.
    Search,
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
    /// The program was killed.
    Killed {
        why: String,
    },
    /// It ended by itself, in a way that it does not explain.
    Failed {
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
    /// What the program recorded of its searches on the web.
    #[serde(default, skip_serializing_if = "WebRecord::is_empty")]
    pub web: WebRecord,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub outcome: Outcome,
    pub cost: Cost,
    pub by: AgentIdentity,
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
    /// Makes a call and measures its time. `who` is what is known of the agent before; `call` adds what
    /// it finds out on its way. Its error is a call that was never made or that its service refused: it
    /// cost nothing.
    pub fn to(
        request: &Request<'_>,
        who: AgentIdentity,
        call: impl FnOnce(&mut AgentIdentity) -> Result<ParsedOutput, Outcome>,
    ) -> Self {
        let start = Instant::now();
        let asked_for = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let mut by = AgentIdentity {
            model: asked_for(request.model),
            effort: asked_for(request.effort),
            ..who
        };
        let parsed = call(&mut by).unwrap_or_else(ParsedOutput::free);
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

    /// What was read of a call; where nothing says what it cost, its outcome may say that it cost nothing.
    pub fn new(outcome: Outcome, cost: Cost, model: Option<String>) -> Self {
        let is_known = cost != Cost::default();
        if !is_known && outcome.is_free() {
            return Self { model, ..Self::free(outcome) };
        }
        Self { outcome, cost, model }
    }

    /// The outcome of a call that no model worked on: it was refused, or never reached its service.
    pub fn free(outcome: Outcome) -> Self {
        Self {
            cost: Cost { money: Some(Money(0)), ..Cost::default() },
            ..Self::without_cost(outcome)
        }
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
            Self::Failed { .. } => "failed",
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

    /// Whether it says of itself that no model worked: the service refused, or was never reached.
    fn is_free(&self) -> bool {
        match self {
            Self::CouldNotStart { .. }
            | Self::NotLoggedIn { .. }
            | Self::ContextTooLong { .. }
            | Self::RateLimited { .. }
            | Self::QuotaUsedUp { .. } => true,
            Self::Transient { why } => text::is_unreached(why) || text::is_turned_away(why),
            Self::Answered(_)
            | Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::TimedOut { .. }
            | Self::Killed { .. }
            | Self::Failed { .. }
            | Self::OverBudget { .. }
            | Self::Interrupted(_) => false,
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
            | Self::Failed { why }
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
