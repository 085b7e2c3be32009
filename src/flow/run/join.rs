//! Puts a task that was built before its turn upon the commits that were made meanwhile, and tests it there.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::development::suite::{GreenProof, prove_green};
use crate::domain::model::change::TreeEntry;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{ReviewedTask, Snapshot};
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::run::rebase::{NotRebased, Rebased, some_of};
use crate::flow::run::session::SpecSession;
use crate::flow::run::suite;
use crate::flow::workspace::attempt;
use crate::platform::git::diff;

/// What it is put upon, in words.
const MEANWHILE: &str = "what was committed meanwhile";

/// What files are after a change; `None` of one that is gone.
type ChangedFiles = BTreeMap<BString, Option<TreeEntry>>;

impl SpecSession<'_> {
    /// The tree that is to be committed, or why the task is built again: its review saw what it changes, and no file of
    /// that is another one here.
    pub(super) fn join(&self, task: &ReviewedTask) -> Result<SpecOutcome> {
        Ok(match self.joined(task)? {
            Ok(tree) => SpecOutcome::Joined(Ok(tree)),
            Err(NotRebased::Escalated(why)) => SpecOutcome::Joined(Err(why)),
            Err(NotRebased::Failed(why)) => SpecOutcome::Failed(CallFailure::Infrastructure(why)),
        })
    }

    fn joined(&self, task: &ReviewedTask) -> Rebased<Oid> {
        let progress = self.run.progress();
        let begun = progress.begun.as_ref().context("nothing was begun ahead")?;
        let (upon, onto) = (&begun.upon, progress.tip(&self.run.about));
        let number = begun.before + 1;
        let name = |what: &str| format!("{}-{what}", attempt::ref_of(&self.run.id, number));
        let commit = |tree: &Oid, parent: &Oid, what: &str, message: &str| {
            attempt::save_as(self.private, &name(what), tree, Some(parent), message)
        };
        // What was built ahead is kept, whatever becomes of it.
        let judged =
            commit(&task.tree, &upon.commit, "ahead", "wip: the task as it was reviewed\n")?;
        let changed = |from: &Oid, to: &Oid| -> Result<ChangedFiles> {
            let files = diff::trees(&self.private.objects, Some(from), Some(to))?;
            Ok(files.into_iter().map(|file| (file.path, file.new)).collect())
        };
        let (others, own) = (changed(&upon.tree, &onto.tree)?, changed(&upon.tree, &task.tree)?);
        let shared: Vec<&BString> = own.keys().filter(|path| others.contains_key(*path)).collect();
        if !shared.is_empty() {
            let why = format!("a task that was committed meanwhile changed {}", named(&shared));
            return Ok(Err(NotRebased::Escalated(vec![why])));
        }
        let tree = match self.merged(&upon.commit, &onto.commit, &judged, MEANWHILE)? {
            Ok(tree) => tree,
            Err(not) => return Ok(Err(not)),
        };
        // Git follows folders that were renamed.
        let merged = changed(&onto.tree, &tree)?;
        if merged != own {
            let is_other = |(path, new): &(&BString, _)| own.get(*path) != Some(*new);
            let moved = merged.iter().filter(is_other).map(|(path, _)| path);
            let why =
                format!("it is not as it was reviewed in {}", named(&moved.collect::<Vec<_>>()));
            return Ok(Err(NotRebased::Escalated(vec![why])));
        }
        let message = "wip: the task upon what was committed meanwhile\n";
        let commit = commit(&tree, &onto.commit, "joined", message)?;
        let effective = &*self.effective()?;
        let at = Snapshot { tree: tree.clone(), commit };
        let now = match self.suite_of(effective, &onto, &at, MEANWHILE)? {
            Ok(suite) => suite,
            Err(not) => return Ok(Err(not)),
        };
        let before = suite::after(self.folder, progress.built.len())?;
        let failing = task.red.as_ref().map_or(&[][..], |red| &red.failing);
        Ok(match prove_green(&before, failing, &now) {
            GreenProof::Green(_) => {
                suite::keep_joined(self.folder, &self.run, &now)?;
                Ok(tree)
            }
            GreenProof::NotRun(why) => Err(NotRebased::Failed(why)),
            GreenProof::Red(why) | GreenProof::Lost(why) => Err(NotRebased::Escalated(why)),
        })
    }
}

fn named(paths: &[&BString]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| shown_path(path)).collect();
    some_of(&shown)
}
