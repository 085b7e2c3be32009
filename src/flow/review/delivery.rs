//! Delivers a change to the reviewer and the arbiter: the files of a change as sections of prompts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use bstr::BString;

use crate::domain::gates::secrets::redact;
use crate::domain::model::change::{Change, FileChange, FileChangeKind, FileMode, TreeEntry};
use crate::domain::model::encoding::{TextEncoding, decode};
use crate::domain::model::fence::visible_path;
use crate::domain::model::objects::Content;
use crate::domain::review::deliver::file::{Became, DeliveredFile, FileSide};
use crate::domain::review::deliver::pairs::paired;
use crate::domain::review::deliver::unscanned::{Unscanned, UnscannedReason};
use crate::domain::review::deliver::{Chunk, Delivery, FILE_BYTES_MAX, deliver};
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::inputs::ReviewInputs;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;

/// The delivery of a change, and the files that the policy leaves out.
pub struct Delivered {
    pub delivery: Delivery,
    /// The files that could be read, moves and copies paired.
    files: Vec<DeliveredFile>,
    pub left_out: Vec<(String, String)>,
}

impl Delivered {
    /// Whether there is anything in the change that a model can review.
    pub fn is_reviewable(&self) -> bool {
        let gap = self.delivery.unscanned.iter().any(|unscanned| unscanned.reason.is_gap());
        gap || !self.delivery.calls.is_empty()
    }

    /// The files that no reviewer is shown, with the reason.
    pub fn unscanned(&self) -> Vec<(String, String)> {
        let unscanned = self.delivery.unscanned.iter();
        let named = unscanned.map(|one| (one.path.clone(), one.reason.to_string()));
        named.chain(self.left_out.iter().cloned()).collect()
    }

    /// The files of the change that a question shows, with their content.
    pub(super) fn shown_files<'a>(
        &'a self,
        change: &'a Change,
    ) -> impl Iterator<Item = (&'a DeliveredFile, &'a FileChange)> {
        let sections = self.delivery.calls.iter().flat_map(|call| &call.sections);
        let sections: BTreeSet<&str> = sections.map(|section| section.path.as_str()).collect();
        let changes: BTreeMap<&BString, &FileChange> =
            change.files.iter().map(|file| (&file.path, file)).collect();
        self.files.iter().filter_map(move |file| {
            let shown = visible_path(&file.path);
            let place = self.delivery.places.get(&shown).filter(|_| sections.contains(&*shown))?;
            Some((file, *changes.get(&place.path)?))
        })
    }
}

/// A change as it was laid out, for one review or for the arbiter.
pub struct Layout {
    /// The stable name of the review within the run; it gives the seed of the nonces.
    pub(super) name: String,
    pub(super) change: Change,
    pub(super) delivered: Delivered,
}

/// Builds the delivery of a change.
pub fn lay_out(
    repo: &Repo,
    inputs: &ReviewInputs,
    change: &Change,
    seed: &[u8; 32],
) -> Result<Delivered> {
    let (mut out, mut shown) = (Vec::new(), Vec::new());
    for file in &change.files {
        if inputs.leaves_out(&file.path)? { &mut out } else { &mut shown }.push(file);
    }
    let named =
        |file: &FileChange| (shown_path(&file.path), "left out by `review.leave-out`".to_owned());
    let (files, too_large) = files(&repo.objects, &shown)?;
    let files = paired(files);
    let mut delivery = deliver(&files, &inputs.delivery_limits(), seed);
    delivery.unscanned.extend(too_large.into_iter().map(|(file, size)| Unscanned {
        path: shown_path(&file.path),
        reason: UnscannedReason::TooLarge(usize::try_from(size).unwrap_or(usize::MAX)),
    }));
    for file in shown {
        delivery.places.entry(shown_path(&file.path)).or_default().path.clone_from(&file.path);
    }
    Ok(Delivered { delivery, files, left_out: out.into_iter().map(named).collect() })
}

/// Reads both sides of each file, raw and redacted, with redacted names. Files with a side that is too
/// large are returned with its size and not read.
pub(super) fn files<'a>(
    objects: &Objects,
    files: &[&'a FileChange],
) -> Result<(Vec<DeliveredFile>, TooLarge<'a>)> {
    let (mut read, mut too_large) = (Vec::new(), Vec::new());
    for file in files {
        let sides = [&file.old, &file.new].map(|entry| side(objects, &file.path, entry.as_ref()));
        let [old, new] = sides;
        match (old?, new?) {
            (Read::TooLarge(size), _) | (_, Read::TooLarge(size)) => too_large.push((*file, size)),
            (Read::Side(old), Read::Side(new)) => read.push(DeliveredFile {
                path: redact::mask_path(&file.path),
                became: match &file.kind {
                    FileChangeKind::Added => Became::Added,
                    FileChangeKind::Modified => Became::Modified,
                    FileChangeKind::Deleted => Became::Deleted,
                    FileChangeKind::Renamed { from } => {
                        Became::Renamed { from: redact::mask_path(from) }
                    }
                },
                old,
                new,
            }),
        }
    }
    Ok((read, too_large))
}

/// Files that are too large, with their size in bytes.
type TooLarge<'a> = Vec<(&'a FileChange, u64)>;

/// One side of a file.
pub(super) enum Read {
    /// `None` where the file has no such side.
    Side(Option<FileSide>),
    TooLarge(u64),
}

pub(super) fn side(objects: &Objects, path: &BString, entry: Option<&TreeEntry>) -> Result<Read> {
    let Some(entry) = entry else { return Ok(Read::Side(None)) };
    let raw = match entry.mode {
        FileMode::Submodule => Vec::new(),
        _ => match objects.content(&entry.oid, FILE_BYTES_MAX as u64)? {
            Content::Whole(raw) => raw,
            Content::TooLarge(size) => return Ok(Read::TooLarge(size)),
            Content::Missing => bail!("`{path}` is not here in full: a partial clone"),
        },
    };
    // The content of a link is a path, whatever its bytes are.
    let (raw, encoding) = match decode(&raw).filter(|_| entry.is_regular()) {
        Some(text) => (text.utf8.into_owned(), Some(text.encoding)),
        None => (raw, (!entry.is_regular()).then_some(TextEncoding::UTF_8)),
    };
    let masked = redact::mask_lines(&raw, path);
    Ok(Read::Side(Some(FileSide { mode: entry.mode, raw, masked, encoding })))
}

/// The files of the change that a question does not show: those that others show, and those that none
/// does, with the reason.
pub(super) fn elsewhere(delivery: &Delivery, part: &Chunk) -> Vec<String> {
    let here: Vec<&str> = part.sections.iter().map(|section| section.path.as_str()).collect();
    let others = delivery.calls.iter().flat_map(|part| &part.sections).map(|s| s.path.as_str());
    let others: BTreeSet<&str> = others.filter(|path| !here.contains(path)).collect();
    let mut names: Vec<String> = others.into_iter().map(str::to_owned).collect();
    let unscanned = delivery.unscanned.iter();
    names.extend(unscanned.map(|one| format!("{} ({})", one.path, one.reason)));
    names
}
