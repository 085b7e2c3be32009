//! Evaluates changes: builds the policy, runs the gates and the project's commands, records findings.
//! Commits, pushes, `check` and the server go through `evaluation::evaluate`.

pub mod allow;
mod allowed_next;
pub mod bookkeeping;
pub mod bypass;
pub mod command_cache;
pub mod command_findings;
pub mod command_outcome;
pub mod command_output;
mod command_progress;
pub mod command_selection;
pub mod command_shell;
pub mod commands;
pub mod evaluation;
pub mod fingerprint;
pub mod gates;
pub mod import;
pub mod inside_command;
pub mod manual_finding;
pub mod merge;
pub mod message;
pub mod passed_trees;
pub mod policy;
pub mod preparing;
pub mod push;
pub mod recording;
pub mod relocate;
pub mod report;
pub mod seen_on;
pub mod shown_text;
pub mod standing;
pub mod test_run;
pub mod tool_report;
pub mod uncommitted;
