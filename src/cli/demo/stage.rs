//! A home and a repository for a demonstration, in which nothing of this machine's user is seen; what is typed
//! there, and what comes back.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::platform::config::env::Env;
use crate::platform::process;
use crate::platform::process::{Cmd, LoggedProcess, Output, TAG_VAR};
use crate::platform::store::file;
use crate::platform::ui::out;
use crate::platform::ui::out::{DIM, ERROR, GOOD};
use crate::platform::ui::styled_text::StyledText;

/// Whether a person follows step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Steps,
    Fast,
}

/// A home, a repository and a bare remote, in which nothing of this machine's user is seen.
pub struct DemoStage {
    pub root: PathBuf,
    pub repo: PathBuf,
    program: PathBuf,
    pace: Pace,
    /// Variables that more is found by, with their values; `None` takes one away.
    vars: Vec<(OsString, Option<OsString>)>,
    /// What was started and has not ended.
    pub(super) under_way: Mutex<Option<LoggedProcess>>,
    /// Whether the demo is over. Held while a program is started or works: what is over starts none.
    over: Mutex<bool>,
}

impl DemoStage {
    /// Makes it in that folder. What this user's own variables say to tribunal does not count in it.
    pub fn set(root: &Path, pace: Pace, env: &Env) -> Result<Self> {
        // By the last one a call that started this finds what belongs to it.
        let kept = ["TRIBUNAL_NO_DAEMON", TAG_VAR];
        let is_own = |name: &str| !name.starts_with("TRIBUNAL_TEST_") && !kept.contains(&name);
        let own = env.with_prefix("TRIBUNAL_").filter(|(name, _)| is_own(name));
        let stage = Self {
            root: root.canonicalize()?,
            repo: root.canonicalize()?.join("project"),
            program: process::own_path()?,
            pace,
            vars: own.map(|(name, _)| (name.into(), None)).collect(),
            under_way: Mutex::new(None),
            over: Mutex::new(false),
        };
        fs::create_dir_all(stage.home())?;
        fs::create_dir_all(&stage.repo)?;
        Ok(stage)
    }

    /// The home folder of whoever is at work here.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Has every program find this variable.
    pub fn set_var(&mut self, name: &str, value: OsString) {
        self.vars.push((name.into(), Some(value)));
    }

    /// Ends whatever is still at work, and has nothing begin after it.
    pub fn end(&self) -> Result<()> {
        drop(self.under_way.lock().unwrap_or_else(PoisonError::into_inner).take());
        // A program that works, such as a commit, may have started a watcher and writes files: it comes to its end.
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        drop(self.under_way.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.tribunal_cmd(&["daemon", "stop", "--all"]).capture()?;
        Ok(())
    }

    /// What lets a program be started, as long as it is kept.
    pub(super) fn may_start(&self) -> Result<MutexGuard<'_, bool>> {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(!*over, "the demo is over");
        Ok(over)
    }

    /// Begins a step: what is done, and what it shows.
    pub fn step(&self, name: &str, why: &str) -> Result<()> {
        if self.pace == Pace::Steps {
            out::talk("\nEnter continues, Ctrl-C ends");
            io::stdin().read_line(&mut String::new())?;
        }
        title(name);
        out::result(why);
        Ok(())
    }

