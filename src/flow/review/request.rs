//! Sends requests to the agents of a run, and parses their answers.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::domain::model::agent::Role;
use crate::domain::pipeline::run::CallFailure;
use crate::domain::review::prompt;
use crate::flow::call::client::AgentQuestion;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::session::ReviewSession;
use crate::platform::agents::ask::{Access, Answer, Outcome};

/// Why there is no answer.
pub(super) enum AskError {
    /// The call could not be made or answered.
    Failed(CallFailure),
    /// The answer did not fit the schema, twice.
    Malformed {
        why: String,
        /// The answer, verbatim; empty where there was none.
        gave: String,
    },
}

/// A request whose answer has a schema.
pub(super) struct StructuredRequest<'a> {
    pub to: &'a AssignedAgent,
    /// The stable name of the question within the run.
    pub key: &'a str,
    pub prompt: &'a str,
    /// The nonce of the fences in the prompt.
    pub token: &'a str,
    pub schema: &'a Value,
    /// The folder that the agent may read.
    pub dir: &'a Path,
}

impl ReviewSession<'_> {
    /// Sends a request; once more, with the error, where the answer does not fit the schema.
    pub(super) fn request<T>(
        &mut self,
        request: &StructuredRequest<'_>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Result<T, AskError>> {
        let first = self.send(request, request.key, request.prompt)?;
        let (why, gave) = match first {
            Err(AskError::Malformed { why, gave }) => (why, gave),
            Err(failed) => return Ok(Err(failed)),
            Ok(answer) => match parse_answer(&answer, &read) {
                Ok(value) => return Ok(Ok(value)),
                Err(why) => (why, answer.text),
            },
        };
        let again = prompt::repair(request.prompt, &why, &gave, request.token);
        Ok(match self.send(request, &format!("{}-repair", request.key), &again)? {
            Err(unanswered) => Err(unanswered),
            Ok(answer) => parse_answer(&answer, &read)
                .map_err(|why| AskError::Malformed { why, gave: answer.text }),
        })
    }

    /// Lets an executor work in a folder.
    pub(super) fn request_work(
        &mut self,
        executor: &AssignedAgent,
        key: &str,
        prompt: &str,
        dir: &Path,
    ) -> Result<Result<(), CallFailure>> {
        let question =
            AgentQuestion { to: executor, key, prompt, schema: None, access: Access::Write, dir };
        Ok(match self.call(&question)? {
            // What it reports of its work is not used: the gates and the reviewer check it.
            Ok(_) | Err(AskError::Malformed { .. }) => Ok(()),
            Err(AskError::Failed(failure)) => Err(failure),
        })
    }

    fn send(
        &mut self,
        request: &StructuredRequest<'_>,
        key: &str,
        prompt: &str,
    ) -> Result<Result<Answer, AskError>> {
        self.call(&AgentQuestion {
            to: request.to,
            key,
            prompt,
            schema: Some(request.schema),
            access: Access::Read,
            dir: request.dir,
        })
    }

    fn call(&mut self, question: &AgentQuestion<'_>) -> Result<Result<Answer, AskError>> {
        let reply = self.client.ask(question)?;
        let word = reply.outcome.as_str();
        let name = &question.to.name;
        Ok(match reply.outcome {
            Outcome::Answered(answer) => {
                let whole = blake3::hash(answer.text.as_bytes()).to_hex().to_string();
                if !self.record.answers.contains(&whole) {
                    self.record.answers.push(whole);
                }
                let names = &mut self.record.names;
                match question.to.role {
                    Role::Reviewer => names.reviewer = question.to.label(),
                    Role::Arbiter => names.arbiter = question.to.label(),
                    _ => {}
                }
                Ok(answer)
            }
            Outcome::Malformed { why } => Err(AskError::Malformed { why, gave: String::new() }),
            Outcome::OverBudget { why } => Err(AskError::Failed(CallFailure::Budget(why))),
            Outcome::Interrupted(signal) => return Err(self.stopped(signal)),
            Outcome::Refused { why }
            | Outcome::TimedOut { why }
            | Outcome::Killed { why }
            | Outcome::CouldNotStart { why }
            | Outcome::NotLoggedIn { why }
            | Outcome::ContextTooLong { why }
            | Outcome::RateLimited { why, .. }
            | Outcome::QuotaUsedUp { why }
            | Outcome::Transient { why } => {
                let why = format!("{name}: {word}: {why}");
                Err(AskError::Failed(CallFailure::Infrastructure(why)))
            }
        })
    }
}

fn parse_answer<T>(
    answer: &Answer,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<T, String> {
    match &answer.json {
        Some(value) => read(value),
        None => Err("it holds no JSON object".to_owned()),
    }
}
