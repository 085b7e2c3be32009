//! What the program remembers of the rules it has seen: so that one that a person deleted does not
//! come back, and that a rule is weighed by what happened since it has its status.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::constitution::incident::ForgottenRule;
use crate::domain::constitution::recurrence::component;
use crate::domain::constitution::rule::{Language, Rule, RuleCheck, RuleScope};
use crate::domain::model::class::Class;
use crate::domain::model::error::hinted;
use crate::platform::store::crash::save_point;
use crate::platform::store::file::write_atomic;
use crate::platform::store::ledger::query::RuleStats;

const NAME: &str = "constitution.json";

/// The version that this program reads and writes.
const VERSION: u32 = 1;

/// Every rule that was ever seen in the files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    rules: Vec<Remembered>,
    /// Where a record went that could not be read.
    #[serde(skip)]
    pub set_aside: Option<PathBuf>,
    #[serde(skip)]
    saved: String,
}

/// A rule as it was last seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remembered {
    pub id: String,
    class: Class,
    component: String,
    check: RememberedCheck,
    pub status: String,
    /// When it was first seen with that status, in seconds since 1970.
    pub since: i64,
    /// What had come of it before.
    pub hits_before: u64,
    pub dismissed_before: u64,
    /// The work tree that it stood in when it was last seen in one, where the last commit of that
    /// time did not have it. A record of an older version does not tell.
    #[serde(default)]
    stood: Stood,
    /// Whether a person asked for it to be forgotten since.
    #[serde(default)]
    forgotten: bool,
}

/// Where a rule was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stood {
    #[default]
    Unknown,
    Committed,
    /// In the files of that work tree alone.
    Uncommitted(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum RememberedCheck {
    Regex { pattern: String, on: String },
    AstGrep { pattern: String, language: String, on: String },
    Command { run: String },
    None,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

impl Record {
    /// Reads the record; one that is damaged is set aside, where we may write.
    pub fn load(state_dir: &Path, now: Timestamp, writes: bool) -> Result<Self> {
        let path = state_dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::empty()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read `{}`", path.display()));
            }
        };
        if let Ok(head) = serde_json::from_str::<Head>(&text)
            && head.version > VERSION
        {
            return Err(hinted(
                format!("`{}` is from a newer tribunal", path.display()),
                "install the newer tribunal; nothing was written",
            ));
        }
        if let Ok(record) = serde_json::from_str::<Self>(&text) {
            return Ok(Self { saved: text, ..record });
        }
        if !writes {
            return Ok(Self::empty());
        }
        let stamp = now.strftime("%Y%m%dT%H%M%SZ");
        let aside = state_dir.join(format!("constitution.damaged-{stamp}.json"));
        fs::rename(&path, &aside)
            .with_context(|| format!("could not set `{}` aside", path.display()))?;
        Ok(Self { set_aside: Some(aside), ..Self::empty() })
    }

    fn empty() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    /// Writes the record, if anything in it changed.
    pub fn save(&mut self, state_dir: &Path) -> Result<()> {
        self.rules.sort_by(|a, b| a.id.cmp(&b.id));
        let text = serde_json::to_string_pretty(self)?;
        if text != self.saved && !(self.rules.is_empty() && self.saved.is_empty()) {
            save_point();
            write_atomic(&state_dir.join(NAME), text.as_bytes())?;
            save_point();
            self.saved = text;
        }
        Ok(())
    }

    /// Takes in a rule that stands, with what came of it so far.
    pub fn see(&mut self, rule: &Rule, statistics: RuleStats, now: Timestamp) {
        let status = rule.status.as_str();
        let known = self.rules.iter().position(|known| known.id == rule.id);
        let mut seen = Remembered {
            id: rule.id.clone(),
            class: rule.class.clone(),
            component: component_of(rule),
            check: RememberedCheck::of(&rule.check),
            status: status.to_owned(),
            since: now.as_second(),
            // A rule that is new to us may have hits in a ledger that is not.
            hits_before: if known.is_some() { statistics.hits } else { 0 },
            dismissed_before: if known.is_some() { statistics.dismissed } else { 0 },
            stood: Stood::Unknown,
            forgotten: false,
        };
        let Some(at) = known else {
            self.rules.push(seen);
            return;
        };
        let before = &self.rules[at];
        seen.stood.clone_from(&before.stood);
        seen.forgotten = before.forgotten;
        if before.status == status {
            seen.since = before.since;
            seen.hits_before = before.hits_before;
            seen.dismissed_before = before.dismissed_before;
        }
        self.rules[at] = seen;
    }

    /// Notes that a rule of the last commit was seen.
    pub fn is_committed(&mut self, id: &str) {
        self.note(id, |known| known.stood = Stood::Committed);
    }

    /// Notes that a rule stands in a work tree and the last commit does not have it.
    pub fn is_uncommitted(&mut self, id: &str, top: &Path) {
        let top = top.to_string_lossy().into_owned();
        self.note(id, |known| known.stood = Stood::Uncommitted(top));
    }

    /// Notes that a rule stands in a work tree, whatever was asked for before.
    pub fn is_back(&mut self, id: &str) {
        self.note(id, |known| known.forgotten = false);
    }

    /// Notes that a person asked for a rule to be forgotten.
    pub fn forget(&mut self, id: &str) {
        self.note(id, |known| known.forgotten = true);
    }

    fn note(&mut self, id: &str, what: impl FnOnce(&mut Remembered)) {
        if let Some(known) = self.rules.iter_mut().find(|known| known.id == id) {
            what(known);
        }
    }

    pub fn get(&self, id: &str) -> Option<&Remembered> {
        self.rules.iter().find(|known| known.id == id)
    }

    /// No longer remembers a rule: the program itself put another in its place.
    pub fn drop_rule(&mut self, id: &str) {
        self.rules.retain(|known| known.id != id);
    }

    /// The rules that once stood and are not among those that stand.
    pub fn gone(&self, standing: &[Rule]) -> Vec<ForgottenRule> {
        let gone = self.rules.iter().filter(|known| standing.iter().all(|r| r.id != known.id));
        gone.map(|known| ForgottenRule {
            id: known.id.clone(),
            class: known.class.clone(),
            component: known.component.clone(),
            check: known.check.check(),
        })
        .collect()
    }
}

