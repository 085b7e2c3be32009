//! The delivery of a change to a reviewer: every file, or its name with the reason why not.

pub mod excerpt;
pub mod file;
mod hunks;
pub mod long_lines;
mod packing;
pub mod pairs;
#[cfg(test)]
mod tests;
pub mod unscanned;

use std::collections::{BTreeMap, HashSet};

use crate::domain::model::change::FileMode;
use crate::domain::model::fence::visible_path;
use crate::domain::review::deliver::file::{Became, ChangedLines, DeliveredFile, DeliveryLimits};
use crate::domain::review::deliver::packing::{Packed, pack};
use crate::domain::review::deliver::unscanned::{Unscanned, UnscannedReason};

/// The largest side of a file that is compared, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// A file that must be split is split into sections of at most this part of a call, unless one line
/// is longer: each section asks for a proof of its own.
const SECTION_SHARE: usize = 4;

/// What is delivered of a change.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// One element a call.
    pub calls: Vec<Chunk>,
    pub unscanned: Vec<Unscanned>,
    /// Each file of the change by the name that is shown.
    pub places: BTreeMap<String, ChangedLines>,
}

/// What one call is given.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    pub sections: Vec<ChangeSection>,
    /// 12 hexadecimal digits that mark what is data in this call.
    pub fence_nonce: String,
}

/// A file, or a part of a large one.
#[derive(Clone, Debug)]
pub struct ChangeSection {
    /// As shown: see [`visible_path`].
    pub path: String,
    /// Which part of how many, from 1.
    pub part: (usize, usize),
    /// All that is delivered: a head, lines with sign and new line number, and an end with the nonce.
    pub text: String,
    /// The lines that it adds, without secrets, as shown.
    pub added: Vec<String>,
    /// 12 hexadecimal digits that stand in its last line and nowhere else.
    pub nonce: String,
    /// BLAKE3 of the text.
    pub sha: String,
}

/// Lays the files out, in their order. A file is delivered with all its changes or named with the
/// reason, and its sections stay together where a call has room for them. The nonces come from the seed:
/// the same seed gives the same ones.
pub fn deliver(files: &[DeliveredFile], limits: &DeliveryLimits, seed: &[u8; 32]) -> Delivery {
    let mut delivery = Delivery::default();
    let mut laid_out: Vec<Vec<Draft>> = Vec::new();
    for file in files {
        let path = visible_path(&file.path);
        let mut place = ChangedLines { path: file.path.clone(), ..ChangedLines::default() };
        match drafts(file, &path, limits, &mut place) {
            Ok(drafts) => laid_out.push(drafts),
            Err(reason) => {
                delivery.unscanned.push(Unscanned { path: path.clone(), reason });
            }
        }
        delivery.places.insert(path, place);
    }
    let sizes: Vec<Vec<usize>> =
        laid_out.iter().map(|drafts| drafts.iter().map(Draft::len).collect()).collect();
    let Packed { calls_of, needed } = pack(&sizes, limits.bytes_per_call, limits.calls);
    let mut calls: Vec<Vec<Draft>> = Vec::new();
    for (drafts, calls_of) in laid_out.into_iter().zip(calls_of) {
        let Some(calls_of) = calls_of else {
            let path = drafts.first().map(|draft| draft.path.clone()).unwrap_or_default();
            let reason = UnscannedReason::NoRoom { needed, allowed: limits.calls };
            delivery.unscanned.push(Unscanned { path, reason });
            continue;
        };
        for (draft, call) in drafts.into_iter().zip(calls_of) {
            if call >= calls.len() {
                calls.resize_with(call + 1, Vec::new);
            }
            calls[call].push(draft);
        }
    }
    let mut nonces = HashSet::new();
    calls.retain(|drafts| !drafts.is_empty());
    delivery.calls = calls
        .into_iter()
        .enumerate()
        .map(|(call, drafts)| {
            let sections = drafts.into_iter().enumerate();
            let close_fence =
                |(at, draft): (usize, Draft)| draft.close_fence(seed, (call, at), &mut nonces);
            let nonce = blake3::Hasher::new_keyed(seed)
                .update(b"token")
                .update(&(call as u64).to_le_bytes())
                .finalize();
            Chunk {
                sections: sections.map(close_fence).collect(),
                fence_nonce: nonce.to_hex()[..12].to_owned(),
            }
        })
        .collect();
    delivery
}

