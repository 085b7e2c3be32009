//! Workspaces: checkouts of the program's own in which agents and commands work.

pub mod attempt;
pub mod own_repo;
pub mod room;
pub mod tree;
