//! The secrets gate: turns hits into findings, without those that are allowed, and shows no secret.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice as _};
use globset::GlobSet;

use crate::domain::gates::secrets::hit::SecretHit;
use crate::domain::gates::secrets::known_value;
use crate::domain::gates::secrets::scan::{file_name_hits, scan};
use crate::domain::gates::secrets::tier::SecretTier;
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::globs::GlobError;
use crate::domain::model::severity::Severity;
use crate::domain::policy::allow_entry;

/// How much of a line goes into an anchor before and after a secret, in bytes.
const AROUND: usize = 120;
const MARKER: &[u8] = b"tribunal:allow secrets";

/// What a repository or a user allowed: what every one of the lists allows. No list allows nothing.
#[derive(Clone, Debug, Default)]
pub struct AllowedSecrets {
    lists: Vec<AllowList>,
}

#[derive(Clone, Debug)]
struct AllowList {
    paths: GlobSet,
    /// Fingerprints in lower case, and entries of values that could be guessed.
    secrets: BTreeSet<String>,
}

/// What a finding of each tier does to the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretLevels {
    pub provider: Effect,
    pub generic: Effect,
}

impl Default for SecretLevels {
    fn default() -> Self {
        Self { provider: Effect::Block, generic: Effect::Warn }
    }
}

impl AllowedSecrets {
    /// Takes globs over whole paths, in which `*` does not cross a `/`, and fingerprints and entries as
    /// findings print them. The error names the glob that cannot be read.
    pub fn new<'a>(
        globs: impl IntoIterator<Item = &'a str>,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, GlobError> {
        let written = |text: &str| {
            if allow_entry::is_name(text) { text.to_owned() } else { text.to_ascii_lowercase() }
        };
        let secrets = secrets.into_iter().map(written).collect();
        Ok(Self { lists: vec![AllowList { paths: globs::union(globs)?, secrets }] })
    }

    /// What this and the other allow.
    pub fn and(&self, other: &Self) -> Self {
        if self.lists.is_empty() || other.lists.is_empty() {
            return Self::default();
        }
        Self { lists: self.lists.iter().chain(&other.lists).cloned().collect() }
    }

    /// Whether nothing in the file of that path is to be reported.
    pub fn has_path(&self, path: &BStr) -> bool {
        let allows =
            |list: &AllowList| !list.paths.is_empty() && list.paths.is_match(path.to_path_lossy());
        !self.lists.is_empty() && self.lists.iter().all(allows)
    }

    /// Whether that secret is known and allowed: wherever it stands, or in the file of that path. The
    /// fingerprint of a value that could be guessed is not told, and counts where a list has it.
    pub fn has_secret(&self, hit: &SecretHit, path: &BStr) -> bool {
        let entry = if hit.is_weak { known_value::entry(hit, path) } else { String::new() };
        let allows = |list: &AllowList| {
            list.secrets.contains(&hit.hash) || hit.is_weak && list.secrets.contains(&entry)
        };
        !self.lists.is_empty() && self.lists.iter().all(allows)
    }
}

/// What is beside a secret about letting it pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiver {
    None,
    /// The marker without a reason: it does not count.
    Unreasoned,
    Reasoned,
}

/// A finding, with what tells its secret from every other. That may confirm a guess and is for
/// comparing in this process alone.
pub struct SecretFinding {
    pub finding: Finding,
    pub hash: String,
}

/// The secrets of a file's text that nothing allows: neither a list nor a waiver beside them.
pub fn not_allowed(bytes: &[u8], path: &BStr, allow: &AllowedSecrets) -> Vec<SecretHit> {
    if allow.has_path(path) {
        return Vec::new();
    }
    let mut hits = scan(bytes, path);
    hits.retain(|hit| !allow.has_secret(hit, path) && waiver(bytes, hit) != Waiver::Reasoned);
    hits
}

/// The findings in a blob or a message. For a file its name is read too.
pub fn check(
    kind: &LocationKind,
    bytes: &[u8],
    allow: &AllowedSecrets,
    levels: SecretLevels,
) -> Vec<SecretFinding> {
    let path = match kind {
        LocationKind::File(path) => path.as_bstr(),
        LocationKind::CommitMessage
        | LocationKind::TagMessage(_)
        | LocationKind::CommitHeaders
        | LocationKind::TagHeaders(_)
        | LocationKind::Ref(_) => BStr::new(b""),
    };
    if allow.has_path(path) {
        return Vec::new();
    }
    let hits = scan(bytes, path);
    let is_new = |hit: &&SecretHit| !allow.has_secret(hit, path);
    let in_text = hits.iter().filter(is_new).filter_map(|hit| {
        let waiver = waiver(bytes, hit);
        (waiver != Waiver::Reasoned).then(|| SecretFinding {
            finding: finding(kind, hit, anchor(bytes, hit, &hits), waiver, levels),
            hash: hit.hash.clone(),
        })
    });
    let mut findings: Vec<SecretFinding> = in_text.collect();
    let in_name = file_name_hits(path);
    findings.extend(in_name.iter().filter(is_new).map(|hit| {
        let clean = mask(path, 0, path.len(), &in_name);
        let place = LocationKind::File(BString::from(clean.as_str()));
        let mut finding = finding(&place, hit, clean, Waiver::None, levels);
        finding.place = Some(Location { kind: place, line: 0, column: 0, end_line: 0 });
        finding.message.push_str(", in the file's name");
        SecretFinding { finding, hash: hit.hash.clone() }
    }));
    findings
}

