//! Both ways of writing come to one type.

use crate::domain::model::size::Size;
use crate::domain::spec::identity::{id_from_name, identity};
use crate::domain::spec::problem::LintRule;
use crate::domain::spec::read::{SpecFormat, read};
use crate::domain::spec::tests::{GOOD_MD, GOOD_YAML, lint};
use crate::domain::spec::types::{RunBudget, Spec, SpecPosition, SpecStatus, Verify};

fn spec(name: &str, text: &str) -> Spec {
    read(text.as_bytes(), name).spec.unwrap()
}

#[test]
fn markdown_is_read_part_by_part() {
    let spec = spec("x.md", GOOD_MD);
    assert_eq!((spec.id.as_str(), spec.title.as_str()), ("events-api", "Add POST /events"));
    assert_eq!((spec.status, spec.size, spec.mode), (SpecStatus::Ready, Some(Size::M), None));
    assert_eq!(spec.base.as_ref().map(|base| base.text.as_str()), Some("main"));
    assert_eq!(spec.touches, ["crates/api/**", "migrations/**"]);
    assert_eq!(spec.budget, RunBudget { usd_cents: Some(850), minutes: Some(90) });
    assert_eq!(spec.gate, ["cargo test -p api"]);
    assert_eq!(spec.goal, "Clients send events, so that reports show them.");
    let ids: Vec<_> = spec.criteria.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["AC-1", "AC-2", "AC-3"]);
    let first = &spec.criteria[0];
    assert_eq!(
        first.text,
        "WHEN a payload fails `EventSchema` THEN 400 with `{error}` is returned"
    );
    assert_eq!(first.at, SpecPosition { line: 16, column: 3 });
    let command = "cargo test -p api events::rejects_invalid".to_owned();
    assert_eq!(first.verify, [Verify::Command(command)]);
    assert_eq!(spec.criteria[1].verify, [Verify::Test]);
    assert_eq!(spec.criteria[2].verify, [Verify::Static("log_error\\(".to_owned())]);
    assert_eq!(spec.criteria[2].text, "Every handler MUST log its errors");
    assert_eq!(spec.constraints[0].text, "Use the existing auth middleware");
    assert_eq!(spec.constraints[0].at, SpecPosition { line: 23, column: 3 });
    assert_eq!(spec.critical_if.len(), 2);
    assert_eq!(spec.edge_cases[0].text, "empty body");
    assert_eq!(spec.non_goals[0].text, "deleting events");
    assert_eq!(spec.open_questions[0].text, "none");
}

#[test]
fn yaml_is_read_part_by_part() {
    let spec = spec("x.yml", GOOD_YAML);
    assert_eq!((spec.id.as_str(), spec.title.as_str()), ("task-001", "Add POST /events endpoint"));
    let ids: Vec<_> = spec.all_criteria().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["AC-1", "AC-2", "contracts.AC-1", "backend.AC-1"]);
    assert_eq!(spec.criteria[0].verify, [Verify::Command("cargo test -p api".to_owned())]);
    let ways = [Verify::Test, Verify::Static("log_error".to_owned()), Verify::Human];
    assert_eq!(spec.criteria[1].verify, ways);
    assert_eq!(spec.criteria[1].text, "Every handler MUST log its errors");
    let backend = &spec.steps[1];
    assert_eq!(backend.spec, "Implement the handler.\nKeep it small.");
    assert_eq!(backend.depends_on[0].text, "contracts");
    assert_eq!(backend.critical_if.len(), 2);
    assert_eq!(backend.verify, [Verify::Command("cargo test -p backend events".to_owned())]);
    assert_eq!(spec.steps[0].service.as_deref(), Some("contracts"));
}

#[test]
fn the_same_words_come_to_the_same_spec_in_both_formats() {
    let markdown = "---\nsize: S\n---\n# T\n## Goal\nG.\n## Acceptance criteria\n- **AC-1** a MUST b\n  - verify: test\n## Constraints\n- c\n";
    let yaml = "title: T\nsize: S\ngoal: G.\nacceptance:\n- {id: AC-1, text: a MUST b, verify: test}\nconstraints: [c]\n";
    let nowhere = SpecPosition { line: 0, column: 0 };
    let mut specs = [spec("t.md", markdown), spec("t.yaml", yaml)];
    for spec in &mut specs {
        spec.criteria[0].at = nowhere;
        spec.constraints[0].at = nowhere;
    }
    assert_eq!(specs[0], specs[1]);
}

