//! Where a finding is whose text was moved: into a file that was added or edited since it was seen.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use anyhow::Result;
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::hit::SecretHit;
use crate::domain::gates::secrets::scan::{file_name_hits, scan};
use crate::domain::model::change::{FileChange, FileChangeKind, TreeEntry};
use crate::domain::model::finding::Finding;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::flow::evaluate::standing::files::path_of;
use crate::flow::evaluate::standing::places::AskedPlace;
use crate::flow::evaluate::standing::raised::{FileAt, Gates, Has};
use crate::platform::git::diff;
use crate::platform::git::object::Objects;
use crate::platform::store::ledger::gate_findings::GateFinding;

/// How much is searched at a time, in bytes.
const BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Looks for text that was moved, at each thing once.
pub struct MovedText<'a> {
    objects: &'a Objects,
    sought: HashMap<String, Option<Rc<Sought>>>,
    changes: HashMap<(Oid, Oid), Option<Rc<Vec<FileChange>>>>,
    secrets: HashMap<(Oid, BString), Option<Rc<Vec<SecretHit>>>>,
    lines: HashMap<Oid, Option<Rc<Vec<u64>>>>,
    bytes_left: u64,
}

/// What is looked for.
struct Sought {
    /// The tree that the finding was first seen in: what was there then has findings of its own.
    tree: Oid,
    /// The paths that the finding is known under, at which the gates are asked already.
    names: Vec<BString>,
    text: SoughtText,
}

/// What tells the text of a finding from all other text.
enum SoughtText {
    /// One of these secrets, whatever stands around it.
    Secret(Vec<String>),
    /// One of these secrets in the name of the file.
    Name(Vec<String>),
    /// The line.
    Line(u64),
    /// The file: the same, or at least half of its lines.
    File { blob: Oid, lines: Rc<Vec<u64>> },
}

impl<'a> MovedText<'a> {
    pub fn new(objects: &'a Objects) -> Self {
        Self {
            objects,
            sought: HashMap::new(),
            changes: HashMap::new(),
            secrets: HashMap::new(),
            lines: HashMap::new(),
            bytes_left: BYTES_MAX,
        }
    }

