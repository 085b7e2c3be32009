//! The `[review]` settings: when changes are reviewed, and what a review may use.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::model::severity::Severity;
use crate::domain::model::size::Size;
use crate::domain::policy::switch::Switch;
use crate::domain::policy::unit;

/// How changes are reviewed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReviewSettings {
    /// Whether new commits are reviewed for those who agreed to it.
    pub background: Switch,
    pub pre_push: PrePush,
    #[serde(deserialize_with = "unit::duration")]
    pub ratchet: Duration,
    pub on_failure: OnFailure,
    #[serde(deserialize_with = "unit::duration")]
    pub wait: Duration,
    #[serde(deserialize_with = "unit::bytes")]
    pub bytes: u64,
    pub calls: usize,
    pub context: usize,
    /// Globs of files that no model is shown: what programs write.
    pub leave_out: Vec<String>,
    pub highs: usize,
    pub rounds: Rounds,
    pub plan_rounds: u32,
    pub importants: usize,
    /// What the repository asks of reviewers of some of its files.
    pub instructions: Vec<PathInstructions>,
    /// People are told of findings from this severity on, and of what blocks.
    pub tell: Severity,
    /// Whether a change is reviewed by the spec that it belongs to.
    pub spec: SpecDemand,
    /// What tells of a review in the background that ended; in the user's own settings alone.
    pub notify: Notifications,
}

/// What the repository asks of reviewers of some of its files: a `[[review.instructions]]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathInstructions {
    /// Globs of the files.
    pub paths: Vec<String>,
    pub text: String,
}

impl PathInstructions {
    /// The keys of the table, for the check of unknown ones.
    pub const KEYS: [&str; 2] = ["paths", "text"];

    /// The most bytes of one text, and of all texts that hold for a file.
    pub const BYTES_MAX: usize = 4 * 1024;
}

/// Whether a change is reviewed by the spec that it belongs to; from the weakest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecDemand {
    /// Only by a spec that a person names.
    Off,
    /// By the one that it belongs to, where there is one.
    Auto,
    /// A change without one is not reviewed.
    Required,
}

/// Whether the desktop shows that a review in the background ended with something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notifications {
    Off,
    /// By `notify-send`, where it is installed.
    Desktop,
}

/// What a push does with the answer of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrePush {
    Off,
    /// The push does not wait; the review is reported when it is done.
    AskLater,
    Warn,
    Block,
    /// Warns for a time, then blocks.
    Ratchet,
}

impl PrePush {
    /// Whether a push needs a review even where nobody agreed to reviews in the background. The
    /// default does not.
    pub fn demands(self) -> bool {
        matches!(self, Self::Warn | Self::Block)
    }
}

/// The key of [`OnFailure`].
pub const ON_FAILURE: &str = "review.on-failure";

/// What a push meets that no review covers, where reviews block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It is stopped where `pre-push` is `block`: who demands reviews means that there is one.
    Auto,
    Warn,
    Block,
}

impl ReviewSettings {
    /// Whether a push that no review covers is stopped where reviews block.
    pub fn refuses_unreviewed(&self) -> bool {
        match self.on_failure {
            OnFailure::Auto => self.pre_push == PrePush::Block,
            OnFailure::Warn => false,
            OnFailure::Block => true,
        }
    }
}

/// The most rounds of fix and review, by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Rounds {
    pub s: u32,
    pub m: u32,
    pub l: u32,
}

impl Rounds {
    /// The most rounds that a change of this size may take.
    pub fn cap(self, size: Size) -> u32 {
        match size {
            Size::S => self.s,
            Size::M => self.m,
            Size::L => self.l,
        }
    }
}
