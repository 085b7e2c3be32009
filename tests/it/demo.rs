//! `tribunal demo` tells its stories to the end, a person can follow them, and nothing is left behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::confined::programs_without;
use crate::harness::{Outcome, Repo, Sandbox, executable, wait_for};
use crate::output::terminal::on_terminal_typing;
use crate::scene::Beside;
use crate::spec_run_languages::with_rust;

const DONE: &str = "Done: every step did what it says";
const PAUSE: &str = "Enter continues, Ctrl-C ends";

fn home(sandbox: &Sandbox) -> Repo<'_> {
    Repo { sandbox, dir: sandbox.home() }
}

/// Each step fits on a screen, and no path of the temporary folder stands in it.
fn can_be_followed(told: &Outcome) {
    for step in told.stdout.split("\n\n") {
        assert!(step.lines().count() <= 45, "more than a screen:\n{step}");
    }
    assert!(!told.to_string().contains("/tribunal-demo-"), "{told}");
}

/// No folder of a demo, and no process that was started in the sandbox.
#[track_caller]
fn leaves_nothing(sandbox: &Sandbox) {
    let entries = fs::read_dir(sandbox.path().join("tmp")).unwrap();
    let left: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let is_demo = |path: &&PathBuf| path.to_string_lossy().contains("tribunal-demo-");
    assert_eq!(left.iter().find(is_demo), None);
    let mark = sandbox.path().to_str().unwrap().to_owned();
    let is_of_it = |pid: &PathBuf| {
        let environment = fs::read(pid.join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&mark)
    };
    wait_for("every process to end", || {
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        !all.into_iter().any(|pid| is_of_it(&pid))
    });
}

#[test]
fn every_step_does_what_it_says_and_shows_each_edit_before_its_commit() {
    let sandbox = Sandbox::new();
    let told = home(&sandbox).tribunal(&["demo", "guard"]).ok().says(DONE).never_says(PAUSE);
    let at =
        |text: &str| told.stdout.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{told}"));
    for (edit, commit) in [
        ("+pub fn sum(all: &[i32])", "$ git commit -m 'feat: sum a list'"),
        ("+-----BEGIN RSA", "$ git commit -m 'chore: deploy'"),
        ("+pub fn sum(all: &[i64])", "$ git commit -m 'feat: sum wider numbers'"),
        ("+    let _ = fs::remove_file(\"spool.tmp\")", "$ git commit -m 'feat: clean the spool'"),
    ] {
        assert!(at(edit) < at(commit), "`{edit}` comes before `{commit}`\n{told}");
    }
    // The commit that was stopped and the one that passes are told apart by the edit between them.
    let (_, last) = told.stdout.split_at(at("$ git commit -m 'feat: clean the spool'"));
    assert!(last.find("-    let _ =").unwrap() < last.rfind("$ git commit -m").unwrap(), "{last}");
    can_be_followed(&told);
    told.never_says("already running");
    leaves_nothing(&sandbox);
}

#[test]
fn on_a_terminal_it_waits_after_each_step_unless_it_is_to_be_fast() {
    let sandbox = Sandbox::new();
    let told = |words: &[&str], keys: &str| {
        String::from_utf8(on_terminal_typing(home(&sandbox).command(words), keys)).unwrap()
    };
    let slow = told(&["demo", "guard"], &"\n".repeat(7));
    assert_eq!(slow.matches(PAUSE).count(), 7, "{slow}");
    assert!(slow.contains(DONE), "{slow}");
    let fast = told(&["demo", "guard", "--fast"], "");
    assert!(fast.contains(DONE) && !fast.contains(PAUSE), "{fast}");
}

