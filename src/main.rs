//! The `tribunal` program.

mod gates;
mod git;
mod store;
mod process;
mod config;
mod model;

fn main() {}
