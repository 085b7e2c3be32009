//! From findings that came back to a rule in a file.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use crate::domain::constitution::incident::{
    ConstitutionLimits, ExistingRules, Fix, ForgottenRule, Incident,
};
use crate::domain::constitution::ladder::{Advice, Quiet, Statistics, advise};
use crate::domain::constitution::parse::parse;
use crate::domain::constitution::promote::{Given, PromotionDecision, add, decide, topic_path};
use crate::domain::constitution::prove::{Proof, problems};
use crate::domain::constitution::recurrence::{
    Occurrence, RecurrenceThreshold, candidates, component,
};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope, RuleStatus};
use crate::domain::constitution::tests::a_rule;
use crate::domain::model::class::Class;
use crate::domain::model::gate::Gate;
use crate::domain::model::language::Language;
use crate::domain::model::severity::Severity;

/// Noon of 2026-11-20.
const NOW: i64 = 1_795_176_000;
const DAY: i64 = 86_400;

fn occurrence(id: u32, class: &str, path: &str, change: &str, days_ago: i64) -> Occurrence {
    Occurrence {
        finding: format!("F{id}"),
        gate: Gate::Person,
        class: Class::new(class),
        path: path.to_owned(),
        change: change.to_owned(),
        at: NOW - days_ago * DAY,
        severity: Severity::Medium,
        dismissed: false,
        message: "the error of the call is dropped".to_owned(),
    }
}

fn with(mut occurrence: Occurrence, change: impl Fn(&mut Occurrence)) -> Occurrence {
    change(&mut occurrence);
    occurrence
}

#[test]
fn paths_have_components() {
    for (path, expected) in [
        ("README.md", ""),
        ("src/main.rs", "src"),
        ("src/store/file.rs", "src/store"),
        ("src/store/a/b.rs", "src/store"),
        ("crates/core/src/a.rs", "crates/core"),
        ("packages/web/index.ts", "packages/web"),
        ("docs/a/b.md", "docs"),
        ("", ""),
    ] {
        assert_eq!(component(path), expected, "{path}");
    }
}

#[test]
fn what_comes_back_is_counted() {
    let class = "error-handling/unchecked-result";
    let one = |id, change, days| occurrence(id, class, "src/a/x.rs", change, days);
    let three = [one(1, "c1", 9), one(2, "c1", 8), one(3, "c2", 1)];
    let found = candidates(&three, RecurrenceThreshold::default(), NOW);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].findings, ["F1", "F2", "F3"]);
    assert_eq!((found[0].component.as_str(), found[0].changes.len()), ("src/a", 2));
    assert_eq!(found[0].first, NOW - 9 * DAY);

    let critical = |s: &mut Occurrence| s.severity = Severity::Critical;
    let shown = [
        ("one change", vec![one(1, "c1", 1), one(2, "c1", 1), one(3, "c1", 1)], 0),
        ("judged again", vec![one(1, "c1", 3), one(1, "c1", 2), one(2, "c2", 1)], 0),
        ("came back", vec![one(1, "c1", 3), one(1, "c2", 2), one(1, "c3", 1)], 1),
        ("long ago", vec![one(1, "c1", 91), one(2, "c2", 2), one(3, "c3", 1)], 0),
        (
            "elsewhere",
            vec![one(1, "c1", 1), one(2, "c2", 1), occurrence(3, class, "src/b/x.rs", "c3", 1)],
            0,
        ),
        (
            "dismissed",
            vec![one(1, "c1", 1), one(2, "c2", 1), with(one(3, "c3", 1), |s| s.dismissed = true)],
            0,
        ),
        (
            "a gate",
            vec![
                one(1, "c1", 1),
                one(2, "c2", 1),
                with(one(3, "c3", 1), |s| s.gate = Gate::Secrets),
            ],
            0,
        ),
        (
            "two criticals",
            vec![with(one(1, "c1", 1), critical), with(one(2, "c1", 1), critical)],
            1,
        ),
        ("one critical", vec![with(one(1, "c1", 1), critical), one(2, "c2", 1)], 0),
    ];
    for (name, occurrences, count) in shown {
        assert_eq!(
            candidates(&occurrences, RecurrenceThreshold::default(), NOW).len(),
            count,
            "{name}"
        );
    }
}

