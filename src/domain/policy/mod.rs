//! The policy: every setting, the layers that settings come in, and the units that they are written
//! in.

pub mod layers;
pub mod agents;
pub mod commands;
pub mod gates;
pub mod learn;
pub mod review;
pub mod settings;
pub mod switch;
pub mod watch;
pub mod unit;
