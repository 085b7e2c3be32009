//! Reads the run of any format that this program or an earlier one wrote.

use serde::Deserialize;

use crate::domain::pipeline::format_1;
use crate::domain::pipeline::run::{Run, VERSION};

/// Why a file is not read as a run.
#[derive(Debug, thiserror::Error)]
pub enum RunFormatError {
    /// What is not known of it would be lost with the next save.
    #[error("format {0}, known is {VERSION}")]
    Newer(u32),
    #[error(transparent)]
    Wrong(#[from] serde_json::Error),
}

/// Reads a run from JSON.
pub fn parse(text: &[u8]) -> Result<Run, RunFormatError> {
    let Format { version } = serde_json::from_slice(text)?;
    match version {
        ..=1 => Ok(serde_json::from_slice::<format_1::RunRecord>(text)?.into_run()),
        // The third format has more fields, which the second does without.
        2..=VERSION => Ok(Run { version: VERSION, ..serde_json::from_slice(text)? }),
        newer => Err(RunFormatError::Newer(newer)),
    }
}

/// What every format begins with.
#[derive(Deserialize)]
struct Format {
    version: u32,
}
