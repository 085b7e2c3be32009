//! What every command is given: the options before the command, and the environment.

use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgAction, ValueEnum};

use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;
use crate::platform::ui::report::Format;

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// Work in the repository that this folder is in; other paths are still taken from the folder
    /// that you stand in
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Say nothing but results
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Log more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Set a policy key for this call, as in `--set gates.scope=off`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What a command works with.
pub struct Context {
    pub env: Env,
    pub global: Global,
}

impl Context {
    /// The repository that the person means.
    pub fn repo(&self) -> Result<Repo> {
        let dir = match &self.global.repo {
            Some(dir) => self.env.current_dir.join(dir),
            None => self.env.current_dir.clone(),
        };
        Repo::of_person(&dir, &self.env)
    }
}
