//! Specs: what "done" means. Parses, lints, classifies and describes them; opens no file.

pub mod types;
pub mod problem;
pub mod read;
pub mod reading;
pub mod identity;
pub mod belongs;
pub mod classify;
pub mod dropped;
pub mod record;
pub mod reported;
pub mod template;
mod source;
mod outline;
mod parsed;
mod yaml;
mod fields;
pub mod verify;
mod parse_yaml;
mod requirement_id;
mod step_text;
mod parse_markdown;
mod lint;
mod wording;
mod graph;

#[cfg(test)]
mod tests;
