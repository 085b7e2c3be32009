//! What reviews by a spec said of its criteria: looked up by the spec's own words, whichever change they
//! were about.

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::review::finding::{AssessedCriterion, CriterionStatus};
use crate::flow::context::Context;
use crate::flow::review::receipt;

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

/// Looks up what reviews said of these criteria. `key` is that of their spec; see
/// [`crate::flow::review::receipt::ReceiptSpec::key`].
pub fn of(context: Context<'_>, key: &str, ids: &[String], tree: &Oid) -> Result<SpecWords> {
    let found = receipt::of_spec(context, key)?;
    let said = |id: &String, here: bool| -> Option<AssessedCriterion> {
        let mut receipts = found.iter().filter(|one| !here || one.tree == *tree);
        receipts.find_map(|one| {
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
