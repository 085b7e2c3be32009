//! The shared words, as data. Every room may use them; this room uses no other.

pub mod change;
pub mod class;
pub mod finding;
pub mod gate;
pub mod kept;
pub mod oid;
pub mod report;
pub mod severity;
