//! Converts a reviewer's findings to findings of the ledger, and reports them with what is on record of each.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::report::Reported;
use crate::domain::pipeline::review_loop::ReviewLoop;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};
use crate::domain::review::decide::Decision;
use crate::domain::review::finding::{Anchored, ReviewFinding};
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::context::Context;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

/// The longest anchor that is recorded, in characters.
const ANCHOR_CHARS_MAX: usize = 400;

/// What a finding says, whatever was decided about it.
pub fn message(finding: &ReviewFinding) -> String {
    match finding.failure.as_str() {
        "" => finding.title.clone(),
        failure => format!("{}: {failure}", finding.title),
    }
}

/// Converts a finding of a run: its text is the reviewer's, its effect is computed.
pub fn to_ledger(
    tracked: &TrackedFinding,
    decision: Option<&ArbiterDecision>,
    effect: Effect,
) -> Finding {
    let finding = &tracked.original;
    let place = (!finding.path.is_empty()).then(|| match finding.anchored.lines() {
        Some((line, end_line)) => {
            Location { end_line, ..Location::line(finding.path.as_str(), line) }
        }
        None => Location::file(finding.path.as_str()),
    });
    let anchored = finding.anchored != Anchored::Nowhere;
    let anchor = finding.anchor.chars().take(ANCHOR_CHARS_MAX).collect();
    let message = message(finding);
    let message = match decision.map(|decision| decision.verdict) {
        None if tracked.needs_arbitration() => format!("{message} (not arbitrated)"),
        None | Some(ArbiterVerdict::Upheld) => message,
        Some(word) if matches!(tracked.second, Some(SecondLook::Disagreed { .. })) => {
            format!("{message} ({} by the arbiter, not by a second process)", word.as_str())
        }
        Some(word) if matches!(tracked.second, Some(SecondLook::NotPaid { .. })) => {
            format!("{message} ({} by the arbiter; no money for a second process)", word.as_str())
        }
        Some(word) => format!("{message} ({})", word.as_str()),
    };
    let instruction = decision.map(|decision| decision.instruction.clone()).unwrap_or_default();
    Finding {
        gate: Gate::Review,
        rule: finding.class.as_str().to_owned(),
        class: finding.class.clone(),
        severity: tracked.severity(),
        effect,
        place,
        anchor: if anchored { anchor } else { String::new() },
        message,
        suggestion: if instruction.is_empty() { finding.fix.clone() } else { instruction },
    }
}

/// The open findings of a loop: those that the decision rests on block the change. What stops nothing and
/// is on record from before `since` is told as known.
pub fn reported(
    context: Context<'_>,
    review: &ReviewLoop,
    kept_ids: &BTreeMap<String, String>,
    best: usize,
    stopping: &[String],
    decision: &Decision,
    since: Timestamp,
) -> Result<Vec<Reported>> {
    let state_dir = context.repo.state_dir();
    let ledger = ledger::exists(&state_dir).then(|| Ledger::open(&state_dir)).transpose();
    let ledger = ledger.map_err(LedgerError::hinted)?;
    let stops = matches!(decision, Decision::Fix(_) | Decision::Escalate(_));
    let mut all = Vec::new();
    for tracked in &review.findings {
        let gone = tracked.resolved_in.is_some_and(|resolved| resolved <= best);
        let kept = kept_ids.get(&tracked.original.id);
        let known = match (&ledger, kept) {
            (Some(ledger), Some(id)) => {
                ledger.get(id, now(context.env)).map_err(LedgerError::hinted)?
            }
            _ => None,
        };
        let is_answered = known.as_ref().is_some_and(|known| known.status.is_answered());
        if gone || (tracked.is_dismissed() && !is_answered) {
            continue;
        }
        let effect = match kept {
            _ if is_answered => Effect::Shadow,
            Some(id) if stops && stopping.contains(id) => Effect::Block,
            _ => Effect::Warn,
        };
        let decision = tracked.decision.as_ref().filter(|_| !is_answered);
        let mut finding = to_ledger(tracked, decision, effect);
        match &known {
            // The ledger has the words of its spec.
            Some(known) if tracked.is_unmet_criterion() => {
                finding = Finding { effect, ..known.finding.clone() };
            }
            Some(known) if is_answered => finding.message.clone_from(&known.finding.message),
            _ => {}
        }
        if effect == Effect::Warn && known.as_ref().is_some_and(|known| known.first_seen < since) {
            finding.message.push_str(" (known)");
        }
        all.push(match known {
            Some(known) => {
                let status = known.status.as_str().to_owned();
                Reported { id: Some(known.id), status, finding }
            }
            None => Reported::unrecorded(finding),
        });
    }
    Ok(all)
}
