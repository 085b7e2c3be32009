//! The proof of reading: which sections an answer shows to have been read.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::model::text::counted;
use crate::domain::review::answer::{Attested, ReviewAnswer};
use crate::domain::review::deliver::long_lines::MARK;
use crate::domain::review::deliver::{ChangeSection, Chunk};
use crate::domain::review::finding::Completeness;
use crate::domain::review::reported_path::is_meant;

/// By how many lines a count may be wrong.
const LINES_OFF: usize = 2;

/// By which part of the lines a count may be wrong: one in twenty.
const SHARE_OFF: usize = 20;

/// A section that an answer does not show to have been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnprovenSection {
    /// Its place in its chunk, from 0.
    pub section: usize,
    pub fault: ProofFault,
}

/// What is wrong with the proof of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofFault {
    NonceMissing,
    NonceTwice,
    /// The answer names a nonce that was not given.
    NonceUnknown,
    OtherName,
    Count {
        counted: u64,
        added: usize,
    },
    QuoteNotAdded,
    QuoteFirst,
    /// The reviewer says so, for this reason.
    SaidUnread(String),
}

/// A chunk of which something is to be asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnprovenChunk {
    /// Its place in the delivery, from 0.
    pub chunk: usize,
    /// Its answer, without the proofs that are none.
    pub kept: ReviewAnswer,
    pub sections: Vec<UnprovenSection>,
}

/// Holds an answer against what was delivered: each section's nonce once, a line that it adds, and
/// how many it adds. It shows that the text was before the model to its end, not that the model
/// was diligent.
///
/// That the reviewer did not read a file that is in another call, or in none, is no fault:
/// `is_elsewhere` says whether a path means such a file.
pub fn check(
    part: &Chunk,
    answer: &ReviewAnswer,
    is_elsewhere: &dyn Fn(&str) -> bool,
) -> Vec<UnprovenSection> {
    let mut by_nonce: HashMap<&str, Vec<&Attested>> = HashMap::new();
    for attested in &answer.attestation {
        by_nonce.entry(attested.nonce.as_str()).or_default().push(attested);
    }
    let mut faults: Vec<Option<ProofFault>> = Vec::with_capacity(part.sections.len());
    for section in &part.sections {
        faults.push(match by_nonce.remove(section.nonce.as_str()).as_deref() {
            None => Some(ProofFault::NonceMissing),
            Some([attested]) => what_is_wrong(section, attested),
            Some(_) => Some(ProofFault::NonceTwice),
        });
    }
    // What belongs to no section makes all of them doubtful.
    let mut blame = |path: &str, fault: &ProofFault| {
        let named = |section: &ChangeSection| is_meant(path, &section.path);
        let is_known = part.sections.iter().any(named);
        for (section, known) in part.sections.iter().zip(&mut faults) {
            if known.is_none() && (!is_known || named(section)) {
                *known = Some(fault.clone());
            }
        }
    };
    for attested in &answer.attestation {
        if by_nonce.contains_key(attested.nonce.as_str()) {
            blame(&attested.path, &ProofFault::NonceUnknown);
        }
    }
    for (path, reason) in &answer.unscanned {
        if !is_elsewhere(path) || part.sections.iter().any(|one| is_meant(path, &one.path)) {
            blame(path, &ProofFault::SaidUnread(reason.clone()));
        }
    }
    let numbered = faults.into_iter().enumerate();
    numbered
        .filter_map(|(section, fault)| Some(UnprovenSection { section, fault: fault? }))
        .collect()
}

/// The answer with the proofs of all other sections alone, to which the answer about these will be added.
pub fn proven_part(
    part: &Chunk,
    answer: &ReviewAnswer,
    unproven: &[UnprovenSection],
) -> ReviewAnswer {
    let proven: Vec<&str> = part
        .sections
        .iter()
        .enumerate()
        .filter(|(at, _)| unproven.iter().all(|one| one.section != *at))
        .map(|(_, section)| section.nonce.as_str())
        .collect();
    let mut kept = answer.clone();
    kept.attestation.retain(|attested| proven.contains(&attested.nonce.as_str()));
    kept.unscanned.clear();
    kept
}

