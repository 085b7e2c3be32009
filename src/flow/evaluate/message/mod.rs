//! Computes the commit message that git stores from the file that git passes to `commit-msg`.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::flow::context::Context;
use crate::platform::git::repo::Repo;

#[cfg(test)]
mod tests;

/// What git does to the file before it becomes the message (`git commit --cleanup`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Comment lines go, and everything from the scissors on.
    Strip,
    /// Everything from the scissors on goes.
    Scissors,
    /// All of it stays.
    Keep,
}

/// The line that `git commit --verbose` puts above the diff, after the comment string.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// Predicts git's cleanup: `commit.cleanup`, else by whether an editor is used; git sets `GIT_EDITOR`
/// to `:` where none is. Hooks cannot see `--cleanup`.
pub fn cleanup(context: Context<'_>) -> Result<Cleanup> {
    let edited = context.env.text("GIT_EDITOR") != Some(":");
    let setting = context.repo.config("commit.cleanup")?.unwrap_or_default();
    Ok(match setting.as_slice() {
        b"verbatim" | b"whitespace" => Cleanup::Keep,
        b"strip" => Cleanup::Strip,
        b"scissors" if edited => Cleanup::Scissors,
        _ if edited => Cleanup::Strip,
        _ => Cleanup::Keep,
    })
}

/// What starts a comment: `core.commentString` or `core.commentChar`, `#` without them. For `auto`
/// git takes a character that the message does not use and starts the last lines with it.
pub fn comment_string(repo: &Repo, text: &[u8]) -> Result<BString> {
    let setting = match repo.config("core.commentString")? {
        Some(setting) => Some(setting),
        None => repo.config("core.commentChar")?,
    };
    Ok(match setting {
        Some(setting) if setting == "auto" => {
            let last = text.lines().rev().find_map(|line| line.first());
            let mark = last.filter(|byte| b"#;@!$%^&|:".contains(byte));
            BString::from(vec![*mark.unwrap_or(&b'#')])
        }
        Some(setting) if !setting.is_empty() => setting,
        _ => BString::from("#"),
    })
}

/// The text without what git removes.
pub fn as_committed(text: &[u8], cleanup: Cleanup, comment: &[u8]) -> BString {
    let mut kept = BString::default();
    for line in text.lines_with_terminator() {
        let remark = line.strip_prefix(comment);
        if cleanup != Cleanup::Keep && remark.is_some_and(|rest| rest.trim_end() == SCISSORS) {
            break;
        }
        if cleanup != Cleanup::Strip || remark.is_none() {
            kept.extend_from_slice(line);
        }
    }
    kept
}
