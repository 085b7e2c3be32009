//! Writes the report of a review to the work tree, where the person asked for it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::Route;
use crate::domain::model::report::Reported;
use crate::domain::pipeline::result::{ReviewDetails, ReviewEnding, ReviewResult};
use crate::domain::pipeline::run::Run;
use crate::domain::review::finding::{AssessedCriterion, Completeness, Quote};
use crate::flow::context::Context;
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::config::env::now;
use crate::platform::store::folder::Folder;
use crate::platform::store::runs;
use crate::platform::ui::review_report::{
    CriterionLine, DecisionPart, FindingPart, ReviewReport, render_markdown,
};
use crate::platform::ui::review_result::reason;

/// The folder of reports, from the top of the work tree.
const FOLDER: &str = "docs/review";

/// Writes the report; returns its path from the top of the work tree.
pub fn write(context: Context<'_>, reviewed: &ReviewResult) -> Result<PathBuf> {
    let top = work_tree(context.repo)?;
    let report = of(context, reviewed)?;
    let path = format!("{FOLDER}/{}.md", report.id);
    // Findings are redacted already; the name of a file may contain a secret.
    let text = redact_str(&render_markdown(&report));
    Folder::open(top)
        .with_context(|| format!("could not open `{}`", top.display()))?
        .write(&path, text.as_bytes())?;
    Ok(PathBuf::from(path))
}

fn of(context: Context<'_>, reviewed: &ReviewResult) -> Result<ReviewReport> {
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
    let run = match details {
        Some(details) => runs::load(&context.repo.state_dir(), &details.run)?,
        None => None,
    };
    let unscanned =
        details.map_or_else(Vec::new, |details| unread(reviewed, details, run.as_ref()));
    let is_read = |path: &&String| !unscanned.iter().any(|(unread, _)| unread == *path);
    let time = now(context.env);
    Ok(ReviewReport {
        id: details.map_or_else(|| time.strftime("%Y%m%dT%H%M%SZ").to_string(), |j| j.run.clone()),
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
        criteria: details.map(criteria).unwrap_or_default(),
        findings: findings(reviewed, run.as_ref()),
        unanchored: details.map_or(0, |details| details.unanchored),
        spent: details.map(|details| details.spent).unwrap_or_default(),
        receipt: details.and_then(|details| details.receipt.clone()),
        from_receipt: details.is_some_and(|details| details.from_receipt),
        offer: details.and_then(|details| details.offer.clone()),
        settled: details.map(|details| details.settled.clone()).unwrap_or_default(),
        staying: details.map(|details| details.staying.clone()).unwrap_or_default(),
        beside: details.map(|details| details.beside.clone()).unwrap_or_default(),
        unscanned,
    })
}

fn criteria(details: &ReviewDetails) -> Vec<CriterionLine> {
    let line = |criterion: &AssessedCriterion| CriterionLine {
        id: criterion.id.clone(),
        met: criterion.met.as_str(),
        why: criterion.why.clone(),
    };
    details.criteria.iter().map(line).collect()
}

/// The files that were not reviewed, with the reason.
fn unread(
    reviewed: &ReviewResult,
    details: &ReviewDetails,
    run: Option<&Run>,
) -> Vec<(String, String)> {
    let mut unread = details.unscanned.clone();
    // Only a complete review has a receipt.
    if details.receipt.is_some() {
        return unread;
    }
    let completeness = run.map(Run::review_loop).and_then(|review| {
        let best = review.end().map_or(review.current(), |end| end.best);
        review.attempts.get(best)?.review.as_ref()
    });
    match completeness {
        Some(Completeness::Complete) => {}
        Some(Completeness::Incomplete(files)) => unread.extend(files.iter().cloned()),
        None => {
            let why = "there is no whole answer about it";
            let all = reviewed.paths.iter().map(|path| (path.clone(), why.to_owned()));
            let known: Vec<String> = unread.iter().map(|(path, _)| path.clone()).collect();
            unread.extend(all.filter(|(path, _)| !known.contains(path)));
        }
    }
    unread
}

/// The findings, with the run's details of them, where the run is still there.
fn findings(reviewed: &ReviewResult, run: Option<&Run>) -> Vec<FindingPart> {
    let said_of = |reported: &Reported| {
        let run = run?;
        let (id, _) =
            run.record().kept.iter().find(|(_, ledger)| Some(*ledger) == reported.id.as_ref())?;
        run.review_loop().findings.iter().find(|finding| finding.original.id == *id)
    };
    let quotes = |quotes: &[Quote]| -> Vec<(String, String)> {
        quotes.iter().map(|quote| (quote.path.clone(), quote.text.clone())).collect()
    };
    let part = |reported: &Reported| {
        let said = said_of(reported);
        FindingPart {
            reported: reported.clone(),
            basis: said.map(|said| said.original.basis.clone()).unwrap_or_default(),
            failure: said.map(|said| said.original.failure.clone()).unwrap_or_default(),
            evidence: said.map(|said| quotes(&said.original.evidence)).unwrap_or_default(),
            decision: said.and_then(|said| said.decision.as_ref()).map(|decision| DecisionPart {
                word: decision.verdict.as_str(),
                reason: decision.reason.clone(),
                instruction: decision.instruction.clone(),
                evidence: quotes(&decision.evidence),
            }),
        }
    };
    reviewed.report.findings.iter().map(part).collect()
}
