//! From a change and the policy to findings: one file or folder a gate, all of them pure.

pub mod secrets;
pub mod sensitive_files;
