//! What is planned before anything is written: the size of a spec, its parts, a plan of each, and its tasks.
//!
//! An agent proposes each of them; code holds it against what the spec asks for and sends it back once where
//! something is missing, so that what is built is all of the spec, in tasks that each can be measured.

pub mod page_changes;
pub mod independent;
pub mod part;
pub mod plan;
pub mod plan_review;
pub mod prompt;
pub(in crate::domain) mod reading;
pub mod size_vote;
pub mod task;
#[cfg(test)]
mod tests;
