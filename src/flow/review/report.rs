//! Writes the report of a review to the work tree, where the person asked for it.

use std::path::PathBuf;
use std::slice::from_ref;

use anyhow::{Context as _, Result};

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::Route;
use crate::domain::model::report::Reported;
use crate::domain::pipeline::result::{ReviewDetails, ReviewEnding, ReviewResult, ReviewStory};
use crate::domain::review::finding::{AssessedCriterion, Quote};
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::context::Context;
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::config::env::now;
use crate::platform::store::folder::Folder;
use crate::platform::ui::review_findings::place;
use crate::platform::ui::review_report::{
    CriterionLine, DecisionPart, FindingPart, ReviewReport, SaidOfFinding, render_markdown,
};
use crate::platform::ui::review_result::reason;

/// The folder of reports, from the top of the work tree.
const FOLDER: &str = "docs/review";

/// Writes the report; returns its path from the top of the work tree.
pub fn write(context: Context<'_>, reviewed: &ReviewResult) -> Result<PathBuf> {
    let top = work_tree(context.repo)?;
    let report = of(context, reviewed);
    let path = format!("{FOLDER}/{}.md", report.id);
    // Findings are redacted already; the name of a file may contain a secret.
    let text = redact_str(&render_markdown(&report));
    Folder::open(top)
        .with_context(|| format!("could not open `{}`", top.display()))?
        .write(&path, text.as_bytes())?;
    Ok(PathBuf::from(path))
}

fn of(context: Context<'_>, reviewed: &ReviewResult) -> ReviewReport {
    let details = match &reviewed.ending {
        ReviewEnding::Reviewed(details) => Some(details.as_ref()),
        ReviewEnding::Nothing | ReviewEnding::NotReviewed { .. } => None,
    };
    let why = match &reviewed.ending {
        ReviewEnding::Reviewed(details) => reason(&details.decision),
        ReviewEnding::NotReviewed { why } => why.join("; "),
        ReviewEnding::Nothing => "there was nothing that a model could review".to_owned(),
    };
    let text = |of: fn(&ReviewDetails) -> &String| details.map(of).cloned().unwrap_or_default();
    let story = details.map(|details| details.story.clone()).unwrap_or_default();
    let unscanned = story.unread.clone();
    let is_read = |path: &&String| !unscanned.iter().any(|(unread, _)| unread == *path);
    let time = now(context.env);
    ReviewReport {
        id: match details {
            Some(details) if !details.run.is_empty() => details.run.clone(),
            _ => time.strftime("%Y%m%dT%H%M%SZ").to_string(),
        },
        title: reviewed.title.clone(),
        time,
        verdict: reviewed.report.verdict,
        why,
        route: details.map_or(Route::C, |details| details.route),
        reviewer: text(|details| &details.reviewer),
        arbiter: text(|details| &details.arbiter),
        reviewed: match details {
            Some(_) => reviewed.paths.iter().filter(is_read).cloned().collect(),
            None => Vec::new(),
        },
        skipped: reviewed.report.skipped.clone(),
        spec: details.and_then(|details| details.spec.as_ref()).map_or_else(String::new, |spec| {
            let path = spec.path.display();
            format!("{} ({path}), {}", spec.id, spec.ground.in_words())
        }),
        criteria: details.map(criteria).unwrap_or_default(),
        findings: findings(reviewed, &story),
        resolved: story.resolved.iter().map(said).collect(),
        dismissed: story.dismissed.iter().map(said).collect(),
        places: story.excerpts.iter().map(|one| (one.path.clone(), one.text.clone())).collect(),
        demands: story.demands,
        rounds: story.rounds,
        touched: story.touched,
        note: story.note,
        unanchored: details.map_or(0, |details| details.unanchored),
        spent: details.map(|details| details.spent).unwrap_or_default(),
        receipt: details.and_then(|details| details.receipt.clone()),
        from_receipt: details.is_some_and(|details| details.from_receipt),
        offer: details.and_then(|details| details.offer.clone()),
        staying: story.staying,
        beside: story.beside,
        unscanned,
    }
}

fn criteria(details: &ReviewDetails) -> Vec<CriterionLine> {
    let line = |criterion: &AssessedCriterion| CriterionLine {
        id: criterion.id.clone(),
        met: criterion.met.as_str(),
        why: criterion.why.clone(),
    };
    details.criteria.iter().map(line).collect()
}

/// The findings, with what is known of them beside the ledger.
fn findings(reviewed: &ReviewResult, story: &ReviewStory) -> Vec<FindingPart> {
    let part = |reported: &Reported| {
        let tracked = reported.id.as_ref().and_then(|id| story.open.get(id));
        FindingPart { reported: reported.clone(), tracked: tracked.map(said) }
    };
    reviewed.report.findings.iter().map(part).collect()
}

/// What reviewer and arbiter said of a finding.
fn said(tracked: &TrackedFinding) -> SaidOfFinding {
    let original = &tracked.original;
    let quotes = |quotes: &[Quote]| -> Vec<(String, String)> {
        quotes.iter().map(|quote| (quote.path.clone(), quote.text.clone())).collect()
    };
    SaidOfFinding {
        outcome: tracked.outcome(),
        severity: original.severity,
        title: original.title.clone(),
        place: place(original),
        basis: original.basis.clone(),
        failure: original.failure.clone(),
        evidence: quotes(&original.evidence),
        decision: tracked.decision.as_ref().map(|decision| DecisionPart {
            word: decision.verdict.as_str(),
            reason: decision.reason.clone(),
            instruction: decision.instruction.clone(),
            evidence: quotes(&decision.evidence),
        }),
        second: tracked.second_word().to_owned(),
        resolved_by: tracked.resolved_by.iter().flat_map(|one| quotes(from_ref(one))).collect(),
    }
}
