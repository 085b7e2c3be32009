//! One watcher for all repositories of a user: each by itself, and none lost.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::daemon::spec;
use crate::harness::{Outcome, Repo, Sandbox, cases, executable, processes, wait_for, watchers};

fn start(repo: &Repo<'_>) -> Outcome {
    repo.tribunal(&["daemon", "start"]).ok()
}

fn is_watched(repo: &Repo<'_>) -> bool {
    repo.tribunal(&["daemon", "status", "--format", "json"]).ok().json()["daemon"]["ready"] == true
}

/// Whether a spec is on record.
fn knows(repo: &Repo<'_>, id: &str) -> bool {
    let text = fs::read(repo.path(".git/tribunal/specs.json")).unwrap_or_default();
    let known: Value = serde_json::from_slice(&text).unwrap_or_default();
    !known["specs"][id].is_null()
}

fn drop_spec(repo: &Repo<'_>, id: &str) {
    repo.write(format!("docs/specs/{id}.md"), spec(id, "Be seen."));
}

#[track_caller]
fn takes_in(repo: &Repo<'_>, id: &str) {
    drop_spec(repo, id);
    let name = repo.dir.display();
    wait_for(&format!("{id} to be taken in in {name}"), || knows(repo, id));
}

fn all(sandbox: &Sandbox) -> Value {
    let here = Repo { sandbox, dir: sandbox.home() };
    here.tribunal(&["daemon", "status", "--all", "--format", "json"]).ok().json()
}

fn listed(sandbox: &Sandbox) -> usize {
    all(sandbox)["repositories"].as_array().unwrap().len()
}

fn log(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.watcher_state().join("watcher.log")).unwrap_or_default()
}

/// Ends the process as nothing can hinder.
fn kill(sandbox: &Sandbox) {
    let pids = watchers(sandbox);
    assert_eq!(pids.len(), 1, "{pids:?}");
    let killed = Command::new("kill").args(["-KILL", &pids[0].to_string()]).status().unwrap();
    assert!(killed.success());
    wait_for("the watcher to be gone", || watchers(sandbox).is_empty());
}

fn repositories(sandbox: &Sandbox, count: usize) -> Vec<Repo<'_>> {
    (0..count).map(|number| sandbox.repo(&format!("r{number}"))).collect()
}

/// What a process costs: its resident memory in KiB, and its time on a processor in ticks of 10 ms.
#[cfg(target_os = "linux")]
fn cost(pid: i32) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let ticks = stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
    let rss = rss.trim().trim_end_matches(" kB").parse().unwrap();
    (rss, ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum())
}

/// With the release build: one process, 25 MB, no processor time while nothing happens, and half of the specs
/// within 120 ms. The guard is ten times that.
#[cfg(target_os = "linux")]
#[test]
fn twenty_repositories_have_one_process_that_is_small_idle_and_fast() {
    let sandbox = Sandbox::new();
    let repos = repositories(&sandbox, 20);
    for repo in &repos {
        drop_spec(repo, "first");
        start(repo);
    }
    let pids = watchers(&sandbox);
    assert_eq!((pids.len(), listed(&sandbox)), (1, 20));
    for repo in &repos {
        wait_for("the first spec", || knows(repo, "first"));
    }
    let (rss, before) = cost(pids[0]);
    let rested = Instant::now();
    wait_for("time to pass", || rested.elapsed() >= Duration::from_secs(2));
    let ticks = cost(pids[0]).1 - before;
    assert!(rss < 250 * 1024 && ticks < 20, "{rss} KiB, {ticks} ticks");

    let dropped = Instant::now();
    for repo in &repos {
        drop_spec(repo, "second");
    }
    let mut after = Vec::new();
    wait_for("every spec", || {
        let new = repos.iter().filter(|repo| knows(repo, "second")).count() - after.len();
        after.extend(vec![dropped.elapsed(); new]);
        after.len() == repos.len()
    });
    assert!(after[10] < Duration::from_millis(1200), "{after:?}");
    assert_eq!(watchers(&sandbox), pids);
    let status = repos[0].tribunal(&["daemon", "status"]).ok();
    status.says("19 other repositories are watched as well: `tribunal daemon status --all`");
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    let list = home.tribunal(&["daemon", "status", "--all"]).ok();
    assert_eq!(list.stdout.matches("  watched since 20").count(), 20, "{list}");
}

