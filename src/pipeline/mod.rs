//! The brain of a run. Pure: what comes next, and what an outcome makes of the state.

pub mod run;
