//! The tasks of a part: each one commit, within bounds that are declared before it is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::model::globs::Globs;
use crate::domain::model::text::counted;
use crate::domain::planning::reading::{object, read};

/// The most tasks of one part.
pub const TASKS_MAX: usize = 20;

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTask {
    pub title: String,
    /// What it brings, in a few sentences.
    pub goal: String,
    pub kind: TaskKind,
    /// The files that it may change, beside their tests; empty where the spec is one task and names none.
    pub paths: Vec<String>,
    /// About how many lines it changes in them.
    pub lines: usize,
    /// The ids of the criteria that are met once it is done.
    pub criteria: Vec<String>,
    /// The numbers of the tasks that come before it, from 1.
    pub needs: Vec<usize>,
}

/// What a task brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// Behaviour, which tests show that fail before.
    Behaviour,
    /// Files, types and signatures without behaviour.
    Scaffold,
}

/// What tasks are held against.
#[derive(Clone, Copy)]
pub struct TaskLimits<'a> {
    /// The criteria that the tasks must serve.
    pub criteria: &'a [String],
    /// What the spec allows to change; `None` where it names nothing.
    pub touches: Option<&'a Globs>,
    pub files_max: usize,
    pub lines_max: usize,
    pub needs_scaffold: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskListAnswer {
    tasks: Vec<PlannedTask>,
}

/// The schema of the answer.
pub fn schema() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer", "minimum": 0});
    let task = object(&json!({
        "title": text,
        "goal": text,
        "kind": {"type": "string", "enum": ["behaviour", "scaffold"]},
        "paths": {"type": "array", "items": text},
        "lines": number,
        "criteria": {"type": "array", "items": text},
        "needs": {"type": "array", "items": number},
    }));
    object(&json!({"tasks": {"type": "array", "items": task}}))
}

/// Reads an answer.
///
/// # Errors
///
/// What does not fit.
pub fn parse(value: &Value) -> Result<Vec<PlannedTask>, String> {
    let answer: TaskListAnswer = read(value)?;
    Ok(answer.tasks)
}

