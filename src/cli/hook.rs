//! `tribunal hook NAME`: what a shim calls.

use std::ffi::OsString;
use std::time::Instant;

use anyhow::Result;

use crate::config::env::Env;
use crate::config::policy::Moment;
use crate::driver::commands::{self, Outcome, Request, Tail};
use crate::driver::{judge, law};
use crate::git::change;
use crate::git::repo::Repo;
use crate::model::finding::Effect;
use crate::model::report::{ExitStatus, Verdict};
use crate::ui::out;
use crate::ui::report::{Format, printable, render};

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
    let mut judgement = judge::mechanical(&repo, &change, &law)?;
    let mut ran = Outcome::default();
    // What is blocked anyway waits for no build.
    if judgement.findings.iter().all(|f| f.effect < Effect::Block) {
        let request = Request { env, moment: Some(Moment::PreCommit), reuse: true };
        ran = commands::judge(&repo, &law, &change, &request)?;
        judgement.absorb(ran.judgement);
    }
    let mut report = judge::conclude(&repo, env, &change, judgement, started);
    commands::settle(&mut report, ran.inconclusive);
    let text = render(&report, Format::Human);
    if !text.is_empty() {
        out::talk(&text);
    }
    show_ends(&ran.tails);
    if report.verdict != Verdict::Pass || ran.interrupted.is_some() {
        out::hint("nothing was committed; your files and the index are as they were");
    }
    Ok(if ran.interrupted.is_some() { ExitStatus::Interrupted } else { report.verdict.into() })
}

/// Shows people the last lines of the commands that failed.
pub fn show_ends(tails: &[Tail]) {
    for tail in tails.iter().filter(|tail| !tail.lines.is_empty()) {
        out::talk(&format!("the end of what `{}` printed:", printable(&tail.command)));
        for line in &tail.lines {
            out::talk(&format!("    {}", printable(line)));
        }
    }
}
