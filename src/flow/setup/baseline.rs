//! Puts the secrets that a repository holds already into a baseline: they warn from then on and stop
//! nobody.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use bstr::ByteSlice as _;

use crate::domain::gates::secrets::baseline_file;
use crate::domain::gates::secrets::scan;
use crate::domain::model::limits::BLOB_BYTES_MAX;
use crate::domain::model::objects::Content;
use crate::platform::git::change;
use crate::platform::git::repo::Repo;

/// The baseline file for the secrets that the checked-out commit holds, with their number; `None`
/// where there are none.
pub fn of_head(repo: &Repo) -> Result<Option<(String, usize)>> {
    let Some(head) = repo.head()? else { return Ok(None) };
    let mut known = BTreeSet::new();
    let change = change::whole_tree(repo, &repo.tree_of(&head)?)?;
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
        for hit in scan::scan(&blob, &file.path) {
            known.insert(baseline_file::line(&hit, file.path.as_bstr()));
        }
    }
    let count = known.len();
    Ok((count > 0).then(|| (baseline_file::render(&known), count)))
}
