//! The rehearsal agent of `tribunal demo run`: it plays both vendors, in the demo's own folder alone.
//!
//! Its answers are prepared. What it answers about is what it is really asked: it reads the prompt, quotes the
//! sections that it was shown, and changes the files of the folder that it is in. So the run that asks it goes
//! through the same checks as any other.

mod answers;
mod prompt;
mod work;

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cli::demo::agent::prompt::{RehearsalPart, RehearsalPrompt};
pub use crate::cli::demo::agent::work::PAUSED;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::platform::agents::call::INSIDE;
use crate::platform::config::env::Env;
use crate::platform::store::file;
use crate::platform::ui::out;

/// The mark by which the folder of a demo is known, in that folder.
pub const MARK: &str = "rehearsal";

/// What stands in it before the folder's own path.
pub const MARKED: &str = "tribunal demo run: ";

/// What was asked, a line a question, in the folder of the demo.
pub const ASKED: &str = "asked";

/// Reads a prompt on standard input and answers it.
pub fn answer(demo: &Path, env: &Env) -> Result<ExitStatus> {
    refuse_elsewhere(demo, env)?;
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let Some(prompt) = RehearsalPrompt::read(&text) else {
        bail!("the rehearsal agent has no answer prepared for this question");
    };
    let question = blake3::hash(text.as_bytes()).to_hex();
    file::append_line(&demo.join(ASKED), &format!("{:?} {question}", prompt.part))?;
    let folder = &env.current_dir;
    match prompt.part {
        RehearsalPart::Plan => say_json(&answers::plan()),
        RehearsalPart::PlanReview => say_json(&answers::plan_review(&prompt)),
        RehearsalPart::TaskList => say_json(&answers::tasks()),
        RehearsalPart::Review | RehearsalPart::Verify | RehearsalPart::Criteria => {
            say_json(&answers::review(&prompt));
        }
        RehearsalPart::Arbitrate => say_json(&answers::arbitration(&prompt)?),
        RehearsalPart::Tests => out::result(work::tests(&prompt, folder)?.as_str()),
        RehearsalPart::Code => out::result(work::code(&prompt, folder, demo)?.as_str()),
        RehearsalPart::Fix => out::result(work::fix(&prompt, folder)?.as_str()),
    }
    Ok(ExitStatus::Pass)
}

fn say_json(answer: &Value) {
    out::result(answer.to_string().as_str());
}

/// It works in a call of an agent, in the folder of a demo and in nothing else.
fn refuse_elsewhere(demo: &Path, env: &Env) -> Result<()> {
    let is_marked = demo.is_absolute()
        && file::read_text(&demo.join(MARK))
            .is_ok_and(|mark| mark == format!("{MARKED}{}\n", demo.display()));
    let is_home = env.path("HOME").is_some_and(|home| home == demo.join("home"));
    let is_below = |path: &Path| {
        let real = |path: &Path| path.canonicalize().ok();
        real(path).zip(real(demo)).is_some_and(|(path, demo)| path.starts_with(demo))
    };
    if env.get(INSIDE).is_some() && is_marked && is_home && is_below(&env.current_dir) {
        return Ok(());
    }
    Err(hinted(
        "the rehearsal agent answers in the repository of `tribunal demo run` alone",
        "its answers are prepared for that one; `tribunal doctor` shows which agents are here",
    ))
}
