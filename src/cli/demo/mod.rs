//! `tribunal demo`: the main job, run on throw-away repositories with plain git.
//!
//! Nothing here is scripted output: every line quoted is what git or tribunal answered, and a step
//! that does not do what the story says ends the demo with an error.

mod agent;
mod guard;
mod live;
mod project;
mod run;
mod stage;
mod toolchain;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::cli::demo::stage::{DemoStage, Pace, title};
use crate::cli::invocation::Invocation;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::platform::config::env::Env;
use crate::platform::process::Interrupts;
use crate::platform::ui::ask::can_ask;
use crate::platform::ui::out;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal demo                           the guard, then a run; Enter continues
  tribunal demo run --fast                a spec becomes commits, without a pause
  tribunal demo guard --keep              look at the repository afterwards";

/// Longer than anybody follows a demo.
const EVER: Duration = Duration::from_hours(365 * 24);

/// How often the folder of a demo is removed until nothing is there, and the pause between two tries.
const REMOVALS_MAX: usize = 100;
const REMOVAL_PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    part: Option<DemoPart>,
    /// Do not wait for Enter between the steps
    #[arg(long, global = true)]
    fast: bool,
    /// Keep the repository and print its path
    #[arg(long, global = true)]
    keep: bool,
}

/// What is shown; without one both, one after the other.
#[derive(Debug, clap::Subcommand)]
enum DemoPart {
    /// Show the guard alone: what is stopped at a commit and a push, and how a mistake becomes a rule
    Guard,
    /// Show a run alone: a spec becomes commits, with a rehearsal agent in the place of AI models
    Run,
    /// Called by the run of the demo
    #[command(hide = true)]
    Agent {
        /// The folder of the demo
        demo: PathBuf,
    },
}

/// A story that is told in a repository of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    Guard,
    Run,
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let stories: &[Story] = match &args.part {
        Some(DemoPart::Agent { demo }) => return agent::answer(demo, &invocation.env),
        Some(DemoPart::Guard) => &[Story::Guard],
        Some(DemoPart::Run) => &[Story::Run],
        None => &[Story::Guard, Story::Run],
    };
    for story in stories {
        if let ExitStatus::Interrupted = tell(*story, args, &invocation.env)? {
            return Ok(ExitStatus::Interrupted);
        }
    }
    title("Done: every step did what it says");
    Ok(ExitStatus::Pass)
}

/// Tells one, and leaves nothing behind, whether it is told to its end or interrupted.
fn tell(story: Story, args: &Args, env: &Env) -> Result<ExitStatus> {
    let parent = std::env::temp_dir();
    let root = tempfile::Builder::new().prefix("tribunal-demo-").tempdir_in(&parent);
    let root = root.map_err(|error| {
        let why = error.kind();
        hinted(
            format!(
                "the demo needs a folder below `{}`, and could make none: {why}",
                parent.display()
            ),
            "set `TMPDIR` to a folder that you can write to",
        )
    })?;
    let pace = if args.fast || !can_ask() { Pace::Fast } else { Pace::Steps };
    let mut stage = DemoStage::set(root.path(), pace, env)?;
    if story == Story::Run {
        toolchain::find(&mut stage, env)?;
    }
    let stage = Arc::new(stage);
    let (end, ended) = mpsc::channel();
    let (interrupts, interrupted) = (Interrupts::listen()?, end.clone());
    thread::spawn(move || interrupts.wait(EVER).map(|_| interrupted.send(None)));
    let teller = Arc::clone(&stage);
    thread::spawn(move || {
        let told = match story {
            Story::Guard => guard::narrate(&teller),
            Story::Run => run::narrate(&teller),
        };
        end.send(Some(told))
    });
    let told = ended.recv().context("the demo stopped")?;
    stage.end()?;
    if args.keep {
        out::result(&format!("kept in {}", root.keep().display()));
    } else {
        remove(root)?;
    }
    match told {
        Some(told) => told.map(|()| ExitStatus::Pass),
        None => Ok(ExitStatus::Interrupted),
    }
}

/// Removes the folder of a demo. What was interrupted may write one file more meanwhile.
fn remove(root: TempDir) -> Result<()> {
    let path = root.keep();
    for _ in 0..REMOVALS_MAX {
        match fs::remove_dir_all(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) => thread::park_timeout(REMOVAL_PAUSE),
        }
    }
    bail!("could not remove `{}`", path.display())
}