/// README's first command: the guard and a run, without an account.
#[test]
fn the_guard_and_a_run_are_shown_without_an_account() {
    let mut sandbox = Sandbox::new();
    with_rust(&mut sandbox);
    let told = home(&sandbox).tribunal(&["demo", "--fast"]).ok().says(DONE).never_says(PAUSE);
    let mut rest = told.stdout.as_str();
    for text in [
        "8. The fourth time it is stopped",
        "a program of this demo plays both vendors",
        "1 command is trusted",
        "$ tribunal spec lint",
        "sizes: writing the plan",
        "sizes: reviewing the plan",
        "sizes: writing tests",
        "sizes: running the new tests",
        "sizes: reviewing",
        "sizes: committing",
        "MM README.md",
        "$ kill -9 ",
        "stopped while writing code",
        "$ tribunal resume ",
        "sizes: writing code",
        "built `sizes`: 2 commits",
        "each once, and the one that was under way twice",
        "1 resolved one",
        "docs: record what shows that `sizes` is built",
        "feat(sizes): add sizes up",
        "Tribunal-Reviewer: rehearsal-b",
        "MM README.md",
        "feat(sizes): add sizes up",
        "test result: ok.",
        "$ git push origin tribunal/sizes",
        "escalate: `shown` is not built",
        "it changed `tests/show.rs`: the tests stay as they were",
        "$ git merge tribunal/sizes",
        DONE,
    ] {
        let at =
            rest.find(text).unwrap_or_else(|| panic!("no `{text}` after all before it in\n{told}"));
        rest = &rest[at + text.len()..];
    }
    can_be_followed(&told);
    leaves_nothing(&sandbox);
}

#[test]
fn what_is_kept_can_be_looked_at_and_its_agent_answers_nowhere_else() {
    let mut sandbox = Sandbox::new();
    with_rust(&mut sandbox);
    let home = home(&sandbox);
    let told = home.tribunal(&["demo", "run", "--keep"]).ok().says(DONE);
    let (_, kept) = told.stdout.split_once("kept in ").unwrap();
    let demo = PathBuf::from(kept.lines().next().unwrap());
    let project = Repo { sandbox: &sandbox, dir: demo.join("project") };
    let subjects = project.git(&["log", "--reverse", "--format=%s", "tribunal/sizes"]).ok();
    let subjects: Vec<&str> = subjects.stdout.lines().collect();
    let built = [
        "feat: show a size",
        "feat(sizes): read a size",
        "feat(sizes): add sizes up",
        "docs: record the decisions of `sizes`",
        "docs: record what shows that `sizes` is built",
    ];
    assert_eq!(subjects, built);
    assert!(project.git(&["show", "tribunal/sizes~3:src/lib.rs"]).stdout.contains("checked_mul"));
    assert_eq!(project.rev("refs/remotes/origin/tribunal/sizes"), project.rev("tribunal/sizes"));

    // Where somebody names it as an agent of their own, or asks it by hand, it answers nothing.
    let ask = |dir: &Path, vars: &[(&str, &str)], demo: &Path| {
        let repo = Repo { sandbox: &sandbox, dir: dir.to_owned() };
        let words = ["demo", "agent", demo.to_str().unwrap()];
        repo.tribunal_with(&words, vars, b"You write tests in the folder that you are in\n")
    };
    let own_home = demo.join("home");
    let within = [("TRIBUNAL_AGENT", "executor"), ("HOME", own_home.to_str().unwrap())];
    let other = sandbox.repo("other");
    other.write("rehearsal", format!("tribunal demo run: {}\n", demo.display()));
    for outcome in [
        ask(&other.dir, &within, &demo),
        ask(&other.dir, &within, &other.dir),
        ask(&project.dir, &within[..1], &demo),
        ask(&project.dir, &within[1..], &demo),
    ] {
        outcome.code(2).says("answers in the repository of `tribunal demo run` alone");
    }
    assert!(!other.path("tests").exists());
    ask(&project.dir, &within, &demo).ok();
}

