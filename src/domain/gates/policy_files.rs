//! The files of a tree that make its policy, and everything that is wrong with them: read here alone,
//! where a policy is read from the base of a change and where a change to it is checked.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::constitution::check::compile;
use crate::domain::constitution::parse::{ParsedRules, duplicates, parse_with};
use crate::domain::constitution::rule::RuleError;
use crate::domain::gates::secrets::baseline_file;
use crate::domain::model::change::FileMode;
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::limits::{
    BLOB_BYTES_MAX, POLICY_FILE_BYTES_MAX, RULE_FILES_MAX, RULES_BYTES_MAX,
};
use crate::domain::model::objects::{Content, ReadObjects, TreeItem};
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::Severity;
use crate::domain::policy::layers;
use crate::domain::policy::layers::problem;
use crate::domain::policy::layers::problem::SettingsProblem;
use crate::domain::policy::own_classes;

/// The settings file at the top of a repository.
pub const POLICY_FILE: &str = "tribunal.toml";

/// The secrets that a repository held before it was first checked.
pub const BASELINE_FILE: &str = ".ai/baseline.txt";

/// The folder of the baseline and the constitution.
pub const AI_FOLDER: &str = ".ai";

/// The constitution's file for rules of every topic.
pub const RULES_FILE: &str = ".ai/constitution.md";

/// The folder of the constitution's topic files.
pub const RULES_FOLDER: &str = ".ai/constitution";

const POLICY_UNREADABLE: &str = "policy-unreadable";
const RULE_UNREADABLE: &str = "rule-unreadable";

/// Whether a finding names what cannot be used of a policy.
pub fn is_unreadable(finding: &Finding) -> bool {
    [POLICY_UNREADABLE, RULE_UNREADABLE].contains(&finding.rule.as_str())
}

/// What is said of a link in place of a file or a folder.
pub const LINK: &str = "it is a symbolic link, which is not followed";

/// What to do about a link or another thing in place of a file.
pub const PLAIN: &str = "put the file or folder itself there";

/// What a tree holds of a policy.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    /// `tribunal.toml`; `None` where there is none that can be read.
    pub settings: Option<Vec<u8>>,
    pub baseline: Vec<u8>,
    /// The constitution's files, by path.
    pub rules: Vec<(BString, Vec<u8>)>,
    /// What is there and is not read.
    pub problems: Vec<PolicyProblem>,
    /// What is not in this repository: a partial clone.
    pub missing: Vec<(BString, Oid)>,
    /// What the folder above the constitution holds, and how many of the problems were found there.
    folder: Vec<TreeItem>,
    above_rules: usize,
}

/// One thing of a policy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyProblem {
    pub part: PolicyPart,
    pub path: BString,
    /// From 1.
    pub line: u32,
    /// In characters, from 1; 0 where only the line is known.
    pub column: u32,
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// The part of a policy that a problem spoils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyPart {
    /// The settings as a whole.
    Settings,
    /// One of the settings.
    Setting,
    Baseline,
    /// A file of rules, or a folder of them.
    RuleFile,
    Rule,
}

impl PolicyFiles {
    /// Reads the settings and the baseline of a tree.
    pub fn read(objects: &dyn ReadObjects, tree: &Oid) -> Result<Self> {
        let mut files = Self::default();
        let top = objects.tree(tree)?;
        if let Some(item) = find(&top, POLICY_FILE) {
            let path = BStr::new(POLICY_FILE);
            files.settings =
                files.file(objects, PolicyPart::Settings, path, item, POLICY_FILE_BYTES_MAX)?;
        }
        if let Some(item) = find(&top, AI_FOLDER) {
            let folder = files.folder(objects, BStr::new(AI_FOLDER), item)?;
            files.folder = folder.unwrap_or_default();
        }
        if let Some(item) = find(&files.folder, "baseline.txt").cloned() {
            let path = BStr::new(BASELINE_FILE);
            let text = files.file(objects, PolicyPart::Baseline, path, &item, BLOB_BYTES_MAX)?;
            files.baseline = text.unwrap_or_default();
        }
        files.above_rules = files.problems.len();
        Ok(files)
    }