#[test]
fn of_starts_in_many_repositories_at_once_one_makes_the_process() {
    let sandbox = Sandbox::new();
    let repos = repositories(&sandbox, 6);
    thread::scope(|scope| {
        for repo in &repos {
            scope.spawn(|| start(repo).says("started: process "));
        }
    });
    wait_for("the slower ones to give way", || watchers(&sandbox).len() == 1);
    for repo in &repos {
        takes_in(repo, "a");
    }
}

#[test]
fn a_stop_is_for_one_repository_and_lasts_while_the_others_go_on() {
    let sandbox = Sandbox::new();
    let (one, other) = (sandbox.repo("one"), sandbox.repo("other"));
    one.write("a.rs", "let _ = x();\n").commit_unjudged("feat: a");
    let finding = ["--class", "error-handling/unchecked-result", "--at", "a.rs:1", "-m", "m"];
    one.tribunal(&[&["findings", "add"][..], &finding].concat()).ok();
    // Whoever learns waits for this lock.
    let lock = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(one.path(".git/tribunal/constitution.lock"))
        .unwrap();
    lock.lock().unwrap();
    start(&one);
    start(&other);
    one.tribunal(&["hook", "post-commit"]).ok();
    wait_for("a process that learns", || !processes(&one, ["daemon", "learn"]).is_empty());
    one.tribunal(&["daemon", "stop"]).ok().says("stopped");
    assert_eq!(processes(&one, ["daemon", "learn"]), [] as [i32; 0]);
    assert!(!is_watched(&one) && is_watched(&other));
    one.tribunal(&["daemon", "stop"]).ok().says("not running");
    drop_spec(&one, "a");
    takes_in(&other, "a");
    kill(&sandbox);
    start(&other);
    takes_in(&other, "b");
    assert!(!is_watched(&one) && !knows(&one, "a") && listed(&sandbox) == 1);
    start(&one);
    wait_for("what came meanwhile", || knows(&one, "a"));
    // The end of all lasts too.
    one.tribunal(&["daemon", "stop", "--all"]).ok().says("stopped");
    assert_eq!(watchers(&sandbox), [] as [i32; 0]);
    for repo in [&one, &other] {
        repo.tribunal(&["daemon", "status"]).ok().says("it was stopped");
    }
    one.tribunal(&["daemon", "stop", "--all"]).ok().says("not running");
}

#[test]
fn what_hangs_or_is_broken_in_one_repository_is_no_other_one_s_trouble() {
    let sandbox = Sandbox::new();
    let repos = repositories(&sandbox, 20);
    let (hung, healthy) = (&repos[..18], &repos[18]);
    let broken = &repos[19];
    broken.write("tribunal.toml", "[watch\nnothing = {").commit_unjudged("chore: break it");
    let programs = sandbox.path().join("programs");
    let path = std::env::var("PATH").unwrap();
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|it| it.is_file());
    // A disk that hangs, for whoever asks git about what is on it.
    let waiting = format!(
        "#!/bin/sh\ntest -e .git/hang && : >.git/hangs\nwhile test -e .git/hang; do sleep 0.2; done\nexec {} \"$@\"\n",
        git.unwrap().display(),
    );
    executable(programs.join("git"), waiting);
    let path = format!("{}:{path}", programs.display());
    for repo in &repos {
        repo.tribunal_with(&["daemon", "start"], &[("PATH", &path)], b"").ok();
        drop_spec(repo, "before");
    }
    for repo in &repos {
        wait_for("the first look", || knows(repo, "before"));
    }
    // A look at a commit asks git: more of them than are made at the same time.
    for repo in hung {
        repo.write(".git/hang", "").commit_unjudged("feat: one");
    }
    for repo in hung {
        wait_for("the look to wait", || repo.path(".git/hangs").exists());
    }
    for repo in hung {
        drop_spec(repo, "a");
    }
    let began = Instant::now();
    takes_in(healthy, "a");
    takes_in(broken, "a");
    let took = began.elapsed();
    assert!(hung.iter().all(|repo| !knows(repo, "a")), "they did not wait, after {took:?}");
    for repo in hung {
        fs::remove_file(repo.path(".git/hang")).unwrap();
    }
    for repo in hung {
        wait_for("what hung", || knows(repo, "a"));
    }
}

