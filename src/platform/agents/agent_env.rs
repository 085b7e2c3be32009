//! What a call is made with: the person's environment, their repository and a folder to keep things in.

use std::path::Path;

use crate::platform::config::env::Env;

/// What every call is made with.
#[derive(Clone, Copy, Debug)]
pub struct AgentEnv<'a> {
    pub env: &'a Env,
    /// The top of the person's work tree: no program is taken from below it.
    pub repository: Option<&'a Path>,
    /// A folder that outlives calls, private to this user: for what a program must keep.
    pub home: &'a Path,
}

/// Why there is no such agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AgentNotFound {
    pub message: String,
    pub hint: String,
}
