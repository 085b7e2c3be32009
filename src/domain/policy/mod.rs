//! The policy: every setting, the layers that settings come in, and the units that they are written
//! in.

pub mod layers;
pub mod settings;
pub mod unit;
