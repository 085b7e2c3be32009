//! Keeps what a review in the background came to, for the next commit and push to tell; the desktop shows
//! it where the user's own settings ask for that.

use std::path::Path;
use std::time::Duration;

use anyhow::{Error, Result};

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::Hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::policy::review_settings::Notifications;
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::policy_of_head;
use crate::platform::agents::find;
use crate::platform::process::Cmd;
use crate::platform::store::review_queue;

/// The program that shows a notification, and how long it may take.
const NOTIFIER: &str = "notify-send";
const NOTIFIER_MAX: Duration = Duration::from_secs(5);

/// Keeps a line about a review that could not be made.
pub fn keep_failure(context: Context<'_>, commit: &Oid, error: &Error) {
    let short = commit.short();
    let again = || format!("`tribunal review --commit {short}` asks again");
    let (why, way) = match error.downcast_ref::<Hinted>() {
        Some(Hinted { message, hint }) => (message.clone(), format!("{hint}; {}", again())),
        None => (format!("{error:#}"), again()),
    };
    let line = format!("the review of commit {short} could not be made: {why} (hint: {way})");
    keep(context, &printable(&redact_str(&one_line(&line))));
}

/// Keeps a line about a review that ended. What cannot be kept or shown is logged: the review stands.
pub fn keep(context: Context<'_>, line: &str) {
    if let Err(error) = review_queue::keep_to_tell(&context.repo.state_dir(), line) {
        tracing::warn!("{error:#}");
    }
    if let Err(error) = notify(context, line) {
        tracing::warn!("no notification: {error:#}");
    }
}

fn notify(context: Context<'_>, line: &str) -> Result<()> {
    if policy_of_head(context)?.policy.review.notify == Notifications::Off {
        return Ok(());
    }
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let Some(program) = find::in_path(NOTIFIER, agent_env) else { return Ok(()) };
    let shown = Cmd::new(program, Path::new("/")).args(["tribunal", line]).deadline(NOTIFIER_MAX);
    shown.capture()?;
    Ok(())
}
