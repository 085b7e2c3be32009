//! Agents: roles, routes, and what calls cost.

use serde::{Deserialize, Serialize};

use crate::domain::model::text::counted;

/// The role of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Researcher,
    /// Plans what is to be built.
    Planner,
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
    pub const ALL: [Self; 6] = [
        Self::Researcher,
        Self::Planner,
        Self::Executor,
        Self::Reviewer,
        Self::Attacker,
        Self::Arbiter,
    ];

    /// The word used in settings and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Planner => "planner",
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

impl Role {
    /// How hard an agent in this role thinks where nobody set it: whoever looks for mistakes, or says
    /// that one is none, should not do so in passing. `None` for the program's default.
    pub fn default_effort(self) -> Option<&'static str> {
        match self {
            Self::Planner | Self::Reviewer | Self::Attacker | Self::Arbiter => Some("high"),
            Self::Researcher | Self::Executor => None,
        }
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

/// Who answers: before a call as far as it is known, after it who did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AgentIdentity {
    /// `claude`, `codex`, or the name from the user's settings.
    pub agent: String,
    /// Who made the model: `anthropic`, `openai`, …
    pub family: String,
    /// The program's version; empty where it has none.
    pub version: String,
    /// The model as reported, else as asked for; empty where it is unknown.
    pub model: String,
    /// How hard it thinks; empty for its own default.
    #[serde(default)]
    pub effort: String,
    /// Where it is asked, without a login; empty for the program's own address.
    #[serde(default)]
    pub endpoint: String,
}

impl AgentIdentity {
    /// What of it makes a question another one. Without a model the version stands for the program's
    /// default model.
    pub fn in_question(&self) -> [&str; 5] {
        let version = if self.model.is_empty() { self.version.as_str() } else { "" };
        [&self.agent, version, &self.model, &self.effort, &self.endpoint]
    }
}

impl std::fmt::Display for AgentIdentity {
    /// `codex 0.171.0 (gpt-5.5, effort high)`, and its address where that is not the program's own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.agent)?;
        if !self.version.is_empty() {
            write!(f, " {}", self.version)?;
        }
        match (self.model.as_str(), self.effort.as_str()) {
            ("", "") => {}
            ("", effort) => write!(f, " (effort {effort})")?,
            (model, "") => write!(f, " ({model})")?,
            (model, effort) => write!(f, " ({model}, effort {effort})")?,
        }
        match self.endpoint.as_str() {
            "" => Ok(()),
            endpoint => write!(f, " at {endpoint}"),
        }
    }
}

/// Whether two agents are of one vendor, however its name is written.
pub fn is_same_family(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub calls: usize,
    /// What is known of it.
    pub money: Money,
    /// The part of that which was computed by the price table: an estimate.
    pub estimated: Money,
    /// The calls whose cost is unknown.
    pub unknown: usize,
}

impl std::fmt::Display for Spent {
    /// `3 calls, $0.12`, `about $0.12` by the price table; what is unknown is never added as nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { calls, money, estimated, unknown } = self;
        write!(f, "{}, ", counted(*calls, "call"))?;
        let about = if *estimated == Money(0) { "" } else { "about " };
        match *unknown {
            0 => write!(f, "{about}{money}"),
            unknown if unknown == *calls => f.write_str("cost unknown"),
            unknown => write!(f, "at least {about}{money}, {unknown} unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentIdentity, is_same_family};

    #[test]
    fn who_answers_is_named_as_far_as_it_is_known() {
        let of = |version: &str, model: &str, effort: &str, endpoint: &str| AgentIdentity {
            agent: "codex".to_owned(),
            family: "openai".to_owned(),
            version: version.to_owned(),
            model: model.to_owned(),
            effort: effort.to_owned(),
            endpoint: endpoint.to_owned(),
        };
        for (identity, label) in [
            (of("", "", "", ""), "codex"),
            (of("0.171.0", "gpt-5.5", "high", ""), "codex 0.171.0 (gpt-5.5, effort high)"),
            (of("0.171.0", "", "high", ""), "codex 0.171.0 (effort high)"),
            (of("", "m", "", "http://a/v1"), "codex (m) at http://a/v1"),
        ] {
            assert_eq!(identity.to_string(), label);
        }
        let same = |a: &AgentIdentity, b: &AgentIdentity| a.in_question() == b.in_question();
        let known = of("1", "m", "high", "");
        assert!(same(&known, &of("2", "m", "high", "")), "the model says it");
        assert!(
            !same(&of("1", "", "high", ""), &of("2", "", "high", "")),
            "its default may be another"
        );
        for other in [of("1", "n", "high", ""), of("1", "m", "low", ""), of("1", "m", "high", "a")]
        {
            assert!(!same(&known, &other), "{other}");
        }
        assert!(is_same_family("Anthropic", "anthropic") && !is_same_family("a", "b"));
    }
}