#[test]
fn scalars_stay_what_was_written() {
    let spec =
        spec("t.yaml", "title: 1.0\ngoal: no\nconstraints: [0x10, null, ~, 'null', 2026-10-02]\n");
    assert_eq!((spec.title.as_str(), spec.goal.as_str()), ("1.0", "no"));
    let constraints: Vec<_> = spec.constraints.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(constraints, ["0x10", "null", "2026-10-02"]);
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for (name, good) in [("x.md", GOOD_MD), ("x.yaml", GOOD_YAML)] {
        let plain = read(good.as_bytes(), name);
        let windows = format!("\u{feff}{}", good.replace('\n', "\r\n"));
        let read_windows = read(windows.as_bytes(), name);
        let goal = |s: &Option<Spec>| s.as_ref().map(|s| s.goal.clone());
        assert_eq!(goal(&plain.spec), goal(&read_windows.spec));
        assert_eq!(plain, read_windows);
        let ids = [
            identity(name, &plain, good.as_bytes()),
            identity(name, &read_windows, windows.as_bytes()),
        ];
        assert_eq!(ids[0], ids[1]);
    }
}

#[test]
fn markdown_is_forgiving_about_form() {
    let text = "Intro\n=====\n\n### Acceptance criteria:\n\n1. [ ] AC-1: WHEN a\n   THEN b\n   verify: `x (y)`\n\n   more\n2. **FR2** c MUST d\n   * **Verify:** human\n   * and e\n\n## 2. Out of Scope\nnothing big\n\nand small\n";
    let spec = spec("t.md", text);
    assert_eq!(spec.title, "Intro");
    assert_eq!(spec.criteria.len(), 2);
    assert_eq!(spec.criteria[0].text, "WHEN a THEN b more");
    assert_eq!(spec.criteria[0].verify, [Verify::Command("x (y)".to_owned())]);
    assert_eq!(
        (spec.criteria[1].id.as_str(), spec.criteria[1].text.as_str()),
        ("FR2", "c MUST d; and e")
    );
    assert_eq!(spec.criteria[1].verify, [Verify::Human]);
    assert_eq!(spec.non_goals.len(), 2);
}

#[test]
fn what_stands_in_code_or_comments_is_not_read() {
    let text = "# T\n<!-- ## Goal\n- TODO -->\n## Goal\n<!-- TBD -->\n```\n## Constraints\n- TODO\n```\n## Acceptance criteria\n<!-- - **AC-9** x MUST y -->\n- **AC-1** a MUST b\n  - verify: test\n";
    let spec = spec("t.md", text);
    assert_eq!(spec.criteria.len(), 1);
    assert!(spec.constraints.is_empty());
    assert_eq!(lint("t.md", text), Vec::<String>::new());
    // Comments alone are no goal.
    let commented = "# T\n## Goal\n<!-- why -->\n## Acceptance criteria\n- **AC-1** a MUST b\n  - verify: test\n";
    assert_eq!(lint("t.md", commented), [format!("1:1 warning {}", LintRule::NoGoal.as_str())]);
}

#[test]
fn a_broken_front_matter_still_lets_the_body_be_linted() {
    let found = lint("t.md", "---\nid: [\n---\n# T\n## Goal\ng\n## Acceptance criteria\n- x\n");
    assert!(found.contains(&"2:5 error yaml-syntax".to_owned()), "{found:?}");
    assert!(found.contains(&"8:3 error criterion-form".to_owned()), "{found:?}");
    assert!(read(b"---\nid: [\n---\n# T\n", "t.md").spec.is_none());
}

