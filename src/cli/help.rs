//! The commands in `--help`, grouped by what people do.

use std::fmt::Write as _;

use clap::Command;

const GROUPS: [(&str, &[&str]); 7] = [
    ("Set up", &["init", "hooks", "trust", "config", "doctor", "uninstall"]),
    ("Check", &["check"]),
    ("Review", &["review", "cost"]),
    ("Specs and runs", &["spec", "runs", "resume"]),
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
    let options = format!("{header}Options:{header:#}");
    command.help_template(format!(
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
}
