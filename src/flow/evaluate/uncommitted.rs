//! Finds what of the policy is not committed, and says what it will change.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::constitution::check::compile;
use crate::domain::constitution::rule::{Rule, RulePlace};
use crate::domain::gates::policy_files::{
    BASELINE_FILE, POLICY_FILE, PolicyFiles, PolicyProblem, RULES_FILE, RULES_FOLDER,
    is_policy_path, is_rule_file,
};
use crate::domain::gates::secrets::baseline_file;
use crate::domain::model::notice::Warning;
use crate::domain::model::text::counted;
use crate::domain::policy::difference::differences;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::{read_files, settings_of_head, settings_once_committed};
use crate::platform::git::command::succeeded;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::SETTINGS;

/// How many files, and how many effects, one line names.
const NAMED_MAX: usize = 3;

/// What of the policy is not committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UncommittedPolicy {
    pub files: Vec<UncommittedFile>,
    /// What it will make different, one clause each.
    pub effects: Vec<String>,
    /// What of it cannot be used.
    pub problems: Vec<String>,
}

/// A file of the policy that is not as it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncommittedFile {
    pub path: String,
    pub state: FileState,
}

/// How a file differs from what is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    Staged,
    Edited,
    Deleted,
    Untracked,
    Ignored,
    Conflicting,
}

impl FileState {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Untracked => "untracked",
            Self::Ignored => "ignored by git",
            Self::Conflicting => "with conflicts",
        }
    }

    /// Reads the two letters of `git status`: the index, and the work tree.
    fn read(letters: &[u8]) -> Self {
        match letters {
            b"??" => Self::Untracked,
            b"!!" => Self::Ignored,
            b"AA" | b"DD" | [b'U', _] | [_, b'U'] => Self::Conflicting,
            [_, b'D'] | [b'D', b' '] => Self::Deleted,
            [_, b' '] => Self::Staged,
            _ => Self::Edited,
        }
    }
}

/// Tells in one line what of the policy is not committed: until it is, it does not hold. Gives the line.
pub fn tell(context: Context<'_>) -> Option<String> {
    tell_of(context, find(context))
}

/// As [`tell`], for a check of what is staged, where the gates name what is staged of the policy.
pub fn tell_unstaged(context: Context<'_>) -> Option<String> {
    let found = find(context).map(|found| {
        found.filter(|found| found.files.iter().any(|file| file.state != FileState::Staged))
    });
    tell_of(context, found)
}

fn tell_of(context: Context<'_>, found: Result<Option<UncommittedPolicy>>) -> Option<String> {
    let line = match found {
        Ok(found) => found?.line(),
        Err(error) => format!("whether the policy is committed is not known: {error:#}"),
    };
    context.notify(Warning::PolicyNotCommitted { line: line.clone() });
    Some(line)
}

