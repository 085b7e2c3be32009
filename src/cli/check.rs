//! `tribunal check`: the gates, by hand or in CI.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::cli::invocation::Invocation;
use crate::cli::paths::in_repo;
use crate::cli::selection::Selection;
use crate::cli::unchecked::{print_logs, print_tails};
use crate::domain::model::change::Change;
use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{
    CommandResult, CommandRun, ExitStatus, Report, Skipped, Verdict,
};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::domain::policy::command_settings::Moment;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::command_outcome::Tail;
use crate::flow::evaluate::command_selection::{CommandRequest, RequestedBy};
use crate::flow::evaluate::evaluation::{EvaluationScope, evaluate};
use crate::flow::evaluate::push::evaluate_range;
use crate::flow::evaluate::push::outcome::PushPart;
use crate::flow::evaluate::report::build_report;
use crate::flow::evaluate::{policy, recording, uncommitted};
use crate::platform::git::change;
use crate::platform::git::repo::Repo;
use crate::platform::ui::out;
use crate::platform::ui::report::{NOTHING, OutputFormat, json_of, render, render_answered};
use crate::platform::ui::sarif::Answers;
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal check                          what is staged
  tribunal check --from main              every commit of this branch
  tribunal check --all --format sarif     the whole tree, for a scanner";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Check what is staged (the default)
    #[arg(long, conflicts_with_all = ["all", "from"])]
    staged: bool,
    /// Check every file of the checked-out commit
    #[arg(long, conflicts_with = "from")]
    all: bool,
    /// Check everything after this commit; all zeros, which CI passes for a new branch, means the
    /// point where the branch left the default branch of the remote
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// Check up to this commit
    #[arg(long, value_name = "REV", requires = "from", default_value = "HEAD")]
    to: String,
    /// Compare only the two ends of the range, not every commit and message between
    #[arg(long, requires = "from")]
    net: bool,
    /// Also run the command gates: all, or those of one hook
    #[arg(long, value_enum, value_name = "MOMENT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "all")]
    commands: Option<Moments>,
    #[command(flatten)]
    selection: Selection,
    /// Check only these files and folders, relative to the current directory
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

impl Args {
    /// The commands that are to run, where any are.
    fn request(&self) -> Option<CommandRequest> {
        let asks = self.selection.asks_for_commands();
        let moment = self.commands.or(asks.map(|_| Moments::All))?.moment();
        Some(CommandRequest::of_person(moment, asks.unwrap_or(RequestedBy::Person)))
    }
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let started = Instant::now();
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    if args.all || args.from.is_some() {
        uncommitted::tell(context);
    } else {
        uncommitted::tell_unstaged(context);
    }
    let mut change = change_of(&repo, args)?;
    let (paths, untouched) = narrow(context, args, &mut change)?;
    let bypass = args.selection.bypass(context, &change)?;
    let request = args.request();
    let range = range_of(&repo, args)?;
    let Checked { mut report, parts, tails, read, interrupted } = match &range {
        Some((from, to)) => check_range(context, &bypass, (from, to), &paths, request, started)?,
        None => check_change(context, &bypass, change, request, started)?,
    };
    args.selection.tell(&mut report);
    // An evaluation of nothing must not read like a pass. Commands may have checked the whole tree.
    let nothing = report.verdict == Verdict::Pass
        && report.ran.is_empty()
        && (read.files == 0 || report.gates.is_empty());
    let says_why = nothing && !untouched.is_empty();
    report.skipped.splice(0..0, reworded(untouched, &report.ran));
    let format = invocation.global.format;
    let answers = match format {
        OutputFormat::Sarif => recording::answers(context, &report.findings)?,
        OutputFormat::Human | OutputFormat::Json | OutputFormat::Github => Answers::new(),
    };
    let word = match report.verdict {
        _ if interrupted => "interrupted",
        _ if nothing => NOTHING,
        verdict => verdict.as_str(),
    };
    let text = if nothing && format == OutputFormat::Json {
        let mut json = json_of(&report);
        json["verdict"] = word.into();
        out::json(&json);
        StyledText::default()
    } else if format == OutputFormat::Human && !parts.is_empty() {
        by_commit(parts, &report, started)
    } else {
        render_answered(&report, &answers, format)
    };
    if !text.is_empty() {
        out::result(text);
    }
    // Why there is nothing to check says it all.
    if format == OutputFormat::Human && !invocation.global.quiet && !says_why {
        if invocation.global.verbose > 0 && !report.gates.is_empty() {
            let gates: Vec<&str> = report.gates.iter().map(|gate| gate.as_str()).collect();
            out::talk(&format!("gates: {}", gates.join(", ")));
        }
        let ran = match report.ran.len() {
            0 => String::new(),
            count => format!(" and {} run", counted(count, "command")),
        };
        out::talk(&format!("{word}: {read} checked{ran} in {} ms", report.elapsed_ms));
    }
    print_tails(&tails);
    print_logs(report.ran.iter().map(|run| (run.name.as_str(), &run.result)), &repo);
    if report.ran.iter().any(|run| matches!(run.result, CommandResult::NotStarted { .. })) {
        out::hint("install what a command lacks, or change its `run` in tribunal.toml");
    }
    Ok(if interrupted { ExitStatus::Interrupted } else { report.verdict.into() })
}

