//! Sets a repository up: `init`, the hooks, and the events that the hooks leave for the watcher.

pub mod inbox_event;
pub mod init;
mod baseline;
pub mod install;
pub mod propose;
