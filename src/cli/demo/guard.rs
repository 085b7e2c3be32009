//! The guard: commits, pushes, specs and rules, with plain git.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cli::demo::stage::{DemoStage, aside, title};
use crate::platform::store::file;
use crate::platform::ui::out;

/// How long the watcher has to read a spec; it usually needs a fifth of a second.
const SPEC_WAIT: Duration = Duration::from_secs(20);

/// Tells the whole of it.
pub fn narrate(stage: &DemoStage) -> Result<()> {
    title("The guard, with plain git");
    set_up(stage)?;
    clean(stage)?;
    secret(stage)?;
    half(stage)?;
    force_push(stage)?;
    spec(stage)?;
    recurrence(stage)?;
    stopped(stage)
}

fn set_up(stage: &DemoStage) -> Result<()> {
    title("1. A small project with a remote, and `tribunal init`");
    out::result("Everything happens in a temporary folder, with plain git.");
    stage.git(&["init", "--quiet", "--initial-branch=main"])?.passes("git init")?;
    let bare = ["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"];
    stage.git(&bare)?.passes("git init --bare")?;
    stage.git(&["remote", "add", "origin", "../remote.git"])?.passes("git remote add")?;
    let library = "//! Adds.\n\npub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n";
    stage.edit("src/lib.rs", library, 5)?;
    stage.show(&["tribunal", "init"], stage.tribunal(&["init"])?).passes("init")?;
    stage.commit("feat: begin")?.passes("the first commit")?;
    stage.push(&["origin", "main"])?.passes("the first push")
}

fn clean(stage: &DemoStage) -> Result<()> {
    stage.step("2. A clean commit passes", "The hooks check it and say nothing.")?;
    let sum = "//! Sums.\n\npub fn sum(all: &[i32]) -> i32 {\n    all.iter().sum()\n}\n";
    stage.edit("src/sum.rs", sum, 5)?;
    stage.commit("feat: sum a list")?.passes("a clean commit")
}

fn secret(stage: &DemoStage) -> Result<()> {
    let why = "The commit is stopped; the key itself is never printed.";
    stage.step("3. A private key and a conflict marker do not get in", why)?;
    let key = private_key();
    stage.edit("deploy/key.txt", &key, 1)?;
    let body = key.lines().nth(1).unwrap_or_default().to_owned();
    stage.commit("chore: deploy")?.blocked_by("a commit with a key", "secrets/")?.hides(&body)?;
    stage.git(&["rm", "--quiet", "--cached", "deploy/key.txt"])?.passes("git rm --cached")?;
    fs::remove_file(stage.repo.join("deploy/key.txt"))?;
    aside("The key is removed again. Next, a merge that was not finished:");
    let marker = "<".repeat(7);
    let sum = file::read_text(&stage.repo.join("src/sum.rs"))?;
    stage.edit("src/sum.rs", &format!("{sum}{marker} HEAD\n"), 5)?;
    stage.commit("feat: merge by hand")?.blocked_by("a conflict marker", "conflict-markers/")?;
    stage.git(&["restore", "--staged", "--worktree", "src/sum.rs"])?.passes("git restore")
}

fn half(stage: &DemoStage) -> Result<()> {
    let why = "What is staged is checked, and the rest of the file is not touched.";
    stage.step("4. A file of which only a part is staged", why)?;
    let half = "//! Sums.\n\npub fn sum(all: &[i64]) -> i64 {\n    all.iter().sum()\n}\n";
    stage.edit("src/sum.rs", half, 5)?;
    stage
        .show(&["git", "add", "src/sum.rs"], stage.git(&["add", "src/sum.rs"])?)
        .passes("git add")?;
    let unstaged = format!("{half}{} not staged\n", "<".repeat(7));
    stage.edit("src/sum.rs", &unstaged, 5)?;
    let commit = ["commit", "-m", "feat: sum wider numbers"];
    stage
        .show(&[&["git"], commit.as_slice()].concat(), stage.git(&commit)?)
        .passes("the staged half")?;
    if file::read_text(&stage.repo.join("src/sum.rs"))? != unstaged {
        bail!("the unstaged half of src/sum.rs was changed");
    }
    aside("The line that was not staged is still in the file.");
    stage.git(&["restore", "src/sum.rs"])?.passes("git restore")
}

