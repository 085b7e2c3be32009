//! `tribunal check`: the gates, by hand or in CI.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::cli::Context;
use crate::cli::hook::show_ends;
use crate::config::policy::Moment;
use crate::driver::commands::Request;
use crate::driver::evaluate::{Ask, evaluate};
use crate::driver::{judge, law};
use crate::git::change;
use crate::git::repo::Repo;
use crate::model::change::Change;
use crate::model::oid::Oid;
use crate::model::report::ExitStatus;
use crate::ui::out;
use crate::ui::report::{Answers, Format, render_answered};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is staged (the default)
    #[arg(long, conflicts_with_all = ["all", "from"])]
    staged: bool,
    /// Every file of the checked-out commit
    #[arg(long, conflicts_with = "from")]
    all: bool,
    /// The commit that the change stands on
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The last commit of the change
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD")]
    to: String,
    /// Run the command gates too: all, or those of one moment
    #[arg(long, value_enum, value_name = "MOMENT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "all")]
    commands: Option<Moments>,
    /// Judge these files and folders alone
    paths: Vec<PathBuf>,
}

/// Which command gates run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Moments {
    All,
    PreCommit,
    PrePush,
    Run,
}

impl Moments {
    fn moment(self) -> Option<Moment> {
        match self {
            Self::All => None,
            Self::PreCommit => Some(Moment::PreCommit),
            Self::PrePush => Some(Moment::PrePush),
            Self::Run => Some(Moment::Run),
        }
    }
}

pub fn run(context: &Context, args: &Args) -> Result<ExitStatus> {
    let started = Instant::now();
    let repo = context.repo()?;
    let mut change = change_of(&repo, args)?;
    let paths: Vec<BString> =
        args.paths.iter().map(|path| in_repo(&repo, context, path)).collect::<Result<_>>()?;
    change::narrow(&mut change, &paths);
    let law = law::of_change(&repo.objects, &change, &context.env, &context.global.set)?;
    // By hand commands run even where they passed before: that is what was asked for.
    let request = args.commands.map(|moments| Request {
        env: &context.env,
        moment: moments.moment(),
        reuse: false,
    });
    let files = change.files.len();
    let ask = request.as_ref().map_or(Ask::Gates, Ask::GatesAndCommands);
    let mut evaluation = evaluate(&repo, &context.env, change, &law, None, ask)?;
    let interrupted = evaluation.interrupted;
    let tails = std::mem::take(&mut evaluation.tails);
    let report = evaluation.report(started);
    let format = context.global.format;
    let answers = match format {
        Format::Sarif => judge::answers(&repo, &context.env, &report.findings)?,
        Format::Human | Format::Json | Format::Github => Answers::new(),
    };
    let text = render_answered(&report, &answers, format);
    if !text.is_empty() {
        out::result(&text);
    }
    if format == Format::Human && !context.global.quiet {
        out::talk(&format!(
            "{}: {} files judged in {} ms",
            report.verdict.as_str(),
            files,
            report.elapsed_ms
        ));
    }
    show_ends(&tails);
    Ok(if interrupted.is_some() { ExitStatus::Interrupted } else { report.verdict.into() })
}

fn change_of(repo: &Repo, args: &Args) -> Result<Change> {
    if args.all {
        let head = repo.head()?.context("there is no commit yet")?;
        return change::whole_tree(repo, &repo.tree_of(&head)?);
    }
    let Some(from) = &args.from else { return change::staged(repo) };
    change::between(repo, &commit(repo, from)?, &commit(repo, &args.to)?)
}

pub fn commit(repo: &Repo, revision: &str) -> Result<Oid> {
    repo.resolve(&format!("{revision}^{{commit}}"))?.ok_or_else(|| {
        out::hinted(
            format!("`{revision}` names no commit here"),
            "`git log --oneline` lists commits; a shallow clone may lack it",
        )
    })
}

/// A path as the person typed it, from the top of the repository.
pub fn in_repo(repo: &Repo, context: &Context, path: &Path) -> Result<BString> {
    let absolute = context.env.current_dir.join(path);
    let relative = match &repo.work_tree {
        Some(top) => absolute
            .strip_prefix(top)
            .with_context(|| format!("`{}` is outside the repository", path.display()))?,
        None => path,
    };
    Ok(BString::from(relative.as_os_str().as_bytes()))
}