/// Why no file is checked, where commands were run all the same.
fn reworded(mut untouched: Vec<Skipped>, ran: &[CommandRun]) -> Vec<Skipped> {
    for skipped in untouched.iter_mut().filter(|_| !ran.is_empty()) {
        skipped.reason = skipped.reason.replacen(NOTHING, "no file to check", 1);
    }
    untouched
}

/// A report for people, commit by commit.
fn by_commit(parts: Vec<PushPart>, report: &Report, started: Instant) -> StyledText {
    let mut texts = Vec::new();
    for part in parts {
        let found = render(&build_report(part.findings, Vec::new(), started), OutputFormat::Human);
        texts.push(StyledText::from(&format!("{}:\n", printable(&part.title))).then(found));
    }
    let rest = build_report(Vec::new(), report.skipped.clone(), started);
    texts.push(render(&rest, OutputFormat::Human));
    StyledText::lines(texts)
}

/// What a check came to.
struct Checked {
    report: Report,
    /// Of a range: its commits in which something was found.
    parts: Vec<PushPart>,
    tails: Vec<Tail>,
    read: Read,
    interrupted: bool,
}

/// How much was read.
struct Read {
    files: usize,
    commits: Option<usize>,
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.commits {
            None => write!(f, "{}", counted(self.files, "file")),
            Some(commits) => {
                write!(f, "{} of {}", counted(self.files, "file"), counted(commits, "commit"))
            }
        }
    }
}

fn check_change(
    context: Context<'_>,
    bypass: &Bypass,
    change: Change,
    request: Option<CommandRequest>,
    started: Instant,
) -> Result<Checked> {
    let mut effective = policy::policy_of_change(context, &change)?;
    bypass.apply(&mut effective.policy);
    let read = Read { files: change.files.len(), commits: None };
    let scope = request.map_or(EvaluationScope::Gates, EvaluationScope::GatesAndCommands);
    let mut evaluation = evaluate(context, change, &effective, None, scope)?;
    let interrupted = evaluation.interrupted.is_some();
    let tails = std::mem::take(&mut evaluation.tails);
    Ok(Checked { report: evaluation.report(started), parts: Vec::new(), tails, read, interrupted })
}

/// Checks what a push of the range would bring.
fn check_range(
    context: Context<'_>,
    bypass: &Bypass,
    range: (&Oid, &Oid),
    paths: &[BString],
    request: Option<CommandRequest>,
    started: Instant,
) -> Result<Checked> {
    let mut evaluation = evaluate_range(context, bypass, range, paths, request)?;
    let commits = Some(evaluation.commits.len());
    let (read, interrupted) = (Read { files: evaluation.files, commits }, evaluation.interrupted);
    let tails = std::mem::take(&mut evaluation.tails);
    let parts = evaluation.parts.clone();
    Ok(Checked { report: evaluation.report(started), parts, tails, read, interrupted })
}

