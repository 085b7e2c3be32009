//! Closes the findings of gates that are gone, and reopens those that are back.
//!
//! It is done when somebody asks for findings: the commit that mends something opens no ledger. A finding
//! in a file is open while HEAD, the index or the files of a work tree have it, or the tip of a local
//! branch that it was seen on: there the gates are asked again, under the policy of that place, also of the
//! file to which its text was moved. A finding about a change (its size, its message) is open while what it
//! changes is staged or in the work tree, or its commit is on a branch.

mod branches;
mod elsewhere;
mod files;
mod holders;
mod inquiry;
mod past;
mod places;
mod raised;
pub mod reviews;
mod subject;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::model::limits::GATE_FINDINGS_MAX;
use crate::domain::model::notice::Warning;
use crate::domain::review::record::FindingRecord;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::policy_of_head;
use crate::flow::evaluate::standing::inquiry::Inquiry;
use crate::flow::evaluate::standing::places::AskedPlaces;
use crate::platform::config::env::now;
use crate::platform::git::unstaged::{ScratchObjects, UnstagedListing};
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// Brings the states of the findings of gates up to date. Where that cannot be done it is said, and the
/// states stay as they are; an error means that the ledger cannot be read.
pub fn refresh(context: Context<'_>) -> Result<()> {
    if !ledger::exists(&context.repo.state_dir()) {
        return Ok(());
    }
    let now = now(context.env);
    if !with_ledger(context, |ledger| ledger.has_standing_findings())? {
        return Ok(());
    }
    let (places, mark) = match compared_with(context) {
        Ok(compared) => compared,
        Err(error) => {
            tell(context, &error);
            return Ok(());
        }
    };
    let findings = with_ledger(context, |ledger| {
        if ledger.standing_mark()?.as_ref() == Some(&mark) {
            return Ok((Vec::new(), Vec::new()));
        }
        let of_reviews = ledger.review_findings_seen(now, GATE_FINDINGS_MAX)?;
        Ok((ledger.gate_findings(now, GATE_FINDINGS_MAX)?, of_reviews))
    })?;
    let (of_gates, of_reviews) = findings;
    if !(of_gates.is_empty() && of_reviews.is_empty())
        && let Err(error) = settle(context, places, &of_gates, &of_reviews, mark)
    {
        tell(context, &error);
    }
    Ok(())
}

/// The places that have these findings, as far as one is known: by id, for people. `unstaged` is the list of what
/// is not staged here, where it was begun.
pub fn holders(
    context: Context<'_>,
    ids: &[String],
    unstaged: Option<UnstagedListing>,
) -> Result<BTreeMap<String, String>> {
    if ids.is_empty() || !ledger::exists(&context.repo.state_dir()) {
        return Ok(BTreeMap::new());
    }
    let now = now(context.env);
    let (of_gates, of_reviews) = with_ledger(context, |ledger| {
        let mut of_gates = ledger.gate_findings(now, GATE_FINDINGS_MAX)?;
        of_gates.retain(|one| ids.contains(&one.kept.id));
        let mut of_reviews = ledger.review_findings_seen(now, GATE_FINDINGS_MAX)?;
        of_reviews.retain(|(one, _)| ids.contains(&one.kept.id));
        Ok((of_gates, of_reviews))
    })?;
    if of_gates.is_empty() && of_reviews.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places = AskedPlaces::read(context.repo, unstaged)?;
    let scratch = scratch_of(context, &places)?;
    let files = of_reviews.iter().filter_map(|(_, record)| record.path.as_ref());
    let mut inquiry = Inquiry::new(context, places, scratch.as_ref(), &of_gates, files)?;
    inquiry.holders(&of_gates, &of_reviews)
}

/// Reads from the ledger. One that is damaged is set aside, which is said.
fn with_ledger<T>(
    context: Context<'_>,
    read: impl FnMut(&mut Ledger) -> Result<T, LedgerError>,
) -> Result<T> {
    let done = ledger::with(&context.repo.state_dir(), now(context.env), read);
    let done = done.map_err(LedgerError::hinted)?;
    if let Some(path) = done.set_aside {
        context.notify(Warning::LedgerSetAside { path });
    }
    Ok(done.value)
}

/// What the findings are compared with, and its mark: where that is the same, nothing is looked at.
fn compared_with(context: Context<'_>) -> Result<(AskedPlaces, String)> {
    let places = AskedPlaces::read(context.repo, None)?;
    let policy = policy_of_head(context)?;
    let mark = places.mark(&policy.hash, now(context.env));
    Ok((places, mark))
}

fn settle(
    context: Context<'_>,
    places: AskedPlaces,
    findings: &[GateFinding],
    of_reviews: &[(GateFinding, FindingRecord)],
    mark: String,
) -> Result<()> {
    let (state_dir, now) = (context.repo.state_dir(), now(context.env));
    let scratch = scratch_of(context, &places)?;
    let files = of_reviews.iter().filter_map(|(_, record)| record.path.as_ref());
    let mut inquiry = Inquiry::new(context, places, scratch.as_ref(), findings, files)?;
    let mut settled = inquiry.settle(findings)?;
    settled.steps.extend(inquiry.settle_reviews(of_reviews)?);
    settled.mark = settled.mark.map(|_| mark);
    let _set_aside = ledger::with(&state_dir, now, |ledger| ledger.settle(&settled, now))?;
    Ok(())
}

fn scratch_of(context: Context<'_>, places: &AskedPlaces) -> Result<Option<ScratchObjects>> {
    places.has_unstaged().then(|| ScratchObjects::beside(context.repo)).transpose()
}

fn tell(context: Context<'_>, error: &anyhow::Error) {
    context.notify(Warning::StandingUnknown { error: format!("{error:#}") });
}
