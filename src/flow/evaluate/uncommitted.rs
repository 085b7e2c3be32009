//! Finds what of the policy is not committed, and says what it will change.

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::gates::policy_files::{
    BASELINE_FILE, POLICY_FILE, RULES_FILE, RULES_FOLDER, is_policy_path,
};
use crate::domain::model::notice::Warning;
use crate::domain::policy::difference::differences;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::{settings_of_head, settings_once_committed};
use crate::platform::git::command::succeeded;

/// How many files, and how many effects, one line names.
const NAMED_MAX: usize = 3;

/// What of the policy is not committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncommittedPolicy {
    pub files: Vec<UncommittedFile>,
    /// What the settings will make different, or why they cannot be used; `None` where they are committed.
    pub settings: Option<Result<Vec<String>, String>>,
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
    // Where a folder has the file's name, what is in it is listed.
    let is_settings = |file: &UncommittedFile| {
        file.path
            .strip_prefix(POLICY_FILE)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let settings = if files.iter().any(is_settings) {
        match (settings_of_head(context), settings_once_committed(context)) {
            (Ok(now), Ok(next)) => Some(Ok(differences(&now, &next))),
            (_, Err(problem)) if problem.file == POLICY_FILE => {
                Some(Err(format!("{problem} (hint: {})", problem.hint)))
            }
            // What else cannot be read is an error of the command itself.
            _ => None,
        }
    } else {
        None
    };
    Ok(Some(UncommittedPolicy { files, settings }))
}

impl UncommittedPolicy {
    /// All of it in one line.
    pub fn line(&self) -> String {
        let file = |file: &UncommittedFile| format!("`{}` ({})", file.path, file.state.as_str());
        let files = some_of(self.files.iter().map(file).collect(), ", ");
        let effect = match &self.settings {
            None => "until it is, what is committed holds".to_owned(),
            Some(Err(problem)) => format!("it cannot be used: {problem}"),
            Some(Ok(told)) if told.is_empty() => "it changes no setting".to_owned(),
            Some(Ok(told)) => {
                format!("{} once `{POLICY_FILE}` is committed", some_of(told.clone(), ", "))
            }
        };
        format!("not committed: {files}: {effect}")
    }
}

fn some_of(mut all: Vec<String>, between: &str) -> String {
    let more = all.len().saturating_sub(NAMED_MAX);
    all.truncate(NAMED_MAX);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(between)
}