/// Leaves in the change what is at or below the paths that were named. A path that names nothing is
/// a mistake; where there is something and it did not change, that is said.
fn narrow(
    context: Context<'_>,
    args: &Args,
    change: &mut Change,
) -> Result<(Vec<BString>, Vec<Skipped>)> {
    let Context { repo, env, .. } = context;
    let mut untouched = Vec::new();
    let mut say = |reason: String| {
        untouched.push(Skipped { gate: "check".to_owned(), reason, has_run: false });
    };
    let mut paths: Vec<BString> = Vec::new();
    for typed in &args.paths {
        let known = |path: &BStr| is_known(repo, change, path);
        let found = in_repo(repo, &env.current_dir, typed, known)?;
        if !found.known {
            return Err(names_nothing(args, typed));
        }
        if !change.files.iter().any(|file| change::is_at(file, found.path.as_bstr())) {
            say(format!("{NOTHING} at `{}`: no change there", shown(typed)));
        }
        paths.push(found.path);
    }
    change::narrow(change, &paths);
    if paths.is_empty() && change.files.is_empty() {
        say(match (&args.from, args.all) {
            (_, true) => format!("{NOTHING}: the commit has no file"),
            (None, false) => format!("{NOTHING}: nothing is staged"),
            (Some(from), false) => {
                format!("{NOTHING}: no file differs between `{from}` and `{}`", args.to)
            }
        });
    }
    Ok((paths, untouched))
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
        (_, true) => ("the checked-out commit", "paths are relative to the current folder"),
        (None, false) => (
            "the index and the last commit",
            "`git add` it first; paths are relative to the current folder",
        ),
        (Some(_), false) => ("both commits", "paths are relative to the current folder"),
    };
    hinted(format!("`{}` matches nothing in {place}", shown(typed)), hint)
}

/// A typed path may come from a list of files that another program made.
fn shown(typed: &Path) -> String {
    printable(&typed.display().to_string())
}

fn change_of(repo: &Repo, args: &Args) -> Result<Change> {
    if args.all {
        let head = repo.head()?.ok_or_else(no_commit_yet)?;
        return change::whole_tree(repo, &repo.tree_of(&head)?);
    }
    let Some(from) = &args.from else {
        // Without an index all that is committed would look as if it were deleted.
        return if repo.work_tree.is_some() {
            change::staged(repo)
        } else {
            Err(hinted(
                "this repository is bare: nothing can be staged",
                "`tribunal check --all` checks the last commit, `--from REV` what came after another",
            ))
        };
    };
    let to = commit(repo, &args.to)?;
    let from = start(repo, from, &to)?;
    change::between(repo, &repo.merge_base(&from, &to)?.unwrap_or(from), &to)
}

/// The commits of a range that is checked commit by commit.
fn range_of(repo: &Repo, args: &Args) -> Result<Option<(Oid, Oid)>> {
    let Some(from) = args.from.as_ref().filter(|_| !args.net) else { return Ok(None) };
    let to = commit(repo, &args.to)?;
    Ok(Some((start(repo, from, &to)?, to)))
}

/// Where a change begins. For a branch that is new to it, a CI names no commit but git's word for
/// none: the change is then what the default branch of the remote does not have.
pub fn start(repo: &Repo, from: &str, to: &Oid) -> Result<Oid> {
    if !is_no_commit(from) {
        return commit(repo, from);
    }
    for name in ["origin/HEAD", "origin/main", "origin/master"] {
        if let Some(tip) = repo.tip(&format!("refs/remotes/{name}"))?
            && let Some(base) = repo.merge_base(&tip, to)?
        {
            return Ok(base);
        }
    }
    Err(hinted(
        "`--from` is git's word for no commit, and no default branch is known to begin at",
        "fetch it, or name it, as in `--from origin/main`; `--all` checks every file",
    ))
}

fn no_commit_yet() -> anyhow::Error {
    hinted("there is no commit yet", "`tribunal check` checks what is staged")
}

fn is_no_commit(revision: &str) -> bool {
    Oid::parse(revision).is_ok_and(|oid| oid.is_zero())
}

pub fn commit(repo: &Repo, revision: &str) -> Result<Oid> {
    if is_no_commit(revision) {
        return Err(hinted(
            format!("`{revision}` stands for no commit in git"),
            "CI passes it for a deleted branch: there is nothing to check",
        ));
    }
    if let Some(oid) = repo.resolve(revision)? {
        return Ok(oid);
    }
    if repo.head()?.is_none() {
        let hint = "`tribunal check` checks what is staged, `tribunal review --worktree` reviews what is there";
        return Err(hinted("there is no commit yet", hint));
    }
    let names = repo.branch_names()?;
    let known = names.iter().map(String::as_str).chain(["HEAD"]).filter(|name| *name != revision);
    let lists = "`git log --oneline` lists commits; a shallow clone may lack it";
    Err(hinted(
        format!("`{}` names no commit here", printable(revision)),
        did_you_mean_or(revision, known, lists),
    ))
}