#[test]
fn a_flood_of_file_events_in_one_repository_keeps_no_other_one_waiting() {
    let sandbox = Sandbox::new();
    let (flooded, other) = (sandbox.repo("flooded"), sandbox.repo("other"));
    fs::create_dir_all(flooded.path("docs/specs")).unwrap();
    fs::create_dir_all(other.path("docs/specs")).unwrap();
    start(&flooded);
    start(&other);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let path = flooded.path("docs/specs/noise");
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                fs::write(&path, "x").unwrap();
                fs::remove_file(&path).unwrap();
            }
        });
        for number in 0..5 {
            takes_in(&other, &format!("s{number}"));
        }
        takes_in(&flooded, "seen");
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
}

#[test]
fn a_panic_ends_no_watching_and_loses_nothing() {
    // In the usual form at one save of two.
    for save in (1..).step_by(cases(2, 1)) {
        let sandbox = Sandbox::new();
        let repos = repositories(&sandbox, 2);
        for repo in &repos {
            drop_spec(repo, "a");
        }
        let vars =
            [("TRIBUNAL_TEST_PANIC_AT_SAVE", &*save.to_string()), ("TRIBUNAL_TEST_BACKOFF", "10")];
        // The saves of the start itself come first, and it says what it is.
        let first = repos[0].tribunal_with(&["daemon", "start"], &vars, b"");
        if first.code != 0 {
            assert!(first.stderr.contains("panic"), "{first}");
            start(&repos[0]);
        }
        start(&repos[1]);
        for repo in &repos {
            wait_for("the spec", || knows(repo, "a"));
        }
        for repo in &repos {
            takes_in(repo, "b");
        }
        assert_eq!(watchers(&sandbox).len(), 1);
        let said = log(&sandbox);
        let has_panicked = said.contains("cannot be watched: a mistake in tribunal");
        assert!(!said.contains("src/") && !said.contains("RUST_BACKTRACE"), "{said}");
        if first.code == 0 && !has_panicked && !said.contains("the panic of a test") {
            assert!(save > 8, "only {save} save points were met");
            return;
        }
    }
}

#[test]
fn a_repository_that_goes_is_watched_no_more_and_the_last_one_ends_the_process() {
    let sandbox = Sandbox::new();
    let repos = repositories(&sandbox, 3);
    for repo in &repos {
        start(repo);
        takes_in(repo, "a");
    }
    fs::remove_dir_all(&repos[0].dir).unwrap();
    wait_for("the deleted one to be off the list", || listed(&sandbox) == 2);
    assert!(!repos[0].dir.exists(), "nothing of it came back");
    // Told after it is off the list. It may be seen while only a part of it is deleted: then the reason is another one.
    wait_for("its end in the log", || log(&sandbox).contains("r0: not watched any more: "));
    fs::rename(&repos[1].dir, sandbox.path().join("moved")).unwrap();
    wait_for("the moved one to be off the list", || listed(&sandbox) == 1);
    assert!(!repos[1].dir.exists(), "nothing of it came back");
    let is_said =
        || log(&sandbox).contains("r1: not watched any more: the repository is not there");
    wait_for("its end in the log", is_said);
    takes_in(&repos[2], "b");
    assert_eq!(watchers(&sandbox).len(), 1);
    repos[2].tribunal(&["daemon", "stop"]).ok().says("stopped");
    wait_for("the process to end", || watchers(&sandbox).is_empty());
    assert!(log(&sandbox).contains("watcher: nothing is left to watch"), "{}", log(&sandbox));
    // The one that moved is another one to the list, and can be watched where it is.
    let moved = Repo { sandbox: &sandbox, dir: sandbox.path().join("moved") };
    start(&moved);
    takes_in(&moved, "c");
}

