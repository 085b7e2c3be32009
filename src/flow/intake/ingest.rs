//! Ingests one complete spec file: reads, lints, classifies and queues it, and writes a page about it where
//! the user's settings ask for one.
//!
//! The order makes a kill harmless: the queue first, then the page, and only then (by the caller) the record,
//! which says that the file is known. What was cut off is done again with the same outcome.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::domain::policy::watch_settings::ProgressPages;
use crate::domain::spec::classify::{Classification, classify};
use crate::domain::spec::identity::{SpecIdentity, identity};
use crate::domain::spec::problem::{LintRule, ProblemLevel, SpecProblem};
use crate::domain::spec::read::read;
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::record::record;
use crate::domain::spec::types::SpecPosition;
use crate::flow::intake::ingested_spec::IngestedSpec;
use crate::flow::intake::redact;
use crate::platform::store::folder::Folder;
use crate::platform::store::known_specs::{KnownFile, KnownSpecs, Stamp, Version};
use crate::platform::store::regular;
use crate::platform::store::regular::Unfit;
use crate::platform::store::spec_queue;
use crate::platform::store::spec_queue::Queued;

/// How much of a file is read: enough to say by how much it is too large for a spec.
pub const READ_MAX: u64 = 8 * 1024 * 1024;

/// Where the pages are, from the top of the work tree.
pub const PROGRESS: &str = "docs/progress";

/// A file that is complete.
pub struct CompleteFile<'a> {
    /// The top of the work tree.
    pub top: &'a Path,
    /// From there.
    pub path: &'a Path,
    /// As it was when it was found to be complete.
    pub stamp: Stamp,
    /// Whether a page about it is written.
    pub progress: ProgressPages,
}

/// What became of a file.
#[derive(Debug)]
pub enum IngestOutcome {
    /// It changed while it was read: it is not complete after all.
    StillChanging,
    /// Its id and content are known.
    Known {
        id: String,
        /// The path that it had before, where that is another one of the same work tree.
        moved_from: Option<String>,
    },
    Ingested(IngestedSpec),
}

/// What was read from a file.
struct Draft<'a> {
    /// From the top of the work tree.
    file: &'a Path,
    /// The same, for people and as a key.
    path: String,
    /// Without secrets.
    reading: SpecReading,
    identity: SpecIdentity,
    classification: Classification,
}

/// Ingests a file and notes in `known` what it found; saving that is the caller's part.
pub fn ingest(
    state_dir: &Path,
    known: &mut KnownSpecs,
    file: &CompleteFile<'_>,
    now: Timestamp,
) -> Result<IngestOutcome> {
    let Some(bytes) = read_unchanged(file)? else {
        return Ok(IngestOutcome::StillChanging);
    };
    let (tree, path) = (key(file.top), key(file.path));
    let mut reading = read(&bytes, &path);
    let identity = identity(&path, &reading, &bytes);
    let holder = holder_of(known, &tree, &path, &identity.id);
    let before = known.file(&tree, &path).cloned();
    let is_same = before.as_ref().is_some_and(|before| {
        before.hash == identity.hash
            && before.id == identity.id
            && before.duplicate == holder.is_some()
    });
    let id = identity.id.clone();
    let note = KnownFile {
        stamp: file.stamp,
        id: id.clone(),
        hash: identity.hash.clone(),
        duplicate: holder.is_some(),
    };
    if is_same {
        known.put_file(&tree, &path, note);
        return Ok(IngestOutcome::Known { id, moved_from: None });
    }
    if let Some(holder) = holder {
        reading.problems.insert(0, duplicate_id(&holder, &id));
    }
    let classification = classify(&reading);
    let reading = redact::reading(&reading, &bytes, &path);
    let draft = Draft { file: file.path, path: path.clone(), reading, identity, classification };
    let outcome = if note.duplicate {
        IngestOutcome::Ingested(refuse_duplicate(file, &draft, now)?)
    } else {
        let previous = before.as_ref().filter(|b| b.id == id && !b.duplicate);
        let previous = previous.map(|b| b.hash.clone());
        let place = Intake { state_dir, top: file.top, now, progress: file.progress };
        let outcome = take_version(&place, known, &draft, previous)?;
        if file.progress == ProgressPages::File {
            remove_duplicate_record(file.top, &id, &path);
        }
        outcome
    };
    known.put_file(&tree, &path, note);
    Ok(outcome)
}

