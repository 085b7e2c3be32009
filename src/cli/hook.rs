//! `tribunal hook NAME`: what a shim calls.

use std::ffi::OsString;
use std::time::Instant;

use anyhow::Result;

use crate::config::env::Env;
use crate::driver::{judge, law};
use crate::git::change;
use crate::git::repo::Repo;
use crate::model::report::{ExitStatus, Verdict};
use crate::ui::out;
use crate::ui::report::{Format, render};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The hook's name, as git has it
    pub name: String,
    /// What git gave the hook
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<OsString>,
}

/// Answers git. Reached without the command line's parser: a commit pays for every millisecond.
pub fn run(env: &Env, name: &str, _args: &[OsString]) -> Result<ExitStatus> {
    match name {
        "pre-commit" | "pre-merge-commit" => pre_commit(env),
        _ => Ok(ExitStatus::Pass),
    }
}

fn pre_commit(env: &Env) -> Result<ExitStatus> {
    let started = Instant::now();
    let repo = Repo::discover(&env.current_dir, Some(env))?;
    let change = change::staged(&repo)?;
    let law = law::of_tree(&repo.objects, change.base_tree.as_ref(), env, &[])?;
    let judgement = judge::mechanical(&repo, &change, &law)?;
    let report = judge::conclude(&repo, env, &change, judgement, started);
    let text = render(&report, Format::Human);
    if !text.is_empty() {
        out::talk(&text);
    }
    if report.verdict == Verdict::Block {
        out::hint("nothing was committed; your files and the index are as they were");
    }
    Ok(report.verdict.into())
}
