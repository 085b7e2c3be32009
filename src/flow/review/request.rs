//! Sends requests to the agents of a run, and parses their answers. May be called from several threads
//! at once.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::job::{AgentAnswer, CallFailure};
use crate::domain::review::answer::{self, ExpectedAnswer, ReviewAnswer};
use crate::domain::review::arbiter::{self, ArbiterAnswer};
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::prompt;
use crate::flow::call::client::{AgentClient, AgentQuestion};
use crate::flow::call::roles::AssignedAgent;
use crate::platform::agents::ask::{Access, Answer, Outcome};

/// A signal stopped the run, which can be resumed.
#[derive(Debug, thiserror::Error)]
#[error("the run `{}` was stopped", short_id(run))]
pub struct Stopped {
    pub run: String,
    pub signal: i32,
}

/// Why there is no answer.
pub enum AskError {
    /// The call could not be made or answered.
    Failed(CallFailure),
    /// The answer did not fit the schema.
    Malformed {
        why: String,
        /// The answer, verbatim; empty where there was none.
        gave: String,
    },
}

impl AskError {
    /// The failure of a call to that agent.
    pub fn of(self, to: &AssignedAgent) -> CallFailure {
        match self {
            Self::Failed(failure) => failure,
            Self::Malformed { why, .. } => {
                CallFailure::Infrastructure(format!("{}: malformed: {why}", to.name))
            }
        }
    }
}

/// A request whose answer has a schema.
#[derive(Clone)]
pub(super) struct StructuredRequest {
    pub to: AssignedAgent,
    /// Who is asked where that agent cannot be: a second look must not wait for a login that nobody made.
    pub instead: Option<AssignedAgent>,
    /// The stable name of the question within the run.
    pub key: String,
    pub prompt: String,
    /// The nonce of the fences in the prompt.
    pub token: String,
    /// The folder that the agent may read.
    pub dir: PathBuf,
    pub expected: ExpectedReply,
}

/// What a request asks for.
#[derive(Clone)]
pub(super) enum ExpectedReply {
    Review(ExpectedAnswer),
    /// Whether this finding is upheld.
    Decision(Box<ReviewFinding>),
}

/// The answer to a request, well formed. Nothing in it is checked against the tree yet.
pub(super) enum StructuredReply {
    Review(ReviewAnswer),
    Decision(ArbiterAnswer),
}

impl ExpectedReply {
    fn schema(&self) -> Value {
        match self {
            Self::Review(expected) => answer::schema(*expected),
            Self::Decision(_) => arbiter::schema(),
        }
    }

    fn parse(&self, answer: &Answer) -> Result<StructuredReply, String> {
        let value = answer.json.as_ref().ok_or_else(|| "it holds no JSON object".to_owned())?;
        match self {
            Self::Review(expected) => answer::read(value, *expected)
                .map(StructuredReply::Review)
                .map_err(|wrong| wrong.to_string()),
            Self::Decision(finding) => {
                arbiter::parse(value, finding).map(StructuredReply::Decision)
            }
        }
    }
}

/// What a request came to.
pub(super) struct Replied {
    pub reply: Result<StructuredReply, CallFailure>,
    /// The answers that were given, those that did not fit the schema included.
    pub answers: Vec<AgentAnswer>,
}

/// Sends a request; once more, with the error, where the answer does not fit the schema.
///
/// # Errors
///
/// [`Stopped`] where a signal stopped the call; otherwise where a file or the ledger cannot be written.
pub(super) fn request(client: &AgentClient<'_>, request: &StructuredRequest) -> Result<Replied> {
    let replied = request_once(client, request)?;
    match (&replied.reply, &request.instead) {
        (Err(CallFailure::Infrastructure(_) | CallFailure::RateLimited { .. }), Some(other)) => {
            let other = StructuredRequest {
                to: other.clone(),
                instead: None,
                key: format!("{}-instead", request.key),
                ..request.clone()
            };
            request_once(client, &other)
        }
        _ => Ok(replied),
    }
}

fn request_once(client: &AgentClient<'_>, request: &StructuredRequest) -> Result<Replied> {
    let ask = ParsedRequest {
        to: &request.to,
        key: &request.key,
        prompt: &request.prompt,
        token: &request.token,
        dir: &request.dir,
        schema: &request.expected.schema(),
        access: Access::Read,
    };
    let parse = |answer: &Answer| request.expected.parse(answer);
    let (reply, answers) = request_parsed(client, &ask, &parse)?;
    let reply = reply.map_err(|error| error.of(&request.to));
    Ok(Replied { reply, answers })
}

