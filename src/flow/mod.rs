//! Use cases: what is done for a commit, a push, a review or a spec. Effects happen here; decisions
//! are made in `domain`.

pub mod dropped;
pub mod run;
pub mod attack;
pub mod commit;
pub mod push;
pub mod run_log;
pub mod review;
pub mod learn;
pub mod call;
pub mod evaluate;
pub mod intake;
pub mod setup;
pub mod workspace;
pub mod context;
