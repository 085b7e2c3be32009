//! The `tribunal` program.

mod gates;
mod model;

fn main() {}
