//! The names that a file of a change had for a while, told by the moves that complete reviews were shown.

use std::collections::BTreeSet;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::review::coverage::{Parts, ShownMove};
use crate::domain::review::deliver::file::Became;
use crate::flow::context::Context;
use crate::flow::review::delivery::Delivered;
use crate::flow::review::inputs::ReviewInputs;
use crate::platform::config::env::now;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::reviewed::MoveSide;

/// How many names of one file are followed.
const NAMES_MAX: usize = 16;

/// Looks up the names that the files of a change had for a while.
pub(super) struct EarlierNames<'a> {
    pub context: Context<'a>,
    pub inputs: &'a ReviewInputs,
    pub change: &'a Change,
    /// `None` where there is none yet.
    pub ledger: Option<&'a Ledger>,
}

impl EarlierNames<'_> {
    /// The other names of a file that is new in the change, moved, or gone; of one that is gone those that it
    /// had after. A name under which there is a file in the tree of the change is that file's own.
    pub fn of(&self, file: &FileChange, regime: &str) -> Result<Vec<BString>> {
        let side = match &file.kind {
            FileChangeKind::Modified => return Ok(Vec::new()),
            FileChangeKind::Added | FileChangeKind::Renamed { .. } => MoveSide::To,
            FileChangeKind::Deleted => MoveSide::From,
        };
        let Some(ledger) = self.ledger else { return Ok(Vec::new()) };
        let now = now(self.context.env);
        let mut names = vec![file.path.clone()];
        let mut at = 0;
        while let Some(name) = names.get(at).filter(|_| names.len() <= NAMES_MAX) {
            let moves = ledger.shown_moves(name, side).map_err(LedgerError::hinted)?;
            let parts: Parts = moves.iter().map(|one| one.part(regime)).collect();
            let unknown = ledger.parts_not_shown(&parts, now).map_err(LedgerError::hinted)?;
            for one in moves.into_iter().filter(|one| !unknown.contains(&one.part(regime))) {
                let name = match side {
                    MoveSide::To => one.from,
                    MoveSide::From => one.to,
                };
                let is_taken = || self.context.repo.objects.has(&self.change.tree, name.as_bstr());
                if !names.contains(&name) && !is_taken()? {
                    names.push(name);
                }
            }
            at += 1;
        }
        names.remove(0);
        Ok(names)
    }
}

/// The moves that a complete review of these files of a change was shown. A name that has a secret is not
/// kept.
pub(super) fn shown_moves(change: &Change, delivered: &Delivered) -> BTreeSet<ShownMove> {
    let mut moves = BTreeSet::new();
    for (file, changed) in delivered.shown_files(change) {
        let Became::Renamed { from } = &file.became else { continue };
        let is_from = match &changed.kind {
            FileChangeKind::Renamed { from: real } => real == from,
            FileChangeKind::Added | FileChangeKind::Modified | FileChangeKind::Deleted => {
                change.files.iter().any(|one| one.path == *from)
            }
        };
        if is_from && file.path == changed.path {
            moves.insert(ShownMove { from: from.clone(), to: file.path.clone() });
        }
    }
    moves
}
