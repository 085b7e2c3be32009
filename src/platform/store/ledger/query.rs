//! Questions to the ledger; none of them changes anything.

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use crate::domain::model::class::Class;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::{
    Disposition, FindingHistory, FindingStatus, Observation, StoredFinding,
};
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed::is_keyed;
use crate::platform::store::ledger::matching::StoredLocators;
use crate::platform::store::ledger::rows::{
    KEPT_COLUMNS, KEPT_TABLES, SIGHTING_COLUMNS, disposition, from_milliseconds, kept, oid,
    sighting,
};

/// Which findings are meant; what is not set does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<FindingStatus>,
    pub class: Option<Class>,
    pub gate: Option<Gate>,
    /// A file, or a folder with all that is below it.
    pub path: Option<BString>,
    /// Seen at that time or later.
    pub since: Option<Timestamp>,
    /// The most that are given.
    pub limit: Option<usize>,
}

/// The findings that a filter lets through, last seen first.
#[derive(Clone, Debug)]
pub struct Listing {
    pub findings: Vec<StoredFinding>,
    /// How many there are without the limit.
    pub total: usize,
}

/// One finding in one change, as recurrence counts it.
#[derive(Clone, Debug)]
pub struct SightingRow {
    pub kept: StoredFinding,
    pub sighting: Observation,
    /// Whether it is the first change that the finding was seen in. The same finding in a later
    /// change is the old mistake, still there.
    pub first: bool,
}

/// What became of a rule's findings. Derived from the findings, so that it cannot drift from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleStats {
    /// How many findings it made; each counts once, however often it was seen.
    pub hits: u64,
    /// How many of them are dismissed now.
    pub dismissed: u64,
    pub last_hit: Option<Timestamp>,
}

/// The fewest characters that are taken for a part of an id.
pub const ID_PART_MIN: usize = 4;

/// The most ids that an error lists.
const LISTED_MAX: usize = 5;

/// What a filter says, in SQL: its numbers are those of [`Filter::values`].
const CONDITIONS: &str = "
    (?1 IS NULL OR f.class = ?1) AND (?2 IS NULL OR f.gate = ?2) AND f.last_seen >= ?3
    AND (?4 IS NULL OR f.spot = 'file' AND (?4 = x'' OR f.name = ?4
        OR substr(f.name, 1, length(?5)) = ?5))
    AND (?6 IS NULL OR ?6 = COALESCE((
        SELECT CASE WHEN d.decision = 'reopened' OR d.until <= ?7 THEN 'open' ELSE d.decision END
        FROM dispositions d WHERE d.finding = f.id ORDER BY d.number DESC LIMIT 1), 'open'))";

impl Filter {
    fn values(&self, now: Timestamp) -> [Value; 7] {
        let text = |text: Option<&str>| text.map_or(Value::Null, |text| text.to_owned().into());
        let path = self.path.as_ref().map(|path| path.trim_end_with(|c| c == '/').to_vec());
        [
            text(self.class.as_ref().map(Class::as_str)),
            text(self.gate.map(Gate::as_str)),
            self.since.map_or(i64::MIN, Timestamp::as_millisecond).into(),
            path.clone().map_or(Value::Null, Value::from),
            path.map_or(Value::Null, |path| [path.as_slice(), b"/"].concat().into()),
            text(self.status.map(FindingStatus::as_str)),
            now.as_millisecond().into(),
        ]
    }

    /// Whether nothing but the status matters.
    pub fn is_wide(&self) -> bool {
        self.class.is_none() && self.gate.is_none() && self.path.is_none() && self.since.is_none()
    }
}

impl Ledger {
    /// The findings that a filter lets through, last seen first.
    pub fn list(&self, filter: &Filter, now: Timestamp) -> Result<Listing, Error> {
        let mut findings = Vec::new();
        self.each(filter, now, |kept| findings.push(kept))?;
        let total = match filter.limit {
            Some(limit) if findings.len() >= limit => self.count(filter, now)?,
            _ => findings.len(),
        };
        Ok(Listing { findings, total })
    }

