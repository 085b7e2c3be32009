//! What is on record of specs: what the watcher took in, also of files that are not there any more.

use std::path::Path;

use anyhow::Result;

use crate::cli::spec::pages::Page;
use crate::domain::spec::types::SpecStatus;
use crate::flow::context::Context;
use crate::flow::dropped;
use crate::flow::intake::ingest::key;
use crate::platform::store::known_specs::{KnownSpecs, Version};
use crate::platform::store::spec_queue::Queued;

/// Where a spec stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecState {
    /// The watcher has this version, and it is fit for a run.
    Recorded,
    /// Fit for a run; the watcher has not seen this version.
    Ready,
    Draft,
    Done,
    Errors,
    /// In another work tree of this repository.
    Elsewhere,
    /// On record, and in no file any more.
    Deleted,
}

impl SpecState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Ready => "ready",
            Self::Draft => "draft",
            Self::Done => "done",
            Self::Errors => "errors",
            Self::Elsewhere => "elsewhere",
            Self::Deleted => "deleted",
        }
    }

    /// What it means, and what to do about it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Recorded => {
                "the watcher knows this version; `tribunal run` builds it, `tribunal status` says what becomes of it"
            }
            Self::Ready => {
                "the watcher has not read this version; is it running? (`tribunal daemon status`)"
            }
            Self::Draft => "left alone until it says `status: ready`",
            Self::Done => "a review of a change that belongs to it stops what it does not meet",
            Self::Errors => "not recorded; `tribunal spec lint` shows what to repair",
            Self::Elsewhere => "in another work tree of this repository",
            Self::Deleted => "its file is gone; the record of it stays",
        }
    }
}

/// What the watcher keeps of specs.
pub struct Record<'a> {
    context: Context<'a>,
    known: KnownSpecs,
    /// What waits for a run.
    queued: Vec<Queued>,
}

impl<'a> Record<'a> {
    pub fn load(context: Context<'a>) -> Result<Self> {
        let state_dir = context.repo.state_dir();
        let known = KnownSpecs::load(&state_dir, None)?.known;
        Ok(Self { context, known, queued: dropped::queued(&state_dir)? })
    }

    /// The versions of a spec, the newest last.
    pub fn versions(&self, id: &str) -> &[Version] {
        self.known.versions(id)
    }

    /// Whether the content of a page was taken in, and whether it is kept for a run.
    pub fn intake(&self, page: &Page) -> (bool, bool) {
        let (id, hash) = (&page.identity.id, &page.identity.hash);
        let taken_in = self.versions(id).last().is_some_and(|version| version.hash == *hash);
        let is_it = |one: &Queued| one.id.eq_ignore_ascii_case(id) && one.hash == *hash;
        (taken_in, self.queued.iter().any(is_it))
    }

    pub fn state(&self, page: &Page) -> SpecState {
        match &page.reading.spec {
            _ if page.reading.errors() > 0 => SpecState::Errors,
            Some(spec) if spec.status == SpecStatus::Draft => SpecState::Draft,
            Some(spec) if spec.status == SpecStatus::Done => SpecState::Done,
            _ if self.intake(page).0 => SpecState::Recorded,
            _ => SpecState::Ready,
        }
    }

    /// The specs that are on record and in no file of this work tree, with their newest version.
    pub fn without_file(&self, pages: &[Page]) -> Vec<(&str, &Version, SpecState)> {
        let is_here = |id: &str| pages.iter().any(|page| page.identity.id.eq_ignore_ascii_case(id));
        let specs = self.known.specs.iter().filter(|(id, _)| !is_here(id));
        let newest = specs.filter_map(|(id, versions)| Some((id.as_str(), versions.last()?)));
        newest.map(|(id, version)| (id, version, self.state_without_file(id))).collect()
    }

    fn state_without_file(&self, id: &str) -> SpecState {
        let files = self.known.files.iter().flat_map(|(top, files)| {
            files.iter().map(move |(path, file)| (Path::new(top).join(path), file))
        });
        // What the watcher saw last may be gone since.
        let mut of_spec =
            files.filter(|(_, file)| file.id.eq_ignore_ascii_case(id) && !file.duplicate);
        let top = self.context.repo.work_tree.as_deref().map(key);
        let is_elsewhere = |path: &Path| top.as_ref().is_none_or(|top| !path.starts_with(top));
        if of_spec.any(|(path, _)| is_elsewhere(&path) && path.exists()) {
            SpecState::Elsewhere
        } else {
            SpecState::Deleted
        }
    }
}
