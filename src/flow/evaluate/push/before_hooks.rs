//! Finds which commits of a push are from before the hooks: they could not be mended as they were made.

use std::collections::HashSet;

use anyhow::Result;
use bstr::BString;

use crate::domain::model::oid::Oid;
use crate::domain::model::push::Receiver;
use crate::flow::evaluate::bypass::past_hooks;
use crate::flow::evaluate::bypass::past_hooks::Beginning;
use crate::flow::evaluate::push::plan::Arrival;
use crate::platform::git::repo::Repo;

/// The commits of a push from before any hook ran in the work tree.
#[derive(Debug)]
pub struct BeforeHooks {
    pub commits: HashSet<Oid>,
    /// The newest of them, which brings all of them where it is pushed to `target`.
    pub newest: Oid,
    pub target: BString,
    /// The remote, as a person names it to git.
    pub receiver: String,
}

/// The commits from before the hooks of the first ref that brings any.
///
/// Those are what HEAD held when a hook first ran in this work tree; where none did yet, all that is
/// pushed. What other branches had then is not known.
pub fn before_hooks(
    repo: &Repo,
    arrivals: &[Arrival<'_>],
    receiver: &Receiver,
) -> Result<Option<BeforeHooks>> {
    let receiver = match receiver {
        Receiver::Remote(name) => name.clone(),
        Receiver::Address => "ADDRESS".to_owned(),
        // Its history has no hooks before it.
        Receiver::Here => return Ok(None),
    };
    let beginning = past_hooks::beginning(repo)?;
    for arrival in arrivals {
        let newest = match (&beginning, &arrival.peeled.commit) {
            (Beginning::At(commit), _) | (Beginning::Unknown, Some(commit)) => commit.clone(),
            (Beginning::Unborn, _) | (Beginning::Unknown, None) => continue,
        };
        let brought: HashSet<&Oid> = arrival.commits.iter().collect();
        let mut commits = HashSet::new();
        let mut waiting = vec![newest.clone()];
        while let Some(commit) = waiting.pop() {
            if brought.contains(&commit) && !commits.contains(&commit) {
                waiting.extend(repo.commit(&commit)?.parents);
                commits.insert(commit);
            }
        }
        if !commits.is_empty() {
            let target = arrival.update.target.clone();
            return Ok(Some(BeforeHooks { commits, newest, target, receiver }));
        }
    }
    Ok(None)
}
