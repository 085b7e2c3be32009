//! Any program that reads a prompt and writes an answer, as the user's settings describe it.

mod words;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::domain::model::agent::{AgentIdentity, Cost};
use crate::domain::model::web::WebRecord;
use crate::domain::policy::agent_settings::CommandAgent;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::agents::ask::{Access, Answer, Outcome, ParsedOutput, Reply, Request};
use crate::platform::agents::call;
use crate::platform::agents::call::{Exit, ProgramCall, ProgramOutput};
use crate::platform::agents::find;
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::agents::reset_time::again_at;
use crate::platform::agents::text::{is_unreached, last_line, object_in, reason_line};
use crate::platform::config::env::{now, zone};
use crate::platform::process;
use crate::platform::process::Interrupts;
use crate::platform::store::regular::{ANSWER as ANSWER_MAX, Unfit};

/// The file of the answer, in the request's folder.
const ANSWER: &str = "answer";

/// The file of the schema, in the request's folder.
const SCHEMA: &str = "schema.json";

/// The program, found.
#[derive(Clone, Debug)]
pub struct CommandLineAgent {
    pub settings: CommandAgent,
    program: PathBuf,
}

impl CommandLineAgent {
    pub fn find(settings: &CommandAgent, agent_env: AgentEnv<'_>) -> Result<Self, AgentNotFound> {
        let missing = |message: String| {
            let hint = format!(
                "`[[command-agent]]` `{}` in your own settings describes it",
                settings.name
            );
            AgentNotFound { message, hint }
        };
        let Some(program) = settings.run.first().filter(|word| !word.is_empty()) else {
            return Err(missing(format!("`run` of the agent `{}` is empty", settings.name)));
        };
        let found = if program.contains('/') {
            let path = PathBuf::from(program);
            let fits = path.is_absolute()
                && process::is_program(&path)
                && find::is_foreign(&path, agent_env);
            fits.then_some(path)
        } else {
            find::in_path(program, agent_env)
        };
        let found = found.ok_or_else(|| {
            let how = "by an absolute path or in `PATH`, outside of the repository";
            missing(format!("there is no program `{program}` {how}"))
        });
        Ok(Self { settings: settings.clone(), program: found? })
    }

