//! The constitution gate: holds a change to the rules that can be checked without a model.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::constitution::check::{CompiledRule, SourceFile, compile, scope};
use crate::domain::constitution::rule::{Rule, RuleError, RuleStatus};
use crate::domain::constitution::waiver::Waiver;
use crate::domain::gates::policy_files::is_of_constitution;
use crate::domain::gates::view::FileView;
use crate::domain::model::change::FileChange;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;

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
        let mut all = self.clone();
        for rule in &other.in_force {
            if !self.in_force.iter().any(|known| is_same(&known.0, &rule.0)) {
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
        let covers = |file: &FileChange| file.path.to_str().is_ok_and(|path| scope.matches(path));
        if !files.iter().any(covers) {
            return Ok(None);
        }
    }
    compile(rule)
}

/// Finds where a file breaks a rule. The constitution itself holds the examples of its rules, and a rule
/// must not stop what mends it: rules are not held against its files. A rule in `shadow` is counted and stops nothing. A file that is
/// not UTF-8 has no text that a pattern could mean.
pub fn check(view: &FileView<'_>, rules: &Rules, effect: Effect) -> Result<Vec<Finding>> {
    let (Ok(path), Ok(text)) = (view.file.path.to_str(), view.new.to_str()) else {
        return Ok(Vec::new());
    };
    if is_of_constitution(&view.file.path) {
        return Ok(Vec::new());
    }
    let covering = rules.in_force.iter().filter(|rule| rule.1.covers(path));
    let source = SourceFile::new(path, text);
    let mut findings: Vec<Finding> = Vec::new();
    let mut found: HashMap<(&str, u32, u32), usize> = HashMap::new();
    for (rule, compiled) in covering.map(|rule| &**rule) {
        // What the change adds is found out only for a file that a rule speaks of.
        for hit in compiled.matches(&source, view.added()?) {
            if matches!(hit.waiver, Some(Waiver::Reason(_))) {
                continue;
            }
            let unreasoned = match hit.waiver {
                Some(Waiver::WithoutReason) => {
                    format!("; the `tribunal:allow {}` beside it gives no reason", rule.id)
                }
                _ => String::new(),
            };
            let finding = Finding {
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
            };
            match found.entry((rule.id.as_str(), hit.line, hit.column)) {
                Entry::Vacant(place) => {
                    place.insert(findings.len());
                    findings.push(finding);
                }
                // Two forms of one rule hold: the stricter finding stays.
                Entry::Occupied(known) if findings[*known.get()].effect < finding.effect => {
                    findings[*known.get()] = finding;
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    Ok(findings)
}

fn suggestion(rule: &Rule) -> String {
    let good = match rule.good.first() {
        Some(good) if !good.contains('\n') => format!("as in `{good}`; "),
        _ => String::new(),
    };
    format!(
        "{good}{}:{} says why; `tribunal:allow {} <reason>` beside it waives",
        rule.at.path, rule.at.line, rule.id
    )
}
