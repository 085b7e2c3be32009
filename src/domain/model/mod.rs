//! The types that every module shares. They use no other module.

pub mod agent;
pub mod change;
pub mod class;
pub mod class_rules;
#[cfg(test)]
mod class_tests;
pub mod encoding;
pub mod error;
pub mod fence;
pub mod finding;
pub mod gate;
pub mod globs;
pub mod id_part;
pub mod limits;
pub mod language;
pub mod log_command;
pub mod markdown;
pub mod nearest;
pub mod notice;
pub mod objects;
pub mod oid;
pub mod path;
pub mod push;
pub mod report;
pub mod severity;
pub mod size;
pub mod standing;
pub mod stored_finding;
pub mod terminal;
pub mod text;
pub mod toml_text;
pub mod web;
