//! The `[review]` settings: when changes are reviewed, and what a review may use.

use std::time::Duration;

use serde::Deserialize;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    Warn,
    Block,
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
