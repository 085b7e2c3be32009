//! Durable state under the common git directory, and the files that people read.

pub mod file;
