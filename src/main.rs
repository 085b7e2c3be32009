//! The `tribunal` program.

mod locate;
mod model;

fn main() {}
