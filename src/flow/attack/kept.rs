//! Keeps what an attack came to: a page, the same as data, and its tests that break as patches.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::domain::attack::page;
use crate::domain::attack::record::AttackRecord;
use crate::flow::context::Context;
use crate::platform::store::file;
use crate::platform::store::permissions;
use crate::platform::store::runs;

/// Where an attack is kept.
#[derive(Clone, Debug)]
pub struct KeptAttack {
    pub page: PathBuf,
    /// One for each file with a test that breaks.
    pub patches: Vec<PathBuf>,
}

/// How many attacks are kept.
const ATTACKS_KEPT: usize = 100;

/// Writes it, in a folder of its own in the state folder of the repository. What was kept of it before goes: an attack
/// that goes on may come to something else.
pub fn keep(context: Context<'_>, record: &AttackRecord) -> Result<KeptAttack> {
    let root = context.repo.state_dir().join("attacks");
    let folder = root.join(&record.id);
    file::remove_if_there(&folder)
        .with_context(|| format!("could not remove `{}`", folder.display()))?;
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
    remove_old(&root, &record.id);
    Ok(KeptAttack { page, patches })
}

/// Removes all but the newest, and this one, which may have begun long ago. What cannot be removed is tried again by the
/// next attack.
fn remove_old(root: &Path, own: &str) {
    let entries = file::entries(root).into_iter().flatten().filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut ids: Vec<String> = names.filter(|name| runs::began(name).is_some()).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    for id in ids.iter().skip(ATTACKS_KEPT).filter(|id| *id != own) {
        if let Err(error) = file::remove_if_there(&root.join(id)) {
            tracing::warn!("an old attack stays: {error:#}");
        }
    }
}
