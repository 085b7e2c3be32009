//! The tables of the ledger, and the way from each version of them to the next.
//!
//! The SQL is kept to what `PostgreSQL` understands too: plain types, no row ids, times as
//! milliseconds since 1970, upserts by `ON CONFLICT`.

use std::collections::HashSet;

use rusqlite::{Connection, TransactionBehavior};

use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::error::Error;

/// One step a version: `STEPS[0]` leads from nothing to version 1. A released step never changes.
const STEPS: [&str; 6] = [V1, V2, V3, V4, V5, V6];

/// The version that this program reads and writes.
#[expect(clippy::cast_possible_wrap, reason = "there is a handful of steps")]
pub const VERSION: i64 = STEPS.len() as i64;

const V1: &str = "
CREATE TABLE findings (
    id         TEXT   NOT NULL PRIMARY KEY,
    gate       TEXT   NOT NULL,
    rule       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    severity   TEXT   NOT NULL,
    effect     TEXT   NOT NULL,
    spot       TEXT   NOT NULL,  -- change, file, commit-message, tag-message, ref
    name       BLOB   NOT NULL,  -- the path, tag or ref, as bytes; empty where there is none
    line       BIGINT NOT NULL,
    col        BIGINT NOT NULL,
    end_line   BIGINT NOT NULL,
    anchor     TEXT   NOT NULL,
    message    TEXT   NOT NULL,
    suggestion TEXT   NOT NULL,
    locators   TEXT   NOT NULL,  -- a JSON object, from the locator's name to its hash
    content    TEXT,             -- the object that it was seen in: a file's blob, a ref's commit
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    times      BIGINT NOT NULL
);
CREATE INDEX findings_by_place ON findings (gate, rule, spot, name);
CREATE INDEX findings_by_last_seen ON findings (last_seen);

CREATE TABLE sightings (
    finding    TEXT   NOT NULL REFERENCES findings (id),
    change     TEXT   NOT NULL,
    name       BLOB   NOT NULL,
    line       BIGINT NOT NULL,
    commit_oid TEXT,
    tree_oid   TEXT,
    branch     TEXT,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    times      BIGINT NOT NULL,
    PRIMARY KEY (finding, change)
);
CREATE INDEX sightings_by_name ON sightings (name);
CREATE INDEX sightings_by_last_seen ON sightings (last_seen);

CREATE TABLE dispositions (
    finding    TEXT   NOT NULL REFERENCES findings (id),
    number     BIGINT NOT NULL,  -- 1, 2, 3 … for each finding; the highest one holds
    decision   TEXT   NOT NULL,  -- accepted, dismissed, fixed, reopened
    actor      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    time       BIGINT NOT NULL,
    until      BIGINT,
    PRIMARY KEY (finding, number)
);
";

/// Versions of specs, which are on record in a file of their own since: nothing is written here any more.
const V2: &str = "
CREATE TABLE specs (
    id         TEXT   NOT NULL,
    hash       TEXT   NOT NULL,  -- of the content
    path       TEXT   NOT NULL,
    worktree   BLOB   NOT NULL,
    size       TEXT   NOT NULL,
    accepted   BIGINT NOT NULL,  -- 1 where it was fit for a run
    problems   TEXT   NOT NULL,  -- a JSON array
    time       BIGINT NOT NULL,
    PRIMARY KEY (id, hash)
);
";

const V3: &str = "
CREATE TABLE calls (
    run        TEXT   NOT NULL,
    key        TEXT   NOT NULL,  -- the name of the call within its run
    role       TEXT   NOT NULL,
    agent      TEXT   NOT NULL,
    family     TEXT   NOT NULL,
    model      TEXT   NOT NULL,  -- empty where nobody said
    version    TEXT   NOT NULL,  -- of the program; empty where it has none
    started    BIGINT NOT NULL,
    ended      BIGINT,           -- unknown while it is under way, or where it was killed
    outcome    TEXT   NOT NULL,
    input      BIGINT,           -- tokens and money: unknown is not zero
    cached     BIGINT,
    output     BIGINT,
    money      BIGINT,           -- in millionths of a US dollar
    priced     BIGINT NOT NULL,  -- 1 where the money was computed from the price table
    budget     BIGINT NOT NULL,  -- what it counts for where its money is unknown
    PRIMARY KEY (run, key)
);
CREATE INDEX calls_by_started ON calls (started);

CREATE TABLE receipts (
    question   TEXT   NOT NULL PRIMARY KEY,
    id         TEXT   NOT NULL,  -- BLAKE3 of question and body
    body       TEXT   NOT NULL,  -- JSON
    time       BIGINT NOT NULL,
    first      BIGINT NOT NULL   -- when there was first one for this question
);

CREATE TABLE waits (
    agent      TEXT   NOT NULL PRIMARY KEY,
    until      BIGINT NOT NULL
);
";

const V4: &str = "
CREATE TABLE steps (
    finding    TEXT   NOT NULL REFERENCES findings (id),
    number     BIGINT NOT NULL,  -- of the disposition
    commit_oid TEXT   NOT NULL,  -- that shows it
    PRIMARY KEY (finding, number)
);

CREATE TABLE marks (
    name       TEXT   NOT NULL PRIMARY KEY,
    value      TEXT   NOT NULL   -- what was there when the work of that name was done
);

CREATE INDEX findings_of_gates ON findings (last_seen)
    WHERE gate NOT IN ('review', 'person', 'import');
";

const V5: &str = "
CREATE TABLE shown_parts (
    part       BLOB   NOT NULL PRIMARY KEY,  -- the key of a part of a change
    time       BIGINT NOT NULL               -- when a complete review was shown it last
);

CREATE TABLE review_findings (
    finding    TEXT   NOT NULL PRIMARY KEY REFERENCES findings (id),
    body       TEXT   NOT NULL               -- JSON: what reviews said of it
);
";

const V6: &str = "
CREATE TABLE shown_moves (
    old        BLOB   NOT NULL,  -- the path of a file that a complete review was shown to move
    new        BLOB   NOT NULL,
    PRIMARY KEY (old, new)
);
CREATE INDEX shown_moves_by_new ON shown_moves (new);
";

/// Brings the tables to [`VERSION`].
///
/// Safe for any number of processes at once: the version is read again inside the transaction that
/// changes it.
pub fn migrate(connection: &mut Connection) -> Result<(), Error> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    let done = usize::try_from(found).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        save_point();
        transaction.execute_batch(step)?;
    }
    if found < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
        save_point();
    }
    transaction.commit()?;
    save_point();
    Ok(())
}

/// The version of the tables; an error where they are from a newer program.
pub fn version(connection: &Connection) -> Result<i64, Error> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(Error::Newer { found, known: VERSION });
    }
    Ok(found)
}

/// Whether there are exactly the tables and indexes of the version that the database says it has.
pub fn is_whole(connection: &Connection) -> Result<bool, Error> {
    let found = usize::try_from(version(connection)?).unwrap_or(0);
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")?;
    let there: HashSet<String> =
        statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut steps = STEPS.iter().enumerate();
    Ok(steps.all(|(at, step)| {
        let statements = step.split(";\n").map(str::trim).filter(|text| !text.is_empty());
        // The database keeps the text with which each was made.
        statements.into_iter().all(|text| there.contains(text) == (at < found))
    }))
}
