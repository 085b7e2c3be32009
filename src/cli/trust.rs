//! `tribunal trust`: what tribunal may do by itself in a repository.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::cli::consent_answers::{allow, ask, tell_trusted};
use crate::cli::consent_questions::{Activity, Question, named_commands, open_questions};
use crate::cli::invocation::Invocation;
use crate::daemon::control;
use crate::daemon::watched_repo::WatchedRepo;
use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::flow::context::Context;
use crate::flow::dropped::work;
use crate::flow::evaluate::uncommitted;
use crate::flow::review;
use crate::flow::review::spec_commands;
use crate::flow::review::spec_commands::SpecCommand;
use crate::flow::setup::consent;
use crate::platform::config::env::now;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::time::local;
use crate::platform::ui::{ask::can_ask, out};

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal trust                          show what is not answered yet, and ask
  tribunal trust commands --yes           let the repository's commands run
  tribunal trust watcher reviews --yes    start the watcher, and review new commits
  tribunal trust runs                     say what it means to have specs built that you save, and ask
  tribunal trust --spec docs/specs/a.md   let the commands of a spec run
  tribunal trust --list
  tribunal trust --revoke reviews";

/// By which what a policy asks of the sandbox is taken back.
const SANDBOX: &str = "sandbox";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only these; without a name all that is not answered yet, with `--yes` the commands
    #[arg(value_enum)]
    what: Vec<Activity>,
    /// List what is allowed
    #[arg(long, conflicts_with_all = ["revoke", "yes", "what"])]
    list: bool,
    /// Take back what was allowed: `watcher`, `reviews`, `runs`, `sandbox`, a command by its name, or everything
    #[arg(long, num_args = 0.., value_name = "NAME", conflicts_with_all = ["yes", "what"])]
    revoke: Option<Vec<String>>,
    /// Allow it without asking
    #[arg(long)]
    yes: bool,
    /// The commands of this spec: those that show its criteria, and its gate
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "revoke", "what"])]
    spec: Option<PathBuf>,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let known = consent::load(&repo, &invocation.env)?;
    let format = invocation.global.format;
    match &args.revoke {
        _ if args.list => {}
        Some(names) => revoke(context, known, names)?,
        None => answer(context, &known, args, format)?,
    }
    // Programs are told what holds now, whatever was done.
    if args.list || format == OutputFormat::Json {
        list(format, &consent::load(&repo, &invocation.env)?);
    }
    Ok(ExitStatus::Pass)
}

/// Has what is meant answered: by `--yes`, or by the person.
fn answer(context: Context<'_>, known: &Consent, args: &Args, format: OutputFormat) -> Result<()> {
    if let Some(path) = &args.spec {
        return of_spec(context, known.clone(), path, args.yes);
    }
    let what: &[Activity] = match (args.what.as_slice(), args.yes) {
        ([], true) => &[Activity::Commands],
        ([], false) => &Activity::ALL,
        (named, _) => named,
    };
    uncommitted::tell(context);
    // Who names a question is asked it again.
    let questions = open_questions(context, known, what, !args.what.is_empty())?;
    if questions.is_empty() {
        out::talk(nothing_open(known, what, named_commands(context)?.is_empty()));
        return Ok(());
    }
    if args.yes {
        for question in &questions {
            out::talk(&question.facts());
            allow(context, question)?;
        }
        return Ok(());
    }
    if format == OutputFormat::Json || !can_ask() {
        for question in &questions {
            out::talk(&question.facts());
        }
        let why = if format == OutputFormat::Json {
            "nothing is asked with `--format json`"
        } else {
            "not a terminal, cannot ask"
        };
        let hint = format!("read the above and rerun: `{}`", line_for(&questions));
        return Err(hinted(why, hint));
    }
    for question in &questions {
        ask(context, question, !args.what.is_empty())?;
    }
    Ok(())
}

/// Asks what is not answered yet, as a part of setting tribunal up. A clone's author wrote the
/// commands: without a terminal to ask on the answer is no.
pub fn offer(context: Context<'_>) -> Result<()> {
    let known = consent::load(context.repo, context.env)?;
    let questions = open_questions(context, &known, &Activity::ALL, false)?;
    if can_ask() {
        for question in &questions {
            ask(context, question, false)?;
        }
        return Ok(());
    }
    for question in &questions {
        if let Question::Commands { .. } = question {
            out::talk(&question.facts());
        }
    }
    if questions.is_empty() {
        return Ok(());
    }
    out::talk("not a terminal, cannot ask, so these stay off; the line that allows each:");
    for question in &questions {
        let line = line_for(std::slice::from_ref(question));
        out::talk(&format!("  {:<44} `{line}`", question.when_refused()));
    }
    out::hint("`tribunal trust` on a terminal shows what each means, and asks");
    Ok(())
}

/// Shows the commands of a spec, and lets them run where the person says so.
fn of_spec(context: Context<'_>, mut known: Consent, path: &Path, yes: bool) -> Result<()> {
    let commands = review::commands_of_spec(context, &context.env.current_dir.join(path))?;
    let is_new = |command: &&SpecCommand| !consent::trusts(&known, &command.gate);
    let open: Vec<&SpecCommand> = commands.iter().filter(is_new).collect();
    if open.is_empty() {
        out::talk("the spec has no command that is not trusted already");
        return Ok(());
    }
    for command in &open {
        out::talk(&format!("  {}", printable(&spec_commands::about(command))));
    }
    if !yes {
        let hint =
            format!("read the above and rerun: `tribunal trust --spec {} --yes`", path.display());
        return Err(hinted("these commands of the spec are not trusted", hint));
    }
    let gates: Vec<CommandGate> = open.iter().map(|command| command.gate.clone()).collect();
    consent::trust(&mut known, &gates, now(context.env));
    consent::save(context.repo, &known)?;
    tell_trusted(gates.len(), " of the spec");
    Ok(())
}

