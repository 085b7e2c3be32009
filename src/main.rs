//! The `tribunal` program.

mod constitution;
mod locate;
mod model;

fn main() {}
