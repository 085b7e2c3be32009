//! Puts into words what came of a command.

use std::path::Path;
use std::time::Duration;

use bstr::{BString, ByteSlice as _};

use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::model::text::counted;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::Consent;
use crate::flow::setup::consent;
use crate::platform::process::{ExitOutcome, code_of};

/// How many files one finding names.
const NAMED_MAX: usize = 5;

/// What stands before the place of a log. It is of no use to an agent, which may not read it.
pub const SEE: &str = "what it printed is in ";

/// What is to be said of how a command ended; `None` where it ended with 0.
pub fn failure_of(ended: ExitOutcome, command: &CommandGate, is_held: bool) -> Option<String> {
    let what = match ended {
        ExitOutcome::Exited(status) if status.success() => return None,
        ExitOutcome::Exited(status) => format!("failed ({})", code_of(status)),
        ExitOutcome::TimedOut => format!("did not end within {}", for_people(command.timeout)),
        ExitOutcome::TooLong | ExitOutcome::Idle => "printed without end".to_owned(),
        // Only what is held has such limits.
        ExitOutcome::Overused(what) => {
            return Some(format!("used more {what} than `sandbox.{what}` allows"));
        }
        ExitOutcome::Interrupted(_) => "was interrupted".to_owned(),
    };
    Some(if is_held { format!("{what} in the sandbox") } else { what })
}

/// A command that failed. `changed` are the files that it changed all the same, `absent` the paths of
/// `share` that it had to do without.
pub fn failed(
    command: &CommandGate,
    effect: Effect,
    what: &str,
    log: Option<&Path>,
    absent: &[&str],
    changed: &[BString],
    is_held: bool,
) -> Finding {
    let see = log.map(|log| format!("{SEE}`{}`", log.display()));
    let without = (!absent.is_empty()).then(|| not_shared(absent));
    let edited = (!changed.is_empty()).then(|| {
        let files = counted(changed.len(), "file");
        format!("it changed {files} here, not in your work tree: {}", named(changed))
    });
    let held = is_held.then(|| {
        "in it are no network (unless `sandbox.network` is set) and no files of yours, and what is shared \
         cannot be written; `tribunal sandbox -- COMMAND` tries a command out"
            .to_owned()
    });
    let suggestion: Vec<String> =
        without.into_iter().chain(edited).chain(held).chain(see).collect();
    finding(command, effect, format!("`{}` {what}", command.run), suggestion.join("; "))
}

/// A command that ended with 0 and changed what it was to check. `commit` is the commit that it ran on, if it
/// was one.
pub fn changed_files(
    command: &CommandGate,
    effect: Effect,
    changed: &[BString],
    commit: Option<&Oid>,
) -> Finding {
    let files = counted(changed.len(), "file");
    let message = format!("`{}` changed {files}: {}", command.name, named(changed));
    let keep = if commit.is_some() { "commit" } else { "stage" };
    let way = format!("run `{}` yourself and {keep} the result", command.run);
    finding(command, effect, message, way)
}

fn finding(command: &CommandGate, effect: Effect, message: String, suggestion: String) -> Finding {
    Finding {
        gate: Gate::Commands,
        rule: command.name.clone(),
        class: Class::new("build/command-failed"),
        severity: Severity::High,
        effect,
        place: None,
        anchor: String::new(),
        message,
        suggestion,
    }
}

fn named(files: &[BString]) -> String {
    let mut names: Vec<String> =
        files.iter().take(NAMED_MAX).map(|path| path.to_str_lossy().into_owned()).collect();
    let more = files.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// Why a command did not start: what the shell said of it, in the last of the lines that it printed.
pub fn not_started(printed: &[String], absent: &[&str]) -> String {
    let said = printed.iter().rev().find_map(|line| said_by_shell(line));
    let why = said.map_or_else(
        || "it named no program that can be executed".to_owned(),
        |said| format!("`{said}`"),
    );
    if absent.is_empty() { why } else { format!("{why}; {}", not_shared(absent)) }
}

/// What a shell says of a program, without its own name and the line: `python: not found`.
fn said_by_shell(line: &str) -> Option<&str> {
    let is_meant = ["not found", "ermission denied", "No such file", "xec format error"];
    if !is_meant.iter().any(|words| line.contains(words)) {
        return None;
    }
    let mut said = line.trim();
    while let Some((first, rest)) = said.split_once(": ") {
        let number = first.strip_prefix("line ").unwrap_or(first);
        let is_line = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let shell = first.rsplit('/').next().unwrap_or_default();
        let is_shell = matches!(shell, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh");
        if !is_line && !is_shell {
            break;
        }
        said = rest;
    }
    Some(said)
}

/// Says which paths of `share` the command had to do without.
fn not_shared(absent: &[&str]) -> String {
    let names: Vec<String> = absent.iter().map(|path| format!("`{path}`")).collect();
    format!("of `share` {} is not in this work tree", names.join(", "))
}

/// Why a command that is not trusted does not run.
pub fn untrusted(agreed: &Consent, command: &CommandGate) -> String {
    let why = if consent::knows_name(agreed, command) {
        "it changed since you trusted it"
    } else {
        "it is not trusted"
    };
    format!("{why}; `tribunal trust` shows it and asks")
}

/// A deadline as a person writes it.
pub fn for_people(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::said_by_shell;

    #[test]
    fn a_shell_is_quoted_without_its_name() {
        for (line, said) in [
            ("/bin/sh: 1: python: not found", Some("python: not found")),
            ("sh: line 3: no tool: command not found", Some("no tool: command not found")),
            ("/bin/sh: ./run: Permission denied", Some("./run: Permission denied")),
            (
                "env: 'node': No such file or directory",
                Some("env: 'node': No such file or directory"),
            ),
            ("  /usr/bin/bash: 12: x: not found ", Some("x: not found")),
            ("3 tests ran", None),
        ] {
            assert_eq!(said_by_shell(line), said);
        }
    }
}
