//! Every call to an agent, once, with what it cost.

use jiff::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::domain::model::agent::{Cost, Money, Role, Tokens};
use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::rows::{from_milliseconds, timestamp, unknown};

/// The outcome of a call that has none yet; a kill leaves it behind.
pub const UNDER_WAY: &str = "under way";

/// The outcome of a call that was answered.
const ANSWERED: &str = "answered";

/// One call to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub run: String,
    /// The name of the call within its run.
    pub key: String,
    pub role: Role,
    pub agent: String,
    /// Who made the model.
    pub family: String,
    /// Empty where nobody said.
    pub model: String,
    /// Empty where the program has none.
    pub version: String,
    pub started: Timestamp,
    /// `None` while it is under way, and where it was killed.
    pub ended: Option<Timestamp>,
    /// The outcome's word, or [`UNDER_WAY`].
    pub outcome: String,
    pub cost: Cost,
    /// Whether the money was computed from the price table.
    pub priced: bool,
    /// What it counts for where its cost is unknown: all that it may cost while it is under way, else
    /// what it is estimated to have cost.
    pub budget: Money,
}

impl Call {
    /// Whether it was answered.
    pub fn is_answered(&self) -> bool {
        self.outcome == ANSWERED
    }

    /// What it counts for in a budget.
    pub fn counted(&self) -> Money {
        self.cost.money.unwrap_or(self.budget)
    }
}

/// What may be spent, and where the day began.
#[derive(Clone, Debug)]
pub struct Limits {
    pub run: Money,
    /// The runs whose calls count together for that.
    pub runs: Vec<String>,
    pub day: Money,
    pub day_began: Timestamp,
}

/// What calls count for in a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// What they cost.
    pub spent: Money,
    /// The part of it that was computed by the price table.
    pub priced: Money,
    /// What those are estimated to have cost of which nobody told.
    pub estimated: Money,
    /// What those may cost that are under way.
    pub set_aside: Money,
}

impl Counted {
    pub fn all(&self) -> Money {
        self.spent + self.estimated + self.set_aside
    }
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is kept as under way, and its budget counts.
    Yes,
    /// It would break the run's budget, in which so much counts. Nothing was kept.
    OverRun(Counted),
    /// It would break the day's budget, in which so much counts. Nothing was kept.
    OverDay(Counted),
}

const COLUMNS: &str = "run, key, role, agent, family, model, version, started, ended, outcome,
    input, cached, output, money, priced, budget";

impl Ledger {
    /// Keeps a call that is about to be made, where the budgets allow it. Looking and keeping are
    /// one step: two runs cannot both spend the last of a day. A call of the same run and key takes
    /// the place of the one that was killed.
    pub fn begin_call(&mut self, call: &Call, limits: &Limits) -> Result<Begun, Error> {
        save_point();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let others = |condition: &str, word: &dyn rusqlite::ToSql| {
            spent(&transaction, condition, &[&call.run, &call.key, word])
        };
        let runs = serde_json::Value::from(limits.runs.clone()).to_string();
        let run = others("run IN (SELECT value FROM json_each(?3))", &runs)?;
        if run.all() + call.budget > limits.run {
            return Ok(Begun::OverRun(run));
        }
        let day = others("started >= ?3", &limits.day_began.as_millisecond())?;
        if day.all() + call.budget > limits.day {
            return Ok(Begun::OverDay(day));
        }
        put(&transaction, call)?;
        save_point();
        transaction.commit()?;
        save_point();
        Ok(Begun::Yes)
    }

    /// Keeps a call as it ended; again changes nothing.
    pub fn end_call(&mut self, call: &Call) -> Result<(), Error> {
        save_point();
        put(&self.connection, call)?;
        save_point();
        Ok(())
    }

    /// The calls that were started at that time or later, oldest first.
    pub fn calls_since(&self, since: Timestamp) -> Result<Vec<Call>, Error> {
        self.calls("started >= ?1", &since.as_millisecond())
    }