/// A request to one agent that may read a folder.
#[derive(Clone, Copy)]
pub struct ParsedRequest<'a> {
    pub to: &'a AssignedAgent,
    /// The stable name of the question within the run.
    pub key: &'a str,
    pub prompt: &'a str,
    /// The nonce of the fences in the prompt.
    pub token: &'a str,
    /// The folder that the agent may read.
    pub dir: &'a Path,
    pub schema: &'a Value,
    pub access: Access,
}

/// Sends a request, and once more with what was wrong where the answer cannot be parsed.
pub fn request_parsed<T>(
    client: &AgentClient<'_>,
    ask: &ParsedRequest<'_>,
    parse: &dyn Fn(&Answer) -> Result<T, String>,
) -> Result<(Result<T, AskError>, Vec<AgentAnswer>)> {
    let mut answers = Vec::new();
    let mut reply = send(client, ask, ask.key, ask.prompt, parse, &mut answers)?;
    if let Err(AskError::Malformed { why, gave }) = &reply {
        let again = prompt::repair(ask.prompt, why, gave, ask.token);
        let key = format!("{}-repair", ask.key);
        reply = send(client, ask, &key, &again, parse, &mut answers)?;
    }
    Ok((reply, answers))
}

/// Lets an executor work in a folder; gives what it says at its end.
pub fn request_work(
    client: &AgentClient<'_>,
    executor: &AssignedAgent,
    key: &str,
    prompt: &str,
    dir: &Path,
) -> Result<(Result<String, CallFailure>, Vec<AgentAnswer>)> {
    let question =
        AgentQuestion { to: executor, key, prompt, schema: None, access: Access::Write, dir };
    let mut answers = Vec::new();
    let worked = match call(client, &question, &mut answers)? {
        // What it did is measured, and checked by the gates and the reviewer: its word counts only for
        // what it says that it touched beside the findings.
        Ok(answer) => Ok(answer.text),
        Err(AskError::Malformed { gave, .. }) => Ok(gave),
        Err(AskError::Failed(failure)) => Err(failure),
    };
    Ok((worked, answers))
}

fn send<T>(
    client: &AgentClient<'_>,
    ask: &ParsedRequest<'_>,
    key: &str,
    prompt: &str,
    parse: &dyn Fn(&Answer) -> Result<T, String>,
    answers: &mut Vec<AgentAnswer>,
) -> Result<Result<T, AskError>> {
    let question = AgentQuestion {
        to: ask.to,
        key,
        prompt,
        schema: Some(ask.schema),
        access: ask.access,
        dir: ask.dir,
    };
    Ok(call(client, &question, answers)?.and_then(|answer| {
        parse(&answer).map_err(|why| AskError::Malformed { why, gave: answer.text })
    }))
}

fn call(
    client: &AgentClient<'_>,
    question: &AgentQuestion<'_>,
    answers: &mut Vec<AgentAnswer>,
) -> Result<Result<Answer, AskError>> {
    let reply = client.ask(question)?;
    let word = reply.outcome.as_str();
    let said = |why: String| format!("{}: {word}: {why}", question.to.name);
    let failure = match reply.outcome {
        Outcome::Answered(answer) => {
            answers.push(AgentAnswer {
                role: question.to.role,
                agent: reply.by.to_string(),
                family: reply.by.family.clone(),
                hash: blake3::hash(answer.text.as_bytes()).to_hex().to_string(),
            });
            return Ok(Ok(answer));
        }
        Outcome::Malformed { why } => {
            return Ok(Err(AskError::Malformed { why, gave: String::new() }));
        }
        Outcome::Interrupted(signal) => {
            return Err(Stopped { run: client.run.clone(), signal }.into());
        }
        Outcome::OverBudget { why } => CallFailure::Budget(why),
        Outcome::RateLimited { until: Some(until), why } => {
            CallFailure::RateLimited { until, why: said(why) }
        }
        Outcome::RateLimited { until: None, why }
        | Outcome::Refused { why }
        | Outcome::TimedOut { why }
        | Outcome::Killed { why }
        | Outcome::Failed { why }
        | Outcome::CouldNotStart { why }
        | Outcome::NotLoggedIn { why }
        | Outcome::ContextTooLong { why }
        | Outcome::QuotaUsedUp { why }
        | Outcome::Transient { why } => CallFailure::Infrastructure(said(why)),
    };
    Ok(Err(AskError::Failed(failure)))
}

/// An answer without the secrets that its agent may have read in the folder: it is shown to others, and
/// committed.
pub fn without_secrets(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_str(text)),
        Value::Array(items) => Value::Array(items.iter().map(without_secrets).collect()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), without_secrets(value)));
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