/// Where and when a file is ingested.
struct Intake<'a> {
    state_dir: &'a Path,
    /// The top of the work tree.
    top: &'a Path,
    now: Timestamp,
    progress: ProgressPages,
}

fn take_version(
    place: &Intake<'_>,
    known: &mut KnownSpecs,
    draft: &Draft<'_>,
    previous: Option<String>,
) -> Result<IngestOutcome> {
    let Intake { state_dir, top, now, progress } = *place;
    let SpecIdentity { id, hash } = &draft.identity;
    if known.versions(id).last().is_some_and(|newest| newest.hash == *hash) {
        let moved_from = follow_move(place, known, draft)?;
        return Ok(IngestOutcome::Known { id: id.clone(), moved_from });
    }
    let versions = known.versions(id);
    let newest = versions.last();
    let seen = versions.iter().find(|version| version.hash == *hash).cloned();
    let previous = previous.or_else(|| newest.map(|newest| newest.hash.clone()));
    let version = version(top, draft, now);
    let waiting = spec_queue::get(state_dir, id);
    if draft.reading.accepted().is_some() {
        // A version that was queued before is not built twice; but it takes the place of another
        // one that still waits.
        if seen.is_none() || waiting.is_some() {
            let size = draft.classification.size.as_str();
            spec_queue::put(state_dir, &Queued::new(id, hash, draft.file, top, size, now))?;
        }
    } else if waiting.is_some() {
        spec_queue::remove(state_dir, id)?;
    }
    let brought_back = seen.is_some();
    let record = (progress == ProgressPages::File).then(|| format!("{PROGRESS}/{id}.md"));
    // A branch switch brings known content, and its page with it or none.
    if let Some(record) = &record
        && (!brought_back || Folder::open(top)?.is_there(Path::new(record))?)
    {
        write_record(top, record, draft, now, previous.as_deref())?;
    }
    known.put_version(id, version);
    if brought_back {
        return Ok(IngestOutcome::Known { id: id.clone(), moved_from: None });
    }
    let queued = draft.reading.accepted().is_some();
    Ok(IngestOutcome::Ingested(ingested(top, draft, queued, record)))
}

/// A spec that is known as it is, in another file: where the file that it was in is gone, it moved, and the
/// record and the queue follow. The path that it had.
fn follow_move(
    place: &Intake<'_>,
    known: &mut KnownSpecs,
    draft: &Draft<'_>,
) -> Result<Option<String>> {
    let SpecIdentity { id, hash } = &draft.identity;
    let Some(newest) = known.versions(id).last().cloned() else { return Ok(None) };
    let is_here = newest.path == draft.path && newest.worktree == place.top;
    // What is in another work tree as well stays where it is.
    let was_left = known.file(&key(&newest.worktree), &newest.path).is_none();
    if is_here || !was_left {
        return Ok(None);
    }
    if let Some(waiting) = spec_queue::get(place.state_dir, id).filter(|it| it.hash == *hash) {
        let moved =
            Queued { path: draft.file.to_owned(), worktree: place.top.to_owned(), ..waiting };
        spec_queue::put(place.state_dir, &moved)?;
    }
    let is_same_tree = newest.worktree == place.top;
    let before = newest.path.clone();
    let moved = Version { path: draft.path.clone(), worktree: place.top.to_owned(), ..newest };
    known.put_version(id, moved);
    Ok(is_same_tree.then_some(before))
}

fn version(top: &Path, draft: &Draft<'_>, now: Timestamp) -> Version {
    let errors = draft.reading.errors();
    Version {
        hash: draft.identity.hash.clone(),
        path: draft.path.clone(),
        worktree: top.to_owned(),
        size: draft.classification.size.as_str().to_owned(),
        errors,
        warnings: draft.reading.problems.len() - errors,
        accepted: draft.reading.accepted().is_some(),
        says_ready: draft.reading.accepted().is_some_and(|spec| spec.says_status),
        time: now,
    }
}

