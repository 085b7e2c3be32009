//! The only room that prints.

pub mod out;
pub mod report;
