//! The run: one spec becomes commits and another one does not, with a rehearsal agent in the place of two vendors'.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::cli::demo::agent::{ASKED, MARK, MARKED, PAUSED};
use crate::cli::demo::live;
use crate::cli::demo::live::LiveRun;
use crate::cli::demo::project::{BROKEN_SPEC, FILES, LIBRARY, OLD_TEST, SPEC};
use crate::cli::demo::stage::{DemoStage, aside, title, type_in};
use crate::cli::demo::toolchain;
use crate::domain::model::text::{counted, short_id};
use crate::platform::store::file;
use crate::platform::ui::out;

/// The branch that is built.
const BRANCH: &str = "tribunal/sizes";

/// Where the settings of a user are below the home folder.
const SETTINGS: &str = if cfg!(target_os = "macos") {
    "Library/Application Support/tribunal/config.toml"
} else {
    "tribunal/config.toml"
};

/// Tells the whole of it.
pub fn narrate(stage: &DemoStage) -> Result<()> {
    title("A run, with a rehearsal agent");
    out::result(
        "No model takes part, nothing is sent and nothing is paid: a program of this demo plays both vendors. Its\n\
         answers are prepared, and so is one mistake in them. Everything else is the real program: the gates, the\n\
         proof that tests fail before and pass after, the sandbox, the checks of what a reviewer quotes, the commits,\n\
         the kill and the resume.",
    );
    set_up(stage)?;
    spec(stage)?;
    begins(stage)?;
    let mine = works_on(stage)?;
    let run = killed_and_resumed(stage)?;
    reviewed(stage, &run)?;
    branch(stage, &mine)?;
    each_commit(stage)?;
    pushed(stage)?;
    stopped(stage)?;
    taken(stage)
}

fn set_up(stage: &DemoStage) -> Result<()> {
    title("1. A small project, and two agents");
    out::result("Whoever works here says once which agents are asked, and that the tests may run.");
    stage.git(&["init", "--quiet", "--initial-branch=main"])?.passes("git init")?;
    let bare = ["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"];
    stage.git(&bare)?.passes("git init --bare")?;
    stage.git(&["remote", "add", "origin", "../remote.git"])?.passes("git remote add")?;
    for (path, text) in FILES {
        if [LIBRARY, OLD_TEST, "tribunal.toml"].contains(&path) {
            stage.edit(path, text, 6)?;
        } else {
            file::write_atomic(&stage.repo.join(path), text.as_bytes())?;
        }
    }
    stage.git(&["add", "--all"])?.passes("git add")?;
    stage.git(&["commit", "--quiet", "-m", "feat: show a size"])?.passes("the first commit")?;
    stage.tribunal(&["hooks", "install"])?.passes("hooks install")?;
    let sandbox = toolchain::sandbox_settings(stage)?;
    let mark = format!("{MARKED}{}\n", stage.root.display());
    file::write_atomic(&stage.root.join(MARK), mark.as_bytes())?;
    let settings = format!("{}{sandbox}", agents(stage)?);
    file::write_atomic(&stage.home().join(SETTINGS), settings.as_bytes())?;
    stage.typed("tribunal", &["agents"])?.passes("agents")?;
    let trust = ["trust", "commands", "--yes"];
    stage.typed("tribunal", &trust)?.passes("trust")?;
    stage.git(&["push", "--quiet", "origin", "main"])?.passes("the first push")
}

fn spec(stage: &DemoStage) -> Result<()> {
    let why =
        "It says what is wanted, and by what it is shown. Its size, M, means more than one task.";
    stage.step("2. A spec is saved", why)?;
    stage.edit(SPEC.0, SPEC.1, 20)?;
    stage.typed("tribunal", &["spec", "lint"])?.passes("spec lint")
}