fn force_push(stage: &DemoStage) -> Result<()> {
    let why = "A plain push passes. A forced one is refused, and the remote keeps what it has.";
    stage.step("5. main is not overwritten", why)?;
    stage.push(&["origin", "main"])?.passes("a plain push")?;
    let before = stage.remote_main()?;
    let amend = ["commit", "--quiet", "--amend", "-m", "feat: rewrite what was pushed"];
    stage
        .show(&[&["git"], amend.as_slice()].concat(), stage.git(&amend)?)
        .passes("git commit --amend")?;
    stage.push(&["--force", "origin", "main"])?.blocked_by("a forced push", "protected-branch/")?;
    if stage.remote_main()? != before {
        bail!("the remote's main moved");
    }
    stage.git(&["reset", "--quiet", "--hard", "origin/main"])?.passes("git reset")
}

fn spec(stage: &DemoStage) -> Result<()> {
    let why = "The watcher, once started, notices a spec, checks it and queues it.";
    stage.step("6. A spec is added", why)?;
    let start = ["daemon", "start"];
    stage
        .show(&["tribunal", "daemon", "start"], stage.tribunal(&start)?)
        .passes("the watcher's start")?;
    let spec = "# Subtract\n\n## Goal\nCallers can subtract.\n\n## Acceptance criteria\n\
                - **AC-1** WHEN `sub(3, 2)` is called THEN it SHALL return 1\n  - verify: `cargo test sub`\n";
    let dropped = Instant::now();
    stage.edit("docs/specs/subtract.md", spec, 9)?;
    loop {
        let answer = stage.tribunal(&["spec", "show", "subtract"])?;
        // Until the watcher has read it there is a hint to look whether it runs.
        if answer.code() == 0 && !answer.text().contains("tribunal daemon status") {
            break;
        }
        if dropped.elapsed() >= SPEC_WAIT {
            bail!("the watcher did not read the spec:\n{}", answer.text());
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    aside(&format!("{} ms later:", dropped.elapsed().as_millis()));
    stage
        .show(&["tribunal", "spec", "list"], stage.tribunal(&["spec", "list"])?)
        .passes("spec list")?;
    stage.git(&["add", "docs"])?.passes("git add")?;
    stage
        .git(&["commit", "--quiet", "-m", "docs: specify subtraction"])?
        .passes("the spec's commit")
}

fn recurrence(stage: &DemoStage) -> Result<()> {
    let why = "A person notes the same mistake in three changes. The program then writes a rule\n\
               and tests it on the code that gave rise to it. No model takes part.";
    stage.step("7. The same mistake three times becomes a rule", why)?;
    for (number, name) in ["cache", "index", "journal"].into_iter().enumerate() {
        let file = format!("src/{name}.rs");
        stage.edit(&file, &careless(name), if number == 0 { 5 } else { 0 })?;
        let message = format!("feat: clean the {name}");
        stage.git(&["add", "--all"])?.passes("git add")?;
        stage.git(&["commit", "--quiet", "-m", &message])?.passes("a careless commit")?;
        let at = format!("{file}:4");
        let class = ["findings", "add", "--class", "error-handling/unchecked-result"];
        let rest = ["--at", &at, "--severity", "high", "-m", "the error is thrown away"];
        let words: Vec<&str> = class.iter().chain(&rest).copied().collect();
        let answer = stage.tribunal(&words)?;
        let shown = [&["tribunal"], words.as_slice()].concat();
        stage.show(&shown, answer).passes(&format!("finding {}", number + 1))?;
    }
    let topic = ".ai/constitution/error-handling.md";
    let rule = file::read_text(&stage.repo.join(topic)).context("no rule was learned")?;
    aside(&format!("{topic}:"));
    rule.lines().filter(|line| !line.is_empty()).for_each(|line| stage.quote(line));
    stage.commit("docs: add the learned rule")?.passes("the rule's commit")
}

fn stopped(stage: &DemoStage) -> Result<()> {
    let why = "The rule blocks the mistake in milliseconds. The repaired version passes.";
    stage.step("8. The fourth time it is stopped", why)?;
    stage.edit("src/spool.rs", &careless("spool"), 5)?;
    stage.commit("feat: clean the spool")?.blocked_by("the fourth time", "constitution/R-")?;
    let fixed = careless("spool").replace("let _ = fs::", "fs::").replace(";\n}", "\n}");
    let fixed = fixed.replace("pub fn clean()", "pub fn clean() -> std::io::Result<()>");
    stage.edit("src/spool.rs", &fixed, 5)?;
    stage.commit("feat: clean the spool")?.passes("the fixed version")
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
