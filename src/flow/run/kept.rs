//! What a run built that stays with it: its name in the run's own repository, and how a person takes it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::model::text::shell_word;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::result::kept_branch;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};
use crate::flow::run::base;
use crate::flow::workspace::attempt;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;

/// The folder of a run's own repository, in that of the run.
pub const REPOSITORY: &str = "repository";

/// Why a run in fast mode asks for another mode, in the folder of the run.
pub fn escalation(folder: &Path) -> PathBuf {
    folder.join("escalation.md")
}

/// Names the last commit of a run in its own repository.
pub fn keep(private: &Repo, run: &SpecRun, commit: &Oid) -> Result<()> {
    attempt::keep(private, &name(run), commit)
}

/// The files of what stays with a run; `None` where it is there no more.
pub fn files(repo: &Repo, run: &SpecRun) -> Option<Vec<String>> {
    let git_dir = runs::folder(&repo.state_dir(), &run.id).join(REPOSITORY);
    let private = repo.private(&git_dir).ok()?;
    let at = run.progress().built.last()?.at();
    base::files_between(&private, &run.about.base_tree, &at.tree).ok()
}

/// Names what a run built that its person rejected, or has not had accepted yet: it is theirs to take all the same.
pub fn keep_built(private: &Repo, run: &SpecRun) -> Result<()> {
    if run.progress().built.is_empty() {
        return Ok(());
    }
    keep(private, run, &run.progress().tip(&run.about).commit)
}

/// No try has it.
fn name(run: &SpecRun) -> String {
    attempt::ref_named(&run.id, "built")
}

/// The name under which it is there: an earlier version took the one of the next task's first try.
fn known_name(repo: &Repo, run: &SpecRun) -> String {
    let git_dir = runs::folder(&repo.state_dir(), &run.id).join(REPOSITORY);
    let is_there = |name: &str| {
        let private = repo.private(&git_dir).ok();
        private.is_some_and(|private| matches!(private.tip(name), Ok(Some(_))))
    };
    let (name, earlier) = (name(run), attempt::ref_of(&run.id, run.progress().attempt(1)));
    if !is_there(&name) && is_there(&earlier) { earlier } else { name }
}

/// The command that takes what stays with a run, from whatever folder: the changes of one commit, not
/// committed; a branch of what was rejected, or where there is no work tree. `None` where nothing stays.
pub fn command(repo: &Repo, run: &SpecRun) -> Option<String> {
    let is_rejected = match run.stage() {
        SpecStage::Ended(SpecEnd::Kept { .. }) => false,
        SpecStage::Built(_) => {
            return Some(fetch(
                repo,
                &run.id,
                &known_name(repo, run),
                &kept_branch(&run.about.branch),
            ));
        }
        SpecStage::Ended(SpecEnd::Stopped(SpecStop::Rejected(_) | SpecStop::NotRebased(_))) => true,
        _ => return None,
    };
    run.progress().built.last()?;
    let name = known_name(repo, run);
    let Some(top) = repo.work_tree.as_ref().filter(|_| !is_rejected) else {
        return Some(fetch(repo, &run.id, &name, &run.about.branch));
    };
    let (git, from) = (git_in(top), quoted_repository(repo, &run.id));
    Some(format!("{git} fetch --quiet {from} {name} && {git} cherry-pick --no-commit FETCH_HEAD"))
}

/// The command that makes a branch of a ref in the repository of a run, from whatever folder.
pub fn fetch(repo: &Repo, run: &str, name: &str, branch: &str) -> String {
    let (git, from) = (git_in(&repo.common_dir), quoted_repository(repo, run));
    format!("{git} fetch --quiet {from} {name}:refs/heads/{branch}")
}

fn git_in(folder: &Path) -> String {
    format!("git -C {}", quoted(folder))
}

fn quoted_repository(repo: &Repo, run: &str) -> String {
    quoted(&runs::folder(&repo.state_dir(), run).join(REPOSITORY))
}

fn quoted(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}
