//! The spec files that are known: which of them are gone, and which wait for an id that another has.

use std::collections::BTreeSet;
use std::path::Path;

use crate::daemon::event::DaemonEvent;
use crate::daemon::tree::Tree;
use crate::flow::intake::ingest::key;
use crate::flow::intake::scan::SpecListing;
use crate::platform::store::known::KnownSpecs;

/// Forgets files that are gone; what they said stays known. Says whether any was.
pub fn forget_gone(
    known: &mut KnownSpecs,
    trees: &[Tree],
    listings: &[SpecListing],
    tell: &mut dyn FnMut(&DaemonEvent),
) -> bool {
    // A work tree that comes back brings nothing that is not known.
    let count = known.files.len();
    let tops: BTreeSet<String> = trees.iter().map(|tree| key(&tree.top)).collect();
    known.files.retain(|top, _| tops.contains(top));
    let mut any = known.files.len() < count;
    for (number, listing) in listings.iter().enumerate() {
        let top = trees[number].top.clone();
        // What could not be looked at is not gone.
        if !listing.unreadable.is_empty() || listing.cut || !top.is_dir() {
            continue;
        }
        let there: BTreeSet<String> = listing.files.keys().map(|path| key(path)).collect();
        let Some(files) = known.files.get_mut(&key(&top)) else { continue };
        let gone: Vec<String> =
            files.keys().filter(|path| !there.contains(*path)).cloned().collect();
        for path in gone {
            let Some(file) = files.remove(&path) else { continue };
            any = true;
            let id = file.id.clone();
            tell(&DaemonEvent::Gone { path, id: id.clone() });
            files.retain(|_, other| !(other.duplicate && other.id.eq_ignore_ascii_case(&id)));
        }
    }
    any
}

/// After a file gave up its id, has those looked at again that wanted it. Says whether any did.
pub fn release(known: &mut KnownSpecs, top: &Path, before: Option<String>, now: &str) -> bool {
    let Some(before) = before.filter(|before| !before.eq_ignore_ascii_case(now)) else {
        return false;
    };
    let Some(files) = known.files.get_mut(&key(top)) else { return false };
    let count = files.len();
    files.retain(|_, other| !(other.duplicate && other.id.eq_ignore_ascii_case(&before)));
    files.len() < count
}
