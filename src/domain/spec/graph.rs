//! The order of a spec's steps: every dependency exists, and none leads back.

use std::collections::BTreeMap;

use crate::domain::model::nearest::did_you_mean;
use crate::domain::spec::problem::{LintRule, PROBLEMS_MAX, ProblemLevel, SpecProblems, quote};
use crate::domain::spec::types::{SpecEntry, SpecStep};

/// The most steps of a cycle that a message names.
const NAMED_MAX: usize = 12;

/// Adds an error for each dependency that is unknown and for each that closes a cycle.
pub(in crate::domain::spec) fn lint(steps: &[SpecStep], problems: &mut SpecProblems) {
    let mut index = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        index.entry(step.id.as_str()).or_insert(i);
    }
    let mut edges: Vec<Vec<(usize, &SpecEntry)>> = Vec::with_capacity(steps.len());
    let mut unknown = Vec::new();
    for step in steps {
        let mut known = Vec::new();
        for dependency in &step.depends_on {
            match index.get(dependency.text.as_str()) {
                Some(&to) => known.push((to, dependency)),
                None => unknown.push((step, dependency)),
            }
        }
        edges.push(known);
    }
    report_unknown(&unknown, steps, problems);
    for (path, dependency) in cycles(&edges) {
        let mut names: Vec<&str> = path.iter().map(|&i| steps[i].id.as_str()).collect();
        if names.len() > NAMED_MAX {
            names.truncate(NAMED_MAX);
            names.push("…");
        }
        names.push(&steps[path[0]].id);
        let message = format!("the steps depend on each other in a circle: {}", names.join(" → "));
        let hint = "remove one of these dependencies";
        problems.push(ProblemLevel::Error, LintRule::DependencyCycle, dependency.at, message, hint);
    }
}

fn report_unknown(
    unknown: &[(&SpecStep, &SpecEntry)],
    steps: &[SpecStep],
    problems: &mut SpecProblems,
) {
    // Only as many as are listed: the search for a near name looks at every step.
    for (step, dependency) in unknown.iter().take(PROBLEMS_MAX + 1) {
        let known = steps.iter().map(|s| s.id.as_str()).filter(|id| *id != step.id);
        let hint = did_you_mean(&dependency.text, known)
            .unwrap_or_else(|| "name the `id` of another step of this file".to_owned());
        let message = format!(
            "the step {} depends on {}, which does not exist",
            quote(&step.id),
            quote(&dependency.text)
        );
        problems.push(
            ProblemLevel::Error,
            LintRule::UnknownDependency,
            dependency.at,
            message,
            &hint,
        );
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the path that is being walked.
    Open,
    Done,
}

/// The cycles that a walk in file order comes upon, each with the dependency that closes it. The
/// walk keeps its own stack: a file may hold thousands of steps in a row.
fn cycles<'e>(edges: &[Vec<(usize, &'e SpecEntry)>]) -> Vec<(Vec<usize>, &'e SpecEntry)> {
    let mut marks = vec![Mark::New; edges.len()];
    let mut found = Vec::new();
    for root in 0..edges.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(&(to, dependency)) = edges[*node].get(*next) else {
                marks[*node] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[to] {
                Mark::New => {
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
                Mark::Open => {
                    let start = path.iter().position(|(n, _)| *n == to).unwrap_or(0);
                    found.push((path[start..].iter().map(|(n, _)| *n).collect(), dependency));
                }
                Mark::Done => {}
            }
        }
    }
    found
}
