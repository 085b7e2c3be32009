//! Where a spec's file comes from: saved by its person, or brought by git.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::domain::spec::identity;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

/// Whether a file of that content is as the checked-out commit has it, and was committed by somebody else or
/// before that time: a pull or a checkout brought it, and nobody here saved it. What cannot be told counts as
/// that.
pub fn is_foreign(repo: &Repo, path: &Path, hash: &str, since: Timestamp) -> Result<bool> {
    let with = |start: &str| {
        let mut word = OsString::from(start);
        word.push(path);
        word
    };
    let committed = repo.git().args(["cat-file", "blob"]).arg(with("HEAD:")).capture()?;
    if !committed.status.success() || identity::hash(&committed.stdout) != hash {
        return Ok(false);
    }
    let last = repo.git().args(["log", "-1", "--format=%ct %ce", "HEAD", "--"]);
    let last = last.arg(with(":(top,literal)")).capture()?;
    let last = succeeded(&last, "git log")?.trim().to_str_lossy().into_owned();
    let Some((seconds, by)) = last.split_once(' ') else { return Ok(true) };
    let is_later = seconds.parse().is_ok_and(|seconds: i64| seconds >= since.as_second());
    Ok(!is_later || email(repo)?.is_none_or(|own| !own.eq_ignore_ascii_case(by)))
}

/// The address that commits of this person have.
fn email(repo: &Repo) -> Result<Option<String>> {
    let ident = repo.git().args(["var", "GIT_COMMITTER_IDENT"]).capture()?;
    let ident = ident.stdout.to_str_lossy();
    let inside = ident.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    Ok(inside.map(|(email, _)| email.to_owned()))
}
