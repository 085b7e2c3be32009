//! Reads the incidents of a recurring class: its findings, their code, and their fixes.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use bstr::{BStr, ByteSlice as _};

use crate::domain::constitution::incident::{Fix, Incident};
use crate::domain::constitution::recurrence::{Candidate, Occurrence};
use crate::domain::locate::index::normalised;
use crate::domain::locate::port::{Diff, Ported};
use crate::domain::model::change::FileChangeKind;
use crate::domain::model::gate::Gate;
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::FindingStatus;
use crate::platform::git::diff;
use crate::platform::git::diff::TooMuch;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::query::SightingRow;

/// The most incidents that a rule is learned from; the newest are used.
const CASES_MAX: usize = 40;

/// A larger file is not read: its findings are known by their anchors alone.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// The most lines of a finding that are compared.
const ANCHOR_LINES_MAX: u32 = 8;

/// How many later versions of a file are looked at for the fix.
const VERSIONS_MAX: usize = 200;

/// How many renames of a file are followed.
const RENAMES_MAX: usize = 3;

/// How many observations are checked, the newest first, for whether their change introduced the line:
/// a check may read the file twice.
const LOOKED_AT_MAX: usize = 2_000;

/// The class whose lines are never read: a rule would show them.
const SECRET: &str = "security/exposed-secret";

/// Selects the observations that count: those whose change introduced the finding. One that a later
/// change merely still contains is the earlier incident.
pub fn counted(repo: &Repo, rows: Vec<SightingRow>) -> Vec<(Occurrence, SightingRow)> {
    let mut looked = 0;
    let mut counts = |row: &SightingRow| {
        let finding = &row.kept.finding;
        let command = finding.gate == Gate::Commands;
        // The failure of a command as such gives no pattern to learn.
        if !finding.gate.is_learnable() || (command && finding.place.is_none()) {
            return false;
        }
        // A person reports what they noticed; a linter reports everything that is there.
        if row.first && !command {
            return true;
        }
        looked += 1;
        looked <= LOOKED_AT_MAX && brought_in(repo, row).unwrap_or(row.first)
    };
    let mut rows = rows;
    rows.reverse();
    rows.retain(|row| counts(row));
    rows.reverse();
    let mut made: BTreeMap<String, Vec<SightingRow>> = BTreeMap::new();
    rows.retain(|row| {
        let before = made.entry(row.kept.id.clone()).or_default();
        let again = before.iter().all(|earlier| is_later(repo, earlier, row).unwrap_or(true));
        if again {
            before.push(row.clone());
        }
        again
    });
    rows.into_iter().map(|row| (occurrence(&row), row)).collect()
}

fn occurrence(row: &SightingRow) -> Occurrence {
    let finding = &row.kept.finding;
    let in_file = finding.place.as_ref().and_then(|place| place.path()).is_some();
    Occurrence {
        finding: row.kept.id.clone(),
        gate: finding.gate,
        class: finding.class.clone(),
        path: if in_file { row.sighting.name.to_string() } else { String::new() },
        change: row.sighting.change.clone(),
        at: row.sighting.first_seen.as_second(),
        severity: finding.severity,
        dismissed: row.kept.status == FindingStatus::Dismissed,
        message: finding.message.clone(),
    }
}

/// Whether this change introduced the line of the finding.
fn brought_in(repo: &Repo, row: &SightingRow) -> Result<bool> {
    // The evaluation of a whole tree introduces nothing.
    if row.sighting.change.starts_with("tree:") {
        return Ok(false);
    }
    let Some(tree) = tree_of(repo, row)? else { return Ok(false) };
    let path = row.sighting.name.as_bstr();
    let Some(base) = base_of(repo, row)? else { return Ok(true) };
    let (old, new) = (repo.objects.entry(&base, path)?, repo.objects.entry(&tree, path)?);
    if old == new {
        return Ok(false);
    }
    let text = |tree: &Oid| text_in(repo, tree, path);
    let (Some(new), Some(old)) = (text(&tree), text(&base)) else { return Ok(old.is_none()) };
    let still = matches!(Diff::new(&new, &old).port(row.sighting.line), Ported::Unchanged(_));
    Ok(!still)
}

