//! What the environment can ask for.

use crate::domain::model::gate::Gate;
use crate::domain::policy::command_settings::CommandGate;
use crate::flow::evaluate::bypass::Bypass;
use crate::platform::config::env::Env;

fn asked(vars: &[(&str, &str)]) -> Bypass {
    Bypass::from_env(&Env::of(vars))
}

#[test]
fn nothing_asked_leaves_nothing_out() {
    assert!(!asked(&[("TRIBUNAL", "1"), ("TRIBUNAL_TEST_NOW", "x")]).is_any());
}

#[test]
fn gates_are_named_and_near_misses_told() {
    let bypass = asked(&[("TRIBUNAL_SKIP", "scope, secret,person,zzz")]);
    assert_eq!(bypass.gates, [Gate::Scope]);
    let said: Vec<String> = bypass.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "`secret` is not a gate; did you mean `secrets`?");
    assert_eq!(said[2], "`zzz` is not a gate");
    assert_eq!(bypass.describe(), "TRIBUNAL_SKIP=scope");
}

#[test]
fn a_variable_that_sets_nothing_leaves_nothing_out() {
    let bypass = asked(&[("TRIBUNAL_GATES__SECRETS__LEVEL", "off"), ("TRIBUNAL_GATES_SCOP", "1")]);
    assert!(!bypass.is_any(), "{bypass:?}");
    assert_eq!(
        bypass.unknown_variables[0].to_string(),
        "`TRIBUNAL_GATES_SCOP` is not a variable of a setting; did you mean `TRIBUNAL_GATES_SCOPE`?"
    );
}

#[test]
fn policy_from_variables_counts() {
    let bypass = asked(&[("TRIBUNAL_GATES_SECRETS", "off"), ("TRIBUNAL", "0")]);
    assert!(bypass.all);
    assert_eq!(bypass.describe(), "TRIBUNAL=0 TRIBUNAL_GATES_SECRETS");
}

fn command(name: &str) -> CommandGate {
    toml::from_str(&format!("name = '{name}'\nrun = 'true'")).unwrap()
}

#[test]
fn a_command_is_named_alone() {
    let commands = ["tests", "lint"].map(command);
    let mut bypass = asked(&[("TRIBUNAL_SKIP", "commands.tests,commands.lin,commands.")]);
    bypass.keep_known(&commands);
    assert_eq!(bypass.describe(), "TRIBUNAL_SKIP=commands.tests");
    let said: Vec<String> = bypass.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "`commands.` is not a gate; did you mean `commands`?");
    assert_eq!(said[1], "`commands.lin` is not a command; did you mean `commands.lint`?");
    let only_unknown = {
        let mut bypass = asked(&[("TRIBUNAL_SKIP", "commands.other")]);
        bypass.keep_known(&commands);
        bypass
    };
    assert!(!only_unknown.is_any(), "{only_unknown:?}");
}

#[test]
fn what_is_asked_for_alone_leaves_out_the_rest() {
    let commands = ["tests", "lint"].map(command);
    for (words, off, left_out) in [
        (&["secrets"][..], 10, &[][..]),
        (&["commands"], 10, &[]),
        (&["commands.lint"], 10, &["tests"]),
        (&["commands.lint", "scope", "secrets"], 8, &["tests"]),
    ] {
        let bypass = Bypass::all_but(words.iter().copied(), &commands);
        assert_eq!(bypass.gates.len(), off, "{words:?}");
        assert_eq!(bypass.commands, left_out, "{words:?}");
        assert_eq!(bypass.unknown, []);
    }
    let bypass = Bypass::all_but(["commands.other"], &commands);
    assert_eq!(bypass.unknown[0].to_string(), "`commands.other` is not a command");
}
