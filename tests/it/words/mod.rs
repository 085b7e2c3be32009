//! What people and programs are told: help, messages, formats and documents.

mod formats;
mod help;
mod house;
mod messages;
mod named;
mod near;
mod picture;
mod places;
mod runs;
mod texts;
mod variables;

use crate::harness::{Outcome, Sandbox, run};

/// What `tribunal` says of itself for these words; nothing of this needs a repository.
fn help(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    let mut command = sandbox.command(crate::harness::TRIBUNAL, &sandbox.home());
    command.args(words).arg("--help");
    run(command, b"").ok()
}

/// Every command that is not hidden, as it is typed, with its help text.
fn commands(sandbox: &Sandbox) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = help(sandbox, &words).stdout;
        for name in listed(&text) {
            open.push([path.as_slice(), &[name]].concat());
        }
        found.push((path, text));
    }
    found.sort();
    found
}

/// The commands that a help text lists, but for `help`.
fn listed(help: &str) -> Vec<String> {
    const OTHERS: [&str; 5] = ["Options:", "Global options:", "Arguments:", "Examples:", "Usage:"];
    let mut heading = "";
    let mut names = Vec::new();
    for line in help.lines() {
        if !line.starts_with(' ') {
            heading = line;
        } else if heading.ends_with(':') && !OTHERS.iter().any(|other| heading.starts_with(other)) {
            let name = line.trim_start().split("  ").next().unwrap_or_default();
            if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
                names.push(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn the_commands_of_the_program_are_found() {
    let sandbox = Sandbox::new();
    let all: Vec<String> = commands(&sandbox).iter().map(|(path, _)| path.join(" ")).collect();
    for name in ["", "check", "hooks install", "findings dismiss", "runs show"] {
        assert!(all.iter().any(|found| found == name), "no `{name}` in {all:?}");
    }
    for hidden in ["hook", "daemon serve", "help"] {
        assert!(!all.iter().any(|found| found == hidden), "{hidden}");
    }
}
