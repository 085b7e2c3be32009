//! Each command of ours that a hint, a help text or a document names is there, with its options.

use super::texts::{documents, literals};
use super::{commands, help};
use crate::harness::{Outcome, Sandbox, TRIBUNAL, run};

/// The commands that a text names in backticks, or as a line of its own.
fn named(text: &str) -> Vec<String> {
    let in_code = |line: &str| {
        let line =
            line.strip_prefix("    ").or(line.strip_prefix("  ")).or(line.strip_prefix("$ "));
        line.filter(|line| line.starts_with("tribunal ")).map(str::to_owned)
    };
    let quoted = text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("tribunal "));
    text.lines().filter_map(in_code).chain(quoted.map(str::to_owned)).collect()
}

/// The words of a command line as it would be typed: what is left to the reader has some value.
fn words(command: &str) -> Vec<String> {
    const ENDS: [char; 5] = ['#', ';', '|', '>', '\n'];
    // Two spaces end the command in a help text, what follows says what it does.
    let command = command.split("  ").next().unwrap_or_default();
    let command = command.split(|c| ENDS.contains(&c)).next().unwrap_or_default();
    let mut found = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in command.chars().chain([' ']) {
        match quote {
            Some(mark) if c == mark => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == ' ' => found.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(c),
        }
    }
    let is_open = |word: &String| word.contains(['{', '<', '[', '…']) || word == "ID";
    found
        .into_iter()
        .skip(1)
        .map(|word| if is_open(&word) { "X".to_owned() } else { word })
        .collect()
}

/// The help text for a command line, if there is such a command.
fn asked(sandbox: &Sandbox, words: &[String]) -> Outcome {
    let mut command = sandbox.command(TRIBUNAL, &sandbox.home());
    // What comes after `--` is for another program.
    let own = words.split(|word| word == "--").next().unwrap_or_default();
    command.args(own).arg("--help");
    run(command, b"")
}

#[test]
fn every_command_that_is_named_is_there_with_its_options() {
    let sandbox = Sandbox::new();
    let mut texts = documents();
    texts.extend(literals());
    texts.extend(commands(&sandbox).into_iter().map(|(path, text)| (path.join(" "), text)));
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (place, text) in texts {
        for command in named(&text) {
            let words = words(&command);
            // What git calls reads no options: `--help` would be one of git's words.
            if words.is_empty() || words[0] == "hook" || words[0].starts_with('X') {
                continue;
            }
            let answer = asked(&sandbox, &words);
            tried += 1;
            // An option may be named without its value, and a value be one of a few.
            let with_value = [words.as_slice(), &["X".to_owned()]].concat();
            let is_there = answer.code == 0
                || asked(&sandbox, &with_value).code == 0
                || answer.stderr.contains("invalid value 'X'");
            if !is_there {
                wrong.push(format!("{place}: `{command}` ({words:?})\n{}", answer.stderr));
            }
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_line_is_read_as_a_shell_would() {
    let cases = [
        ("tribunal spec new x --title \"Log in\"", vec!["spec", "new", "x", "--title", "Log in"]),
        ("tribunal check --from {}  what", vec!["check", "--from", "X"]),
        ("tribunal runs; tribunal resume RUN", vec!["runs"]),
        (
            "tribunal findings dismiss ID --reason …",
            vec!["findings", "dismiss", "X", "--reason", "X"],
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(words(line), expected, "{line}");
    }
    assert_eq!(named("see `tribunal runs` and `git log`\n    tribunal check   # x\n").len(), 2);
    assert!(help(&Sandbox::new(), &["runs"]).stdout.contains("tribunal runs show"));
}
