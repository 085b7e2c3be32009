//! Turns a spec file into a spec on record: finds it, waits until it is still, reads it.

pub mod redact;
pub mod spec_listing;
pub mod debounce;
pub mod ingest;
pub mod ingested_spec;
