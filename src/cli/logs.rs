//! `tribunal logs`: how a run went, job by job.

use anyhow::Result;

use crate::cli::invocation::Invocation;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::text::short_id;
use crate::flow::run_log;
use crate::flow::run_log::Patches;
use crate::platform::store::runs;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::run_log as shown;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal logs 3EFCVP                    each step of that run: when, who, what it cost, what came of it
  tribunal logs 3EFCVP --full             with changes, findings, decisions and reasons
  tribunal logs 3EFCVP --format json      the same for a program";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The run: its id, or enough of its beginning or end
    #[arg(value_name = "RUN")]
    id: String,
    /// Show all that is kept of each step: the whole change, the findings, what was decided and why
    #[arg(long)]
    full: bool,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let id = runs::resolve(&repo.state_dir(), &args.id)?;
    let is_json = invocation.global.format == OutputFormat::Json;
    let patches = match (args.full, is_json) {
        (true, _) => Patches::Full,
        (false, true) => Patches::Beginnings,
        (false, false) => Patches::None,
    };
    let log = run_log::of(invocation.context(&repo), &id, patches)?;
    if is_json {
        out::json(&shown::json(&log));
        return Ok(ExitStatus::Pass);
    }
    for line in shown::lines(&log, args.full, out::width()) {
        out::result(&line);
    }
    if !args.full && !invocation.global.quiet {
        let id = short_id(&id);
        out::hint(&format!("`tribunal logs {id} --full` shows changes, findings and reasons"));
    }
    Ok(ExitStatus::Pass)
}
