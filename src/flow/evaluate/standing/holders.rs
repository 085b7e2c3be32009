//! Tells which place has a finding.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::domain::model::standing::Standing;
use crate::domain::review::record::FindingRecord;
use crate::flow::evaluate::standing::inquiry::Inquiry;
use crate::flow::evaluate::standing::raised::Enough;
use crate::platform::store::ledger::gate_findings::GateFinding;

impl Inquiry<'_> {
    /// The places that have these findings, as far as one is known.
    pub fn holders(
        &mut self,
        of_gates: &[GateFinding],
        of_reviews: &[(GateFinding, FindingRecord)],
    ) -> Result<BTreeMap<String, String>> {
        let mut holders = BTreeMap::new();
        let mut note = |finding: &GateFinding, standing: Standing| {
            if let Standing::Holds { place, .. } = standing {
                holders.insert(finding.kept.id.clone(), place);
            }
        };
        for finding in of_gates {
            match self.stands(finding) {
                Ok((standing, _)) => note(finding, standing),
                Err(error) if error.is::<Enough>() => break,
                Err(error) => return Err(error),
            }
        }
        for (finding, record) in of_reviews {
            note(finding, self.of_review(finding, record)?);
        }
        Ok(holders)
    }
}
