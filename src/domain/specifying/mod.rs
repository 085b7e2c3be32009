//! A spec that is written of an idea: what is asked of the planner, what may come of it, and how code holds
//! it against the form of specs.

pub mod answer;
pub mod check;
pub mod draft;
pub mod prompt;
pub mod idea;
#[cfg(test)]
mod tests;
