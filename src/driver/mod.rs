//! The corridor: fetches what the gates need, asks them, and keeps what they found.

pub mod commands;
pub mod init;
pub mod judge;
pub mod law;
pub mod own_repo;
pub mod passed;
pub mod propose;
pub mod remark;
pub mod sight;
pub mod tree;
pub mod trust;
