//! Brings the finished commits into the person's repository, as a branch of its own.

use anyhow::Result;

use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::BuiltTask;
use crate::flow::run::branch::NamedBranch;
use crate::flow::run::session::SpecSession;
use crate::platform::git::command::succeeded;

impl SpecSession<'_> {
    /// Copies what the commits have that the person's repository lacks, and makes the branch. Again it changes
    /// nothing; a branch that somebody else made stays.
    pub(super) fn publish(&self, built: &BuiltTask) -> Result<SpecOutcome> {
        let (repo, about) = (self.context.repo, &self.run.about);
        let BuiltTask { task, commit } = built;
        let made = self.private.tree_of(commit)?;
        anyhow::ensure!(
            made == task.tree,
            "the commit {commit} has another tree than the one that was checked"
        );
        let name = format!("refs/heads/{}", about.branch);
        match NamedBranch::find(repo, &about.branch)? {
            Some(there) if there.name == about.branch && there.tip == *commit => {
                return Ok(SpecOutcome::Published);
            }
            Some(there) => {
                let why = format!(
                    "{} was made meanwhile, at {}: remove or rename it, and resume the run",
                    there.in_words(&about.branch),
                    there.tip.short()
                );
                return Ok(SpecOutcome::Failed(CallFailure::Infrastructure(why)));
            }
            // Before it is there: after a kill the branch that was made counts.
            None if self.is_behind()? => return Ok(SpecOutcome::BaseMoved),
            None => {}
        }
        let wanted = format!("{commit}\n^{}\n", about.base);
        let packed = self
            .private
            .git()
            .args(["pack-objects", "--revs", "--stdout", "--quiet"])
            .stdin(wanted)
            .capture()?;
        let pack = succeeded(&packed, "git pack-objects")?.to_vec();
        let unpacked = repo.git().args(["unpack-objects", "-q"]).stdin(pack).capture()?;
        succeeded(&unpacked, "git unpack-objects")?;
        let none = "0".repeat(commit.as_str().len());
        let made = repo
            .git()
            .args(["-c", "core.hooksPath=/dev/null", "update-ref", "-m"])
            .arg(format!("tribunal: {}", about.in_words().replace('`', "")))
            .args([name.as_str(), commit.as_str(), none.as_str()])
            .capture()?;
        match succeeded(&made, "git update-ref") {
            Ok(_) => Ok(SpecOutcome::Published),
            Err(error) => {
                let why = format!("the branch `{}` could not be made: {error:#}", about.branch);
                Ok(SpecOutcome::Failed(CallFailure::Infrastructure(why)))
            }
        }
    }
}
