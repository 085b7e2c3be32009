//! Reads the run of any format that this program or an earlier one wrote.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::pipeline::format_1;
use crate::domain::pipeline::run::{Run, VERSION};
use crate::domain::pipeline::spec_run::{self, SpecRun};

/// Why a file is not read as a run.
#[derive(Debug, thiserror::Error)]
pub enum RunFormatError {
    /// What is not known of it would be lost with the next save.
    #[error("format {version}, known is {known}")]
    Newer { version: u32, known: u32 },
    #[error(transparent)]
    Wrong(#[from] serde_json::Error),
}

/// A run as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredRun {
    Review(Box<Run>),
    Spec(Box<SpecRun>),
}

/// Reads a run from JSON.
pub fn parse(text: &[u8]) -> Result<StoredRun, RunFormatError> {
    let Format { version, machine } = serde_json::from_slice(text)?;
    let is_of_spec = machine.spec.is_some();
    let known = if is_of_spec { spec_run::VERSION } else { VERSION };
    if version > known {
        return Err(RunFormatError::Newer { version, known });
    }
    if is_of_spec {
        let run: SpecRun = serde_json::from_slice(text)?;
        return Ok(StoredRun::Spec(Box::new(SpecRun { version: spec_run::VERSION, ..run })));
    }
    Ok(StoredRun::Review(Box::new(match version {
        ..=1 => serde_json::from_slice::<format_1::RunRecord>(text)?.into_run(),
        // The third format has more fields, which the second does without.
        _ => Run { version: VERSION, ..serde_json::from_slice(text)? },
    })))
}

/// The id of the spec that an unfinished run of any format builds, a later one included; `None` of what has ended, and
/// of what is no run of a spec.
pub fn spec_of_unfinished(text: &[u8]) -> Option<String> {
    let run: serde_json::Value = serde_json::from_slice(text).ok()?;
    let stage = run.pointer("/machine/spec/stage")?;
    let id = run.pointer("/about/spec_id")?.as_str()?;
    stage.get("ended").is_none().then(|| id.to_owned())
}

/// What tells one format from another; the first has no machine.
#[derive(Deserialize)]
struct Format {
    version: u32,
    #[serde(default)]
    machine: MachineKind,
}

#[derive(Default, Deserialize)]
struct MachineKind {
    #[serde(default)]
    spec: Option<IgnoredAny>,
}
