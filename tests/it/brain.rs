//! A brain for models that read tribunal's own questions and answer them: diligent ones, and others.

use serde_json::{Value, json};

use crate::model_server::{Asked, Call, Say};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A change, for the first time.
    Review,
    /// A change that was fixed.
    Verify,
    /// Criteria that a review left open.
    Criteria,
    Arbitrate,
    Fix,
    /// Tests of a task are to be written.
    Tests,
    /// The code of a task is to be written, or structure without behaviour.
    Code,
    /// The cause of a bug is to be found.
    Diagnosis,
    /// What is known is to be looked into, on the web or in the code.
    Research,
    /// A spec of an idea is to be written, and reviewed.
    SpecWriting,
    SpecReview,
    /// The size of a spec, its parts, a plan, what is wrong with one, its tasks.
    Size,
    Split,
    Plan,
    PlanReview,
    TaskList,
    /// What code and spec say is to be listed, tests are to be written against it, one that fails is to be weighed.
    Intake,
    Attack,
    Weigh,
    /// Something else.
    Other,
}

/// A question of tribunal's, read.
#[derive(Clone, Debug)]
pub struct Question {
    pub part: Part,
    /// Whether the answer before could not be read.
    pub again: bool,
    pub sections: Vec<Section>,
    /// The ids of the spec's criteria and constraints.
    pub criteria: Vec<String>,
    /// The finding that is arbitrated, or those that are open: id and all that is said of it.
    pub findings: Vec<(String, String)>,
    /// What is said of places to fix.
    pub places: String,
}

#[derive(Clone, Debug)]
pub struct Section {
    pub path: String,
    pub nonce: String,
    pub added: Vec<String>,
}

/// A mistake that the brain sees wherever it is.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// Part of the line that is wrong.
    pub needle: &'static str,
    pub class: &'static str,
    pub severity: &'static str,
    pub title: &'static str,
    /// What the needle is to become.
    pub right: &'static str,
}

/// The file that a repair adds.
pub const TEST: &str = "tests/repaired.rs";

/// What is wrong where a change has a mistake.
pub const LEFT_OUT: Mistake = Mistake {
    needle: "..items.len() - 1",
    class: "correctness/off-by-one",
    severity: "critical",
    title: "the last item is left out",
    right: "..items.len()",
};

/// A file without it.
pub const CLEAN: &str = "/// The sum of all items.\npub fn sum(items: &[u32]) -> u32 {\n    \
    let all = &items[..items.len()];\n    all.iter().sum()\n}\n";

/// The same file with it.
pub const BUGGY: &str = "/// The sum of all items.\npub fn sum(items: &[u32]) -> u32 {\n    \
    let all = &items[..items.len() - 1];\n    all.iter().sum()\n}\n";

/// Whether a change is to be reviewed.
pub fn is_reviewer(asked: &Asked) -> bool {
    asked.schema.as_ref().is_some_and(|schema| schema["properties"]["attestation"].is_object())
}

/// The beginnings of prompts, which tell what is asked.
const PARTS: [(&str, Part); 21] = [
    ("You review one change to a software repository.", Part::Review),
    ("You verify a change to a software repository", Part::Verify),
    ("You assess whether a change", Part::Criteria),
    ("You weigh one claim about a change", Part::Arbitrate),
    ("You repair code in the folder that you are in.", Part::Fix),
    ("You write tests in the folder that you are in", Part::Tests),
    ("You write code in the folder that you are in.", Part::Code),
    ("You write the structure of something", Part::Code),
    ("You look for the cause of a bug that somebody reports", Part::Diagnosis),
    ("You look into a question on the web", Part::Research),
    ("You look into the code base in the folder", Part::Research),
    ("You write the spec of an idea", Part::SpecWriting),
    ("You review a spec that an agent", Part::SpecReview),
    ("You say how much work a spec is", Part::Size),
    ("You split a large spec into parts", Part::Split),
    ("You plan how a spec is built", Part::Plan),
    ("You review a plan that an agent", Part::PlanReview),
    ("You cut a plan into tasks", Part::TaskList),
    ("You take in a change to a software repository", Part::Intake),
    ("You attack a change to a software repository", Part::Attack),
    ("You weigh one test that fails", Part::Weigh),
];

fn part_of(prompt: &str) -> Part {
    let part = PARTS.iter().find(|(begins, _)| prompt.contains(begins));
    part.map_or(Part::Other, |(_, part)| *part)
}

