//! A push as data: the refs that it changes, and how each relates to the ref on the other side.

use bstr::BString;

use crate::domain::model::oid::Oid;

/// One ref that a push changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What the person typed, such as `HEAD~1`; git's own words are possible (`(delete)`). Empty on
    /// the server.
    pub source: BString,
    /// What the ref is to become; zero for a deletion.
    pub new: Oid,
    /// The full name of the ref on the side that receives.
    pub target: BString,
    /// What the ref is there now, as git was told; zero where there is none.
    pub old: Oid,
}

impl Update {
    /// Whether the ref is a branch on the side that receives. `HEAD` is the branch that is checked
    /// out there.
    pub fn is_branch(&self) -> bool {
        self.target == "HEAD" || self.target.starts_with(b"refs/heads/")
    }
}

/// The side that receives a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A configured remote, by its name.
    Remote(String),
    /// An address that is no configured remote.
    Address,
    /// This repository: we are the server.
    Here,
}

/// How a ref's new value relates to its old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Created,
    Deleted,
    /// The old value is the new one or one of its ancestors.
    FastForward,
    Rewritten,
    /// The old value is not in this repository.
    UnknownTip,
    /// The new value is no commit.
    NotACommit,
}
