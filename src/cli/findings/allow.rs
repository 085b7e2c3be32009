//! `tribunal findings allow`: lets a finding pass for everyone.

use anyhow::Result;
use serde_json::json;

use crate::cli::findings::decide::reason_of;
use crate::cli::findings::ledger::{finding, with_ledger};
use crate::cli::invocation::Invocation;
use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::evaluate::allow::{Allowed, allow};
use crate::platform::config::env::now;
use crate::platform::ui::findings::place_text;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id, or enough of its beginning or end
    id: String,
    /// The reason; it stands beside the entry
    #[arg(long, short)]
    reason: String,
}

/// Writes the entry, and says when it holds.
pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let reason = reason_of(&args.reason)?;
    let kept = finding(context, &args.id, now(context.env))?;
    let seen_in = with_ledger(context, |ledger| ledger.content(&kept.id))?;
    let allowed = allow(context, &kept, seen_in.as_ref(), &reason)?;
    if invocation.global.format == OutputFormat::Json {
        let (written, key, entry) = match &allowed {
            Allowed::Written { key, entry } => (true, Some(key), entry),
            Allowed::Already { key, entry } => (false, Some(key), entry),
            Allowed::Waiver { text } => (false, None, text),
        };
        out::json(&json!({
            "id": kept.id, "written": written, "key": key, "entry": entry,
        }));
        return Ok(ExitStatus::Pass);
    }
    if invocation.global.quiet {
        return Ok(ExitStatus::Pass);
    }
    let commit = format!(
        "a commit is checked under the policy before it, so commit this first: \
         `git add {POLICY_FILE} && git commit -m \"chore: allow a finding\" {POLICY_FILE}`"
    );
    let push = "a push is checked under the policy that the remote has: push this first, by itself, in a commit on \
                top of the remote's branch, and the rest on top of that. `tribunal:allow` in the line needs none \
                of this";
    match allowed {
        Allowed::Written { key, entry } => {
            out::result(&format!("{POLICY_FILE}: `{}` added to `{key}`", printable(&entry)));
            if key == "gates.secrets.allow-paths" {
                out::warn("nothing in that file is looked at for secrets then");
            }
            out::hint(&commit);
            out::hint(push);
        }
        Allowed::Already { key, entry } => {
            out::result(&format!("{POLICY_FILE}: `{key}` has `{}` already", printable(&entry)));
            out::hint(&commit);
            out::hint(push);
        }
        Allowed::Waiver { text } => {
            let place = kept.finding.place.as_ref().map(place_text).unwrap_or_default();
            out::result(&format!(
                "write this in a comment on the line, or alone above it, at {place}: {}",
                printable(&text)
            ));
        }
    }
    Ok(ExitStatus::Pass)
}