    /// Reads the files of rules; where some were missing and are here now, anew.
    pub fn read_rules(&mut self, objects: &dyn ReadObjects) -> Result<()> {
        self.rules.clear();
        self.missing.clear();
        self.problems.truncate(self.above_rules);
        let mut open: Vec<(BString, TreeItem)> = Vec::new();
        for (name, path) in [("constitution.md", RULES_FILE), ("constitution", RULES_FOLDER)] {
            open.extend(find(&self.folder, name).map(|item| (BString::from(path), item.clone())));
        }
        let (mut count, mut bytes) = (0, 0);
        while let Some((path, item)) = open.pop() {
            let is_folder =
                matches!(item, TreeItem::Tree { .. }) && path != RULES_FILE || path == RULES_FOLDER;
            // A link in place of a topic's folder would be followed nowhere.
            let is_link = matches!(&item, TreeItem::File { entry, .. }
                if matches!(entry.mode, FileMode::Symlink | FileMode::Submodule));
            if !is_folder && !is_link && !is_rule_file(&path) {
                continue;
            }
            count += 1;
            if count > RULE_FILES_MAX || bytes > RULES_BYTES_MAX {
                let message = format!(
                    "the constitution has more than {RULE_FILES_MAX} files or {} MiB",
                    RULES_BYTES_MAX / 1024 / 1024
                );
                let hint = "retire rules, or merge their files";
                let path = BStr::new(RULES_FOLDER);
                self.problems.push(PolicyProblem::of(PolicyPart::RuleFile, path, message, hint));
                break;
            }
            if is_folder {
                let inner = self.folder(objects, path.as_bstr(), &item)?.unwrap_or_default();
                let below = |item: TreeItem| {
                    (BString::from([path.as_slice(), b"/", item.name()].concat()), item)
                };
                open.extend(inner.into_iter().map(below));
            } else if let Some(text) = self.file(
                objects,
                PolicyPart::RuleFile,
                path.as_bstr(),
                &item,
                POLICY_FILE_BYTES_MAX,
            )? {
                bytes += text.len();
                self.rules.push((path, text));
            }
        }
        self.rules.sort();
        Ok(())
    }

    /// The text of the settings; none, and what is wrong, where it is not UTF-8.
    pub fn settings_text(&self) -> (Option<&str>, Option<SettingsProblem>) {
        match self.settings.as_ref().map(|bytes| bytes.to_str().map_err(|_| bytes)).transpose() {
            Ok(text) => (text, None),
            Err(bytes) => (None, Some(problem::not_utf8(POLICY_FILE, bytes))),
        }
    }

    /// The rules that can be read, with what is wrong with the others.
    pub fn parsed_rules(&self) -> ParsedRules {
        let mut all = ParsedRules::default();
        let own = self.settings_text().0.map(own_classes::names_in).unwrap_or_default();
        for (path, content) in &self.rules {
            let path = path.to_str_lossy();
            if let Some(line) = not_utf8(content) {
                all.errors.push(RuleError {
                    path: path.clone().into_owned(),
                    line,
                    message: "it is not UTF-8".to_owned(),
                    hint: "save it as UTF-8".to_owned(),
                });
            }
            let mut parsed = parse_with(&path, &content.to_str_lossy(), &own);
            all.rules.append(&mut parsed.rules);
            all.errors.append(&mut parsed.errors);
        }
        all.errors.extend(duplicates(&all.rules));
        all
    }

    /// What is wrong with the lines of the baseline.
    pub fn baseline_problems(&self) -> Vec<PolicyProblem> {
        let wrong = baseline_file::wrong_lines(&self.baseline).into_iter().map(|line| {
            let message =
                "the line is no fingerprint of a secret with its rule and path".to_owned();
            let hint = "`tribunal init` writes the file; take the line out, or begin it with `#`";
            let path = BStr::new(BASELINE_FILE);
            PolicyProblem { line, ..PolicyProblem::of(PolicyPart::Baseline, path, message, hint) }
        });
        wrong.collect()
    }

    /// Everything that is wrong with the policy of a tree, whatever its settings switch off.
    pub fn all_problems(objects: &dyn ReadObjects, tree: &Oid) -> Result<Vec<PolicyProblem>> {
        let mut files = Self::read(objects, tree)?;
        files.read_rules(objects)?;
        let parsed = files.parsed_rules();
        let mut problems = std::mem::take(&mut files.problems);
        let (text, unreadable) = files.settings_text();
        let found = text.map(|text| layers::check(POLICY_FILE, text)).unwrap_or_default();
        problems.extend(unreadable.iter().chain(&found).map(PolicyProblem::from));
        problems.extend(files.baseline_problems());
        let patterns = parsed.rules.iter().filter_map(|rule| compile(rule).err());
        let errors: Vec<RuleError> = patterns.collect();
        problems.extend(parsed.errors.iter().chain(&errors).map(PolicyProblem::from));
        Ok(problems)
    }

    /// Reads a file, where it is one.
    fn file(
        &mut self,
        objects: &dyn ReadObjects,
        part: PolicyPart,
        path: &BStr,
        item: &TreeItem,
        most: u64,
    ) -> Result<Option<Vec<u8>>> {
        let entry = match item {
            TreeItem::File { entry, .. } if entry.mode == FileMode::Symlink => {
                return Ok(self.refuse(part, path, LINK));
            }
            TreeItem::File { entry, .. } if entry.mode == FileMode::Submodule => {
                return Ok(self.refuse(part, path, "it is a submodule, not a file"));
            }
            TreeItem::Tree { .. } => {
                return Ok(self.refuse(part, path, "it is a folder, not a file"));
            }
            TreeItem::File { entry, .. } => entry,
        };
        Ok(match objects.content(&entry.oid, most)? {
            Content::Whole(text) => Some(text),
            Content::Missing => {
                self.missing.push((path.to_owned(), entry.oid.clone()));
                None
            }
            Content::TooLarge(_) => {
                let message = format!("it is larger than {} MiB", most / 1024 / 1024);
                let hint = "split it, or shorten it";
                self.problems.push(PolicyProblem::of(part, path, message, hint));
                None
            }
        })
    }

