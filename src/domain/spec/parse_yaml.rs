//! A spec in YAML: keys for its parts, and steps.

use std::ops::Range;

use crate::domain::model::nearest::nearest;
use crate::domain::model::text::one_line;
use crate::domain::spec::fields::{
    COMMON, binding, check_id, items, read_common, text, texts, unknown_key, wrong_type,
};
use crate::domain::spec::parsed::{ParsedSpec, Passage, SpecPart, Understood};
use crate::domain::spec::problem::{LintRule, SpecProblems, quote};
use crate::domain::spec::requirement_id::{is_criterion_id, split_id};
use crate::domain::spec::step_text;
use crate::domain::spec::types::{Criterion, Spec, SpecEntry as Line, SpecStep, Verify};
use crate::domain::spec::verify;
use crate::domain::spec::yaml;
use crate::domain::spec::yaml::{Node, YamlEntry, YamlValue};

const PARTS: [&str; 8] = [
    "goal",
    "acceptance",
    "constraints",
    "critical_if",
    "edge_cases",
    "non_goals",
    "open_questions",
    "steps",
];

const STEP: [&str; 7] =
    ["id", "service", "spec", "depends_on", "acceptance", "critical_if", "verify"];

const CRITERION: [&str; 3] = ["id", "text", "verify"];

/// Reads the whole file; `None` where it is not YAML or not a set of keys.
pub(in crate::domain::spec) fn parse(
    id: String,
    problems: &mut SpecProblems,
) -> Option<ParsedSpec> {
    let source = problems.source.text;
    let root = yaml::parse(source, 0, problems)?;
    let YamlValue::Map(entries) = &root.value else {
        let message = format!("a spec is a set of keys, not {}", root.kind());
        problems.error(LintRule::WrongType, root.start, message, "begin with `id:` and `title:`");
        return None;
    };
    let mut reader = Reader { spec: Spec::empty(id), passages: Vec::new(), shown: Vec::new() };
    let mut criteria_at = root.start;
    for entry in entries {
        if matches!(entry.key.as_str(), "acceptance" | "steps") {
            criteria_at = entry.key_start;
        }
        reader.top(entry, problems);
    }
    let prose = mask_code(source, &reader.shown);
    let Reader { spec, passages, .. } = reader;
    // A slip in the only key makes it no other file.
    let known = || COMMON.into_iter().chain(PARTS);
    let is_key = |entry: &YamlEntry| !nearest(&entry.key, known()).is_empty();
    let understood =
        if entries.iter().any(is_key) { Understood::Whole } else { Understood::Nothing };
    Some(ParsedSpec { spec, prose, passages, criteria_at, understood })
}

struct Reader {
    spec: Spec,
    passages: Vec<Passage>,
    /// Where `verify` stands, which is no prose.
    shown: Vec<Range<usize>>,
}

impl Reader {
    fn top(&mut self, entry: &YamlEntry, problems: &mut SpecProblems) {
        if read_common(entry, &mut self.spec, problems) {
            if entry.key == "title" {
                self.passage(SpecPart::Other, &entry.node);
            }
            return;
        }
        match entry.key.as_str() {
            "goal" => {
                self.spec.goal = text(entry, problems).unwrap_or_default();
                self.passage(SpecPart::Goal, &entry.node);
            }
            "acceptance" => {
                self.spec.criteria = self.criteria(entry, None, problems);
            }
            "constraints" => {
                self.spec.constraints = self.constraints(entry, problems);
                binding("constraints", entry.key_start, &self.spec.constraints, problems);
            }
            "critical_if" => {
                self.spec.critical_if = self.lines(entry, SpecPart::CriticalIf, problems);
                binding("critical_if", entry.key_start, &self.spec.critical_if, problems);
            }
            "edge_cases" => self.spec.edge_cases = self.lines(entry, SpecPart::EdgeCase, problems),
            "non_goals" => self.spec.non_goals = self.lines(entry, SpecPart::NonGoal, problems),
            "open_questions" => {
                self.spec.open_questions = self.lines(entry, SpecPart::OpenQuestion, problems);
            }
            "steps" => self.steps(&entry.node, problems),
            _ => unknown_key(entry, &[COMMON.as_slice(), &PARTS].concat(), problems),
        }
    }

