//! What a push that a person asked for came to.

use crate::domain::model::oid::Oid;
use crate::domain::pushing::answer::RefAnswer;
use crate::domain::pushing::target::PushTarget;

/// What was pushed, and what came of it.
#[derive(Clone, Debug)]
pub struct PushResult {
    /// Without `refs/heads/`.
    pub branch: String,
    pub commit: Oid,
    pub target: PushTarget,
    pub answer: RefAnswer,
    /// Where the other side offers to have it taken.
    pub request_page: Option<String>,
}
