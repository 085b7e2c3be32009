//! Finds the spec that a change belongs to, as it is at the tip of the change.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BStr, BString, ByteSlice as _};

use crate::domain::gates::secrets::redact;
use crate::domain::model::error::hinted;
use crate::domain::model::objects::{Content, TreeItem};
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::policy::settings::Policy;
use crate::domain::spec::belongs::{
    Belonging, BelongingSigns, CandidateSpec, SPEC_TRAILER, SpecGround, TouchedFile, UnknownSpec,
    names,
};
use crate::domain::spec::dropped::DroppedCriterion;
use crate::domain::spec::read::{BYTES_MAX, read};
use crate::domain::spec::reading::SpecReading;
use crate::domain::spec::reported::ReportedBug;
use crate::domain::spec::types::{Spec, SpecStatus};
use crate::flow::context::Context;
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::review::target::ReviewTarget;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;

/// The trailer of a commit that a fix made.
const RUN_TRAILER: &str = "Tribunal-Run";

/// The most commits of a change whose messages are read, the newest.
const COMMITS_MAX: usize = 500;

/// The longest id of a spec, in characters.
const ID_CHARS_MAX: usize = 64;

/// The most files of specs that are read, and folders that are looked into.
const FILES_MAX: usize = 2_000;
const FOLDERS_MAX: usize = 2_000;

/// The specs that a change is to be reviewed by, with what is to be said of them.
#[derive(Clone, Debug, Default)]
pub struct BelongingSpecs {
    /// Several where each of them is done: each needs a review of its own.
    pub copies: Vec<SpecCopy>,
    /// Whether the change is of specs alone.
    pub is_plan: bool,
    /// What names one that is not there, or is not the one that counts.
    pub notes: Vec<String>,
    /// Why there is none though something names one.
    pub why_none: Option<String>,
    /// Why the change cannot be reviewed by one that is done.
    pub unreadable: Option<String>,
}

/// A spec's file at the tip.
struct SpecFile {
    path: BString,
    bytes: Vec<u8>,
    reading: SpecReading,
}

/// Finds the specs that a change belongs to.
pub fn find(
    context: Context<'_>,
    target: &ReviewTarget,
    policy: &Policy,
) -> Result<BelongingSpecs> {
    let (repo, change) = (context.repo, &target.change);
    let Ok(globs) = SpecGlobs::new(&policy.watch.specs) else {
        return Ok(BelongingSpecs::default());
    };
    let (specs, is_cut) = specs_of(&repo.objects, &change.tree, &globs)?;
    let commits = commits_of(repo, target)?;
    let words = repo.trailers(&commits, [SPEC_TRAILER, RUN_TRAILER])?;
    let (trailers, made_by): (Vec<_>, Vec<_>) =
        words.into_iter().map(|[spec, run]| (spec, run)).unzip();
    let candidates: Vec<CandidateSpec> = specs.iter().filter_map(SpecFile::candidate).collect();
    let branch = branch_of(repo, target, &candidates)?;
    let touched = change.files.iter().map(|file| TouchedFile {
        path: file.path.to_str_lossy().into_owned(),
        is_spec: globs.is_spec(&PathBuf::from(file.path.to_path_lossy())),
    });
    let files: Vec<TouchedFile> = touched.collect();
    let signs = BelongingSigns {
        specs: &candidates,
        trailers: &trailers,
        runs: &specs_of_runs(repo, made_by.iter().flatten()),
        branch: branch.as_deref(),
        files: &files,
    };
    let (belonging, unknown) = signs.decide();
    let mut found = BelongingSpecs { is_plan: signs.is_plan(), ..BelongingSpecs::default() };
    // Where there are no specs the word is another convention's.
    if !candidates.is_empty() {
        found.notes.extend(unknown.iter().map(unknown_note));
    }
    if is_cut {
        found.notes.push(format!(
            "`watch.specs` names more than {FILES_MAX} files: the rest is no spec of the change"
        ));
    }
    let (chosen, ground) = match belonging {
        Belonging::Nothing => return Ok(found),
        Belonging::One(at, ground) => (vec![at], ground),
        Belonging::Several { all, done, ground } => {
            let several = several_in_words(all.iter().map(|at| &candidates[*at]), &ground);
            match done.as_slice() {
                [] => {
                    found.why_none = Some(format!(
                        "{several}; it is reviewed by none of them (hint: `--spec FILE` names one)"
                    ));
                }
                [done] => found.notes.push(format!(
                    "{several}; it is reviewed by `{}`, which is done",
                    candidates[*done].id
                )),
                _ => {}
            }
            (done, ground)
        }
    };
    for spec in chosen.iter().map(|at| &candidates[*at]) {
        let file = specs.iter().find(|file| file.path == spec.path);
        found.add(spec, file.context("a spec without its file")?, &ground);
    }
    Ok(found)
}

