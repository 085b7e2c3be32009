//! What the run of a spec builds, on what, and how.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::development::reach::Reach;
use crate::domain::development::removal::EarlierVersion;
use crate::domain::development::words::FileRequest;
use crate::domain::model::oid::Oid;
use crate::domain::model::size::Size;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::chosen_role::ChosenRole;
use crate::domain::policy::run_settings::{AskBefore, OnExtension};
use crate::domain::research::decision::ResearchAsked;
use crate::domain::specifying::idea::Idea;

/// What a run builds, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecAbout {
    /// The spec as its file was when the run began, redacted.
    pub spec: SpecCopy,
    /// The spec's own id.
    pub spec_id: String,
    pub title: String,
    /// The ids of its criteria, and of those among them that a person is to look at.
    pub criteria: Vec<String>,
    pub for_people: Vec<String>,
    /// The paths that it allows to change; empty where it names none.
    pub touches: Vec<String>,
    /// The size that its author states; `None` where a model is asked.
    pub stated_size: Option<Size>,
    /// The size by what can be counted.
    pub counted_size: Size,
    pub mode: RunMode,
    /// The commit that it is built on, its tree, and the branch that it is the tip of.
    pub base: Oid,
    pub base_tree: Oid,
    pub base_name: String,
    /// The same in full: `refs/heads/main`.
    pub base_ref: String,
    /// The branch that the result is published as, without `refs/heads/`.
    pub branch: String,
    pub started: Timestamp,
    /// The seed of nonces, in hexadecimal.
    pub seed: String,
    /// The hash of the policy, of the test commands and of who builds: another one is another run.
    pub asked: String,
    /// The report of a bug that is to be repaired, redacted; `None` where a spec is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The idea of which a spec is written first; `None` where a spec or a report is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idea: Option<Idea>,
    #[serde(default)]
    pub options: RunOptions,
    /// What people said of research before the plan, and the signs that the spec has.
    #[serde(default)]
    pub research: ResearchAsked,
    #[serde(default)]
    pub purpose: RunPurpose,
    /// What is known of the versions that were built before; `None` where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierVersion>,
    /// The documents of the base that are held against what is built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunPurpose {
    #[default]
    Build,
    /// It ends with what research found.
    Research,
}

impl RunPurpose {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Research => "research",
        }
    }
}

/// How far a run goes; the later is the farther.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunUntil {
    /// Its plan and its tasks are there.
    Plan,
    /// All of its tasks are built.
    Code,
    #[default]
    End,
}

/// Before there were more of them it was said whether a run was only to be planned.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredUntil {
    PlanOnly(bool),
    Until(RunUntil),
}

fn until<'de, D: serde::Deserializer<'de>>(from: D) -> Result<RunUntil, D::Error> {
    Ok(match StoredUntil::deserialize(from)? {
        StoredUntil::PlanOnly(true) => RunUntil::Plan,
        StoredUntil::PlanOnly(false) => RunUntil::End,
        StoredUntil::Until(until) => until,
    })
}

/// What a person chose for one run alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// Whether what is built in fast mode is published.
    pub commits: bool,
    /// How far it goes before its person has it go on.
    #[serde(alias = "plan_only", deserialize_with = "until")]
    pub until: RunUntil,
    /// Who does what in it, beside the settings.
    pub roles: Vec<ChosenRole>,
    /// After how many tasks each its person is asked; 0 for never.
    pub ask_every: usize,
    /// How many tasks are built side by side at most, where they are independent of each other; 0 and 1 are one after the other.
    pub tasks_at_once: usize,
    /// Whether nobody is asked any more.
    pub autopilot: bool,
    pub extend: OnExtension,
    /// What takes a yes before it is committed, beside what its mode asks about.
    pub ask_before: Vec<AskBefore>,
}

impl SpecAbout {
    /// Its size, where nobody has to be asked for it.
    pub fn known_size(&self) -> Option<Size> {
        match self.mode {
            RunMode::Fast => Some(Size::S),
            RunMode::Auto | RunMode::Manual => self.stated_size,
        }
    }

    /// Whether a person's yes is needed before a change of that reach is committed.
    pub fn asks_before(&self, reach: Reach) -> bool {
        let asked =
            || self.mode == RunMode::Manual || self.options.ask_before.contains(&reach.asked_by());
        self.mode != RunMode::Fast && !self.options.autopilot && asked()
    }

    /// Whether a task may change a file that its executor asks for, without a question.
    pub fn grants(&self, asked: &FileRequest) -> bool {
        let by_policy = || {
            let is_granted = self.options.extend == OnExtension::Grant;
            is_granted && self.mode == RunMode::Auto && asked.is_of_spec
        };
        self.options.autopilot || by_policy()
    }

    /// Whether it only looks into things.
    pub fn is_research_only(&self) -> bool {
        self.purpose == RunPurpose::Research
    }

    /// Whether what is built appears in the person's repository.
    pub fn is_published(&self) -> bool {
        !self.is_research_only() && (self.mode != RunMode::Fast || self.options.commits)
    }
}

impl SpecAbout {
    /// What is built, for people.
    pub fn in_words(&self) -> String {
        format!("the {} `{}`", self.kind(), printable(&self.spec_id))
    }

    /// What is built, in one word.
    pub fn kind(&self) -> &'static str {
        if self.report.is_some() { "bug" } else { "spec" }
    }

    /// The command that begins another run of it.
    pub fn command(&self) -> String {
        match (&self.report, &self.idea) {
            (Some(_), _) => "`tribunal fix` with the same report".to_owned(),
            (_, Some(_)) => "`tribunal run` with the same text".to_owned(),
            _ => format!("`tribunal run {}`", printable(&self.spec_id)),
        }
    }

    /// What tells one source from another.
    pub fn source_hash(&self) -> String {
        let of = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        match (&self.report, &self.idea) {
            (Some(report), _) => of(report),
            (_, Some(idea)) => of(&one_line(&idea.text)),
            _ => self.spec.hash.clone(),
        }
    }
}

/// Whether a person is asked between the stages; the later asks more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunMode {
    /// Nobody is asked but where nothing else helps.
    #[default]
    Auto,
    /// A person says yes to the plan, the tasks and the result.
    Manual,
    /// What is small is built without a plan and without a review.
    Fast,
}

impl RunMode {
    /// The word used in output and for `--mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
            Self::Fast => "fast",
        }
    }
}
