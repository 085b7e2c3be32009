//! Lays the current attempt of a run out for its reviewer and its arbiter.

use std::path::PathBuf;
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

impl ReviewSession<'_> {
    /// Lays the current attempt out for a review.
    pub(super) fn deliver(&mut self, scope: &ReviewScope) -> Result<JobOutcome> {
        let layout = self.layout_of(scope)?;
        let not_shown = layout.delivered.delivery.unscanned.iter();
        if !not_shown.clone().any(|one| one.reason.is_gap()) {
            // Without gaps the reviewer is asked: what cannot be copied for it is a gap, too.
            self.copies.shared(&layout.change)?;
        }
        let Delivered { delivery, left_out, .. } = &layout.delivered;
        let named = |one: &Unscanned| (one.path.clone(), one.reason.to_string());
        let uncopied = |(path, why): &(BString, String)| (shown_path(path), why.clone());
        let files = &layout.change.files;
        let is_changed = |path: &BString| files.iter().any(|file| file.path == *path);
        let not_shown = not_shown.filter(|one| one.reason.is_gap());
        let not_there = self.copies.uncopied.iter().filter(|(path, _)| is_changed(path));
        let unscanned = delivery.unscanned.iter().map(named).chain(left_out.iter().cloned());
        let sections = delivery.calls.iter().flat_map(|chunk| &chunk.sections);
        Ok(JobOutcome::Delivered(DeliveryReport {
            chunks: delivery.calls.len(),
            sections: sections.map(|one| (one.path.clone(), one.sha.clone())).collect(),
            unscanned: unscanned.chain(self.copies.uncopied.iter().map(uncopied)).collect(),
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
    /// next one to read.
    pub(super) fn reading_copy_for(
        &mut self,
        to: &AssignedAgent,
        key: &str,
        change: &Change,
    ) -> Result<PathBuf> {
        if to.all().all(|agent| agent.agent.is_confined()) {
            return self.copies.shared(change);
        }
        self.copies.own(key, change)
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
