//! Who does something in one run alone, as its person chose.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::domain::model::agent::Role;
use crate::domain::model::error::hinted;

/// How hard an agent can be told to think.
const EFFORTS: [&str; 8] = ["default", "none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The agent of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenRole {
    pub role: Role,
    /// Its name in the settings.
    pub agent: String,
    /// Empty for the program's default.
    pub model: String,
    /// Empty for what the settings say.
    pub effort: String,
}

impl ChosenRole {
    /// Reads `ROLE=AGENT[:MODEL[:EFFORT]]`. The name of a model may have colons in it: what stands behind the last
    /// one is an effort where it is the word of one.
    ///
    /// # Errors
    ///
    /// Where there is no such role; where no agent is named; where a word is no effort.
    pub fn read(text: &str) -> Result<Self> {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        let form = || "it is written `ROLE=AGENT`, `ROLE=AGENT:MODEL` or `ROLE=AGENT:MODEL:EFFORT`";
        let Some((role, rest)) = text.split_once('=') else {
            return Err(hinted(format!("`--role {text}` names no agent"), form()));
        };
        let Some(role) = Role::from_name(role) else {
            let known = format!("roles are `{}`", roles.join("`, `"));
            return Err(hinted(format!("there is no role `{role}`"), known));
        };
        let (agent, rest) = rest.split_once(':').unwrap_or((rest, ""));
        if agent.is_empty() {
            return Err(hinted(format!("`--role {text}` names no agent"), form()));
        }
        let (model, effort) = match rest.rsplit_once(':') {
            Some((model, effort)) if effort.is_empty() || EFFORTS.contains(&effort) => {
                (model, effort)
            }
            Some((_, effort)) if effort.chars().all(|c| c.is_ascii_alphabetic()) => {
                let known = format!(
                    "efforts are `{}`; a model with a colon in its name is written with one more behind it",
                    EFFORTS.join("`, `")
                );
                return Err(hinted(format!("there is no effort `{effort}`"), known));
            }
            _ => (rest, ""),
        };
        let [agent, model, effort] = [agent, model, effort].map(str::to_owned);
        Ok(Self { role, agent, model, effort })
    }

    /// The same as settings, each `key=value`.
    pub fn settings(&self) -> Vec<String> {
        let key = format!("agents.{}", self.role);
        let mut words =
            vec![format!("{key}.use={}", self.agent), format!("{key}.model={}", self.model)];
        if !self.effort.is_empty() {
            words.push(format!("{key}.effort={}", self.effort));
        }
        words
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let Self { role, agent, model, effort } = self;
        let more: Vec<String> = [("", model), ("effort ", effort)]
            .iter()
            .filter(|(_, word)| !word.is_empty())
            .map(|(name, word)| format!("{name}{word}"))
            .collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        format!("{role}: {agent}{more}, in this run alone")
    }
}

#[cfg(test)]
mod tests {
    use super::ChosenRole;

    #[test]
    fn an_agent_a_model_and_an_effort_are_told_apart() {
        let read = |text: &str| {
            let ChosenRole { role, agent, model, effort } = ChosenRole::read(text).unwrap();
            format!("{role}|{agent}|{model}|{effort}")
        };
        for (text, wanted) in [
            ("executor=codex", "executor|codex||"),
            ("reviewer=claude:opus", "reviewer|claude|opus|"),
            ("planner=codex:gpt-5.5:high", "planner|codex|gpt-5.5|high"),
            ("planner=codex::high", "planner|codex||high"),
            ("executor=local:llama3:8b", "executor|local|llama3:8b|"),
            ("executor=local:llama3:latest:", "executor|local|llama3:latest|"),
            ("executor=local:llama3:8b:low", "executor|local|llama3:8b|low"),
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        for text in ["executor", "boss=codex", "executor=", "executor=:m", "executor=codex:m:hgih"]
        {
            assert!(ChosenRole::read(text).is_err(), "{text}");
        }
        let chosen = ChosenRole::read("planner=codex:gpt-5.5:high").unwrap();
        assert_eq!(chosen.in_words(), "planner: codex (gpt-5.5, effort high), in this run alone");
        assert_eq!(
            chosen.settings().join(" "),
            "agents.planner.use=codex agents.planner.model=gpt-5.5 \
            agents.planner.effort=high"
        );
    }
}
