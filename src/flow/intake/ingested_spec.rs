//! What is told of a version of a spec that was ingested.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::model::text::counted;

/// A new version of a spec that was ingested.
#[derive(Clone, Debug, Serialize)]
pub struct IngestedSpec {
    pub path: String,
    #[serde(serialize_with = "crate::domain::model::path::serialize")]
    pub worktree: PathBuf,
    pub id: String,
    pub hash: String,
    pub size: &'static str,
    pub errors: usize,
    pub warnings: usize,
    pub queued: bool,
    /// The page about it, from the top of the work tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

impl fmt::Display for IngestedSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, id, size, errors, warnings, queued, .. } = self;
        match (queued, errors) {
            (true, _) => write!(f, "{path}: recorded as `{id}`, size {size}")?,
            (false, 0) => write!(f, "{path}: `{id}` is a draft, or done")?,
            (false, _) => write!(f, "{path}: `{id}` has {}", counted(*errors, "error"))?,
        }
        if *warnings > 0 {
            write!(f, ", {}", counted(*warnings, "warning"))?;
        }
        if *errors + *warnings > 0 {
            write!(f, "; `tribunal spec show {id}` says more")?;
        }
        Ok(())
    }
}