impl BelongingSpecs {
    /// A review by a spec that was named, or by none.
    pub fn of(copy: Option<SpecCopy>) -> Self {
        Self { copies: copy.into_iter().collect(), ..Self::default() }
    }

    /// Adds one by which the change is to be reviewed; what has errors cannot be read by anybody.
    fn add(&mut self, spec: &CandidateSpec, file: &SpecFile, ground: &SpecGround) {
        let what = format!("the spec `{}`, {},", spec.id, ground.in_words());
        let hint = format!("hint: `tribunal spec lint {}` shows them", spec.path);
        match (file.reading.errors(), spec.status) {
            (0, _) => self.copies.push(file.copy(ground.clone())),
            (_, SpecStatus::Done) => {
                self.unreadable = Some(format!(
                    "{what} is done and has errors, so that no review can be by it ({hint})"
                ));
            }
            _ => self.why_none = Some(format!("{what} has errors and is left out ({hint})")),
        }
    }
}

fn unknown_note(UnknownSpec { id, branch, nearest }: &UnknownSpec) -> String {
    let hint = match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`tribunal spec list` lists them".to_owned(),
    };
    // It may be any text.
    let named = branch.as_ref().unwrap_or(id);
    let named: String = redact::redact_str(named).chars().take(ID_CHARS_MAX).collect();
    let what = match branch {
        Some(_) => format!("the branch `{named}`"),
        None => format!("the trailer `{SPEC_TRAILER}: {named}`"),
    };
    format!("{what} names no spec of the change (hint: {hint})")
}

fn several_in_words<'a>(
    specs: impl Iterator<Item = &'a CandidateSpec>,
    ground: &SpecGround,
) -> String {
    let ids: Vec<String> = specs.map(|spec| format!("`{}`", spec.id)).collect();
    format!(
        "the change belongs to {}, {}: {}",
        counted(ids.len(), "spec"),
        ground.in_words(),
        ids.join(", ")
    )
}

impl SpecFile {
    fn candidate(&self) -> Option<CandidateSpec> {
        let spec = self.reading.spec.as_ref()?;
        Some(CandidateSpec {
            id: spec.id.clone(),
            path: self.path.to_str_lossy().into_owned(),
            status: spec.status,
            touches: spec.touches.clone(),
        })
    }

    fn copy(&self, ground: SpecGround) -> SpecCopy {
        copy_of(self.path.to_path_lossy().as_ref(), &self.bytes, ground)
    }
}

/// The text of a spec's file, redacted.
pub(super) fn copy_of(path: &Path, bytes: &[u8], ground: SpecGround) -> SpecCopy {
    let masked = redact::mask_lines(bytes, path.as_os_str().as_encoded_bytes());
    SpecCopy {
        ground,
        path: path.to_owned(),
        hash: blake3::hash(bytes).to_hex().to_string(),
        text: masked.to_str_lossy().into_owned(),
        only: None,
        dropped: Vec::new(),
    }
}

/// The spec of a copy.
pub fn parse_spec(copy: &SpecCopy) -> Result<Spec> {
    if copy.ground == SpecGround::Report {
        let bug = ReportedBug::read(&copy.text);
        return bug.map(|bug| bug.spec()).context("the report of the bug was not kept");
    }
    let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
    let parsed_spec = read(copy.text.as_bytes(), &name);
    match parsed_spec.spec.clone() {
        Some(mut spec) if parsed_spec.errors() == 0 => {
            spec.criteria.extend(copy.dropped.iter().map(DroppedCriterion::as_criterion));
            Ok(match &copy.only {
                Some(criteria) => spec.only(criteria),
                None => spec,
            })
        }
        _ => Err(hinted(
            format!("the spec `{}` has errors and cannot be reviewed against", copy.path.display()),
            format!("`tribunal spec lint {}` says why", copy.path.display()),
        )),
    }
}

/// The specs of a tree, by path, and whether there are more than are read.
fn specs_of(objects: &Objects, tree: &Oid, globs: &SpecGlobs) -> Result<(Vec<SpecFile>, bool)> {
    let (mut paths, mut is_cut): (Vec<(BString, Oid)>, bool) = (Vec::new(), false);
    for (folder, depth) in globs.folders() {
        let folder = folder.to_string_lossy();
        match at(objects, tree, folder.as_ref().into())? {
            Some(TreeItem::File { entry, .. }) => paths.push((folder.as_ref().into(), entry.oid)),
            Some(TreeItem::Tree { oid, .. }) => {
                is_cut |= walk(objects, &oid, folder.as_bytes().into(), depth, &mut paths)?;
            }
            None => {}
        }
    }
    paths.retain(|(path, _)| globs.is_spec(&PathBuf::from(path.to_path_lossy())));
    paths.sort();
    paths.dedup();
    is_cut |= paths.len() > FILES_MAX;
    paths.truncate(FILES_MAX);
    let mut specs: Vec<SpecFile> = Vec::new();
    for (path, oid) in paths {
        // What is too large for a spec is none; what is not here cannot be read.
        let Ok(Content::Whole(bytes)) = objects.content(&oid, BYTES_MAX as u64) else { continue };
        let reading = read(&bytes, &path.to_str_lossy());
        specs.push(SpecFile { path, bytes, reading });
    }
    Ok((specs, is_cut))
}

