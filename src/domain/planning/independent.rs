//! Which tasks can be built beside each other: none needs what another one brings, and none writes a file or serves a
//! criterion that is another one's.

use std::collections::BTreeSet;

use crate::domain::planning::task::{PlannedTask, TaskKind};

/// What names of tests have beside the name of what they test.
const TEST_WORDS: [&str; 4] = ["test", "tests", "spec", "specs"];

/// Whether the task at a place, counted from 0, can be built before those that come before it and are not built yet, which
/// are all from `built` on.
pub fn is_independent(tasks: &[PlannedTask], built: usize, at: usize) -> bool {
    let Some(task) = tasks.get(at) else { return false };
    let open = built.min(at)..at;
    if !is_bounded(task) || !tasks[open.clone()].iter().all(is_bounded) {
        return false;
    }
    let needs = all_needs(tasks, at);
    open.into_iter().all(|before| !needs.contains(&before) && !overlap(&tasks[before], task))
}

/// Whether it is known which files it changes, and others can do without them.
fn is_bounded(task: &PlannedTask) -> bool {
    task.kind == TaskKind::Behaviour && !task.paths.is_empty()
}

/// The places of what a task needs, and of what that needs.
fn all_needs(tasks: &[PlannedTask], at: usize) -> BTreeSet<usize> {
    let (mut needs, mut open) = (BTreeSet::new(), vec![at]);
    while let Some(task) = open.pop().and_then(|at| tasks.get(at)) {
        let before = task.needs.iter().filter_map(|number| number.checked_sub(1));
        open.extend(before.filter(|place| needs.insert(*place)));
    }
    needs
}

/// Whether two tasks have a file in common, or the tests of one, or a criterion, which holds once both are there.
fn overlap(one: &PlannedTask, other: &PlannedTask) -> bool {
    let is_shared = |id: &String| other.criteria.contains(id);
    one.criteria.iter().any(is_shared)
        || one.paths.iter().any(|path| {
            other.paths.iter().any(|beside| {
                path.eq_ignore_ascii_case(beside) || tested_name(path) == tested_name(beside)
            })
        })
}

/// The name that tests of a file are found by: `size` of `src/size.rs`, `tests/size_test.rs` and `SizeTest.java`.
fn tested_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name);
    let mut words: Vec<String> = Vec::new();
    let mut was_lower = false;
    for letter in stem.chars() {
        let is_end = !letter.is_alphanumeric();
        if words.is_empty() || is_end || letter.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !is_end) {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    let is_said = |word: &&String| !word.is_empty() && !TEST_WORDS.contains(&word.as_str());
    words.iter().filter(is_said).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::is_independent;
    use crate::domain::planning::task::{PlannedTask, TaskKind};

    fn task(paths: &[&str], needs: &[usize]) -> PlannedTask {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        PlannedTask { needs: needs.to_vec(), ..PlannedTask::whole("T", &paths, &[]) }
    }

    #[test]
    fn tasks_are_independent_that_need_nothing_of_each_other_and_share_no_file() {
        let a = || task(&["src/a.rs"], &[]);
        let scaffold = PlannedTask { kind: TaskKind::Scaffold, ..a() };
        for (tasks, built, independent) in [
            (vec![a(), task(&["src/b.rs"], &[])], 0, true),
            (vec![a(), task(&["src/b.rs", "src/a.rs"], &[])], 0, false),
            (vec![a(), task(&["src/A.rs"], &[])], 0, false),
            // What is built already is in the way of nothing.
            (vec![a(), task(&["src/a.rs"], &[1])], 1, true),
            (vec![a(), task(&["src/b.rs"], &[1])], 0, false),
            // Through another one that is not built either, or that is built without it.
            (vec![a(), task(&["src/b.rs"], &[1]), task(&["src/c.rs"], &[2])], 0, false),
            (vec![a(), task(&["src/b.rs"], &[]), task(&["src/c.rs"], &[2])], 0, false),
            (vec![a(), task(&["src/b.rs"], &[]), task(&["src/c.rs"], &[1])], 1, true),
            (vec![a(), task(&["src/b.rs"], &[]), task(&["src/c.rs"], &[])], 0, true),
            (vec![a(), task(&["src/b.rs"], &[]), task(&["src/b.rs"], &[])], 1, false),
            // Structure comes first, and what names no file may change any.
            (vec![scaffold, task(&["src/b.rs"], &[])], 0, false),
            (vec![task(&[], &[]), task(&["src/b.rs"], &[])], 0, false),
            (vec![a(), task(&[], &[])], 0, false),
            // The tests of a declared file are the task's.
            (vec![a(), task(&["tests/a.rs"], &[])], 0, false),
            (vec![task(&["src/size.py"], &[]), task(&["tests/test_size.py"], &[])], 0, false),
            (vec![task(&["web/size.ts"], &[]), task(&["web/size.spec.ts"], &[])], 0, false),
            (vec![task(&["Size.java"], &[]), task(&["test/SizeTest.java"], &[])], 0, false),
            (vec![task(&["a/mod.rs"], &[]), task(&["b/mod.rs"], &[])], 0, false),
            (vec![task(&["src/size.py"], &[]), task(&["src/resize.py"], &[])], 0, true),
        ] {
            let last = tasks.len() - 1;
            assert_eq!(is_independent(&tasks, built, last), independent, "{built} {tasks:?}");
        }
        assert!(!is_independent(&[a()], 0, 1), "there is no such task");
        let serving = |path: &str, id: &str| {
            let (paths, criteria) = (vec![path.to_owned()], vec![id.to_owned()]);
            PlannedTask::whole("T", &paths, &criteria)
        };
        for (other, independent) in [("AC-1", false), ("AC-2", true)] {
            let tasks = [serving("src/a.rs", "AC-1"), serving("src/b.rs", other)];
            assert_eq!(is_independent(&tasks, 0, 1), independent, "{other}");
        }
    }
}
