//! What the watcher reports: a line for people, an object for programs.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::flow::intake::ingested_spec::IngestedSpec;
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
        /// The path that it had before, where that is another one.
        #[serde(skip_serializing_if = "Option::is_none")]
        moved_from: Option<String>,
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
    /// A process was started that builds a spec, or goes on with its run.
    Run {
        spec: String,
        continues: bool,
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
    /// The repository is watched no more.
    Unwatched {
        why: &'static str,
    },
    /// What needs attention and does not stop the watcher.
    Trouble {
        message: String,
    },
}

impl DaemonEvent {
    /// Whether people who watch want to read it.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::Known { moved_from: None, .. })
    }

    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Aside { .. } | Self::Trouble { .. })
    }
}

impl fmt::Display for DaemonEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watching { worktrees, folders, method } => {
                match folders {
                    0 => f.write_str("watched; there is no folder of specs yet")?,
                    _ => write!(f, "watched, with {} of specs", counted(*folders, "folder"))?,
                }
                if worktrees.len() > 1 {
                    write!(f, ", in {}", worktrees.join(", "))?;
                }
                if *method == "poll" {
                    f.write_str(
                        "; changes are not reported by the system here and found at intervals",
                    )?;
                }
                Ok(())
            }
            Self::Spec(taken) => taken.fmt(f),
            Self::Known { path, id, moved_from: Some(before) } => {
                write!(f, "{path}: `{id}` is here now, before in {before}")
            }
            Self::Known { path, id, moved_from: None } => write!(f, "{path}: `{id}` is as it was"),
            Self::Gone { path, id } => write!(f, "{path} is gone; `{id}` stays on record"),
            Self::Event { event: Event::Commit { oid, branch, .. } } => {
                let short = oid.get(..10).unwrap_or(oid);
                write!(f, "commit {short} on {}", branch.as_deref().unwrap_or("no branch"))
            }
            Self::Event { event: Event::Rewrite { command, pairs, .. } } => {
                write!(f, "`git {}` replaced {}", git_word(command), counted(pairs.len(), "commit"))
            }
            Self::Event { event: Event::Findings { .. } } => f.write_str("findings were kept"),
            Self::Review { commits, .. } => {
                write!(f, "{} will be reviewed", counted(commits.len(), "new commit"))
            }
            Self::Run { spec, continues: false } => write!(f, "`{spec}`: a run begins"),
            Self::Run { spec, continues: true } => write!(f, "`{spec}`: its run continues"),
            Self::Learned { id, title, path } => {
                write!(f, "learned the rule {id}, {title}: commit `{path}` and it holds")
            }
            Self::Aside { path, reason } => {
                write!(f, "an event was set aside as `{}`: {reason}", path.display())
            }
            Self::Unwatched { why } => write!(f, "not watched any more: {why}"),
            Self::Trouble { message } => f.write_str(message),
        }
    }
}

fn git_word(command: &str) -> &str {
    if command == "amend" { "commit --amend" } else { command }
}
