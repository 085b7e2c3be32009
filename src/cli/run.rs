//! `tribunal run`: has a spec built. `tribunal approve`, `reject`: answer what such a run asks. `tribunal abort`:
//! ends one.

use anyhow::{Error, Result};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::build_source::BuildSource;
use crate::cli::invocation::{Global, Invocation};
use crate::cli::run_row::ages;
use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::spec_run::about::{RunMode, RunOptions, RunUntil};
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::domain::pipeline::spec_run::outcome::CheckpointAnswer;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::flow::call::nested_call;
use crate::flow::context::Context;
use crate::flow::dropped::work;
use crate::flow::review::request::Stopped;
use crate::flow::run;
use crate::platform::config::env::Env;
use crate::platform::store::runs;
use crate::platform::ui::ask;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::spec_result;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal run docs/specs/sizes.md        build that spec: tests that fail, code, review, a commit on
                                          the branch `tribunal/sizes`; your checkout stays as it is
  tribunal run --text 'read sizes like 2K'
                                          have the spec written and reviewed first, and build it then
  tribunal run sizes --plan-only          show the plan and its tasks; `tribunal resume` builds them
  tribunal run sizes --mode fast          build it without a review; the command that applies it is printed";

/// What is to be built.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    source: BuildSource,
    /// Whether you are asked about the spec that is written, research, the plan, the tasks and the result
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Auto)]
    mode: Mode,
    /// In fast mode: publish what is built as a branch; `FAST_AUTO_WORK_COMMIT=1` does the same
    #[arg(long)]
    commit: bool,
    /// Stop once the plan and its tasks are there; `tribunal resume` builds them
    #[arg(long)]
    plan_only: bool,
    /// Have that agent in a role, in this run alone: `executor=codex:gpt-5.5:high`; can be repeated
    #[arg(long = "role", value_name = "ROLE=AGENT[:MODEL[:EFFORT]]")]
    roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    /// Nobody is asked but where nothing else helps
    Auto,
    /// You answer for a spec that is written of a text, research, the plan, the tasks and the result; with `AUTOPILOT=true` in the environment not any more
    Manual,
    /// A small spec, without a plan and a review; tests come first, and nothing is published without `--commit`
    Fast,
}

impl From<Mode> for RunMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::Manual => Self::Manual,
            Mode::Fast => Self::Fast,
        }
    }
}

/// Shown below `--help`.
const PLAN_EXAMPLES: &str = "\
Examples:
  tribunal plan docs/specs/sizes.md       show the plan of that spec and its tasks; nothing is built
  tribunal plan --text 'read sizes like 2K'
                                          the same, of a spec that is written first";

/// What is to be planned.
#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub struct PlanArgs {
    #[command(flatten)]
    source: BuildSource,
    /// Whether you are asked about the spec that is written, research, the plan and the tasks
    #[arg(long, value_name = "MODE", value_enum, default_value_t = PlanMode::Auto)]
    mode: PlanMode,
    /// Have that agent in a role, in this run alone: `planner=codex:gpt-5.5:high`; can be repeated
    #[arg(long = "role", value_name = "ROLE=AGENT[:MODEL[:EFFORT]]")]
    roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum PlanMode {
    /// Nobody is asked but where nothing else helps
    Auto,
    /// You answer for a spec that is written of a text, research, the plan and the tasks
    Manual,
}

/// Shown below `--help`.
const APPROVE_EXAMPLES: &str = "\
Examples:
  tribunal approve 3EFCVP                 have that run continue; `tribunal runs` lists them
  tribunal approve 3EFCVP --page 4c1d7e02
                                          the same, where it shows that page still";

/// The run that is to continue.
#[derive(Debug, clap::Args)]
#[command(after_help = APPROVE_EXAMPLES)]
pub struct ApproveArgs {
    /// The id of the run, as `tribunal runs` lists it, or enough of its end
    run: String,
    /// The page that you answer, as it was named below it; another one is not approved
    #[arg(long, value_name = "PAGE")]
    page: Option<String>,
}

