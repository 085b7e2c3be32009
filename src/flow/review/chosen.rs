//! Findings that a person chose: their fix begins with what an earlier review said of them, and their patch
//! is what a fix of them changed.

use anyhow::{Result, bail};

use crate::domain::model::error::hinted;
use crate::domain::model::text::short_id;
use crate::domain::pipeline::run::{Machine, Run};
use crate::domain::review::finding::Completeness;
use crate::flow::context::Context;
use crate::platform::config::env::now;
use crate::platform::git::command::succeeded;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::{ledger, runs};

/// A new run that fixes, with the findings of the last review of its question, of which only the chosen
/// ones are to be fixed. `ids` are the ledger's, or enough of each.
pub(super) fn seed(context: Context<'_>, mut run: Run, ids: &[String]) -> Result<Run> {
    let wanted = ids.iter().map(|id| resolve(context, id)).collect::<Result<Vec<_>>>()?;
    let state_dir = context.repo.state_dir();
    for id in runs::list(&state_dir)? {
        let Ok(Some(earlier)) = runs::load_of_question(&state_dir, &id, &run.about.question) else {
            continue;
        };
        let of_run = |wanted: &String| {
            let mut kept = earlier.record().kept.iter();
            kept.find(|(_, ledger)| *ledger == wanted).map(|(id, _)| id.clone())
        };
        let chosen: Option<Vec<String>> = wanted.iter().map(of_run).collect();
        let (Some(chosen), true) = (chosen, earlier.first_attempt().is_reviewed()) else {
            continue;
        };
        let Machine::Review(review) = &mut run.machine;
        review.review_loop.findings.clone_from(&earlier.review_loop().findings);
        for finding in &mut review.review_loop.findings {
            // What fixes of that run did is no part of this one.
            (finding.resolved_in, finding.since) = (None, 0);
            finding.unresolved_in.clear();
        }
        review.review_loop.findings.retain(|finding| !finding.fix_induced);
        review.review_loop.criteria.clone_from(&earlier.review_loop().criteria);
        review.review_loop.chosen = Some(chosen);
        review.record.kept.clone_from(&earlier.record().kept);
        review.review_loop.attempts[0].review = Some(Completeness::Complete);
        review.review_loop.attempts[0].unmet = earlier.first_attempt().unmet;
        return Ok(run);
    }
    Err(hinted(
        "no review of this change has all of these findings",
        "review it first, with the same range and spec: `tribunal review`",
    ))
}

fn resolve(context: Context<'_>, id: &str) -> Result<String> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        bail!("there is no finding `{id}`");
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let found = ledger.resolve(id, now(context.env)).map_err(LedgerError::hinted)?;
    Ok(found.id)
}

/// The patch of the fix that resolved a finding, by the finding's id in the ledger.
pub fn patch(context: Context<'_>, finding: &str) -> Result<Vec<u8>> {
    let state_dir = context.repo.state_dir();
    for id in runs::list(&state_dir)? {
        let Ok(Some(run)) = runs::load(&state_dir, &id) else { continue };
        let kept = run.record().kept.iter().find(|(_, ledger)| *ledger == finding);
        let Some((own, _)) = kept else { continue };
        let mut findings = run.review_loop().findings.iter();
        let resolved = findings.find(|one| one.original.id == *own).and_then(|one| one.resolved_in);
        let attempts = &run.review_loop().attempts;
        let Some((last, fixed)) =
            resolved.and_then(|at| Some((attempts.get(at.checked_sub(1)?)?, attempts.get(at)?)))
        else {
            continue;
        };
        let words = ["diff-tree", "-p", "--binary", last.tree.as_str(), fixed.tree.as_str()];
        let output = context.repo.git().args(words).capture()?;
        return Ok(succeeded(&output, "git diff-tree")?.to_vec());
    }
    Err(hinted(
        format!("no fix of the finding `{}` is known", short_id(finding)),
        format!("`tribunal review --fix {}` has an agent make one", short_id(finding)),
    ))
}
