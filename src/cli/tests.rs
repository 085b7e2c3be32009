//! Command lines, good and bad.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::cli::Cli;
use crate::cli::invocation::Invocation;
use crate::fuzz;
use crate::platform::config::env::Env;

#[test]
fn drawn_command_lines_are_read_or_refused() {
    let seeds = [
        "check\n--from\nHEAD~1\n--to\nmain\n--format\njson",
        "hook\npre-push\norigin\n/srv/x.git",
        "hook\n--kept\n.git/hooks/x\ncommit-msg\nMSG",
        "findings\nimport\nreport.sarif\n--as\nsarif",
        "config\n--set\ngates.scope=off\n-vv\n--color=never",
        "review\nHEAD\n--repo\n/srv/x",
        "constitution\nshow\nR-7f3a",
        "spec\nnew\nevents-api",
    ];
    let words = [
        "\n--",
        "\n-",
        "--set\n",
        "--set=",
        "=",
        "\n--help",
        "-q",
        "-vvvv",
        "--format=sarif",
        "hook\n",
        "pre-receive",
        "findings\n",
        "\n@x",
        "learn\n",
        "daemon\nstart",
        "completions\nbash",
        "runs\n",
        "resume\n",
        "gates.secrets.allow=[\"a\"]",
        "\n",
    ];
    fuzz::hold("command lines", &seeds.map(str::as_bytes), &words.map(str::as_bytes), |bytes| {
        let words =
            bytes.split(|byte| *byte == b'\n').map(|word| OsString::from_vec(word.to_vec()));
        match Cli::parsed(std::iter::once("tribunal".into()).chain(words)) {
            Ok(cli) => drop(Invocation::new(Env::of(&[]), cli.global)),
            Err(error) => drop(error.render().to_string()),
        }
    });
}