    /// Lists a folder, where it is one.
    fn folder(
        &mut self,
        objects: &dyn ReadObjects,
        path: &BStr,
        item: &TreeItem,
    ) -> Result<Option<Vec<TreeItem>>> {
        let what = match item {
            TreeItem::Tree { oid, .. } => return objects.tree(oid).map(Some),
            TreeItem::File { entry, .. } => match entry.mode {
                FileMode::Symlink => LINK,
                FileMode::Submodule => "it is a submodule, which is not looked into",
                FileMode::File | FileMode::Executable => "it is a file, not a folder",
            },
        };
        let _none: Option<Vec<u8>> = self.refuse(PolicyPart::RuleFile, path, what);
        Ok(None)
    }

    fn refuse(&mut self, part: PolicyPart, path: &BStr, what: &str) -> Option<Vec<u8>> {
        self.problems.push(PolicyProblem::of(part, path, what.to_owned(), PLAIN));
        None
    }
}

impl PolicyProblem {
    fn of(part: PolicyPart, path: &BStr, message: String, hint: &str) -> Self {
        Self { part, path: path.into(), line: 1, column: 0, message, hint: hint.to_owned() }
    }

    /// The finding for a policy that is in force without what is wrong with it.
    pub fn of_base(&self) -> Finding {
        let meanwhile = match self.part {
            PolicyPart::Settings => "the defaults hold until it can be read",
            PolicyPart::Setting => "the rest of the file holds without it",
            PolicyPart::Baseline => "what it names is not known until it can be read",
            PolicyPart::RuleFile => "its rules do not hold until it can be read",
            PolicyPart::Rule => "this rule does not hold until it can be read",
        };
        self.finding(Effect::Warn, &format!("{}; {meanwhile}", self.message))
    }

    /// The finding with that message.
    pub fn finding(&self, effect: Effect, message: &str) -> Finding {
        let (gate, rule) = match self.part {
            PolicyPart::Rule => (Gate::Constitution, RULE_UNREADABLE),
            _ => (Gate::Governance, POLICY_UNREADABLE),
        };
        Finding {
            gate,
            rule: rule.to_owned(),
            class: Class::new("governance/rule-change"),
            severity: Severity::High,
            effect,
            place: Some(Location {
                column: self.column,
                ..Location::line(self.path.clone(), self.line)
            }),
            anchor: String::new(),
            message: message.to_owned(),
            suggestion: self.hint.clone(),
        }
    }
}

impl From<&SettingsProblem> for PolicyProblem {
    fn from(problem: &SettingsProblem) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            part: if problem.spoils_file { PolicyPart::Settings } else { PolicyPart::Setting },
            path: problem.file.as_str().into(),
            line: number(problem.line),
            column: number(problem.column),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}

impl From<&RuleError> for PolicyProblem {
    fn from(error: &RuleError) -> Self {
        Self {
            part: PolicyPart::Rule,
            path: error.path.as_str().into(),
            line: error.line,
            column: 0,
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }
}

/// Whether a path is part of the policy of later changes, or stands in the place of such a file.
pub fn is_policy_path(path: &[u8]) -> bool {
    path == AI_FOLDER.as_bytes()
        || [POLICY_FILE, BASELINE_FILE].iter().any(|file| is_at_or_below(path, file))
        || is_of_constitution(path)
}

/// Whether a path is the constitution's, or stands in the place of one of its files.
pub fn is_of_constitution(path: &[u8]) -> bool {
    [RULES_FILE, RULES_FOLDER].iter().any(|file| is_at_or_below(path, file))
}

fn is_at_or_below(path: &[u8], file: &str) -> bool {
    let rest = path.strip_prefix(file.as_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Whether a path is one of the constitution's files: no temporary file of an editor.
pub fn is_rule_file(path: &[u8]) -> bool {
    let below = path.strip_prefix(RULES_FOLDER.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
    let is_hidden = |name: &[u8]| name.split(|&b| b == b'/').any(|part| part.starts_with(b"."));
    path == RULES_FILE.as_bytes()
        || below.is_some_and(|name| name.ends_with(b".md") && !is_hidden(name))
}

/// The line of the first byte that is not UTF-8.
fn not_utf8(content: &[u8]) -> Option<u32> {
    let valid = content.to_str().err()?.valid_up_to();
    let breaks = memchr::memchr_iter(b'\n', &content[..valid]).count();
    Some(u32::try_from(breaks + 1).unwrap_or(u32::MAX))
}

fn find<'a>(items: &'a [TreeItem], name: &str) -> Option<&'a TreeItem> {
    items.iter().find(|item| item.name() == name)
}
