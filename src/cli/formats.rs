//! Which output formats each command has.

use clap::ArgMatches;
use clap::ValueEnum as _;
use clap::error::{Error, ErrorKind};

use crate::platform::ui::report::OutputFormat;

/// Refuses a format that the command does not have: a program that asked for JSON must not get text.
pub fn check(matches: &ArgMatches) -> Result<(), Error> {
    let mut path = Vec::new();
    let mut innermost = matches;
    while let Some((name, below)) = innermost.subcommand() {
        path.push(name);
        innermost = below;
    }
    let wanted = innermost.get_one::<OutputFormat>("format").copied();
    let formats = formats_of(&path);
    match wanted {
        Some(wanted) if !formats.contains(&wanted) => {
            let names: Vec<String> = formats.iter().map(|format| name(*format)).collect();
            let message = format!(
                "`tribunal {}` cannot print `{}`\n  [possible values: {}]\n\nFor more information, try '--help'.\n",
                path.join(" "),
                name(wanted),
                names.join(", ")
            );
            Err(Error::raw(ErrorKind::InvalidValue, message))
        }
        _ => Ok(()),
    }
}

fn name(format: OutputFormat) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn formats_of(path: &[&str]) -> &'static [OutputFormat] {
    match path {
        ["check" | "review" | "resume" | "findings"] | ["findings", "list"] => {
            &[OutputFormat::Human, OutputFormat::Json, OutputFormat::Sarif, OutputFormat::Github]
        }
        ["spec", "lint"] => &[OutputFormat::Human, OutputFormat::Json, OutputFormat::Github],
        ["init" | "uninstall" | "demo" | "completions" | "sandbox"]
        | ["demo", _]
        | ["hooks", "install" | "uninstall"]
        | ["daemon", "log"] => &[OutputFormat::Human],
        _ => &[OutputFormat::Human, OutputFormat::Json],
    }
}
