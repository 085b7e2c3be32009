//! What is printed steers nothing: whatever names, values and messages others chose, no terminal gets
//! a sequence that is not ours, nothing is hidden, and no line is a command to what reads a CI log.

mod scenes;
pub mod terminal;
mod weak;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use self::scenes::{SCENES, Scenery};
use self::terminal::on_terminal;
use crate::harness::{Outcome, Repo, Sandbox, run, wait_for};
use crate::scene::Beside;

/// By which one sees that the words of another were printed at all.
const MARK: &str = "PWN";

/// What steers terminals and what cannot be seen.
const STEERING: &str = "PWN\u{1b}]0;PWNED\u{7}\u{1b}[35mx\u{1b}[2J\u{8}\u{b}\u{c}\u{9b}35m\u{90}\u{85}\u{7f}\
     \u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}\
     \u{2028}\u{2029}\u{ad}\u{e0041}";

/// What CI services take for commands, each on a line of its own.
const COMMANDING: &str = "\n::error::PWN\n \t\u{a0}::stop-commands::PWN\n::set-output name=a::PWN\
     \n##[error]PWN\n##vso[task.complete]PWN\n##teamcity[PWN]\nsection_start:1:PWN\r\u{1b}[0K\n\
     hint: PWN\nerror: PWN";

/// All of it.
fn nasty() -> String {
    format!("{STEERING}{COMMANDING}")
}