/// Whether a change was made on top of another one. Ranges that overlap, as when one commit is
/// reviewed by itself and again with its branch, bring a finding in once. Where that cannot be
/// told, they are taken for two.
fn is_later(repo: &Repo, earlier: &SightingRow, later: &SightingRow) -> Result<bool> {
    let Some(base) = base_commit(repo, later)? else { return Ok(true) };
    match &earlier.sighting.commit {
        Some(tip) if repo.objects.commit(tip)?.is_some() => repo.is_ancestor(tip, &base),
        // An evaluation before the commit has at least its base below the next change.
        _ => match base_commit(repo, earlier)? {
            Some(before) => Ok(before != base && repo.is_ancestor(&before, &base)?),
            None => Ok(true),
        },
    }
}

/// The tree that the change stands on; `None` for the first commit.
fn base_of(repo: &Repo, row: &SightingRow) -> Result<Option<Oid>> {
    let Some(base) = base_commit(repo, row)? else { return Ok(None) };
    Ok(repo.objects.commit(&base)?.map(|base| base.tree))
}

/// The commit that the change stands on; `None` for the first one.
fn base_commit(repo: &Repo, row: &SightingRow) -> Result<Option<Oid>> {
    let Ok(key) = Oid::parse(&row.sighting.change) else { return Ok(None) };
    let Some(commit) = repo.objects.commit(&key)? else { return Ok(None) };
    // A manual finding is of a commit, a gate's finding of a change on top of one.
    Ok(match &row.sighting.commit {
        Some(own) if *own == key => commit.parents.first().cloned(),
        _ => Some(key),
    })
}

fn tree_of(repo: &Repo, row: &SightingRow) -> Result<Option<Oid>> {
    if let Some(tree) = &row.sighting.tree {
        return Ok(Some(tree.clone()));
    }
    let Some(commit) = &row.sighting.commit else { return Ok(None) };
    Ok(repo.objects.commit(commit)?.map(|commit| commit.tree))
}

/// A file's text; `None` where it is not there, too large, or no text.
fn text_in(repo: &Repo, tree: &Oid, path: &BStr) -> Option<String> {
    let entry = repo.objects.entry(tree, path).ok()??;
    let (_, size) = repo.objects.header(&entry.oid).ok()??;
    if usize::try_from(size).ok()? > FILE_BYTES_MAX {
        return None;
    }
    String::from_utf8(repo.objects.blob(&entry.oid).ok()??).ok()
}

/// Reads the incidents of a candidate, the oldest first, without their fixes.
pub fn of_candidate(
    repo: &Repo,
    candidate: &Candidate,
    rows: &[(Occurrence, SightingRow)],
) -> Vec<Incident> {
    let belongs = |occurrence: &Occurrence| {
        candidate.findings.contains(&occurrence.finding)
            && candidate.changes.contains(&occurrence.change)
    };
    let rows: Vec<_> = rows.iter().filter(|(occurrence, _)| belongs(occurrence)).collect();
    let newest = rows.len().saturating_sub(CASES_MAX);
    rows[newest..].iter().map(|(occurrence, row)| case(repo, occurrence, row)).collect()
}

/// Finds the fix of each incident in the history up to `head`.
pub fn find_fixes(
    repo: &Repo,
    head: &Oid,
    cases: &mut [Incident],
    rows: &[(Occurrence, SightingRow)],
) {
    for case in cases {
        let row = rows.iter().find(|(occurrence, _)| *occurrence == case.occurrence);
        let (Some((_, row)), Some(text)) = (row, &case.file) else { continue };
        let path = row.sighting.name.to_string();
        let (line, end_line) = (case.line, case.end_line);
        let start = Version { path, text: text.clone(), line, end_line };
        // Where history cannot be read the incident has no fix, as most have none.
        case.fix = fix_of(repo, head, row, start).ok().flatten();
    }
}

fn case(repo: &Repo, occurrence: &Occurrence, row: &SightingRow) -> Incident {
    let finding = &row.kept.finding;
    let secret = finding.class.as_str() == SECRET;
    let line = row.sighting.line;
    let extent = finding.place.as_ref().map_or(0, |p| p.end_line.saturating_sub(p.line));
    let end_line = line + extent.min(ANCHOR_LINES_MAX - 1);
    let path = row.sighting.name.as_bstr();
    let tree = tree_of(repo, row).ok().flatten().filter(|_| line > 0 && !secret);
    let file = tree.and_then(|tree| text_in(repo, &tree, path));
    let lines = file.as_deref().map(|text| lines_of(text, line, end_line)).unwrap_or_default();
    // The row's line is of its own tree; where the two do not match the stored anchor is used.
    let file = file.filter(|_| !lines.trim().is_empty());
    let anchor = match (&file, secret) {
        (_, true) => String::new(),
        (Some(_), false) => lines,
        (None, false) => finding.anchor.clone(),
    };
    Incident {
        occurrence: occurrence.clone(),
        anchor,
        suggestion: finding.suggestion.clone(),
        file,
        line,
        end_line,
        fix: None,
    }
}

