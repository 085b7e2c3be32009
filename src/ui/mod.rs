//! The only room that prints.

pub mod findings;
pub mod out;
pub mod report;
