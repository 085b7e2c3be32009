//! What a task takes out that is no longer asked for: which tests may go, and whether what they showed is gone.

use std::fmt::Write as _;

use anyhow::Result;
use bstr::BStr;

use crate::domain::development::removal::Removal;
use crate::domain::development::suite::{GreenProof, RedTest, SuiteRun, prove_green};
use crate::domain::model::change::FileMode;
use crate::domain::pipeline::spec_run::stage::Snapshot;
use crate::flow::run::session::SpecSession;
use crate::flow::run::suite;
use crate::flow::workspace::attempt;
use crate::flow::workspace::checkout::Ignored;

impl SpecSession<'_> {
    /// What the task that is built now may take out.
    pub(super) fn removal(&self) -> Option<Removal<'_>> {
        self.removal_of(self.run.progress().before())
    }

    /// What the task at that place may take out.
    pub(super) fn removal_of(&self, place: usize) -> Option<Removal<'_>> {
        let earlier = self.run.about.earlier.as_ref()?;
        earlier.removal(self.run.progress().criteria_of(place))
    }

    /// What ran before the task at that place and has to run after it.
    pub(super) fn kept_of(&self, place: usize, before: SuiteRun) -> SuiteRun {
        match self.removal_of(place) {
            Some(removal) => removal.without(&before),
            None => before,
        }
    }

    /// Weighs a run of the tests upon code of the task that is built now.
    pub(super) fn weigh_green(
        &self,
        red: &[RedTest],
        at: &Snapshot,
        now: &SuiteRun,
    ) -> Result<GreenProof> {
        let before = suite::before_task(self.folder, &self.run)?;
        let Some(removal) = self.removal() else { return Ok(prove_green(&before, red, now)) };
        let proof = prove_green(&removal.without(&before), red, now);
        if !matches!(proof, GreenProof::Green(_)) {
            return Ok(proof);
        }
        let mut put_back = Vec::new();
        for files in removal.files() {
            let Some(at) = self.put_back(&files, at)? else { continue };
            let suite = self.test(&at, Ignored::Go)?;
            if let Some(why) = suite.not_run() {
                return Ok(GreenProof::NotRun(why));
            }
            put_back.push(suite);
        }
        Ok(match removal.weigh_put_back(&before, now, &put_back) {
            GreenProof::Green(_) => proof,
            other => other,
        })
    }

    /// That code with files of earlier tests as they were before; `None` where they are so.
    fn put_back(&self, files: &[&str], at: &Snapshot) -> Result<Option<Snapshot>> {
        let (objects, before) = (&self.private.objects, self.head().tree);
        let mut entries = String::new();
        for path in files {
            let name = BStr::new(*path);
            let (was, is) = (objects.entry(&before, name)?, objects.entry(&at.tree, name)?);
            if let Some(was) = was.filter(|was| was.is_regular() && Some(was) != is.as_ref()) {
                let mode = if was.mode == FileMode::Executable { "100755" } else { "100644" };
                let _ = write!(entries, "{mode} {}\t{path}\0", was.oid);
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let tree = self.with_entries(&at.tree, &entries)?;
        let commit = attempt::commit(
            self.private,
            &tree,
            Some(&at.commit),
            "wip: the earlier tests put back\n",
        )?;
        Ok(Some(Snapshot { tree, commit }))
    }
}
