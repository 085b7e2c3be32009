//! The corridor: fetches what the gates need, asks them, and keeps what they found.

pub mod init;
pub mod judge;
pub mod law;
pub mod propose;
pub mod remark;
pub mod sight;
