//! What reviews by a spec said of its criteria, whichever change they were about: kept by the spec's own words,
//! by who answered, and by the tree.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::domain::model::notice::Warning;
use crate::domain::model::oid::Oid;
use crate::domain::review::finding::{AssessedCriterion, CriterionStatus};
use crate::flow::context::Context;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

/// What reviews said of the criteria of a spec.
#[derive(Clone, Debug, Default)]
pub struct SpecWords {
    /// Whether any complete review was by the spec as it is.
    pub is_known: bool,
    /// Whether each criterion was assessed in the tree that was asked about.
    pub is_whole_here: bool,
    /// Each criterion and constraint, in the order of the spec, as it was last assessed: in that tree, where
    /// a review spoke of it there.
    pub criteria: Vec<AssessedCriterion>,
}

/// What reviews said of them in one tree, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct WordsOfTree {
    tree: Oid,
    criteria: Vec<AssessedCriterion>,
}

/// Looks up what reviews said of these criteria. `key` is that of their spec; see
/// [`crate::flow::review::receipt::ReceiptSpec::key`].
pub fn of(context: Context<'_>, key: &str, ids: &[String], tree: &Oid) -> Result<SpecWords> {
    let found = kept(context, key)?;
    let said = |id: &String, here: bool| -> Option<AssessedCriterion> {
        let mut trees = found.iter().filter(|one| !here || one.tree == *tree);
        trees.find_map(|one| {
            let mut known = one.criteria.iter();
            known
                .find(|known| known.id == *id && known.met != CriterionStatus::NotAssessed)
                .cloned()
        })
    };
    let last = |id: &String| {
        said(id, true).or_else(|| said(id, false)).unwrap_or_else(|| AssessedCriterion {
            id: id.clone(),
            met: CriterionStatus::NotAssessed,
            why: "no review says anything of it".to_owned(),
        })
    };
    Ok(SpecWords {
        is_known: !found.is_empty(),
        is_whole_here: ids.iter().all(|id| said(id, true).is_some()),
        criteria: ids.iter().map(last).collect(),
    })
}

/// Keeps what a complete review said of them in a tree; what it does not speak of stays as it was.
pub fn keep(
    context: Context<'_>,
    key: &str,
    tree: &Oid,
    mut criteria: Vec<AssessedCriterion>,
) -> Result<()> {
    let before = kept(context, key)?.into_iter().find(|one| one.tree == *tree);
    for known in before.into_iter().flat_map(|one| one.criteria) {
        let own = criteria.iter_mut().find(|own| own.id == known.id);
        if let Some(own) = own.filter(|own| own.met == CriterionStatus::NotAssessed) {
            *own = known;
        }
    }
    let (now, question) = (now(context.env), format!("{key}/{tree}"));
    let body = serde_json::to_string(&WordsOfTree { tree: tree.clone(), criteria })?;
    let done = ledger::with(&context.repo.state_dir(), now, |ledger| {
        ledger.keep_receipt(&question, &body, now)
    })
    .map_err(LedgerError::hinted)?;
    if let Some(path) = done.set_aside {
        context.notify(Warning::LedgerSetAside { path });
    }
    Ok(())
}

/// What is kept of a spec, the newest first.
fn kept(context: Context<'_>, key: &str) -> Result<Vec<WordsOfTree>> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(Vec::new());
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let found = ledger.receipts_of(key).map_err(LedgerError::hinted)?;
    Ok(found.iter().filter_map(|one| serde_json::from_str(&one.body).ok()).collect())
}
