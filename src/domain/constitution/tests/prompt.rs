//! Rules in prompts.

use std::slice::from_ref;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::domain::constitution::prompt::{BUDGET, for_paths};
use crate::domain::constitution::rule::{Origin, Rule, RuleCheck, RuleStatus};
use crate::domain::constitution::tests::a_rule;
use crate::domain::model::severity::Severity;

const PATHS: [&str; 2] = ["src/store/file.rs", "README.md"];

fn prose(id: &str) -> Rule {
    Rule { check: RuleCheck::None, ..a_rule(id, "") }
}

fn shown(rules: &[Rule]) -> Vec<String> {
    for_paths(rules, &PATHS, BUDGET).shown
}

#[test]
fn a_rule_reads_as_its_sentence_and_examples() {
    let mut rule = prose("R-0001");
    rule.sentence = "Why it matters.\n  And more.".to_owned();
    rule.good.push("more()".to_owned());
    rule.bad = vec!["if x {\n    y();\n}".to_owned()];
    let rendered = for_paths(&[rule], &PATHS, BUDGET);
    assert_eq!(
        rendered.text,
        "- R-0001 (high) Return or log every error\n  Why it matters.\n  And more.\n  Bad:\n      \
         if x {\n          y();\n      }\n  Good: fs::write(a, b)?;\n"
    );
    assert_eq!(for_paths(&[], &PATHS, BUDGET).text, "");
}

#[test]
fn only_active_rules_of_the_paths_are_told() {
    let with = |id, status, paths: &[&str]| Rule {
        status,
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        ..prose(id)
    };
    for (rule, told) in [
        (with("R-0001", RuleStatus::Active, &[]), true),
        (with("R-0002", RuleStatus::Active, &["src/**/*.rs"]), true),
        (with("R-0003", RuleStatus::Active, &["src/**/*.py"]), false),
        (with("R-0004", RuleStatus::Active, &["**", "!src/**", "!*.md"]), false),
        (with("R-0005", RuleStatus::Active, &["src/[["]), true),
        (with("R-0006", RuleStatus::Proposed, &[]), false),
        (with("R-0007", RuleStatus::Shadow, &[]), false),
        (with("R-0008", RuleStatus::Retired, &[]), false),
    ] {
        assert_eq!(!shown(from_ref(&rule)).is_empty(), told, "{rule:?}");
    }
}

#[test]
fn rules_are_told_with_and_without_a_check() {
    let held = a_rule("R-0001", "let _ = fs::");
    let broken = a_rule("R-0002", "(");
    let command =
        Rule { check: RuleCheck::Command { run: "make".to_owned() }, ..a_rule("R-0003", "") };
    assert_eq!(shown(&[held, broken, command, prose("R-0004")]).len(), 4);
}

#[test]
fn what_does_not_fit_is_named() {
    let first = |day: &str| Some(Origin { first: Some(day.to_owned()), ..Origin::default() });
    let rule = |id, severity, day: &str| Rule { severity, origin: first(day), ..prose(id) };
    let rules = [
        rule("R-0001", Severity::Low, "2026-11-01"),
        rule("R-0002", Severity::Critical, "2026-01-01"),
        rule("R-0003", Severity::High, "2026-01-01"),
        rule("R-0004", Severity::High, "2026-11-01"),
    ];
    let all = for_paths(&rules, &PATHS, BUDGET);
    assert_eq!(all.shown, ["R-0002", "R-0004", "R-0003", "R-0001"]);
    assert!(all.left_out.is_empty());
    let exact = for_paths(&rules, &PATHS, all.text.len());
    assert_eq!(exact, all);
    let some = for_paths(&rules, &PATHS, all.text.len() - 1);
    assert_eq!(some.shown, ["R-0002", "R-0004"]);
    assert_eq!(some.left_out, ["R-0003", "R-0001"]);
    assert_eq!(for_paths(&rules, &PATHS, 10).text, "");
    assert!(some.text.ends_with("These rules hold too and did not fit: R-0003, R-0001\n"));
    let many: Vec<Rule> = (0..90).map(|n| prose(&format!("R-{n:04}"))).collect();
    let some = for_paths(&many, &PATHS, BUDGET);
    assert_eq!(some.shown.len() + some.left_out.len(), 90);
    assert!(some.shown.len() >= 10 && some.text.len() <= BUDGET);
    let last = some.text.lines().last().unwrap();
    assert!(last.contains(&some.left_out[0]) && last.ends_with("more"), "{last}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No budget is broken, and each rule is either told or named.
    #[test]
    fn the_budget_is_hard(
        sizes in proptest::collection::vec((0_usize..400, any::<bool>()), 0..30),
        budget in 0_usize..4000,
    ) {
        let rules: Vec<Rule> = sizes
            .iter()
            .enumerate()
            .map(|(at, (size, many))| Rule {
                sentence: "x".repeat(*size),
                bad: if *many { vec!["a\nb\n".repeat(9)] } else { Vec::new() },
                ..prose(&format!("R-{at:04x}"))
            })
            .collect();
        let rendered = for_paths(&rules, &PATHS, budget);
        prop_assert!(rendered.text.len() <= budget);
        prop_assert_eq!(rendered.shown.len() + rendered.left_out.len(), rules.len());
        for id in &rendered.shown {
            prop_assert!(rendered.text.contains(id.as_str()));
        }
    }
}
