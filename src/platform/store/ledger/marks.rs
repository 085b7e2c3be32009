//! What was there when work over the whole ledger was done last, so that it is not done again for nothing.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::platform::store::ledger::error::Error;

/// The mark of the work that closes and reopens findings of gates.
const STANDING: &str = "standing";

/// What the findings of gates were last compared with; `None` where something was recorded since.
pub fn standing(connection: &Connection) -> Result<Option<String>, Error> {
    let query = "SELECT value FROM marks WHERE name = ?1";
    Ok(connection.query_row(query, [STANDING], |row| row.get(0)).optional()?)
}

/// Says what they were compared with.
pub fn set(connection: &Connection, value: &str) -> Result<(), Error> {
    connection.execute(
        "INSERT INTO marks (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![STANDING, value],
    )?;
    Ok(())
}

/// Says that something was recorded since.
pub fn clear(connection: &Connection) -> Result<(), Error> {
    connection.execute("DELETE FROM marks WHERE name = ?1", [STANDING])?;
    Ok(())
}
