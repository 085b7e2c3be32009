//! Durable state under the common git directory, and the files that people read.

pub mod backlog;
pub mod crash;
pub mod file;
pub mod ledger;
pub mod inbox;
pub mod known;
pub mod lock;
pub mod queue;
pub mod runs;
pub mod share;
pub mod stopped;
