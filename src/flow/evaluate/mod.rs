//! Evaluates changes: builds the policy, runs the gates and the project's commands, records findings.
//! Commits, pushes, `check` and the server go through `evaluation::evaluate`.

pub mod bookkeeping;
pub mod bypass;
mod command_output;
pub mod commands;
pub mod evaluation;
pub mod import;
pub mod judge;
pub mod judged;
pub mod law;
pub mod merge;
pub mod message;
pub mod passed;
pub mod push;
pub mod remark;
pub mod sight;
pub mod tool_report;
pub mod trust;
pub mod whereabouts;