    pub fn ask(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Reply {
        Reply::to(request, self.identity(), |_| {
            let outcome = self.answer(request, agent_env, interrupts)?;
            Ok(ParsedOutput::new(outcome, Cost::default(), None))
        })
    }

    /// Where the program is.
    pub fn place(&self) -> String {
        self.program.display().to_string()
    }

    pub fn identity(&self) -> AgentIdentity {
        let CommandAgent { name, family, .. } = &self.settings;
        AgentIdentity { agent: name.clone(), family: family.clone(), ..AgentIdentity::default() }
    }

    /// Whether it can be told how hard to think.
    pub fn takes_effort(&self) -> bool {
        let CommandAgent { run, run_writing, .. } = &self.settings;
        run.iter().chain(run_writing).any(|word| word.contains("{effort}"))
    }

    /// An error is a call that could not be made.
    fn answer(
        &self,
        request: &Request<'_>,
        agent_env: AgentEnv<'_>,
        interrupts: Interrupts,
    ) -> Result<Outcome, Outcome> {
        let could_not = |why: String| Outcome::CouldNotStart { why };
        let CommandAgent { name, run, run_writing, env, .. } = &self.settings;
        let (key, templates) = match request.access {
            Access::Read => ("run", run),
            Access::Write => ("run-writing", run_writing),
            Access::Search => return Err(could_not(format!("the agent `{name}` cannot search"))),
        };
        let Some((program, templates)) = templates.split_first() else {
            return Err(could_not(format!("the agent `{name}` has no `{key}`: it cannot write")));
        };
        let program = if request.access == Access::Read {
            self.program.clone()
        } else {
            Self::find(
                &CommandAgent { run: vec![program.clone()], ..self.settings.clone() },
                agent_env,
            )
            .map_err(|missing| could_not(missing.message))?
            .program
        };
        let answer = request.folder.join(ANSWER);
        let schema = request.folder.join(SCHEMA);
        // Where nothing is asked of its form, every answer has the right one.
        let wanted = request.schema.map_or_else(|| "{}".to_owned(), ToString::to_string);
        call::keep(&schema, wanted.as_bytes())
            .map_err(|error| could_not(format!("could not write the schema: {error}")))?;
        let values = words::Values {
            model: request.model,
            effort: request.effort,
            answer: &answer,
            schema: &schema,
            dir: request.dir,
        };
        let words = words::fill(templates, &values)
            .map_err(|missing| could_not(format!("`{key}` of the agent `{name}` {missing}")))?;
        let given =
            env.iter().filter_map(|name| Some((name.clone(), agent_env.env.get(name)?.to_owned())));
        let own: Vec<(String, OsString)> = given.collect();
        let secrets =
            own.iter().filter_map(|(_, value)| value.to_str().map(str::to_owned)).collect();
        let home = agent_env.env.get("HOME").map(|home| ("HOME".to_owned(), home.to_owned()));
        let vars = home.into_iter().chain(own).collect();
        let call = ProgramCall { program, words, vars, secrets };
        // Most programs say nothing before they say it all: silence says nothing about them.
        let request = Request { idle: request.wall, ..*request };
        let ran = call.run(&request, agent_env, interrupts)?;
        let file =
            match words::use_answer(templates).then(|| call.answer(&ran, &answer)).transpose() {
                Ok(file) => file,
                Err(unfit) => return Ok(unfit),
            };
        Ok(read(&ran, file.as_deref(), request.schema.is_some(), now(agent_env.env)))
    }

    /// Nothing is started: what can be known is what the settings say.
    pub fn probe(&self, agent_env: AgentEnv<'_>) -> Probe {
        let (set, unset): (Vec<_>, Vec<_>) =
            self.settings.env.iter().partition(|name| agent_env.env.get(name).is_some());
        let login = match (set.first(), unset.first()) {
            (Some(name), _) => Login::By((*name).clone()),
            (None, None) => Login::NotNeeded,
            (None, Some(_)) => Login::Missing,
        };
        Probe {
            place: self.program.display().to_string(),
            version: String::new(),
            login,
            sandbox: Sandbox::Instead("nothing holds it but its own settings".to_owned()),
            hints: unset.iter().map(|name| format!("set the variable `{name}`")).collect(),
        }
    }
}

/// What a run comes to; `file` is the content of the answer file, where the words name one. Pure.
fn read(ran: &ProgramOutput, file: Option<&[u8]>, wants_json: bool, now: Timestamp) -> Outcome {
    if let Some(outcome) = call::stopped(ran.exit) {
        return outcome;
    }
    let said = last_line(&ran.err);
    match ran.exit {
        Exit::Code(0) => {}
        Exit::Code(code @ (126 | 127)) => {
            return Outcome::CouldNotStart {
                why: reason_line(&format!("it ended with {code}: {said}")),
            };
        }
        Exit::Code(code) => return failed(code, &said, now),
        Exit::Signal(signal) => {
            return Outcome::Killed {
                why: reason_line(&format!("it was ended by signal {signal} {said}")),
            };
        }
        Exit::TimedOut(_) | Exit::Silent(_) | Exit::TooLong | Exit::Interrupted(_) => {
            return Outcome::Killed { why: "it was stopped".to_owned() };
        }
    }
    let answer = file.unwrap_or(&ran.out);
    if answer.len() as u64 > ANSWER_MAX.bytes {
        return Outcome::Malformed { why: format!("its answer: {}", Unfit::TooLarge(ANSWER_MAX)) };
    }
    let text = String::from_utf8_lossy(answer).into_owned();
    if text.trim().is_empty() {
        return Outcome::Malformed { why: reason_line(&format!("its answer is empty {said}")) };
    }
    let json = if wants_json { object_in(&text) } else { None };
    if wants_json && json.is_none() {
        let why = reason_line(&format!("its answer does not hold one JSON object: {text}"));
        return Outcome::Malformed { why };
    }
    Outcome::Answered(Answer { text, json, web: WebRecord::default() })
}

/// What a failure means, by common words. It ran in the zone of this machine's user.
fn failed(code: i32, said: &str, now: Timestamp) -> Outcome {
    let lower = said.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let why = reason_line(&format!("it ended with {code}: {said}"));
    if says(&["unauthorized", "api key", "not logged in", "log in", "401", "403"]) {
        Outcome::NotLoggedIn { why }
    } else if says(&["quota", "billing", "out of credit"]) {
        Outcome::QuotaUsedUp { why }
    } else if says(&["rate limit", "usage limit", "too many requests", "429"]) {
        Outcome::RateLimited { until: again_at(said, now, &zone()), why }
    } else if says(&["context length", "context window", "prompt is too long"]) {
        Outcome::ContextTooLong { why }
    } else if says(&["overloaded", "timed out", "connection", "500", "502", "503", "529"])
        || is_unreached(said)
    {
        Outcome::Transient { why }
    } else {
        Outcome::Failed { why }
    }
}
