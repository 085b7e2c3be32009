//! What a person answers about what tribunal may do by itself: asked for, kept, and begun.

use anyhow::Result;

use crate::cli::consent_questions::Question;
use crate::daemon::control;
use crate::domain::model::text::counted;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::setup::consent;
use crate::platform::config::env;
use crate::platform::store::stop_mark;
use crate::platform::ui::ask::{OnEnter, yes_or_no};
use crate::platform::ui::out;

/// Asks a question and keeps the answer. After a no to the watcher only who names what needs it is asked about
/// that.
pub fn ask(context: Context<'_>, question: &Question, is_named: bool) -> Result<()> {
    let known = consent::load(context.repo, context.env)?;
    if known.watcher != ConsentAnswer::Yes && !is_named {
        let (what, notices) = match question {
            Question::Reviews { .. } => ("reviews", "new commits"),
            Question::Runs { .. } => ("runs", "specs"),
            Question::Commands { .. } | Question::Watcher => ("", ""),
        };
        if !what.is_empty() {
            out::talk(&format!(
                "{what} are not asked about: the watcher notices {notices}, and it is off"
            ));
            out::hint(&format!("`tribunal trust {what}` asks about both"));
            return Ok(());
        }
    }
    out::talk(&question.facts());
    if yes_or_no(question.words(), OnEnter::No)? == Some(true) {
        return allow(context, question);
    }
    refuse(context, known, question)?;
    out::talk(question.when_refused());
    let name = question.activity().as_str();
    out::hint(&format!("`tribunal trust {name}` asks again"));
    Ok(())
}

/// Keeps a yes, and starts what it allows.
pub fn allow(context: Context<'_>, question: &Question) -> Result<()> {
    let mut known = consent::load(context.repo, context.env)?;
    match question {
        Question::Commands { open, steps, asked } => {
            known.sandbox.extend(asked.iter().cloned());
            let commands: Vec<CommandGate> =
                open.iter().map(|(command, _)| command.clone()).collect();
            consent::trust(&mut known, &commands, env::now(context.env));
            consent::trust_steps(&mut known, steps, env::now(context.env));
            if !open.is_empty() {
                tell_trusted(open.len(), "");
            }
            if !steps.is_empty() {
                out::talk("what prepares runs may run; undo with `tribunal trust --revoke`");
            }
            if !asked.is_empty() {
                out::talk(
                    "it is allowed in the sandbox; undo with `tribunal trust --revoke sandbox`",
                );
            }
        }
        Question::Watcher => {
            known.watcher = ConsentAnswer::Yes;
            out::talk("the watcher starts where it has work; `tribunal daemon stop` stops it");
        }
        Question::Runs { .. } => {
            switch_watcher_on(&mut known, "specs");
            known.runs = ConsentAnswer::Yes;
            known.runs_since = Some(env::now(context.env));
            out::talk(
                "specs that you save as ready from now on are built in the background; undo with `tribunal \
                 trust --revoke runs`",
            );
            out::hint("`tribunal run FILE` builds one that was there before");
        }
        Question::Reviews { .. } => {
            switch_watcher_on(&mut known, "new commits");
            known.reviews = ConsentAnswer::Yes;
            out::talk(
                "new commits are reviewed in the background; undo with `tribunal trust --revoke \
                 reviews`",
            );
        }
    }
    consent::save(context.repo, &known)?;
    if known.watcher == ConsentAnswer::Yes {
        stop_mark::lift(&context.repo.state_dir())?;
        let watch = policy::work_tree_settings(context)?.policy.watch;
        control::start_on_demand(context, &watch);
    }
    Ok(())
}

/// Switches on the watcher, without which nothing is noticed, and says so where it was off.
fn switch_watcher_on(known: &mut Consent, notices: &str) {
    if known.watcher != ConsentAnswer::Yes {
        out::talk(&format!(
            "the watcher is switched on as well: it notices {notices}; `tribunal trust --revoke watcher` \
             switches it off"
        ));
    }
    known.watcher = ConsentAnswer::Yes;
}

/// Says that commands are trusted now.
pub fn tell_trusted(count: usize, of: &str) {
    let are = if count == 1 { "is" } else { "are" };
    let commands = counted(count, "command");
    out::talk(&format!("{commands}{of} {are} trusted; undo with `tribunal trust --revoke`"));
}

/// Keeps a no. That to a command is not kept: the command is asked about again when it changed.
fn refuse(context: Context<'_>, mut known: Consent, question: &Question) -> Result<()> {
    match question {
        Question::Commands { .. } => return Ok(()),
        Question::Watcher => known.watcher = ConsentAnswer::No,
        Question::Reviews { .. } => known.reviews = ConsentAnswer::No,
        Question::Runs { .. } => known.runs = ConsentAnswer::No,
    }
    consent::save(context.repo, &known)
}