/// A section that has no nonce yet.
struct Draft {
    path: String,
    /// What became of the file: `modified`, `renamed from a.rs`.
    what: String,
    part: (usize, usize),
    body: hunks::Body,
}

impl Draft {
    fn framed(&self, nonce: &str) -> String {
        let Self { path, what, part: (k, n), body } = self;
        let text = &body.text;
        format!("=== {path}: {what}, section {k} of {n}\n{text}=== end of {path}, nonce {nonce}\n")
    }

    fn len(&self) -> usize {
        self.framed("123456789abc").len()
    }

    fn close_fence(
        self,
        seed: &[u8; 32],
        at: (usize, usize),
        taken: &mut HashSet<String>,
    ) -> ChangeSection {
        let nonce = (0..=u64::from(u16::MAX))
            .map(|attempt| {
                let mut hasher = blake3::Hasher::new_keyed(seed);
                for number in [at.0 as u64, at.1 as u64, attempt, self.path.len() as u64] {
                    hasher.update(&number.to_le_bytes());
                }
                hasher.update(self.path.as_bytes()).update(self.body.text.as_bytes());
                hasher.finalize().to_hex()[..12].to_owned()
            })
            // What the change itself says cannot be a proof of having read to the end.
            .find(|nonce| !self.body.text.contains(nonce.as_str()) && taken.insert(nonce.clone()))
            .unwrap_or_default();
        let text = self.framed(&nonce);
        ChangeSection {
            sha: blake3::hash(text.as_bytes()).to_hex().to_string(),
            text,
            nonce,
            path: self.path,
            part: self.part,
            added: self.body.added,
        }
    }
}

/// The sections of one file.
fn drafts(
    file: &DeliveredFile,
    path: &str,
    limits: &DeliveryLimits,
    place: &mut ChangedLines,
) -> Result<Vec<Draft>, UnscannedReason> {
    let sides = [&file.old, &file.new];
    if sides.iter().any(|side| side.as_ref().is_some_and(|side| side.mode == FileMode::Submodule)) {
        return Err(UnscannedReason::Submodule);
    }
    let largest = sides.iter().filter_map(|side| side.as_ref()).map(|side| side.raw.len()).max();
    if let Some(bytes) = largest.filter(|bytes| *bytes > FILE_BYTES_MAX) {
        return Err(UnscannedReason::TooLarge(bytes));
    }
    let what = what_became(file);
    let notes = hunks::notes(file);
    let hunks = hunks::from_file(file, limits, place)?;
    let frame = Draft { path: path.to_owned(), what, part: (1, 1), body: hunks::Body::default() };
    // Room for numbers of parts beyond one digit.
    let frame_len = frame.len() + 12;
    let section = (limits.bytes_per_call / SECTION_SHARE).saturating_sub(frame_len);
    let longest = limits.bytes_per_call.saturating_sub(frame_len);
    let bodies = hunks::split(notes, &hunks, section, longest)?;
    let count = bodies.len();
    let to_draft = |(at, body)| Draft {
        path: path.to_owned(),
        what: frame.what.clone(),
        part: (at + 1, count),
        body,
    };
    Ok(bodies.into_iter().enumerate().map(to_draft).collect())
}

fn what_became(file: &DeliveredFile) -> String {
    match &file.became {
        Became::Added => "added".to_owned(),
        Became::Modified => "modified".to_owned(),
        Became::Deleted => "deleted".to_owned(),
        Became::Renamed { from } => format!("renamed from {}", visible_path(from)),
        Became::Copied { from } => format!("copied from {}", visible_path(from)),
    }
}
