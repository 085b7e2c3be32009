//! `tribunal attack`: an agent writes tests against a change, by the clauses of its spec; code runs them in the sandbox,
//! and an arbiter weighs those that fail.

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::invocation::{Global, Invocation};
use crate::cli::review::{from_commit, where_it_left};
use crate::domain::model::report::ExitStatus;
use crate::flow::attack;
use crate::flow::attack::{AttackRequest, Attacked};
use crate::flow::call::nested_call;
use crate::flow::review::request::Stopped;
use crate::flow::review::target::ReviewRange;
use crate::platform::git::repo::Repo;
use crate::platform::ui::attack_result;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal attack                         attack what is new on this branch
  tribunal attack --base main             attack the branch, from where it left `main`
  tribunal attack --from HEAD~2           attack the last two commits
  tribunal attack --spec docs/specs/a.md  hold it to that spec";

/// What is to be attacked.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Attack what this branch has beyond another one, from where it left it
    #[arg(long, value_name = "BRANCH", conflicts_with = "from")]
    base: Option<String>,
    /// Attack everything after this commit, or from where the branch left it
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// Read what the change must do from this spec, a file or an id, not from the one that it belongs to
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "nothing can be attacked", "attack it once the call is over")?;
    let request = AttackRequest {
        range: range(&repo, args)?,
        spec: args.spec.as_ref().map(|path| context.env.current_dir.join(path)),
    };
    match attack::attack(context, &request) {
        Ok(attacked) => {
            show(&invocation.global, &attacked);
            Ok(attacked.record.verdict().into())
        }
        Err(error) => match error.downcast_ref::<Stopped>() {
            Some(stopped) => {
                out::talk(&format!("the attack was stopped by signal {}", stopped.signal));
                out::hint("the same command continues it: what was answered is not asked again");
                Ok(ExitStatus::Interrupted)
            }
            None => Err(error),
        },
    }
}

fn range(repo: &Repo, args: &Args) -> Result<ReviewRange> {
    match (&args.from, &args.base) {
        (Some(from), _) => from_commit(repo, from, "HEAD"),
        (None, Some(base)) => where_it_left(repo, base),
        (None, None) => Ok(ReviewRange::Auto),
    }
}

fn show(global: &Global, attacked: &Attacked) {
    let Attacked { record, kept } = attacked;
    if global.format == OutputFormat::Json {
        out::json(&attack_result::json(record, &kept.page, &kept.patches));
        return;
    }
    for line in attack_result::lines(record) {
        out::result(&line);
    }
    if global.quiet {
        return;
    }
    out::talk(&attack_result::last_line(record));
    out::talk(&format!("the report is in `{}`", kept.page.display()));
    for patch in &kept.patches {
        out::hint(&format!("`git apply {}` takes its tests into your suite", patch.display()));
    }
}
