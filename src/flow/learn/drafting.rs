//! Drafts by an agent for mistakes whose code has no pattern in common. An agent may take minutes:
//! it is asked before the lock is taken, and what it drafted is proved again under the lock.

use anyhow::Result;
use serde_json::Value;

use crate::domain::constitution::drafter::{Draft, RefusedDraft, prompt, read, schema};
use crate::domain::constitution::promote::{Given, PromotionDecision};
use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::recurrence::{Candidate, RecurrenceThreshold};
use crate::domain::gates::secrets::redact;
use crate::domain::model::class::Class;
use crate::flow::learn::decision::Matter;
use crate::flow::learn::request::Request;
use crate::flow::learn::session::{Learning, Rows};

/// How often an agent is asked for one mistake: once, and once more with what was wrong.
const ATTEMPTS: usize = 2;

/// Asks an agent: the prompt, and the form of the answer. The error says why there is none.
pub(super) type Ask<'a> = dyn FnMut(&str, &Value) -> Result<Said> + 'a;

/// What came of asking.
pub(super) enum Said {
    Answer {
        json: Value,
        /// Who answered, for people.
        by: String,
    },
    /// It answered in no form that can be read.
    Unreadable(String),
    /// Why there is no answer to this question.
    Nothing(String),
    /// Why nobody would answer another question either.
    Nobody(String),
    /// We were told to stop.
    Interrupted,
}

/// What an agent drafted for a mistake.
pub(super) struct Drafted {
    class: Class,
    component: String,
    pub draft: Draft,
    pub by: String,
}

/// The drafts that could be had, and why the others could not.
#[derive(Default)]
pub(super) struct Drafts {
    all: Vec<Drafted>,
    pub missing: Vec<String>,
    /// We were told to stop while an agent was asked.
    pub interrupted: bool,
}

/// How asking for one mistake ended.
enum Got {
    Draft(Draft, String),
    Nothing(String),
    /// As nothing, and for the others it would be the same.
    Nobody(String),
    Interrupted,
}

impl Drafts {
    pub fn of(&self, candidate: &Candidate) -> Option<&Drafted> {
        self.all.iter().find(|drafted| {
            drafted.class == candidate.class && drafted.component == candidate.component
        })
    }
}

/// Asks for a draft of each mistake that is due and has no rule, or none but prose that nobody
/// wrote. `again`: that prose is no reason not to ask.
pub(super) fn drafts(
    learning: &mut Learning<'_>,
    request: &Request,
    again: bool,
    ask: &mut Ask<'_>,
) -> Result<Drafts> {
    let (rows, due) = learning.due(request)?;
    let mut drafts = Drafts::default();
    for (candidate, after) in &due {
        let Some(matter) = wanted(learning, candidate, *after, &rows, request, again) else {
            continue;
        };
        let none = |why: &str| format!("no rule for `{}` was drafted: {why}", candidate.class);
        match draft(learning, candidate, &matter, ask)? {
            Got::Draft(draft, by) => drafts.all.push(Drafted {
                class: candidate.class.clone(),
                component: candidate.component.clone(),
                draft,
                by,
            }),
            Got::Nothing(why) => drafts.missing.push(none(&why)),
            Got::Nobody(why) => {
                drafts.missing.push(none(&why));
                break;
            }
            Got::Interrupted => {
                drafts.interrupted = true;
                break;
            }
        }
    }
    Ok(drafts)
}

/// The matter of a candidate that code alone can make nothing but prose of.
fn wanted<'c>(
    learning: &Learning<'_>,
    candidate: &'c Candidate,
    after: RecurrenceThreshold,
    rows: &Rows,
    request: &Request,
    again: bool,
) -> Option<Matter<'c>> {
    if learning.broken(candidate).is_some() {
        return None;
    }
    let mut matter = learning.matter(candidate, after, rows, request, again);
    if learning.known(&matter, Given::Nothing).is_some() {
        return None;
    }
    learning.find_fixes(&mut matter, rows);
    let decision = learning.decide(&matter, Given::Nothing);
    matches!(decision, PromotionDecision::Learn { proof: Proof::Prose { .. }, .. })
        .then_some(matter)
}

/// A draft that was proved, or the last that could be read; with who drafted it.
fn draft(
    learning: &Learning<'_>,
    candidate: &Candidate,
    matter: &Matter<'_>,
    ask: &mut Ask<'_>,
) -> Result<Got> {
    let form = schema();
    let mut refused: Option<RefusedDraft> = None;
    let mut best = None;
    for _ in 0..ATTEMPTS {
        let text = prompt(candidate, &matter.cases, learning.limits(), refused.as_ref());
        let (json, by) = match ask(&redact::redact_str(&text), &form)? {
            Said::Answer { json, by } => (json, by),
            Said::Unreadable(reason) => {
                refused = Some(RefusedDraft { answer: String::new(), reason });
                continue;
            }
            Said::Interrupted => return Ok(Got::Interrupted),
            Said::Nothing(why) => return Ok(best.unwrap_or(Got::Nothing(why))),
            Said::Nobody(why) => return Ok(best.unwrap_or(Got::Nobody(why))),
        };
        let reason = match taken(&json) {
            Err(reason) => reason,
            Ok(draft) => {
                let decision = learning.decide(matter, Given::Draft(&draft));
                let has_pattern = draft.check.is_pattern();
                best = Some(Got::Draft(draft, by));
                match decision {
                    PromotionDecision::Learn { proof: Proof::Prose { reason }, .. }
                        if has_pattern =>
                    {
                        reason
                    }
                    _ => break,
                }
            }
        };
        refused = Some(RefusedDraft { answer: redact::redact_str(&json.to_string()), reason });
    }
    let why = refused.map_or_else(String::new, |refused| refused.reason);
    Ok(best.unwrap_or(Got::Nothing(why)))
}

/// The draft in an answer, without secrets.
fn taken(json: &Value) -> Result<Draft, String> {
    let secret = || "its pattern would show a secret".to_owned();
    read(json)?.cleaned(redact::redact_str).ok_or_else(secret)
}
