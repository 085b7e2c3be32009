//! Recurrence: whether a mistake came back often enough to become a rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::constitution::grouping::{THRESHOLD, Weights, group};
use crate::domain::model::class::Class;
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// A finding that a change brought in, as the ledger has it: one for each finding and change. A
/// later evaluation of the same change brings in nothing new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub finding: String,
    pub gate: Gate,
    pub class: Class,
    /// The path, empty where the finding is not in a file.
    pub path: String,
    /// What makes two evaluations be of the same change.
    pub change: String,
    /// Seconds since 1970.
    pub at: i64,
    pub severity: Severity,
    /// It was dismissed by a person.
    pub dismissed: bool,
    pub message: String,
}

/// How often is often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecurrenceThreshold {
    pub findings: u32,
    pub changes: u32,
    pub days: u32,
    /// So many critical findings are enough by themselves.
    pub criticals: u32,
}

impl Default for RecurrenceThreshold {
    fn default() -> Self {
        Self { findings: 3, changes: 2, days: 90, criticals: 2 }
    }
}

/// A mistake that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub class: Class,
    pub component: String,
    /// The findings' ids, the oldest first.
    pub findings: Vec<String>,
    pub changes: BTreeSet<String>,
    /// When the first of them was found, in seconds since 1970.
    pub first: i64,
}

/// Folders whose own folders are the parts of a project.
const CONTAINERS: [&str; 14] = [
    "apps",
    "cmd",
    "components",
    "crates",
    "internal",
    "lib",
    "libs",
    "modules",
    "packages",
    "pkg",
    "plugins",
    "projects",
    "services",
    "src",
];

/// The part of the project that a path is in: its first folder, or its folder in `src`, `crates`,
/// `packages` and the like. Empty for a file at the root.
pub fn component(path: &str) -> &str {
    let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    let first = folders.next().unwrap_or_default();
    if CONTAINERS.contains(&first) { folders.next().unwrap_or(first) } else { first }
}

/// The mistakes that came back within the days before `now` (in seconds since 1970), sorted by
/// class and component. Findings of a listed class are counted by class; those of `other/…` that
/// do not suffice by class are grouped by the likeness of their messages.
pub fn candidates(
    occurrences: &[Occurrence],
    after: RecurrenceThreshold,
    now: i64,
) -> Vec<Candidate> {
    let oldest = now - i64::from(after.days) * SECONDS_A_DAY;
    let counts = |s: &&Occurrence| s.gate.is_learnable() && !s.dismissed && s.at >= oldest;
    let mut by_class: BTreeMap<(&Class, &str), Vec<&Occurrence>> = BTreeMap::new();
    for occurrence in occurrences.iter().filter(counts) {
        by_class
            .entry((&occurrence.class, component(&occurrence.path)))
            .or_default()
            .push(occurrence);
    }
    let mut found = Vec::new();
    let mut loose: BTreeMap<&str, Vec<&Occurrence>> = BTreeMap::new();
    for ((class, component), occurrences) in by_class {
        match candidate(class, component, &occurrences, after) {
            Some(candidate) => found.push(candidate),
            None if class.is_other() => loose.entry(component).or_default().extend(occurrences),
            None => {}
        }
    }
    let weights = Weights::learn(occurrences.iter().map(|s| s.message.as_str()));
    for (component, occurrences) in loose {
        found.extend(alike(component, &occurrences, &weights, after));
    }
    found.sort_by(|a, b| (&a.class, &a.component).cmp(&(&b.class, &b.component)));
    found
}

/// Whether these occurrences are often enough: each counts once for each change, however often it
/// was evaluated.
pub fn suffices(occurrences: &[&Occurrence], after: RecurrenceThreshold) -> bool {
    let pairs: BTreeSet<(&str, &str)> =
        occurrences.iter().map(|s| (s.finding.as_str(), s.change.as_str())).collect();
    let changes: BTreeSet<&str> = pairs.iter().map(|(_, change)| *change).collect();
    let critical = |s: &&&Occurrence| s.severity == Severity::Critical;
    let criticals: BTreeSet<(&str, &str)> = occurrences
        .iter()
        .filter(critical)
        .map(|s| (s.finding.as_str(), s.change.as_str()))
        .collect();
    let reaches = |count: usize, wanted: u32| u32::try_from(count).unwrap_or(u32::MAX) >= wanted;
    (reaches(pairs.len(), after.findings) && reaches(changes.len(), after.changes))
        || (after.criticals > 0 && reaches(criticals.len(), after.criticals))
}

fn candidate(
    class: &Class,
    component: &str,
    occurrences: &[&Occurrence],
    after: RecurrenceThreshold,
) -> Option<Candidate> {
    if !suffices(occurrences, after) {
        return None;
    }
    let mut sorted = occurrences.to_vec();
    sorted.sort_by(|a, b| (a.at, &a.finding).cmp(&(b.at, &b.finding)));
    let mut findings: Vec<String> = Vec::new();
    for occurrence in &sorted {
        if !findings.contains(&occurrence.finding) {
            findings.push(occurrence.finding.clone());
        }
    }
    Some(Candidate {
        class: class.clone(),
        component: component.to_owned(),
        findings,
        changes: sorted.iter().map(|s| s.change.clone()).collect(),
        first: sorted.first().map_or(0, |s| s.at),
    })
}

/// The groups of like messages that suffice, each under the class that most of it bears.
fn alike(
    component: &str,
    occurrences: &[&Occurrence],
    weights: &Weights,
    after: RecurrenceThreshold,
) -> Vec<Candidate> {
    let messages: Vec<String> = occurrences.iter().map(|s| s.message.clone()).collect();
    let mut groups: BTreeMap<usize, Vec<&Occurrence>> = BTreeMap::new();
    for (occurrence, number) in occurrences.iter().zip(group(&messages, weights, THRESHOLD)) {
        groups.entry(number).or_default().push(occurrence);
    }
    let mut found: Vec<Candidate> = Vec::new();
    for members in groups.values() {
        let Some(class) = most_frequent(members) else { continue };
        if let Some(candidate) = candidate(class, component, members, after) {
            found.push(candidate);
        }
    }
    found
}

fn most_frequent<'a>(occurrences: &[&'a Occurrence]) -> Option<&'a Class> {
    let mut counts: BTreeMap<&Class, usize> = BTreeMap::new();
    for occurrence in occurrences {
        *counts.entry(&occurrence.class).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(class, _)| class)
}
