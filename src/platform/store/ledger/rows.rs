//! Between the ledger's rows and the program's types.

use bstr::BString;
use jiff::Timestamp;
use rusqlite::Row;

use crate::domain::gates::secrets::weak;
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::severity::{Foreign, Severity};
use crate::domain::model::stored_finding::{
    Disposition, DispositionKind, FindingStatus, Observation, StoredFinding,
};
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed::needs_key;

/// The columns that [`kept`] reads: a finding, and the last decision about it.
pub const KEPT_COLUMNS: &str = "
    f.id, f.gate, f.rule, f.class, f.severity, f.effect, f.spot, f.name, f.line, f.col, f.end_line,
    f.anchor, f.message, f.suggestion, f.first_seen, f.last_seen, f.times,
    d.decision, d.actor, d.reason, d.time, d.until";

/// The tables behind [`KEPT_COLUMNS`].
pub const KEPT_TABLES: &str = "
    findings f LEFT JOIN dispositions d ON d.finding = f.id
        AND d.number = (SELECT MAX(number) FROM dispositions WHERE finding = f.id)";

/// Reads a finding as it stands at a time.
pub fn kept(row: &Row, now: Timestamp) -> Result<StoredFinding, Error> {
    let last = match row.get::<_, Option<String>>(17)? {
        Some(_) => Some(disposition(row, 17)?),
        None => None,
    };
    Ok(StoredFinding {
        id: row.get(0)?,
        finding: finding(row)?,
        status: FindingStatus::after(last.as_ref(), now),
        first_seen: timestamp(row, 14)?,
        last_seen: timestamp(row, 15)?,
        times: count(row, 16)?,
    })
}

fn finding(row: &Row) -> Result<Finding, Error> {
    let gate: String = row.get(1)?;
    let rule: String = row.get(2)?;
    let severity: String = row.get(4)?;
    // An earlier version wrote the fingerprints of values that could be guessed.
    let text = |column| -> Result<String, Error> {
        let text: String = row.get(column)?;
        Ok(if needs_key(&gate, &rule) { weak::without_fingerprint(&text) } else { text })
    };
    Ok(Finding {
        gate: Gate::from_name(&gate).ok_or_else(|| unknown("gate", &gate))?,
        class: Class::named(&row.get::<_, String>(3)?),
        severity: match Severity::from_foreign(&severity) {
            Some(Foreign::Severity(severity)) => severity,
            Some(Foreign::Noise) | None => return Err(unknown("severity", &severity)),
        },
        effect: effect_of(&row.get::<_, String>(5)?)?,
        place: place(row)?,
        anchor: row.get(11)?,
        message: text(12)?,
        suggestion: text(13)?,
        rule,
    })
}

fn place(row: &Row) -> Result<Option<Location>, Error> {
    let name = BString::from(row.get::<_, Vec<u8>>(7)?);
    let kind: String = row.get(6)?;
    let kind = match kind.as_str() {
        "change" => return Ok(None),
        "file" => LocationKind::File(name),
        "commit-message" => LocationKind::CommitMessage,
        "tag-message" => LocationKind::TagMessage(name),
        "commit-headers" => LocationKind::CommitHeaders,
        "tag-headers" => LocationKind::TagHeaders(name),
        "ref" => LocationKind::Ref(name),
        _ => return Err(unknown("place", &kind)),
    };
    Ok(Some(Location { kind, line: row.get(8)?, column: row.get(9)?, end_line: row.get(10)? }))
}

/// The columns `spot` and `name` of a place.
pub fn kind_columns(place: Option<&Location>) -> (&'static str, &[u8]) {
    match place.map(|place| &place.kind) {
        None => ("change", b""),
        Some(LocationKind::File(path)) => ("file", path),
        Some(LocationKind::CommitMessage) => ("commit-message", b""),
        Some(LocationKind::TagMessage(tag)) => ("tag-message", tag),
        Some(LocationKind::CommitHeaders) => ("commit-headers", b""),
        Some(LocationKind::TagHeaders(tag)) => ("tag-headers", tag),
        Some(LocationKind::Ref(name)) => ("ref", name),
    }
}

pub fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Shadow => "shadow",
        Effect::Warn => "warn",
        Effect::Block => "block",
    }
}

fn effect_of(word: &str) -> Result<Effect, Error> {
    [Effect::Shadow, Effect::Warn, Effect::Block]
        .into_iter()
        .find(|effect| effect_word(*effect) == word)
        .ok_or_else(|| unknown("effect", word))
}

/// Reads a disposition whose columns begin at `from`.
pub fn disposition(row: &Row, from: usize) -> Result<Disposition, Error> {
    let word: String = row.get(from)?;
    let decision = DispositionKind::ALL
        .into_iter()
        .find(|decision| decision.as_str() == word)
        .ok_or_else(|| unknown("decision", &word))?;
    let until: Option<i64> = row.get(from + 4)?;
    Ok(Disposition {
        decision,
        actor: row.get(from + 1)?,
        reason: row.get(from + 2)?,
        time: timestamp(row, from + 3)?,
        until: until.map(from_milliseconds).transpose()?,
        commit: None,
    })
}

/// The columns that [`sighting`] reads.
pub const SIGHTING_COLUMNS: &str = "
    s.change, s.name, s.line, s.commit_oid, s.tree_oid, s.branch, s.first_seen, s.last_seen,
    s.times";

/// Reads a sighting whose columns begin at `from`.
pub fn sighting(row: &Row, from: usize) -> Result<Observation, Error> {
    Ok(Observation {
        change: row.get(from)?,
        name: BString::from(row.get::<_, Vec<u8>>(from + 1)?),
        line: row.get(from + 2)?,
        commit: oid(row, from + 3)?,
        tree: oid(row, from + 4)?,
        branch: row.get(from + 5)?,
        first_seen: timestamp(row, from + 6)?,
        last_seen: timestamp(row, from + 7)?,
        times: count(row, from + 8)?,
    })
}

pub fn oid(row: &Row, column: usize) -> Result<Option<Oid>, Error> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| Oid::parse(&text).map_err(|_| unknown("object id", &text))).transpose()
}

pub fn timestamp(row: &Row, column: usize) -> Result<Timestamp, Error> {
    from_milliseconds(row.get(column)?)
}

pub fn from_milliseconds(time: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(time).map_err(|_| unknown("time", &time.to_string()))
}

pub fn count(row: &Row, column: usize) -> Result<u64, Error> {
    let count: i64 = row.get(column)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub fn unknown(what: &'static str, value: &str) -> Error {
    Error::Unknown { what, value: value.to_owned() }
}
