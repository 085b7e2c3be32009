//! `tribunal demo`: the main job, run on a throw-away repository with plain git.
//!
//! Nothing here is scripted output: every line quoted is what git or tribunal answered, and a step
//! that does not do what the story says ends the demo with an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::platform::process;
use crate::platform::process::{Cmd, Output};
use crate::platform::store::file;
use crate::platform::ui::out;
use crate::platform::ui::out::{DIM, GOOD};
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal demo                           step by step; Enter continues
  tribunal demo --fast --keep             without a pause; look at the repository afterwards";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Keep the repository and print its path
    #[arg(long)]
    keep: bool,
}

/// How long the watcher has to take a spec in; it usually needs a fifth of a second.
const SPEC_WAIT: Duration = Duration::from_secs(20);

pub fn run(args: &Args) -> Result<ExitStatus> {
    let root = tempfile::Builder::new().prefix("tribunal-demo-").tempdir()?;
    let stage = Stage::set(root.path())?;
    let told = stage.narrate();
    stage.tribunal(&["daemon", "stop"])?;
    if args.keep {
        out::result(&format!("kept in {}", root.keep().display()));
    }
    told?;
    title("every step did what the story says");
    Ok(ExitStatus::Pass)
}

/// A home, a repository and a bare remote, in which nothing of this machine's user is seen.
struct Stage {
    root: PathBuf,
    repo: PathBuf,
    program: PathBuf,
}

impl Stage {
    fn set(root: &Path) -> Result<Self> {
        let stage = Self {
            root: root.to_owned(),
            repo: root.join("project"),
            program: process::own_path()?,
        };
        fs::create_dir_all(root.join("home"))?;
        fs::create_dir_all(&stage.repo)?;
        Ok(stage)
    }

    fn narrate(&self) -> Result<()> {
        self.set_up()?;
        self.commits()?;
        self.force_push()?;
        self.spec()?;
        self.recurrence()
    }

    fn set_up(&self) -> Result<()> {
        title("A project with a remote, and tribunal in it");
        self.git(&["init", "--quiet", "--initial-branch=main"])?.passes("git init")?;
        self.command(
            "git",
            &["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"],
        )?
        .passes("git init --bare")?;
        self.git(&["remote", "add", "origin", "../remote.git"])?.passes("git remote add")?;
        self.write(
            "src/lib.rs",
            "//! Adds.\n\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n",
        )?;
        show(&["tribunal", "init"], self.tribunal(&["init"])?).passes("init")?;
        self.commit("feat: begin")?.passes("the first commit")?;
        self.push(&["origin", "main"])?.passes("the first push")?;
        show(&["tribunal", "daemon", "start"], self.tribunal(&["daemon", "start"])?)
            .passes("the watcher's start")
    }

    fn commits(&self) -> Result<()> {
        title("A clean commit passes");
        self.write(
            "src/sum.rs",
            "//! Sums.\n\npub fn sum(all: &[i32]) -> i32 {\n    all.iter().sum()\n}\n",
        )?;
        self.commit("feat: sum a list")?.passes("a clean commit")?;

        title("A private key is stopped, and never shown");
        let key = private_key();
        self.write("deploy/key.txt", &key)?;
        let body = key.lines().nth(1).unwrap_or_default().to_owned();
        self.commit("chore: deploy")?
            .blocked_by("a commit with a key", "secrets/")?
            .hides(&body)?;
        self.git(&["rm", "--quiet", "--cached", "deploy/key.txt"])?.passes("git rm --cached")?;
        fs::remove_file(self.repo.join("deploy/key.txt"))?;

        title("What a merge left behind is stopped");
        let marker = "<".repeat(7);
        self.write("src/sum.rs", &format!("//! Sums.\n{marker} HEAD\n"))?;
        self.commit("feat: merge by hand")?.blocked_by("a conflict marker", "conflict-markers/")?;

        title("A partially staged file: the staged half is checked, the other half is not touched");
        self.git(&["restore", "--staged", "--worktree", "src/sum.rs"])?.passes("git restore")?;
        let half = "//! Sums.\n\npub fn sum(all: &[i64]) -> i64 {\n    all.iter().sum()\n}\n";
        self.write("src/sum.rs", half)?;
        self.git(&["add", "src/sum.rs"])?.passes("git add")?;
        let unstaged = format!("{half}{marker} not staged, not checked\n");
        self.write("src/sum.rs", &unstaged)?;
        show(
            &["git", "commit", "-m", "feat: sum wider numbers"],
            self.git(&["commit", "-m", "feat: sum wider numbers"])?,
        )
        .passes("the staged half")?;
        if file::read_text(&self.repo.join("src/sum.rs"))? != unstaged {
            bail!("the unstaged half of src/sum.rs was changed");
        }
        self.git(&["restore", "src/sum.rs"])?.passes("git restore")
    }

