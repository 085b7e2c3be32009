//! Keeps what an attack came to: a page, the same as data, and its tests that break as patches.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::domain::attack::page;
use crate::domain::attack::record::AttackRecord;
use crate::flow::context::Context;
use crate::platform::store::file;
use crate::platform::store::permissions;

/// Where an attack is kept.
#[derive(Clone, Debug)]
pub struct KeptAttack {
    pub page: PathBuf,
    /// One for each file with a test that breaks.
    pub patches: Vec<PathBuf>,
}

/// Writes it, in a folder of its own in the state folder of the repository.
pub fn keep(context: Context<'_>, record: &AttackRecord) -> Result<KeptAttack> {
    let folder = context.repo.state_dir().join("attacks").join(&record.id);
    permissions::make_private_dir(&folder)
        .with_context(|| format!("could not make `{}`", folder.display()))?;
    let data = serde_json::to_vec_pretty(record)?;
    file::write_atomic(&folder.join("attack.json"), &data)?;
    let mut patches = Vec::new();
    for (number, tests) in (1..).zip(record.breaking_files()) {
        let path = folder.join(format!("breaking-{number}.patch"));
        file::write_atomic(&path, page::patch_of(tests).as_bytes())?;
        patches.push(path);
    }
    let name = if record.spec.is_empty() { &record.id } else { &record.spec };
    let page = folder.join(format!("{name}-adversarial.md"));
    file::write_atomic(&page, page::page(record).as_bytes())?;
    Ok(KeptAttack { page, patches })
}
