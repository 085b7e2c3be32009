//! A commit that a person has made: what of it is left out, its message as an agent words it, and what it came to.

pub mod left_out;
pub mod prompt;
pub mod result;
pub mod worded;
#[cfg(test)]
mod tests;