/// Whether everything was read, for people.
pub fn completeness(part: &Chunk, unproven: &[UnprovenSection]) -> Completeness {
    let named = |one: &UnprovenSection| {
        let section = part.sections.get(one.section)?;
        let of = match section.part {
            (_, 1) => String::new(),
            (k, n) => format!("section {k} of {n}: "),
        };
        Some((section.path.clone(), format!("{of}{}", one.fault)))
    };
    let unread: Vec<_> = unproven.iter().filter_map(named).collect();
    if unread.is_empty() { Completeness::Complete } else { Completeness::Incomplete(unread) }
}

/// The completeness of several calls, with what was not even delivered.
pub fn all(each: impl IntoIterator<Item = Completeness>) -> Completeness {
    let unread = each.into_iter().flat_map(|one| match one {
        Completeness::Complete => Vec::new(),
        Completeness::Incomplete(unread) => unread,
    });
    let unread: Vec<_> = unread.collect();
    if unread.is_empty() { Completeness::Complete } else { Completeness::Incomplete(unread) }
}

impl fmt::Display for ProofFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonceMissing => f.write_str("its nonce does not come back"),
            Self::NonceTwice => f.write_str("its nonce comes back more than once"),
            Self::NonceUnknown => f.write_str("the answer names a nonce that was not given"),
            Self::OtherName => f.write_str("its nonce comes back under another name"),
            Self::Count { counted: answered, added } => {
                write!(f, "it adds {}, the answer counts {answered}", counted(*added, "line"))
            }
            Self::QuoteNotAdded => f.write_str("the quote is no line that it adds"),
            Self::QuoteFirst => {
                f.write_str("the quote is the first line that it adds, another was asked for")
            }
            Self::SaidUnread(reason) => write!(f, "the reviewer did not read it: {reason}"),
        }
    }
}

impl ProofFault {
    /// What is said to the reviewer: what its entry lacks, without what would be right.
    pub fn to_reviewer(&self) -> String {
        match self {
            Self::NonceMissing => {
                "no entry of `attestation` has the twelve digits of its last line".to_owned()
            }
            Self::NonceTwice => "two entries have its `nonce`; it needs one".to_owned(),
            Self::NonceUnknown => {
                "an entry has a `nonce` that is in no last line; copy it digit by digit".to_owned()
            }
            Self::OtherName => {
                "the entry with its `nonce` has another `path` than its head".to_owned()
            }
            Self::Count { counted: answered, .. } => format!(
                "`added_lines` was {answered}, and so many of its rows do not begin with `+`; count them again"
            ),
            Self::QuoteNotAdded => {
                "`quote` was none of its rows that begin with `+`; copy one, character by character"
                    .to_owned()
            }
            Self::QuoteFirst => {
                "`quote` was the first of its rows that begin with `+`; copy a later one".to_owned()
            }
            Self::SaidUnread(reason) => {
                format!("you named it as not read ({reason}); read it now, to its end")
            }
        }
    }
}

fn what_is_wrong(section: &ChangeSection, attested: &Attested) -> Option<ProofFault> {
    if attested.path.trim() != section.path.trim() {
        return Some(ProofFault::OtherName);
    }
    let (counted, added) = (attested.added_lines, section.added.len());
    let off = usize::try_from(counted).unwrap_or(usize::MAX).abs_diff(added);
    if off > LINES_OFF.max(added / SHARE_OFF) {
        return Some(ProofFault::Count { counted, added });
    }
    // A row of a long line may be quoted without the marks that it is a part.
    let bare =
        |line: &'_ str| line.trim_matches(|c: char| c == MARK || c.is_whitespace()).to_owned();
    let quote = bare(&attested.quote);
    let mut telling = section.added.iter().map(|line| bare(line)).filter(|line| !line.is_empty());
    // Blank lines alone ask for no quote.
    let first = telling.next()?;
    let others = telling.any(|line| line != first);
    if quote.is_empty() || !section.added.iter().any(|line| bare(line) == quote) {
        Some(ProofFault::QuoteNotAdded)
    } else if others && quote == first {
        Some(ProofFault::QuoteFirst)
    } else {
        None
    }
}
