//! `tribunal findings accept|dismiss|reopen`: what a person decides about a finding, here.

use anyhow::Result;
use bstr::ByteSlice as _;
use serde_json::json;

use crate::cli::findings::ledger::{finding, with_ledger};
use crate::cli::invocation::Invocation;
use crate::cli::times::until_of;
use crate::domain::model::error::hinted;
use crate::domain::model::gate::Gate;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::stored_finding::{Disposition, DispositionKind, StoredFinding};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::short_id;
use crate::flow::context::Context;
use crate::flow::evaluate::standing;
use crate::platform::config::env::now;
use crate::platform::git::command::succeeded;
use crate::platform::ui::findings::json_kept;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id, or enough of its beginning or end
    id: String,
    /// The reason
    #[arg(long, short)]
    reason: String,
    /// Until the end of a day (2026-12-31), or until a time
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

/// Decides about a finding, and says what that covers.
pub fn run(invocation: &Invocation, args: &Args, decision: DispositionKind) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let now = now(context.env);
    let reason = reason_of(&args.reason)?;
    let until = args.until.as_deref().map(|until| until_of(until, now)).transpose()?;
    let actor = actor(context)?;
    let disposition = Disposition { decision, actor, reason, time: now, until, commit: None };
    standing::refresh(context)?;
    let meant = finding(context, &args.id, now)?;
    let kept = with_ledger(context, |ledger| {
        ledger.dispose(&meant.id, &disposition)?;
        ledger.resolve(&meant.id, now)
    })?;
    if invocation.global.format == OutputFormat::Json {
        out::json(&json!({"finding": json_kept(&kept)}));
    } else if !invocation.global.quiet {
        let message = printable(&kept.finding.message);
        out::result(&format!("{} {}: {message}", short_id(&kept.id), decision.as_str()));
        if kept.status.is_answered() {
            out::hint(&coverage(&kept));
        }
    }
    Ok(ExitStatus::Pass)
}

/// A reason that says something.
pub fn reason_of(text: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Err(hinted("a decision needs a reason", "give one with `--reason`"));
    }
    Ok(text.trim().to_owned())
}

/// What an answer covers.
fn coverage(kept: &StoredFinding) -> String {
    let here = "it holds on this machine and in this repository alone";
    if Gate::OF_CHANGES.contains(&kept.finding.gate) {
        let id = short_id(&kept.id);
        return format!(
            "{here}: a clone and CI find it still; `tribunal findings allow {id} --reason TEXT` lets \
             it pass for everyone"
        );
    }
    here.to_owned()
}

/// Who decides: `TRIBUNAL_ACTOR`, else whom git would name as an author.
fn actor(context: Context<'_>) -> Result<String> {
    if let Some(actor) = context.env.text("TRIBUNAL_ACTOR") {
        return Ok(actor.trim().to_owned());
    }
    let output = context.repo.git().args(["var", "GIT_AUTHOR_IDENT"]).capture()?;
    let ident = succeeded(&output, "git var GIT_AUTHOR_IDENT").map_err(|_| {
        hinted(
            "the author of the decision is unknown",
            "set `git config user.name` or TRIBUNAL_ACTOR",
        )
    })?;
    // `Name <address> seconds zone`: the time is ours to say.
    let end = ident.rfind(b">").map_or(ident.len(), |at| at + 1);
    Ok(ident[..end].to_str_lossy().into_owned())
}