#[test]
fn identity_is_id_and_content() {
    let of = |name: &str, text: &str| identity(name, &read(text.as_bytes(), name), text.as_bytes());
    let first = of("docs/specs/Add Login.md", "# T\n");
    assert_eq!(first.id, "add-login");
    assert_eq!(first, of("add-login.md", "# T\n"));
    assert_ne!(first.hash, of("add-login.md", "# T \n").hash);
    assert_eq!(first.hash.len(), 64);
    // An id that could leave its folder never gets out of here.
    assert_eq!(of("a.md", "---\nid: ../../x\n---\n# T\n").id, "a");
    assert_eq!(id_from_name("日本.md"), id_from_name("x/日本.yaml"));
    assert!(id_from_name("日本.md").starts_with("spec-"));
    assert_eq!(id_from_name(&"a b".repeat(60)).len(), 64);
}

#[test]
fn the_format_is_told_by_the_ending() {
    let table = [
        ("a.md", Some(SpecFormat::Markdown)),
        ("docs/a.MD", Some(SpecFormat::Markdown)),
        ("a.yml", Some(SpecFormat::Yaml)),
        ("a.yaml", Some(SpecFormat::Yaml)),
        (".md", None),
        ("docs/.yaml", None),
        ("a.md~", None),
        ("a.md.swp", None),
        ("md", None),
    ];
    for (name, expected) in table {
        assert_eq!(SpecFormat::from_name(name), expected, "{name}");
    }
}

#[test]
fn criteria_may_stand_in_the_text_of_a_step() {
    let text = "id: task-7\ntitle: Add totals\nsteps:\n  - id: api\n    service: api\n    spec: |\n      Add the endpoint.\n\n      Acceptance criteria:\n      - WHEN the list is empty THEN 0 is returned\n        and nothing is logged\n      - AC-9: the total MUST be a number\n\n      **Constraints**\n      1. no new dependency\n\n      Critical if:\n      * a total is negative\n\n      Notes:\n      - see the wiki\n";
    let reading = read(text.as_bytes(), "task-7.yaml");
    assert_eq!(reading.errors(), 0, "{:?}", reading.problems);
    let spec = reading.spec.unwrap();
    let criteria: Vec<_> =
        spec.all_criteria().map(|one| (one.id.as_str(), one.text.as_str())).collect();
    assert_eq!(
        criteria,
        [
            ("api.AC-1", "WHEN the list is empty THEN 0 is returned and nothing is logged"),
            ("AC-9", "the total MUST be a number"),
        ]
    );
    assert_eq!(spec.steps[0].critical_if[0].text, "a total is negative");
    assert_eq!(spec.requirement_ids(), ["api.AC-1", "AC-9", "C-1", "api.CI-1"]);
    // What has a key of its own is not read twice.
    let keyed = format!("{text}    acceptance: [the total MUST be right]\n");
    let spec = read(keyed.as_bytes(), "task-7.yaml").spec.unwrap();
    assert_eq!(spec.requirement_ids(), ["api.AC-1", "C-1", "api.CI-1"]);
}

#[test]
fn constraints_have_ids_and_criteria_their_commands() {
    let text = "# T\n\n## Goal\n\nG.\n\n## Acceptance criteria\n\n- **AC-1** WHEN a THEN b\n  - verify: `make a`\n- **AC-2** WHEN c THEN d\n  - verify: test\n\n## Constraints\n\n- **C-2** Do not rename f\n- keep it small\n- **C-1**: no clock\n- say why\n";
    let spec = spec("t.md", text);
    let numbered = spec.numbered_constraints();
    let numbered: Vec<_> = numbered.iter().map(|(id, text)| (id.as_str(), *text)).collect();
    assert_eq!(
        numbered,
        [
            ("C-2", "Do not rename f"),
            ("C-3", "keep it small"),
            ("C-1", "no clock"),
            ("C-4", "say why"),
        ]
    );
    assert_eq!(spec.verify_commands(), [("AC-1", "make a")]);
    let yaml = "title: T\ngoal: G.\nacceptance: [a MUST b]\nconstraints:\n- C-7: no clock\n- small\ncritical_if: [x, 'CI-1: y']\n";
    let in_yaml = spec_of_yaml(yaml);
    assert_eq!(in_yaml.requirement_ids(), ["AC-1", "C-7", "C-2", "CI-2", "CI-1"]);
}

fn spec_of_yaml(text: &str) -> Spec {
    spec("t.yaml", text)
}
