//! Finds what a command changed of the files that were checked out for it.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::flow::workspace::checkout::{CHECKOUT_TIME, Workspace};
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

/// The checked-out files that are not what they were: written to, replaced or removed. New files do not
/// count: builds make them. Nor does a file that was written anew with what it held.
pub fn changed_files(workspace: &Workspace, repo: &Repo) -> Result<Vec<BString>> {
    let (work, index) = (workspace.work(), workspace.index());
    let names = |command: &[&str]| -> Result<Vec<BString>> {
        let git = repo.git_into(&work, &index).deadline(CHECKOUT_TIME);
        let output = git
            .args(["-c", "diff.autoRefreshIndex=true"])
            .args(command)
            .args(["-z", "--name-only", "--ignore-submodules=all"])
            .capture()?;
        let names = succeeded(&output, "git diff")?.split_str("\0");
        Ok(names.filter(|name| !name.is_empty()).map(BString::from).collect())
    };
    // By sizes and times alone: in most cases that is all.
    if names(&["diff-files"])?.is_empty() {
        return Ok(Vec::new());
    }
    // This looks into the files, as git would take them in. No setting of the person's has a say.
    let plain = ["diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-relative"];
    names(&[&plain[..], &["-O/dev/null"]].concat())
}
