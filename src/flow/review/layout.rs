//! Lays the current attempt of a run out for its reviewer and its arbiter, and fills the folder that
//! they may read.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{DeliveryReport, JobOutcome, ReviewScope};
use crate::domain::pipeline::next::layout_name;
use crate::domain::review::deliver::unscanned::Unscanned;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery::{Delivered, Layout, lay_out};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::texts::Texts;
use crate::flow::workspace::reading_copy;
use crate::flow::workspace::reading_copy::ShownFiles;

impl ReviewSession<'_> {
    /// Lays the current attempt out for a review.
    pub(super) fn deliver(&mut self, scope: &ReviewScope) -> Result<JobOutcome> {
        let layout = self.layout_of(scope)?;
        let not_shown = layout.delivered.delivery.unscanned.iter();
        if !not_shown.clone().any(|one| one.reason.is_gap()) {
            // Without gaps the reviewer is asked: what cannot be copied for it is a gap, too.
            self.reading_copy(&layout.change)?;
        }
        let Delivered { delivery, left_out, .. } = &layout.delivered;
        let named = |one: &Unscanned| (one.path.clone(), one.reason.to_string());
        let uncopied = |(path, why): &(BString, String)| (shown_path(path), why.clone());
        let files = &layout.change.files;
        let is_changed = |path: &BString| files.iter().any(|file| file.path == *path);
        let not_shown = not_shown.filter(|one| one.reason.is_gap());
        let not_there = self.uncopied.iter().filter(|(path, _)| is_changed(path));
        let unscanned = delivery.unscanned.iter().map(named).chain(left_out.iter().cloned());
        let sections = delivery.calls.iter().flat_map(|chunk| &chunk.sections);
        Ok(JobOutcome::Delivered(DeliveryReport {
            chunks: delivery.calls.len(),
            sections: sections.map(|one| (one.path.clone(), one.sha.clone())).collect(),
            unscanned: unscanned.chain(self.uncopied.iter().map(uncopied)).collect(),
            remedy: delivery.unscanned.iter().filter_map(|one| one.reason.remedy()).min(),
            gaps: not_shown.map(named).chain(not_there.map(uncopied)).collect(),
        }))
    }

    /// The layout of a review, made again after a kill: the same seed gives the same nonces.
    pub(super) fn layout_of(&mut self, scope: &ReviewScope) -> Result<Rc<Layout>> {
        let name = layout_name(self.run.review_loop(), scope);
        let from = self.reviewed_from(scope)?;
        let paths = match scope {
            // A fix that the gates asked for may have changed other files as well.
            ReviewScope::Full if self.run.review_loop().current() == 0 => {
                self.run.review_loop().first.paths.clone()
            }
            ReviewScope::Full | ReviewScope::Delta { .. } | ReviewScope::Criteria(_) => None,
        };
        self.layout(name, from.as_ref(), paths.as_deref())
    }

    /// The layout of the whole change for the arbiter.
    pub(super) fn arbiter_layout(&mut self) -> Result<Rc<Layout>> {
        let name = format!("arbiter-{}", self.run.review_loop().current());
        let base = self.run.review_loop().base.clone();
        self.layout(name, base.as_ref(), None)
    }

    /// Lays out the change since a tree; with `paths` those files of it alone.
    fn layout(
        &mut self,
        name: String,
        from: Option<&Oid>,
        paths: Option<&[BString]>,
    ) -> Result<Rc<Layout>> {
        if let Some(layout) = self.layout.as_ref().filter(|layout| layout.name == name) {
            return Ok(Rc::clone(layout));
        }
        let mut change = self.change_since(from)?;
        if let Some(paths) = paths {
            change.files.retain(|file| paths.contains(&file.path));
        }
        let delivered = lay_out(self.context.repo, self.inputs, &change, &self.seed(&name))?;
        let layout = Rc::new(Layout { name, change, delivered });
        self.layout = Some(Rc::clone(&layout));
        Ok(layout)
    }

    pub(super) fn texts<'b>(&'b self, layout: &'b Layout) -> Texts<'b> {
        Texts::new(&self.context.repo.objects, &layout.change.tree, &layout.delivered.delivery)
    }

    /// The tree that the reviewed attempt is compared with.
    fn reviewed_from(&self, scope: &ReviewScope) -> Result<Option<Oid>> {
        let review = self.run.review_loop();
        match scope {
            ReviewScope::Full | ReviewScope::Criteria(_) => Ok(review.base.clone()),
            ReviewScope::Delta { since, .. } => {
                let since = review.attempts.get(*since).context("the run has no such attempt")?;
                Ok(Some(since.tree.clone()))
            }
        }
    }

    /// The folder that an agent may read in a call. One that is not confined could write there, for the
    /// next one to read: it is given a copy of its own, and the others get a new one after it.
    pub(super) fn reading_copy_for(
        &mut self,
        to: &AssignedAgent,
        key: &str,
        change: &Change,
    ) -> Result<PathBuf> {
        if to.all().all(|agent| agent.agent.is_confined()) {
            return self.reading_copy(change);
        }
        let repo = self.context.repo;
        let dir = reading_copy::folder_of_call(repo, &self.run.id, key);
        let shared = reading_copy::folder(repo, &self.run.id);
        let is_filled = self.copied_tree.take().as_ref() == Some(&change.tree);
        if !is_filled || fs::rename(&shared, &dir).is_err() {
            self.uncopied = self.shown_files(change)?.write(&dir)?;
        }
        Ok(dir)
    }

    /// Updates the reading copy to the reviewed tree, changed files first; returns its folder.
    pub(super) fn reading_copy(&mut self, change: &Change) -> Result<PathBuf> {
        let dir = reading_copy::folder(self.context.repo, &self.run.id);
        if self.copied_tree.as_ref() != Some(&change.tree) {
            self.nearby = None;
            // Files that could not be copied from another tree are tried again.
            let shown = self.copied_tree.take().filter(|_| self.uncopied.is_empty());
            let follow =
                |from: Oid| reading_copy::update(self.context.repo, &from, &change.tree, &dir).ok();
            self.uncopied = match shown.and_then(follow) {
                Some(uncopied) => uncopied,
                None => self.shown_files(change)?.write(&dir)?,
            };
            self.copied_tree = Some(change.tree.clone());
        }
        Ok(dir)
    }

    /// The files of a reading copy of the reviewed tree.
    fn shown_files(&mut self, change: &Change) -> Result<Rc<ShownFiles>> {
        if let Some((tree, files)) = &self.shown_files
            && *tree == change.tree
        {
            return Ok(Rc::clone(files));
        }
        let known = self.shown_files.as_ref().map(|(_, files)| files.as_ref());
        let files = ShownFiles::read(self.context.repo, &change.tree, &change.files, known)?;
        let files = Rc::new(files);
        self.shown_files = Some((change.tree.clone(), Rc::clone(&files)));
        Ok(files)
    }

    /// The texts of the reading copy.
    pub(super) fn nearby(&mut self, folder: &Path) -> Rc<Vec<(String, String)>> {
        let read = || Rc::new(reading_copy::files(folder));
        Rc::clone(self.nearby.get_or_insert_with(read))
    }

    /// The seed of nonces; the same after a kill.
    fn seed(&self, name: &str) -> [u8; 32] {
        *blake3::hash(format!("{}/{name}", self.run.about.seed).as_bytes()).as_bytes()
    }

    /// The nonce of the fences in a prompt.
    pub(super) fn token(&self, name: &str) -> String {
        let seed = &self.run.about.seed;
        blake3::hash(format!("{seed}/token/{name}").as_bytes()).to_hex()[..12].into()
    }
}