/// Finds what of the policy is not committed; `None` where all of it is. A bare repository has none.
pub fn find(context: Context<'_>) -> Result<Option<UncommittedPolicy>> {
    let repo = context.repo;
    if repo.work_tree.is_none() {
        return Ok(None);
    }
    let output = repo
        .git()
        .args(["--literal-pathspecs", "status", "--porcelain=v1", "-z", "--no-renames"])
        .args(["--untracked-files=all", "--ignored", "--ignore-submodules=all", "--"])
        .args([POLICY_FILE, BASELINE_FILE, RULES_FILE, RULES_FOLDER])
        .capture()?;
    let mut files = Vec::new();
    for entry in succeeded(&output, "git status")?.split_str("\0") {
        let Some((letters, path)) = entry.split_at_checked(3) else { continue };
        if is_policy_path(path) {
            let state = FileState::read(&letters[..2]);
            files.push(UncommittedFile { path: path.to_str_lossy().into_owned(), state });
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let mut found = UncommittedPolicy { files, ..UncommittedPolicy::default() };
    // Where a folder has the file's name, what is in it is listed.
    let is_settings = |file: &UncommittedFile| {
        let rest = file.path.strip_prefix(POLICY_FILE);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if found.files.iter().any(is_settings) {
        found.look_at_settings(context);
    }
    if !found.files.iter().all(is_settings) {
        found.look_at_rules_and_baseline(context)?;
    }
    Ok(Some(found))
}

impl UncommittedPolicy {
    fn look_at_settings(&mut self, context: Context<'_>) {
        match (settings_of_head(context), settings_once_committed(context)) {
            (Ok(now), Ok(next)) => self.effects.extend(differences(&now, &next)),
            (_, Err(problem)) if problem.file == POLICY_FILE => {
                self.problems.push(format!("{problem} (hint: {})", problem.hint));
            }
            // What else cannot be read is an error of the command itself.
            _ => {}
        }
    }

    fn look_at_rules_and_baseline(&mut self, context: Context<'_>) -> Result<()> {
        let repo = context.repo;
        let Some(top) = &repo.work_tree else { return Ok(()) };
        let now = match repo.head()? {
            Some(head) => read_files(context, &repo.tree_of(&head)?)?,
            None => PolicyFiles::default(),
        };
        let mut next = PolicyFiles::default();
        (next.baseline, next.rules) = (now.baseline.clone(), now.rules.clone());
        let folder = Folder::open(top)?;
        for file in &self.files {
            let text = match folder.read(&file.path, SETTINGS) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => {
                    self.problems.push(format!("{}: it cannot be read: {error}", file.path));
                    continue;
                }
            };
            if file.path == BASELINE_FILE {
                next.baseline = text.unwrap_or_default();
            } else if is_rule_file(file.path.as_bytes()) {
                next.rules.retain(|(path, _)| path.as_slice() != file.path.as_bytes());
                next.rules.extend(text.map(|text| (file.path.as_str().into(), text)));
            }
        }
        let (old, new) = (now.parsed_rules(), next.parsed_rules());
        let patterns = new.rules.iter().filter_map(|rule| compile(rule).err());
        let errors = new.errors.iter().cloned().chain(patterns).filter(|e| !old.errors.contains(e));
        let problems = errors.map(|error| PolicyProblem::from(&error));
        let known = now.baseline_problems();
        let in_baseline = next.baseline_problems();
        let in_baseline = in_baseline.into_iter().filter(|problem| !known.contains(problem));
        for problem in problems.chain(in_baseline) {
            let PolicyProblem { path, line, message, hint, .. } = problem;
            self.problems.push(format!("{path}:{line}: {message} (hint: {hint})"));
        }
        self.effects.extend(rule_differences(&old.rules, &new.rules));
        self.effects.extend(baseline_difference(&now.baseline, &next.baseline));
        Ok(())
    }

    /// All of it in one line.
    pub fn line(&self) -> String {
        let file = |file: &UncommittedFile| format!("`{}` ({})", file.path, file.state.as_str());
        let files = some_of(self.files.iter().map(file).collect());
        let mut said = Vec::new();
        if let Some(problem) = self.problems.first() {
            said.push(format!("cannot be used: {problem}"));
        }
        let once = match self.files.as_slice() {
            [file] => format!("once `{}` is committed", file.path),
            _ => "once they are committed".to_owned(),
        };
        if !self.effects.is_empty() {
            said.push(format!("{} {once}", some_of(self.effects.clone())));
        }
        if said.is_empty() {
            said.push(format!("the same settings and rules hold {once}"));
        }
        format!("not committed: {files}: {}", said.join("; "))
    }
}

fn rule_differences(now: &[Rule], next: &[Rule]) -> Vec<String> {
    let of = |rules: &[Rule], id: &str| {
        // Where it stands changes nothing.
        let rule = rules.iter().find(|rule| rule.id == id).cloned();
        rule.map(|rule| Rule { at: RulePlace::default(), ..rule })
    };
    let mut told = Vec::new();
    for rule in next {
        match of(now, &rule.id) {
            None => told.push(format!("rule `{}` will be new", rule.id)),
            Some(known) if Some(&known) != of(next, &rule.id).as_ref() => {
                told.push(format!("rule `{}` will change", rule.id));
            }
            Some(_) => {}
        }
    }
    let gone = now.iter().filter(|rule| of(next, &rule.id).is_none());
    told.extend(gone.map(|rule| format!("rule `{}` will be gone", rule.id)));
    told
}

fn baseline_difference(now: &[u8], next: &[u8]) -> Option<String> {
    let entries = |text| baseline_file::entries(text).collect::<BTreeSet<&str>>();
    let (now, next) = (entries(now), entries(next));
    let (more, fewer) = (next.difference(&now).count(), now.difference(&next).count());
    let told = match (more, fewer) {
        (0, 0) => return None,
        (more, 0) => format!("{} more", counted(more, "secret")),
        (0, fewer) => format!("{} fewer", counted(fewer, "secret")),
        (more, fewer) => format!("{} more and {fewer} fewer", counted(more, "secret")),
    };
    Some(format!("the baseline will allow {told}"))
}

fn some_of(mut all: Vec<String>) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    all.truncate(NAMED_MAX);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(", ")
}