/// Shown below `--help`.
const REJECT_EXAMPLES: &str = "\
Examples:
  tribunal reject 3EFCVP --note \"no cache\"
                                          have the plan made again without one";

/// The run whose plan, tasks or result is not as it should be.
#[derive(Debug, clap::Args)]
#[command(after_help = REJECT_EXAMPLES)]
pub struct RejectArgs {
    /// The id of the run, as `tribunal runs` lists it, or enough of its end
    run: String,
    /// What should be otherwise; a plan and its tasks are made again with it
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// The page that you answer, as it was named below it; another one is not rejected
    #[arg(long, value_name = "PAGE")]
    page: Option<String>,
}

/// Shown below `--help`.
const ABORT_EXAMPLES: &str = "\
Examples:
  tribunal abort 3EFCVP                   end that run; `tribunal runs` lists them";

/// The run to end.
#[derive(Debug, clap::Args)]
#[command(after_help = ABORT_EXAMPLES)]
pub struct AbortArgs {
    /// The id of the run, as `tribunal runs` lists it, or enough of its end
    run: String,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no spec can be run", "run it once the call is over")?;
    let mode: RunMode = args.mode.into();
    if args.commit && mode != RunMode::Fast {
        return Err(hinted(
            "`--commit` is for `--mode fast`: in other modes what is built is published anyway",
            "leave it out",
        ));
    }
    if args.plan_only && mode == RunMode::Fast {
        return Err(hinted(
            "fast mode plans nothing, so there is nothing to stop at with `--plan-only`",
            "leave it out, or use `--mode auto`",
        ));
    }
    let by_variable = context.env.text("FAST_AUTO_WORK_COMMIT") == Some("1");
    let options = RunOptions {
        commits: args.commit || by_variable,
        until: if args.plan_only { RunUntil::Plan } else { RunUntil::End },
        roles: chosen_roles(&args.roles)?,
        autopilot: autopilot(context.env),
        ..RunOptions::default()
    };
    ended(context, &invocation.global, args.source.run(context, mode, options))
}

/// `tribunal plan`: a run that stops once its plan is there.
pub fn plan(invocation: &Invocation, args: &PlanArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no spec can be planned", "plan it once the call is over")?;
    let mode = match args.mode {
        PlanMode::Auto => RunMode::Auto,
        PlanMode::Manual => RunMode::Manual,
    };
    let options = RunOptions {
        until: RunUntil::Plan,
        roles: chosen_roles(&args.roles)?,
        autopilot: autopilot(context.env),
        ..RunOptions::default()
    };
    ended(context, &invocation.global, args.source.run(context, mode, options))
}

pub(super) fn chosen_roles(given: &[String]) -> Result<Vec<ChosenRole>> {
    given.iter().map(|text| ChosenRole::read(text)).collect()
}

/// `tribunal approve RUN`.
pub fn approve(invocation: &Invocation, args: &ApproveArgs) -> Result<ExitStatus> {
    let autopilot = autopilot(&invocation.env);
    answer(invocation, &args.run, CheckpointAnswer::Approve, args.page.as_deref(), autopilot)
}

/// `tribunal reject RUN`.
pub fn reject(invocation: &Invocation, args: &RejectArgs) -> Result<ExitStatus> {
    let note = redact_str(args.note.trim());
    // Who rejects something wants to see what comes in its place.
    answer(invocation, &args.run, CheckpointAnswer::Reject(note), args.page.as_deref(), false)
}

fn answer(
    invocation: &Invocation,
    run: &str,
    answer: CheckpointAnswer,
    page: Option<&str>,
    autopilot: bool,
) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    nested_call::refuse(context.env, "no run can be answered", "answer once the call is over")?;
    let id = runs::resolve(&repo.state_dir(), run)?;
    ended(context, &invocation.global, run::answer(context, &id, answer, page, autopilot))
}

