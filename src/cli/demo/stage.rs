//! A home and a repository for a demonstration, in which nothing of this machine's user is seen; what is typed
//! there, and what comes back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use similar::{ChangeTag, TextDiff};

use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::platform::process;
use crate::platform::process::{Cmd, Output};
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
    root: PathBuf,
    pub repo: PathBuf,
    program: PathBuf,
    pace: Pace,
}

impl DemoStage {
    pub fn set(root: &Path, pace: Pace) -> Result<Self> {
        let stage = Self {
            root: root.to_owned(),
            repo: root.join("project"),
            program: process::own_path()?,
            pace,
        };
        fs::create_dir_all(root.join("home"))?;
        fs::create_dir_all(&stage.repo)?;
        Ok(stage)
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

    fn command(&self, program: &str, words: &[&str]) -> Result<DemoAnswer> {
        let home = self.root.join("home");
        let output = Cmd::new(program, &self.repo)
            .args(words)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("GIT_AUTHOR_NAME", "Demo")
            .env("GIT_AUTHOR_EMAIL", "demo@example.invalid")
            .env("GIT_COMMITTER_NAME", "Demo")
            .env("GIT_COMMITTER_EMAIL", "demo@example.invalid")
            .env_remove("TRIBUNAL")
            .env_remove("TRIBUNAL_SKIP")
            .capture()?;
        Ok(DemoAnswer(output))
    }

    /// Shows what a person types and what comes back.
    pub fn show(&self, words: &[&str], answer: DemoAnswer) -> DemoAnswer {
        let said: Vec<String> = words
            .iter()
            .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
            .collect();
        out::result(&format!("$ {}", said.join(" ")));
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
pub struct DemoAnswer(Output);

impl DemoAnswer {
    pub fn text(&self) -> String {
        let both = [self.0.stdout.as_slice(), self.0.stderr.as_slice()].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    pub fn code(&self) -> i32 {
        self.0.code()
    }

    pub fn passes(&self, what: &str) -> Result<()> {
        if self.0.code() != 0 {
            bail!("{what} should have passed and ended with {}:\n{}", self.0.code(), self.text());
        }
        Ok(())
    }

    pub fn blocked_by(self, what: &str, by: &str) -> Result<Self> {
        if self.0.code() == 0 || !self.text().contains(by) {
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

/// Prints the heading of a step.
pub fn title(text: &str) {
    out::result(StyledText::from("\n").styled(GOOD, text));
}

/// Prints a remark.
pub fn aside(text: &str) {
    out::result(StyledText::default().styled(DIM, text));
}