/// What is at a path of a tree; the empty path is the tree itself.
fn at(objects: &Objects, tree: &Oid, path: &BStr) -> Result<Option<TreeItem>> {
    let mut found = TreeItem::Tree { name: BString::default(), oid: tree.clone() };
    for name in path.split_str("/").filter(|name| !name.is_empty()) {
        let TreeItem::Tree { oid, .. } = &found else { return Ok(None) };
        let item = objects.tree(oid)?.into_iter().find(|item| item.name() == name.as_bstr());
        let Some(item) = item else { return Ok(None) };
        found = item;
    }
    Ok(Some(found))
}

/// Lists the files below a folder, as deep as specs may be. Whether there are more than are looked at.
fn walk(
    objects: &Objects,
    tree: &Oid,
    path: BString,
    depth: usize,
    files: &mut Vec<(BString, Oid)>,
) -> Result<bool> {
    let mut folders = vec![(tree.clone(), path, depth)];
    let mut seen = 0;
    while let Some((tree, path, depth)) = folders.pop() {
        seen += 1;
        if seen > FOLDERS_MAX {
            return Ok(true);
        }
        for item in objects.tree(&tree)? {
            let below = if path.is_empty() {
                item.name().to_owned()
            } else {
                BString::from([path.as_slice(), b"/", item.name().as_bytes()].concat())
            };
            match item {
                TreeItem::File { entry, .. } => files.push((below, entry.oid)),
                TreeItem::Tree { oid, .. } if depth > 0 => folders.push((oid, below, depth - 1)),
                TreeItem::Tree { .. } => {}
            }
        }
    }
    Ok(false)
}

/// The commits that bring a change, the newest last.
fn commits_of(repo: &Repo, target: &ReviewTarget) -> Result<Vec<Oid>> {
    let Some(to) = &target.change.commit else { return Ok(Vec::new()) };
    if target.bases.is_empty() {
        return Ok(vec![to.clone()]);
    }
    let mut revisions = vec![to.to_string()];
    revisions.extend(target.bases.iter().map(|base| format!("^{base}")));
    let mut commits = repo.rev_list_of(&revisions, &[])?;
    let over = commits.len().saturating_sub(COMMITS_MAX);
    commits.drain(..over);
    Ok(commits)
}

/// The ids of the specs of the runs with these ids; a run that is gone tells nothing.
fn specs_of_runs<'a>(repo: &Repo, ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut specs = Vec::new();
    // It is the word of a commit's author, and names a folder.
    for id in ids.filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric())) {
        let Ok(Some(run)) = runs::load(&repo.state_dir(), id) else { continue };
        let Some(copy) = &run.about.spec else { continue };
        let name = copy.path.file_name().unwrap_or_default().to_string_lossy();
        specs.extend(read(copy.text.as_bytes(), &name).spec.map(|spec| spec.id));
    }
    specs
}

/// The branch that a change is on: the one that is checked out, where that is its tip; else, of those that
/// are named after a spec and have it, the one whose tip is nearest.
fn branch_of(
    repo: &Repo,
    target: &ReviewTarget,
    specs: &[CandidateSpec],
) -> Result<Option<String>> {
    let Some(tip) = &target.change.commit else { return repo.branch() };
    if repo.head()?.as_ref() == Some(tip)
        && let Some(branch) = repo.branch()?
    {
        return Ok(Some(branch));
    }
    let mut nearest: Option<(usize, String)> = None;
    for (name, at) in repo.refs("refs/heads/")? {
        let name = name.strip_prefix(b"refs/heads/").unwrap_or(&name).to_str_lossy().into_owned();
        if !specs.iter().any(|spec| names(&name, &spec.id)) || !repo.is_ancestor(tip, &at)? {
            continue;
        }
        let beyond = repo.rev_list_of(&[at.to_string(), format!("^{tip}")], &[])?.len();
        if nearest.as_ref().is_none_or(|(least, _)| beyond < *least) {
            nearest = Some((beyond, name));
        }
    }
    Ok(nearest.map(|(_, name)| name))
}
