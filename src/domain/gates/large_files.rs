//! The large-files gate: stops files that a repository would carry for ever.

use anyhow::Result;

use crate::domain::model::change::{FileChange, FileChangeKind};
use crate::domain::model::class::Class;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::objects::ReadObjects;
use crate::domain::model::severity::Severity;

/// Finds a file of `new` bytes where that is above `max`. A file that was as large before, or only moved, is left alone.
pub fn check(
    file: &FileChange,
    new: u64,
    objects: &dyn ReadObjects,
    max: u64,
    effect: Effect,
) -> Result<Option<Finding>> {
    if new <= max || matches!(file.kind, FileChangeKind::Renamed { .. }) {
        return Ok(None);
    }
    for entry in file.old.iter().chain(&file.merged) {
        if objects.size(&entry.oid)?.unwrap_or(0) > max {
            return Ok(None);
        }
    }
    Ok(Some(Finding {
        gate: Gate::LargeFiles,
        rule: "large-file".to_owned(),
        class: Class::new("repository/large-file"),
        severity: Severity::Medium,
        effect,
        place: Some(Location::file(file.path.clone())),
        anchor: String::new(),
        message: format!("the file has {}, more than {}", human(new), human(max)),
        suggestion: "keep it outside the repository or in git lfs, or raise \
                     `gates.large-files.max` in tribunal.toml"
            .to_owned(),
    }))
}

/// A size for people.
pub fn human(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        0..KIB => format!("{bytes} B"),
        _ if bytes < KIB * KIB => format!("{} KiB", bytes / KIB),
        _ => format!("{}.{} MiB", bytes / KIB / KIB, bytes / KIB % KIB * 10 / KIB),
    }
}