/// The settings of the agents, as a user writes them for any program.
fn agents(stage: &DemoStage) -> Result<String> {
    let words = [stage.program(), "demo".as_ref(), "agent".as_ref(), stage.root.as_path()];
    let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
    let words = words.context("the demo's folder has a name that is no text")?;
    let agent = |name: &str, family: &str| {
        format!(
            "\n[[command-agent]]\nname = \"{name}\"\nfamily = \"{family}\"\nrun = {words:?}\n\
             run-writing = {words:?}\n"
        )
    };
    let roles = "[agents]\nplanner.use = \"rehearsal-a\"\nexecutor.use = \"rehearsal-a\"\n\
                 reviewer.use = \"rehearsal-b\"\narbiter.use = \"rehearsal-a\"\n\
                 researcher.use = \"rehearsal-a\"\nattacker.use = \"rehearsal-b\"\n\n[prices]\n\
                 rehearsal-a = { input = 0, output = 0 }\nrehearsal-b = { input = 0, output = 0 }\n";
    Ok([roles, &agent("rehearsal-a", "rehearsal-1"), &agent("rehearsal-b", "rehearsal-2")].concat())
}

fn begins(stage: &DemoStage) -> Result<()> {
    let why = "One agent plans it and the other one reads the plan. Of each task the tests come first, and must\n\
               fail; then comes the code, and a review by the other agent.";
    stage.step("3. The spec is run", why)?;
    LiveRun::start(stage, &["run", SPEC.0])?
        .until("the code of the second task", || stage.root.join(PAUSED).exists())
}

/// Edits of the person's own while the run works; what git then says of them.
fn works_on(stage: &DemoStage) -> Result<String> {
    let why = "The run works in a folder of its own, on the commit that it began with.";
    stage.step("4. Meanwhile you edit the same project", why)?;
    let readme = file::read_text(&stage.repo.join("README.md"))?;
    stage.edit("README.md", &format!("{readme}\nThis line is staged.\n"), 5)?;
    stage.git(&["add", "README.md"])?.passes("git add")?;
    stage.edit("README.md", &format!("{readme}\nThis line is staged.\nThis one is not.\n"), 5)?;
    stage.edit("notes.txt", "Not for git yet.\n", 5)?;
    status(stage)
}

fn status(stage: &DemoStage) -> Result<String> {
    let words = ["status", "--short", "--branch"];
    let answer = stage.typed("git", &words)?;
    answer.passes("git status")?;
    Ok(answer.text())
}

/// The id of the run.
fn killed_and_resumed(stage: &DemoStage) -> Result<String> {
    let why = "While the executor writes the code of the second task. What was under way is done again, and nothing\n\
               else is.";
    stage.step("5. The run is killed, and resumed", why)?;
    live::kill(stage)?;
    stage.typed("tribunal", &["runs"])?.passes("runs")?;
    let id = newest(stage)?;
    let answer = LiveRun::start(stage, &["resume", short_id(&id)])?.end()?;
    answer.passes("the resumed run")?;
    let asked = file::read_text(&stage.root.join(ASKED))?;
    let (all, once) = (asked.lines().count(), asked.lines().collect::<BTreeSet<_>>().len());
    if all != once + 1 {
        bail!("another one was asked again than the one that was under way:\n{asked}");
    }
    let questions = counted(once, "question");
    aside(&format!(
        "The agents were asked {questions}: each once, and the one that was under way twice."
    ));
    Ok(id)
}

/// The id of the run that began last.
fn newest(stage: &DemoStage) -> Result<String> {
    let json = stage.tribunal(&["runs", "--format", "json"])?.json()?;
    let runs = json["runs"].as_array().context("there are no runs")?;
    let of_spec = runs.iter().find(|run| run["kind"] == "spec");
    Ok(of_spec.and_then(|run| run["id"].as_str()).context("there is no run of a spec")?.to_owned())
}

fn reviewed(stage: &DemoStage, run: &str) -> Result<()> {
    let why = "The tests passed. The reviewer still found that AC-2 was not met; the arbiter upheld it, and the\n\
               executor repaired it before anything was committed.";
    stage.step("6. The mistake that was in the first task", why)?;
    let json = stage.tribunal(&["runs", "show", run, "--format", "json"])?.json()?;
    let review = json["reviews"][0].as_str().context("the run has no review")?;
    let words = ["runs", "show", short_id(review)];
    let answer = stage.typed("tribunal", &words)?;
    answer.passes("runs show")?;
    if !answer.text().contains("1 resolved one") {
        bail!("no finding was resolved:\n{}", answer.text());
    }
    Ok(())
}

