//! The only room that prints.

pub mod findings;
pub mod log;
pub mod out;
pub mod report;
