//! What can be found out about an agent without asking a model.

/// What is facts of an agent without asking a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it was found, or the address.
    pub place: String,
    /// Empty where it has none.
    pub version: String,
    pub login: Login,
    pub sandbox: Sandbox,
    /// What to do, one line each; empty where all is well.
    pub hints: Vec<String>,
}

/// Whether a program can identify itself to its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By that: a variable's name, or the program's own login.
    By(String),
    /// It needs none, as far as can be known.
    NotNeeded,
    Missing,
}

/// Whether what the model runs is held in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    Works,
    /// The program has none, or does not need one: what holds instead.
    Instead(String),
    Broken(String),
}
