//! A push that a person asks for: where it goes, and what git says of it.

pub mod answer;
pub mod result;
pub mod target;
#[cfg(test)]
mod tests;
