//! The corridor: fetches what the gates need, asks them, and keeps what they found.

pub mod bypass;
pub mod install;
pub mod judge;
pub mod judged;
pub mod law;
pub mod message;
pub mod push;
