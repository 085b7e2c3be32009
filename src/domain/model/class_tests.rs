//! The closed list, and what is taken into it.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use crate::domain::model::class::{Class, LISTED};
use crate::domain::model::class_rules;

#[test]
fn the_list_is_sorted_unique_and_well_formed() {
    assert!(LISTED.is_sorted_by(|a, b| a.0 < b.0));
    for (class, demand) in LISTED {
        assert_eq!(Class::new(class).as_str(), class);
        assert!(!demand.ends_with('.') && demand.len() < 90, "{class}");
    }
    let mut names: Vec<_> = LISTED.iter().map(|(c, _)| c.rsplit('/').next()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), LISTED.len(), "a bare name must be plain");
}

#[test]
fn what_is_written_becomes_a_class() {
    for (text, class) in [
        ("error-handling/unchecked-result", "error-handling/unchecked-result"),
        (" Error_Handling/Unchecked Result ", "error-handling/unchecked-result"),
        ("unchecked-result", "error-handling/unchecked-result"),
        ("other/retry-storm", "other/retry-storm"),
        ("other/flaky", "other/flaky"),
        ("Retry storm!", "other/retry-storm"),
        ("error-handling/novel", "other/error-handling-novel"),
        ("", "other/unnamed"),
        ("日本語", "other/unnamed"),
        ("other/", "other/unnamed"),
    ] {
        assert_eq!(Class::new(text).as_str(), class, "{text}");
    }
}

#[test]
fn linter_rules_become_classes() {
    for class in class_rules::classes() {
        assert!(Class::new(class).demand().is_some(), "{class} is not listed");
    }
    for (tool, rule, class) in [
        ("clippy", "unwrap_used", "error-handling/panic"),
        ("clippy", "clippy::unwrap_used", "error-handling/panic"),
        ("rustc", "clippy::unwrap_used", "error-handling/panic"),
        ("rustc", "unused_variables", "correctness/dead-code"),
        ("rustc", "unused_must_use", "error-handling/unchecked-result"),
        ("Ruff", "S110", "error-handling/swallowed-error"),
        ("CodeQL", "js/sql-injection", "security/code-injection"),
        ("ESLint", "@typescript-eslint/no-floating-promises", "concurrency/unawaited-task"),
        ("clippy", "needless_return", "other/clippy-needless-return"),
        ("acme lint", "x/y", "other/acme-x-y"),
    ] {
        assert_eq!(Class::from_tool_rule(tool, rule).as_str(), class, "{tool} {rule}");
    }
}

proptest! {
    #[test]
    fn taking_a_class_twice_changes_nothing(text in ".{0,100}") {
        let class = Class::new(&text);
        prop_assert!(class.is_other() != class.demand().is_some());
        prop_assert_eq!(Class::new(class.as_str()), class);
    }
}
