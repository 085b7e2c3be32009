//! Has the commits reviewed that are made in the watched work trees.

use anyhow::Result;

use crate::daemon::backoff::WarningDedup;
use crate::daemon::daemon_event::DaemonEvent;
use crate::daemon::head_moves::{HeadMove, Heads, Moved};
use crate::daemon::watched_repo::WatchedRepo;
use crate::daemon::watched_worktree::WatchedWorktree;
use crate::domain::policy::consent::ConsentAnswer;
use crate::domain::policy::switch::Switch;
use crate::flow::intake::ingest::key;
use crate::flow::review::background;
use crate::flow::setup::consent;
use crate::platform::config::env;
use crate::platform::git::repo::Repo;

/// Has new commits reviewed; says whether a HEAD is about to move.
pub fn request_reviews(
    heads: &mut Heads,
    place: &WatchedRepo,
    trees: &[WatchedWorktree],
    said: &mut WarningDedup,
    tell: &mut dyn FnMut(&DaemonEvent),
) -> bool {
    let (mut soon, mut changed) = (false, false);
    let now = env::now(&place.env);
    heads.retain(|top| trees.iter().any(|tree| key(&tree.top) == top));
    for tree in trees {
        let moved = match heads.look(&tree.top, &place.common_dir, now) {
            Ok(Moved::To(moved)) => moved,
            Ok(Moved::Soon) => {
                soon = true;
                continue;
            }
            Ok(Moved::No) => continue,
            Err(error) => {
                said.trouble(format!("{error:#}"), tell);
                continue;
            }
        };
        match want_reviews(place, tree, &moved) {
            Ok(true) => {
                let (worktree, commits) = (key(&tree.top), moved.commits.clone());
                tell(&DaemonEvent::Review { worktree, commits });
            }
            Ok(false) => {}
            Err(error) => {
                // The next look meets the same commits.
                said.trouble(format!("{error:#}"), tell);
                continue;
            }
        }
        changed |= heads.settle(moved);
    }
    if changed && let Err(error) = heads.save(&place.state_dir) {
        said.trouble(format!("{error:#}"), tell);
    }
    soon
}

/// Notes commits for a review; `false` where there are none, no person agreed to reviews, the policy is
/// against them, or no agent is there to make one.
fn want_reviews(place: &WatchedRepo, tree: &WatchedWorktree, moved: &HeadMove) -> Result<bool> {
    if moved.commits.is_empty() || tree.background == Switch::Off {
        return Ok(false);
    }
    let repo = Repo::discover(&tree.top, None)?;
    if consent::load(&repo, &place.env)?.reviews != ConsentAnswer::Yes {
        return Ok(false);
    }
    let context = place.context(&repo);
    background::enqueue(context, &place.last_stop, &moved.commits, &moved.left_out)
}
