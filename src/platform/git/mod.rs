//! Every use of git2 and every git command.

mod alternates;
mod cat_file;
pub mod change;
pub mod command;
pub mod config;
pub mod diff;
pub mod index;
mod history;
pub mod hooks_dir;
pub mod behind;
pub mod lazy_fetch;
mod library;
mod loose;
pub mod object;
pub mod places;
pub mod push;
pub mod reflog;
pub mod own_index;
mod read_object;
mod refs;
mod trailers;
pub mod repo;
pub mod unstaged;
pub mod work_tree;
pub mod worktrees;
