//! The environment of the commands that run as gates, and whether this program was started from inside
//! one.

use std::path::Path;

use crate::flow::context::Context;
use crate::platform::config::env::Env;
use crate::platform::process;
use crate::platform::process::Cmd;

/// Set for every command: `PID NAME`, the process that runs it and the command's name.
pub const VARIABLE: &str = "TRIBUNAL_INSIDE_COMMAND";

/// How many processes above this one are looked at for the one that runs the command.
const ANCESTORS_MAX: usize = 64;

/// What the variable says of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Outside,
    /// Inside the command of this name.
    Inside(String),
    /// The variable is set, and no process above this one runs a command: a person set it, or a
    /// command left this process behind.
    Claimed(String),
}

/// What git sets for the hooks of one commit or push, and a command that is run by hand does not have.
const OF_THE_COMMIT: [&str; 5] =
    ["GIT_REFLOG_ACTION", "GIT_NAMESPACE", "GIT_AUTHOR_DATE", "GIT_EDITOR", "GIT_EXEC_PATH"];

/// The author of the commit that is checked: what a command commits has an author of its own, as long
/// as the settings name one.
const AUTHOR: [&str; 2] = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"];

/// Gives a command its environment: what one that is run by hand has, and the variable.
pub fn environment(mut shell: Cmd, context: Context<'_>, command: &str) -> Cmd {
    shell = shell
        .env(VARIABLE, format!("{} {command}", std::process::id()))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("NO_COLOR", "1");
    let is_set = |key| matches!(context.repo.config(key), Ok(Some(_)));
    let has_author = is_set("user.name") && is_set("user.email");
    let is_config =
        |name: &str| name.starts_with("GIT_CONFIG_KEY_") || name.starts_with("GIT_CONFIG_VALUE_");
    for (name, _) in context.env.with_prefix("GIT_") {
        let is_authors = has_author && AUTHOR.contains(&name);
        if OF_THE_COMMIT.contains(&name) || is_authors || is_config(name) {
            shell = shell.env_remove(name);
        }
    }
    shell
}

/// Why no command is to be run from here; `None` where one may be.
pub fn refusal(env: &Env) -> Option<String> {
    match place(env) {
        Place::Outside => None,
        Place::Inside(outer) => Some(format!("it is called from inside the command `{outer}`")),
        // A command that left a process behind must not start itself again and again.
        Place::Claimed(_) => Some(format!("`{VARIABLE}` is set")),
    }
}

/// Finds out whether this process runs inside a command.
pub fn place(env: &Env) -> Place {
    let Some(value) = env.text(VARIABLE) else { return Place::Outside };
    let Some((pid, name)) = value.split_once(' ') else { return Place::Claimed(value.to_owned()) };
    let own = process::own_path().ok();
    let own = own.as_deref().and_then(Path::file_name);
    let runs_it = |above: &process::Ancestor| {
        let program = above.words.first().map(Path::new).and_then(Path::file_name);
        above.pid.to_string() == pid && program == own
    };
    if process::ancestors(ANCESTORS_MAX).any(|above| runs_it(&above)) {
        Place::Inside(name.to_owned())
    } else {
        Place::Claimed(name.to_owned())
    }
}