    fn steps(&mut self, node: &Node, problems: &mut SpecProblems) {
        let nodes = match &node.value {
            YamlValue::List(nodes) => nodes.as_slice(),
            YamlValue::Null => &[],
            YamlValue::Text(_) | YamlValue::Map(_) => {
                return wrong_type("steps", node, "a list", problems);
            }
        };
        for node in nodes {
            let YamlValue::Map(entries) = &node.value else {
                wrong_type("steps", node, "steps with keys such as `id` and `spec`", problems);
                continue;
            };
            let step = self.step(entries, node, problems);
            self.spec.steps.push(step);
        }
    }

    fn step(
        &mut self,
        entries: &[YamlEntry],
        node: &Node,
        problems: &mut SpecProblems,
    ) -> SpecStep {
        let mut step = SpecStep {
            id: format!("step-{}", self.spec.steps.len() + 1),
            service: None,
            spec: String::new(),
            depends_on: Vec::new(),
            acceptance: Vec::new(),
            critical_if: Vec::new(),
            verify: Vec::new(),
            at: problems.source.at(node.start),
        };
        // The id first, whatever the order of the keys: criteria are numbered under it.
        if let Some(entry) = entries.iter().find(|e| e.key == "id") {
            if let Some(id) = text(entry, problems) {
                check_id(&id, entry.node.start, problems);
                step.id = id;
                step.at = problems.source.at(entry.node.start);
            }
        } else {
            let message = format!("a step without an id; it gets the id `{}`", step.id);
            let hint = "give it an `id:` that other steps can depend on";
            problems.warning(LintRule::InvalidId, node.start, message, hint);
        }
        for entry in entries {
            match entry.key.as_str() {
                "id" => {}
                "service" => step.service = text(entry, problems),
                "spec" => {
                    step.spec = text(entry, problems).unwrap_or_default();
                    self.passage(SpecPart::Step, &entry.node);
                }
                "depends_on" => step.depends_on = self.lines(entry, SpecPart::Other, problems),
                "acceptance" => {
                    step.acceptance = self.criteria(entry, Some(&step.id), problems);
                }
                "critical_if" => {
                    step.critical_if = self.lines(entry, SpecPart::CriticalIf, problems);
                    binding("critical_if", entry.key_start, &step.critical_if, problems);
                }
                "verify" => step.verify = self.verify(entry, problems),
                _ => unknown_key(entry, &STEP, problems),
            }
        }
        self.add_from_text(&mut step);
        step
    }

    /// Adds what the step's text says of itself under the names of sections, where no key says it.
    fn add_from_text(&mut self, step: &mut SpecStep) {
        let (takes_criteria, takes_critical) =
            (step.acceptance.is_empty(), step.critical_if.is_empty());
        for (part, text) in step_text::items(&step.spec) {
            let at = step.at;
            match part {
                SpecPart::Criterion if takes_criteria => {
                    let (id, text) = match split_id(&text) {
                        Some((id, rest)) => (id.to_owned(), rest.to_owned()),
                        None => (format!("{}.AC-{}", step.id, step.acceptance.len() + 1), text),
                    };
                    step.acceptance.push(Criterion { id, text, verify: Vec::new(), at });
                }
                SpecPart::CriticalIf if takes_critical => step.critical_if.push(Line { text, at }),
                SpecPart::Constraint => self.spec.constraints.push(Line { text, at }),
                _ => {}
            }
        }
    }

    fn criteria(
        &mut self,
        entry: &YamlEntry,
        step: Option<&str>,
        problems: &mut SpecProblems,
    ) -> Vec<Criterion> {
        let part = if step.is_some() { SpecPart::Acceptance } else { SpecPart::Criterion };
        let mut criteria = Vec::new();
        for node in items(&entry.node) {
            let number = criteria.len() + 1;
            let id = match step {
                Some(step) => format!("{step}.AC-{number}"),
                None => format!("AC-{number}"),
            };
            let at = problems.source.at(node.start);
            let mut criterion = Criterion { id, text: String::new(), verify: Vec::new(), at };
            match &node.value {
                YamlValue::Text(text) => {
                    criterion.text = one_line(text);
                    self.passage(part, node);
                }
                YamlValue::Map(entries) => self.criterion(entries, part, &mut criterion, problems),
                YamlValue::Null => continue,
                YamlValue::List(_) => {
                    wrong_type(&entry.key, node, "a list of texts", problems);
                    continue;
                }
            }
            if let Some((id, rest)) = split_id(&criterion.text) {
                (criterion.id, criterion.text) = (id.to_owned(), rest.to_owned());
            }
            criteria.push(criterion);
        }
        criteria
    }

