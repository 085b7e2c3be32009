//! The reviewer's prompts, from the texts in `prompts/`.

use std::fmt::Write as _;

use crate::domain::model::class::LISTED;
use crate::domain::model::fence::{fenced, visible};
use crate::domain::review::deliver::Chunk;
use crate::domain::review::finding::ReviewFinding;
use crate::domain::review::proof::UnprovenSection;
use crate::domain::review::template::{
    AGAIN, CRITERIA, REPAIR, REVIEWER, VERIFIER, VERIFIER_LOOK_CHANGE, VERIFIER_LOOK_FIX,
    VERIFIER_TASK_CHANGE, VERIFIER_TASK_FIX, render,
};
use crate::domain::spec::types::{Spec, SpecEntry};

/// One call's question. All of it is without secrets; nothing of it is from the author's messages.
#[derive(Clone, Copy)]
pub struct ReviewPrompt<'a> {
    pub spec: Option<&'a Spec>,
    /// The rules that hold for the touched files, as lines of text.
    pub rules: &'a [String],
    pub part: &'a Chunk,
    /// Which call of how many, from 1.
    pub call: (usize, usize),
    /// The files of the change that this call does not show, as shown, with the reason if it is not
    /// that another call has them.
    pub elsewhere: &'a [String],
    /// The findings of earlier reviews about the files of this call, beside those that are to be verified.
    pub known: &'a [&'a ReviewFinding],
    /// The files that a fix touched beside those that it is about; empty for a first review.
    pub beside: &'a [String],
    pub round: ReviewRound,
}

/// What a review comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewRound {
    /// The change as it was made.
    First,
    /// A fix of it, which alone is shown.
    AfterFix,
}

/// A finding that was open, for a later round.
#[derive(Clone, Copy)]
pub struct OpenFinding<'a> {
    pub finding: &'a ReviewFinding,
    /// What stands in the reviewed tree where it was found, for a reviewer that cannot look; see
    /// [`excerpt`].
    pub now: &'a str,
}

/// The question of a first review.
pub fn review(ask: &ReviewPrompt<'_>) -> String {
    let text = |name: &str| common(ask, name);
    render(REVIEWER, &text)
}

/// The question of a later round: the open findings, and what changed.
pub fn verification(ask: &ReviewPrompt<'_>, open: &[OpenFinding<'_>]) -> String {
    let text = |name: &str| match name {
        "open" => Some(open.iter().map(|one| open_finding(one, &ask.part.fence_nonce)).collect()),
        _ => common(ask, name),
    };
    render(VERIFIER, &text)
}

/// The question whether criteria are met, and nothing else.
pub fn criteria(ask: &ReviewPrompt<'_>, ids: &[String]) -> String {
    let text = |name: &str| match name {
        "criteria" => {
            let known = ask.spec.iter().flat_map(|spec| spec.requirements());
            let asked = known.filter(|(id, _)| ids.contains(id));
            let lines: Vec<String> = asked.map(|(id, text)| format!("{id}: {text}")).collect();
            Some(fenced("criteria", &ask.part.fence_nonce, &lines.join("\n")))
        }
        "open" => Some(ids.len().to_string()),
        _ => common(ask, name),
    };
    render(CRITERIA, &text)
}

/// The same question about the sections of it that were not shown to have been read, with what was wrong.
///
/// `part` is the chunk as it was asked about; the question shows these sections of it alone.
pub fn again(question: &str, part: &Chunk, unproven: &[UnprovenSection]) -> String {
    let line = |one: &UnprovenSection| {
        let section = part.sections.get(one.section)?;
        let (k, n) = section.part;
        Some(format!("{}, section {k} of {n}: {}\n", section.path, one.fault.to_reviewer()))
    };
    let text = |name: &str| match name {
        "question" => Some(question.to_owned()),
        "wrong" => {
            let lines: String = unproven.iter().filter_map(line).collect();
            Some(fenced("proofs", &part.fence_nonce, &lines))
        }
        _ => None,
    };
    render(AGAIN, &text)
}

/// The one further question after an answer that could not be read: all of the first, since a fresh
/// process knows nothing, what was wrong, and the answer.
pub fn repair(question: &str, wrong: &str, answer: &str, token: &str) -> String {
    let text = |name: &str| match name {
        "question" => Some(question.to_owned()),
        "wrong" => Some(fenced("errors", token, wrong)),
        "answer" => Some(fenced("answer", token, answer)),
        _ => None,
    };
    render(REPAIR, &text)
}

