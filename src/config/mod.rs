//! Layers of settings, to one resolved policy.

pub mod env;
pub mod layers;
pub mod policy;
pub mod unit;
