//! The secret scan: finds secrets in bytes of any kind, and describes them without showing them.

mod assign;
pub mod baseline_file;
mod chars;
mod checksum;
mod context;
mod contextual;
mod encoded;
mod engine;
mod files;
pub mod gate;
mod generic;
mod gram;
pub mod hit;
pub mod known_value;

mod name;
mod password;
mod prefilter;
mod providers;
mod random;
pub mod redact;
mod rule;
pub mod scan;
mod shape;
mod table;
#[cfg(test)]
mod tests;
pub mod tier;
pub mod weak;
mod wide;