    /// Whether a place has a finding in another file than those that it was seen in.
    pub fn find(
        &mut self,
        gates: &mut Gates<'_>,
        place: &AskedPlace,
        finding: &GateFinding,
    ) -> Result<Has> {
        let Some(sought) = self.sought(gates, finding)? else { return Ok(Has::No) };
        let Some(files) = self.changes(&sought.tree, &place.tree) else { return Ok(Has::Unknown) };
        let mut nowhere = Has::No;
        for file in files.iter().filter(|file| file.has_content()) {
            let Some(entry) = file.new.as_ref() else { continue };
            if sought.names.contains(&file.path) {
                continue;
            }
            match self.has_text(&sought, finding, file, entry)? {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    nowhere = Has::Unknown;
                    continue;
                }
            }
            let (path, entry) = (file.path.clone(), entry.clone());
            let file = FileAt { path, entry, moved_from: path_of(finding).map(BStr::to_owned) };
            match self.raised(gates, place, finding, &sought, &file)? {
                Has::No => {}
                Has::Unknown => nowhere = Has::Unknown,
                has @ Has::Yes(_) => return Ok(has),
            }
        }
        Ok(nowhere)
    }

    /// Whether the gates say a finding of a file that has its text.
    fn raised(
        &mut self,
        gates: &mut Gates<'_>,
        place: &AskedPlace,
        finding: &GateFinding,
        sought: &Sought,
        file: &FileAt,
    ) -> Result<Has> {
        if finding.kept.finding.gate == Gate::Commands {
            return Ok(match gates.has_line(finding, file)? {
                Some(true) => Has::Yes(None),
                Some(false) => Has::No,
                None => Has::Unknown,
            });
        }
        let Some(raised) = gates.of_file(file, place.policy.as_ref())? else {
            return Ok(Has::Unknown);
        };
        // What is on record as another finding is that one.
        for found in raised.known.get(&finding.kept.id).into_iter().chain(&raised.new) {
            if self.is_of(sought, &finding.kept.finding, &found.finding, file)? {
                return Ok(Has::Yes(Some(Box::new(found.clone()))));
            }
        }
        Ok(Has::No)
    }

    /// What is looked for; `None` where that is not in this repository any more, and of what has its path
    /// alone.
    fn sought(&mut self, gates: &Gates<'_>, finding: &GateFinding) -> Result<Option<Rc<Sought>>> {
        let id = &finding.kept.id;
        if let Some(known) = self.sought.get(id) {
            return Ok(known.clone());
        }
        let sought = self.first_seen(gates, finding)?.map(Rc::new);
        self.sought.insert(id.clone(), sought.clone());
        Ok(sought)
    }

    fn first_seen(&mut self, gates: &Gates<'_>, finding: &GateFinding) -> Result<Option<Sought>> {
        let mut names = Vec::new();
        let seen = finding.sightings.iter().map(|seen| seen.name.as_bstr());
        for name in seen.chain(path_of(finding)) {
            names.extend(gates.real_name(finding, name)?);
        }
        for seen in &finding.sightings {
            let Some(tree) = &seen.tree else { continue };
            let Some(name) = gates.real_name(finding, seen.name.as_bstr())? else { continue };
            // What git took away is looked for by a later sighting.
            let Ok(Some(entry)) = self.objects.entry(tree, name.as_bstr()) else { continue };
            if let Some(text) = self.text_of(finding, seen.line, name.as_bstr(), &entry)? {
                return Ok(Some(Sought { tree: tree.clone(), names, text }));
            }
        }
        Ok(None)
    }

    fn text_of(
        &mut self,
        finding: &GateFinding,
        line: u32,
        name: &BStr,
        entry: &TreeEntry,
    ) -> Result<Option<SoughtText>> {
        let found = &finding.kept.finding;
        Ok(match found.gate {
            Gate::Secrets if line == 0 => {
                let hits = file_name_hits(name).into_iter().filter(|hit| hit.rule == found.rule);
                Some(SoughtText::Name(hits.map(|hit| hit.hash).collect()))
            }
            Gate::Secrets => {
                let Some(hits) = self.secrets_of(entry, name)? else { return Ok(None) };
                let mut hits: Vec<&SecretHit> =
                    hits.iter().filter(|hit| (hit.rule, hit.line) == (&found.rule, line)).collect();
                let place = found.place.as_ref().filter(|place| place.line == line);
                let column = place.map(|place| place.column);
                if hits.iter().any(|hit| Some(hit.column) == column) {
                    hits.retain(|hit| Some(hit.column) == column);
                }
                let hashes: Vec<String> = hits.iter().map(|hit| hit.hash.clone()).collect();
                (!hashes.is_empty()).then_some(SoughtText::Secret(hashes))
            }
            Gate::CaseConflict | Gate::Governance => None,
            Gate::Commands | Gate::SensitiveFiles | Gate::LargeFiles => {
                let lines = self.lines_of(entry)?;
                lines.map(|lines| SoughtText::File { blob: entry.oid.clone(), lines })
            }
            _ => {
                let Some(lines) = self.lines_of(entry)? else { return Ok(None) };
                line_at(&lines, line).map(SoughtText::Line)
            }
        })
    }

    /// Whether a file has the text, before the gates are asked; `None` where that cannot be told.
    fn has_text(
        &mut self,
        sought: &Sought,
        finding: &GateFinding,
        file: &FileChange,
        entry: &TreeEntry,
    ) -> Result<Option<bool>> {
        let path = file.path.as_bstr();
        Ok(match &sought.text {
            SoughtText::Secret(hashes) => {
                let rule = &finding.kept.finding.rule;
                let is_it = |hit: &SecretHit| hit.rule == rule && hashes.contains(&hit.hash);
                self.secrets_of(entry, path)?.map(|hits| hits.iter().any(is_it))
            }
            SoughtText::Name(hashes) => {
                Some(file_name_hits(path).iter().any(|hit| hashes.contains(&hit.hash)))
            }
            SoughtText::Line(line) => self.lines_of(entry)?.map(|lines| lines.contains(line)),
            SoughtText::File { .. } if file.kind == FileChangeKind::Modified => Some(false),
            SoughtText::File { blob, .. } if *blob == entry.oid => Some(true),
            SoughtText::File { lines, .. } => {
                self.lines_of(entry)?.map(|now| is_similar(lines, &now))
            }
        })
    }

    /// Whether what a gate says of a file is about the text.
    fn is_of(
        &mut self,
        sought: &Sought,
        then: &Finding,
        now: &Finding,
        file: &FileAt,
    ) -> Result<bool> {
        if (now.gate, &now.rule) != (then.gate, &then.rule) {
            return Ok(false);
        }
        let (line, column) = now.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
        Ok(match &sought.text {
            SoughtText::Secret(hashes) => {
                let is_it = |hit: &SecretHit| {
                    (hit.line, hit.column) == (line, column) && hashes.contains(&hit.hash)
                };
                let hits = self.secrets_of(&file.entry, file.path.as_bstr())?;
                hits.is_some_and(|hits| hits.iter().any(is_it))
            }
            SoughtText::Name(_) | SoughtText::File { .. } => line == 0,
            SoughtText::Line(text) => {
                let lines = self.lines_of(&file.entry)?;
                lines.and_then(|lines| line_at(&lines, line)) == Some(*text)
            }
        })
    }

    /// What differs between two trees; `None` where that cannot be told.
    fn changes(&mut self, from: &Oid, to: &Oid) -> Option<Rc<Vec<FileChange>>> {
        let key = (from.clone(), to.clone());
        let changes = self.changes.entry(key);
        changes
            .or_insert_with(|| diff::trees(self.objects, Some(from), Some(to)).ok().map(Rc::new))
            .clone()
    }

    fn secrets_of(&mut self, entry: &TreeEntry, path: &BStr) -> Result<Option<Rc<Vec<SecretHit>>>> {
        let key = (entry.oid.clone(), path.to_owned());
        if let Some(known) = self.secrets.get(&key) {
            return Ok(known.clone());
        }
        let hits = self.read(entry)?.map(|content| Rc::new(scan(&content, path)));
        self.secrets.insert(key, hits.clone());
        Ok(hits)
    }

    /// The lines of a file, each as a number; 0 for one without text.
    fn lines_of(&mut self, entry: &TreeEntry) -> Result<Option<Rc<Vec<u64>>>> {
        if let Some(known) = self.lines.get(&entry.oid) {
            return Ok(known.clone());
        }
        let content = self.read(entry)?;
        let lines = content.map(|content| Rc::new(content.lines().map(number_of).collect()));
        self.lines.insert(entry.oid.clone(), lines.clone());
        Ok(lines)
    }

    fn read(&mut self, entry: &TreeEntry) -> Result<Option<Vec<u8>>> {
        let Some((_, size)) = self.objects.header(&entry.oid)? else { return Ok(None) };
        let Some(left) = self.bytes_left.checked_sub(size) else { return Ok(None) };
        self.bytes_left = left;
        self.objects.blob(&entry.oid)
    }
}

