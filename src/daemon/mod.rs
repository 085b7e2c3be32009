//! The door for time: notices specs and events, and hands them on.

pub mod control;
pub mod events;
pub mod heads;
pub mod lock;
pub mod run;
pub mod look;
pub mod tree;
pub mod watch;
pub mod learner;
pub mod files;
pub mod new_commits;
pub mod news;
pub mod pace;
pub mod place;
mod reflog;
