//! Fast mode: holds what was written to what nobody reviews, and keeps the result with the run.

use std::fmt::Write as _;

use anyhow::Result;

use crate::domain::development::fast_scope;
use crate::domain::development::words::{FileRequest, LastWords};
use crate::domain::model::globs;
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::pipeline::spec_run::about::RunMode;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{BuiltTask, SpecStage};
use crate::flow::run::base::files_between;
use crate::flow::run::kept;
use crate::flow::run::session::{SpecSession, Wanted};
use crate::flow::workspace::attempt;
use crate::platform::store::file;

impl SpecSession<'_> {
    /// That what was written, or what the executor asks for, is more than fast mode builds; `None` where it is
    /// not, and in other modes. Why is written into the folder of the run, for its person.
    pub(super) fn beyond_fast(
        &self,
        wanted: Wanted<'_>,
        tree: &Oid,
        said: &LastWords,
    ) -> Result<Option<SpecOutcome>> {
        // What is no test is refused where tests are written.
        if self.run.about.mode != RunMode::Fast || matches!(wanted, Wanted::Tests) {
            return Ok(None);
        }
        let files = files_between(self.private, &self.head().tree, tree)?;
        let exempt = &self.prepared.effective.policy.gates.scope.exempt;
        let exempt = globs::union_or_plain(exempt.iter().map(String::as_str));
        let mut why = fast_scope::beyond(&files, &exempt);
        let asks = said.extension.iter().map(FileRequest::in_words);
        why.extend(asks.map(|what| format!("the executor asks for more: {what}")));
        if why.is_empty() {
            return Ok(None);
        }
        let page = self.escalation(&why, &files, tree);
        file::write_atomic(&kept::escalation(self.folder.path()), page.as_bytes())?;
        Ok(Some(SpecOutcome::Beyond(why)))
    }

    fn escalation(&self, why: &[String], files: &[String], tree: &Oid) -> String {
        let about = &self.run.about;
        let id = &about.spec_id;
        let mut page = format!("# `{id}` is more than fast mode builds\n\n");
        for line in why {
            let _ = writeln!(page, "- {}", printable(line));
        }
        let (mode, reason) = if fast_scope::wants_person(files) {
            ("manual", "others rely on what it changes: a person should see the plan first")
        } else {
            ("auto", "it needs a plan and a review, and nobody has to be asked")
        };
        let _ = write!(
            page,
            "\nNothing is published.\n\n## What to do\n\nBuild it with `--mode {mode}`: {reason}. Where the spec says \
             `size: S`, say `size: M` first.\n\n    tribunal run {id} --mode {mode}\n"
        );
        if let Some(command) = self.take_attempt(tree) {
            let _ = write!(
                page,
                "\nWhat was written, its tests with it, is kept with the run. This makes a branch of it:\n\n    {command}\n"
            );
        }
        page
    }

    /// The command that makes a branch of what was written in this try, once it is saved; `None` where nothing was.
    fn take_attempt(&self, tree: &Oid) -> Option<String> {
        let SpecStage::WritingCode { ask, .. } = self.run.stage() else { return None };
        let number = Some(ask.number).filter(|_| ask.from.tree != *tree)?;
        let name = attempt::ref_of(&self.run.id, self.run.progress().attempt(number));
        let (repo, branch) = (self.context.repo, &self.run.about.branch);
        Some(kept::fetch(repo, &self.run.id, &name, &format!("{branch}-attempt")))
    }

    /// Gives the commit a name in the repository of the run: nothing of the person's is written.
    pub(super) fn keep(&self, built: &BuiltTask) -> Result<SpecOutcome> {
        kept::keep(self.private, &self.run, &built.commit)?;
        Ok(SpecOutcome::Kept)
    }
}
