//! What the environment can ask for.

use crate::domain::model::gate::Gate;
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
    assert_eq!(bypass.unknown[0], ("secret".to_owned(), Some(Gate::Secrets)));
    assert_eq!(bypass.unknown[2], ("zzz".to_owned(), None));
    assert_eq!(bypass.describe(), "TRIBUNAL_SKIP=scope");
}

#[test]
fn policy_from_variables_counts() {
    let bypass = asked(&[("TRIBUNAL_GATES_SECRETS", "off"), ("TRIBUNAL", "0")]);
    assert!(bypass.all);
    assert_eq!(bypass.describe(), "TRIBUNAL=0 TRIBUNAL_GATES_SECRETS");
}
