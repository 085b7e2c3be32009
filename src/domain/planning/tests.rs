//! What agents plan is held against what the spec asks for, and prompts show all that they are to show.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::model::globs::Globs;
use crate::domain::model::size::Size;
use crate::domain::planning::part::PlannedPart;
use crate::domain::planning::prompt::PlanningPrompt;
use crate::domain::planning::task::{PlannedTask, TaskKind, TaskLimits, ordered};
use crate::domain::planning::{part, plan, plan_review, prompt, size_vote, task};

fn plan_answer() -> Value {
    json!({
        "data_model": "A size is a number of bytes, never negative.",
        "interfaces": "`parse_size(text)` gives a size or an error.",
        "flow": "The unit is cut off, the rest is read as a number.",
        "test_strategy": "AC-1: a test of `parse_size`.",
        "risks": "None: nobody calls it yet.",
        "needs_scaffold": false,
        "decision": {
            "title": "Binary units", "context": "K may be 1000.", "decision": "K is 1024.",
            "consequences": "As `du` has it.",
        },
    })
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn the_larger_size_wins_and_what_cannot_be_read_is_large() {
    let vote = |size: &str| size_vote::parse(&json!({"size": size, "why": "so"}));
    let small = vote("S").unwrap();
    assert_eq!(size_vote::decided(Size::M, Some(&small)), Size::M);
    assert_eq!(size_vote::decided(Size::S, Some(&vote("L").unwrap())), Size::L);
    assert_eq!(size_vote::decided(Size::S, None), Size::L);
    assert!(vote("XL").is_err() && size_vote::parse(&json!({"size": "S"})).is_err());
}

#[test]
fn each_criterion_belongs_to_one_part() {
    let part = |title: &str, of: &[&str]| PlannedPart::new(title.to_owned(), ids(of));
    let all = ids(&["AC-1", "AC-2", "AC-3"]);
    let good = [part("a", &["AC-1", "AC-3"]), part("b", &["AC-2"])];
    assert_eq!(part::wrong(&good, &all), Vec::<String>::new());
    for (parts, says) in [
        (vec![part("a", &["AC-1", "AC-2", "AC-3"])], "it is one part"),
        (vec![part("a", &["AC-1", "AC-2"]), part("b", &["AC-2", "AC-3"])], "belongs to two parts"),
        (vec![part("a", &["AC-1"]), part("b", &["AC-2"])], "`AC-3` belongs to no part"),
        (vec![part("a", &["AC-1", "AC-2", "AC-3"]), part("b", &["AC-9"])], "`AC-9`, which is no"),
        (vec![part("a", &["AC-1", "AC-2", "AC-3"]), part("b", &[])], "has no criterion"),
        (vec![part("", &["AC-1", "AC-2"]), part("b", &["AC-3"])], "has no title"),
    ] {
        let wrong = part::wrong(&parts, &all);
        assert!(wrong.iter().any(|line| line.contains(says)), "{says}: {wrong:?}");
    }
    let nine: Vec<PlannedPart> = (0..9).map(|_| part("a", &["AC-1"])).collect();
    assert!(part::wrong(&nine, &all)[0].contains("9 parts"));
}

#[test]
fn a_review_of_a_plan_counts_where_each_section_is_quoted() {
    let plan = plan::parse(&plan_answer()).unwrap();
    let read: Vec<Value> = plan
        .sections()
        .iter()
        .map(|(name, text)| json!({"section": name, "quote": text}))
        .collect();
    let answer = |read: &[Value]| json!({"findings": [], "read": read});
    assert_eq!(plan_review::parse(&answer(&read), &plan.sections()), Ok(Vec::new()));
    for left_out in 0..read.len() {
        let mut fewer = read.clone();
        let one = fewer.remove(left_out);
        let name = one["section"].as_str().unwrap();
        let why = plan_review::parse(&answer(&fewer), &plan.sections()).unwrap_err();
        assert!(why.contains(name), "{why}");
        for quote in ["", "bytes", "something that stands in no plan"] {
            fewer.push(json!({"section": name, "quote": quote}));
            assert!(
                plan_review::parse(&answer(&fewer), &plan.sections()).is_err(),
                "{name}: {quote}"
            );
            fewer.pop();
        }
    }
    let mut empty = plan_answer();
    empty["flow"] = json!(" ");
    assert!(plan::parse(&empty).unwrap_err().contains("`Flow` is empty"));
}

fn a_task(criteria: &[&str], needs: &[usize]) -> PlannedTask {
    let needs = needs.to_vec();
    PlannedTask { needs, ..PlannedTask::whole("t", &ids(&["src/a.rs"]), &ids(criteria)) }
}

fn order(tasks: &[PlannedTask], needs_scaffold: bool) -> Result<Vec<PlannedTask>, Vec<String>> {
    let touches = Globs::new(["src/**"]).unwrap();
    let limits = TaskLimits {
        criteria: &ids(&["AC-1", "AC-2"]),
        touches: Some(&touches),
        files_max: 3,
        lines_max: 100,
        needs_scaffold,
    };
    ordered(tasks, limits)
}

#[test]
fn tasks_stay_within_their_bounds_and_serve_every_criterion() {
    let good = || a_task(&["AC-1", "AC-2"], &[]);
    assert_eq!(order(&[good()], false), Ok(vec![good()]));
    let scaffold = || PlannedTask { kind: TaskKind::Scaffold, ..a_task(&[], &[]) };
    assert!(order(&[scaffold(), good()], true).is_ok());
    let paths = |paths: &[&str]| PlannedTask { paths: ids(paths), ..good() };
    for (tasks, needs_scaffold, says) in [
        (vec![], false, "there is no task"),
        (vec![a_task(&["AC-1"], &[])], false, "no task serves `AC-2`"),
        (vec![a_task(&["AC-1", "AC-2", "AC-3"], &[])], false, "serves `AC-3`"),
        (vec![paths(&[])], false, "declares no path"),
        (vec![paths(&["src/a", "src/b", "src/c", "src/d"])], false, "declares 4 paths"),
        (vec![paths(&["src/**"])], false, "no path of one file"),
        (vec![paths(&["src/../a"])], false, "no path of one file"),
        (vec![paths(&["/etc/passwd"])], false, "no path of one file"),
        (vec![paths(&["docs/a.md"])], false, "not in the spec's `touches`"),
        (vec![PlannedTask { lines: 101, ..good() }], false, "about 101 lines"),
        (vec![PlannedTask { title: " ".to_owned(), ..good() }], false, "no title"),
        (vec![good(), a_task(&[], &[])], false, "task 2: it serves no criterion"),
        (vec![good()], true, "asks for new structure"),
        (vec![good(), scaffold()], true, "asks for new structure"),
        (
            vec![PlannedTask { needs: vec![2], ..scaffold() }, good()],
            true,
            "a `scaffold` comes first, and needs no other task",
        ),
        (vec![scaffold(), scaffold(), good()], true, "2 tasks are a `scaffold`"),
        (vec![PlannedTask { kind: TaskKind::Scaffold, ..good() }], true, "has no behaviour"),
        (vec![a_task(&["AC-1", "AC-2"], &[1])], false, "needs `1`, which is no other"),
        (vec![a_task(&["AC-1", "AC-2"], &[7])], false, "needs `7`"),
        (vec![a_task(&["AC-1"], &[2]), a_task(&["AC-2"], &[1])], false, "the tasks 1, 2 need each"),
    ] {
        let wrong = order(&tasks, needs_scaffold).unwrap_err();
        assert!(wrong.iter().any(|line| line.contains(says)), "{says}: {wrong:?}");
    }
}

proptest! {
    /// In the order in which tasks are built each comes after what it needs, and none is lost.
    #[test]
    fn tasks_come_after_what_they_need(
        needs in proptest::collection::vec(proptest::collection::vec(1usize..8, 0..3), 1..8),
    ) {
        let named = |at: usize, needs: &Vec<usize>| {
            let mut task = a_task(&["AC-1", "AC-2"], needs);
            task.title = format!("t{}", at + 1);
            task
        };
        let tasks: Vec<PlannedTask> =
            needs.iter().enumerate().map(|(at, needs)| named(at, needs)).collect();
        let Ok(sorted) = order(&tasks, false) else { return Ok(()) };
        prop_assert_eq!(sorted.len(), tasks.len());
        for (at, task) in sorted.iter().enumerate() {
            let before: Vec<&str> =
                task.needs.iter().map(|need| sorted[need - 1].title.as_str()).collect();
            let old = tasks.iter().find(|one| one.title == task.title).unwrap();
            let wanted: Vec<String> = old.needs.iter().map(|need| format!("t{need}")).collect();
            prop_assert_eq!(before, wanted);
            prop_assert!(task.needs.iter().all(|need| need - 1 < at));
        }
    }
}

#[test]
fn prompts_show_all_that_they_are_to_show() {
    let plan = plan::parse(&plan_answer()).unwrap();
    let ask = PlanningPrompt {
        research: "a library does it",
        spec: "Read sizes",
        part: "AC-1: a size is read",
        rules: &ids(&["no panics"]),
        refused: &ids(&["it was too large"]),
        fence_nonce: "0123456789ab",
        files_max: 3,
        lines_max: 100,
    };
    let finding = json!({"findings": [{
        "severity": "high", "section": "Flow", "title": "K is lost", "failure": "f", "remedy": "r",
    }], "read": plan.sections().map(|(name, text)| json!({"section": name, "quote": text}))});
    let findings = plan_review::parse(&finding, &plan.sections()).unwrap();
    let prompts = [
        prompt::size(&ask),
        prompt::split(&ask),
        prompt::plan(&ask, Some(&plan), &findings),
        prompt::plan_review(&ask, &plan),
        prompt::tasks(&ask, &plan),
    ];
    let shown: [&[&str]; 5] = [
        &["Read sizes"],
        &["Read sizes", "it was too large"],
        &[
            "Read sizes",
            "AC-1: a size",
            "no panics",
            "a library does it",
            "K is 1024.",
            "high, in `Flow`: K is lost",
        ],
        &["Read sizes", "AC-1: a size", "K is 1024."],
        &["Read sizes", "AC-1: a size", "K is 1024.", "it was too large"],
    ];
    for (prompt, shown) in prompts.iter().zip(shown) {
        assert!(!prompt.contains("{{") && !prompt.starts_with("version"), "{prompt}");
        for text in shown {
            let fenced = prompt.lines().any(|line| line.starts_with("| ") && line.contains(text));
            assert!(fenced, "`{text}` in {prompt}");
        }
    }
    // The first plan of a part has none before it.
    assert!(!prompt::plan(&ask, None, &[]).contains("Your plan before"));
    for schema in
        [size_vote::schema(), part::schema(), plan::schema(), plan_review::schema(), task::schema()]
    {
        assert_eq!(schema["additionalProperties"], json!(false));
    }
}
