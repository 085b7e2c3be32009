//! Every use of git2 and every git command.

pub mod change;
pub mod command;
pub mod diff;
pub mod index;
pub mod object;
pub mod repo;