fn branch(stage: &DemoStage, mine: &str) -> Result<()> {
    let why = "One commit a task, with what it stands for; then the decisions, and what shows that each criterion is\n\
               met. What you were at is as it was.";
    stage.step("7. What was built is on a branch", why)?;
    let log = ["log", "--oneline", "--stat", "main..tribunal/sizes"];
    stage.typed("git", &log)?.passes("git log")?;
    let count = stage.git(&["rev-list", "--count", "main..tribunal/sizes"])?;
    if count.text().trim() != "4" {
        bail!("4 commits should be on the branch, and {} are", count.text().trim());
    }
    let log = ["log", "-1", "tribunal/sizes~3"];
    let first = stage.typed("git", &log)?;
    first.passes("git log")?;
    for trailer in ["Spec: sizes", "Criteria: AC-1, AC-2", "Tribunal-Reviewer: rehearsal-b"] {
        if !first.text().contains(trailer) {
            bail!("the commit has no `{trailer}`");
        }
    }
    is_as_it_was(stage, mine)
}

fn is_as_it_was(stage: &DemoStage, mine: &str) -> Result<()> {
    let now = status(stage)?;
    if now != mine {
        bail!("what the person was at changed from\n{mine}to\n{now}");
    }
    Ok(())
}

fn each_commit(stage: &DemoStage) -> Result<()> {
    let why = "Git checks each of them out by itself and runs the tests there. Of what they print, the results:";
    stage.step("8. Each commit passes the tests alone", why)?;
    let add = ["worktree", "add", "--quiet", "--detach", "../each", BRANCH];
    stage.git(&add)?.passes("git worktree add")?;
    let run_each = "git log -1 --oneline && cargo test --offline --quiet";
    let rebase = ["-C", "../each", "rebase", "--exec", run_each, "main"];
    let answer = stage.git(&rebase)?;
    answer.passes("the tests of each commit")?;
    type_in(&[&["git"], rebase.as_slice()].concat());
    let commits = stage.git(&["log", "--oneline", "main..tribunal/sizes"])?.text();
    let text = answer.text();
    let is_commit = |line: &str| commits.lines().any(|commit| commit == line);
    let telling = text.lines().filter(|line| is_commit(line) || line.starts_with("test result:"));
    telling.for_each(|line| stage.quote(line));
    let tested = text.lines().filter(|line| is_commit(line)).count();
    if tested != commits.lines().count() || text.contains("FAILED") {
        bail!("not every commit was tested:\n{text}");
    }
    stage.git(&["worktree", "remove", "--force", "../each"])?.passes("git worktree remove")
}

fn pushed(stage: &DemoStage) -> Result<()> {
    let why = "This project's policy lets nothing through that was not reviewed. The reviews of the run count:\n\
               nobody is asked again.";
    stage.step("9. The branch is pushed", why)?;
    let asked = file::read(&stage.root.join(ASKED))?;
    stage.push(&["origin", BRANCH])?.passes("the push of the branch")?;
    if file::read(&stage.root.join(ASKED))? != asked {
        bail!("the push had something reviewed");
    }
    Ok(())
}

fn stopped(stage: &DemoStage) -> Result<()> {
    let why = "The executor is prepared to do what must not be: its code breaks the old test, and it changes the test.";
    stage.step("10. A run that must not pass", why)?;
    stage.edit(BROKEN_SPEC.0, BROKEN_SPEC.1, 20)?;
    let answer = LiveRun::start(stage, &["run", BROKEN_SPEC.0])?.end()?;
    let says = format!("it changed `{OLD_TEST}`: the tests stay as they were");
    if answer.code() != 3 || !answer.text().contains(&says) {
        bail!("it should have been left to a person because {says}:\n{}", answer.text());
    }
    let branches = stage.git(&["branch", "--list", "tribunal/*"])?;
    if branches.text().trim() != BRANCH {
        bail!("a branch was made:\n{}", branches.text());
    }
    aside(
        "No branch was made. Whether the old test is wrong or the code is, a person decides: the test is changed by\n\
         hand, or the spec says what is to become of small sizes.",
    );
    fs::remove_file(stage.repo.join(BROKEN_SPEC.0))?;
    Ok(())
}

fn taken(stage: &DemoStage) -> Result<()> {
    let why = "It is a branch like any other, and your own edits stay where they are.";
    stage.step("11. You take it with plain git", why)?;
    stage.typed("git", &["merge", BRANCH])?.passes("git merge")?;
    status(stage)?;
    let log = ["log", "--oneline", "--graph"];
    stage.typed("git", &log)?.passes("git log")
}
