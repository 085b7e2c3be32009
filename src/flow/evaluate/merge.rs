//! Leaves files out of a merge that were evaluated on the branch they come from.

use std::collections::HashSet;

use anyhow::Result;

use crate::domain::model::change::Change;
use crate::domain::model::oid::Oid;
use crate::flow::context::Context;
use crate::flow::evaluate::passed_trees;
use crate::platform::git::change::keep_differing;
use crate::platform::git::diff;
use crate::platform::git::diff::TooMuch;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, new_commits};
use crate::platform::git::repo::Repo;
use crate::platform::store::regular;
use crate::platform::store::regular::{LastLink, STATE};

/// Leaves out the files and the lines that are the same in a merged commit, where that commit passed `pre-commit`
/// here under the same policy (given by its hash) or where a remote has it: a push to a protected
/// branch evaluates it again. The files of other commits are evaluated with the merge.
pub fn exclude_evaluated(context: Context<'_>, change: &mut Change, policy: &str) -> Result<()> {
    let repo = context.repo;
    let heads = merged(context);
    if heads.is_empty() {
        return Ok(());
    }
    let gated = passed_trees::under_policy(repo, policy);
    for head in heads {
        let Some(commit) = repo.objects.commit(&head)? else { continue };
        if !gated.contains(commit.tree.as_str()) && !is_on_a_remote(repo, &head)? {
            continue;
        }
        let differs = match diff::trees(&repo.objects, Some(&commit.tree), Some(&change.tree)) {
            Ok(differs) => differs,
            // What cannot be compared is evaluated with the merge.
            Err(error) if error.is::<TooMuch>() => continue,
            Err(error) => return Err(error),
        };
        keep_differing(&mut change.files, differs);
    }
    Ok(())
}

/// Whether any remote had the commit when it was last asked.
fn is_on_a_remote(repo: &Repo, commit: &Oid) -> Result<bool> {
    let known =
        KnownHistory { commits: HashSet::new(), refs: KnownRefs::Remotes(repo.remote_tips()?) };
    Ok(new_commits(repo, std::slice::from_ref(commit), &known)?.is_empty())
}

/// The commits that are being merged. Git writes `MERGE_HEAD` once a merge has stopped; while it
/// runs, each is in the name of a variable.
fn merged(context: Context<'_>) -> Vec<Oid> {
    let file =
        regular::read_text(&context.repo.git_dir.join("MERGE_HEAD"), LastLink::Follow, STATE)
            .unwrap_or_default();
    let variables = context.env.with_prefix("GITHEAD_").map(|(name, _)| &name["GITHEAD_".len()..]);
    let mut heads: Vec<Oid> =
        file.lines().chain(variables).filter_map(|text| Oid::parse(text).ok()).collect();
    heads.sort();
    heads.dedup();
    heads
}
