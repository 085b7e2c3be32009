//! Durable state under the common git directory, and the files that people read.

pub mod review_queue;
pub mod crash;
pub mod file;
pub mod folder;
pub mod ledger;
pub mod inbox;
pub mod known_specs;
pub mod lock;
pub mod dropped_specs;
pub mod spec_queue;
pub mod runs;
pub mod permissions;
pub mod regular;
pub mod stop_mark;
pub mod test_results;
pub mod user_state;
