//! State machines of runs: the next job, and the state after its outcome.

pub mod apply;
mod conclude;
mod inputs;
pub mod next;
pub mod run;
#[cfg(test)]
mod tests;
