//! Commits documents beside the code: the decisions before all of it is reviewed, and what shows it after.

use std::path::PathBuf;

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::JobId;
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::pages;
use crate::domain::pipeline::spec_run::stage::ReviewedTask;
use crate::flow::run::document_paths::{DocumentPaths, in_the_way};
use crate::flow::run::session::SpecSession;
use crate::flow::workspace::with_files;

impl SpecSession<'_> {
    /// Commits the plans with their decisions, so that they are reviewed with what was built by them.
    pub(super) fn record_decisions(&self, job: &JobId) -> Result<SpecOutcome> {
        let spec = self.run.progress();
        let paths = DocumentPaths::of(self.private, &self.run)?;
        let mut pages = Vec::new();
        for (path, part) in paths.decisions.into_iter().zip(&spec.parts) {
            if let Some(plan) = &part.plan {
                pages.push((path, pages::plan_page(&part.title, plan)));
            }
        }
        // What agents found is read by reviewers like all else that agents wrote.
        pages.extend(paths.research.map(|path| (path, self.research_page())));
        let tree = match self.with_files(&self.head().tree, &pages)? {
            Ok(tree) => tree,
            Err(why) => return Ok(SpecOutcome::Committed(Err(why))),
        };
        let task = ReviewedTask {
            reaching: Vec::new(),
            upheld: 0,
            tree,
            subject: format!("docs: record the decisions of `{}`", self.run.about.spec_id),
            red: None,
            criteria: Vec::new(),
            review: String::new(),
            reviewer: String::new(),
            arbiter: String::new(),
        };
        self.commit(job, &task)
    }

    /// Commits what was done and what shows it. The program wrote every word of it: the policy leaves these
    /// pages out of reviews.
    pub(super) fn document(&self, job: &JobId, whole: &ReviewedTask) -> Result<SpecOutcome> {
        let (spec, about) = (self.run.progress(), &self.run.about);
        let DocumentPaths { progress, review, .. } = DocumentPaths::of(self.private, &self.run)?;
        let pages = [
            (progress, pages::progress(spec, about)),
            (review, pages::acceptance(spec, about, whole)),
        ];
        let tree = match self.with_files(&self.head().tree, &pages)? {
            Ok(tree) => tree,
            Err(why) => return Ok(SpecOutcome::Committed(Err(why))),
        };
        let subject = format!("docs: record what shows that `{}` is built", about.spec_id);
        self.commit(job, &ReviewedTask { tree, subject, ..whole.clone() })
    }

    /// A tree with these files beside those that it has; `Err` is what stands where their folders are to be.
    pub(super) fn with_files(
        &self,
        tree: &Oid,
        files: &[(String, String)],
    ) -> Result<Result<Oid, Vec<String>>> {
        for (path, _) in files {
            if let Some(folder) = in_the_way(self.private, tree, path)? {
                return Ok(Err(vec![format!(
                    "`{folder}` is no folder, and `{path}` is to be written"
                )]));
            }
        }
        with_files::of_texts(self.private, &self.index(), tree, files).map(Ok)
    }

    /// A tree with these entries, as `git update-index -z --index-info` takes them, beside those that it has.
    pub(super) fn with_entries(&self, tree: &Oid, entries: &str) -> Result<Oid> {
        with_files::of_entries(self.private, &self.index(), tree, entries)
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("documents.index")
    }
}
