//! A review as a document in the person's work tree, who asked for it.

use std::path::PathBuf;

use anyhow::Result;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::agent::Route;
use crate::domain::model::report::Reported;
use crate::domain::pipeline::run::Stage;
use crate::domain::review::raised::{Assessed, Completeness, Quote};
use crate::flow::review::docket::Docket;
use crate::flow::review::outcome::{Ending, Judged, Reviewed, reason};
use crate::flow::workspace::work_tree::{refuse_links, work_tree};
use crate::platform::config::env::{Env, now};
use crate::platform::git::repo::Repo;
use crate::platform::store::file::write_atomic;
use crate::platform::store::runs;
use crate::platform::ui::review_report::{
    CriterionLine, FindingPart, ReviewReport, RulingPart, render_markdown,
};

/// The folder of reports, from the top of the work tree.
const FOLDER: &str = "docs/review";

/// Writes the report; gives its path from the top of the work tree.
pub fn write(repo: &Repo, env: &Env, reviewed: &Reviewed) -> Result<PathBuf> {
    let top = work_tree(repo)?;
    let report = of(repo, env, reviewed)?;
    let path = format!("{FOLDER}/{}.md", report.id);
    refuse_links(top, &path)?;
    // What was said is without secrets; the name of a file may hold one.
    let text = redact_str(&render_markdown(&report));
    write_atomic(&top.join(&path), text.as_bytes())?;
    Ok(PathBuf::from(path))
}

fn of(repo: &Repo, env: &Env, reviewed: &Reviewed) -> Result<ReviewReport> {
    let judged = match &reviewed.ending {
        Ending::Judged(judged) => Some(judged.as_ref()),
        Ending::Nothing | Ending::Unjudged { .. } => None,
    };
    let why = match &reviewed.ending {
        Ending::Judged(judged) => reason(&judged.decision),
        Ending::Unjudged { why } => why.join("; "),
        Ending::Nothing => "there was nothing that a model could review".to_owned(),
    };
    let text = |of: fn(&Judged) -> &String| judged.map(of).cloned().unwrap_or_default();
    let docket = match judged {
        Some(judged) => runs::load::<Docket>(&repo.state_dir(), &judged.run)?,
        None => None,
    };
    let unscanned =
        judged.map_or_else(Vec::new, |judged| unread(reviewed, judged, docket.as_ref()));
    let is_read = |path: &&String| !unscanned.iter().any(|(unread, _)| unread == *path);
    let time = now(env);
    Ok(ReviewReport {
        id: judged.map_or_else(|| time.strftime("%Y%m%dT%H%M%SZ").to_string(), |j| j.run.clone()),
        title: reviewed.title.clone(),
        time,
        verdict: reviewed.report.verdict,
        why,
        route: judged.map_or(Route::C, |judged| judged.route),
        reviewer: text(|judged| &judged.reviewer),
        arbiter: text(|judged| &judged.arbiter),
        reviewed: match judged {
            Some(_) => reviewed.paths.iter().filter(is_read).cloned().collect(),
            None => Vec::new(),
        },
        skipped: reviewed.report.skipped.clone(),
        criteria: judged.map(criteria).unwrap_or_default(),
        findings: findings(reviewed, docket.as_ref()),
        unanchored: judged.map_or(0, |judged| judged.unanchored),
        spent: judged.map(|judged| judged.spent).unwrap_or_default(),
        receipt: judged.and_then(|judged| judged.receipt.clone()),
        from_receipt: judged.is_some_and(|judged| judged.from_receipt),
        offer: judged.and_then(|judged| judged.offer.clone()),
        unscanned,
    })
}

fn criteria(judged: &Judged) -> Vec<CriterionLine> {
    let line = |criterion: &Assessed| CriterionLine {
        id: criterion.id.clone(),
        met: criterion.met.as_str(),
        why: criterion.why.clone(),
    };
    judged.criteria.iter().map(line).collect()
}

/// What no judge answered for, with the reason.
fn unread(reviewed: &Reviewed, judged: &Judged, docket: Option<&Docket>) -> Vec<(String, String)> {
    let mut unread = judged.unscanned.clone();
    // Only a complete review has a receipt.
    if judged.receipt.is_some() {
        return unread;
    }
    let completeness = docket.and_then(|docket| {
        let best = match &docket.run.stage {
            Stage::Ended(end) => end.best,
            _ => docket.run.attempts.len().checked_sub(1)?,
        };
        docket.run.attempts.get(best)?.review.as_ref()
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

/// The findings, with what was said of them in the run that made them, where it is still there.
fn findings(reviewed: &Reviewed, docket: Option<&Docket>) -> Vec<FindingPart> {
    let standings = docket.map(|docket| docket.run.findings.as_slice());
    let said_of = |reported: &Reported| {
        let kept = &docket?.kept;
        let (id, _) = kept.iter().find(|(_, ledger)| **ledger == reported.id)?;
        standings?.iter().find(|standing| standing.raised.id == *id)
    };
    let quotes = |quotes: &[Quote]| -> Vec<(String, String)> {
        quotes.iter().map(|quote| (quote.path.clone(), quote.text.clone())).collect()
    };
    let part = |reported: &Reported| {
        let said = said_of(reported);
        FindingPart {
            reported: reported.clone(),
            basis: said.map(|said| said.raised.basis.clone()).unwrap_or_default(),
            failure: said.map(|said| said.raised.failure.clone()).unwrap_or_default(),
            evidence: said.map(|said| quotes(&said.raised.evidence)).unwrap_or_default(),
            ruling: said.and_then(|said| said.ruling.as_ref()).map(|ruling| RulingPart {
                word: ruling.word.as_str(),
                reason: ruling.reason.clone(),
                instruction: ruling.instruction.clone(),
                evidence: quotes(&ruling.evidence),
            }),
        }
    };
    reviewed.report.findings.iter().map(part).collect()
}