/// The tasks in the order in which they are built, or what is wrong with them, one a line.
///
/// Two tasks with a path in common come one after the other as they are listed; so does everything here, since
/// one task is built at a time.
pub fn ordered(
    tasks: &[PlannedTask],
    limits: TaskLimits<'_>,
) -> Result<Vec<PlannedTask>, Vec<String>> {
    let mut wrong = wrong_with_list(tasks, limits);
    for (at, task) in tasks.iter().enumerate() {
        wrong.extend(
            wrong_with(task, limits).into_iter().map(|why| format!("task {}: {why}", at + 1)),
        );
        for need in &task.needs {
            if *need == 0 || *need > tasks.len() || *need == at + 1 {
                wrong.push(format!("task {}: it needs `{need}`, which is no other task", at + 1));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let order = in_order(tasks).map_err(|cycle| vec![cycle])?;
    let is_late = |at: &usize| tasks[*at].kind == TaskKind::Scaffold;
    if order.iter().skip(1).any(is_late) {
        return Err(vec!["a `scaffold` comes first, and needs no other task".to_owned()]);
    }
    let moved = |old: usize| order.iter().position(|at| *at + 1 == old).map_or(old, |new| new + 1);
    let sorted = order.iter().map(|at| {
        let task = tasks[*at].clone();
        let needs = task.needs.iter().map(|need| moved(*need)).collect();
        PlannedTask { needs, ..task }
    });
    Ok(sorted.collect())
}

fn wrong_with_list(tasks: &[PlannedTask], limits: TaskLimits<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if tasks.is_empty() {
        wrong.push("there is no task".to_owned());
    }
    if tasks.len() > TASKS_MAX {
        wrong.push(format!("there are {} tasks; {TASKS_MAX} is the most", tasks.len()));
    }
    let served: BTreeSet<&String> = tasks.iter().flat_map(|task| &task.criteria).collect();
    let missing = limits.criteria.iter().filter(|id| !served.contains(id));
    wrong.extend(missing.map(|id| format!("no task serves `{id}`")));
    let scaffolds = tasks.iter().filter(|task| task.kind == TaskKind::Scaffold).count();
    let first = tasks.first().map(|task| task.kind);
    if limits.needs_scaffold && !tasks.is_empty() && first != Some(TaskKind::Scaffold) {
        wrong.push(
            "the plan asks for new structure, and the first task is no `scaffold`".to_owned(),
        );
    }
    if scaffolds > 1 {
        wrong.push(format!(
            "{scaffolds} tasks are a `scaffold`; one is the most, and it comes first"
        ));
    }
    wrong
}

fn wrong_with(task: &PlannedTask, limits: TaskLimits<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if task.title.trim().is_empty() {
        wrong.push("it has no title".to_owned());
    }
    if task.paths.is_empty() {
        wrong.push("it declares no path".to_owned());
    }
    if task.paths.len() > limits.files_max {
        wrong.push(format!(
            "it declares {} paths; {} is the most",
            task.paths.len(),
            limits.files_max
        ));
    }
    if task.lines > limits.lines_max {
        wrong.push(format!(
            "it changes about {}; {} is the most",
            counted(task.lines, "line"),
            limits.lines_max
        ));
    }
    for path in &task.paths {
        if !is_file_path(path) {
            wrong.push(format!("`{path}` is no path of one file in this repository"));
        } else if limits.touches.is_some_and(|globs| !globs.matches(path)) {
            wrong.push(format!("`{path}` is not in the spec's `touches`"));
        }
    }
    let is_strange = |id: &&String| !limits.criteria.contains(id);
    let strange = task.criteria.iter().filter(is_strange);
    wrong.extend(strange.map(|id| format!("it serves `{id}`, which is no criterion of this part")));
    match task.kind {
        TaskKind::Behaviour if task.criteria.is_empty() => {
            wrong.push("it serves no criterion".to_owned());
        }
        TaskKind::Scaffold if !task.criteria.is_empty() => {
            wrong.push("a `scaffold` has no behaviour, so it serves no criterion".to_owned());
        }
        TaskKind::Behaviour | TaskKind::Scaffold => {}
    }
    wrong
}

/// Whether a text is the path of one file from the top of a repository.
pub fn is_file_path(path: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part != "." && part != ".." && part != ".git";
    path.split('/').all(is_name)
        && !path.starts_with('!')
        && !path.contains(['*', '?', '[', ']', '{', '}', '\\', '\0', '\n'])
}

/// The places of tasks in an order in which each comes after what it needs, as they are listed where that
/// leaves a choice.
fn in_order(tasks: &[PlannedTask]) -> Result<Vec<usize>, String> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < tasks.len() {
        let is_ready = |at: &usize| {
            !order.contains(at) && tasks[*at].needs.iter().all(|need| order.contains(&(need - 1)))
        };
        let Some(at) = (0..tasks.len()).find(is_ready) else {
            let left = (0..tasks.len()).filter(|at| !order.contains(at));
            let left: Vec<String> = left.map(|at| (at + 1).to_string()).collect();
            return Err(format!("the tasks {} need each other in a circle", left.join(", ")));
        };
        order.push(at);
    }
    Ok(order)
}

impl PlannedTask {
    /// The task that is all of a spec.
    pub fn whole(title: &str, paths: &[String], criteria: &[String]) -> Self {
        Self {
            title: title.to_owned(),
            goal: String::new(),
            kind: TaskKind::Behaviour,
            paths: paths.to_vec(),
            lines: 0,
            criteria: criteria.to_vec(),
            needs: Vec::new(),
        }
    }

    /// The task as a page; `number` counts from 1.
    pub fn markdown(&self, number: usize) -> String {
        let mut page = format!("# Task {number}: {}\n\n", self.title);
        if !self.goal.trim().is_empty() {
            let _ = write!(page, "{}\n\n", self.goal.trim());
        }
        let list = |items: Vec<String>| {
            if items.is_empty() { "none".to_owned() } else { items.join(", ") }
        };
        let kind = match self.kind {
            TaskKind::Behaviour => "behaviour: a test that fails comes first",
            TaskKind::Scaffold => "scaffold: files, types and signatures, no behaviour",
        };
        let paths = self.paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>();
        let files = if paths.is_empty() { "any".to_owned() } else { paths.join(", ") };
        // Nobody says it of what is one task.
        let lines = match self.lines {
            0 => String::new(),
            lines => format!("- about {lines} changed lines\n"),
        };
        let needs = self.needs.iter().map(|need| format!("task {need}")).collect();
        let _ = write!(
            page,
            "- kind: {kind}\n- files: {files}\n{lines}- criteria: {}\n- needs: {}\n",
            list(self.criteria.clone()),
            list(needs)
        );
        page
    }
}
