//! The file of a finding in a place, and whether its text is there still.

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact::is_mask_of;
use crate::domain::locate::port::{Ported, port};
use crate::domain::model::change::FileChangeKind;
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
        names.extend(seen);
        names.dedup();
        for name in names {
            let Some(name) = self.real_name(finding, name.as_bstr())? else { continue };
            if let Some(entry) = self.entry(&place.tree, name.as_bstr())? {
                let is_other = name != path && !is_mask_of(path, &name);
                let moved_from = is_other.then(|| path.to_owned());
                return Ok(Some(FileAt { path: name, entry, moved_from }));
            }
        }
        Ok(None)
    }

    /// The path of a file as it is, where a secret in it is masked on record; `None` where it is not known
    /// any more.
    pub fn real_name(&self, finding: &GateFinding, name: &BStr) -> Result<Option<BString>> {
        if name.contains_str(MASK) {
            return self.unmasked(finding, name);
        }
        Ok((!name.is_empty()).then(|| name.to_owned()))
    }

    /// The path behind one with a masked secret, of what the change touched that it was seen in.
    fn unmasked(&self, finding: &GateFinding, masked: &BStr) -> Result<Option<BString>> {
        for seen in finding.sightings.iter().rev() {
            let Some(tree) = seen.tree.as_ref() else { continue };
            let base = match Oid::parse(&seen.change) {
                Ok(base) => self.objects.commit(&base)?.map(|commit| commit.tree),
                Err(_) => None,
            };
            // What cannot be compared any more is not found.
            let files = diff::trees(self.objects, base.as_ref(), Some(tree)).unwrap_or_default();
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

    /// Whether what a change brought is all in a place: each of its files as it was then.
    pub fn has_change(
        &mut self,
        place: &AskedPlace,
        base: Option<&Oid>,
        tree: &Oid,
    ) -> Result<bool> {
        if *tree == place.tree {
            return Ok(true);
        }
        let base = base.map(|base| self.objects.commit(base)).transpose()?.flatten();
        let base = base.map(|commit| commit.tree);
        // What cannot be compared any more is not there.
        let files = diff::trees(self.objects, base.as_ref(), Some(tree)).unwrap_or_default();
        for file in &files {
            if self.entry(&place.tree, file.path.as_bstr())? != file.new {
                return Ok(false);
            }
            if let FileChangeKind::Renamed { from } = &file.kind
                && self.entry(&place.tree, from.as_bstr())?.is_some()
            {
                return Ok(false);
            }
        }
        Ok(!files.is_empty())
    }

    fn text(&self, blob: &Oid) -> Result<Option<String>> {
        Ok(self.objects.blob(blob)?.and_then(|blob| String::from_utf8(blob).ok()))
    }
}
