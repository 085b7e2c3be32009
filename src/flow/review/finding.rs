//! Converts a reviewer's findings to findings of the ledger.

use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::review::arbiter_decision::{ArbiterDecision, ArbiterVerdict, SecondLook};
use crate::domain::review::finding::{Anchored, ReviewFinding};
use crate::domain::review::tracked::TrackedFinding;

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
        None => message,
        Some(ArbiterVerdict::Upheld) => message,
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
