//! What `init` proposes for a repository: a pure function of what is there.

pub mod doc_tools;
pub mod facts;
mod neighbours;
mod tests_of;

use std::fmt::Write as _;

use crate::domain::gates::commit_message;
use crate::domain::model::finding::Effect;
use crate::domain::model::text::counted;
use crate::domain::policy::gate_settings::CommitMessage;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::flow::setup::propose::facts::RepoFacts;
use crate::flow::setup::propose::neighbours::{hook_managers, message_checker};
use crate::flow::setup::propose::tests_of::{FoundTests, TestCommand, find_tests};

/// How many of the last commits are looked at, and how many there must be for their form to be a habit.
pub const COMMITS_LOOKED_AT: usize = 50;
const HABIT: usize = 20;

/// How proposed commands stand in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandsAs {
    /// Switched off: every push would wait for them, and the person decides whether it shall.
    Comments,
    Settings,
}

/// What is proposed.
#[derive(Debug)]
pub struct Proposal {
    /// The text of `tribunal.toml`.
    pub policy: String,
    /// What is in it, one line each, for the person.
    pub chosen: Vec<String>,
    /// What the person is told beside it.
    pub notes: Vec<String>,
}

/// Proposes a policy.
pub fn propose(facts: &RepoFacts, commands_as: CommandsAs) -> Proposal {
    let mut proposal = Proposal {
        policy: "# What tribunal holds this repository to. Every key is optional: without one its default \
                 holds.\n# `tribunal config` shows what holds and why. Settings take effect once they are \
                 committed.\n"
            .to_owned(),
        chosen: Vec::new(),
        notes: hook_managers(facts),
    };
    if let Some(checker) = message_checker(facts) {
        let note = format!("{checker}: it checks messages already, so `commit-message` stays off");
        proposal.notes.push(note);
    } else if let Some(count) = habit(&facts.messages) {
        proposal.policy.push_str("\n[gates]\ncommit-message = \"warn\"\n");
        proposal.chosen.push(format!(
            "`commit-message` warns: the last {} follow `<type>(<scope>): <description>`",
            counted(count, "commit")
        ));
    }
    for found in find_tests(facts) {
        match found {
            FoundTests::Proposed(command) => {
                let state = match commands_as {
                    CommandsAs::Comments => "proposed, and switched off; once it is on",
                    CommandsAs::Settings => "switched on:",
                };
                proposal.policy.push_str(&table(&command, commands_as));
                proposal.chosen.push(format!(
                    "`{}` before each push: {state} a push that changes its files waits for it",
                    command.run
                ));
            }
            FoundTests::NotProposed(why) => proposal.notes.push(format!("not proposed: {why}")),
        }
    }
    if proposal.chosen.is_empty() {
        proposal.chosen.push("no setting of its own: the defaults hold".to_owned());
    }
    proposal
}

/// How many commits there are, where all of them would pass the gate of messages.
fn habit(messages: &[String]) -> Option<usize> {
    let form = layers::resolve(&[], &[], FlagSettings::none()).ok()?.policy.gates.commit_message;
    let passes = |message: &String, form: &CommitMessage| {
        commit_message::check(message.as_bytes(), form, Effect::Warn).is_none()
    };
    let all = messages.iter().all(|message| passes(message, &form));
    (messages.len() >= HABIT && all).then_some(messages.len())
}

/// A command as it stands in the policy.
fn table(command: &TestCommand, commands_as: CommandsAs) -> String {
    let list = |items: &[&str]| {
        items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![
        "[[commands]]".to_owned(),
        format!("name = \"{}\"", command.name),
        format!("run = \"{}\"", command.run),
        "on = [\"pre-push\"]".to_owned(),
    ];
    if !command.paths.is_empty() {
        lines.push(format!("paths = [{}]", list(command.paths)));
    }
    lines.push("timeout = \"10m\"".to_owned());
    if !command.share.is_empty() {
        lines.push(format!("share = [{}]", list(command.share)));
    }
    let mut text =
        "\n# The tests before each push that changes these files: it waits for them, every time.\n"
            .to_owned();
    if commands_as == CommandsAs::Comments {
        text.push_str(
            "# To switch it on, take away the `# ` of each line below; `tribunal trust` then shows it and asks.\n",
        );
    }
    for line in lines {
        let mark = if commands_as == CommandsAs::Comments { "# " } else { "" };
        let _infallible = writeln!(text, "{mark}{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::layers;
    use crate::domain::policy::layers::flags::FlagSettings;
    use crate::domain::policy::layers::layer::{Layer, SettingsSource};
    use crate::flow::setup::propose::facts::{PROGRAMS, RepoFacts};
    use crate::flow::setup::propose::{CommandsAs, propose};

    fn facts(messages: &[&str], names: &[&str]) -> RepoFacts {
        RepoFacts {
            messages: messages.iter().map(|&s| s.to_owned()).collect(),
            names: names.iter().map(|&s| s.to_owned()).collect(),
            programs: PROGRAMS.to_vec(),
            ..RepoFacts::default()
        }
    }

    #[test]
    fn the_form_of_messages_is_proposed_where_every_one_has_it() {
        let policy = |messages: &[&str], names: &[&str]| {
            propose(&facts(messages, names), CommandsAs::Comments).policy
        };
        let good = ["feat: a"; 20];
        assert!(policy(&good, &[]).contains("commit-message = \"warn\""));
        let mut but_one = good;
        but_one[7] = "wip";
        let long = format!("feat: {}", "a".repeat(120));
        for messages in [&good[1..], &but_one, &[long.as_str(); 20], &["wow: a"; 20]] {
            assert!(!policy(messages, &[]).contains("commit-message"), "{messages:?}");
        }
        // What has a checker of its own is left to it.
        let proposal = propose(&facts(&good, &[".commitlintrc.json"]), CommandsAs::Comments);
        assert!(!proposal.policy.contains("commit-message"));
        assert!(proposal.notes[0].starts_with("commitlint: "), "{:?}", proposal.notes);
    }

    #[test]
    fn every_proposal_is_a_valid_policy_and_weaker_than_no_default() {
        let names = ["Cargo.toml", "Cargo.lock", "go.mod", "uv.lock", "node_modules", "yarn.lock"];
        let facts = RepoFacts {
            package_json: Some(r#"{"scripts":{"test":"vitest"}}"#.to_owned()),
            python: "pytest".to_owned(),
            ..facts(&["feat: a"; 30], &names)
        };
        for (commands_as, expected) in [(CommandsAs::Comments, 0), (CommandsAs::Settings, 4)] {
            let proposal = propose(&facts, commands_as);
            let text = &proposal.policy;
            assert_eq!(layers::check("tribunal.toml", text), [], "{text}");
            assert!(!layers::weakens_defaults("tribunal.toml", text));
            let layer = Layer { source: SettingsSource::Repository, file: "tribunal.toml", text };
            let policy = layers::resolve(&[layer], &[], FlagSettings::none()).unwrap().policy;
            assert_eq!(policy.commands.len(), expected);
            assert_eq!(proposal.chosen.len(), 5, "{:?}", proposal.chosen);
            // What is switched off becomes valid settings when the marks are taken away.
            let start = text.find("[[commands]]").unwrap();
            let on = text[..start].trim_end_matches("# ").to_owned()
                + &text[start..].replace("\n# ", "\n").replace("\nThe tests", "\n# The tests");
            assert_eq!(
                layers::check("tribunal.toml", &on.replace("\nTo switch", "\n# To switch")),
                []
            );
        }
    }
}
