//! The environment, the clock, and where the user's settings are.

pub mod env;
