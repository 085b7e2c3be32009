//! Drafts rules with an agent for findings whose code has no common pattern. An agent may take minutes:
//! it is asked before the lock is taken, and its draft is proved again under the lock.

use anyhow::Result;
use serde_json::Value;

use crate::domain::constitution::drafter::{Draft, RefusedDraft, prompt, read, schema};
use crate::domain::constitution::promote::{Given, PromotionDecision};
use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::recurrence::{Candidate, RecurrenceThreshold};
use crate::domain::gates::secrets::redact;
use crate::domain::model::class::Class;
use crate::flow::learn::decision::LearningInputs;
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::session::{Learning, Rows};

/// How often an agent is asked for one class: once, and once more with the error.
const ATTEMPTS: usize = 2;

/// Asks an agent, with the prompt and the schema of the answer.
pub type AskAgent<'a> = dyn FnMut(&str, &Value) -> Result<DraftReply> + 'a;

/// The reply to a question for a draft.
pub enum DraftReply {
    Answer {
        json: Value,
        /// The agent that answered.
        by: String,
    },
    /// The answer does not fit the schema.
    Unreadable(String),
    /// Why there is no answer to this question.
    Nothing(String),
    /// Why no agent can be asked, now or for another question.
    NoAgent(String),
    /// A signal interrupted the call.
    Interrupted,
}

/// An agent's draft for one class and component.
pub(super) struct AgentDraft {
    class: Class,
    component: String,
    pub draft: Draft,
    pub by: String,
}

/// The drafts of a session, and why others are missing.
#[derive(Default)]
pub(super) struct Drafts {
    all: Vec<AgentDraft>,
    pub missing: Vec<String>,
    /// A signal interrupted a call.
    pub interrupted: bool,
}

/// The outcome of asking for one class.
pub(super) enum DraftResult {
    Draft(Draft, String),
    Nothing(String),
    /// No agent can be asked for the others either.
    NoAgent(String),
    Interrupted,
}

impl Drafts {
    pub fn of(&self, candidate: &Candidate) -> Option<&AgentDraft> {
        self.all.iter().find(|drafted| {
            drafted.class == candidate.class && drafted.component == candidate.component
        })
    }
}

/// Asks for a draft of each due class without a rule. With `again` also where its rule is prose that
/// the program wrote.
pub(super) fn drafts(
    learning: &mut Learning<'_>,
    request: &LearnRequest,
    again: bool,
    ask: &mut AskAgent<'_>,
) -> Result<Drafts> {
    let (rows, due) = learning.due(request)?;
    let mut drafts = Drafts::default();
    for (candidate, after) in &due {
        let Some(inputs) = wanted(learning, candidate, *after, &rows, request, again) else {
            continue;
        };
        let none = |why: &str| format!("no rule for `{}` was drafted: {why}", candidate.class);
        match draft(learning, candidate, &inputs, ask)? {
            DraftResult::Draft(draft, by) => drafts.all.push(AgentDraft {
                class: candidate.class.clone(),
                component: candidate.component.clone(),
                draft,
                by,
            }),
            DraftResult::Nothing(why) => drafts.missing.push(none(&why)),
            DraftResult::NoAgent(why) => {
                drafts.missing.push(none(&why));
                break;
            }
            DraftResult::Interrupted => {
                drafts.interrupted = true;
                break;
            }
        }
    }
    Ok(drafts)
}

/// The inputs of a candidate for which code alone finds no check.
fn wanted<'c>(
    learning: &Learning<'_>,
    candidate: &'c Candidate,
    after: RecurrenceThreshold,
    rows: &Rows,
    request: &LearnRequest,
    again: bool,
) -> Option<LearningInputs<'c>> {
    if learning.broken(candidate).is_some() {
        return None;
    }
    let mut inputs = learning.inputs(candidate, after, rows, request, again);
    if learning.known(&inputs, Given::Nothing).is_some() {
        return None;
    }
    learning.find_fixes(&mut inputs, rows);
    let decision = learning.decide(&inputs, Given::Nothing);
    matches!(decision, PromotionDecision::Learn { proof: Proof::Prose { .. }, .. })
        .then_some(inputs)
}

/// A draft that was proved, or the last one that could be read; with the agent's name.
pub(super) fn draft(
    learning: &Learning<'_>,
    candidate: &Candidate,
    inputs: &LearningInputs<'_>,
    ask: &mut AskAgent<'_>,
) -> Result<DraftResult> {
    let form = schema();
    let mut refused: Option<RefusedDraft> = None;
    let mut best = None;
    for _ in 0..ATTEMPTS {
        let text = prompt(candidate, &inputs.cases, learning.limits(), refused.as_ref());
        let (json, by) = match ask(&redact::redact_str(&text), &form)? {
            DraftReply::Answer { json, by } => (json, by),
            DraftReply::Unreadable(reason) => {
                refused = Some(RefusedDraft { answer: String::new(), reason });
                continue;
            }
            DraftReply::Interrupted => return Ok(DraftResult::Interrupted),
            DraftReply::Nothing(why) => return Ok(best.unwrap_or(DraftResult::Nothing(why))),
            DraftReply::NoAgent(why) => return Ok(best.unwrap_or(DraftResult::NoAgent(why))),
        };
        let reason = match taken(&json) {
            Err(reason) => reason,
            Ok(draft) => {
                let decision = learning.decide(inputs, Given::Draft(&draft));
                let has_pattern = draft.check.is_pattern();
                best = Some(DraftResult::Draft(draft, by));
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
    Ok(best.unwrap_or(DraftResult::Nothing(why)))
}

/// The draft in an answer, without secrets.
fn taken(json: &Value) -> Result<Draft, String> {
    let secret = || "its pattern would show a secret".to_owned();
    read(json)?.cleaned(redact::redact_str).ok_or_else(secret)
}
