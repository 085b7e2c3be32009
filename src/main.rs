//! The `tribunal` program: parse, run, print the error chain, exit code.

mod cli;
mod daemon;
mod flow;
mod platform;
mod domain;
#[cfg(test)]
mod fuzz;

use std::process::ExitCode;

use anyhow::Result;

use crate::domain::model::error::NotEvaluated;
use crate::domain::model::report::ExitStatus;
use crate::platform::config::env::Env;
use crate::platform::sandbox;
use crate::platform::store::crash;
use crate::platform::ui::{log, out};

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) => {
            out::error(&error);
            let status = match error.downcast_ref::<NotEvaluated>() {
                Some(_) => ExitStatus::Inconclusive,
                None => ExitStatus::Error,
            };
            ExitCode::from(status.code())
        }
    }
}

fn run() -> Result<ExitStatus> {
    let env = Env::capture()?;
    crash::arm(&env);
    let mut words = std::env::args_os().skip(1);
    let first = words.next();
    #[cfg(target_os = "linux")]
    if first.as_ref().is_some_and(|word| word == sandbox::CONFINED) {
        let Err(error) = sandbox::confine::run(words) else { return Ok(ExitStatus::Error) };
        out::error(&error);
        return Ok(ExitStatus::OfCommand(sandbox::confine::code_of(&error)));
    }
    if first.is_some_and(|word| word == "hook")
        && let Some(name) = words.next().and_then(|name| name.into_string().ok())
        && !name.starts_with('-')
    {
        let args: Vec<_> = words.collect();
        log::to_stderr(env.text("RUST_LOG"), 0);
        return cli::hook::run(&env, &name, &args);
    }
    match cli::Cli::read() {
        Ok(cli) => cli::run(cli, env),
        Err(status) => Ok(status),
    }
}