/// The sequences of our own styles.
const OURS: [&str; 7] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[36m"];

/// Whether a character may not be printed. Written out here so that it is the program that is held to
/// it.
fn is_foul(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Holds text to what a terminal may be sent; gives it back without our styles.
#[track_caller]
fn assert_shown(what: &str, printed: &[u8], on_terminal: bool) -> String {
    let text = std::str::from_utf8(printed)
        .unwrap_or_else(|error| panic!("{what}: {error}: {:?}", String::from_utf8_lossy(printed)));
    let mut plain = text.to_owned();
    if on_terminal {
        plain = plain.replace("\r\n", "\n");
        for ours in OURS {
            plain = plain.replace(ours, "");
        }
        plain = terminal::without_moving_lines(&plain);
    }
    if let Some(foul) = plain.chars().find(|c| is_foul(*c)) {
        panic!("{what} prints {foul:?}:\n{plain:?}");
    }
    plain
}

/// Holds what was printed to all of it.
#[track_caller]
fn assert_safe(what: &str, printed: &[u8], on_terminal: bool) {
    let plain = assert_shown(what, printed, on_terminal);
    for line in plain.lines() {
        let ours = ["::error title=", "::warning title="].iter().any(|own| line.starts_with(own));
        let is_command = line.trim_start().starts_with("::")
            && !(ours && what.contains("--format github"))
            || ["##[", "##vso[", "##teamcity[", "section_start:"].iter().any(|w| line.contains(w));
        assert!(!is_command, "{what} prints a command: {line:?}\n{plain}");
        let forged = ["hint: PWN", "error: PWN"].iter().any(|own| line.starts_with(own));
        assert!(!forged, "{what} prints a message that is not ours: {line:?}\n{plain}");
    }
}

/// Each command of the program with words that need no answer of a person. `{}` is replaced by what is
/// nasty, `ID` by the id of a finding, `REPORT` by a report of another tool.
const COMMANDS: &[&str] = &[
    "init --dry-run",
    "init --no-hooks",
    "hooks install --dry-run",
    "hooks install",
    "hooks status",
    "hooks uninstall --dry-run",
    "trust",
    "trust --list",
    "trust --yes",
    "trust watcher reviews",
    "uninstall --purge --dry-run",
    "config",
    "doctor",
    "check",
    "check --all --commands",
    "check --from HEAD~1",
    "review --commit HEAD --report",
    "attack --base {}",
    "attack --from HEAD~1 --spec {}",
    "cost",
    "agents",
    "agents clear",
    "runs",
    "runs show {}",
    "logs {}",
    "resume {}",
    "commit -m {}",
    "commit {} -m one",
    "push {}",
    "push --run {}",
    "research {}",
    "research docs/specs/one.md",
    "run {}",
    "run docs/specs/one.md",
    "run --text {}",
    "plan {}",
    "develop {}",
    "fix {}",
    "fix --file {}",
    "abort {}",
    "approve {}",
    "reject {}",
    "spec new {}",
    "spec lint",
    "spec list",
    "spec show ONE",
    "findings",
    "findings list --status all",
    "findings show ID",
    "findings add --class {} --at f:1 --message {}",
    "findings import REPORT",
    "findings import REPORT --as {}",
    "findings accept ID --reason {}",
    "findings dismiss ID --reason {}",
    "findings allow ID --reason {}",
    "findings classes",
    "findings classes {}",
    "findings reopen ID --reason {}",
    "constitution list",
    "constitution check",
    "constitution test",
    "constitution learn --dry-run",
    "constitution learn",
    "constitution forget R-aaaa",
    "daemon start",
    "daemon status",
    "daemon log",
    "daemon stop",
    "status",
    "completions bash",
    "completions zsh",
    "completions fish",
    "hook pre-commit",
    "hook commit-msg MESSAGE",
    "hook pre-push {} {}",
    "hook pre-receive",
    "hook post-commit",
    "hook post-rewrite {}",
    "trust --revoke",
    "uninstall --purge",
];

/// What is not asked here: the watcher in the foreground has a test of its own, the demo knows nothing of
/// the repository, and what a command in the sandbox prints is its own.
const ELSEWHERE: [&str; 4] = ["watch", "demo guard", "demo run", "sandbox"];

/// Words that are wrong, one way a row.
const WRONG: &[&str] = &[
    "{}",
    "--{}",
    "--{}={}",
    "check --{}",
    "check {}",
    "check --from {}",
    "check --from HEAD --to {}",
    "--set {} config",
    "--set gates.scope={} config",
    "--set {}=1 check",
    "--set gates.secrets.allow-paths={} check",
    "--repo {} status",
    "--format {} status",
    "--color {} status",
    "config {}",
    "review --commit {}",
    "review --spec {}",
    "resume {}",
    "cost --since {}",
    "runs --limit {}",
    "findings show {}",
    "findings list --status {}",
    "findings list --gate {}",
    "findings list --since {}",
    "findings list --path {}",
    "findings list --limit {}",
    "findings add --class other/x --at {} --message m",
    "findings add --class other/x --at {}:1 --message m",
    "findings add --class other/x --at f:1 --message m --severity {}",
    "findings import {}",
    "findings accept {} --reason r",
    "findings allow {} --reason r",
    "findings accept ID --reason r --until {}",
    "spec show {}",
    "spec lint {}",
    "spec new {} --{}",
    "constitution forget {}",
    "constitution test {}",
    "constitution learn --class {}",
    "constitution learn --class other/x --regex {}",
    "constitution {}",
    "trust --revoke {}",
    "hooks install {}",
    "daemon {}",
    "completions {}",
    "sandbox --read {} -- true",
    "sandbox --memory {} -- true",
    "hook {}",
    "hook commit-msg {}",
    "hook pre-commit --kept {}",
];

fn is_long() -> bool {
    std::env::var_os("TRIBUNAL_TEST_ALL").is_some()
}

/// The words of a row.
fn words(row: &str, scenery: &Scenery<'_>) -> Vec<String> {
    let word = |word: &str| match word {
        "ID" => scenery.finding.clone(),
        "REPORT" => "../report".to_owned(),
        "MESSAGE" => "../message".to_owned(),
        _ => word.replace("{}", &nasty()),
    };
    row.split(' ').map(word).collect()
}

/// Runs a row and holds what it prints to the rules; gives it back as text.
#[track_caller]
fn try_row(name: &str, command: Command, input: &[u8], is_on_terminal: bool) -> String {
    if is_on_terminal {
        let printed = on_terminal(command, input);
        assert_safe(name, &printed, true);
        return String::from_utf8(printed).unwrap();
    }
    let Outcome { stdout, stderr, .. } = run(command, input);
    for stream in [&stdout, &stderr] {
        assert!(!stream.contains('\u{1b}'), "{name}: {stream:?}");
        assert_safe(name, stream.as_bytes(), false);
    }
    if name.contains("--format json") || name.contains("--format sarif") {
        for line in stdout.lines().filter(|line| line.starts_with('{')) {
            let read: Result<serde_json::Value, _> = serde_json::from_str(line);
            assert!(read.is_ok(), "{name}: {read:?}\n{line}");
        }
    }
    stdout + &stderr
}

/// The commands that `--help` lists, each with those below it.
fn listed(repo: &Repo<'_>, above: &[&str]) -> BTreeSet<String> {
    let help = repo.tribunal(&[above, &["--help"]].concat()).ok();
    let mut all = BTreeSet::new();
    let mut in_commands = false;
    for line in help.stdout.lines() {
        if !line.starts_with(' ') {
            in_commands = line.ends_with(':')
                && !["Options:", "Global options:", "Arguments:", "Examples:"].contains(&line);
            continue;
        }
        let name = line.split_whitespace().next().unwrap_or_default();
        if !in_commands || !line.starts_with("  ") || line.starts_with("   ") || name == "help" {
            continue;
        }
        let below = listed(repo, &[above, &[name]].concat());
        let full = [above, &[name]].concat().join(" ");
        if below.is_empty() {
            all.insert(full);
        } else {
            all.extend(below);
        }
    }
    all
}

#[test]
fn every_command_is_in_the_list() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let listed = listed(&repo, &[]);
    assert!(listed.len() > 25 && listed.contains("spec lint"), "{listed:?}");
    let tried = |command: &&String| {
        let rows = COMMANDS.iter().chain(&ELSEWHERE);
        rows.map(|row| format!("{row} ")).any(|row| row.starts_with(&format!("{command} ")))
    };
    let untried: Vec<_> = listed.iter().filter(|command| !tried(command)).collect();
    assert!(untried.is_empty(), "not tried: {untried:?}");
}

/// One in so many of the combinations is enough for a look in passing; all of them in the long form.
const STEP: usize = 97;

#[test]
fn no_command_lets_the_words_of_others_steer() {
    let formats = ["", "--format json ", "--format github ", "--format sarif "];
    let mut number = 0;
    for (name, build) in SCENES {
        let sandbox = Sandbox::new();
        let scenery = build(&sandbox);
        let mut seen = String::new();
        for (row, format) in COMMANDS.iter().flat_map(|row| formats.map(|format| (row, format))) {
            // What git calls has no format.
            if row.starts_with("hook ") && !format.is_empty() {
                continue;
            }
            for is_on_terminal in [true, false] {
                number += 1;
                // In every scene a person sees what stands there.
                let always = is_on_terminal && format.is_empty() && scenery.telling.contains(row);
                if !is_long() && number % STEP != 0 && !always {
                    continue;
                }
                let mut words = words(row, &scenery);
                words.splice(0..0, format.split_whitespace().map(str::to_owned));
                let command = scenery.repo.command(&words);
                let what = format!("{name}: {format}{row}");
                seen += &try_row(&what, command, &scenery.input(row), is_on_terminal);
            }
        }
        assert!(seen.contains(MARK), "{name}: nothing of it was printed:\n{seen}");
        assert!(seen.contains("\u{1b}[") || !scenery.is_styled, "{name}: no terminal:\n{seen}");
        scenery.look_at_files();
    }
}

#[test]
fn no_argument_and_no_variable_steers() {
    let sandbox = Sandbox::new();
    let scenery = scenes::ledger(&sandbox);
    for (number, row) in WRONG.iter().enumerate() {
        for is_on_terminal in [true, false] {
            if is_long() || is_on_terminal == (number % 2 == 0) {
                let command = scenery.repo.command(&words(row, &scenery));
                try_row(row, command, b"", is_on_terminal);
            }
        }
    }
    for (name, row) in [
        ("TRIBUNAL_SKIP", "hook pre-commit"),
        ("TRIBUNAL_GATES_SCOPE", "hook pre-commit"),
        ("TRIBUNAL_GATES_SECRETS_ALLOW_PATHS", "check"),
        ("TRIBUNAL_ACTOR", "findings add --class other/x --at f:1 --message m"),
        ("TRIBUNAL_AGENT", "hook pre-commit"),
        ("TRIBUNAL", "hook pre-commit"),
        ("RUST_LOG", "-v check"),
        ("XDG_CONFIG_HOME", "config"),
        ("TRIBUNAL_SKIP", "hooks status"),
    ] {
        let mut command = scenery.repo.command(&words(row, &scenery));
        command.env(name, nasty());
        try_row(&format!("{name}: {row}"), command, b"", true);
    }
    let told = scenery.repo.tribunal(&["findings", "show", &nasty()]).code(2);
    assert!(told.stderr.contains(r"PWN\u{1b}]0;PWNED\u{7}"), "{told}");
    let told = scenery.repo.tribunal(&[nasty()]).code(2);
    assert!(told.stderr.contains(MARK) && told.stderr.starts_with("error: "), "{told}");
}

#[test]
fn nothing_steers_out_of_the_log() {
    let sandbox = Sandbox::new();
    let scenery = scenes::specs(&sandbox);
    let name = format!("docs/specs/{}.md", STEERING.replace('/', ""));
    scenery.repo.write(&name, "# Wrong\n");
    for row in ["-vv check", "-vv spec list", "-vv status"] {
        try_row(row, scenery.repo.command(&words(row, &scenery)), b"", true);
    }
    let watch = Beside::start_with(&scenery.repo, &["-vv", "watch"], "watch", &[]);
    let said = || fs::read(sandbox.path().join("watch.out")).unwrap();
    wait_for("the watcher to tell of a spec", || String::from_utf8_lossy(&said()).contains(MARK));
    kill_process(Pid::from_child(&watch.child), Signal::TERM).unwrap();
    let end = watch.end();
    for stream in [&end.stdout, &end.stderr] {
        assert_safe("watch", stream.as_bytes(), false);
    }
}
