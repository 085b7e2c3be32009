//! Workspaces: checkouts of the program's own in which agents and commands work.

pub mod attempt;
pub mod changed;
pub mod private_repo;
pub mod left_out;
mod nearest;
pub mod prepared;
pub mod disk;
pub mod reading_copy;
pub mod work_tree;
pub mod checkout;
pub mod with_files;
pub mod share;
mod snapshot;
