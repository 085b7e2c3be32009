//! Says what of an evaluation was not checked: what was skipped, and commands that ran and are no pass.

use crate::domain::model::report::{CommandResult, CommandRun, Skipped};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::command_findings::SEE;
use crate::flow::evaluate::command_outcome::Tail;
use crate::flow::evaluate::command_output::log_of;
use crate::platform::git::repo::Repo;
use crate::platform::ui::out;

/// How many parts one line names.
const NAMED_MAX: usize = 3;

/// What a hook guards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Guarded {
    Commit,
    Push,
    /// A push that this repository receives.
    PushHere,
}

impl Guarded {
    pub fn noun(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Push | Self::PushHere => "push",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Self::Commit => "nothing was committed; your files and the index are as they were",
            Self::Push => "nothing was pushed",
            Self::PushHere => "the push was rejected; nothing changed on the server",
        }
    }
}

/// What was not checked, for one line: the parts by their reason, and the commands that are no pass.
pub fn unchecked_words(ran: &[CommandRun], skipped: &[Skipped]) -> Vec<String> {
    let mut skipped = skipped.to_vec();
    let no_pass = take_no_pass(ran, &mut skipped);
    let mut words: Vec<String> = no_pass
        .iter()
        .map(|(name, _, why)| format!("command `{name}` is no pass: {why}"))
        .collect();
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for Skipped { gate, reason, .. } in &skipped {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            // Of a push of two branches each is named once.
            Some((_, gates)) if gates.contains(&gate.as_str()) => {}
            Some((_, gates)) => gates.push(gate),
            None => by_reason.push((reason, vec![gate])),
        }
    }
    if by_reason.is_empty() {
        return words;
    }
    let more = by_reason.len().saturating_sub(NAMED_MAX);
    let mut parts: Vec<String> = by_reason
        .into_iter()
        .take(NAMED_MAX)
        .map(|(reason, gates)| format!("{}: {reason}", gates.join(", ")))
        .collect();
    parts.extend((more > 0).then(|| format!("and {more} more")));
    words.push(format!("{} not checked: {}", counted(skipped.len(), "part"), parts.join("; ")));
    words
}

/// A command that neither passed nor failed: its name, how it ended, and why that is no pass.
pub type NoPass = (String, CommandResult, String);

/// Takes the commands that neither passed nor failed out of what was skipped: they get lines of their own.
pub fn take_no_pass(ran: &[CommandRun], skipped: &mut Vec<Skipped>) -> Vec<NoPass> {
    skipped.retain(|skipped| !ran.iter().any(|run| run.is_why(skipped)));
    let no_pass = |run: &CommandRun| {
        run.result.no_pass().map(|why| (run.name.clone(), run.result.clone(), why))
    };
    ran.iter().filter_map(no_pass).collect()
}

/// Whether one of them could not start, which is said with what that stops.
pub fn any_not_started(no_pass: &[NoPass]) -> bool {
    no_pass.iter().any(|(_, result, _)| matches!(result, CommandResult::NotStarted { .. }))
}

/// Says which commands neither passed nor failed, and the ways on.
pub fn print_no_pass(no_pass: &[NoPass], guarded: Guarded, context: Context<'_>) {
    let noun = guarded.noun();
    for (name, result, why) in no_pass {
        out::talk(&printable(&match result {
            CommandResult::NotStarted { why } => {
                format!("command `{name}` could not start ({why}), so the {noun} was stopped")
            }
            _ => format!("command `{name}` is no pass: {why}"),
        }));
    }
    print_logs(no_pass.iter().map(|(name, result, _)| (name.as_str(), result)), context.repo);
    let Some((name, ..)) = no_pass.first() else { return };
    let is_missing = any_not_started(no_pass);
    if guarded == Guarded::PushHere {
        let install = if is_missing { "install it on the server, or " } else { "" };
        out::hint(&format!("{install}change `run` in tribunal.toml"));
        return;
    }
    // The name is the repository's, and the line is one to be pasted into a shell.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_word = name.chars().all(is_plain) && no_pass.len() == 1;
    let skip = if is_word { format!("commands.{name}") } else { "commands".to_owned() };
    let repair = if is_missing {
        "install it, change `run` in tribunal.toml,"
    } else {
        "change its `run` or `format` in tribunal.toml,"
    };
    out::hint(&printable(&format!("{repair} or skip it once: `TRIBUNAL_SKIP={skip} git {noun}`")));
    if is_missing {
        let path = context.env.text("PATH").unwrap_or_default();
        out::hint(&printable(&format!(
            "it was looked for in `PATH={path}`, which is that of the program that called git"
        )));
    }
}

/// Says where that is kept which commands printed that ran and proved nothing.
pub fn print_logs<'a>(ended: impl Iterator<Item = (&'a str, &'a CommandResult)>, repo: &Repo) {
    for (name, _) in ended.filter(|(_, result)| result.proved_nothing()) {
        let log = log_of(repo, name, 0);
        if log.exists() {
            out::hint(&printable(&format!("{SEE}`{}`", log.display())));
        }
    }
}

/// Shows people the last lines of the commands that failed.
pub fn print_tails(tails: &[Tail]) {
    for tail in tails.iter().filter(|tail| !tail.lines.is_empty()) {
        out::talk(&format!("the end of what `{}` printed:", printable(&tail.command)));
        for line in &tail.lines {
            out::talk(&format!("    {}", printable(line)));
        }
    }
}