    /// `{id, text, verify}`, or `AC-1: <text>`, which YAML reads as a key.
    fn criterion(
        &mut self,
        entries: &[YamlEntry],
        part: SpecPart,
        criterion: &mut Criterion,
        problems: &mut SpecProblems,
    ) {
        for entry in entries {
            match entry.key.as_str() {
                "id" => {
                    if let Some(id) = text(entry, problems) {
                        check_id(&id, entry.node.start, problems);
                        criterion.id = id;
                    }
                }
                "verify" => criterion.verify = self.verify(entry, problems),
                key if key == "text" || is_criterion_id(key) => {
                    criterion.text = one_line(&text(entry, problems).unwrap_or_default());
                    if key != "text" {
                        key.clone_into(&mut criterion.id);
                    }
                    self.passage(part, &entry.node);
                }
                _ => unknown_key(entry, &CRITERION, problems),
            }
        }
    }

    fn verify(&mut self, entry: &YamlEntry, problems: &mut SpecProblems) -> Vec<Verify> {
        let mut all = Vec::new();
        for node in items(&entry.node) {
            self.shown.push(node.start..node.end);
            let found = match &node.value {
                YamlValue::Text(text) => Some(verify::read(text, node.start, problems)),
                // `verify: {static: …}`; without quotes, `static: …` is a key to YAML as well.
                YamlValue::Map(parts) => match parts.as_slice() {
                    [one] if matches!(one.key.as_str(), "static" | "command") => {
                        let value = text(one, problems).unwrap_or_default();
                        let said = format!("{}: {value}", one.key);
                        Some(verify::read(&said, node.start, problems))
                    }
                    _ => {
                        let message = format!("{} is no way to verify", quote("verify"));
                        problems.error(LintRule::BadVerify, node.start, message, verify::HINT);
                        Some(Verify::Unusable)
                    }
                },
                YamlValue::Null | YamlValue::List(_) => None,
            };
            all.extend(found);
        }
        all
    }

    fn lines(
        &mut self,
        entry: &YamlEntry,
        part: SpecPart,
        problems: &mut SpecProblems,
    ) -> Vec<Line> {
        texts(entry, problems)
            .into_iter()
            .map(|(text, node)| {
                self.passage(part, node);
                Line { text, at: problems.source.at(node.start) }
            })
            .collect()
    }

    /// Texts, also as `C-1: <text>`, which YAML reads as a key.
    fn constraints(&mut self, entry: &YamlEntry, problems: &mut SpecProblems) -> Vec<Line> {
        let mut all = Vec::new();
        for node in items(&entry.node) {
            let at = problems.source.at(node.start);
            match &node.value {
                YamlValue::Text(text) if !text.trim().is_empty() => {
                    self.passage(SpecPart::Constraint, node);
                    all.push(Line { text: text.trim().to_owned(), at });
                }
                YamlValue::Map(parts) => match parts.as_slice() {
                    [one] if is_criterion_id(&one.key) => {
                        let said = text(one, problems).unwrap_or_default();
                        self.passage(SpecPart::Constraint, &one.node);
                        all.push(Line { text: format!("{} {said}", one.key), at });
                    }
                    _ => wrong_type(&entry.key, node, "text or a list of texts", problems),
                },
                YamlValue::List(_) => {
                    wrong_type(&entry.key, node, "text or a list of texts", problems);
                }
                YamlValue::Text(_) | YamlValue::Null => {}
            }
        }
        all
    }

    fn passage(&mut self, part: SpecPart, node: &Node) {
        if matches!(node.value, YamlValue::Text(_)) {
            self.passages.push(Passage { part, range: node.start..node.end });
        }
    }
}

/// The text with the given ranges and what stands between backticks of one line as spaces.
fn mask_code(source: &str, ranges: &[Range<usize>]) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for range in ranges {
        blank(&mut bytes, range.clone());
    }
    let mut open: Option<usize> = None;
    for at in 0..bytes.len() {
        match (bytes[at], open) {
            (b'\n', _) => open = None,
            (b'`', None) => open = Some(at),
            (b'`', Some(from)) => {
                blank(&mut bytes, from..at + 1);
                open = None;
            }
            _ => {}
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Turns bytes into spaces, line ends excepted. The range must not cut a character in two.
pub(in crate::domain::spec) fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in &mut bytes[range] {
        if *byte != b'\n' && *byte != b'\r' {
            *byte = b' ';
        }
    }
}