fn lines_of(text: &str, line: u32, end_line: u32) -> String {
    let numbered = (1_u32..).zip(text.lines());
    let wanted = numbered.filter(|(number, _)| (line..=end_line).contains(number));
    wanted.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// A file with the finding in it.
struct Version {
    path: String,
    text: String,
    line: u32,
    end_line: u32,
}

/// The first later version of the file on the way to `head` in which the finding is gone.
fn fix_of(repo: &Repo, head: &Oid, row: &SightingRow, start: Version) -> Result<Option<Fix>> {
    let key = Oid::parse(&row.sighting.change).ok();
    let Some(from) = row.sighting.commit.clone().or(key) else { return Ok(None) };
    if repo.objects.commit(&from)?.is_none() {
        return Ok(None);
    }
    // A change that was evaluated before its commit, or rewritten since, comes to HEAD by another commit: the
    // walk waits for a version that has the line.
    let mut met = row.sighting.commit.is_some() && repo.is_ancestor(&from, head)?;
    let mut at = start;
    let mut after = from;
    for _ in 0..=RENAMES_MAX {
        let mut renamed = None;
        for commit in versions(repo, &after, head, &at.path)? {
            let tree = repo.tree_of(&commit)?;
            let Some(text) = text_in(repo, &tree, BStr::new(&at.path)) else {
                renamed = moved_to(repo, &commit, &tree, &at.path)?.map(|path| (path, commit));
                break;
            };
            match step(&at, &text) {
                Step::There(line) => {
                    let end_line = line + (at.end_line - at.line);
                    met = true;
                    at = Version { text, line, end_line, ..at };
                }
                Step::Gone(lines) if met => return Ok(Some(Fix { path: at.path, text, lines })),
                Step::Gone(_) => {}
            }
        }
        let Some((path, commit)) = renamed else { return Ok(None) };
        (at.path, after) = (path, commit);
    }
    Ok(None)
}

enum Step {
    There(u32),
    /// The lines in its place.
    Gone(Range<u32>),
}

fn step(at: &Version, text: &str) -> Step {
    let diff = Diff::new(&at.text, text);
    if let Ported::Unchanged(line) = diff.port(at.line) {
        return Step::There(line);
    }
    // Moved within the file, it reads the same as before.
    let wanted = normalised(&lines_of(&at.text, at.line, at.line));
    let alike = |text: &str| text.lines().filter(|line| normalised(line) == wanted).count();
    let found = (1_u32..).zip(text.lines()).find(|(_, line)| normalised(line) == wanted);
    if let Some((line, _)) = found.filter(|_| alike(text) >= alike(&at.text)) {
        return Step::There(line);
    }
    let in_place = (at.line..=at.end_line).map(|line| diff.replacement(line));
    let join = |all: Range<u32>, lines: Range<u32>| match (all.is_empty(), lines.is_empty()) {
        (_, true) => all,
        (true, false) => lines,
        (false, false) => all.start.min(lines.start)..all.end.max(lines.end),
    };
    Step::Gone(in_place.fold(0..0, join))
}

/// The commits after one that changed a file, oldest first.
fn versions(repo: &Repo, from: &Oid, head: &Oid, path: &str) -> Result<Vec<Oid>> {
    repo.rev_list(&[
        format!("--max-count={VERSIONS_MAX}"),
        format!("{from}..{head}"),
        "--".to_owned(),
        format!(":(top,literal){path}"),
    ])
}

/// Where a commit moved a file to, if it did so without an edit.
fn moved_to(repo: &Repo, commit: &Oid, tree: &Oid, path: &str) -> Result<Option<String>> {
    let Some(parent) = repo.commit(commit)?.parents.first().cloned() else { return Ok(None) };
    let Some(parent) = repo.objects.commit(&parent)? else { return Ok(None) };
    let files = match diff::trees(&repo.objects, Some(&parent.tree), Some(tree)) {
        Ok(files) => files,
        // Too much to look through for the sake of one example.
        Err(error) if error.is::<TooMuch>() => return Ok(None),
        Err(error) => return Err(error),
    };
    let moved =
        |kind: &FileChangeKind| matches!(kind, FileChangeKind::Renamed { from } if from == path);
    Ok(files.iter().find(|file| moved(&file.kind)).map(|file| file.path.to_string()))
}
