//! Whether research is done: what people said of it, else the planner's word and what can be counted.

use serde::{Deserialize, Serialize};

use crate::domain::policy::run_settings::ResearchWhen;
use crate::domain::spec::types::SpecMode;

/// What is known of it before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResearchAsked {
    /// It is done: why.
    Forced(String),
    /// It is not: why.
    Forbidden(String),
    /// The planner's word and these signs decide.
    Open(Vec<String>),
}

impl Default for ResearchAsked {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

/// Who may have a say in it.
#[derive(Clone, Copy, Debug)]
pub struct ResearchWords {
    /// `runs.research` of the person's own settings.
    pub own: ResearchWhen,
    /// `planning.research`, which a repository may set.
    pub policy: ResearchWhen,
    /// `mode` of the spec.
    pub spec: Option<SpecMode>,
}

impl ResearchWords {
    /// The setting that has that value.
    fn key_of(self, wanted: ResearchWhen) -> Option<&'static str> {
        let settings = [("runs.research", self.own), ("planning.research", self.policy)];
        settings.iter().find(|(_, when)| *when == wanted).map(|(key, _)| *key)
    }
}

/// The setting that forbids it.
pub fn forbidden(words: ResearchWords) -> Option<&'static str> {
    words.key_of(ResearchWhen::Never)
}

/// What they come to: a no of anybody counts more than a yes, since what is asked leaves the machine and costs.
pub fn asked(words: ResearchWords, signs: Vec<String>) -> ResearchAsked {
    if let Some(key) = forbidden(words) {
        return ResearchAsked::Forbidden(format!("`{key}` is `never`"));
    }
    match words.spec {
        Some(SpecMode::Direct) => {
            ResearchAsked::Forbidden("the spec says `mode: direct`".to_owned())
        }
        Some(SpecMode::Research) => {
            ResearchAsked::Forced("the spec says `mode: research`".to_owned())
        }
        None => match words.key_of(ResearchWhen::Always) {
            Some(key) => ResearchAsked::Forced(format!("`{key}` is `always`")),
            None => ResearchAsked::Open(signs),
        },
    }
}

/// Why research is done; `None` where it is not. `planner` is the reason of a planner that asks for it.
pub fn decided(asked: &ResearchAsked, planner: Option<&str>) -> Option<String> {
    match asked {
        ResearchAsked::Forced(why) => Some(why.clone()),
        ResearchAsked::Forbidden(_) => None,
        ResearchAsked::Open(signs) => match planner {
            Some(why) => Some(format!("the planner asks for it: {why}")),
            None => (!signs.is_empty()).then(|| signs.join("; ")),
        },
    }
}
