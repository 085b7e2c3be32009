//! Keys the locators of lines that may hold a value that could be guessed: a hash of such a line alone
//! would confirm a guess. The key is random, the ledger's own, and leaves it never.

use rusqlite::{Connection, params};

use crate::domain::gates::secrets::weak;
use crate::domain::model::gate::Gate;
use crate::platform::config::random;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::matching::StoredLocators;

/// Made when it is first needed, beside the tables that have versions: a program that knows nothing of
/// it can use the ledger.
const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS keys (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)";

/// What a keyed hash begins with.
const KEYED: &str = "keyed:";

pub struct LocatorKey([u8; 32]);

impl LocatorKey {
    /// The ledger's key, made where there is none yet.
    pub fn of(connection: &Connection) -> Result<Self, Error> {
        connection.execute_batch(TABLE)?;
        let mut random = blake3::Hasher::new();
        for _ in 0..2 {
            random.update(&random::number().to_le_bytes());
        }
        connection.execute(
            "INSERT INTO keys (name, value) VALUES ('locators', ?1) ON CONFLICT (name) DO NOTHING",
            params![random.finalize().as_bytes()],
        )?;
        let key = "SELECT value FROM keys WHERE name = 'locators'";
        Ok(Self(connection.query_row(key, [], |row| row.get(0))?))
    }

    /// The locators with this key; what has it stays.
    pub fn keyed(&self, locators: &StoredLocators) -> StoredLocators {
        let keyed = |hash: &String| {
            if is_keyed(hash) {
                return hash.clone();
            }
            let keyed = blake3::keyed_hash(&self.0, hash.as_bytes()).to_hex();
            format!("{KEYED}{}", &keyed[..32])
        };
        locators.iter().map(|(name, hash)| (name.clone(), keyed(hash))).collect()
    }
}

/// A hash of some bytes by the ledger's key: it confirms a guess to nobody who has not the ledger.
pub fn hash(connection: &Connection, bytes: &[u8]) -> Result<String, Error> {
    let key = LocatorKey::of(connection)?;
    Ok(blake3::keyed_hash(&key.0, bytes).to_hex()[..32].to_owned())
}

/// Whether a hash has the key: then no line can be found by it.
pub fn is_keyed(hash: &str) -> bool {
    hash.starts_with(KEYED)
}

/// Whether the locators of such findings are keyed.
pub fn needs_key(gate: &str, rule: &str) -> bool {
    gate == Gate::Secrets.as_str() && weak::may_be_weak(rule)
}
