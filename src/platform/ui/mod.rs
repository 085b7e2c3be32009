//! Everything that is printed: for terminals, logs and programs.

pub mod attack_result;
pub mod ask;
pub mod columns;
pub mod commit_result;
pub mod push_result;
pub mod findings;
pub mod github;
pub mod json;
pub mod log;
pub mod notice;
pub mod out;
pub mod report;
pub mod review_findings;
mod bug_result;
mod idea_result;
mod proposal_result;
mod research_result;
pub mod review_hints;
pub mod review_report;
pub mod review_result;
pub mod run_log;
pub mod spec_result;
pub mod sarif;
pub mod styled_text;
pub mod time;