impl RememberedCheck {
    fn of(check: &RuleCheck) -> Self {
        match check {
            RuleCheck::Regex { pattern, on } => {
                Self::Regex { pattern: pattern.clone(), on: on.as_str().to_owned() }
            }
            RuleCheck::AstGrep { pattern, language, on } => Self::AstGrep {
                pattern: pattern.clone(),
                language: language.as_str().to_owned(),
                on: on.as_str().to_owned(),
            },
            RuleCheck::Command { run } => Self::Command { run: run.clone() },
            RuleCheck::None => Self::None,
        }
    }

    fn check(&self) -> RuleCheck {
        let on = |name: &str| RuleScope::from_name(name).unwrap_or_default();
        match self {
            Self::Regex { pattern, on: name } => {
                RuleCheck::Regex { pattern: pattern.clone(), on: on(name) }
            }
            Self::AstGrep { pattern, language, on: name } => match Language::from_name(language) {
                Some(language) => {
                    RuleCheck::AstGrep { pattern: pattern.clone(), language, on: on(name) }
                }
                None => RuleCheck::None,
            },
            Self::Command { run } => RuleCheck::Command { run: run.clone() },
            Self::None => RuleCheck::None,
        }
    }
}

impl Remembered {
    pub fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    /// Whether no commit had it when it was last seen in this work tree, as far as is known.
    pub fn stood_uncommitted_in(&self, top: &Path) -> bool {
        match &self.stood {
            Stood::Unknown => true,
            Stood::Committed => false,
            Stood::Uncommitted(place) => *place == top.to_string_lossy(),
        }
    }

    /// What came of the rule since it has its status.
    pub fn since_then(&self, statistics: RuleStats) -> (u64, u64) {
        let hits = statistics.hits.saturating_sub(self.hits_before);
        (hits, statistics.dismissed.saturating_sub(self.dismissed_before))
    }
}

/// The component that a rule speaks of, by the folders that its first glob names.
fn component_of(rule: &Rule) -> String {
    let first = rule.paths.iter().find(|path| !path.starts_with('!'));
    let globbed = |part: &str| part.contains(['*', '?', '[', '{']);
    let folders = first.map(String::as_str).unwrap_or_default().split('/');
    let mut path: Vec<&str> = folders.take_while(|part| !globbed(part)).collect();
    path.push("*");
    component(&path.join("/")).to_owned()
}
