//! How the program was called: the options of every command, and the environment. Makes the context of
//! what a command does.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgAction, ValueEnum};

use crate::cli::help;
use crate::domain::model::error::hinted;
use crate::domain::model::terminal::printable;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::flow::context::Context;
use crate::flow::context::Notify;
use crate::platform::config::env::Env;
use crate::platform::git::places::OpenError;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::scan::AskedBy;
use crate::platform::store::permissions::link_in_state;
use crate::platform::ui::notice;
use crate::platform::ui::report::OutputFormat;

/// The options of every command.
#[derive(Clone, Debug, clap::Args)]
// After the options of the command itself.
#[command(next_display_order = 900, next_help_heading = help::GLOBAL)]
pub struct Global {
    /// Work in the repository that contains DIR; other paths stay relative to the current directory
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// Set the output format
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Human)]
    pub format: OutputFormat,
    /// Print only results
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Tell what passed, and log more; -vv logs everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Choose when to use colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Override a policy key for this call, as in `--set gates.scope=off`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What a command is given.
pub struct Invocation {
    pub env: Env,
    pub global: Global,
    settings: FlagSettings,
}

impl Invocation {
    /// Reads `--set`: a mistake in it is an error of every command.
    pub fn new(env: Env, global: Global) -> Result<Self> {
        let settings = layers::read_flags(&global.set)
            .map_err(|problem| hinted(problem.to_string(), problem.hint))?;
        Ok(Self { env, global, settings })
    }

    /// The repository that the person means.
    pub fn repo(&self) -> Result<Repo> {
        let dir = match &self.global.repo {
            Some(dir) => self.env.current_dir.join(dir),
            None => self.env.current_dir.clone(),
        };
        let shown = printable(&dir.display().to_string());
        if self.global.repo.is_some() && !dir.is_dir() {
            let what = if dir.exists() { "is not a folder" } else { "does not exist" };
            return Err(hinted(
                format!("`{shown}` {what}"),
                "`--repo` takes a repository's folder",
            ));
        }
        let repo = Repo::of_person(&dir, &self.env).map_err(|error| {
            match error.downcast_ref::<OpenError>() {
                Some(none @ OpenError::NotARepository(_)) => hinted(
                    none.to_string(),
                    "`cd` into a repository, or name one with `--repo DIR`; `git init` makes one",
                ),
                _ => error,
            }
        })?;
        state_is_a_folder(&repo)?;
        index_is_a_file(&repo)?;
        Ok(repo)
    }

    /// The context of work in that repository.
    pub fn context<'a>(&'a self, repo: &'a Repo) -> Context<'a> {
        let notices: &Notify<'_> = match self.global {
            Global { quiet: true, .. } => &notice::print_warning,
            Global { verbose: 0, .. } => &notice::print,
            Global { .. } => &notice::print_verbose,
        };
        let (env, settings) = (&self.env, &self.settings);
        Context { repo, env, settings, asked: AskedBy::Hand, notices }
    }
}

/// An error where something else is in the place of the state folder, or leads out of it.
fn state_is_a_folder(repo: &Repo) -> Result<()> {
    let state = repo.state_dir();
    if let Some(link) = link_in_state(&state) {
        return Err(hinted(
            format!("`{}` is a symbolic link, which would say where we write", link.display()),
            "remove the link; what is kept there is a folder, or files, of the program's own",
        ));
    }
    if state.exists() && !state.is_dir() {
        return Err(hinted(
            format!("`{}` is no folder, and tribunal keeps what it knows there", state.display()),
            "look at what it is, and move it away; tribunal makes the folder again",
        ));
    }
    Ok(())
}

/// An error where git would wait for what nobody writes: it opens its index whatever that is.
fn index_is_a_file(repo: &Repo) -> Result<()> {
    let index = repo.git_dir.join("index");
    match fs::metadata(&index) {
        Ok(found) if !found.is_file() => Err(hinted(
            format!("`{}` is no file, and git reads from it what is staged", index.display()),
            "move it away; `git reset` makes it again from the last commit",
        )),
        _ => Ok(()),
    }
}
