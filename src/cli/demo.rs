//! `tribunal demo`: the main job, run on a throw-away repository with plain git.
//!
//! Nothing here is scripted output: every line quoted is what git or tribunal answered, and a step
//! that does not do what the story says ends the demo with an error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use similar::{ChangeTag, TextDiff};

use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::platform::process;
use crate::platform::process::{Cmd, Output};
use crate::platform::store::file;
use crate::platform::ui::ask::can_ask;
use crate::platform::ui::out;
use crate::platform::ui::out::{DIM, ERROR, GOOD};
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal demo                           step by step; Enter continues
  tribunal demo --fast --keep             without a pause; look at the repository afterwards";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Do not wait for Enter between the steps
    #[arg(long)]
    fast: bool,
    /// Keep the repository and print its path
    #[arg(long)]
    keep: bool,
}

/// How long the watcher has to read a spec; it usually needs a fifth of a second.
const SPEC_WAIT: Duration = Duration::from_secs(20);

pub fn run(args: &Args) -> Result<ExitStatus> {
    let root = tempfile::Builder::new().prefix("tribunal-demo-").tempdir()?;
    let pace = if args.fast || !can_ask() { Pace::Fast } else { Pace::Steps };
    let stage = Stage::set(root.path(), pace)?;
    let told = stage.narrate();
    stage.tribunal(&["daemon", "stop", "--all"])?;
    if args.keep {
        out::result(&format!("kept in {}", root.keep().display()));
    }
    told?;
    title("Done: every step did what it says");
    Ok(ExitStatus::Pass)
}

/// Whether a person follows step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Steps,
    Fast,
}

/// A home, a repository and a bare remote, in which nothing of this machine's user is seen.
struct Stage {
    root: PathBuf,
    repo: PathBuf,
    program: PathBuf,
    pace: Pace,
}