#[test]
fn a_step_that_does_not_do_what_it_says_ends_the_demo() {
    // A toolchain whose tests print nothing: no test is seen to pass.
    let mut sandbox = Sandbox::new();
    let tools = sandbox.path().join("toolchain");
    executable(tools.join("bin/cargo"), "#!/bin/sh\nexit 0\n");
    executable(tools.join("bin/rustc"), format!("#!/bin/sh\necho {}\n", tools.display()));
    let path = std::env::var("PATH").unwrap_or_default();
    sandbox.vars.push(("PATH", format!("{}:{path}", tools.join("bin").display())));
    let told = home(&sandbox).tribunal(&["demo", "run", "--fast"]).code(2).never_says(DONE);
    told.says("the first push should have passed").says("it ran no test");
    leaves_nothing(&sandbox);

    let mut sandbox = Sandbox::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = sandbox.path().join("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["git", "sh"] {
        let found = std::env::split_paths(&path).map(|folder| folder.join(name));
        symlink(found.into_iter().find(|it| it.exists()).unwrap(), programs.join(name)).unwrap();
    }
    sandbox.vars.push(("PATH", programs.display().to_string()));
    let told = home(&sandbox).tribunal(&["demo", "run", "--fast"]).code(2);
    told.says("`rustc` is not in any folder of `PATH`").says("hint: install Rust");
    leaves_nothing(&sandbox);
}

#[test]
fn where_nothing_holds_what_an_agent_wrote_the_person_is_asked() {
    let mut sandbox = Sandbox::new();
    with_rust(&mut sandbox);
    // Where `true` does not run, no sandbox proves to work.
    let programs = programs_without(&sandbox, &["true"]);
    let (_, path) = sandbox.vars.iter_mut().find(|(name, _)| *name == "PATH").unwrap();
    let toolchain = path.split(':').next().unwrap().to_owned();
    *path = format!("{toolchain}:{}", programs.display());
    let told = home(&sandbox).tribunal(&["demo", "run", "--fast"]).code(2);
    told.says("nothing here can hold what an agent wrote").says("hint: ").never_says(DONE);
    let typed = |keys: &str| {
        let demo = home(&sandbox).command(&["demo", "run", "--fast"]);
        String::from_utf8(on_terminal_typing(demo, keys)).unwrap()
    };
    let no = typed("n\n");
    assert!(no.contains("nothing here can hold what an agent wrote"), "{no}");
    let yes = typed("y\n");
    assert!(yes.contains(DONE), "{yes}");
    leaves_nothing(&sandbox);
}

/// Interrupted while git writes: it comes to its end, and then all of it is removed.
#[test]
fn what_is_under_way_when_a_demo_is_interrupted_leaves_nothing_either() {
    let mut sandbox = Sandbox::new();
    let path = std::env::var("PATH").unwrap_or_default();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git"));
    let git = git.into_iter().find(|it| it.exists()).unwrap();
    let (programs, begun) = (sandbox.path().join("programs"), sandbox.path().join("begun"));
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' commit '*) if mkdir '{}' 2>/dev/null; then i=0\n\
         while [ $i -lt 300 ]; do i=$((i + 1)); mkdir -p \"$PWD/late/$i\"; done\nfi;; esac\nexec '{}' \"$@\"\n",
        begun.display(),
        git.display()
    );
    executable(programs.join("git"), script);
    sandbox.vars.push(("PATH", format!("{}:{path}", programs.display())));
    let demo = Beside::start(&home(&sandbox), &["demo", "guard", "--fast"], "demo");
    wait_for("a commit", || begun.exists());
    let pid = Pid::from_raw(i32::try_from(demo.child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    demo.end().code(130).never_says(DONE);
    leaves_nothing(&sandbox);
}

#[test]
fn a_demo_that_has_no_place_says_how_it_gets_one() {
    let mut sandbox = Sandbox::new();
    let nowhere = sandbox.path().join("nowhere").display().to_string();
    sandbox.vars.push(("TMPDIR", nowhere.clone()));
    let told = home(&sandbox).tribunal(&["demo", "guard", "--fast"]).code(2);
    told.says(&format!("a folder below `{nowhere}`")).says("set `TMPDIR`");
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    let mut sandbox = Sandbox::new();
    with_rust(&mut sandbox);
    let home = home(&sandbox);
    let demo = Beside::start(&home, &["demo", "run", "--fast"], "demo");
    let printed = sandbox.path().join("demo.out");
    let said = || fs::read_to_string(&printed).unwrap_or_default();
    wait_for("the run to begin", || said().contains("sizes: writing tests"));
    let pid = Pid::from_raw(i32::try_from(demo.child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    demo.end().code(130).never_says(DONE);
    leaves_nothing(&sandbox);
}
