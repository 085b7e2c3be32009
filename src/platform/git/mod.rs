//! Every use of git2 and every git command.

mod cat_file;
pub mod change;
pub mod command;
pub mod config;
pub mod diff;
pub mod index;
pub mod hooks_dir;
mod library;
mod loose;
pub mod object;
pub mod places;
pub mod push;
pub mod repo;
pub mod worktrees;
