//! `--help`: the options of a command before those of every command; hidden commands nowhere.

use super::commands;
use crate::harness::{Sandbox, TRIBUNAL, run};

#[test]
fn the_options_of_a_command_stand_before_those_of_every_command() {
    let sandbox = Sandbox::new();
    for (path, text) in commands(&sandbox) {
        let global = text.find("\nGlobal options:\n").unwrap_or_else(|| panic!("{path:?}\n{text}"));
        let (own, global) = text.split_at(global);
        for option in ["--repo <DIR>", "--format <FORMAT>", "-q, --quiet", "--color", "--help"] {
            assert!(!own.contains(option) && global.contains(option), "{path:?} {option}\n{text}");
        }
    }
    let check = super::help(&sandbox, &["check"]).stdout;
    let at = |word: &str| check.find(word).unwrap();
    assert!(at("--staged") < at("Global options:") && at("Global options:") < at("Examples:"));
}

#[test]
fn a_command_that_only_programs_call_is_named_to_nobody() {
    let sandbox = Sandbox::new();
    for words in
        [&["-q"][..], &["hooks", "-q"], &["daemon", "-q"], &["--help"], &["daemon", "--help"]]
    {
        let mut command = sandbox.command(TRIBUNAL, &sandbox.home());
        command.args(words);
        let said = run(command, b"");
        let said = format!("{}{}", said.stdout, said.stderr);
        let names: Vec<&str> = said.split([' ', ',', ']', '\n']).collect();
        for hidden in ["hook", "serve"] {
            assert!(!names.contains(&hidden), "{words:?}\n{said}");
        }
    }
}
