//! `tribunal check`: the gates, by hand or in CI.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::cli::Context;
use crate::cli::hook::show_ends;
use crate::cli::paths::in_repo;
use crate::config::policy::Moment;
use crate::driver::commands::Request;
use crate::driver::evaluate::{Ask, evaluate};
use crate::driver::{judge, law};
use crate::git::change;
use crate::git::repo::Repo;
use crate::model::change::Change;
use crate::model::oid::Oid;
use crate::model::report::{ExitStatus, Skipped, Verdict};
use crate::ui::out;
use crate::ui::report::{Answers, Format, json_of, printable, render_answered};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is staged (the default)
    #[arg(long, conflicts_with_all = ["all", "from"])]
    staged: bool,
    /// Every file of the checked-out commit
    #[arg(long, conflicts_with = "from")]
    all: bool,
    /// The commit that the change stands on; all zeros, as a CI has it for a new branch, is where the
    /// branch left the remote's default branch
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The last commit of the change
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD")]
    to: String,
    /// Run the command gates too: all, or those of one moment
    #[arg(long, value_enum, value_name = "MOMENT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "all")]
    commands: Option<Moments>,
    /// Judge these files and folders alone; relative to the folder you stand in, also with `--repo`
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
    let untouched = narrow(context, &repo, args, &mut change)?;
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
    let mut report = evaluation.report(started);
    report.skipped.splice(0..0, untouched);
    let format = context.global.format;
    let answers = match format {
        Format::Sarif => judge::answers(&repo, &context.env, &report.findings)?,
        Format::Human | Format::Json | Format::Github => Answers::new(),
    };
    // What found nothing to judge must not read like a pass. Commands may have judged the whole.
    let nothing = files == 0 && report.verdict == Verdict::Pass && args.commands.is_none();
    let word = if nothing { "nothing to check" } else { report.verdict.as_str() };
    let text = if nothing && format == Format::Json {
        let mut json = json_of(&report);
        json["verdict"] = word.into();
        json.to_string()
    } else {
        render_answered(&report, &answers, format)
    };
    if !text.is_empty() {
        out::result(&text);
    }
    if format == Format::Human && !context.global.quiet {
        out::talk(&format!("{word}: {files} files judged in {} ms", report.elapsed_ms));
    }
    show_ends(&tails);
    Ok(if interrupted.is_some() { ExitStatus::Interrupted } else { report.verdict.into() })
}

/// Leaves in the change what is at or below the paths that were named. A path that names nothing is
/// a mistake; where there is something and it did not change, that is said.
fn narrow(
    context: &Context,
    repo: &Repo,
    args: &Args,
    change: &mut Change,
) -> Result<Vec<Skipped>> {
    let mut untouched = Vec::new();
    let mut say = |reason: String| {
        untouched.push(Skipped { gate: "check".to_owned(), reason });
    };
    let mut paths: Vec<BString> = Vec::new();
    for typed in &args.paths {
        let known = |path: &BStr| is_known(repo, change, path);
        let found = in_repo(repo, &context.env.current_dir, typed, known)?;
        if !found.known {
            return Err(names_nothing(args, typed));
        }
        if !change.files.iter().any(|file| change::is_at(file, found.path.as_bstr())) {
            say(format!("nothing to check at `{}`: no change there", shown(typed)));
        }
        paths.push(found.path);
    }
    change::narrow(change, &paths);
    if paths.is_empty() && change.files.is_empty() {
        say(match (&args.from, args.all) {
            (_, true) => "nothing to check: the commit has no file".to_owned(),
            (None, false) => "nothing to check: nothing is staged".to_owned(),
            (Some(from), false) => {
                format!("nothing to check: no file differs between `{from}` and `{}`", args.to)
            }
        });
    }
    Ok(untouched)
}

/// Whether there is something at a path: in the change, after it, or before it.
fn is_known(repo: &Repo, change: &Change, path: &BStr) -> Result<bool> {
    if change.files.iter().any(|file| change::is_at(file, path)) {
        return Ok(true);
    }
    for tree in [Some(&change.tree), change.base_tree.as_ref()].into_iter().flatten() {
        if repo.objects.has(tree, path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn names_nothing(args: &Args, typed: &Path) -> anyhow::Error {
    let (place, hint) = match (&args.from, args.all) {
        (_, true) => ("the checked-out commit", "paths are taken from the folder you stand in"),
        (None, false) => (
            "the index and the last commit",
            "`git add` it first; paths are taken from the folder you stand in",
        ),
        (Some(_), false) => ("both commits", "paths are taken from the folder you stand in"),
    };
    out::hinted(format!("`{}` matches nothing in {place}", shown(typed)), hint)
}

/// A typed path may come from a list of files that somebody else named.
fn shown(typed: &Path) -> String {
    printable(&typed.display().to_string())
}

fn change_of(repo: &Repo, args: &Args) -> Result<Change> {
    if args.all {
        let head = repo.head()?.ok_or_else(|| {
            out::hinted("there is no commit yet", "`tribunal check` judges what is staged")
        })?;
        return change::whole_tree(repo, &repo.tree_of(&head)?);
    }
    let Some(from) = &args.from else { return change::staged(repo) };
    let to = commit(repo, &args.to)?;
    change::between(repo, &start(repo, from, &to)?, &to)
}

/// Where a change begins. For a branch that is new to it, a CI names no commit but git's word for
/// none: the change is then what the default branch of the remote does not have.
pub fn start(repo: &Repo, from: &str, to: &Oid) -> Result<Oid> {
    if !is_no_commit(from) {
        return commit(repo, from);
    }
    for name in ["origin/HEAD", "origin/main", "origin/master"] {
        if let Some(tip) = repo.resolve(&format!("refs/remotes/{name}^{{commit}}"))?
            && let Some(base) = repo.merge_base(&tip, to)?
        {
            return Ok(base);
        }
    }
    Err(out::hinted(
        "`--from` is git's word for no commit, and no default branch is known to begin at",
        "fetch it, or name it, as in `--from origin/main`; `--all` judges every file",
    ))
}

fn is_no_commit(revision: &str) -> bool {
    Oid::parse(revision).is_ok_and(|oid| oid.is_zero())
}

pub fn commit(repo: &Repo, revision: &str) -> Result<Oid> {
    if is_no_commit(revision) {
        return Err(out::hinted(
            format!("`{revision}` is git's word for no commit"),
            "a CI gives it for a branch that was deleted: there is nothing to judge",
        ));
    }
    repo.resolve(&format!("{revision}^{{commit}}"))?.ok_or_else(|| {
        out::hinted(
            format!("`{revision}` names no commit here"),
            "`git log --oneline` lists commits; a shallow clone may lack it",
        )
    })
}
