//! Until when an agent's service wants to be left alone.

use jiff::Timestamp;
use rusqlite::params;

use crate::platform::store::crash::save_point;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::rows::from_milliseconds;

impl Ledger {
    /// Keeps until when an agent is not to be asked; the last word holds.
    pub fn keep_wait(&mut self, agent: &str, until: Timestamp) -> Result<(), Error> {
        save_point();
        self.connection.execute(
            "INSERT INTO waits (agent, until) VALUES (?1, ?2)
             ON CONFLICT (agent) DO UPDATE SET until = excluded.until",
            params![agent, until.as_millisecond()],
        )?;
        save_point();
        Ok(())
    }

    /// Until when an agent is not to be asked; `None` where it may be asked now.
    pub fn wait(&self, agent: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT until FROM waits WHERE agent = ?1 AND until > ?2")?;
        let mut rows = statement.query(params![agent, now.as_millisecond()])?;
        let until = rows.next()?.map(|row| row.get(0)).transpose()?;
        until.map(from_milliseconds).transpose()
    }
}
