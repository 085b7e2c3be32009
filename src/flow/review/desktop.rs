//! Shows a line on the desktop, where the user's own settings ask for that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::domain::model::terminal::printable;
use crate::domain::policy::review_settings::Notifications;
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::policy_of_head;
use crate::platform::agents::find;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::process::Cmd;

/// The program that shows a notification, and how long it may take.
pub const NOTIFIER: &str = "notify-send";
const NOTIFIER_MAX: Duration = Duration::from_secs(5);

/// Where the program is that shows a notification.
pub fn notifier(context: Context<'_>) -> Option<PathBuf> {
    let home = roles::agents_home(context.repo);
    find::in_path(NOTIFIER, roles::agent_env(context.repo, context.env, &home))
}

/// Shows a line about a repository, unless that is switched off.
pub fn show(context: Context<'_>, line: &str) -> Result<()> {
    if policy_of_head(context)?.policy.review.notify == Notifications::Off {
        return Ok(());
    }
    let Some(program) = notifier(context) else {
        tracing::warn!("no notification: there is no `{NOTIFIER}` in `PATH`");
        return Ok(());
    };
    let title = format!("tribunal: {}", name(context.repo));
    // Without `--` a text that begins with `-` is taken for an option.
    let words = ["--", &title, &body(line)];
    let output = Cmd::new(program, Path::new("/")).args(words).deadline(NOTIFIER_MAX).capture()?;
    succeeded(&output, NOTIFIER)?;
    Ok(())
}

/// What people call a repository: the folder of its work tree.
fn name(repo: &Repo) -> String {
    let top = repo.home_tree.as_ref().or(repo.work_tree.as_ref()).unwrap_or(&repo.git_dir);
    let name = top.file_name().unwrap_or(top.as_os_str());
    printable(&name.to_string_lossy())
}

/// The body of a notification is markup, and `notify-send` reads what stands behind a backslash as C does.
fn body(line: &str) -> String {
    let plain = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    plain.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_the_line_and_neither_markup_nor_escapes() {
        assert_eq!(body("`Vec<u8>` && a\\nb"), "`Vec&lt;u8&gt;` &amp;&amp; a\\\\nb");
    }
}
