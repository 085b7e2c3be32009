//! Puts the secrets that a repository holds already into a baseline: they warn from then on and stop
//! nobody.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use bstr::ByteSlice as _;

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::gates::policy_files::{POLICY_FILE, PolicyFiles};
use crate::domain::gates::secrets::baseline_file;
use crate::domain::gates::secrets::gate::{AllowedSecrets, not_allowed};
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::platform::git::change;
use crate::platform::git::repo::Repo;

/// The baseline file for the secrets that the checked-out commit holds and does not allow, with their
/// number; `None` where there are none.
pub fn of_head(repo: &Repo) -> Result<Option<(String, usize)>> {
    let Some(head) = repo.head()? else { return Ok(None) };
    let tree = repo.tree_of(&head)?;
    let allowed = allowed_in(repo, &tree)?;
    let mut known = BTreeSet::new();
    let change = change::whole_tree(repo, &tree)?;
    if let Some(reason) = change.unlisted {
        bail!("the checked-out commit is too large for a baseline: {reason}");
    }
    for file in change.files {
        let Some(entry) = file.new.as_ref().filter(|_| file.has_content()) else { continue };
        let blob = match repo.objects.content(&entry.oid, BLOB_BYTES_MAX)? {
            Content::Whole(blob) => blob,
            // A gate does not look for secrets in it either, and says so.
            Content::TooLarge(_) | Content::Missing => continue,
        };
        for hit in not_allowed(&blob, file.path.as_bstr(), &allowed) {
            known.insert(baseline_file::line(&hit, file.path.as_bstr()));
        }
    }
    let count = known.len();
    Ok((count > 0).then(|| (baseline_file::render(&known), count)))
}

/// What a tree allows for everyone: what this user allows, others do not.
fn allowed_in(repo: &Repo, tree: &Oid) -> Result<AllowedSecrets> {
    let files = PolicyFiles::read(&repo.objects, tree)?;
    if let Some((path, _)) = files.missing.first() {
        bail!("`{path}` is not in this partial clone, so that what it allows is not known");
    }
    let (text, _) = files.settings_text();
    let source = SettingsSource::Repository;
    let given = text.map(|text| Layer { source, file: POLICY_FILE, text });
    let resolved = layers::resolve_usable(given.as_slice(), &[], &FlagSettings::default())
        .map_err(|problem| anyhow!("{problem}"))?;
    Ok(EffectivePolicy::new(resolved, files, Some(&[])).allow)
}
