//! Says what is about to be reviewed: the range, its commits and files, and what is not part of it.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::model::notice::{LeftBeside, Progress, ReviewAim, ReviewedChange};
use crate::domain::model::oid::Oid;
use crate::flow::context::Context;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery::Delivered;
use crate::flow::review::inputs::ReviewInputs;
use crate::flow::review::target::{DEFAULT_BRANCHES, ReviewRange, ReviewRequest, ReviewTarget};
use crate::flow::review::written::WrittenWorkTree;
use crate::platform::git::repo::Repo;
use crate::platform::git::unstaged::UnstagedListing;
use crate::platform::git::{change, diff, unstaged};

/// Says what is about to be reviewed.
pub(super) fn announce(
    context: Context<'_>,
    request: &ReviewRequest,
    target: &ReviewTarget,
    inputs: &ReviewInputs,
    delivered: &Delivered,
    work_tree: Option<&WrittenWorkTree>,
    listing: Option<UnstagedListing>,
) -> Result<()> {
    let repo = context.repo;
    let unshown = delivered.delivery.unscanned.iter();
    let unshown = unshown.map(|one| (one.path.clone(), one.reason.to_string()));
    let foreign = work_tree.into_iter().flat_map(|written| &written.trees.left_out);
    let foreign = foreign.map(|(path, why)| (shown_path(path), why.clone()));
    let conflicts = work_tree.into_iter().flat_map(|written| &written.trees.conflicts);
    let change = &target.change;
    context.notify(Progress::ReviewBegins(ReviewedChange {
        aim: match (request.fix, request.chosen.len()) {
            (false, _) => ReviewAim::Review,
            (true, 0) => ReviewAim::Fix,
            (true, chosen) => ReviewAim::FixChosen(chosen),
        },
        what: name(repo, target)?,
        why: why(request, target),
        commits: commits(repo, target)?,
        files: change.files.len(),
        left_out: delivered.left_out.iter().cloned().chain(unshown).chain(foreign).collect(),
        beside: beside(repo, &request.range, target, listing)?,
        conflicts: conflicts.map(shown_path).collect(),
        spec: inputs.spec_in_words(),
    }));
    for note in &inputs.spec_notes {
        context.notify(Progress::OfSpec(note.clone()));
    }
    Ok(())
}

/// Why this is reviewed, where the person named nothing and may have meant something else.
fn why(request: &ReviewRequest, target: &ReviewTarget) -> String {
    let is_last = target.change.commit.is_some() && target.bases.is_empty();
    if request.range == ReviewRange::Auto && is_last {
        return "nothing is staged and the branch has nothing of its own".to_owned();
    }
    String::new()
}

/// The range in the names that a person knows, with those of its commits.
pub fn name(repo: &Repo, target: &ReviewTarget) -> Result<String> {
    let ([base], Some(to)) = (target.bases.as_slice(), &target.change.commit) else {
        return Ok(target.title.clone());
    };
    let is_head = repo.head()?.as_ref() == Some(to);
    let to = if is_head { "HEAD" } else { to.short() };
    Ok(match ref_at(repo, base)? {
        Some(name) => format!("{name}..{to} ({})", target.title),
        None => format!("{}..{to}", base.short()),
    })
}

/// The branch at a commit by which people know it: a default branch, else one of a remote, else one of this
/// repository that is not checked out.
fn ref_at(repo: &Repo, commit: &Oid) -> Result<Option<String>> {
    let own = repo.branch()?.map(|branch| format!("refs/heads/{branch}"));
    let mut names: Vec<BString> = Vec::new();
    for prefix in ["refs/remotes/", "refs/heads/"] {
        let at = repo.refs(prefix)?.into_iter().filter(|(_, at)| at == commit);
        names.extend(at.map(|(name, _)| name));
    }
    names.retain(|name| !name.ends_with(b"/HEAD") && own.as_ref().is_none_or(|own| name != own));
    let default = DEFAULT_BRANCHES.iter().find(|default| names.contains(&BString::from(**default)));
    let best = default.map(|name| BString::from(*name)).or_else(|| names.first().cloned());
    let prefixes = [b"refs/remotes/".as_slice(), b"refs/heads/"];
    Ok(best.map(|name| {
        let short = prefixes.iter().find_map(|prefix| name.strip_prefix(*prefix));
        short.unwrap_or(&name).to_str_lossy().into_owned()
    }))
}

/// How many commits bring the change.
fn commits(repo: &Repo, target: &ReviewTarget) -> Result<usize> {
    let Some(to) = &target.change.commit else { return Ok(0) };
    if target.bases.is_empty() {
        return Ok(1);
    }
    let mut revisions = vec![to.to_string()];
    revisions.extend(target.bases.iter().map(|base| format!("^{base}")));
    Ok(repo.rev_list_of(&revisions, &[])?.len())
}

/// Begins to list what of the work tree is not part of a review, where that is to be told.
pub fn begin_listing(repo: &Repo, range: &ReviewRange) -> Result<Option<UnstagedListing>> {
    let is_told = *range != ReviewRange::Unstaged && has_beside(repo, range)?;
    is_told.then(|| UnstagedListing::begin(repo)).transpose()
}

/// Whether the work tree may have what a review of that range leaves beside.
fn has_beside(repo: &Repo, range: &ReviewRange) -> Result<bool> {
    let is_here = match range {
        ReviewRange::WorkTree => false,
        ReviewRange::Auto | ReviewRange::Staged | ReviewRange::Unstaged => true,
        ReviewRange::Commit(to) | ReviewRange::Beyond { to, .. } => {
            repo.head()?.as_ref() == Some(to)
        }
    };
    Ok(is_here && repo.work_tree.is_some())
}

/// The changed files that are not part of a review of what is at HEAD or beyond it.
fn beside(
    repo: &Repo,
    range: &ReviewRange,
    target: &ReviewTarget,
    listing: Option<UnstagedListing>,
) -> Result<LeftBeside> {
    if !has_beside(repo, range)? {
        return Ok(LeftBeside::Nothing);
    }
    if *range == ReviewRange::Unstaged {
        let head = target.parent.as_ref().map(|head| repo.tree_of(head)).transpose()?;
        let staged = diff::trees(&repo.objects, head.as_ref(), target.change.base_tree.as_ref())?;
        return Ok(LeftBeside::Staged(staged.len()));
    }
    let unstaged = listing.map_or_else(|| unstaged::list(repo), |listing| listing.end(repo))?;
    let mut paths: Vec<_> = unstaged.into_iter().map(|file| file.path).collect();
    if target.change.commit.is_none() {
        return Ok(LeftBeside::Unstaged(paths.len()));
    }
    paths.extend(change::staged(repo)?.files.into_iter().map(|file| file.path));
    paths.sort();
    paths.dedup();
    Ok(LeftBeside::Uncommitted(paths.len()))
}
