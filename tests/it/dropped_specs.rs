//! Specs that are saved become runs by themselves: after a yes, once each, and whatever is killed meanwhile.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::brain::{Part, Question, diligent};
use crate::harness::{
    Repo, TRIBUNAL, cases, executable, happens, processes, short, wait_for, watchers,
};
use crate::model_server::{Asked, Say};
use crate::scene::{KEYS, Scene, Watcher};
use crate::spec_runs::{
    NARROW, SPEC, Step, begun, builder, good_code, good_tests, made, project, refs, run,
};

const FILE: &str = "docs/specs/sizes.md";

/// A project whose spec is not there yet, of a person who is known to git, and who looks often.
fn quiet<'a>(scene: &'a Scene, settings: &str) -> Repo<'a> {
    let repo = project(scene);
    fs::remove_file(repo.path(FILE)).unwrap();
    looks_often(scene, &repo);
    let path = scene.sandbox.settings_file();
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(settings.as_bytes()).unwrap();
    repo
}

/// The watcher knows the person as git does, and looks often.
pub fn looks_often(scene: &Scene, repo: &Repo<'_>) {
    repo.git(&["config", "user.name", "A Person"]).ok();
    repo.git(&["config", "user.email", "person@example.invalid"]).ok();
    let path = scene.sandbox.settings_file();
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    write!(file, "[watch]\nsettle = \"50ms\"\nrescan = \"100ms\"\n").unwrap();
}

pub fn agree(repo: &Repo<'_>) {
    repo.tribunal(&["trust", "runs", "--yes"]).ok();
}

fn plain() -> Scene {
    builder(vec![good_tests()], vec![good_code()], &[])
}

fn status(repo: &Repo<'_>) -> Value {
    repo.tribunal(&["status", "--format", "json"]).ok().json()["specs"]["runs"].clone()
}

/// What each spec waits for, by its id.
fn waiting(repo: &Repo<'_>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let waiting = status(repo)["waiting"].as_array().unwrap().clone();
    waiting.iter().map(|one| (text(&one["spec"]), text(&one["reason"]))).collect()
}

#[track_caller]
pub fn waits_for(repo: &Repo<'_>, spec: &str, reason: &str) {
    wait_for(&format!("`{spec}` to wait: {reason}"), || {
        waiting(repo).iter().any(|(id, why)| id == spec && why.contains(reason))
    });
}

/// A whole run on a busy machine takes longer than what `wait_for` waits for.
#[track_caller]
fn wait_built(repo: &Repo<'_>, what: &str) {
    let came = (0..6).any(|_| happens(|| is_built(repo)));
    if !came {
        let (status, runs) = (repo.tribunal(&["status"]), repo.tribunal(&["runs"]));
        let log = fs::read_to_string(repo.path(".git/tribunal/dropped/log")).unwrap_or_default();
        let mark = fs::read_to_string(repo.path(".git/tribunal/dropped/mark-sizes.json"));
        panic!(
            "{what}: no branch\n{status}\n{runs}\n{log}\n{mark:?}\n{}",
            repo.tribunal(&["daemon", "log"])
        );
    }
}

fn is_built(repo: &Repo<'_>) -> bool {
    !repo.rev("tribunal/sizes").is_empty()
}

pub fn runs(repo: &Repo<'_>) -> Vec<Value> {
    let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    listed["runs"].as_array().unwrap().iter().filter(|run| run["kind"] == "spec").cloned().collect()
}

/// What the next commit tells, of what is told once.
fn told(repo: &Repo<'_>) -> String {
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: go on"]).ok().stderr
}

fn workers(repo: &Repo<'_>) -> Vec<i32> {
    processes(repo, ["daemon", "build"])
}

pub fn kill(pid: i32, signal: &str) {
    let mut kill = std::process::Command::new("kill");
    drop(kill.args([&format!("-{signal}"), &pid.to_string()]).status());
}