/// The line that answers these questions with yes.
fn line_for(questions: &[Question]) -> String {
    let names: Vec<&str> = questions.iter().map(|question| question.activity().as_str()).collect();
    format!("tribunal trust {} --yes", names.join(" "))
}

fn nothing_open(known: &Consent, what: &[Activity], has_no_command: bool) -> &'static str {
    match what {
        [Activity::Commands] if has_no_command => "this repository has no commands",
        [Activity::Commands] => "all commands are trusted already",
        [Activity::Reviews] if known.reviews == ConsentAnswer::Yes => {
            "you agreed to that already: new commits are reviewed in the background"
        }
        [Activity::Runs] if known.runs == ConsentAnswer::Yes => {
            "you agreed to that already: specs that you save as ready are built in the background"
        }
        [Activity::Reviews] => "no agent is here that could review: `tribunal doctor` says why",
        [Activity::Runs] => {
            "no agents are here that could build and review: `tribunal doctor` says why"
        }
        _ => "nothing to ask: `tribunal trust --list` shows the answers",
    }
}

fn revoke(context: Context<'_>, mut known: Consent, names: &[String]) -> Result<()> {
    let is_meant = |name: &str| names.is_empty() || names.iter().any(|meant| meant == name);
    let mut gone: Vec<String> = Vec::new();
    known.commands.retain(|trusted| {
        let kept = !is_meant(&trusted.name);
        if !kept {
            gone.push(trusted.name.clone());
        }
        kept
    });
    let answers = [
        ("watcher", &mut known.watcher),
        ("reviews", &mut known.reviews),
        ("runs", &mut known.runs),
    ];
    for (name, answer) in answers {
        if is_meant(name) {
            if *answer == ConsentAnswer::Yes {
                gone.push(name.to_owned());
            }
            *answer = ConsentAnswer::No;
        }
    }
    if is_meant(SANDBOX) && !known.sandbox.is_empty() {
        known.sandbox.clear();
        gone.push(SANDBOX.to_owned());
    }
    let fixed = ["watcher", "reviews", "runs", SANDBOX];
    let is_known = |name: &&String| gone.contains(name) || fixed.contains(&name.as_str());
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let trusted = known.commands.iter().map(|trusted| trusted.name.as_str());
        let known = trusted.chain(gone.iter().map(String::as_str)).chain(fixed);
        return Err(hinted(
            format!("no trusted command is named `{}`", printable(unknown)),
            did_you_mean_or(unknown, known, "`tribunal trust --list` shows what is trusted"),
        ));
    }
    consent::save(context.repo, &known)?;
    if gone.contains(&"watcher".to_owned()) {
        control::stop(&WatchedRepo::of(context))?;
    }
    if gone.contains(&"runs".to_owned()) {
        work::end_workers(&context.repo.state_dir());
    }
    tell_revoked(&gone, &known);
    Ok(())
}

/// Says what is no longer allowed, and what still is that one would take for a part of it.
fn tell_revoked(gone: &[String], known: &Consent) {
    for name in gone {
        out::talk(&match name.as_str() {
            "watcher" => "the watcher is stopped here, and none starts by itself".to_owned(),
            "reviews" => "no new commit is sent to a model".to_owned(),
            "runs" => "no spec is built by itself; what was being built is stopped".to_owned(),
            command => format!("the command `{}` is no longer trusted", printable(command)),
        });
    }
    if gone.is_empty() {
        out::talk("nothing was allowed that this takes back");
    }
    let is_gone = |name: &str| gone.iter().any(|gone| gone == name);
    if (is_gone("reviews") || is_gone("runs")) && known.watcher == ConsentAnswer::Yes {
        out::hint("the watcher stays on: `tribunal trust --revoke watcher` switches it off");
    }
    if is_gone("watcher") && known.reviews == ConsentAnswer::Yes {
        out::hint(
            "new commits are still reviewed at the push: `tribunal trust --revoke reviews` ends that",
        );
    }
}

fn list(format: OutputFormat, known: &Consent) {
    if format == OutputFormat::Json {
        let commands: Vec<_> = known
            .commands
            .iter()
            .map(|trusted| {
                json!({
                    "name": trusted.name, "at": trusted.agreed.to_string(),
                    "fingerprint": trusted.fingerprint,
                })
            })
            .collect();
        out::json(&json!({
            "watcher": known.watcher, "reviews": known.reviews, "runs": known.runs,
            "trusted": commands,
            "sandbox": known.sandbox,
        }));
        return;
    }
    out::result(&format!("watcher   {}", known.watcher.as_str()));
    out::result(&format!("reviews   {}", known.reviews.as_str()));
    out::result(&format!("runs      {}", known.runs.as_str()));
    if known.commands.is_empty() {
        out::result("commands  no command is trusted");
    }
    for allowed in &known.sandbox {
        out::result(&format!("sandbox   {}", printable(allowed)));
    }
    for trusted in &known.commands {
        out::result(&format!(
            "commands  {}  {}  {}",
            printable(&trusted.fingerprint.chars().take(12).collect::<String>()),
            local(trusted.agreed),
            printable(&trusted.name)
        ));
    }
}
