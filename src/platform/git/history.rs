//! Which commits lead to which.

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::process::Output;

impl Repo {
    /// The newest commit that both have; `None` where their histories have nothing in common.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>> {
        let output = self.git().args(["merge-base", one.as_str(), other.as_str()]).capture()?;
        match output.stdout.trim().to_str() {
            Ok(name) if output.status.success() => Ok(Some(Oid::parse(name)?)),
            _ => Ok(None),
        }
    }

    /// Whether `ancestor` is `descendant` or one of its ancestors, in the history as it is: replace
    /// refs and grafts do not count.
    pub fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
        let output = self
            .git()
            .args(["merge-base", "--is-ancestor", ancestor.as_str(), descendant.as_str()])
            .capture()?;
        match output.code() {
            0 => Ok(true),
            1 => Ok(false),
            _ => bail!("git merge-base failed: {}", output.stderr.trim().as_bstr()),
        }
    }

    /// The commits that `git rev-list` lists for these arguments, oldest first.
    pub fn rev_list<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Vec<Oid>> {
        let output = self
            .git()
            .args(["rev-list", "--topo-order", "--reverse"])
            .args(arguments.iter().map(AsRef::as_ref))
            .capture()?;
        oids(&output, "git rev-list")
    }

    /// As [`Self::rev_list`], for any number of revisions (`oid` or `^oid`), with more arguments.
    pub fn rev_list_of(&self, revisions: &[String], arguments: &[&str]) -> Result<Vec<Oid>> {
        let output = self
            .git()
            .args(["rev-list", "--topo-order", "--reverse", "--stdin"])
            .args(arguments)
            .stdin(revisions.join("\n") + "\n")
            .capture()?;
        oids(&output, "git rev-list")
    }
}

/// The object names that a git command printed, one a line.
fn oids(output: &Output, what: &str) -> Result<Vec<Oid>> {
    let lines = succeeded(output, what)?.lines();
    lines.map(|line| Ok(Oid::parse(line.trim().to_str()?)?)).collect()
}
