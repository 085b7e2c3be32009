//! Agents: roles, routes, and what calls cost.

use serde::{Deserialize, Serialize};

use crate::domain::model::text::counted;

/// The role of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Researcher,
    /// Writes code. The only role that may write.
    Executor,
    /// Reviews a change.
    Reviewer,
    /// Tries to break what was built.
    Attacker,
    /// Compares one finding with the spec and the change.
    Arbiter,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Researcher, Self::Executor, Self::Reviewer, Self::Attacker, Self::Arbiter];

    /// The word used in settings and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Executor => "executor",
            Self::Reviewer => "reviewer",
            Self::Attacker => "attacker",
            Self::Arbiter => "arbiter",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From how many vendors executor and reviewer come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Route {
    /// Executor and reviewer are of different vendors.
    A,
    /// One vendor, fresh processes that share nothing.
    B,
    /// No agent: the deterministic gates alone.
    C,
}

impl Route {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// What the route means, for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::A => "A: one vendor's agent writes, another vendor's reviews",
            Self::B => "B: one vendor's agents write and review, so reviews are not independent",
            Self::C => "C: no AI agent; the gates work, reviews are off",
        }
    }

    /// Whether a review on this route came from another vendor than the code.
    pub fn is_independent(self) -> bool {
        self == Self::A
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Money, in millionths of a US dollar.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Money(pub u64);

impl Money {
    /// From dollars as a program reports them. A sum below zero or no number at all is `None`.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be finite, positive and far below the limit"
        )]
        (dollars.is_finite() && (0.0..1e12).contains(&dollars))
            .then(|| Self((dollars * 1e6).round() as u64))
    }

    pub fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "sums of money are far below 2^52")]
        let micros = self.0 as f64;
        micros / 1e6
    }
}

impl std::ops::Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, money| sum + money)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = if self.0 != 0 && self.0 < 1_000_000 { 4 } else { 2 };
        write!(f, "${:.decimals$}", self.dollars())
    }
}

/// Tokens of one call, as reported. `None` is unknown, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// All input, what came from a cache included.
    pub input: Option<u64>,
    /// The part of the input that came from a cache.
    pub cached: Option<u64>,
    /// All output, reasoning included.
    pub output: Option<u64>,
}

/// What one call cost, as reported; unknown is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub tokens: Tokens,
    /// As the program reported it, or computed from the price table.
    pub money: Option<Money>,
}

/// What several calls cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub calls: usize,
    /// What is known of it.
    pub money: Money,
    /// The calls whose cost is unknown.
    pub unknown: usize,
}

impl std::fmt::Display for Spent {
    /// `3 calls, $0.12`; what is unknown is never added as nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { calls, money, unknown } = self;
        write!(f, "{}, ", counted(*calls, "call"))?;
        match *unknown {
            0 => write!(f, "{money}"),
            unknown if unknown == *calls => f.write_str("cost unknown"),
            unknown => write!(f, "at least {money}, {unknown} unknown"),
        }
    }
}
