//! Holds what was made of an idea against the form of specs, by the lint that a person's spec meets.

use crate::domain::diagnosis::check::placed;
use crate::domain::model::text::one_line;
use crate::domain::spec::problem::ProblemLevel;
use crate::domain::spec::read::read;
use crate::domain::spec::types::{Spec, SpecEntry, Verify};
use crate::domain::specifying::answer::{IdeaAnswer, NoSpec, NoSpecKind};
use crate::domain::specifying::draft::{DraftProof, SpecDraft};

/// The longest text of a spec, and the longest title, in characters.
const TEXT_CHARS_MAX: usize = 4_000;
const TITLE_CHARS_MAX: usize = 120;

/// The most entries of a section.
const ENTRIES_MAX: usize = 60;

/// The answer with the lines at which its quotes stand, or what is wrong with it, one a line. `text_of` gives the text
/// of a file of the base, as agents are shown it.
pub fn checked(
    answer: IdeaAnswer,
    id: &str,
    text_of: &dyn Fn(&str) -> Option<String>,
) -> Result<IdeaAnswer, Vec<String>> {
    match answer {
        IdeaAnswer::Spec(draft) => {
            let wrong = wrong_draft(&draft, id);
            if wrong.is_empty() { Ok(IdeaAnswer::Spec(draft)) } else { Err(wrong) }
        }
        IdeaAnswer::Nothing(NoSpec { kind, why, quotes }) => {
            let mut wrong = Vec::new();
            if why.trim().is_empty() {
                wrong.push("`why` does not say why there is no spec to write".to_owned());
            }
            wrong.extend(wrong_text("why", &why, TEXT_CHARS_MAX));
            if kind == NoSpecKind::AlreadyThere && quotes.is_empty() {
                wrong.push(
                    "`evidence` quotes no line: what is there already is shown by the code"
                        .to_owned(),
                );
            }
            let quotes = placed(quotes, text_of, &mut wrong);
            if !wrong.is_empty() {
                return Err(wrong);
            }
            Ok(IdeaAnswer::Nothing(NoSpec { kind, why, quotes }))
        }
    }
}

fn wrong_draft(draft: &SpecDraft, id: &str) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(wrong_text("title", &draft.title, TITLE_CHARS_MAX));
    wrong.extend(wrong_text("goal", &draft.goal, TEXT_CHARS_MAX));
    for (name, text) in [("title", &draft.title), ("goal", &draft.goal)] {
        if text.trim().is_empty() {
            wrong.push(format!("`{name}` is empty"));
        }
    }
    for (name, texts) in texts_of(draft) {
        if texts.len() > ENTRIES_MAX {
            wrong.push(format!("`{name}` has {} entries; {ENTRIES_MAX} is the most", texts.len()));
        }
        for text in texts {
            if text.trim().is_empty() {
                wrong.push(format!("`{name}` has an entry without a text"));
            }
            wrong.extend(wrong_text(name, text, TEXT_CHARS_MAX));
        }
    }
    let is_odd = |path: &&String| path.contains(['"', '\\']) || path.contains(char::is_control);
    let odd = draft.touches.iter().filter(is_odd);
    wrong.extend(odd.map(|path| format!("`touches` has a path with quotes: {}", one_line(path))));
    if !wrong.is_empty() {
        return wrong;
    }
    let text = draft.markdown(id);
    let reading = read(text.as_bytes(), &format!("{id}.md"));
    let errors = reading.problems.iter().filter(|one| one.level == ProblemLevel::Error);
    let lines: Vec<&str> = text.lines().collect();
    wrong.extend(errors.map(|problem| {
        let at = (problem.at.line as usize).checked_sub(1).and_then(|at| lines.get(at));
        let line = at.map_or("", |line| line.trim());
        format!(
            "{}: {} (hint: {}), in: {line}",
            problem.rule.as_str(),
            problem.message,
            problem.hint
        )
    }));
    if let Some(spec) = reading.spec.filter(|_| wrong.is_empty()) {
        wrong.extend(misread(draft, &spec));
    }
    wrong
}

fn wrong_text(name: &str, text: &str, most: usize) -> Option<String> {
    let long = text.chars().nth(most).is_some();
    long.then(|| format!("`{name}` has more than {most} characters"))
}

/// The lists of texts, each with its name in the answer.
fn texts_of(draft: &SpecDraft) -> Vec<(&'static str, Vec<&String>)> {
    let of_assumed = draft.assumed.iter().flat_map(|one| [&one.question, &one.assumption]);
    vec![
        ("criteria", draft.criteria.iter().map(|one| &one.text).collect()),
        ("constraints", draft.constraints.iter().collect()),
        ("critical_if", draft.critical_if.iter().collect()),
        ("edge_cases", draft.edge_cases.iter().collect()),
        ("non_goals", draft.non_goals.iter().collect()),
        ("touches", draft.touches.iter().collect()),
        ("questions", of_assumed.collect()),
    ]
}

/// What is read otherwise than it was written: Markdown in a text can begin a heading, a comment or a way to verify.
fn misread(draft: &SpecDraft, spec: &Spec) -> Vec<String> {
    let is_read = |written: &[String], entries: &[SpecEntry]| {
        let texts = entries.iter().map(|entry| entry.text.as_str());
        texts.eq(written.iter().map(|text| one_line(text)).collect::<Vec<_>>().iter())
    };
    let proof = |proof| match proof {
        DraftProof::Test => vec![Verify::Test],
        DraftProof::Human => vec![Verify::Human],
    };
    let criteria = spec.criteria.iter().map(|one| (one.text.clone(), one.verify.clone()));
    let written = draft.criteria.iter().map(|one| (one_line(&one.text), proof(one.verify)));
    let goal = draft.sections().into_iter().next().map(|(_, text)| text).unwrap_or_default();
    let is_heading = |text: &str| {
        let after = text.trim_start().trim_start_matches('#');
        after.len() < text.trim_start().len()
            && after.chars().next().is_none_or(char::is_whitespace)
    };
    let parts = [
        ("title", !is_heading(&draft.title)),
        // Below a heading of its own a text would be taken for the program's, as for what is assumed.
        ("goal", !draft.goal.split("\n\n").any(is_heading)),
        ("goal` or in `questions", spec.goal == goal),
        ("criteria", criteria.eq(written)),
        ("constraints", is_read(&draft.constraints, &spec.constraints)),
        ("critical_if", is_read(&draft.critical_if, &spec.critical_if)),
        ("edge_cases", is_read(&draft.edge_cases, &spec.edge_cases)),
        ("non_goals", is_read(&draft.non_goals, &spec.non_goals)),
        ("touches", spec.touches == draft.touches),
    ];
    let wrong = parts.into_iter().filter(|(_, is_as_written)| !is_as_written);
    wrong
        .map(|(name, _)| {
            format!(
                "a text in `{name}` is read as something else: write plain sentences, without headings, lists, \
                 comments, blocks of code or `verify:`"
            )
        })
        .collect()
}
