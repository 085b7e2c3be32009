//! Stores the rules that were seen, so that a deleted one is not learned again and the hits of a rule
//! count from its last change of status.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::constitution::incident::ForgottenRule;
use crate::domain::constitution::recurrence::component;
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleScope};
use crate::domain::model::class::Class;
use crate::domain::model::error::hinted;
use crate::domain::model::language::Language;
use crate::platform::store::crash::save_point;
use crate::platform::store::file;
use crate::platform::store::file::write_atomic;
use crate::platform::store::ledger::query::RuleStats;

const NAME: &str = "constitution.json";

/// The version that this program reads and writes.
const VERSION: u32 = 1;

/// Every rule that was seen in the constitution's files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct RuleMemory {
    version: u32,
    rules: Vec<RememberedRule>,
    /// Where a file that could not be read was moved.
    #[serde(skip)]
    pub set_aside: Option<PathBuf>,
    #[serde(skip)]
    saved: String,
}

/// A rule as it was last seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RememberedRule {
    pub id: String,
    class: Class,
    component: String,
    check: RememberedCheck,
    pub status: String,
    /// When it was first seen with that status, in seconds since 1970.
    pub since: i64,
    /// Its counts before that.
    pub hits_before: u64,
    pub dismissed_before: u64,
    /// Where it was last seen. Files of older versions do not have this.
    #[serde(default)]
    stood: LastSeen,
    /// Whether a person removed it with `tribunal constitution forget`.
    #[serde(default)]
    forgotten: bool,
}

/// Where a rule was last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LastSeen {
    #[default]
    Unknown,
    Committed,
    /// In that work tree, and not in its last commit.
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

impl RuleMemory {
    /// Reads the file; a damaged one is renamed, if `writes`.
    pub fn load(state_dir: &Path, now: Timestamp, writes: bool) -> Result<Self> {
        let path = state_dir.join(NAME);
        let text = match file::read_text(&path) {
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

    /// Writes the file, if anything changed.
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

    /// Adds or updates a rule that is in the files, with its counts.
    pub fn see(&mut self, rule: &Rule, statistics: RuleStats, now: Timestamp) {
        let status = rule.status.as_str();
        let known = self.rules.iter().position(|known| known.id == rule.id);
        let mut seen = RememberedRule {
            id: rule.id.clone(),
            class: rule.class.clone(),
            component: component_of(rule),
            check: RememberedCheck::of(&rule.check),
            status: status.to_owned(),
            since: now.as_second(),
            // A rule that is new here may have hits in an older ledger.
            hits_before: if known.is_some() { statistics.hits } else { 0 },
            dismissed_before: if known.is_some() { statistics.dismissed } else { 0 },
            stood: LastSeen::Unknown,
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

    /// Notes that the last commit has a rule.
    pub fn is_committed(&mut self, id: &str) {
        self.note(id, |known| known.stood = LastSeen::Committed);
    }

    /// Notes that a work tree has a rule and its last commit does not.
    pub fn is_uncommitted(&mut self, id: &str, top: &Path) {
        let top = top.to_string_lossy().into_owned();
        self.note(id, |known| known.stood = LastSeen::Uncommitted(top));
    }

    /// Notes that a work tree has a rule again.
    pub fn is_back(&mut self, id: &str) {
        self.note(id, |known| known.forgotten = false);
    }

    /// Notes that a person removed a rule.
    pub fn forget(&mut self, id: &str) {
        self.note(id, |known| known.forgotten = true);
    }

    fn note(&mut self, id: &str, what: impl FnOnce(&mut RememberedRule)) {
        if let Some(known) = self.rules.iter_mut().find(|known| known.id == id) {
            what(known);
        }
    }

    pub fn get(&self, id: &str) -> Option<&RememberedRule> {
        self.rules.iter().find(|known| known.id == id)
    }

    /// Removes a rule that the program itself replaced.
    pub fn drop_rule(&mut self, id: &str) {
        self.rules.retain(|known| known.id != id);
    }

    /// The rules that were seen before and are not among the existing ones.
    pub fn gone(&self, current: &[Rule]) -> Vec<ForgottenRule> {
        let gone = self.rules.iter().filter(|known| current.iter().all(|r| r.id != known.id));
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

impl RememberedRule {
    pub fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    /// Whether it was last seen uncommitted in this work tree; true where that is not known.
    pub fn stood_uncommitted_in(&self, top: &Path) -> bool {
        match &self.stood {
            LastSeen::Unknown => true,
            LastSeen::Committed => false,
            LastSeen::Uncommitted(place) => *place == top.to_string_lossy(),
        }
    }

    /// Its hits and dismissals since its last change of status.
    pub fn since_then(&self, statistics: RuleStats) -> (u64, u64) {
        let hits = statistics.hits.saturating_sub(self.hits_before);
        (hits, statistics.dismissed.saturating_sub(self.dismissed_before))
    }
}

/// The component that a rule covers, by the folders of its first glob.
fn component_of(rule: &Rule) -> String {
    let first = rule.paths.iter().find(|path| !path.starts_with('!'));
    let globbed = |part: &str| part.contains(['*', '?', '[', '{']);
    let folders = first.map(String::as_str).unwrap_or_default().split('/');
    let mut path: Vec<&str> = folders.take_while(|part| !globbed(part)).collect();
    path.push("*");
    component(&path.join("/")).to_owned()
}
