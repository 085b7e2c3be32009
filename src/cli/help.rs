//! What `--help` shows: the commands in groups by what people do, and the options of a command before
//! those of every command.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

/// The heading of the options that every command has.
pub const GLOBAL: &str = "Global options";

/// Shown below `tribunal --help`.
const EXAMPLES: &str = "\
Examples:
  tribunal demo                           see what it does, in a temporary repository
  tribunal init                           set up the repository of the current folder
  tribunal check --all                    check every file of the last commit
  tribunal status                         see how this repository stands";

const GROUPS: [(&str, &[&str]); 7] = [
    ("Set up", &["init", "hooks", "trust", "config", "doctor", "uninstall"]),
    ("Check", &["check"]),
    ("Review", &["review", "attack", "agents", "cost"]),
    (
        "Specs and runs",
        &[
            "spec", "research", "run", "plan", "develop", "fix", "commit", "push", "runs", "logs",
            "resume", "approve", "reject", "abort", "sandbox",
        ],
    ),
    ("Findings and rules", &["findings", "constitution"]),
    ("Watcher", &["watch", "daemon"]),
    ("About", &["status", "demo", "completions"]),
];

/// The command with a help text that lists its commands in groups.
pub fn grouped(command: Command) -> Command {
    let header = *command.get_styles().get_header();
    let literal = *command.get_styles().get_literal();
    let width = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| name.len()).max();
    let width = width.unwrap_or(0);
    let mut commands = String::new();
    for (title, names) in GROUPS {
        let _infallible = writeln!(commands, "{header}{title}:{header:#}");
        for name in names {
            let found = command.find_subcommand(name);
            let about = found.and_then(Command::get_about).map(ToString::to_string);
            let about = about.unwrap_or_default();
            let _infallible = writeln!(commands, "  {literal}{name:<width$}{literal:#}  {about}");
        }
        commands.push('\n');
    }
    let options = format!("{header}{GLOBAL}:{header:#}");
    // The help option of clap's own stands under no heading.
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true);
    let help = help.help("Print help").help_heading(GLOBAL).display_order(1000);
    command.disable_help_flag(true).arg(help).after_help(EXAMPLES).help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{commands}{options}\n{{options}}{{after-help}}"
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{GROUPS, grouped};
    use crate::cli::Cli;

    #[test]
    fn every_command_stands_in_one_group_and_says_what_it_does() {
        let mut command = grouped(Cli::command());
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
        let mut shown: Vec<&str> = shown.map(clap::Command::get_name).collect();
        listed.sort_unstable();
        shown.sort_unstable();
        assert_eq!(listed, shown);
        for one in command.get_subcommands() {
            assert!(one.get_about().is_some_and(|about| about.to_string().len() > 10), "{one}");
        }
        let help = command.render_long_help().to_string();
        for (title, names) in GROUPS {
            assert!(help.contains(&format!("{title}:\n  {}", names[0])), "{help}");
        }
    }

    /// Each option and argument says what it does, and each command that is listed has an example.
    #[test]
    fn nothing_in_a_help_text_is_left_unsaid() {
        fn look(command: &clap::Command, above: &str, wrong: &mut Vec<String>) {
            let name = format!("{above} {}", command.get_name());
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                if argument.get_help().is_none_or(|help| help.to_string().len() < 6) {
                    wrong.push(format!("{name}: `{}` is not described", argument.get_id()));
                }
            }
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                look(below, &name, wrong);
            }
        }
        let command = grouped(Cli::command());
        let mut wrong = Vec::new();
        look(&command, "", &mut wrong);
        for one in command.get_subcommands().filter(|one| !one.is_hide_set()) {
            let examples = one.get_after_help().map(ToString::to_string).unwrap_or_default();
            if !examples.starts_with("Examples:\n  tribunal ") {
                wrong.push(format!("{one}: it has no example"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