    /// The calls of one run, oldest first.
    pub fn calls_of(&self, run: &str) -> Result<Vec<Call>, Error> {
        self.calls("run = ?1", &run)
    }

    /// The calls that are under way, and those that were when their program was killed.
    pub fn calls_under_way(&self) -> Result<Vec<Call>, Error> {
        self.calls("ended IS NULL AND outcome = ?1", &UNDER_WAY)
    }

    fn calls(&self, condition: &str, word: &dyn rusqlite::ToSql) -> Result<Vec<Call>, Error> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT {COLUMNS} FROM calls WHERE {condition} ORDER BY started, run, key"
        ))?;
        let mut rows = statement.query([word])?;
        let mut calls = Vec::new();
        while let Some(row) = rows.next()? {
            calls.push(call(row)?);
        }
        Ok(calls)
    }
}

/// What all calls but one count for together.
fn spent(
    connection: &Connection,
    condition: &str,
    words: &[&dyn rusqlite::ToSql; 3],
) -> Result<Counted, Error> {
    let sums = connection.query_row(
        &format!(
            "SELECT COALESCE(SUM(money), 0),
                 COALESCE(SUM(CASE WHEN priced <> 0 THEN money END), 0),
                 COALESCE(SUM(CASE WHEN money IS NULL AND outcome <> '{UNDER_WAY}' THEN budget END), 0),
                 COALESCE(SUM(CASE WHEN money IS NULL AND outcome = '{UNDER_WAY}' THEN budget END), 0)
             FROM calls WHERE NOT (run = ?1 AND key = ?2) AND {condition}"
        ),
        words,
        |row| -> rusqlite::Result<[i64; 4]> {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        },
    )?;
    let [spent, priced, estimated, set_aside] =
        sums.map(|sum| Money(u64::try_from(sum).unwrap_or(0)));
    Ok(Counted { spent, priced, estimated, set_aside })
}

fn put(connection: &Connection, call: &Call) -> Result<(), Error> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let Tokens { input, cached, output } = call.cost.tokens;
    connection
        .prepare_cached(&format!(
            "INSERT INTO calls ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (run, key) DO UPDATE SET
                 role = excluded.role, agent = excluded.agent, family = excluded.family,
                 model = excluded.model, version = excluded.version, started = excluded.started,
                 ended = excluded.ended, outcome = excluded.outcome, input = excluded.input,
                 cached = excluded.cached, output = excluded.output, money = excluded.money,
                 priced = excluded.priced, budget = excluded.budget"
        ))?
        .execute(params![
            call.run,
            call.key,
            call.role.as_str(),
            call.agent,
            call.family,
            call.model,
            call.version,
            call.started.as_millisecond(),
            call.ended.map(Timestamp::as_millisecond),
            call.outcome,
            input.map(number),
            cached.map(number),
            output.map(number),
            call.cost.money.map(|money| number(money.0)),
            i64::from(call.priced),
            number(call.budget.0),
        ])?;
    Ok(())
}

fn call(row: &Row) -> Result<Call, Error> {
    let role: String = row.get(2)?;
    let ended: Option<i64> = row.get(8)?;
    let number = |column: usize| -> Result<Option<u64>, Error> {
        let value: Option<i64> = row.get(column)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    };
    Ok(Call {
        run: row.get(0)?,
        key: row.get(1)?,
        role: Role::from_name(&role).ok_or_else(|| unknown("role", &role))?,
        agent: row.get(3)?,
        family: row.get(4)?,
        model: row.get(5)?,
        version: row.get(6)?,
        started: timestamp(row, 7)?,
        ended: ended.map(from_milliseconds).transpose()?,
        outcome: row.get(9)?,
        cost: Cost {
            tokens: Tokens { input: number(10)?, cached: number(11)?, output: number(12)? },
            money: number(13)?.map(Money),
        },
        priced: row.get::<_, i64>(14)? != 0,
        budget: Money(number(15)?.unwrap_or(0)),
    })
}
