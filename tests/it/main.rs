//! The one integration binary: features through the real program with real git.
#![expect(clippy::disallowed_methods, reason = "tests spawn git and set their own environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agents;
mod brain;
mod check;
mod commands;
mod constitution;
mod cost;
mod crowd;
mod daemon;
mod demo;
mod doctor;
mod drafting;
mod findings;
mod followers;
mod frozen_state;
mod gates;
mod git_settings;
mod harness;
mod hooks;
mod hostile;
mod keeping;
mod machine;
mod model_server;
mod needs;
mod push;
mod push_policy;
mod real;
mod redaction;
mod report;
mod resume;
mod resume_places;
mod reviews;
mod sarif;
mod scene;
mod settings;
mod spec;
mod stand_in;
mod stopping;
mod survivors;
mod tidy;
mod untouched;
mod waiting;
mod ways_round;