/// `tribunal abort RUN`.
pub fn abort(invocation: &Invocation, args: &AbortArgs) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let id = runs::resolve(&repo.state_dir(), &args.run)?;
    let aborted = work::abort(context, &id)?;
    if invocation.global.format == OutputFormat::Json {
        out::json(&spec_result::json(&aborted));
    } else if !invocation.global.quiet {
        out::talk(&format!("the run {} is ended", short_id(&id)));
    }
    Ok(ExitStatus::Pass)
}

/// Continues the run of a spec.
pub fn resume(context: Context<'_>, global: &Global, id: &str) -> Result<ExitStatus> {
    ended(context, global, run::resume(context, id, autopilot(context.env)))
}

/// Whether the person has the rest of a run go on without asking.
pub(super) fn autopilot(env: &Env) -> bool {
    env.text("AUTOPILOT") == Some("true")
}

/// Says what a run came to, or that it was stopped; a person who sits at a terminal answers there what it asks.
pub fn ended(
    context: Context<'_>,
    global: &Global,
    mut came: Result<SpecRunResult>,
) -> Result<ExitStatus> {
    loop {
        let result = match came {
            Ok(result) => result,
            Err(error) => return stopped(error),
        };
        show(global, &result, None);
        let Some(answer) = typed_answer(global, &result)? else {
            return Ok(result.verdict().into());
        };
        let page = result.run.page().map(|page| pages::hash(&page));
        came = run::answer(context, &result.run.id, answer, page.as_deref(), false);
    }
}

/// What is typed at the terminal; `None` where nobody is there, and where they answer later.
fn typed_answer(global: &Global, result: &SpecRunResult) -> Result<Option<CheckpointAnswer>> {
    let SpecStage::Waiting(checkpoint) = result.run.stage() else { return Ok(None) };
    if global.quiet || global.format == OutputFormat::Json {
        return Ok(None);
    }
    loop {
        let word = ask::line("approve it, reject it, or answer later? [a/r/L]")?;
        match word.unwrap_or_default().to_lowercase().as_str() {
            "a" | "approve" => return Ok(Some(CheckpointAnswer::Approve)),
            "r" | "reject" => {}
            _ => return Ok(None),
        }
        let Some(note) = ask::line("what should be otherwise?")? else { return Ok(None) };
        // Without a reason it would be made again as it was: Enter leads back to the question.
        if !note.is_empty() || !checkpoint.at.is_made_again() {
            return Ok(Some(CheckpointAnswer::Reject(redact_str(&note))));
        }
    }
}

/// Says that a signal stopped a run, and how it is continued; any other error stays one.
pub fn stopped(error: Error) -> Result<ExitStatus> {
    let Some(stopped) = error.downcast_ref::<Stopped>() else { return Err(error) };
    out::talk(&format!("{stopped} by signal {}", stopped.signal));
    out::hint(&format!("resume it with `tribunal resume {}`", short_id(&stopped.run)));
    Ok(ExitStatus::Interrupted)
}

/// Prints what a run came to, or how far it is; of one that a process works on at that time there is nothing to do.
pub fn show(global: &Global, result: &SpecRunResult, worked_on: Option<Timestamp>) {
    let run = &result.run;
    if global.format == OutputFormat::Json {
        let seconds = |since| worked_on.map(|now| now.duration_since(since).as_secs().max(0));
        let mut json = spec_result::json(result);
        json["stage_seconds"] = json!(seconds(run.stage_since()));
        out::json(&json);
        return;
    }
    for line in spec_result::lines(result) {
        out::result(&line);
    }
    if let Some(now) = worked_on {
        out::result(&format!("{} {}", run.stage().as_str(), ages(run, now)));
    }
    if !global.quiet && worked_on.is_none() {
        for hint in spec_result::hints(result) {
            out::hint(&hint);
        }
    }
}
