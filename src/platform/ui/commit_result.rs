//! What a commit that a person asked for came to, in words and as JSON.

use serde_json::{Value, json};

use crate::domain::committing::left_out::{LeftOutFile, LeftOutReason, shown};
use crate::domain::committing::result::{CommitEnd, CommitResult};
use crate::domain::model::report::Reported;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, shell_word};
use crate::platform::ui::json::versioned;
use crate::platform::ui::report::{hint_of, json_finding};

/// What was committed, on one line; `None` where nothing was.
pub fn line(result: &CommitResult) -> Option<String> {
    let CommitEnd::Made { commit, .. } = &result.end else { return None };
    let on = match &result.branch {
        Some(branch) => format!("on {}", printable(branch)),
        None => "on no branch (HEAD is detached)".to_owned(),
    };
    let subject = result.message.lines().next().unwrap_or_default();
    let files = counted(result.files.len(), "file");
    Some(format!("committed {} {on}: {} ({files})", commit.short(), printable(subject)))
}

/// That a file is left out, and what is to be done about it.
pub fn left_out(file: &LeftOutFile) -> [String; 2] {
    let (path, (_, why)) = (shown(&file.path), because(file));
    [format!("left out `{path}`: {why}"), hint(file)]
}

fn because(file: &LeftOutFile) -> (String, String) {
    match &file.because {
        LeftOutReason::Stopped(found) | LeftOutReason::Named(found) => {
            let finding = &found.finding;
            (format!("{}/{}", finding.gate, finding.rule), finding.message.clone())
        }
        LeftOutReason::Repository => {
            let why = "it is a repository of its own, and no module";
            ("nested-repository".to_owned(), why.to_owned())
        }
    }
}

fn hint(file: &LeftOutFile) -> String {
    let path = shell_word(&shown(&file.path));
    match &file.because {
        LeftOutReason::Stopped(found) => hint_of(&found.finding, found.id.as_deref()),
        LeftOutReason::Named(_) => {
            format!(
                "if it holds nothing private, name it: `tribunal commit {path}`; else name it in `.gitignore`"
            )
        }
        LeftOutReason::Repository => {
            format!(
                "`git submodule add` makes it a module; else name it in `.gitignore`, or `git add {path}` it as it is"
            )
        }
    }
}

/// Why nothing was committed; empty where something was.
fn reason(end: &CommitEnd) -> &str {
    match end {
        CommitEnd::Made { .. } => "",
        CommitEnd::Nothing(why) | CommitEnd::Draft(why) | CommitEnd::NoMessage(why) => why,
        CommitEnd::Stopped(_) => "the gates stop it",
        CommitEnd::Refused { .. } => "git, or a hook, refused it",
    }
}

/// All of it for programs.
pub fn json(result: &CommitResult) -> Value {
    let CommitResult { end, branch, files, left_out, message, worded_by } = result;
    let commit = match end {
        CommitEnd::Made { commit, .. } => Some(commit.as_str()),
        _ => None,
    };
    let findings: &[Reported] = match end {
        CommitEnd::Stopped(report) => &report.findings,
        _ => &[],
    };
    let left_out = left_out.iter().map(|file| {
        let (rule, why) = because(file);
        json!({"path": shown(&file.path), "rule": rule, "why": why, "hint": hint(file)})
    });
    versioned(json!({
        "status": end.as_str(),
        "commit": commit,
        "branch": branch,
        "message": message,
        "worded_by": worded_by,
        "files": files.iter().map(shown).collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
        "reason": reason(end),
        "findings": findings.iter().map(json_finding).collect::<Vec<_>>(),
    }))
}
