//! Keeps what a review in the background came to, for the next commit and push to tell; the desktop shows
//! it where the user's own settings ask for that.

use anyhow::Error;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::Hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::flow::context::Context;
use crate::flow::review::desktop;
use crate::platform::store::review_queue;

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
    if let Err(error) = desktop::show(context, line) {
        tracing::warn!("no notification: {error:#}");
    }
}
