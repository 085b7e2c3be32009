//! What is found out before a plan is written: by searches on the web, and in the code base.
//!
//! Agents say what they found; code decides whether it is asked for, strikes out each address that no search
//! named, and puts the page together.

pub mod address;
pub mod answer;
pub mod decision;
pub mod page;
pub mod prompt;
pub mod record;
pub mod shard;
pub mod signs;
#[cfg(test)]
mod tests;
