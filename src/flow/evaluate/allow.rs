//! Lets a finding pass for everyone: an entry in the `tribunal.toml` of the work tree.

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::gates::secrets::{known_value, scan};
use crate::domain::model::error::hinted;
use crate::domain::model::finding::Location;
use crate::domain::model::gate::Gate;
use crate::domain::model::globs;
use crate::domain::model::oid::Oid;
use crate::domain::model::stored_finding::StoredFinding;
use crate::domain::model::text::short_id;
use crate::domain::policy::allow_edit::{Edited, ListKey, with_entry};
use crate::domain::policy::allow_entry;
use crate::domain::policy::layers;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::read_policy_file;
use crate::platform::store::folder::Folder;

/// How a finding is let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// An entry was written to that key.
    Written { key: String, entry: String },
    /// The key had it.
    Already { key: String, entry: String },
    /// Rules are waived beside the line: the text to put there.
    Waiver { text: String },
}

/// Writes what lets a finding pass into the `tribunal.toml` of the work tree. `seen_in` is the object that
/// the finding was last seen in.
pub fn allow(
    context: Context<'_>,
    kept: &StoredFinding,
    seen_in: Option<&Oid>,
    reason: &str,
) -> Result<Allowed> {
    if kept.finding.gate == Gate::Constitution {
        let text = format!("tribunal:allow {} {reason}", kept.finding.rule);
        return Ok(Allowed::Waiver { text });
    }
    let (key, entry) = entry_of(context, kept, seen_in)?;
    let name = key.join(".");
    if !layers::has_key(&name) {
        return Err(hinted(format!("this tribunal has no setting `{name}`"), dismiss_hint(kept)));
    }
    let top = context.repo.work_tree.as_deref().ok_or_else(|| {
        hinted("a bare repository has no `tribunal.toml` to write to", "run it in a work tree")
    })?;
    let before = read_policy_file(top)
        .map_err(|problem| hinted(problem.to_string(), problem.hint))?
        .unwrap_or_default();
    let before = before.to_str().with_context(|| format!("`{POLICY_FILE}` is not UTF-8"))?;
    match with_entry(before, key, &entry, reason) {
        Edited::Already => Ok(Allowed::Already { key: name, entry }),
        Edited::Text(text) => {
            Folder::open(top)?.write(POLICY_FILE, text.as_bytes())?;
            Ok(Allowed::Written { key: name, entry })
        }
        Edited::NotUnderstood => Err(hinted(
            format!("`{POLICY_FILE}` is written in a way that is not understood; it is as it was"),
            format!("add {entry:?} to the list `{name}` by hand"),
        )),
    }
}

/// The list that lets a finding pass, and the entry for it.
fn entry_of(
    context: Context<'_>,
    kept: &StoredFinding,
    seen_in: Option<&Oid>,
) -> Result<(ListKey, String)> {
    let finding = &kept.finding;
    let path = finding.place.as_ref().and_then(Location::path).map(|path| path.as_bstr());
    let nothing = |hint: String| {
        let gate = finding.gate;
        Err(hinted(format!("no setting lets one finding of the gate `{gate}` pass"), hint))
    };
    match (finding.gate, path) {
        (Gate::Secrets, path) => {
            let entry = secret(context, kept, path, seen_in)?;
            Ok((["gates", "secrets", "allow"], entry))
        }
        (Gate::SensitiveFiles, Some(path)) => {
            Ok((["gates", "secrets", "allow-paths"], glob_of(path)?))
        }
        (Gate::ConflictMarkers, Some(path)) => {
            Ok((["gates", "conflict-markers", "allow-paths"], glob_of(path)?))
        }
        (Gate::LargeFiles, _) => {
            nothing("raise `gates.large-files.max` in `tribunal.toml`".to_owned())
        }
        (Gate::Review | Gate::Attack | Gate::Person | Gate::Import | Gate::Commands, _) => {
            nothing(dismiss_hint(kept))
        }
        (gate, _) => nothing(format!(
            "`gates.{gate}` in `tribunal.toml` sets its level for everyone; {}",
            dismiss_hint(kept)
        )),
    }
}

fn dismiss_hint(kept: &StoredFinding) -> String {
    let id = short_id(&kept.id);
    format!("`tribunal findings dismiss {id} --reason TEXT` lets it pass on this machine")
}

/// What names a secret: its fingerprint, or its name where that would confirm a guess.
fn secret(
    context: Context<'_>,
    kept: &StoredFinding,
    path: Option<&BStr>,
    seen_in: Option<&Oid>,
) -> Result<String> {
    let finding = &kept.finding;
    let told = finding.message.split("(fingerprint ").nth(1).and_then(|rest| rest.get(..16));
    if let Some(told) = told.filter(|told| allow_entry::is_fingerprint(told)) {
        return Ok(told.to_owned());
    }
    let bytes = seen_in.map(|blob| context.repo.objects.blob(blob)).transpose()?.flatten();
    if let (Some(path), Some(place), Some(bytes)) = (path, &finding.place, bytes) {
        let hits = scan::scan(&bytes, path);
        let hit = hits.iter().find(|hit| {
            hit.rule == finding.rule && (hit.line, hit.column) == (place.line, place.column)
        });
        if let Some(hit) = hit {
            let named = || known_value::entry(hit, path);
            return Ok(hit.fingerprint().map_or_else(named, str::to_owned));
        }
    }
    Err(hinted(
        "the secret is not in this repository any more, so that nothing can name it",
        "`tribunal check` finds it again where it is staged",
    ))
}

/// A glob that means one path alone.
fn glob_of(path: &BStr) -> Result<String> {
    let path =
        path.to_str().with_context(|| format!("`{path}` is not UTF-8: no glob can name it"))?;
    Ok(globs::literal(path))
}
