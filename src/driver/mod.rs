//! The corridor: fetches what the gates need, asks them, and keeps what they found.

pub mod bypass;
pub mod call;
pub mod commands;
pub mod evaluate;
pub mod event;
pub mod import;
pub mod init;
pub mod install;
pub mod judge;
pub mod judged;
pub mod law;
pub mod learn;
pub mod merge;
pub mod message;
pub mod own_repo;
pub mod passed;
pub mod propose;
pub mod push;
pub mod redact;
pub mod review;
pub mod remark;
pub mod sight;
pub mod tool_report;
pub mod tree;
pub mod whereabouts;
pub mod trust;