fn finding(
    kind: &LocationKind,
    hit: &SecretHit,
    anchor: String,
    waiver: Waiver,
    levels: SecretLevels,
) -> Finding {
    let (severity, effect) = match hit.tier {
        SecretTier::Provider => (Severity::Critical, levels.provider),
        SecretTier::Generic => (Severity::Medium, levels.generic),
    };
    let unreasoned = if waiver == Waiver::Unreasoned {
        "; the `tribunal:allow secrets` beside it gives no reason and does not count"
    } else {
        ""
    };
    let print = hit.fingerprint().map(|print| format!(" (fingerprint {print})"));
    Finding {
        gate: Gate::Secrets,
        rule: hit.rule.to_owned(),
        class: Class::new("security/exposed-secret"),
        severity,
        effect,
        place: Some(Location {
            kind: kind.clone(),
            line: hit.line,
            column: hit.column,
            end_line: hit.line,
        }),
        anchor,
        message: format!("{}{}{unreasoned}", hit.description, print.unwrap_or_default()),
        suggestion: suggestion(kind, hit),
    }
}

fn suggestion(kind: &LocationKind, hit: &SecretHit) -> String {
    let first = "remove it, and revoke it if it was real. False positive? Add `tribunal:allow secrets \
                 <reason>` to the line, or run `tribunal findings dismiss ID -r REASON` (this machine only) or \
                 `tribunal findings allow ID -r REASON` (everyone)";
    let entry = match (hit.fingerprint(), kind) {
        (Some(print), _) => print.to_owned(),
        (None, LocationKind::File(path)) => known_value::entry(hit, path),
        // Only a file can be named.
        (None, _) => return first.to_owned(),
    };
    format!("{first}, which adds `{entry}` to `gates.secrets.allow`: commit that first")
}

/// The line of a secret, at most so many bytes before and after it, with every secret masked.
fn anchor(bytes: &[u8], hit: &SecretHit, hits: &[SecretHit]) -> String {
    let from = hit.start.saturating_sub(AROUND);
    let start = memchr::memrchr(b'\n', &bytes[from..hit.start]).map_or(from, |at| from + at + 1);
    let to = bytes.len().min(hit.end + AROUND);
    let end = memchr::memchr(b'\n', &bytes[hit.end..to]).map_or(to, |at| hit.end + at);
    mask(bytes, start, end, hits)
}

fn mask(bytes: &[u8], start: usize, end: usize, hits: &[SecretHit]) -> String {
    let mut clean = Vec::with_capacity(end - start);
    let mut at = start;
    let first = hits.partition_point(|hit| hit.end <= start);
    for hit in hits[first..].iter().take_while(|hit| hit.start < end) {
        clean.extend_from_slice(&bytes[at..hit.start.max(at)]);
        clean.extend_from_slice(format!("[redacted:{}]", hit.rule).as_bytes());
        at = hit.end.min(end);
    }
    clean.extend_from_slice(&bytes[at..end]);
    clean.retain(|&byte| byte != 0 && byte != b'\r');
    clean.trim_with(char::is_whitespace).to_str_lossy().into_owned()
}

/// Looks for the marker on the secret's first line, on the one before, and on its last.
fn waiver(bytes: &[u8], hit: &SecretHit) -> Waiver {
    const FAR: usize = 2000;
    let from = hit.start.saturating_sub(FAR);
    let mut breaks = memchr::memrchr_iter(b'\n', &bytes[from..hit.start]).map(|at| from + at + 1);
    let line = breaks.next().unwrap_or(from);
    let before = breaks.next().unwrap_or(from);
    let to = bytes.len().min(hit.end + FAR);
    let end = memchr::memchr(b'\n', &bytes[hit.end..to]).map_or(to, |at| hit.end + at);
    [&bytes[before..hit.start], &bytes[line.max(hit.start)..end]]
        .into_iter()
        .filter_map(|text| Some(&text[memchr::memmem::find(text, MARKER)? + MARKER.len()..]))
        .map(|rest| rest.lines().next().unwrap_or(b""))
        .map(|reason| {
            let letters =
                reason.iter().filter(|b| b.is_ascii_alphabetic() || !b.is_ascii()).count();
            if letters >= 3 { Waiver::Reasoned } else { Waiver::Unreasoned }
        })
        .max_by_key(|waiver| *waiver == Waiver::Reasoned)
        .unwrap_or(Waiver::None)
}
