//! The `tribunal` program.

mod model;

fn main() {}
