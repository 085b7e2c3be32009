//! Errors that say what to do next.

/// An error with a hint of its own, as `main` prints it on a line `hint: …`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Hinted {
    pub message: String,
    /// What the person can do about it.
    pub hint: String,
}

/// Makes an error with a hint of what to do next.
pub fn hinted(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted { message: message.into(), hint: hint.into() }.into()
}

/// What an evaluation needs cannot be had here, so that it is neither a pass nor a block.
#[derive(Debug, thiserror::Error)]
#[error("inconclusive: {message}")]
pub struct NotEvaluated {
    pub message: String,
    /// What brings what is needed.
    pub hint: String,
}
