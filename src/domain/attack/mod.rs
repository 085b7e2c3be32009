//! Attacks on a change: what an attacker's words and tests are worth, as pure code.

pub mod answer;
pub mod clause;
pub mod intake;
pub mod number;
pub mod page;
pub mod prompt;
pub mod record;
#[cfg(test)]
mod tests;
pub mod verdict;
pub mod weighing;
