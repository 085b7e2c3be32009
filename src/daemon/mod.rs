//! The watcher: notices specs, events of hooks and new commits, and hands them on.

pub mod control;
pub mod process;
pub mod environment;
pub mod hook_events;
pub mod head_moves;
pub mod lock;
pub mod lost_hooks;
pub mod event_loop;
pub mod repository;
pub mod work;
pub mod listing;
pub mod slots;
pub mod wakeups;
pub mod reconcile;
pub mod watched_worktree;
pub mod file_events;
pub mod learner;
pub mod spec_files;
pub mod request_reviews;
pub mod spec_runs;
pub mod daemon_event;
pub mod backoff;
pub mod watched_repo;
mod reflog;
