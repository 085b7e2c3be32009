//! `tribunal push`: pushes a branch, after the checks of a push, by the person's own git.

use std::time::Instant;

use anyhow::Result;

use crate::cli::elsewhere::refuse_elsewhere;
use crate::cli::hook_report::print_push;
use crate::cli::invocation::Invocation;
use crate::cli::push_reviews::consult_reviews;
use crate::cli::unchecked::Guarded;
use crate::domain::model::report::{ExitStatus, Reported};
use crate::domain::model::terminal::printable;
use crate::domain::pushing::answer::RefAnswer;
use crate::flow::call::nested_call;
use crate::flow::context::Context;
use crate::flow::evaluate::bookkeeping;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::passed_trees::PassedCommits;
use crate::flow::evaluate::push::evaluate_push;
use crate::flow::evaluate::push::outcome::PushEvaluation;
use crate::flow::push;
use crate::flow::push::PlannedPush;
use crate::flow::setup::install::record::recorded;
use crate::platform::ui::out;
use crate::platform::ui::out::OwnStream;
use crate::platform::ui::push_result;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal push                           push the branch that is checked out, to its upstream or to the
                                          only remote
  tribunal push --run 3EFCVP              push the branch that this run built";

/// What is to be pushed, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The remote; else the one of the branch's upstream, or the only one
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// Push the branch that this run built, whatever is checked out
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let started = Instant::now();
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "nothing can be pushed", "push once the call is over")?;
    refuse_elsewhere(invocation, &repo)?;
    let planned = push::plan(context, args.run.as_deref(), args.remote.as_deref())?;
    let global = &invocation.global;
    let is_json = global.format == OutputFormat::Json;
    let bypass = Bypass::from_env(context.env);
    if bypass.is_any() && !recorded(&repo).contains(&"pre-push") {
        out::warn(&format!("not checked in full: {}", printable(&bypass.describe())));
    }
    if !bypass.all {
        let evaluation = checked(context, &planned, &bypass)?;
        let refuses = evaluation.refuses();
        let parts = evaluation.parts.iter().filter(|_| refuses && is_json);
        let findings: Vec<Reported> = parts.flat_map(|part| part.findings.clone()).collect();
        let status = print_push(evaluation, Guarded::Push, context, started);
        if refuses {
            if is_json {
                out::json(&push_result::json_refused(&planned.branch, &findings));
            }
            return Ok(status);
        }
    }
    let mut tell = |said: &[u8]| drop(out::relay(said, OwnStream::Error));
    let result = push::push(context, &planned, &mut tell)?;
    if is_json {
        out::json(&push_result::json(&result));
    } else {
        out::result(&push_result::line(&result));
        if let Some(hint) = push_result::hint(&result).filter(|_| !global.quiet) {
            out::hint(&hint);
        }
    }
    Ok(match result.answer {
        RefAnswer::Created | RefAnswer::Updated | RefAnswer::UpToDate => ExitStatus::Pass,
        RefAnswer::Rejected(_) => ExitStatus::Blocked,
    })
}

/// What the hook checks, before anything is sent. What passes here is on record, so that the hook does not read it again.
fn checked(context: Context<'_>, planned: &PlannedPush, bypass: &Bypass) -> Result<PushEvaluation> {
    let updates = std::slice::from_ref(&planned.update);
    let mut evaluation = evaluate_push(context, bypass, updates, &planned.receiver)?;
    if !evaluation.refuses() && !bypass.is_any() {
        consult_reviews(context, &mut evaluation);
        if !evaluation.refuses() {
            let tips = [planned.update.new.clone()];
            bookkeeping::warn_once(context, PassedCommits::add_tips(context.repo, &tips));
        }
    }
    Ok(evaluation)
}