fn ingested(top: &Path, draft: &Draft<'_>, queued: bool, record: Option<String>) -> IngestedSpec {
    let errors = draft.reading.errors();
    IngestedSpec {
        path: draft.path.clone(),
        worktree: top.to_owned(),
        id: draft.identity.id.clone(),
        hash: draft.identity.hash.clone(),
        size: draft.classification.size.as_str(),
        errors,
        warnings: draft.reading.problems.len() - errors,
        queued,
        record,
    }
}

/// The other file of the work tree that has the id already, whatever the id's case.
fn holder_of(known: &KnownSpecs, tree: &str, path: &str, id: &str) -> Option<String> {
    let files = known.files.get(tree)?;
    let mut others = files.iter().filter(|(other, file)| {
        other.as_str() != path && !file.duplicate && file.id.eq_ignore_ascii_case(id)
    });
    others.next().map(|(other, _)| other.clone())
}

fn duplicate_id(holder: &str, id: &str) -> SpecProblem {
    SpecProblem {
        at: SpecPosition { line: 1, column: 1 },
        rule: LintRule::DuplicateId,
        level: ProblemLevel::Error,
        message: format!("`{holder}` has the id `{id}` already"),
        hint: "give one of the two another `id`; the first one keeps it meanwhile".to_owned(),
    }
}

/// The second file gets a page of its own: the first one's is not written over.
fn refuse_duplicate(
    file: &CompleteFile<'_>,
    draft: &Draft<'_>,
    now: Timestamp,
) -> Result<IngestedSpec> {
    let is_wanted = file.progress == ProgressPages::File;
    let record = is_wanted.then(|| duplicate_record(&draft.identity.id, &draft.path));
    if let Some(record) = &record {
        write_record(file.top, record, draft, now, None)?;
    }
    Ok(ingested(file.top, draft, false, record))
}

fn duplicate_record(id: &str, path: &str) -> String {
    let hash = blake3::hash(path.as_bytes()).to_hex();
    format!("{PROGRESS}/{id}.duplicate-{}.md", &hash[..8])
}

fn remove_duplicate_record(top: &Path, id: &str, path: &str) {
    // It is ours, and only says what is not so any more: if it cannot go, it does no harm.
    drop(Folder::open(top).and_then(|top| top.remove(duplicate_record(id, path))));
}

fn write_record(
    top: &Path,
    path: &str,
    draft: &Draft<'_>,
    now: Timestamp,
    previous: Option<&str>,
) -> Result<()> {
    let Draft { path: spec_path, reading, identity, classification, .. } = draft;
    let page = record(spec_path, identity, reading, classification, now, previous);
    let folder =
        Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))?;
    folder.write(path, page.as_bytes())
}

/// Reads a file that must still be as it was; `None` where it is not.
fn read_unchanged(file: &CompleteFile<'_>) -> Result<Option<Vec<u8>>> {
    let failed = || format!("could not read `{}`", file.top.join(file.path).display());
    let opened = match Folder::open(file.top).and_then(|top| top.open_file(file.path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // Something else took its place.
        Err(error) if matches!(regular::unfit(&error), Some(Unfit::NotAFile(_))) => {
            return Ok(None);
        }
        opened => opened.with_context(failed)?,
    };
    let is_same =
        |opened: &File| -> io::Result<bool> { Ok(Stamp::of(&opened.metadata()?) == file.stamp) };
    if !is_same(&opened).with_context(failed)? {
        return Ok(None);
    }
    let bytes = regular::start_of(&opened, READ_MAX).with_context(failed)?;
    Ok(is_same(&opened).with_context(failed)?.then_some(bytes))
}

/// A path as a key and for people. What is not UTF-8 is made distinct by a hash.
pub fn key(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    if let Some(text) = path.to_str() {
        return text.to_owned();
    }
    let hash = blake3::hash(path.as_os_str().as_bytes()).to_hex();
    let text = path.to_string_lossy();
    // The ending decides how the file is read.
    match text.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}~{}.{ending}", &hash[..8]),
        None => format!("{text}~{}", &hash[..8]),
    }
}
