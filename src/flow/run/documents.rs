//! Commits what was planned and what is shown, as documents beside the code, once all of it passed.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::stage::ReviewedTask;
use crate::flow::run::session::SpecSession;
use crate::platform::git::command::succeeded;
use crate::platform::store::file;

impl SpecSession<'_> {
    /// Commits the documents of the run.
    pub(super) fn document(&self, job: &JobId, whole: &ReviewedTask) -> Result<SpecOutcome> {
        let tree = self.with_files(&self.head().tree, &self.documents(whole))?;
        let subject =
            format!("docs: record how `{}` was planned and what shows it", self.run.about.spec_id);
        let task = ReviewedTask { tree, subject, ..whole.clone() };
        self.commit(job, &task)
    }

    /// The documents, each with its path in the repository.
    fn documents(&self, whole: &ReviewedTask) -> Vec<(String, String)> {
        let (spec, about) = (self.run.progress(), &self.run.about);
        let id = &about.spec_id;
        let progress = pages::progress(spec, about);
        let mut all = vec![
            (format!("docs/progress/{id}.md"), progress),
            (format!("docs/review/{id}.md"), pages::acceptance(spec, about, Some(whole))),
        ];
        for (number, part) in (1..).zip(&spec.parts) {
            let name = if spec.parts.len() == 1 { id.clone() } else { format!("{id}-{number}") };
            if let Some(plan) = &part.plan {
                let page = pages::plan_page(&part.title, plan);
                all.push((format!("docs/decisions/{name}.md"), page));
            }
        }
        all
    }

    /// A tree with these files beside those that it has, or in their place.
    fn with_files(&self, tree: &Oid, files: &[(String, String)]) -> Result<Oid> {
        let index: PathBuf = self.folder.path().join("documents.index");
        file::remove_if_there(&index)?;
        let git = |words: &[&str], input: &str| -> Result<String> {
            let command = self.private.git().env("GIT_INDEX_FILE", &index).args(words);
            let output = command.stdin(input.to_owned()).capture()?;
            Ok(succeeded(&output, "git")?.trim().to_str_lossy().into_owned())
        };
        git(&["read-tree", tree.as_str()], "")?;
        let mut lines = String::new();
        for (path, text) in files {
            let blob = git(&["hash-object", "-w", "--stdin"], text)?;
            let _ = writeln!(lines, "100644 {blob}\t{path}");
        }
        git(&["update-index", "--add", "--index-info"], &lines)?;
        let written = Oid::parse(&git(&["write-tree"], "")?)?;
        file::remove_if_there(&index)?;
        Ok(written)
    }
}
