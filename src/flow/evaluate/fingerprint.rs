//! Computes the fingerprints by which a finding is recognised in a later version of its file.

use std::collections::BTreeMap;
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact::{is_mask_of, mask_path, redact_str};
use crate::domain::locate::index::Index;
use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::model::finding::{Finding, Location, LocationKind};
use crate::domain::model::oid::Oid;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger::known::FindingFingerprint;
use crate::platform::store::ledger::matching::StoredLocators;

/// The largest file whose lines are located, in bytes.
const LOCATED_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Computes the fingerprint of each finding: its locators, its blob, and where its file was renamed
/// from. Secrets in its text are masked.
///
/// A file that cannot be read has no locators: its finding is recognised by its text alone, and a
/// disposition is not carried over.
pub fn of_findings(
    objects: &Objects,
    change: &Change,
    findings: &[Finding],
) -> Vec<FindingFingerprint> {
    let files: BTreeMap<&BStr, &FileChange> =
        change.files.iter().map(|file| (file.path.as_bstr(), file)).collect();
    let mut located = BTreeMap::new();
    findings
        .iter()
        .map(|finding| {
            let path = finding.place.as_ref().and_then(Location::path);
            let file = path.and_then(|path| {
                files.get(path.as_bstr()).copied().or_else(|| unmasked(change, path))
            });
            let content = content_of(objects, change, finding, file);
            let moved_from = file.and_then(moved_from);
            let locators = match (&finding.place, &content) {
                (Some(place), Some(blob)) if place.path().is_some() && place.line > 0 => located
                    .entry(blob.clone())
                    .or_insert_with(|| Located::read(objects, blob))
                    .as_ref()
                    .map(|located| located.of(place))
                    .unwrap_or_default(),
                (Some(place), _) if place.line == 0 => file
                    .filter(|file| place.path() != Some(&file.path))
                    .map_or_else(StoredLocators::new, |file| of_name(&file.path)),
                _ => StoredLocators::new(),
            };
            FindingFingerprint { finding: redacted(finding), locators, content, moved_from }
        })
        .collect()
}

/// The file of a finding whose path was given without the secret in it.
fn unmasked<'a>(change: &'a Change, path: &BString) -> Option<&'a FileChange> {
    let is_masked = path.contains_str("[redacted:");
    change.files.iter().filter(|_| is_masked).find(|file| is_mask_of(path, &file.path))
}

/// The locators of a finding in the name of a file: they hold whatever is in the file.
fn of_name(path: &BString) -> StoredLocators {
    let hash = blake3::hash(path).to_hex()[..32].to_owned();
    ["context-name", "symbol", "line"].map(|name| (name.to_owned(), hash.clone())).into()
}

fn content_of(
    objects: &Objects,
    change: &Change,
    finding: &Finding,
    file: Option<&FileChange>,
) -> Option<Oid> {
    match (&finding.place.as_ref()?.kind, file) {
        (LocationKind::File(_), Some(file)) => file.new.as_ref().map(|entry| entry.oid.clone()),
        (LocationKind::File(path), None) => {
            objects.entry(&change.tree, path.as_bstr()).ok()?.map(|entry| entry.oid)
        }
        (LocationKind::Ref(_), _) => change.commit.clone(),
        (
            LocationKind::CommitMessage
            | LocationKind::TagMessage(_)
            | LocationKind::CommitHeaders
            | LocationKind::TagHeaders(_),
            _,
        ) => None,
    }
}

fn moved_from(file: &FileChange) -> Option<BString> {
    match &file.kind {
        FileChangeKind::Renamed { from } => Some(from.clone()),
        FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => None,
    }
}

/// A file whose lines can be located.
struct Located {
    text: String,
    /// Where each line begins and ends.
    lines: Vec<Range<usize>>,
    index: Index,
}

impl Located {
    /// `None` where it is no text, or too large.
    fn read(objects: &Objects, blob: &Oid) -> Option<Self> {
        let (_, size) = objects.header(blob).ok()??;
        if size > LOCATED_BYTES_MAX {
            return None;
        }
        let text = String::from_utf8(objects.blob(blob).ok()??).ok()?;
        let index = Index::new(&text);
        let at = |line: &str| line.as_ptr().addr() - text.as_ptr().addr();
        let lines = text.lines().map(|line| at(line)..at(line) + line.len()).collect();
        Some(Self { text, lines, index })
    }

    fn of(&self, place: &Location) -> StoredLocators {
        let found =
            self.index.locators(place.line).and_then(|found| serde_json::to_value(found).ok());
        let mut locators: StoredLocators =
            found.and_then(|found| serde_json::from_value(found).ok()).unwrap_or_default();
        if !locators.is_empty() {
            locators.insert("line".to_owned(), self.whole_lines(place));
        }
        locators
    }

    /// 128 bits of BLAKE3 over the lines of the place as they are, comments and all.
    fn whole_lines(&self, place: &Location) -> String {
        let first = usize::try_from(place.line).unwrap_or(usize::MAX);
        let count = usize::try_from(place.end_line.saturating_sub(place.line)).unwrap_or(0) + 1;
        let mut hasher = blake3::Hasher::new();
        for line in self.lines.iter().skip(first.saturating_sub(1)).take(count) {
            hasher.update(self.text[line.clone()].trim().as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// Masks the known secrets in a finding's text, whichever gate quoted the line.
pub fn redacted(finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    for text in [&mut finding.anchor, &mut finding.message, &mut finding.suggestion] {
        *text = redact_str(text);
    }
    if let Some(place) = &mut finding.place {
        match &mut place.kind {
            LocationKind::File(name)
            | LocationKind::Ref(name)
            | LocationKind::TagMessage(name)
            | LocationKind::TagHeaders(name) => *name = mask_path(name),
            LocationKind::CommitMessage | LocationKind::CommitHeaders => {}
        }
    }
    finding
}