impl Stage {
    fn set(root: &Path, pace: Pace) -> Result<Self> {
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

    fn narrate(&self) -> Result<()> {
        self.set_up()?;
        self.clean()?;
        self.secret()?;
        self.half()?;
        self.force_push()?;
        self.spec()?;
        self.recurrence()?;
        self.stopped()
    }

    /// Begins a step: what is done, and what it shows.
    fn step(&self, name: &str, why: &str) -> Result<()> {
        if self.pace == Pace::Steps {
            out::talk("\nEnter continues, Ctrl-C ends");
            io::stdin().read_line(&mut String::new())?;
        }
        title(name);
        out::result(why);
        Ok(())
    }

    fn set_up(&self) -> Result<()> {
        title("1. A small project with a remote, and `tribunal init`");
        out::result("Everything happens in a temporary folder, with plain git.");
        self.git(&["init", "--quiet", "--initial-branch=main"])?.passes("git init")?;
        let bare = ["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"];
        self.git(&bare)?.passes("git init --bare")?;
        self.git(&["remote", "add", "origin", "../remote.git"])?.passes("git remote add")?;
        let library = "//! Adds.\n\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n";
        self.edit("src/lib.rs", library, 5)?;
        self.show(&["tribunal", "init"], self.tribunal(&["init"])?).passes("init")?;
        self.commit("feat: begin")?.passes("the first commit")?;
        self.push(&["origin", "main"])?.passes("the first push")
    }

    fn clean(&self) -> Result<()> {
        self.step("2. A clean commit passes", "The hooks check it and say nothing.")?;
        let sum = "//! Sums.\n\npub fn sum(all: &[i32]) -> i32 {\n    all.iter().sum()\n}\n";
        self.edit("src/sum.rs", sum, 5)?;
        self.commit("feat: sum a list")?.passes("a clean commit")
    }

    fn secret(&self) -> Result<()> {
        let why = "The commit is stopped; the key itself is never printed.";
        self.step("3. A private key and a conflict marker do not get in", why)?;
        let key = private_key();
        self.edit("deploy/key.txt", &key, 1)?;
        let body = key.lines().nth(1).unwrap_or_default().to_owned();
        self.commit("chore: deploy")?
            .blocked_by("a commit with a key", "secrets/")?
            .hides(&body)?;
        self.git(&["rm", "--quiet", "--cached", "deploy/key.txt"])?.passes("git rm --cached")?;
        fs::remove_file(self.repo.join("deploy/key.txt"))?;
        aside("The key is removed again. Next, a merge that was not finished:");
        let marker = "<".repeat(7);
        let sum = file::read_text(&self.repo.join("src/sum.rs"))?;
        self.edit("src/sum.rs", &format!("{sum}{marker} HEAD\n"), 5)?;
        self.commit("feat: merge by hand")?.blocked_by("a conflict marker", "conflict-markers/")?;
        self.git(&["restore", "--staged", "--worktree", "src/sum.rs"])?.passes("git restore")
    }

    fn half(&self) -> Result<()> {
        let why = "What is staged is checked, and the rest of the file is not touched.";
        self.step("4. A file of which only a part is staged", why)?;
        let half = "//! Sums.\n\npub fn sum(all: &[i64]) -> i64 {\n    all.iter().sum()\n}\n";
        self.edit("src/sum.rs", half, 5)?;
        self.show(&["git", "add", "src/sum.rs"], self.git(&["add", "src/sum.rs"])?)
            .passes("git add")?;
        let unstaged = format!("{half}{} not staged\n", "<".repeat(7));
        self.edit("src/sum.rs", &unstaged, 5)?;
        let commit = ["commit", "-m", "feat: sum wider numbers"];
        self.show(&[&["git"], commit.as_slice()].concat(), self.git(&commit)?)
            .passes("the staged half")?;
        if file::read_text(&self.repo.join("src/sum.rs"))? != unstaged {
            bail!("the unstaged half of src/sum.rs was changed");
        }
        aside("The line that was not staged is still in the file.");
        self.git(&["restore", "src/sum.rs"])?.passes("git restore")
    }

    fn force_push(&self) -> Result<()> {
        let why = "A plain push passes. A forced one is refused, and the remote keeps what it has.";
        self.step("5. main is not overwritten", why)?;
        self.push(&["origin", "main"])?.passes("a plain push")?;
        let before = self.remote_main()?;
        let amend = ["commit", "--quiet", "--amend", "-m", "feat: rewrite what was pushed"];
        self.show(&[&["git"], amend.as_slice()].concat(), self.git(&amend)?)
            .passes("git commit --amend")?;
        self.push(&["--force", "origin", "main"])?
            .blocked_by("a forced push", "protected-branch/")?;
        if self.remote_main()? != before {
            bail!("the remote's main moved");
        }
        self.git(&["reset", "--quiet", "--hard", "origin/main"])?.passes("git reset")
    }

    fn spec(&self) -> Result<()> {
        let why = "The watcher, once started, notices a spec, checks it and queues it.";
        self.step("6. A spec is added", why)?;
        let start = ["daemon", "start"];
        self.show(&["tribunal", "daemon", "start"], self.tribunal(&start)?)
            .passes("the watcher's start")?;
        let spec = "# Subtract\n\n## Goal\nCallers can subtract.\n\n## Acceptance criteria\n\
                    - **AC-1** WHEN `sub(3, 2)` is called THEN it SHALL return 1\n  - verify: `cargo test sub`\n";
        let dropped = Instant::now();
        self.edit("docs/specs/subtract.md", spec, 9)?;
        loop {
            let answer = self.tribunal(&["spec", "show", "subtract"])?;
            // Until the watcher has read it there is a hint to look whether it runs.
            if answer.0.code() == 0 && !answer.text().contains("tribunal daemon status") {
                break;
            }
            if dropped.elapsed() >= SPEC_WAIT {
                bail!("the watcher did not read the spec:\n{}", answer.text());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        aside(&format!("{} ms later:", dropped.elapsed().as_millis()));
        self.show(&["tribunal", "spec", "list"], self.tribunal(&["spec", "list"])?)
            .passes("spec list")?;
        self.git(&["add", "docs"])?.passes("git add")?;
        self.git(&["commit", "--quiet", "-m", "docs: specify subtraction"])?
            .passes("the spec's commit")
    }

    fn recurrence(&self) -> Result<()> {
        let why = "A person notes the same mistake in three changes. The program then writes a rule\n\
                   and tests it on the code that gave rise to it. No model takes part.";
        self.step("7. The same mistake three times becomes a rule", why)?;
        for (number, name) in ["cache", "index", "journal"].into_iter().enumerate() {
            let file = format!("src/{name}.rs");
            self.edit(&file, &careless(name), if number == 0 { 5 } else { 0 })?;
            let message = format!("feat: clean the {name}");
            self.git(&["add", "--all"])?.passes("git add")?;
            self.git(&["commit", "--quiet", "-m", &message])?.passes("a careless commit")?;
            let at = format!("{file}:4");
            let class = ["findings", "add", "--class", "error-handling/unchecked-result"];
            let rest = ["--at", &at, "--severity", "high", "-m", "the error is thrown away"];
            let words: Vec<&str> = class.iter().chain(&rest).copied().collect();
            let answer = self.tribunal(&words)?;
            let shown = [&["tribunal"], words.as_slice()].concat();
            self.show(&shown, answer).passes(&format!("finding {}", number + 1))?;
        }
        let topic = ".ai/constitution/error-handling.md";
        let rule = file::read_text(&self.repo.join(topic)).context("no rule was learned")?;
        aside(&format!("{topic}:"));
        rule.lines().filter(|line| !line.is_empty()).for_each(|line| self.quote(line));
        self.commit("docs: add the learned rule")?.passes("the rule's commit")
    }

    fn stopped(&self) -> Result<()> {
        let why = "The rule blocks the mistake in milliseconds. The repaired version passes.";
        self.step("8. The fourth time it is stopped", why)?;
        self.edit("src/spool.rs", &careless("spool"), 5)?;
        self.commit("feat: clean the spool")?.blocked_by("the fourth time", "constitution/R-")?;
        let fixed = careless("spool").replace("let _ = fs::", "fs::").replace(";\n}", "\n}");
        let fixed = fixed.replace("pub fn clean()", "pub fn clean() -> std::io::Result<()>");
        self.edit("src/spool.rs", &fixed, 5)?;
        self.commit("feat: clean the spool")?.passes("the fixed version")
    }

    /// Writes a file and shows at most that many lines of what changed in it.
    fn edit(&self, path: &str, content: &str, shown: usize) -> Result<()> {
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

    fn git(&self, words: &[&str]) -> Result<Answer> {
        self.command("git", words)
    }

    fn tribunal(&self, words: &[&str]) -> Result<Answer> {
        self.command(&self.program.to_string_lossy(), words)
    }

    fn commit(&self, message: &str) -> Result<Answer> {
        self.git(&["add", "--all"])?.passes("git add")?;
        Ok(self.show(&["git", "commit", "-m", message], self.git(&["commit", "-m", message])?))
    }

    fn push(&self, words: &[&str]) -> Result<Answer> {
        let words = [&["push"], words].concat();
        Ok(self.show(&[&["git"], words.as_slice()].concat(), self.git(&words)?))
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
            .env("XDG_STATE_HOME", home.join("state"))
            .env("GIT_AUTHOR_NAME", "Demo")
            .env("GIT_AUTHOR_EMAIL", "demo@example.invalid")
            .env("GIT_COMMITTER_NAME", "Demo")
            .env("GIT_COMMITTER_EMAIL", "demo@example.invalid")
            .env_remove("TRIBUNAL")
            .env_remove("TRIBUNAL_SKIP")
            .capture()?;
        Ok(Answer(output))
    }

    /// Shows what a person types and what comes back.
    fn show(&self, words: &[&str], answer: Answer) -> Answer {
        let said: Vec<String> = words
            .iter()
            .map(|word| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() })
            .collect();
        out::result(&format!("$ {}", said.join(" ")));
        answer.text().lines().filter(|line| !line.trim().is_empty()).for_each(|l| self.quote(l));
        answer
    }

    fn quote(&self, line: &str) {
        // Where the temporary folder is says nothing.
        let line = line.replace(&format!("{}/", self.root.display()), "");
        let text = format!(" {}", printable(&line));
        out::result(StyledText::from("  ").styled(DIM, "|").text(text));
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

fn title(text: &str) {
    out::result(StyledText::from("\n").styled(GOOD, text));
}

fn aside(text: &str) {
    out::result(StyledText::default().styled(DIM, text));
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
