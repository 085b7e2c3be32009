//! The file of a finding in a place, and whether its text is there still.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact::is_mask_of;
use crate::domain::locate::port::{Ported, port};
use crate::domain::model::finding::Location;
use crate::domain::model::oid::Oid;
use crate::flow::evaluate::standing::places::AskedPlace;
use crate::flow::evaluate::standing::raised::{FileAt, Gates};
use crate::platform::git::diff;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// What stands in a path in the place of a secret.
const MASK: &[u8] = b"[redacted:";

/// The path of the file that a finding is in, as the ledger has it.
pub fn path_of(finding: &GateFinding) -> Option<&BStr> {
    finding.kept.finding.place.as_ref().and_then(Location::path).map(|path| path.as_bstr())
}

impl Gates<'_> {
    /// The file of a finding in a place: under a name that it was seen under.
    pub fn file_of(&mut self, place: &AskedPlace, finding: &GateFinding) -> Result<Option<FileAt>> {
        let Some(path) = path_of(finding) else { return Ok(None) };
        let seen = finding.sightings.iter().rev().map(|seen| seen.name.clone());
        let mut names: Vec<BString> = vec![path.to_owned()];
        names.extend(seen.filter(|name| !name.is_empty()));
        names.dedup();
        for name in &mut names {
            if name.contains_str(MASK) {
                let Some(real) = self.unmasked(finding, name.as_bstr())? else { continue };
                *name = real;
            }
            if let Some(entry) = self.entry(&place.tree, name.as_bstr())? {
                let is_other = *name != path && !is_mask_of(path, name);
                let moved_from = is_other.then(|| path.to_owned());
                return Ok(Some(FileAt { path: name.clone(), entry, moved_from }));
            }
        }
        Ok(None)
    }

    /// The path of a finding's file at the last of these trees, each of which follows from the one before:
    /// moves without an edit are followed.
    pub fn followed(&mut self, trees: &[Oid], finding: &GateFinding) -> Result<Option<FileAt>> {
        let (Some(path), Some(last)) = (path_of(finding), trees.last()) else { return Ok(None) };
        let mut now = path.to_owned();
        for pair in trees.windows(2) {
            let was = self.entry(&pair[0], now.as_bstr())?.is_some();
            if was
                && self.entry(&pair[1], now.as_bstr())?.is_none()
                && let Some(to) = self.moved(&pair[0], &pair[1]).get(&now)
            {
                now = to.clone();
            }
        }
        if now == path {
            return Ok(None);
        }
        let entry = self.entry(last, now.as_bstr())?;
        Ok(entry.map(|entry| FileAt { path: now, entry, moved_from: Some(path.to_owned()) }))
    }

    /// The path behind one with a masked secret, of what the change touched that it was seen in.
    fn unmasked(&self, finding: &GateFinding, masked: &BStr) -> Result<Option<BString>> {
        let repo = self.context.repo;
        for seen in finding.sightings.iter().rev() {
            let Some(tree) = seen.tree.as_ref() else { continue };
            let base = match Oid::parse(&seen.change) {
                Ok(base) => repo.objects.commit(&base)?.map(|commit| commit.tree),
                Err(_) => None,
            };
            // What cannot be compared any more is not found.
            let files = diff::trees(&repo.objects, base.as_ref(), Some(tree)).unwrap_or_default();
            let real = files.into_iter().find(|file| is_mask_of(masked, &file.path));
            if let Some(real) = real {
                return Ok(Some(real.path));
            }
        }
        Ok(None)
    }

    /// Whether the line of a finding, or the file where no line is meant, is in a file as it was; `None`
    /// where that cannot be told.
    pub fn has_line(&self, finding: &GateFinding, file: &FileAt) -> Result<Option<bool>> {
        let Some(then) = &finding.content else { return Ok(None) };
        let line = finding.kept.finding.place.as_ref().map_or(0, |place| place.line);
        if *then == file.entry.oid {
            return Ok(Some(true));
        }
        let (Some(then), Some(now)) = (self.text(then)?, self.text(&file.entry.oid)?) else {
            return Ok(None);
        };
        Ok(Some(line > 0 && matches!(port(&then, &now, line), Ported::Unchanged(_))))
    }

    /// Whether the text that a gate found is in a place all the same.
    pub fn has_text(&mut self, place: &AskedPlace, finding: &GateFinding) -> Result<bool> {
        let Some(file) = self.file_of(place, finding)? else { return Ok(false) };
        Ok(self.has_line(finding, &file)? == Some(true))
    }

    fn text(&self, blob: &Oid) -> Result<Option<String>> {
        Ok(self.context.repo.objects.blob(blob)?.and_then(|blob| String::from_utf8(blob).ok()))
    }
}