#[test]
fn a_killed_process_takes_all_up_again_with_their_settings() {
    let sandbox = Sandbox::new();
    let (one, other) = (sandbox.repo("one"), sandbox.repo("other"));
    let plans = r#"watch.specs=["plans/**"]"#;
    one.tribunal_with(
        &["daemon", "start", "--set", plans],
        &[
            ("TRIBUNAL_WATCH_SETTLE", "20ms"),
            ("DATABASE_URL", "postgres://one"),
            ("GIT_DIR", ".git"),
        ],
        b"",
    )
    .ok();
    start(&other);
    // What the shell of one repository has set is no other one's.
    let environment = fs::read(format!("/proc/{}/environ", watchers(&sandbox)[0])).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    for name in ["DATABASE_URL", "GIT_", "TRIBUNAL_WATCH_SETTLE"] {
        assert!(!environment.contains(name), "{name}");
    }
    for round in 0..2 {
        let id = format!("s{round}");
        one.write(format!("plans/{id}.md"), spec(&id, "Be planned."));
        other.write(format!("plans/{id}.md"), spec(&id, "Be no spec."));
        takes_in(&other, &format!("t{round}"));
        drop_spec(&one, "none");
        wait_for("the plan", || knows(&one, &id));
        assert!(!knows(&other, &id) && !knows(&one, "none"));
        if round == 0 {
            kill(&sandbox);
            start(&other);
            wait_for("the other to be taken up as well", || is_watched(&one));
        }
    }
    // Started with other settings, it is watched with those from then on.
    start(&one).says("started: process ");
    wait_for("the usual folder", || knows(&one, "none"));
    start(&one).says("already running: process ");
}

#[test]
fn killed_at_any_save_a_start_or_a_stop_can_be_made_again() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    for words in [["daemon", "start"], ["daemon", "stop"]] {
        for save in 1.. {
            if words[1] == "stop" {
                start(&repo);
            }
            let first = repo.until_save(&words, save);
            // A process that was killed, or is about to be, is waited for by whoever starts.
            start(&repo);
            assert_eq!(listed(&sandbox), 1, "{words:?} {save}");
            let id = format!("{}{save}", words[1]);
            if watchers(&sandbox).is_empty() || !is_watched(&repo) {
                start(&repo);
            }
            drop_spec(&repo, &id);
            wait_for("the spec", || {
                if watchers(&sandbox).is_empty() {
                    // It met the save itself.
                    start(&repo);
                }
                knows(&repo, &id)
            });
            repo.tribunal(&["daemon", "stop"]).ok();
            wait_for("the end", || watchers(&sandbox).is_empty());
            assert_eq!(listed(&sandbox), 0, "{words:?} {save}");
            if first.code == 0 {
                assert!(save > 3, "{words:?}: only {save} save points were met");
                break;
            }
        }
    }
}

#[test]
fn commits_have_repositories_watched_where_their_person_agreed_and_no_others() {
    let sandbox = Sandbox::new();
    let repos = repositories(&sandbox, 3);
    for repo in &repos {
        repo.write("docs/specs/README.md", "Specs.\n");
        repo.tribunal(&["hooks", "install"]).ok();
    }
    let commit = |repo: &Repo<'_>, name: &str| {
        repo.write(name, "text\n").git(&["add", name]).ok();
        let vars = [("TRIBUNAL_NO_DAEMON", "")];
        repo.git_env(&["commit", "--quiet", "-m", "feat: go on"], &vars).ok();
    };
    for repo in &repos {
        commit(repo, "a");
    }
    assert!(!sandbox.watcher_state().exists(), "nobody was asked");
    for repo in &repos[..2] {
        repo.tribunal(&["trust", "watcher", "--yes"]).ok();
        commit(repo, "b");
    }
    commit(&repos[2], "b");
    for repo in &repos[..2] {
        takes_in(repo, "seen");
    }
    wait_for("the slower ones to give way", || watchers(&sandbox).len() == 1);
    assert_eq!(listed(&sandbox), 2);
    // A stop lasts, also when the others go on.
    repos[0].tribunal(&["daemon", "stop"]).ok().says("stopped");
    commit(&repos[0], "c");
    commit(&repos[1], "c");
    takes_in(&repos[1], "later");
    assert!(!is_watched(&repos[0]) && listed(&sandbox) == 1);
}

#[test]
fn another_repository_in_the_place_of_a_listed_one_is_not_watched() {
    let sandbox = Sandbox::new();
    let (one, other) = (sandbox.repo("one"), sandbox.repo("other"));
    start(&one);
    start(&other);
    kill(&sandbox);
    fs::rename(&one.dir, sandbox.path().join("moved")).unwrap();
    let another = sandbox.repo("one");
    drop_spec(&another, "a");
    start(&other);
    wait_for("it to be off the list", || listed(&sandbox) == 1);
    takes_in(&other, "b");
    assert!(!is_watched(&another) && !knows(&another, "a"));
    wait_for("the reason", || log(&sandbox).contains("nobody agreed to a watcher for it"));
}

