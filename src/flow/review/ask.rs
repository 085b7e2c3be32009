//! Questions to the assigned of a run, and what an answer must be to count as one.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::domain::model::agent::Role;
use crate::domain::pipeline::run::Failure;
use crate::domain::review::prompt;
use crate::flow::call::client::AgentQuestion;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::session::Session;
use crate::platform::agents::ask::{Access, Answer, Outcome};

/// Why there is no answer.
pub(super) enum Unanswered {
    /// Nobody's verdict: the call could not be made or answered.
    Failed(Failure),
    /// There was an answer, twice, and it was not what was asked for.
    Malformed {
        why: String,
        /// What it gave, verbatim; empty where the program gave nothing.
        gave: String,
    },
}

/// A question whose answer has a form.
pub(super) struct Form<'a> {
    pub to: &'a AssignedAgent,
    /// The stable name of the question within the run.
    pub key: &'a str,
    pub prompt: &'a str,
    /// What fences the data of the prompt.
    pub token: &'a str,
    pub schema: &'a Value,
    /// The folder that may be read.
    pub room: &'a Path,
}

impl Session<'_> {
    /// Asks for an answer in a form; once more, with what was wrong, where it is not in it.
    pub(super) fn ask_in_form<T>(
        &mut self,
        form: &Form<'_>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Result<T, Unanswered>> {
        let first = self.put(form, form.key, form.prompt)?;
        let (why, gave) = match first {
            Err(Unanswered::Malformed { why, gave }) => (why, gave),
            Err(failed) => return Ok(Err(failed)),
            Ok(answer) => match taken(&answer, &read) {
                Ok(value) => return Ok(Ok(value)),
                Err(why) => (why, answer.text),
            },
        };
        let again = prompt::repair(form.prompt, &why, &gave, form.token);
        Ok(match self.put(form, &format!("{}-repair", form.key), &again)? {
            Err(unanswered) => Err(unanswered),
            Ok(answer) => taken(&answer, &read)
                .map_err(|why| Unanswered::Malformed { why, gave: answer.text }),
        })
    }

    /// Has work done in a folder; what it left is in the folder.
    pub(super) fn ask_for_work(
        &mut self,
        executor: &AssignedAgent,
        key: &str,
        prompt: &str,
        dir: &Path,
    ) -> Result<Result<(), Failure>> {
        let question =
            AgentQuestion { to: executor, key, prompt, schema: None, access: Access::Write, dir };
        Ok(match self.outcome(&question)? {
            // What it says of its work is not asked: the gates and the reviewer look at it.
            Ok(_) | Err(Unanswered::Malformed { .. }) => Ok(()),
            Err(Unanswered::Failed(failure)) => Err(failure),
        })
    }

    fn put(
        &mut self,
        form: &Form<'_>,
        key: &str,
        prompt: &str,
    ) -> Result<Result<Answer, Unanswered>> {
        self.outcome(&AgentQuestion {
            to: form.to,
            key,
            prompt,
            schema: Some(form.schema),
            access: Access::Read,
            dir: form.room,
        })
    }

    fn outcome(&mut self, question: &AgentQuestion<'_>) -> Result<Result<Answer, Unanswered>> {
        let reply = self.client.ask(question)?;
        let word = reply.outcome.as_str();
        let name = &question.to.name;
        Ok(match reply.outcome {
            Outcome::Answered(answer) => {
                let whole = blake3::hash(answer.text.as_bytes()).to_hex().to_string();
                if !self.docket.answers.contains(&whole) {
                    self.docket.answers.push(whole);
                }
                let judges = &mut self.docket.judges;
                match question.to.role {
                    Role::Reviewer => judges.reviewer = question.to.label(),
                    Role::Arbiter => judges.arbiter = question.to.label(),
                    _ => {}
                }
                Ok(answer)
            }
            Outcome::Malformed { why } => Err(Unanswered::Malformed { why, gave: String::new() }),
            Outcome::OverBudget { why } => Err(Unanswered::Failed(Failure::Budget(why))),
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
                Err(Unanswered::Failed(Failure::Infrastructure(why)))
            }
        })
    }
}

fn taken<T>(answer: &Answer, read: impl Fn(&Value) -> Result<T, String>) -> Result<T, String> {
    match &answer.json {
        Some(value) => read(value),
        None => Err("it holds no JSON object".to_owned()),
    }
}
