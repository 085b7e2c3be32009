//! Relocates a finding in the checked-out commit.

use anyhow::Result;
use bstr::{BStr, ByteSlice as _};

use crate::domain::locate::index::{Index, LineLocators, Search};
use crate::domain::locate::port::{Ported, port};
use crate::domain::model::finding::Location;
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::{FindingHistory, StoredFinding};
use crate::platform::git::repo::Repo;

/// Where a finding is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relocation {
    /// On this line, counted from 1.
    At(u32),
    /// Its lines were edited: it may still hold.
    Edited,
    Gone,
    /// Several lines fit, or there is no line to look for.
    Unknown,
}

/// Finds the current line of a finding: through the diff where the version that it was found in is
/// available, which is exact, else by its locators. Renames are not followed.
pub fn relocate(
    repo: &Repo,
    kept: &StoredFinding,
    history: &FindingHistory,
    locators: Option<&LineLocators>,
) -> Result<Relocation> {
    let path = kept.finding.place.as_ref().and_then(Location::path);
    let (Some(path), Some(head)) = (path, repo.head()?) else { return Ok(Relocation::Unknown) };
    let Some(today) = text(repo, &repo.tree_of(&head)?, path.as_bstr()) else {
        return Ok(Relocation::Gone);
    };
    if let Some(seen) = history.sightings.last()
        && let Some(tree) = &seen.tree
        && let Some(then) = text(repo, tree, seen.name.as_bstr())
        && seen.line > 0
    {
        return Ok(match port(&then, &today, seen.line) {
            Ported::Unchanged(line) => Relocation::At(line),
            Ported::Edited => Relocation::Edited,
            Ported::Deleted => Relocation::Gone,
        });
    }
    Ok(match locators.map(|locators| Index::new(&today).find(locators)) {
        Some(Search::Found { line, .. }) => Relocation::At(line),
        Some(Search::Gone) => Relocation::Gone,
        Some(Search::Ambiguous) | None => Relocation::Unknown,
    })
}

/// A file of a tree; `None` where either is not here any more, or it is no text.
fn text(repo: &Repo, tree: &Oid, path: &BStr) -> Option<String> {
    let content = repo.objects.file(tree, path).ok().flatten()?;
    String::from_utf8(content).ok()
}
