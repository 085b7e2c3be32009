//! Sets a repository up: `init`, the hooks, what the person agreed to, and the events that the hooks leave for the watcher.

pub mod consent;
pub mod inbox_event;
pub mod init;
mod baseline;
pub mod install;
pub mod propose;
pub mod purge;
mod written;