#[test]
fn free_texts_are_counted_by_likeness() {
    let say = |id, class, change, text: &str| {
        with(occurrence(id, class, "src/a/x.rs", change, 1), |s| text.clone_into(&mut s.message))
    };
    let occurrences = [
        say(1, "other/retry", "c1", "retry loop without a pause hammers the server"),
        say(2, "other/backoff", "c2", "retries hammer the server, no pause in the loop"),
        say(3, "other/retry", "c3", "server is hammered by a retry loop with no pause"),
        say(4, "other/naming", "c4", "the name of this variable misleads readers"),
    ];
    let found = candidates(&occurrences, RecurrenceThreshold::default(), NOW);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].class.as_str(), "other/retry");
    assert_eq!(found[0].findings, ["F1", "F2", "F3"]);
}

const BODY: &str = "fn f() {\n    BAD\n    done();\n}\n";

fn case(id: u32, change: &str, anchor: &str, fixed: &str) -> Incident {
    let class = "error-handling/unchecked-result";
    let path = format!("src/store/f{id}.rs");
    Incident {
        occurrence: occurrence(id, class, &path, change, 10 - i64::from(id)),
        anchor: format!("    {anchor}"),
        suggestion: "pass it on with `?`".to_owned(),
        file: Some(BODY.replace("BAD", anchor)),
        line: 2,
        end_line: 2,
        fix: Some(Fix { path, text: BODY.replace("BAD", fixed), lines: 2..3 }),
    }
}

fn three_cases() -> Vec<Incident> {
    vec![
        case(1, "c1", "let _ = fs::remove_file(path);", "fs::remove_file(path)?;"),
        case(2, "c2", "let _ = fs::write(&path, text);", "fs::write(&path, text)?;"),
        case(3, "c2", "let _ = fs::create_dir_all(dir.parent());", "fs::create_dir_all(dir)?;"),
    ]
}

fn decided(
    cases: &[Incident],
    existing: ExistingRules<'_>,
    given: Given<'_>,
    rest: &[(&str, &str)],
) -> PromotionDecision {
    let occurrences: Vec<Occurrence> = cases.iter().map(|case| case.occurrence.clone()).collect();
    let found = candidates(&occurrences, RecurrenceThreshold::default(), NOW);
    let visit = |visit: &mut dyn FnMut(&str, &str) -> bool| {
        let _stopped = rest.iter().any(|(path, text)| !visit(path, text));
    };
    decide(&found[0], cases, RecurrenceThreshold::default(), existing, given, &visit)
}

