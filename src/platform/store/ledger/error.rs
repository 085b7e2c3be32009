//! Why the ledger could not do what it was asked.

use crate::domain::model::error::hinted;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the ledger is from a newer tribunal (schema {found}, this one knows {known})")]
    Newer { found: i64, known: i64 },
    /// The file is not what was written; [`with`](crate::platform::store::ledger::with) sets it aside.
    #[error("the ledger is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// As [`Self::Damaged`]: the file is there, and nothing is in it.
    #[error("the ledger was emptied")]
    Emptied,
    #[error("could not make a place for the ledger at `{}`", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("could not set the damaged ledger aside at `{}`", .path.display())]
    SetAside { path: PathBuf, source: io::Error },
    /// Locked for too long, no space, no right to write, …: the source says which.
    #[error("the ledger could not be used")]
    Database(#[source] rusqlite::Error),
    #[error("the ledger holds what this tribunal does not know: {what} `{value}`")]
    Unknown { what: &'static str, value: String },
    #[error("no finding `{0}` in the ledger")]
    NoFinding(String),
    #[error("`{text}` could be {count} findings: {}", .some.join(", "))]
    Ambiguous { text: String, count: usize, some: Vec<String> },
}

impl Error {
    /// The error with its hint, for a command that needs the ledger.
    pub fn hinted(self) -> anyhow::Error {
        let hint = self.hint();
        hinted(format!("{:#}", anyhow::Error::new(self)), hint)
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "install the newer tribunal; nothing was written, the ledger is as it was"
            }
            Self::Damaged(_) | Self::Emptied | Self::SetAside { .. } => {
                "move the `ledger.*` files out of `tribunal/` in the git directory"
            }
            Self::Folder { .. } | Self::Database(_) => {
                "check space and rights of `tribunal/` in the git directory"
            }
            Self::Unknown { .. } => "install the tribunal that wrote it",
            Self::NoFinding(_) => "`tribunal findings list --status all` shows every id",
            Self::Ambiguous { .. } => "give more of the id, from its beginning or its end",
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ if has_other_tables(&error) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}

/// Whether a statement does not fit the tables: every statement here fits those of its version.
fn has_other_tables(error: &rusqlite::Error) -> bool {
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        _ => return false,
    };
    message.starts_with("no such table")
        || message.contains("no such column")
        || message.contains("has no column named")
        || message.ends_with("already exists")
}

/// Whether another process was in the way and trying again may help.
pub fn is_busy(error: &Error) -> bool {
    let (Error::Database(source) | Error::Damaged(source)) = error else { return false };
    matches!(source.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