    /// Writes a file and shows at most that many lines of what changed in it.
    pub fn edit(&self, path: &str, content: &str, shown: usize) -> Result<()> {
        let _not_over = self.may_start()?;
        let place = self.repo.join(path);
        let old = file::read_text(&place).unwrap_or_default();
        file::write_atomic(&place, content.as_bytes())?;
        let diff = TextDiff::from_lines(old.as_str(), content);
        let changes = || diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
        let what = if old.is_empty() { "a new file" } else { "an edit" };
        let rest = changes().count().saturating_sub(shown);
        aside(&match (shown, rest) {
            (0, _) => format!("{path}: {what}, with the same mistake"),
            (_, 0) => format!("{path}: {what}"),
            (_, rest) => format!("{path}: {what}, and {}", counted(rest, "more line")),
        });
        for change in changes().take(shown) {
            let style = if change.tag() == ChangeTag::Insert { GOOD } else { ERROR };
            let line = format!("{}{}", change.tag(), change.value().trim_end());
            out::result(StyledText::from("  ").styled(style, printable(&line)));
        }
        Ok(())
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    pub fn git(&self, words: &[&str]) -> Result<DemoAnswer> {
        self.command("git", words)
    }

    pub fn tribunal(&self, words: &[&str]) -> Result<DemoAnswer> {
        self.command(&self.program.to_string_lossy(), words)
    }

    pub fn commit(&self, message: &str) -> Result<DemoAnswer> {
        self.git(&["add", "--all"])?.passes("git add")?;
        Ok(self.show(&["git", "commit", "-m", message], self.git(&["commit", "-m", message])?))
    }

    pub fn push(&self, words: &[&str]) -> Result<DemoAnswer> {
        let words = [&["push"], words].concat();
        Ok(self.show(&[&["git"], words.as_slice()].concat(), self.git(&words)?))
    }

    pub fn remote_main(&self) -> Result<Vec<u8>> {
        Ok(self.git(&["ls-remote", "origin", "refs/heads/main"])?.0.stdout)
    }

    /// This program, as whoever is at work here starts it.
    pub fn tribunal_cmd(&self, words: &[&str]) -> Cmd {
        self.cmd(&self.program.to_string_lossy(), words)
    }

    pub fn command(&self, program: &str, words: &[&str]) -> Result<DemoAnswer> {
        let _not_over = self.may_start()?;
        Ok(DemoAnswer(self.cmd(program, words).capture()?))
    }

    /// A program as whoever is at work here starts it.
    pub fn cmd(&self, program: &str, words: &[&str]) -> Cmd {
        let home = self.home();
        let cmd = Cmd::new(program, &self.repo)
            .args(words)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("GIT_AUTHOR_NAME", "Demo")
            .env("GIT_AUTHOR_EMAIL", "demo@example.invalid")
            .env("GIT_COMMITTER_NAME", "Demo")
            .env("GIT_COMMITTER_EMAIL", "demo@example.invalid")
            .env_remove("TRIBUNAL");
        self.vars.iter().fold(cmd, |cmd, (name, value)| match value {
            Some(value) => cmd.env(name, value),
            None => cmd.env_remove(name),
        })
    }

    /// Runs `git` or `tribunal` and shows what a person types and what comes back.
    pub fn typed(&self, program: &str, words: &[&str]) -> Result<DemoAnswer> {
        let answer = if program == "git" { self.git(words) } else { self.tribunal(words) }?;
        Ok(self.show(&[&[program], words].concat(), answer))
    }

    /// Shows what a person types and what comes back.
    pub fn show(&self, words: &[&str], answer: DemoAnswer) -> DemoAnswer {
        type_in(words);
        answer.text().lines().filter(|line| !line.trim().is_empty()).for_each(|l| self.quote(l));
        answer
    }

    pub fn quote(&self, line: &str) {
        // Where the temporary folder is says nothing.
        let line = line.replace(&format!("{}/", self.root.display()), "");
        let text = format!(" {}", printable(&line));
        out::result(StyledText::from("  ").styled(DIM, "|").text(text));
    }
}

/// What a program really answered.
pub struct DemoAnswer(pub(super) Output);

impl DemoAnswer {
    pub fn text(&self) -> String {
        let both = [self.0.stdout.as_slice(), self.0.stderr.as_slice()].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    /// How it ended.
    pub fn code(&self) -> i32 {
        self.0.code()
    }

    /// Its standard output, as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.0.stdout).with_context(|| format!("no JSON:\n{}", self.text()))
    }

    pub fn passes(&self, what: &str) -> Result<()> {
        if self.code() != 0 {
            bail!("{what} should have passed and ended with {}:\n{}", self.code(), self.text());
        }
        Ok(())
    }

    pub fn blocked_by(self, what: &str, by: &str) -> Result<Self> {
        if self.code() == 0 || !self.text().contains(by) {
            bail!("{what} should have been stopped by {by}:\n{}", self.text());
        }
        Ok(self)
    }

    pub fn hides(&self, secret: &str) -> Result<()> {
        if secret.is_empty() || self.text().contains(secret) {
            bail!("the secret was shown");
        }
        Ok(())
    }
}

/// Prints what a person types.
pub fn type_in(words: &[&str]) {
    let said: Vec<String> = words
        .iter()
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
        .collect();
    out::result(&format!("$ {}", said.join(" ")));
}

/// Prints the heading of a step.
pub fn title(text: &str) {
    out::result(StyledText::from("\n").styled(GOOD, text));
}

/// Prints a remark.
pub fn aside(text: &str) {
    out::result(StyledText::default().styled(DIM, text));
}
