//! One module for each thing outside of the program: agents, git, durable state, processes, the
//! terminal, the environment.

pub mod agents;
pub mod git;
pub mod store;
pub mod process;
pub mod sandbox;
pub mod ui;
pub mod config;
