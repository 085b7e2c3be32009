//! `tribunal review`: a model of another vendor attacks a change, a third voice weighs what it
//! found, and code decides.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::cli::Context;
use crate::driver::review::{self, Range, Request, background};
use crate::git::repo::Repo;
use crate::model::oid::Oid;
use crate::model::report::ExitStatus;
use crate::ui::out;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Args {
    /// What is staged
    #[arg(long, conflicts_with_all = ["from", "commit"])]
    staged: bool,
    /// One commit, against its first parent
    #[arg(long, value_name = "REV", conflicts_with = "from")]
    commit: Option<String>,
    /// The commit that the change stands on
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The last commit of the change
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD")]
    to: String,
    /// What the change is meant to do
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Have what is found fixed, on a branch of the program's own, until it holds
    #[arg(long)]
    fix: bool,
    /// Ask again, though the same question was answered before
    #[arg(long)]
    fresh: bool,
    /// Write `docs/review/<id>.md` too
    #[arg(long)]
    report: bool,
    /// Work off the commits that wait for a review
    #[arg(long, hide = true, conflicts_with_all = ["staged", "commit", "from", "fix"])]
    waiting: bool,
}
