//! The door for time: notices specs and events, and hands them on.

pub mod control;
pub mod events;
pub mod heads;
pub mod lock;
pub mod run;
pub mod scan;
pub mod tree;
pub mod watch;
pub mod learner;
pub mod files;
pub mod new_commits;
pub mod event;
pub mod backoff;
pub mod watched_repo;
mod reflog;
