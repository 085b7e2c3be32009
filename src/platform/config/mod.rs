//! The environment, the clock, where the user's settings are, and what is random.

pub mod env;
pub mod random;
