//! State machines of runs: the jobs that are ready, and the state after what came of one.

pub mod apply;
mod conclude;
pub mod dropped;
mod findings;
pub mod format;
mod format_1;
mod inputs;
pub mod job;
pub mod job_place;
pub mod journal;
pub mod next;
pub mod plan_loop;
pub mod result;
pub mod review_loop;
pub mod run;
pub mod run_log;
mod said;
pub mod spec_run;
#[cfg(test)]
mod tests;
