//! Variables that have git work in another place than the one a person stands in.

use anyhow::Result;

use crate::cli::invocation::Invocation;
use crate::domain::model::error::hinted;
use crate::domain::model::terminal::printable;
use crate::flow::commit::index_ahead::{RecoveredIndex, recover};
use crate::flow::setup::install::real;
use crate::platform::git::repo::Repo;
use crate::platform::ui::out;

/// Refuses what would commit or push in another place than `git` itself would at this prompt. Who names the repository
/// has said which one is meant.
///
/// # Errors
///
/// Where `GIT_DIR`, `GIT_WORK_TREE` or `GIT_INDEX_FILE` names something else than the repository has.
pub fn refuse_elsewhere(invocation: &Invocation, repo: &Repo) -> Result<()> {
    let here = [
        ("GIT_DIR", Some(repo.git_dir.clone())),
        ("GIT_WORK_TREE", repo.work_tree.clone()),
        ("GIT_INDEX_FILE", Some(repo.git_dir.join("index"))),
    ];
    for (name, here) in here {
        let Some(named) = invocation.env.path(name) else { continue };
        let is_here = here.is_some_and(|here| real(&here) == real(&named));
        if !is_here && invocation.global.repo.is_none() {
            return Err(hinted(
                format!(
                    "`{name}` has git work elsewhere: `{}`",
                    printable(&named.display().to_string())
                ),
                format!(
                    "`unset {name}` has the repository of this folder meant, and so does `--repo .`"
                ),
            ));
        }
    }
    Ok(())
}

/// Brings the index into line where a `tribunal commit` was killed, and says so.
pub fn recover_index(repo: &Repo) {
    match recover(repo) {
        Ok(None) => {}
        Ok(Some(RecoveredIndex::AsBefore)) => out::talk(
            "a `tribunal commit` was killed before git committed: what is staged is as it was before",
        ),
        Ok(Some(RecoveredIndex::AsCommitted)) => out::talk(
            "a `tribunal commit` was killed after git committed: what was committed is not staged any more",
        ),
        Err(error) => out::warn(&format!(
            "what is staged may not be as before a `tribunal commit` that was killed: {error:#}"
        )),
    }
}
