//! The constitution gate: holds a change to the rules that can be checked without a model.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::constitution::check::{CompiledRule, RuleHit, SourceFile, compile, scope};
use crate::domain::constitution::rule::{Rule, RuleError, RuleStatus};
use crate::domain::constitution::waiver::Waiver;
use crate::domain::gates::decoded::decode;
use crate::domain::gates::policy_files::is_of_constitution;
use crate::domain::gates::view::{FileView, added_lines, all_lines, new_to_all};
use crate::domain::model::change::FileChange;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::Skipped;

/// The rules that are in force, as the base of the change has them.
#[derive(Clone, Default)]
pub struct Rules {
    in_force: Vec<Arc<(Rule, CompiledRule)>>,
}

impl Rules {
    /// Compiles the rules in force that speak of any of the files (`None`: all of them), and tells
    /// which cannot be.
    pub fn compile(rules: Vec<Rule>, files: Option<&[FileChange]>) -> (Self, Vec<RuleError>) {
        let mut in_force = Vec::new();
        let mut errors = Vec::new();
        for rule in rules.into_iter().filter(|rule| rule.status.is_checked()) {
            match compile_wanted(&rule, files) {
                Ok(Some(compiled)) => in_force.push(Arc::new((rule, compiled))),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        (Self { in_force }, errors)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.in_force.len()
    }

    pub fn is_empty(&self) -> bool {
        self.in_force.is_empty()
    }

    /// The rules of both. Of a rule that the two have in different forms both forms hold.
    pub fn and(&self, other: &Self) -> Self {
        let mut by_id: HashMap<&str, Vec<&Rule>> = HashMap::new();
        for rule in &self.in_force {
            by_id.entry(&rule.0.id).or_default().push(&rule.0);
        }
        let mut all = self.clone();
        for rule in &other.in_force {
            let known = by_id.get(rule.0.id.as_str());
            if !known.is_some_and(|known| known.iter().any(|known| is_same(known, &rule.0))) {
                all.in_force.push(Arc::clone(rule));
            }
        }
        all
    }
}

/// Whether two rules stop the same. Where in its file a rule stands does not matter.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (&one.id, &one.check, &one.paths) == (&other.id, &other.check, &other.paths)
        && (one.status, one.severity) == (other.status, other.severity)
}

/// A pattern costs more than its paths: it is compiled for a rule that is needed.
fn compile_wanted(
    rule: &Rule,
    files: Option<&[FileChange]>,
) -> Result<Option<CompiledRule>, RuleError> {
    if let Some(files) = files {
        let scope = scope(rule)?;
        let covers = |file: &FileChange| scope.matches(file.path.to_path_lossy());
        if !files.iter().any(covers) {
            return Ok(None);
        }
    }
    compile(rule)
}

/// Finds where a file breaks a rule, and tells which rules it was not held to in full. The constitution
/// itself holds the examples of its rules, and a rule must not stop what mends it: rules are not held
/// against its files. A rule in `shadow` is counted and stops nothing.
pub fn check(
    view: &FileView<'_>,
    rules: &Rules,
    effect: Effect,
) -> Result<(Vec<Finding>, Vec<Skipped>)> {
    let path = view.file.path.as_bstr();
    let covering: Vec<_> =
        rules.in_force.iter().filter(|rule| rule.1.covers(path.to_path_lossy())).collect();
    if covering.is_empty() || is_of_constitution(path) {
        return Ok((Vec::new(), Vec::new()));
    }
    let skip =
        |reason: String| Skipped { gate: Gate::Constitution.to_string(), reason, has_run: false };
    let Some(readings) = decode(&view.new) else {
        let reason = "it is not UTF-8, and too large to be read in another encoding";
        return Ok((
            Vec::new(),
            vec![skip(format!("rules were not held against `{path}`: {reason}"))],
        ));
    };
    let mut held = HeldRules::default();
    for reading in readings {
        let added = if reading.has_own_lines {
            let each = view.each_before(|old| added_to(&reading.text, old))?;
            Cow::Owned(new_to_all(each).unwrap_or_else(|| all_lines(reading.text.as_bytes())))
        } else {
            Cow::Borrowed(view.added()?)
        };
        let path = path.to_path_lossy();
        let source = SourceFile::new(&*path, &reading.text);
        for (rule, compiled) in covering.iter().map(|rule| &***rule) {
            let matches = compiled.matches(&source, &added);
            held.skipped.extend(matches.cut.map(|why| {
                let (id, path) = (&rule.id, &view.file.path);
                skip(format!("rule `{id}` was not held against all of `{path}`: {why}"))
            }));
            for hit in matches.hits {
                held.keep(finding(view, rule, hit, effect));
            }
        }
    }
    Ok((held.findings, held.skipped))
}

/// What rules found in a file.
#[derive(Default)]
struct HeldRules {
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
    /// The finding of each rule at each line and column.
    places: HashMap<(String, u32, u32), usize>,
}

impl HeldRules {
    /// Keeps one finding of a rule at a place: where two forms of it hold, the stricter.
    fn keep(&mut self, finding: Finding) {
        let (line, column) = finding.place.as_ref().map_or((0, 0), |at| (at.line, at.column));
        match self.places.entry((finding.rule.clone(), line, column)) {
            Entry::Vacant(place) => {
                place.insert(self.findings.len());
                self.findings.push(finding);
            }
            Entry::Occupied(known) if self.findings[*known.get()].effect < finding.effect => {
                self.findings[*known.get()] = finding;
            }
            Entry::Occupied(_) => {}
        }
    }
}

fn finding(view: &FileView<'_>, rule: &Rule, hit: RuleHit, effect: Effect) -> Finding {
    let unreasoned = match hit.waiver {
        Some(Waiver::WithoutReason) => {
            format!("; the `tribunal:allow {}` beside it gives no reason", rule.id)
        }
        _ => String::new(),
    };
    Finding {
        gate: Gate::Constitution,
        rule: rule.id.clone(),
        class: rule.class.clone(),
        severity: rule.severity,
        effect: if rule.status == RuleStatus::Active { effect } else { Effect::Shadow },
        place: Some(Location {
            column: hit.column,
            end_line: hit.end_line,
            ..Location::line(view.file.path.clone(), hit.line)
        }),
        anchor: hit.text,
        message: format!("{}{unreasoned}", rule.title),
        suggestion: suggestion(rule),
    }
}

/// The lines that the text has and the old content, read in the same ways, does not.
fn added_to(text: &str, old: &[u8]) -> Vec<Range<u32>> {
    // The last way of reading is the one with the longer characters.
    match decode(old).and_then(|mut readings| readings.pop()) {
        Some(old) => added_lines(old.text.as_bytes(), text.as_bytes()),
        None => all_lines(text.as_bytes()),
    }
}

fn suggestion(rule: &Rule) -> String {
    let good = match rule.good.first() {
        Some(good) if !good.contains('\n') => format!("for example `{good}`; "),
        _ => String::new(),
    };
    format!(
        "{good}{}:{} explains why; to allow it here, add `tribunal:allow {} <reason>` to the line",
        rule.at.path, rule.at.line, rule.id
    )
}
