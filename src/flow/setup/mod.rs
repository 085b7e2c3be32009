//! Sets a repository up: `init`, the hooks, and the events that the hooks leave for the watcher.

pub mod event;
pub mod init;
pub mod install;
pub mod propose;
