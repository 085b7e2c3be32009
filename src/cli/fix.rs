//! `tribunal fix`: has a bug that somebody reports repaired.

use std::path::PathBuf;

use anyhow::Result;
use clap::ArgGroup;

use crate::cli::given_text::TextKind;
use crate::cli::invocation::Invocation;
use crate::cli::run::ended;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::flow;
use crate::flow::call::nested_call;
use crate::flow::run::wanted::BugReport;

/// What is read from a file.
const REPORT: TextKind = TextKind {
    name: "report",
    shorter: "leave out what does not tell of the bug: of a long log the part around the error",
};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal fix 'sum 1 2 3 prints 3, not 6'
                                          find out why, show it by a test and repair it, in a commit
                                          on a branch of its own; your checkout stays as it is
  tribunal fix --file report.md           the same with a report that is in a file
  gh issue view 12 | tribunal fix --file -";

/// The bug that is to be repaired.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("report").args(["text", "file"]).required(true)))]
pub struct Args {
    /// What goes wrong: what was done, what came of it, what should have come
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Read that from a file; `-` reads standard input
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// The branch to repair it on; else the repository's default branch
    #[arg(long, value_name = "BRANCH")]
    base: Option<String>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no bug can be repaired", "report it once the call is over")?;
    let report = match (&args.text, &args.file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => REPORT.read(context, file)?,
        (None, None) => String::new(),
    };
    REPORT.refuse_long(&report)?;
    if report.trim().is_empty() {
        return Err(hinted(
            "the report is empty",
            "say what was done, what came of it, and what should have come",
        ));
    }
    let request = BugReport { report, base: args.base.clone() };
    ended(context, &invocation.global, flow::run::fix(context, &request))
}