/// Kills processes, and waits until they are dead: what is about to die is still taken for one that lives.
fn kill_all(pids: &[i32]) {
    for pid in pids {
        kill(*pid, "KILL");
    }
    // A process that is about to end has no command line any more, and still its locks.
    wait_for("their end", || {
        pids.iter().all(|pid| {
            let line = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            line.is_empty() || line.contains(") Z ")
        })
    });
}

/// Waits until what became of the spec is on record, and its process gone.
#[track_caller]
fn wait_settled(repo: &Repo<'_>) {
    wait_for("the process to end", || {
        let ended = runs(repo).first().is_some_and(|run| run["standing"] == "ended");
        ended && workers(repo).is_empty()
    });
}

#[test]
fn a_spec_that_is_saved_is_built_once_and_told_at_the_next_commit() {
    let scene = plain();
    let repo = quiet(&scene, "");
    repo.tribunal(&["hooks", "install"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_built(&repo, "the spec");
    wait_settled(&repo);
    let said = told(&repo);
    assert!(said.contains("built `sizes`") && said.contains("git merge tribunal/sizes"), "{said}");
    assert!(!told(&repo).contains("sizes"), "it is told once");
    // Saved again as it is, and after a restart of the watcher: nothing more is asked.
    let asked = scene.asked().len();
    repo.write(FILE, SPEC);
    repo.tribunal(&["daemon", "stop"]).ok();
    repo.tribunal(&["daemon", "start"]).ok();
    repo.write("docs/specs/draft.md", SPEC.replace("sizes", "draft").replace("ready", "draft"));
    waits_for(&repo, "draft", "status: ready");
    repo.tribunal(&["status"]).ok().says("`draft`: a draft, or done");
    assert_eq!((scene.asked().len(), runs(&repo).len()), (asked, 1));
    assert!(!repo.path(".git/tribunal/queue/sizes.json").exists(), "it waits no more");
    repo.tribunal(&["daemon", "log"]).ok().says("`sizes`: a run begins");
}

#[test]
fn without_a_yes_and_before_it_nothing_is_built() {
    let scene = plain();
    let repo = quiet(&scene, "");
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_for("the spec to be known", || repo.path(".git/tribunal/queue/sizes.json").exists());
    repo.tribunal(&["status"]).ok().says("none is built by itself (`tribunal trust runs` asks)");
    // A yes is about what is saved from then on.
    agree(&repo);
    repo.write("docs/specs/none.md", SPEC.replace("sizes", "none").replace("status: ready\n", ""));
    waits_for(&repo, "none", "without a status");
    waits_for(&repo, "sizes", "saved before you agreed");
    assert_eq!((scene.asked().len(), runs(&repo).len()), (0, 0));
    repo.write(FILE, SPEC);
    wait_built(&repo, "the spec");
    repo.tribunal(&["trust", "--revoke", "runs"]).ok().says("no spec is built by itself");
    repo.tribunal(&["trust", "--list"]).ok().says("runs      no");
}

#[test]
fn what_git_brings_is_not_built() {
    let scene = plain();
    let repo = quiet(&scene, "");
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.git(&["switch", "--quiet", "--create", "other"]).ok();
    repo.tribunal(&["daemon", "stop"]).ok();
    repo.write(FILE, SPEC).git(&["add", FILE]).ok();
    let by = [("GIT_COMMITTER_EMAIL", "other@example.invalid"), ("GIT_COMMITTER_DATE", "")];
    repo.git_env(&["commit", "--quiet", "--no-verify", "-m", "docs: sizes"], &by).ok();
    repo.tribunal(&["daemon", "start"]).ok();
    waits_for(&repo, "sizes", "brought by git");
    assert_eq!((scene.asked().len(), runs(&repo).len()), (0, 0));
}

#[test]
fn a_spec_whose_name_is_no_utf_8_is_built_and_not_where_git_brings_it() {
    let scene = plain();
    let repo = quiet(&scene, "");
    let named = |name: &[u8]| PathBuf::from("docs/specs").join(OsStr::from_bytes(name));
    repo.write(named(b"git \xe9.md"), SPEC.replace("sizes", "theirs"));
    repo.git(&["add", "docs"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "docs: theirs"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    // As a checkout writes it again.
    repo.write(named(b"git \xe9.md"), SPEC.replace("sizes", "theirs"));
    waits_for(&repo, "theirs", "brought by git");
    repo.write(named(b"si \xe9.md"), SPEC);
    wait_built(&repo, "the spec");
}

#[test]
fn specs_are_built_whose_folder_comes_after_the_yes() {
    let scene = plain();
    let repo = quiet(&scene, "");
    fs::remove_dir_all(repo.path("docs")).unwrap();
    let mut trust = scene.sandbox.command(TRIBUNAL, &repo.dir);
    trust.args(["trust", "runs", "--yes"]).env_remove("TRIBUNAL_NO_DAEMON");
    assert!(trust.status().unwrap().success());
    wait_for("the watcher", || repo.tribunal(&["daemon", "status"]).stdout.contains("running in"));
    repo.write(FILE, SPEC);
    wait_built(&repo, "the spec");
    wait_settled(&repo);
    // Asked once more, it says what holds.
    repo.tribunal(&["trust", "runs", "--yes"]).ok().says("you agreed to that already");
    // What is gone waits for nothing, and the yes holds.
    repo.tribunal(&["status"]).ok().never_says("`tribunal trust runs` asks");
}

#[test]
fn what_cannot_begin_is_told_once_and_tried_when_it_is_saved_again() {
    let scene = plain();
    let repo = quiet(&scene, "");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--revoke", "tests"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    waits_for(&repo, "sizes", "you have not agreed to the commands of this repository");
    let said = told(&repo);
    assert!(said.contains("`sizes` is not built: you have not agreed"), "{said}");
    assert!(said.contains("save it again"), "{said}");
    repo.tribunal(&["trust", "commands", "--yes"]).ok();
    assert!(!told(&repo).contains("sizes") && runs(&repo).is_empty());
    repo.write(FILE, SPEC);
    wait_built(&repo, "the spec");
}

/// An executor that answers nothing until it may, and then as it should.
fn held(may: &Arc<AtomicBool>) -> Scene {
    let (judges, may) = (diligent(&[]), Arc::clone(may));
    let brain = move |asked: &Asked| {
        let step = match Question::read(asked).part {
            Part::Tests => good_tests(),
            Part::Code => good_code(),
            _ => return judges(asked),
        };
        if asked.turns > 0 {
            return Say::text(step.says);
        }
        while !may.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        said(step)
    };
    Scene::new("", brain).logged_in(&KEYS)
}

fn said(step: Step) -> Say {
    Say::Words(crate::model_server::Words {
        calls: step.calls,
        text: Some(step.says.to_owned()),
        ..crate::model_server::Words::default()
    })
}

#[test]
fn the_watcher_and_its_process_may_be_killed_and_nothing_is_done_twice() {
    for killed in ["watcher", "process", "both", "stop"] {
        let may = Arc::new(AtomicBool::new(false));
        let scene = held(&may);
        let repo = quiet(&scene, "");
        agree(&repo);
        let _watcher = Watcher::without_reviews(&repo);
        repo.write(FILE, SPEC);
        wait_for("the executor to be asked", || !scene.asked().is_empty());
        let (watcher, worker) = (watchers(&scene.sandbox), workers(&repo));
        assert_eq!((watcher.len(), worker.len()), (1, 1), "{killed}");
        let run = &status(&repo)["unfinished"][0];
        assert_eq!(
            (&run["stage"], &run["waits_for"], &run["standing"]),
            (&"writing tests".into(), &"the executor".into(), &"under way".into()),
            "{killed}"
        );
        let seconds = |name: &str| run[name].as_i64().unwrap();
        assert!(seconds("stage_seconds") <= seconds("seconds"), "{run}");
        assert!(run["idle_seconds"].as_i64().is_some_and(|idle| idle < 60), "{run}");
        repo.tribunal(&["daemon", "status"]).ok().says("writing tests for").says("last activity");
        let id = short(run["run"].as_str().unwrap());
        repo.tribunal(&["runs", "show", id]).ok().says("writing tests for").says("the run for ");
        if killed == "stop" {
            repo.tribunal(&["daemon", "stop"]).ok();
            assert!(workers(&repo).is_empty(), "stopped means that nothing goes on");
        }
        kill_all(&match killed {
            "watcher" => watcher,
            "process" => worker,
            "both" => [watcher, worker].concat(),
            _ => Vec::new(),
        });
        may.store(true, Ordering::SeqCst);
        repo.tribunal(&["daemon", "start"]).ok();
        wait_built(&repo, killed);
        wait_settled(&repo);
        assert!(begun(&repo).is_some(), "{killed}");
        let mut calls = made(&scene);
        let count = calls.len();
        calls.sort();
        calls.dedup();
        assert!(count <= calls.len() + usize::from(killed != "watcher"), "{killed}: {count}");
        assert_eq!(repo.git(&["rev-list", "--count", "HEAD..tribunal/sizes"]).out(), "1");
        assert_eq!(refs(&repo).trim(), "refs/heads/main\nrefs/heads/tribunal/sizes", "{killed}");
    }
}

#[test]
fn a_spec_that_changes_while_it_is_built_is_asked_about_ignored_or_built_anew() {
    let changed = SPEC.replace("People write", "Many people write");
    for choice in ["ask", "restart", "ignore"] {
        let may = Arc::new(AtomicBool::new(false));
        let scene = held(&may);
        let repo = quiet(&scene, &format!("[runs]\nchanged = \"{choice}\"\n"));
        repo.tribunal(&["hooks", "install"]).ok();
        agree(&repo);
        let _watcher = Watcher::without_reviews(&repo);
        repo.write(FILE, SPEC);
        wait_for("the executor to be asked", || !scene.asked().is_empty());
        let first = runs(&repo)[0]["id"].as_str().unwrap().to_owned();
        repo.write(FILE, &changed);
        if choice == "restart" {
            may.store(true, Ordering::SeqCst);
        } else {
            wait_for("the change to be noted", || {
                repo.path(".git/tribunal/dropped/change-sizes.json").exists()
            });
        }
        if choice == "ask" {
            let id = short(&first);
            repo.tribunal(&["status"]).ok().says("`sizes` changed since").says(id);
            let said = told(&repo);
            assert!(said.contains("`sizes` changed while it is built"), "{said}");
            assert!(said.contains(&format!("tribunal abort {id}")), "{said}");
            assert!(!told(&repo).contains("changed"), "it is told once");
            repo.tribunal(&["abort", id]).ok();
            assert_eq!(watchers(&scene.sandbox).len(), 1, "the watcher is not what is ended");
        }
        may.store(true, Ordering::SeqCst);
        wait_built(&repo, choice);
        wait_settled(&repo);
        let all = runs(&repo);
        assert_eq!(all.len(), if choice == "ignore" { 1 } else { 2 }, "{choice}");
        let newest = all[0]["id"].as_str().unwrap();
        let state = repo.read(format!(".git/tribunal/runs/{newest}/run.json"));
        assert_eq!(state.contains("Many people"), choice != "ignore", "{choice}");
        if choice == "ignore" {
            assert!(!told(&repo).contains("changed"));
        }
    }
}

#[test]
fn one_that_a_person_must_decide_about_is_told_and_not_built_again() {
    let step = Step { says: "DISAGREE: it says two things", ..Step::default() };
    let scene = builder(vec![step], vec![good_code()], &[]);
    let repo = quiet(&scene, "");
    repo.tribunal(&["hooks", "install"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_settled(&repo);
    let said = told(&repo);
    assert!(said.contains("`sizes` is not built") && said.contains("tribunal runs show"), "{said}");
    let asked = scene.asked().len();
    repo.write(FILE, SPEC);
    repo.write("docs/specs/next.md", SPEC.replace("sizes", "next").replace("ready", "draft"));
    waits_for(&repo, "next", "status: ready");
    assert_eq!((scene.asked().len(), runs(&repo).len()), (asked, 1));
}

#[test]
fn a_run_that_waits_for_a_budget_goes_on_once_there_is_more() {
    let scene = plain();
    let repo = quiet(&scene, "[budget]\nrun = 0.001\n");
    repo.tribunal(&["hooks", "install"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_for("the run to pause", || status(&repo)["unfinished"][0]["waits_for"] == "a budget");
    wait_for("its process to end", || workers(&repo).is_empty());
    assert!(told(&repo).contains("paused until the budget allows more"));
    let path = scene.sandbox.settings_file();
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(&path, settings.replace("run = 0.001", "run = 9.0")).unwrap();
    wait_built(&repo, "the spec");
}

#[test]
fn what_a_person_runs_and_stops_is_not_gone_on_with_and_what_is_killed_is() {
    let may = Arc::new(AtomicBool::new(false));
    let scene = held(&may);
    let repo = quiet(&scene, "");
    agree(&repo);
    repo.write(FILE, SPEC);
    let mut own = crate::scene::Beside::start(&repo, &["run", FILE], "own");
    wait_for("the executor to be asked", || !scene.asked().is_empty());
    kill(own.child.id().try_into().unwrap(), "INT");
    wait_for("its end", || !own.is_running());
    let _watcher = Watcher::without_reviews(&repo);
    wait_for("it to wait", || status(&repo)["unfinished"][0]["waits_for"] == "you");
    assert!(workers(&repo).is_empty());
    let id = begun(&repo).unwrap();
    let asked = scene.asked().len();
    let again = crate::scene::Beside::start(&repo, &["resume", &id], "again");
    wait_for("the executor to be asked", || scene.asked().len() > asked);
    kill(again.child.id().try_into().unwrap(), "KILL");
    drop(again.end());
    may.store(true, Ordering::SeqCst);
    wait_built(&repo, "the spec");
}

/// What a person had built is not counted with what waits, whenever the watcher sees its file.
#[test]
fn what_a_person_had_built_waits_no_more() {
    for is_seen_first in [true, false] {
        let scene = plain();
        let repo = quiet(&scene, "");
        let json =
            |words: &[&str]| repo.tribunal(&[words, &["--format", "json"]].concat()).ok().json();
        let counts = || {
            let daemon = json(&["daemon", "status"])["queue"].as_u64().unwrap();
            (json(&["status"])["specs"]["queued"].as_u64().unwrap(), daemon)
        };
        let queued = repo.path(".git/tribunal/queue/sizes.json");
        let _watcher = is_seen_first.then(|| Watcher::without_reviews(&repo));
        repo.write(FILE, SPEC);
        if is_seen_first {
            wait_for("it to be queued", || counts() == (1, 1));
        }
        run(&repo).ok();
        let _later = (!is_seen_first).then(|| Watcher::without_reviews(&repo));
        wait_for("the watcher to see it", || queued.exists());
        assert_eq!(counts(), (0, 0), "{is_seen_first}");
        assert_eq!(json(&["spec", "show", "sizes"])["spec"]["queued"], false);
        // Another version does.
        repo.write(FILE, SPEC.replace("People", "Persons"));
        wait_for("the other version to be queued", || counts() == (1, 1));
    }
}

#[test]
fn one_at_a_time_is_built_and_no_repository_can_raise_that() {
    let scene = plain();
    let repo = quiet(&scene, "");
    repo.write("tribunal.toml", format!("{}[runs]\nat-once = 8\n", repo.read("tribunal.toml")));
    repo.tribunal(&["config"]).says("`runs` can only be set in your own settings");
    let may = Arc::new(AtomicBool::new(false));
    let scene = held(&may);
    let repo = quiet(&scene, "");
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_for("the executor to be asked", || !scene.asked().is_empty());
    repo.write("docs/specs/next.md", SPEC.replace("sizes", "next"));
    waits_for(&repo, "next", "waits for its turn");
    // A person may have it built all the same; what is under way is not begun by hand.
    run(&repo).code(2).says("works on the spec `sizes` already");
    may.store(true, Ordering::SeqCst);
    wait_built(&repo, "the first");
    wait_for("the second", || !repo.rev("tribunal/next").is_empty());
}

/// With kills at moments of a whole run, its review among them: the same commit, at most one call made again.
#[test]
fn whenever_both_are_killed_the_run_goes_on_to_its_commit() {
    for asked in cases(vec![2, 5], (1..=6).collect()) {
        let scene = builder(vec![good_tests()], vec![good_code()], &[NARROW]);
        let repo = quiet(&scene, "");
        agree(&repo);
        let _watcher = Watcher::without_reviews(&repo);
        repo.write(FILE, SPEC);
        wait_for("so many questions", || scene.asked().len() >= asked);
        kill_all(&[watchers(&scene.sandbox), workers(&repo)].concat());
        repo.tribunal(&["daemon", "start"]).ok();
        wait_built(&repo, &format!("after question {asked}"));
        wait_settled(&repo);
        assert!(begun(&repo).is_some());
        let (mut calls, count) = (made(&scene), made(&scene).len());
        calls.sort();
        calls.dedup();
        assert!(calls.len() == 6 && count <= 7, "after question {asked}: {count} of {calls:?}");
        let code = repo.git(&["show", "tribunal/sizes:src/size.sh"]).ok();
        assert!(code.out().contains("${1%[Kk]}"), "{code}");
        assert_eq!(repo.git(&["rev-list", "--count", "HEAD..tribunal/sizes"]).out(), "1");
    }
}

/// The program in its next version: the same one under another number.
fn upgraded(scene: &Scene) -> PathBuf {
    let (now, next) = (env!("CARGO_PKG_VERSION").as_bytes(), "9.9.9");
    assert_eq!(now.len(), next.len());
    let mut program = fs::read(TRIBUNAL).unwrap();
    let places: Vec<usize> = (0..program.len() - now.len())
        .filter(|at| program[*at] == now[0] && program[*at..].starts_with(now))
        .collect();
    for at in places {
        program[at..at + next.len()].copy_from_slice(next.as_bytes());
    }
    let [plain, path] = ["next.bytes", "next"].map(|name| scene.sandbox.path().join(name));
    executable(&plain, program);
    // By a process of its own: a child of this one that has the file open for a moment keeps it from being run.
    let mut copy = scene.sandbox.command("cp", scene.sandbox.path());
    copy.args([&plain, &path]);
    crate::harness::run(copy, b"").ok();
    path
}

#[test]
fn a_run_that_was_parked_goes_on_after_an_upgrade() {
    let scene = plain();
    let repo = quiet(&scene, "[budget]\nrun = 0.001\n");
    agree(&repo);
    let watcher = Watcher::without_reviews(&repo);
    repo.write(FILE, SPEC);
    wait_for("the run to pause", || status(&repo)["unfinished"][0]["waits_for"] == "a budget");
    wait_for("its process to end", || workers(&repo).is_empty());
    drop(watcher);
    let path = scene.sandbox.settings_file();
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(&path, settings.replace("run = 0.001", "run = 9.0")).unwrap();
    let next = upgraded(&scene);
    let call = |words: &[&str]| {
        let mut command = scene.sandbox.command(&next, &repo.dir);
        command.args(words);
        crate::harness::run(command, b"").ok()
    };
    assert_eq!(call(&["--version"]).out(), "tribunal 9.9.9");
    call(&["daemon", "start"]);
    let _watcher = Watcher(&repo);
    wait_built(&repo, "the spec");
    assert!(begun(&repo).is_some());
}
