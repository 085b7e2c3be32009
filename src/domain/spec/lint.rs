//! The lint of a parsed spec: completeness, ids, wording, hidden characters.

use std::collections::BTreeMap;

use crate::domain::model::text::counted;
use crate::domain::spec::graph;
use crate::domain::spec::parsed::{ParsedSpec, SpecPart};
use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblems, quote};
use crate::domain::spec::types::{CONSTRAINT, CRITERION, CRITICAL, Criterion, Spec, SpecPosition};
use crate::domain::spec::wording;

/// Adds all that is wrong with the spec to the problems.
pub(in crate::domain::spec) fn lint(parsed: &ParsedSpec, problems: &mut SpecProblems) {
    completeness(parsed, problems);
    duplicates(&parsed.spec, problems);
    graph::lint(&parsed.spec.steps, problems);
    hidden_characters(problems);
    for passage in &parsed.passages {
        let text = &parsed.prose[passage.range.clone()];
        let base = passage.range.start;
        wording::unfinished(text, base, problems);
        match passage.part {
            SpecPart::Criterion => {
                criterion_form(ProblemLevel::Error, text, base, problems);
                wording::vague(ProblemLevel::Error, text, base, problems);
            }
            // A step's acceptance is a short note beside its spec.
            SpecPart::Acceptance => {
                criterion_form(ProblemLevel::Warning, text, base, problems);
                wording::vague(ProblemLevel::Error, text, base, problems);
            }
            SpecPart::Constraint => wording::vague(ProblemLevel::Error, text, base, problems),
            SpecPart::Goal | SpecPart::CriticalIf | SpecPart::Step => {
                wording::vague(ProblemLevel::Warning, text, base, problems);
            }
            SpecPart::EdgeCase | SpecPart::NonGoal | SpecPart::OpenQuestion | SpecPart::Other => {}
        }
    }
}

fn completeness(parsed: &ParsedSpec, problems: &mut SpecProblems) {
    let spec = &parsed.spec;
    if spec.title.is_empty() {
        let message = "the spec has no title".to_owned();
        problems.warning(
            LintRule::NoTitle,
            0,
            message,
            "begin with `# …`, or with `title:` in YAML",
        );
    }
    if spec.goal.is_empty() && spec.steps.iter().all(|s| s.spec.is_empty()) {
        let hint = "say in a sentence or two what it is for, under `## Goal`, in YAML as `goal:`";
        problems.warning(LintRule::NoGoal, 0, "the spec has no goal".to_owned(), hint);
    }
    if spec.all_criteria().next().is_none() {
        let hint = "add `- **AC-1** WHEN … THEN …` under `## Acceptance criteria`, \
                    in YAML a list under `acceptance:`";
        let message = "no acceptance criterion: nothing says when it is done".to_owned();
        problems.error(LintRule::NoCriterion, parsed.criteria_at, message, hint);
        return;
    }
    for criterion in &spec.criteria {
        unverified(criterion, problems);
    }
    for step in &spec.steps {
        if step.acceptance.is_empty() {
            let message = format!("the step {} has no acceptance", quote(&step.id));
            let hint = "say under `acceptance:` what shows that it is done";
            problems.push(
                ProblemLevel::Warning,
                LintRule::StepWithoutAcceptance,
                step.at,
                message,
                hint,
            );
        }
        for criterion in step.acceptance.iter().filter(|_| step.verify.is_empty()) {
            unverified(criterion, problems);
        }
    }
    if let Some(question) = spec.open_questions.iter().find(|q| !is_none(&q.text)) {
        let message =
            format!("unanswered: {}", counted(spec.open_questions.len(), "open question"));
        let hint = "answer them in the spec, or mark what must be settled first with \
                    `[NEEDS CLARIFICATION: …]`";
        problems.push(ProblemLevel::Warning, LintRule::OpenQuestion, question.at, message, hint);
    }
}

/// Whether an entry only says `none`.
fn is_none(text: &str) -> bool {
    let word = text.trim_end_matches('.').to_ascii_lowercase();
    matches!(word.as_str(), "none" | "no" | "n/a" | "-" | "nothing")
}