/// The spec as it is shown: what is wanted, without places.
pub fn spec_text(spec: &Spec) -> String {
    let mut text = format!("{}\n", spec.title);
    if !spec.goal.is_empty() {
        let _ = write!(text, "\nGoal\n{}\n", spec.goal.trim_end());
    }
    let criteria: Vec<String> =
        spec.all_criteria().map(|one| format!("{}: {}", one.id, one.text)).collect();
    push_list(&mut text, "Acceptance criteria", &criteria);
    let entries = |entries: &[SpecEntry]| -> Vec<String> {
        entries.iter().map(|entry| entry.text.clone()).collect()
    };
    let steps: Vec<String> =
        spec.steps.iter().map(|step| format!("{}: {}", step.id, step.spec.trim_end())).collect();
    push_list(&mut text, "Steps", &steps);
    let named = |all: Vec<(String, &str)>| -> Vec<String> {
        all.into_iter().map(|(id, text)| format!("{id}: {text}")).collect()
    };
    push_list(&mut text, "Constraints", &named(spec.numbered_constraints()));
    push_list(&mut text, "Critical if", &named(spec.numbered_critical()));
    push_list(&mut text, "Edge cases", &entries(&spec.edge_cases));
    push_list(&mut text, "Not wanted", &entries(&spec.non_goals));
    push_list(&mut text, "Not decided yet", &entries(&spec.open_questions));
    text
}

fn push_list(text: &mut String, head: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = write!(text, "\n{head}\n");
    }
    for item in items {
        let _ = writeln!(text, "- {item}");
    }
}

/// The lines of a text around those two, with their numbers.
pub fn excerpt(text: &str, (first, last): (u32, u32), around: u32) -> String {
    let shown = first.saturating_sub(around).max(1)..=last.saturating_add(around);
    let mut excerpt = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        if shown.contains(&number) {
            let _ = writeln!(excerpt, "{number:>6} | {line}");
        }
    }
    excerpt
}

fn common(ask: &ReviewPrompt<'_>, name: &str) -> Option<String> {
    let token = ask.part.fence_nonce.as_str();
    Some(match name {
        "call" => format!("{} of {}", ask.call.0, ask.call.1),
        "token" => token.to_owned(),
        "count" => ask.part.sections.len().to_string(),
        "spec" => match ask.spec {
            Some(spec) => fenced("spec", token, &spec_text(spec)),
            None => "There is none: judge the change by what its code is plainly for.\n".to_owned(),
        },
        "rules" if ask.rules.is_empty() => "There are none.\n".to_owned(),
        "rules" => fenced("rules", token, &ask.rules.join("\n")),
        "beside" if ask.beside.is_empty() => String::new(),
        "beside" => {
            let named = fenced("files", token, &ask.beside.join("\n"));
            format!("The fix touched these files too, which no finding names; ask why:\n{named}")
        }
        "elsewhere" if ask.elsewhere.is_empty() => String::new(),
        "elsewhere" => {
            let named = fenced("files", token, &ask.elsewhere.join("\n"));
            format!("These files of the change are not in this call:\n{named}")
        }
        "sections" => {
            let text: String = ask.part.sections.iter().map(|one| one.text.as_str()).collect();
            format!("<<< change {token}\n{text}>>> change {token}\n")
        }
        "known" => known(ask),
        "task" => match ask.round {
            ReviewRound::First => VERIFIER_TASK_CHANGE.trim_end().to_owned(),
            ReviewRound::AfterFix => VERIFIER_TASK_FIX.trim_end().to_owned(),
        },
        "look" => match ask.round {
            ReviewRound::First => VERIFIER_LOOK_CHANGE.trim_end().to_owned(),
            ReviewRound::AfterFix => VERIFIER_LOOK_FIX.trim_end().to_owned(),
        },
        "classes" => {
            let names: Vec<&str> = LISTED.iter().map(|(class, _)| *class).collect();
            names.join(", ")
        }
        _ => return None,
    })
}

/// The findings on record that a new one may repeat; empty where there are none.
fn known(ask: &ReviewPrompt<'_>) -> String {
    let mut text = String::new();
    for ReviewFinding { id, class, title, path, anchor, failure, .. } in ask.known {
        let _ = writeln!(
            text,
            "{id}: {class}: {title}\nfile: {path}\nanchor:\n{anchor}\nfailure: {failure}\n"
        );
    }
    if text.is_empty() {
        return String::new();
    }
    let fenced = fenced("known", &ask.part.fence_nonce, &text);
    format!(
        "# Findings on record\nEarlier reviews reported these, or a person answered them. They may be open or \
         not: that is known. Where one of your findings is the same mistake as one of these, give its id in \
         `same_as`.\n{fenced}"
    )
}

fn open_finding(open: &OpenFinding<'_>, token: &str) -> String {
    let ReviewFinding { id, class, severity, basis, title, path, anchor, failure, .. } =
        open.finding;
    let now = open.now.trim_end_matches('\n');
    let now = if now.is_empty() { "(not shown)" } else { now };
    let text = format!(
        "{class}, {severity}, {basis}: {title}\nfile: {path}\nanchor:\n{anchor}\n\
         failure: {failure}\nthe place as it is now:\n{now}\n"
    );
    let id = visible(id.as_bytes());
    fenced(&format!("finding {id}"), token, &text)
}
