//! The executor's prompts for a task: tests first, then the code.

use crate::domain::review::arbiter::as_data;
use crate::domain::review::template::render;

const TESTS: &str = include_str!("prompts/tests.md");
const CODE: &str = include_str!("prompts/code.md");
const OUTDATED: &str = include_str!("prompts/outdated.md");
const SCAFFOLD: &str = include_str!("prompts/scaffold.md");

/// One step of a task for the executor.
#[derive(Clone, Copy, Debug)]
pub struct TaskPrompt<'a> {
    /// The spec, in the form that every role is given.
    pub spec: &'a str,
    /// The task, with the plan that it belongs to; empty where it is all of the spec.
    pub task: &'a str,
    /// The paths that may be changed; empty where none are named.
    pub touches: &'a [String],
    /// The tests that may be taken out, since what they were written for is no longer asked for; empty for none.
    pub outdated: &'a str,
    /// The files of the new tests, with how they fail; empty while they are written.
    pub red: &'a [String],
    /// The tests that failed before the task.
    pub failing: &'a [String],
    /// What the last try came to: why it was refused, or what failed; empty for the first.
    pub refused: &'a [String],
    /// What the commands printed that failed then.
    pub printed: &'a str,
    /// The conventions of the code base.
    pub rules: &'a [String],
    /// Drawn for this prompt alone.
    pub fence_nonce: &'a str,
    /// How many files and changed lines beside tests it may have.
    pub files_max: usize,
    pub lines_max: usize,
}

/// The prompt for tests that fail for want of what the spec asks for.
pub fn tests(task: TaskPrompt<'_>) -> String {
    fill(TESTS, task)
}

/// The prompt for the code that makes them pass.
pub fn code(task: TaskPrompt<'_>) -> String {
    fill(CODE, task)
}

/// The prompt for structure without behaviour.
pub fn scaffold(task: TaskPrompt<'_>) -> String {
    fill(SCAFFOLD, task)
}

fn fill(template: &str, task: TaskPrompt<'_>) -> String {
    let data = |name, text: &str, none| as_data(name, task.fence_nonce, text, none);
    render(template, &|name| {
        Some(match name {
            "token" => task.fence_nonce.to_owned(),
            "files" => task.files_max.to_string(),
            "lines" => task.lines_max.to_string(),
            "spec" => data("spec", task.spec, "There is none.\n"),
            "task" => data("task", task.task, "All of it.\n"),
            "touches" => data("touches", &task.touches.join("\n"), "It names none.\n"),
            "red" => data("red", &task.red.join("\n"), "None.\n"),
            "failing" => data("failing", &task.failing.join("\n"), "None.\n"),
            "printed" => data("printed", task.printed, "Nothing failed, or it printed nothing.\n"),
            "refused" if task.refused.is_empty() => String::new(),
            "refused" => format!(
                "## Your try before this was not taken\nRepair it without what was wrong:\n{}",
                data("refused", &task.refused.join("\n"), "")
            ),
            "outdated" if task.outdated.is_empty() => String::new(),
            "outdated" => render(OUTDATED, &|name| {
                (name == "tests").then(|| data("outdated tests", task.outdated, ""))
            }),
            "rules" => data("rules", &task.rules.join("\n\n"), "There are none.\n"),
            _ => return None,
        })
    })
}