    /// Gives each finding that a filter lets through, last seen first, without holding them all.
    pub fn each(
        &self,
        filter: &Filter,
        now: Timestamp,
        mut take: impl FnMut(StoredFinding),
    ) -> Result<(), Error> {
        // The index gives the order; what does not count is passed over before it is read.
        let mut statement = self.connection.prepare(&format!(
            "SELECT {KEPT_COLUMNS} FROM {KEPT_TABLES}
             WHERE {CONDITIONS} ORDER BY f.last_seen DESC, f.id DESC LIMIT ?8"
        ))?;
        let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let values = filter.values(now).into_iter().chain([limit.into()]);
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            take(kept(row, now)?);
        }
        Ok(())
    }

    /// How many findings a filter lets through, whatever its limit.
    pub fn count(&self, filter: &Filter, now: Timestamp) -> Result<usize, Error> {
        let count = |sql: &str, values: &[Value]| -> Result<usize, Error> {
            let count = self.connection.query_row(sql, params_from_iter(values), |row| row.get(0));
            Ok(usize::try_from(count.map(|count: i64| count)?).unwrap_or(0))
        };
        // Most findings have no decision: those that have one are counted, and taken off all.
        if filter.is_wide()
            && let Some(status) = filter.status
        {
            let decided =
                "SELECT COUNT(*) FROM dispositions d WHERE (d.until IS NULL OR d.until > ?1)
                 AND d.number = (SELECT MAX(number) FROM dispositions WHERE finding = d.finding)
                 AND (d.decision = ?2 OR ?2 = 'open' AND d.decision <> 'reopened')";
            let values = [now.as_millisecond().into(), status.as_str().to_owned().into()];
            let decided = count(decided, &values)?;
            return Ok(match status {
                FindingStatus::Open => {
                    count("SELECT COUNT(*) FROM findings", &[])?.saturating_sub(decided)
                }
                _ => decided,
            });
        }
        let sql = format!("SELECT COUNT(*) FROM findings f WHERE {CONDITIONS}");
        count(&sql, &filter.values(now))
    }

    /// The finding of that id; `None` where there is none.
    pub fn get(&self, id: &str, now: Timestamp) -> Result<Option<StoredFinding>, Error> {
        get(&self.connection, id, now)
    }

    /// The finding that a part of an id names: its beginning, or its end, since the ids of one
    /// moment begin alike. [`Error::NoFinding`] and [`Error::Ambiguous`] say why there is none.
    pub fn resolve(&self, part: &str, now: Timestamp) -> Result<StoredFinding, Error> {
        let wanted = part.trim().to_ascii_uppercase();
        let no_finding = || Error::NoFinding(part.to_owned());
        if wanted.len() < ID_PART_MIN || !wanted.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(no_finding());
        }
        for pattern in [format!("{wanted}%"), format!("%{wanted}")] {
            let mut statement = self
                .connection
                .prepare_cached("SELECT id FROM findings WHERE id LIKE ?1 ORDER BY id")?;
            let ids: Vec<String> =
                statement.query_map([pattern], |row| row.get(0))?.collect::<Result<_, _>>()?;
            match ids.as_slice() {
                [] => {}
                [id] => return self.get(id, now)?.ok_or_else(no_finding),
                _ => {
                    let some = ids.iter().take(LISTED_MAX).cloned().collect();
                    return Err(Error::Ambiguous { text: part.to_owned(), count: ids.len(), some });
                }
            }
        }
        Err(no_finding())
    }

    /// The ids of the newest findings, at most so many.
    pub fn newest_ids(&self, most: u32) -> Result<Vec<String>, Error> {
        let mut statement =
            self.connection.prepare("SELECT id FROM findings ORDER BY id DESC LIMIT ?1")?;
        let ids = statement.query_map([most], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The object that a finding was last seen in.
    pub fn content(&self, id: &str) -> Result<Option<Oid>, Error> {
        let mut statement =
            self.connection.prepare("SELECT content FROM findings WHERE id = ?1")?;
        let mut rows = statement.query([id])?;
        rows.next()?.map_or(Ok(None), |row| oid(row, 0))
    }

    /// Everything that happened to a finding.
    pub fn history(&self, id: &str) -> Result<FindingHistory, Error> {
        let mut history = FindingHistory { sightings: Vec::new(), dispositions: Vec::new() };
        let mut statement = self.connection.prepare(&format!(
            "SELECT {SIGHTING_COLUMNS} FROM sightings s WHERE s.finding = ?1
             ORDER BY s.first_seen, s.change"
        ))?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            history.sightings.push(sighting(row, 0)?);
        }
        let mut statement = self.connection.prepare(
            "SELECT decision, actor, reason, time, until, commit_oid
             FROM dispositions d LEFT JOIN steps s USING (finding, number)
             WHERE d.finding = ?1 ORDER BY d.number",
        )?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            history.dispositions.push(Disposition { commit: oid(row, 5)?, ..disposition(row, 0)? });
        }
        Ok(history)
    }

    /// What a finding's line can be found again by, as JSON; `None` where there is no such finding, or
    /// nothing but keyed hashes, by which no line can be found.
    pub fn locators(&self, id: &str) -> Result<Option<String>, Error> {
        let mut statement =
            self.connection.prepare("SELECT locators FROM findings WHERE id = ?1")?;
        let mut rows = statement.query([id])?;
        let found: Option<String> = rows.next()?.map(|row| row.get(0)).transpose()?;
        let locators = found.as_deref().map(serde_json::from_str::<StoredLocators>);
        let is_keyed = matches!(locators, Some(Ok(all)) if all.values().any(|hash| is_keyed(hash)));
        Ok(found.filter(|_| !is_keyed))
    }

    /// Each finding of those gates in each change that it was met in at that time or later, oldest first: the
    /// newest `most` of them.
    pub fn sightings_since(
        &self,
        since: Timestamp,
        now: Timestamp,
        gates: &[Gate],
        most: usize,
    ) -> Result<Vec<SightingRow>, Error> {
        let words: Vec<String> = gates.iter().map(|gate| format!("'{gate}'")).collect();
        let words = words.join(", ");
        let mut statement = self.connection.prepare(&format!(
            "SELECT {KEPT_COLUMNS}, {SIGHTING_COLUMNS},
                 s.change = (SELECT change FROM sightings WHERE finding = f.id
                     ORDER BY first_seen, change LIMIT 1)
             FROM {KEPT_TABLES} JOIN sightings s ON s.finding = f.id
             WHERE s.rowid IN (SELECT t.rowid FROM sightings t JOIN findings g ON g.id = t.finding
                 WHERE t.last_seen >= ?1 AND g.gate IN ({words})
                 ORDER BY t.last_seen DESC LIMIT ?2)
             ORDER BY s.first_seen, f.id, s.change"
        ))?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = statement.query([since.as_millisecond(), most])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (kept, sighting) = (kept(row, now)?, sighting(row, 22)?);
            found.push(SightingRow { kept, sighting, first: row.get(31)? });
        }
        Ok(found)
    }

    /// What became of the findings of one rule of one gate.
    pub fn rule_stats(&self, gate: Gate, rule: &str, now: Timestamp) -> Result<RuleStats, Error> {
        let (hits, dismissed, last_hit) = self.connection.query_row(
            "SELECT COUNT(*), COUNT(CASE WHEN d.decision = 'dismissed'
                     AND (d.until IS NULL OR d.until > ?3) THEN 1 END), MAX(f.last_seen)
             FROM findings f LEFT JOIN dispositions d ON d.finding = f.id
                 AND d.number = (SELECT MAX(number) FROM dispositions WHERE finding = f.id)
             WHERE f.gate = ?1 AND f.rule = ?2",
            params![gate.as_str(), rule, now.as_millisecond()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?)),
        )?;
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(RuleStats {
            hits: count(hits),
            dismissed: count(dismissed),
            last_hit: last_hit.map(from_milliseconds).transpose()?,
        })
    }
}

/// The finding of that id; `None` where there is none.
pub fn get(
    connection: &Connection,
    id: &str,
    now: Timestamp,
) -> Result<Option<StoredFinding>, Error> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {KEPT_COLUMNS} FROM {KEPT_TABLES} WHERE f.id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(|row| kept(row, now)).transpose()
}
