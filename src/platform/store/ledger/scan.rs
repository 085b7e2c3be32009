//! The evaluation in which findings are met.

use jiff::Timestamp;

use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;

/// The evaluation in which findings were observed.
#[derive(Clone, Debug)]
pub struct ScanContext {
    /// The key under which changes are counted.
    pub change: String,
    pub commit: Option<Oid>,
    pub tree: Option<Oid>,
    pub branch: Option<String>,
    pub time: Timestamp,
    pub asked: AskedBy,
}

/// Who asked for an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// Git, by a hook; or the watcher.
    Git,
    /// A person or CI, by hand: what the gates say then is no new occurrence.
    Hand,
}

impl ScanContext {
    /// How much more often a known finding was met.
    pub fn counted(&self, gate: Gate) -> i64 {
        i64::from(self.asked == AskedBy::Git || !Gate::OF_CHANGES.contains(&gate))
    }

    /// Of no evaluation: to look findings up.
    pub fn of_nothing(time: Timestamp) -> Self {
        let change = String::new();
        Self { change, commit: None, tree: None, branch: None, time, asked: AskedBy::Hand }
    }
}