impl Question {
    pub fn read(asked: &Asked) -> Self {
        let prompt = &asked.prompt;
        let part = part_of(prompt);
        let block = |wanted: &str| {
            let found = fenced(prompt).into_iter().find(|(name, _)| name == wanted);
            found.map(|(_, text)| text).unwrap_or_default()
        };
        let criteria = if part == Part::Criteria { block("criteria") } else { block("spec") };
        let own = |id: &str| id.rsplit_once('.').map_or(id, |(_, own)| own).to_owned();
        let is_id = |id: &&str| ["AC-", "C-", "CI-"].iter().any(|kind| own(id).starts_with(kind));
        let criteria = criteria.lines().filter_map(|line| {
            line.strip_prefix("- ").or_else(|| (part == Part::Criteria).then_some(line))
        });
        Self {
            part,
            again: prompt.contains("# Your answer could not be read"),
            sections: sections(prompt),
            criteria: criteria
                .filter_map(|line| Some(line.split_once(':')?.0))
                .filter(is_id)
                .map(str::to_owned)
                .collect(),
            findings: findings(prompt),
            places: block("places"),
        }
    }

    /// What shows that every section was read.
    pub fn attestation(&self) -> Vec<Value> {
        let attested = self.sections.iter().map(|section| {
            let telling = || section.added.iter().filter(|line| !line.trim().is_empty());
            let first = telling().next();
            let quote = telling().find(|line| Some(line.trim()) != first.map(|f| f.trim()));
            json!({
                "path": section.path, "nonce": section.nonce,
                "added_lines": section.added.len(), "quote": quote.or(first),
            })
        });
        let mut attested: Vec<Value> = attested.collect();
        for one in &mut attested {
            if one["quote"].is_null() {
                one["quote"] = json!("");
            }
        }
        attested
    }

    /// A complete answer to a review or a verification, with these findings.
    pub fn answer(&self, findings: &[Value]) -> Value {
        let criterion = |id: &String| json!({ "id": id, "met": "met", "why": "it is there" });
        let mut findings = findings.to_vec();
        for finding in &mut findings {
            // The real programs hold an answer against its schema.
            if finding["same_as"].is_null() {
                finding["same_as"] = json!("");
            }
        }
        let mut answer = json!({
            "findings": findings,
            "criteria": self.criteria.iter().map(criterion).collect::<Vec<_>>(),
            "attestation": self.attestation(),
            "unscanned": [],
        });
        match self.part {
            Part::Verify => answer["verified"] = json!([]),
            Part::Criteria => drop(answer.as_object_mut().map(|fields| fields.remove("findings"))),
            _ => {}
        }
        answer
    }

    /// What a claim or an open finding says on the line of that name.
    pub fn says(text: &str, name: &str) -> String {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    }
}

/// The blocks of data that are fenced, without the bars before their lines.
fn fenced(prompt: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut inside = None;
    for line in prompt.lines() {
        match &inside {
            None => {
                let head = line.strip_prefix("<<< ").and_then(|head| head.rsplit_once(' '));
                if let Some((name, token)) = head.filter(|(_, token)| token.len() == 12) {
                    inside = Some(format!(">>> {name} {token}"));
                    blocks.push((name.to_owned(), String::new()));
                }
            }
            Some(end) if end == line => inside = None,
            Some(_) => {
                if let Some((_, text)) = blocks.last_mut() {
                    text.push_str(line.strip_prefix("| ").unwrap_or(line));
                    text.push('\n');
                }
            }
        }
    }
    blocks
}

/// The finding that is arbitrated, or those that are open: id and all that is said of it.
fn findings(prompt: &str) -> Vec<(String, String)> {
    let mut findings = Vec::new();
    for (name, text) in fenced(prompt) {
        if let Some(id) = name.strip_prefix("finding ") {
            findings.push((id.to_owned(), text));
        } else if name == "claim" {
            let id = text.lines().next().and_then(|line| line.strip_prefix("id: "));
            findings.push((id.unwrap_or_default().to_owned(), text));
        }
    }
    findings
}

fn sections(prompt: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut added = Vec::new();
    for line in prompt.lines() {
        if let Some(end) = line.strip_prefix("=== end of ") {
            let Some((path, nonce)) = end.rsplit_once(", nonce ") else { continue };
            sections.push(Section {
                path: path.to_owned(),
                nonce: nonce.to_owned(),
                added: std::mem::take(&mut added),
            });
        } else if let Some((number, text)) = line.split_once(" | ") {
            let (sign, number) = number.split_at_checked(1).unwrap_or_default();
            let numbered = number.trim().parse::<u32>().is_ok();
            if numbered && sign == "+" {
                added.push(text.to_owned());
            }
        }
    }
    sections
}

/// A diligent model: reads everything, raises these mistakes where it sees them, upholds them as the
/// arbiter and repairs them as the executor.
pub fn diligent(mistakes: &'static [Mistake]) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    move |asked| {
        let question = Question::read(asked);
        match question.part {
            Part::Review => Say::json(question.answer(&raised(&question, mistakes))),
            Part::Verify => Say::json(verified(&question, mistakes)),
            Part::Criteria => Say::json(question.answer(&[])),
            Part::Arbitrate => Say::json(upheld(&question, mistakes)),
            Part::Fix => repaired(&question, mistakes),
            Part::PlanReview | Part::SpecReview => {
                Say::json(json!({ "findings": [], "read": sections_read(asked) }))
            }
            _ => Say::text("I was asked something else."),
        }
    }
}