/// A process that ends when it is asked to, and is recorded in a lock's file.
fn earlier(path: &Path, version: &str) -> Child {
    let child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
    let record = json!({
        "pid": child.id(), "version": version, "since": "2026-03-04T12:00:00Z", "mode": "daemon",
        "ready": true,
    });
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, record.to_string()).unwrap();
    child
}

#[test]
fn watchers_of_earlier_versions_give_way() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    // One a repository, as it was before.
    let mut own = earlier(&repo.path(".git/tribunal/daemon.lock"), "0.0.9");
    start(&repo).says("started: process ");
    assert!(!own.wait().unwrap().success(), "it was asked to end");
    takes_in(&repo, "a");
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    wait_for("the process to end", || watchers(&sandbox).is_empty());
    // One of all repositories.
    let mut of_user = earlier(&sandbox.watcher_state().join("watcher.lock"), "0.0.9");
    start(&repo).says("started: process ");
    assert!(!of_user.wait().unwrap().success(), "it was asked to end");
    takes_in(&repo, "b");
    // A stop ends either.
    let other = sandbox.repo("other");
    let mut own = earlier(&other.path(".git/tribunal/daemon.lock"), "0.0.9");
    other.tribunal(&["daemon", "stop"]).ok().says("stopped");
    assert!(!own.wait().unwrap().success(), "it was asked to end");
    takes_in(&repo, "c");
}

#[test]
fn the_foreground_and_the_process_keep_out_of_each_other_s_way() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = crate::daemon::Watching::start(&repo);
    start(&repo).says("already running: process ");
    assert_eq!((listed(&sandbox), watchers(&sandbox).len()), (0, 0));
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    drop(watching);
    start(&repo);
    repo.tribunal(&["watch"]).code(2).says("already being watched (process ");
}

#[test]
fn the_log_is_for_its_user() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let repo = Repo { sandbox: &sandbox, dir: home.join("src/app") };
    fs::create_dir_all(&repo.dir).unwrap();
    repo.git(&["init", "--quiet", "--initial-branch=main"]).ok();
    let other = sandbox.repo("other");
    start(&repo);
    start(&other);
    takes_in(&repo, "a");
    takes_in(&other, "b");
    fs::remove_dir_all(repo.path("docs")).unwrap();
    wait_for("the end of the spec", || log(&sandbox).contains("docs/specs/a.md is gone"));
    let own = repo.tribunal(&["daemon", "log"]).ok();
    own.says("  ~/src/app: docs/specs/a.md: recorded as `a`, size S").says("  watcher: ");
    let all = repo.tribunal(&["daemon", "log", "--all"]).ok();
    assert!(all.stdout.contains("other: docs/specs/b.md: recorded as `b`"), "{all}");
    repo.tribunal(&["daemon", "log"]).ok().never_says("docs/specs/b.md");
    for line in log(&sandbox).lines() {
        let (time, words) = line.split_once("  ").unwrap();
        assert!(time.parse::<jiff::civil::DateTime>().is_ok() && time.len() == 19, "{line}");
        assert!(!words.contains("::") && !words.contains("INFO"), "{line}");
    }
    // What is the user's alone is theirs to read.
    let mode = fs::metadata(sandbox.watcher_state()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn without_hooks_a_repository_is_not_watched_and_nothing_is_made_before_a_start() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["hooks", "uninstall"]).ok().never_says("watched");
    for words in [&["daemon", "status"][..], &["daemon", "status", "--all"], &["status"]] {
        repo.tribunal(words).ok();
    }
    repo.tribunal(&["daemon", "stop", "--all"]).ok().says("not running");
    let made: Vec<PathBuf> = [sandbox.watcher_state(), repo.path(".git/tribunal/daemon.lock")]
        .into_iter()
        .filter(|path| path.exists())
        .collect();
    assert_eq!(made, [] as [PathBuf; 0]);
    repo.tribunal(&["hooks", "install"]).ok();
    start(&repo);
    repo.tribunal(&["hooks", "uninstall"]).ok().says("this repository is not watched any more");
    assert!(!is_watched(&repo));
    wait_for("the process to end", || watchers(&sandbox).is_empty());
    // It was not stopped: nothing keeps it from being started on demand again.
    repo.tribunal(&["daemon", "status"]).ok().never_says("it was stopped");
}