fn unverified(criterion: &Criterion, problems: &mut SpecProblems) {
    if criterion.verify.is_empty() {
        let message = format!("{} does not say how it is verified", quote(&criterion.id));
        let hint =
            "add `verify:` with a command in backticks, `test`, `static: <pattern>` or `human`";
        problems.push(ProblemLevel::Warning, LintRule::NoVerify, criterion.at, message, hint);
    }
}

/// A criterion says when it applies and what must follow, or what must hold always.
fn criterion_form(level: ProblemLevel, text: &str, base: usize, problems: &mut SpecProblems) {
    let mut when = false;
    let mut sound = false;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        match word.to_ascii_lowercase().as_str() {
            "when" | "if" | "while" | "where" | "given" => when = true,
            "then" => sound |= when,
            "shall" | "must" => sound = true,
            _ => {}
        }
    }
    if !sound {
        let at = problems.source.at(base);
        let message = "a criterion says neither `WHEN … THEN …` nor `SHALL` or `MUST`".to_owned();
        let hint = "write what happens and what must follow, or what must always hold";
        problems.push(level, LintRule::CriterionForm, at, message, hint);
    }
}

/// One id, one thing. Ids that differ in case alone would be one file on some systems.
fn duplicates(spec: &Spec, problems: &mut SpecProblems) {
    let criteria = spec.all_criteria().map(|c| (CRITERION, c.id.clone(), c.at));
    // What the text of a step says has no line of its own, and counts from one in each step.
    let is_in_text = |at: &SpecPosition| spec.steps.iter().any(|step| step.at == *at);
    let given = spec.given_ids().into_iter().filter(|(_, _, at)| !is_in_text(at));
    let steps = spec.steps.iter().map(|s| ("", s.id.clone(), s.at));
    let mut seen: BTreeMap<(bool, String), SpecPosition> = BTreeMap::new();
    for (prefix, id, at) in criteria.chain(given).chain(steps) {
        let is_step = prefix.is_empty();
        let first = *seen.entry((is_step, id.to_ascii_lowercase())).or_insert(at);
        if first != at {
            let (what, id) = (if is_step { "step" } else { name_of(prefix) }, quote(&id));
            let message = format!("duplicate {what} {id}, first in line {}", first.line);
            let hint = "give each its own id: plans, findings and commits refer to it";
            problems.push(ProblemLevel::Error, LintRule::DuplicateId, at, message, hint);
        } else if !is_step {
            misplaced(prefix, &id, at, problems);
        }
    }
}

/// Says so where an id has the form that those in another section have.
fn misplaced(prefix: &str, id: &str, at: SpecPosition, problems: &mut SpecProblems) {
    let own = id.rsplit('.').next().unwrap_or(id);
    let letters = own.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let mut others = [CRITERION, CONSTRAINT, CRITICAL].into_iter().filter(|one| *one != prefix);
    let Some(other) = others.find(|one| one.trim_end_matches('-') == letters) else { return };
    let (what, here) = (name_of(other), name_of(prefix));
    let message = format!("{} is the id of a {what}, and this is a {here}", quote(own));
    let hint = format!("begin it with `{prefix}1` or another number, or move it to what it is");
    problems.push(ProblemLevel::Warning, LintRule::MisplacedId, at, message, &hint);
}

/// What has ids with that prefix.
fn name_of(prefix: &str) -> &'static str {
    match prefix {
        CONSTRAINT => "constraint",
        CRITICAL => "line of what is critical",
        _ => "criterion",
    }
}

/// Control characters drive terminals; characters that turn or hide text let people read
/// something else than a program does (CVE-2021-42574).
fn hidden_characters(problems: &mut SpecProblems) {
    for (offset, c) in problems.source.text.char_indices() {
        let control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let tag = matches!(c, '\u{e0000}'..='\u{e007f}');
        if control || turns || tag {
            let message = format!("hidden character U+{:04X}", u32::from(c));
            let hint = "delete it: people and programs would read different texts";
            problems.error(LintRule::HiddenCharacter, offset, message, hint);
        }
    }
}