fn number_of(line: &[u8]) -> u64 {
    let line = line.trim();
    if line.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish().max(1)
}

fn line_at(lines: &[u64], line: u32) -> Option<u64> {
    let at = usize::try_from(line).ok()?.checked_sub(1)?;
    lines.get(at).copied().filter(|number| *number != 0)
}

/// Whether at least half of the lines are in another file too.
fn is_similar(lines: &[u64], others: &[u64]) -> bool {
    let mut left: HashMap<u64, usize> = HashMap::new();
    for line in others {
        *left.entry(*line).or_default() += 1;
    }
    let mut is_there = |line: &&u64| match left.get_mut(*line) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    };
    let with_text = || lines.iter().filter(|line| **line != 0);
    let kept = with_text().filter(|line| is_there(line)).count();
    kept > 0 && kept * 2 >= with_text().count()
}

#[cfg(test)]
mod tests {
    use super::{is_similar, number_of};

    #[test]
    fn a_file_is_the_same_with_half_of_its_lines() {
        let lines = |text: &str| text.split(' ').map(|line| number_of(line.as_bytes())).collect();
        for (then, now, expected) in [
            ("a b c d", "x a b y z", true),
            ("a b c d", "a x y z", false),
            ("a a a b", "a b x y", true),
            ("a a a b", "a x y z", false),
            ("a  ", "a", true),
            ("", "", false),
        ] {
            let (then, now): (Vec<u64>, Vec<u64>) = (lines(then), lines(now));
            assert_eq!(is_similar(&then, &now), expected, "{then:?} {now:?}");
        }
    }
}
