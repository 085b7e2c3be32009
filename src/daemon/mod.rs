//! The door for time: notices specs and events, and hands them on.

pub mod control;
pub mod events;
pub mod heads;
pub mod lock;
pub mod run;
pub mod look;
pub mod tree;
pub mod scan;
pub mod watch;
pub mod settle;
pub mod take_in;
pub mod news;
mod reflog;
