//! The brain of a run. Pure: what comes next, and what an outcome makes of the state.

pub mod apply;
mod conclude;
pub mod next;
pub mod run;
#[cfg(test)]
mod tests;
