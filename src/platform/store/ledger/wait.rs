//! Until when an agent's service wants to be left alone, by whom, and why.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::keyed;
use crate::platform::store::ledger::rows::{from_milliseconds, timestamp};

/// Made when it is first needed, beside the tables that have versions. The waits of the table `waits`,
/// which name no account, are not read any more.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS agent_waits (
    agent      TEXT   NOT NULL,
    account    TEXT   NOT NULL,  -- a keyed hash of the address and the credential
    until      BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    why        TEXT   NOT NULL,
    PRIMARY KEY (agent, account)
)";

/// A limit of one agent with one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentWait {
    pub agent: String,
    pub until: Timestamp,
    pub since: Timestamp,
    /// As the service or the program said it, without secrets, one line.
    pub why: String,
}

impl Ledger {
    /// Keeps until when an agent is not to be asked with that account; the last word holds.
    pub fn keep_wait(&mut self, wait: &AgentWait, account: &[u8]) -> Result<(), Error> {
        save_point();
        self.connection.execute_batch(TABLE)?;
        let account = keyed::hash(&self.connection, account)?;
        self.connection.execute(
            "INSERT INTO agent_waits (agent, account, until, since, why) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (agent, account) DO UPDATE SET
                 until = excluded.until, since = excluded.since, why = excluded.why",
            params![
                wait.agent,
                account,
                wait.until.as_millisecond(),
                wait.since.as_millisecond(),
                wait.why
            ],
        )?;
        save_point();
        Ok(())
    }

    /// Until when an agent is not to be asked with that account; `None` where it may be asked now.
    pub fn wait(
        &self,
        agent: &str,
        account: &[u8],
        now: Timestamp,
    ) -> Result<Option<AgentWait>, Error> {
        if !is_there(&self.connection)? {
            return Ok(None);
        }
        let account = keyed::hash(&self.connection, account)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT agent, until, since, why FROM agent_waits
             WHERE agent = ?1 AND account = ?2 AND until > ?3",
        )?;
        let mut rows = statement.query(params![agent, account, now.as_millisecond()])?;
        rows.next()?.map(wait_of).transpose()
    }

    /// Every wait that is not over, whatever the account, by agent.
    pub fn waits(&self, now: Timestamp) -> Result<Vec<AgentWait>, Error> {
        if !is_there(&self.connection)? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare(
            "SELECT agent, until, since, why FROM agent_waits WHERE until > ?1 ORDER BY agent, until",
        )?;
        let mut rows = statement.query([now.as_millisecond()])?;
        let mut waits = Vec::new();
        while let Some(row) = rows.next()? {
            waits.push(wait_of(row)?);
        }
        Ok(waits)
    }

    /// Forgets the waits of an agent with whatever account, or of all; gives how many were not over.
    pub fn clear_waits(&mut self, agent: Option<&str>, now: Timestamp) -> Result<usize, Error> {
        if !is_there(&self.connection)? {
            return Ok(0);
        }
        let is_meant = |wait: &AgentWait| agent.is_none_or(|agent| wait.agent == agent);
        let held = self.waits(now)?.iter().filter(|wait| is_meant(wait)).count();
        save_point();
        match agent {
            Some(agent) => {
                self.connection.execute("DELETE FROM agent_waits WHERE agent = ?1", [agent])?
            }
            None => self.connection.execute("DELETE FROM agent_waits", [])?,
        };
        save_point();
        Ok(held)
    }
}

fn is_there(connection: &Connection) -> Result<bool, Error> {
    let found = connection
        .query_row("SELECT 1 FROM sqlite_master WHERE name = 'agent_waits'", [], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn wait_of(row: &Row) -> Result<AgentWait, Error> {
    Ok(AgentWait {
        agent: row.get(0)?,
        until: from_milliseconds(row.get(1)?)?,
        since: timestamp(row, 2)?,
        why: row.get(3)?,
    })
}
