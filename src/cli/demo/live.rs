//! A program of the demo that is shown while it works.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cli::demo::stage::{DemoAnswer, DemoStage, aside, type_in};
use crate::platform::process::{LoggedProcess, Output, code_of};
use crate::platform::store::file;

/// The longest that one may take.
const LONGEST: Duration = Duration::from_mins(10);

/// The pause before its output is looked at again.
const PAUSE: Duration = Duration::from_millis(20);

/// A tribunal that works beside the demo. One at a time.
pub struct LiveRun<'a> {
    stage: &'a DemoStage,
    log: PathBuf,
    /// How much of its output was shown, in bytes.
    shown: usize,
    began: Instant,
}

impl<'a> LiveRun<'a> {
    /// Starts it, and shows what a person types.
    pub fn start(stage: &'a DemoStage, words: &[&str]) -> Result<Self> {
        type_in(&[&["tribunal"], words].concat());
        let log = stage.root.join("output");
        let _not_over = stage.may_start()?;
        let process = stage.tribunal_cmd(words).start_logged(&File::create(&log)?)?;
        *under_way(stage) = Some(process);
        Ok(Self { stage, log, shown: 0, began: Instant::now() })
    }

    /// Shows what it prints until that is so. That it ends before is an error.
    pub fn until(&mut self, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
        while !is_so() {
            if self.ended()?.is_some() {
                bail!("it ended before {what}:\n{}", file::read_text(&self.log)?);
            }
            self.wait(what)?;
        }
        self.show()
    }

    /// Shows what it prints until it ends.
    pub fn end(mut self) -> Result<DemoAnswer> {
        let status = loop {
            match self.ended()? {
                Some(status) => break status,
                None => self.wait("its end")?,
            }
        };
        self.show()?;
        drop(under_way(self.stage).take());
        let took = self.began.elapsed().as_secs_f64();
        aside(&format!("It ended with {} after {took:.1} s.", code_of(status)));
        let stdout = file::read(&self.log)?;
        fs::remove_file(&self.log)?;
        Ok(DemoAnswer(Output { status, stdout, stderr: Vec::new() }))
    }

    fn ended(&self) -> Result<Option<ExitStatus>> {
        let mut process = under_way(self.stage);
        let process = process.as_mut().context("it was stopped")?;
        Ok(process.ended()?)
    }

    fn wait(&mut self, what: &str) -> Result<()> {
        self.show()?;
        if self.began.elapsed() > LONGEST {
            bail!("{what} did not come within {} s", LONGEST.as_secs());
        }
        thread::park_timeout(PAUSE);
        Ok(())
    }

    /// Shows the whole lines that are new.
    fn show(&mut self) -> Result<()> {
        let all = file::read(&self.log)?;
        let new = all.get(self.shown..).unwrap_or_default();
        let whole = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in String::from_utf8_lossy(&new[..whole]).lines().filter(|line| !line.is_empty()) {
            self.stage.quote(line);
        }
        self.shown += whole;
        Ok(())
    }
}

/// Kills what is under way, as `kill -9` does.
pub fn kill(stage: &DemoStage) -> Result<()> {
    let process = under_way(stage).take().context("it has ended already")?;
    type_in(&["kill", "-9", &process.id().to_string()]);
    process.kill()?;
    Ok(())
}

fn under_way(stage: &DemoStage) -> MutexGuard<'_, Option<LoggedProcess>> {
    stage.under_way.lock().unwrap_or_else(PoisonError::into_inner)
}