fn learned(cases: &[Incident], rest: &[(&str, &str)]) -> (Rule, Proof) {
    let existing =
        ExistingRules { rules: &[], forgotten: &[], limits: ConstitutionLimits::default() };
    match decided(cases, existing, Given::Nothing, rest) {
        PromotionDecision::Learn { rule, proof } => (*rule, proof),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mistake_becomes_a_rule_that_stops_the_next() {
    let (rule, proof) = learned(&three_cases(), &[("src/store/z.rs", "fn z() {}")]);
    assert_eq!(proof, Proof::Proved { hits_in_rest: 0 });
    assert_eq!(rule.status, RuleStatus::Active);
    assert_eq!(
        rule.check,
        RuleCheck::AstGrep {
            pattern: "let _ = fs::$A($$$B);".to_owned(),
            language: Language::Rust,
            on: RuleScope::AddedLines
        }
    );
    assert_eq!(rule.paths, ["src/store/**/*.rs"]);
    assert_eq!(rule.title, "Return or handle the error of every call in src/store");
    assert_eq!(
        rule.sentence,
        "Seen in 3 findings of 2 changes since 2026-11-11: the error of the call is dropped. \
         Do: pass it on with `?`."
    );
    assert_eq!(rule.bad, ["let _ = fs::remove_file(path);"]);
    assert_eq!(rule.good, ["fs::remove_file(path)?;"]);
    assert_eq!(problems(&rule), []);

    let text = add("", &rule, ConstitutionLimits::default()).unwrap();
    assert_eq!(add(&text, &rule, ConstitutionLimits::default()).unwrap(), text, "once");
    let read = parse(&topic_path(&rule.class), &text);
    assert_eq!(read.errors, []);
    assert_eq!((&read.rules[0].check, &read.rules[0].origin), (&rule.check, &rule.origin));
    assert_eq!(topic_path(&rule.class), ".ai/constitution/error-handling.md");

    let existing =
        ExistingRules { rules: &read.rules, forgotten: &[], limits: ConstitutionLimits::default() };
    let again = decided(&three_cases(), existing, Given::Nothing, &[]);
    assert_eq!(again, PromotionDecision::Covered { ids: vec![rule.id] });
}

#[test]
fn what_cannot_be_proved_stays_prose() {
    let noisy = "fn z() {\n    let _ = fs::a(1);\n}\n".repeat(6);
    let (rule, proof) = learned(&three_cases(), &[("src/store/z.rs", &noisy)]);
    let reason = "it fires on the rest of the tree more than 5 times".to_owned();
    assert_eq!(proof, Proof::Prose { reason });
    assert_eq!((rule.status, &rule.check), (RuleStatus::Proposed, &RuleCheck::None));
    assert!(add("", &rule, ConstitutionLimits::default()).is_ok());
    let apart = ["a.ok();", "foo(b);", "if x { y }"];
    let apart: Vec<Incident> =
        (1..).zip(apart).map(|(id, line)| case(id, &id.to_string(), line, "")).collect();
    let (_, proof) = learned(&apart, &[]);
    let reason = "its findings have too little text in common".to_owned();
    assert_eq!(proof, Proof::Prose { reason });
    let gone: Vec<Incident> =
        three_cases().into_iter().map(|case| Incident { file: None, fix: None, ..case }).collect();
    assert_eq!(learned(&gone, &[]).1, Proof::Proved { hits_in_rest: 0 }, "anchors are enough");
}

#[test]
fn a_forgotten_rule_stays_forgotten() {
    let cases = three_cases();
    let (rule, _) = learned(&cases, &[]);
    let limits = ConstitutionLimits::default();
    let forgotten = ForgottenRule {
        id: rule.id.clone(),
        class: rule.class.clone(),
        component: "src/store".to_owned(),
        check: rule.check.clone(),
    };
    let elsewhere = ForgottenRule { component: "src/git".to_owned(), ..forgotten.clone() };
    let other = RuleCheck::Regex { pattern: r"\.ok\(\);".to_owned(), on: RuleScope::AddedLines };
    let unlike = ForgottenRule { check: other, ..forgotten.clone() };
    let prose = ForgottenRule { check: RuleCheck::None, ..forgotten.clone() };
    for (forgotten, stays) in
        [(forgotten, true), (elsewhere, false), (unlike, false), (prose, true)]
    {
        let existing =
            ExistingRules { rules: &[], forgotten: std::slice::from_ref(&forgotten), limits };
        let decision = decided(&cases, existing, Given::Nothing, &[]);
        assert_eq!(matches!(decision, PromotionDecision::Forgotten { .. }), stays, "{forgotten:?}");
        let PromotionDecision::Learn { .. } =
            decided(&cases, existing, Given::Check(&rule.check), &[])
        else {
            panic!("a person may ask for it");
        };
    }
}

#[test]
fn the_constitution_has_bounds() {
    let rules = [a_rule("R-0001", "quite another")];
    let full = ConstitutionLimits { checked_rules: 1, ..ConstitutionLimits::default() };
    let existing = ExistingRules { rules: &rules, forgotten: &[], limits: full };
    assert!(matches!(
        decided(&three_cases(), existing, Given::Nothing, &[]),
        PromotionDecision::Full { .. }
    ));
    let (rule, _) = learned(&three_cases(), &[]);
    let small = ConstitutionLimits { topic_bytes: 100, ..ConstitutionLimits::default() };
    assert!(add("", &rule, small).unwrap_err().message.contains("100 bytes"));
    let broken =
        add("# T\n\n```\nnever closed\n", &rule, ConstitutionLimits::default()).unwrap_err();
    assert_eq!((broken.line, broken.message.contains("never ends")), (3, true));
    let shadow = ConstitutionLimits { proved: RuleStatus::Shadow, ..ConstitutionLimits::default() };
    let existing = ExistingRules { rules: &[], forgotten: &[], limits: shadow };
    let PromotionDecision::Learn { rule, .. } =
        decided(&three_cases(), existing, Given::Nothing, &[])
    else {
        panic!()
    };
    assert_eq!(rule.status, RuleStatus::Shadow);
}

#[test]
fn a_rule_moves_on_its_ladder() {
    let statistics = |hits, dismissed, days, quiet_changes| Statistics {
        hits,
        dismissed,
        since: NOW - days * DAY,
        last_hit: None,
        quiet_changes,
    };
    for (status, given, advice) in [
        (RuleStatus::Active, statistics(5, 1, 1, 0), "keep"),
        (RuleStatus::Active, statistics(5, 2, 1, 0), "demote to shadow"),
        (RuleStatus::Active, statistics(4, 4, 1, 0), "keep"),
        (RuleStatus::Shadow, statistics(10, 3, 1, 0), "demote to proposed"),
        (RuleStatus::Shadow, statistics(5, 1, 1, 0), "promote to active"),
        (RuleStatus::Active, statistics(0, 0, 90, 50), "retire"),
        (RuleStatus::Active, statistics(0, 0, 90, 49), "keep"),
        (RuleStatus::Active, statistics(0, 0, 89, 50), "keep"),
        (RuleStatus::Proposed, statistics(9, 9, 99, 99), "keep"),
        (RuleStatus::Retired, statistics(9, 9, 99, 99), "keep"),
    ] {
        let rule = Rule { status, ..a_rule("R-0001", "x") };
        let said = match advise(&rule, &given, Quiet::default(), NOW) {
            Advice::Keep => "keep".to_owned(),
            Advice::Demote { to, .. } => format!("demote to {}", to.as_str()),
            Advice::Promote { to } => format!("promote to {}", to.as_str()),
            Advice::ProposeRetirement { .. } => "retire".to_owned(),
        };
        assert_eq!(said, advice, "{status:?} {given:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the findings say, the rule that is written can be read, and is written once.
    #[test]
    fn any_finding_becomes_a_readable_rule(
        message in "\\PC{0,60}",
        anchor in "[ -~\n]{0,40}",
        path in "src/[a-z*{!\\[ ]{1,6}/[a-z.]{1,6}",
    ) {
        let mut cases = three_cases();
        for case in &mut cases {
            case.occurrence.message.clone_from(&message);
            case.occurrence.path.clone_from(&path);
            case.anchor.clone_from(&anchor);
            (case.file, case.fix) = (None, None);
        }
        let (rule, _) = learned(&cases, &[]);
        let text = add("# Mine\n\n## Notes\n", &rule, ConstitutionLimits::default()).unwrap();
        let parsed = parse("t.md", &text);
        prop_assert_eq!(&parsed.errors, &[]);
        prop_assert_eq!(parsed.rules.len(), 1);
        prop_assert!(text.starts_with("# Mine\n\n## Notes\n\n## R-"));
        prop_assert_eq!(add(&text, &rule, ConstitutionLimits::default()).unwrap(), text);
    }
}