/// What shows that every section of a plan, or of a spec, was read.
pub fn sections_read(asked: &Asked) -> Vec<Value> {
    let plan = fenced(&asked.prompt)
        .into_iter()
        .rfind(|(name, _)| matches!(name.as_str(), "plan" | "spec"));
    let plan = plan.map(|(_, text)| text).unwrap_or_default();
    let sections = plan.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    let read = sections.map(|(name, text)| json!({ "section": name, "quote": text.trim() }));
    read.filter(|one| one["section"] != "Structure").collect()
}

/// The findings of a change.
pub fn raised(question: &Question, mistakes: &[Mistake]) -> Vec<Value> {
    let mut findings = Vec::new();
    for section in &question.sections {
        for mistake in mistakes {
            let lines = section.added.iter().filter(|line| line.contains(mistake.needle));
            findings.extend(lines.map(|line| {
                json!({
                    "class": mistake.class, "severity": mistake.severity, "basis": "invariant",
                    "title": mistake.title, "path": section.path, "anchor": line,
                    "failure": "any input goes through this line to a wrong result",
                    "evidence": [{ "path": section.path, "text": line }],
                    "fix": format!("write `{}`", mistake.right),
                    "sweep": "",
                })
            }));
        }
    }
    findings
}

fn verified(question: &Question, mistakes: &[Mistake]) -> Value {
    let mut answer = question.answer(&[]);
    let words = question.findings.iter().map(|(id, text)| {
        let path = Question::says(text, "file: ");
        let now = text.split("the place as it is now:\n").nth(1).unwrap_or_default();
        let now: Vec<&str> =
            now.lines().filter_map(|line| Some(line.split_once(" | ")?.1)).collect();
        let wrong = now.iter().find(|line| mistakes.iter().any(|m| line.contains(m.needle)));
        let right = || now.iter().find(|line| mistakes.iter().any(|m| line.contains(m.right)));
        let quote = wrong.or_else(right).or_else(|| now.first());
        json!({ "id": id, "resolved": wrong.is_none(), "quote": { "path": path, "text": quote } })
    });
    answer["verified"] = words.collect();
    answer
}

fn upheld(question: &Question, mistakes: &[Mistake]) -> Value {
    let Some((id, text)) = question.findings.first() else { return Value::Null };
    let path = Question::says(text, "file: ");
    let mistake = mistakes.iter().find(|mistake| text.contains(mistake.needle));
    let line = text.lines().find(|line| mistake.is_some_and(|m| line.contains(m.needle)));
    let instruction =
        mistake.map(|m| format!("in {path} write `{}` instead of `{}`", m.right, m.needle));
    json!({
        "id": id, "word": if mistake.is_some() { "upheld" } else { "unsubstantiated" },
        "evidence": [{ "path": path, "quote": line }], "breaks": "", "criterion": null,
        "duplicate_of": null, "extends_scope": false, "reason": "traced to the wrong result",
        "instruction": instruction.unwrap_or_default(),
    })
}

fn repaired(question: &Question, mistakes: &[Mistake]) -> Say {
    let mut calls = Vec::new();
    // `F-1: src/a.rs, line 3`, and below it the line.
    let mut path = "";
    for line in question.places.lines() {
        let head = line.split_once(": ").filter(|(id, _)| id.starts_with("F-"));
        if let Some((at, _)) = head.and_then(|(_, rest)| rest.split_once(", ")) {
            path = at;
        }
        for mistake in mistakes.iter().filter(|mistake| line.contains(mistake.needle)) {
            calls.push(Call::Read(path.to_owned()));
            let (path, old) = (path.to_owned(), line.to_owned());
            let new = old.replace(mistake.needle, mistake.right);
            calls.push(Call::Edit { path, old, new });
        }
    }
    let content = "#[test]\nfn it_is_as_it_should_be() {}\n".to_owned();
    calls.push(Call::Write { path: TEST.to_owned(), content });
    Say::done(calls)
}

/// A finding that a reviewer claims, of an error that is lost.
pub fn lost_error(path: &str, anchor: &str, title: &str) -> Value {
    json!({
        "class": "error-handling/unchecked-result", "severity": "critical", "basis": "invariant",
        "title": title, "path": path, "anchor": anchor,
        "failure": "a full disk makes the call fail and nobody is told", "evidence": [],
        "fix": "pass the error on", "sweep": "",
    })
}

/// An arbiter's word that upholds whatever is claimed.
pub fn yes(question: &Question) -> Value {
    let id = question.findings.first().map(|(id, _)| id.as_str()).unwrap_or_default();
    json!({
        "id": id, "word": "upheld", "evidence": [], "breaks": "", "criterion": null,
        "duplicate_of": null, "extends_scope": false, "reason": "it can happen",
        "instruction": "pass the error on",
    })
}
