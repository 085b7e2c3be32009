//! Every rule fires where it should, with line and column, and not where it should not.

use std::fmt::Write as _;

use crate::domain::spec::problem::{LintRule, PROBLEMS_MAX};
use crate::domain::spec::read::{BYTES_MAX, read};
use crate::domain::spec::tests::{GOOD_MD, GOOD_YAML, has_error, lines, lint, messages};

/// A Markdown spec around one criterion, which stands in line 6 from column 3 on.
fn around(criterion: &str) -> String {
    format!("# T\n## Goal\nIt counts.\n\n## Acceptance criteria\n- {criterion}\n  - verify: test\n")
}

/// Keeps every row that is wrong, so that one run shows them all.
fn compare(wrong: &mut Vec<String>, row: &str, found: &[String], expected: &[&str]) {
    if found != expected {
        wrong.push(format!("{row}: {found:?} instead of {expected:?}"));
    }
}

#[test]
fn good_specs_have_no_problem() {
    assert_eq!(lint("events-api.md", GOOD_MD), Vec::<String>::new());
    assert_eq!(lint("task.yaml", GOOD_YAML), Vec::<String>::new());
}

#[test]
fn each_rule_of_wording_names_its_place() {
    let table: &[(&str, &[&str])] = &[
        ("**AC-1** WHEN a THEN b", &[]),
        ("**AC-1** IF a THEN b", &[]),
        ("**AC-1** It must hold", &[]),
        ("**AC-1** The page loads", &["6:3 error criterion-form"]),
        ("**AC-1** THEN it works", &["6:3 error criterion-form"]),
        ("WHEN a THEN b", &["6:3 warning criterion-without-id"]),
        ("**AC-1** WHEN asked THEN it is fast", &["6:34 error vague-wording"]),
        ("**AC-1** WHEN asked THEN it is fast: within 200 ms", &[]),
        ("**AC-1** WHEN asked THEN it is fast. It takes 3 ms.", &["6:34 error vague-wording"]),
        (
            "**AC-1** WHEN asked THEN it is robust, scalable",
            &["6:34 error vague-wording", "6:42 error vague-wording"],
        ),
        (
            "**AC-1** WHEN asked THEN it is user friendly and User-Friendly",
            &["6:34 error vague-wording", "6:52 error vague-wording"],
        ),
        ("**AC-1** WHEN asked THEN it is easy: 3 clicks", &[]),
        ("**AC-1** WHEN a push is no fast-forward THEN `fast` MUST stay in /etc/x, fail fast", &[]),
        (
            "**AC-1** WHEN a THEN [NEEDS CLARIFICATION: which b?]",
            &["6:24 error needs-clarification"],
        ),
        ("**AC-1** WHEN a THEN `[NEEDS CLARIFICATION: …]` is reported", &[]),
        ("**AC-1** WHEN a THEN TBD", &["6:24 error placeholder"]),
        ("**AC-1** WHEN <what happens> THEN b", &["6:17 error placeholder"]),
        ("**AC-1** WHEN x < 5 and y > 3 THEN `TODO` and <b>b</b>", &[]),
        ("**AC-1** WHEN \u{202e}a THEN b", &["6:17 error hidden-character"]),
        ("**AC-1** WHEN a THEN \u{1b}[31mb", &["6:24 error hidden-character"]),
    ];
    let mut wrong = Vec::new();
    for (criterion, expected) in table {
        compare(&mut wrong, criterion, &lint("t.md", &around(criterion)), expected);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_rule_of_yaml_names_its_place() {
    let table: &[(&str, &[&str])] = &[
        ("steps: [{id: a", &["3:9 error yaml-syntax"]),
        ("steps:\n\t- id: a", &["4:2 error yaml-syntax"]),
        ("goal: \"cut off", &["3:16 error yaml-syntax"]),
        ("a: &x [b]\nc: *x", &["3:7 error yaml-feature", "4:4 error yaml-feature"]),
        ("goal: !!str x", &["3:13 error yaml-feature"]),
        ("goal: x\n---\ngoal: y", &["4:1 error yaml-feature"]),
        ("? [a]\n: b", &["3:3 error yaml-feature"]),
        ("gaol: x", &["3:1 error unknown-key"]),
        ("goal: x\ngoal: y", &["4:1 error duplicate-key"]),
        ("goal: [x]", &["3:7 error wrong-type"]),
        ("steps: x", &["3:8 error wrong-type"]),
        ("steps: [x]", &["3:9 error wrong-type"]),
        ("size: XL", &["3:7 error bad-value"]),
        ("status: built", &["3:9 error bad-value"]),
        ("status: done", &[]),
        ("base: --upload-pack=x", &["3:7 error bad-value"]),
        ("touches: [/etc/**]", &["3:11 error bad-value"]),
        ("touches: ['src/{a']", &["3:11 error bad-value"]),
        ("budget: {usd: -1, hours: 2}", &["3:15 error bad-value", "3:19 error unknown-key"]),
        ("id: ../../x", &["3:5 error invalid-id"]),
        ("constraints: [it is fast]", &["3:21 error vague-wording"]),
        ("goal: it is fast", &["3:13 warning vague-wording"]),
        ("open_questions: [who?]", &["3:18 warning open-question"]),
        ("steps: [{id: a, spec: x}]", &["3:14 warning step-without-acceptance"]),
        ("steps: [{id: a, acceptance: it MUST b}]", &["3:29 warning no-verify"]),
        ("steps: [{id: a, acceptance: b, verify: test}]", &["3:29 warning criterion-form"]),
        ("steps: [{id: a, acceptance: a MUST b, verify: 'static:'}]", &["3:47 error bad-verify"]),
        (
            "steps: [{id: a, acceptance: a MUST b, verify: 'static: f('}]",
            &["3:47 error bad-verify"],
        ),
        ("steps: [{id: a, acceptance: a MUST b, verify: '`make'}]", &["3:47 error bad-verify"]),
        ("critical_if: []", &["3:1 warning empty-section"]),
        ("constraints: [X-1 keep it]", &["3:15 error duplicate-id"]),
        ("constraints: [AC-1 keep it]", &["3:15 warning misplaced-id"]),
        (
            "steps: [{id: a, acceptance: a MUST b, verify: test, critical_if: [C-1 lost]}]",
            &["3:67 warning misplaced-id"],
        ),
        ("steps: [{acceptance: a MUST b, verify: test}]", &["3:9 warning invalid-id"]),
    ];
    let mut wrong = Vec::new();
    for (more, expected) in table {
        let base = "title: t\nacceptance: [{id: X-1, text: a MUST b, verify: test}]\n";
        let found: Vec<_> = lint("t.yaml", &format!("{base}{more}\n"))
            .into_iter()
            .filter(|l| !l.ends_with("no-goal"))
            .collect();
        compare(&mut wrong, more, &found, expected);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn front_matter_is_held_to_the_same_rules() {
    let body = "# T\n## Goal\ng\n## Acceptance criteria\n- **AC-1** a MUST b\n  - verify: test\n";
    let table: &[(&str, &[&str])] = &[
        ("---\nid: a\n---\n", &[]),
        ("---\r\nid: a\r\n---\r\n", &[]),
        ("---\n---\n", &[]),
        ("---\nid: a\n", &["1:1 error front-matter"]),
        ("---\nstat: draft\n---\n", &["2:1 error unknown-key"]),
        ("---\nid: a\nsteps: []\n---\n", &["3:1 error unknown-key"]),
        ("---\nid: [\n---\n", &["2:5 error yaml-syntax"]),
        ("+++\nid = 'x'\n+++\n# T\n", &["1:1 error front-matter"]),
        ("---\njust words\n---\n", &["2:1 error wrong-type"]),
    ];
    for (front, expected) in table {
        assert_eq!(lint("t.md", &format!("{front}{body}")), *expected, "{front}");
    }
}

#[test]
fn a_file_that_cannot_be_read_says_where_and_why() {
    let large = "a\n".repeat(BYTES_MAX);
    let table: &[(&str, &[u8], &str)] = &[
        ("t.md", b"", "1:1 error empty"),
        ("t.md", b"\xef\xbb\xbf \r\n", "1:1 error empty"),
        ("t.md", b"# T\n\xffx", "2:1 error not-utf-8"),
        ("t.yaml", b"\xef\xbb\xbfid: a\r\ntitle: caf\xe9\r\n", "2:11 error not-utf-8"),
        ("t.md", b"\xff\xfe#\0", "1:1 error not-utf-8"),
        ("t.txt", b"# T", "1:1 error unknown-format"),
        ("t.md", large.as_bytes(), "131073:1 error too-large"),
    ];
    for (name, bytes, expected) in table {
        let reading = read(bytes, name);
        assert_eq!(lines(&reading), [*expected]);
        assert!(reading.spec.is_none() && !reading.problems[0].hint.is_empty());
    }
}

#[test]
fn a_draft_may_be_unfinished_and_a_ready_spec_may_not() {
    let text = |status: &str| {
        format!("---\nstatus: {status}\n---\n# T\n## Goal\nTBD [NEEDS CLARIFICATION: x]\n")
    };
    let draft = ["6:1 warning placeholder", "6:5 warning needs-clarification"];
    assert_eq!(lint("t.md", &text("draft"))[1..], draft);
    for rule in [LintRule::Placeholder, LintRule::NeedsClarification, LintRule::NoCriterion] {
        assert!(has_error(&read(text("ready").as_bytes(), "t.md"), rule), "{rule:?}");
        assert!(!has_error(&read(text("draft").as_bytes(), "t.md"), rule), "{rule:?}");
    }
}

#[test]
fn ids_and_dependencies_are_checked_across_the_file() {
    let steps = |rows: &str| {
        format!("title: t\ngoal: g\nacceptance: [{{text: a MUST b, verify: test}}]\nsteps:\n{rows}")
    };
    let step = |id: &str, on: &str| {
        format!("- {{id: {id}, spec: x, acceptance: a MUST b, verify: test, depends_on: [{on}]}}\n")
    };
    let twice = steps(&(step("a", "") + &step("A", "")));
    // The criteria are numbered under their steps, so they are the same too.
    assert_eq!(lint("t.yaml", &twice), ["6:8 error duplicate-id", "6:32 error duplicate-id"]);

    let unknown = steps(&(step("contracts", "") + &step("b", "contract")));
    assert_eq!(
        messages("t.yaml", &unknown, LintRule::UnknownDependency),
        ["the step `b` depends on `contract`, which does not exist / did you mean `contracts`?"]
    );

    let cycle = steps(&(step("a", "b") + &step("b", "c") + &step("c", "a") + &step("d", "d, a")));
    let found = messages("t.yaml", &cycle, LintRule::DependencyCycle);
    assert!(
        found[0].starts_with("the steps depend on each other in a circle: a → b → c → a /"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("the steps depend on each other in a circle: d → d /"),
        "{found:?}"
    );
    assert_eq!(
        lint("t.yaml", &cycle),
        ["7:69 error dependency-cycle", "8:69 error dependency-cycle"]
    );

    let same = "# T\n## Goal\ng\n## Acceptance criteria\n- **AC-1** a MUST b\n  verify: test\n- **ac-1** c MUST d\n";
    assert!(
        lint("t.md", &same.replace("ac-1", "AC-1")).contains(&"7:3 error duplicate-id".to_owned())
    );
}

#[test]
fn a_typo_is_answered_with_the_nearest_word() {
    let key = messages("t.yaml", "critcal-if: x\n", LintRule::UnknownKey);
    assert_eq!(key, ["unknown key `critcal-if` / did you mean `critical_if`?"]);
    let section = messages("t.md", "# T\n## Acceptence criteria\n", LintRule::UnknownSection);
    assert_eq!(
        section,
        ["unknown section `Acceptence criteria` / did you mean `Acceptance criteria`?"]
    );
    let far = messages("t.md", "---\nzzz: 1\n---\n# T\n", LintRule::UnknownKey);
    assert!(far[0].contains("known keys: id, title, status"), "{far:?}");
}

#[test]
fn long_steps_in_a_row_are_followed_without_a_deep_stack() {
    let mut text = "title: t\nsteps:\n".to_owned();
    for i in 0..8000 {
        writeln!(text, "- {{id: s{i}, depends_on: s{}}}", (i + 1) % 8000).unwrap();
    }
    let found = messages("t.yaml", &text, LintRule::DependencyCycle);
    assert!(found[0].contains("s0 → s1 →") && found[0].contains("→ … → s0"), "{found:?}");
}

#[test]
fn a_flood_of_problems_is_cut_and_counted() {
    let text = format!("# T\n## Constraints\n{}", "- fast\n".repeat(5000));
    let reading = read(text.as_bytes(), "t.md");
    assert_eq!(reading.problems.len(), PROBLEMS_MAX);
    assert_eq!(messages("t.md", &text, LintRule::TooManyProblems).len(), 1);
    assert!(has_error(&reading, LintRule::NoCriterion));
}

#[test]
fn yaml_that_blows_up_is_refused_at_once() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (of, name) in
        ["a", "b", "c", "d", "e", "f", "g"].iter().zip(["b", "c", "d", "e", "f", "g", "h"])
    {
        writeln!(bomb, "{name}: &{name} [{}]", vec![format!("*{of}"); 9].join(", ")).unwrap();
    }
    assert!(has_error(&read(bomb.as_bytes(), "t.yaml"), LintRule::YamlFeature));
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(50_000)] {
        assert!(has_error(&read(deep.as_bytes(), "t.yaml"), LintRule::YamlSyntax));
    }
}

#[test]
fn the_largest_file_is_read_in_a_moment() {
    // Material that makes careless parsers and linters quadratic.
    let fill = |unit: &str| unit.repeat(BYTES_MAX / unit.len() - 1);
    let units = [
        "it is fast. ",
        "fast,",
        "fast ",
        "TBD ",
        "> ",
        "- ",
        "[",
        "`",
        "*a",
        "<!--",
        "<a ",
        "verify:",
        "## x\n",
        "- a\n  - verify: b\n",
        "\n\n",
        "a ",
        "[needs clarification",
        "```\n",
        "- AC-1 x\n",
        "&",
        "a: b\n",
        "  ",
        "\t",
        "- - ",
    ];
    for unit in units {
        for (name, head) in [("t.md", "# T\n## Acceptance criteria\n"), ("t.yaml", "goal: |\n  ")] {
            let started = std::time::Instant::now();
            let text = format!("{head}{}", fill(unit));
            read(&text.as_bytes()[..text.len().min(BYTES_MAX)], name);
            let elapsed = started.elapsed();
            // A debug build on a busy machine; a quadratic walk takes minutes.
            assert!(elapsed.as_secs() < 20, "{name} {unit:?} {elapsed:?}");
        }
    }
}
