//! What the watcher reports: a line for people, an object for programs.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::flow::intake::ingest::IngestedSpec;
use crate::platform::store::inbox::Event;

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum DaemonEvent {
    /// What is watched from now on.
    Watching {
        worktrees: Vec<String>,
        folders: usize,
        method: &'static str,
    },
    /// A new version of a spec.
    Spec(IngestedSpec),
    /// A spec's file was touched, moved or brought back; what it says is known.
    Known {
        path: String,
        id: String,
    },
    Gone {
        path: String,
        id: String,
    },
    Event {
        event: Event,
    },
    /// New commits are to be reviewed.
    Review {
        worktree: String,
        commits: Vec<Oid>,
    },
    /// A mistake that came back became a rule.
    Learned {
        id: String,
        title: String,
        path: String,
    },
    /// An event that this program does not understand.
    Aside {
        #[serde(serialize_with = "crate::domain::model::path::serialize")]
        path: PathBuf,
        reason: String,
    },
    /// What needs attention and does not stop the watcher.
    Trouble {
        message: String,
    },
}

impl DaemonEvent {
    /// Whether people who watch want to read it.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::Known { .. } | Self::Gone { .. })
    }

    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Aside { .. } | Self::Trouble { .. })
    }
}

impl fmt::Display for DaemonEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watching { worktrees, folders, method } => {
                write!(
                    f,
                    "watching {} in {} ({method})",
                    counted(*folders, "folder"),
                    worktrees.join(", ")
                )
            }
            Self::Spec(taken) => taken.fmt(f),
            Self::Known { path, id } => write!(f, "{path}: {id} is known as it is"),
            Self::Gone { path, id } => write!(f, "{path}: gone, {id} stays known"),
            Self::Event { event: Event::Commit { oid, branch, .. } } => {
                write!(f, "commit {oid} on {}", branch.as_deref().unwrap_or("no branch"))
            }
            Self::Event { event: Event::Rewrite { command, pairs, .. } } => {
                write!(f, "{command} replaced {}", counted(pairs.len(), "commit"))
            }
            Self::Event { event: Event::Findings { .. } } => f.write_str("findings were kept"),
            Self::Review { worktree, commits } => {
                write!(f, "to be reviewed in {worktree}: {}", counted(commits.len(), "new commit"))
            }
            Self::Learned { id, title, path } => {
                write!(f, "learned {id} ({title}): commit `{path}` and it holds")
            }
            Self::Aside { path, reason } => {
                write!(f, "an event was set aside as `{}`: {reason}", path.display())
            }
            Self::Trouble { message } => f.write_str(message),
        }
    }
}