    fn force_push(&self) -> Result<()> {
        title("Forcing main is refused; the remote keeps what it has");
        self.push(&["origin", "main"])?.passes("a plain push")?;
        let before = self.remote_main()?;
        self.git(&["commit", "--quiet", "--amend", "-m", "feat: rewrite what was pushed"])?
            .passes("git commit --amend")?;
        self.push(&["--force", "origin", "main"])?
            .blocked_by("a forced push", "protected-branch/")?;
        if self.remote_main()? != before {
            bail!("the remote's main moved");
        }
        self.git(&["reset", "--quiet", "--hard", "origin/main"])?.passes("git reset")
    }

    fn spec(&self) -> Result<()> {
        title("A spec is added, noticed, linted and queued");
        let spec = "# Subtract\n\n## Goal\nCallers can subtract.\n\n## Acceptance criteria\n\
                    - **AC-1** WHEN `sub(3, 2)` is called THEN it SHALL return 1\n  - verify: `cargo test sub`\n";
        let dropped = Instant::now();
        self.write("docs/specs/subtract.md", spec)?;
        let record = self.repo.join("docs/progress/subtract.md");
        let text = loop {
            match file::read_text(&record) {
                Ok(text) => break text,
                Err(_) if dropped.elapsed() < SPEC_WAIT => {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                Err(error) => return Err(error).context("the watcher took no spec in"),
            }
        };
        let after = dropped.elapsed().as_millis();
        aside(&format!("docs/progress/subtract.md, {after} ms after the drop:"));
        text.lines().filter(|l| l.starts_with("**") || l.starts_with("| ")).take(9).for_each(quote);
        self.git(&["add", "docs"])?.passes("git add")?;
        self.commit("docs: specify subtraction")?.passes("the spec's commit")
    }

    fn recurrence(&self) -> Result<()> {
        title("The same mistake in three changes becomes a rule");
        for (number, name) in ["cache", "index", "journal"].into_iter().enumerate() {
            let file = format!("src/{name}.rs");
            self.write(&file, &careless(name))?;
            self.commit(&format!("feat: clean the {name}"))?.passes("a careless commit")?;
            let at = format!("{file}:4");
            let say =
                ["findings", "add", "--class", "error-handling/unchecked-result", "--at", &at];
            let message =
                ["--severity", "high", "--message", "the error of the removal is thrown away"];
            let words: Vec<&str> = say.iter().chain(&message).copied().collect();
            let shown = [&["tribunal"], words.as_slice()].concat();
            let answer = show(&shown, self.tribunal(&words)?);
            answer.passes(&format!("finding {}", number + 1))?;
        }
        let topic = ".ai/constitution/error-handling.md";
        let rule = file::read_text(&self.repo.join(topic)).context("no rule was learned")?;
        aside(&format!("{topic}:"));
        rule.lines().filter(|line| !line.is_empty()).for_each(quote);
        self.commit("docs: take the rule in")?.passes("the rule's commit")?;

        title("The fourth time it is stopped, without any model");
        self.write("src/spool.rs", &careless("spool"))?;
        self.commit("feat: clean the spool")?.blocked_by("the fourth time", "constitution/R-")?;
        let fixed = careless("spool").replace("let _ = fs::", "fs::").replace(";\n}", "\n}");
        self.write(
            "src/spool.rs",
            &fixed.replace("pub fn clean()", "pub fn clean() -> std::io::Result<()>"),
        )?;
        self.commit("feat: clean the spool")?.passes("the fixed version")
    }

    fn write(&self, path: &str, content: &str) -> Result<()> {
        let path = self.repo.join(path);
        file::write_atomic(&path, content.as_bytes())
    }

    fn git(&self, words: &[&str]) -> Result<Answer> {
        self.command("git", words)
    }

    fn tribunal(&self, words: &[&str]) -> Result<Answer> {
        self.command(&self.program.to_string_lossy(), words)
    }

    fn commit(&self, message: &str) -> Result<Answer> {
        self.git(&["add", "--all"])?.passes("git add")?;
        Ok(show(&["git", "commit", "-m", message], self.git(&["commit", "-m", message])?))
    }

    fn push(&self, words: &[&str]) -> Result<Answer> {
        let words = [&["push"], words].concat();
        Ok(show(&[&["git"], words.as_slice()].concat(), self.git(&words)?))
    }

    fn remote_main(&self) -> Result<Vec<u8>> {
        Ok(self.git(&["ls-remote", "origin", "refs/heads/main"])?.0.stdout)
    }

    fn command(&self, program: &str, words: &[&str]) -> Result<Answer> {
        let home = self.root.join("home");
        let output = Cmd::new(program, &self.repo)
            .args(words)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("GIT_AUTHOR_NAME", "Demo")
            .env("GIT_AUTHOR_EMAIL", "demo@example.invalid")
            .env("GIT_COMMITTER_NAME", "Demo")
            .env("GIT_COMMITTER_EMAIL", "demo@example.invalid")
            .env_remove("TRIBUNAL")
            .env_remove("TRIBUNAL_SKIP")
            .capture()?;
        Ok(Answer(output))
    }
}

/// What a program really answered.
struct Answer(Output);

impl Answer {
    fn text(&self) -> String {
        let both = [self.0.stdout.as_slice(), self.0.stderr.as_slice()].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    fn passes(&self, what: &str) -> Result<()> {
        if self.0.code() != 0 {
            bail!("{what} should have passed and ended with {}:\n{}", self.0.code(), self.text());
        }
        Ok(())
    }

    fn blocked_by(self, what: &str, by: &str) -> Result<Self> {
        if self.0.code() == 0 || !self.text().contains(by) {
            bail!("{what} should have been stopped by {by}:\n{}", self.text());
        }
        Ok(self)
    }

    fn hides(&self, secret: &str) -> Result<()> {
        if secret.is_empty() || self.text().contains(secret) {
            bail!("the secret was shown");
        }
        Ok(())
    }
}

/// Shows what a person typed and what came back.
fn show(words: &[&str], answer: Answer) -> Answer {
    let said: Vec<String> = words
        .iter()
        .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
        .collect();
    out::result(&format!("$ {}", said.join(" ")));
    answer.text().lines().filter(|line| !line.trim().is_empty()).for_each(quote);
    answer
}

fn title(text: &str) {
    out::result(StyledText::from("\n").styled(GOOD, text));
}

fn aside(text: &str) {
    out::result(StyledText::default().styled(DIM, text));
}

fn quote(line: &str) {
    out::result(StyledText::from("  ").styled(DIM, "|").text(format!(" {}", printable(line))));
}

fn careless(name: &str) -> String {
    format!("use std::fs;\n\npub fn clean() {{\n    let _ = fs::remove_file(\"{name}.tmp\");\n}}\n")
}

/// A key that opens nothing, made as the demo runs: none stands in this file.
fn private_key() -> String {
    let noise: Vec<u8> = (0..12).flat_map(|n: u8| *blake3::hash(&[n]).as_bytes()).collect();
    let body = STANDARD.encode(noise);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).filter_map(|l| std::str::from_utf8(l).ok()).collect();
    let edge = |word: &str| format!("{0}{word} RSA {1} KEY{0}", "-".repeat(5), "PRIVATE");
    format!("{}\n{}\n{}\n", edge("BEGIN"), lines.join("\n"), edge("END"))
}
