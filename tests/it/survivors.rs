//! Processes that meet: at a lock, at a question, and those that outlive the one which started them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::brain::{LEFT_OUT, diligent};
use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, executable, run, wait_for};
use crate::model_server::{Asked, Say};
use crate::needs::{Need, skip};
use crate::scene::{Beside, Scene, Watcher, unclosed};

const REVIEW: [&str; 5] = ["review", "--commit", "HEAD", "--format", "json"];

/// The only run of a repository.
fn only_run(repo: &Repo<'_>) -> String {
    let runs = fs::read_dir(repo.path(".git/tribunal/runs")).unwrap();
    let ids: Vec<String> =
        runs.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    ids[0].clone()
}

/// The state of a process, as Linux tells it; `None` where it is gone.
fn state(pid: &str) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("State:"))?;
    line.trim().chars().next()
}

fn is_at_work(pid: &str) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// A child on its way to its program has a copy of the lock's descriptor for a moment. Here the test
/// has it, for as long as it likes.
#[test]
fn what_a_killed_process_still_holds_is_waited_for() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    repo.until_save(&REVIEW, 20).code(-1);
    let id = only_run(&repo);
    let lock = repo.path(format!(".git/tribunal/runs/{id}/lock"));
    for words in [&["resume", &id, "--format", "json"][..], &REVIEW] {
        let held = File::options().read(true).write(true).open(&lock).unwrap();
        held.lock().unwrap();
        repo.tribunal(&["runs"]).ok().says("stopped");
        let mut resumed = Beside::start(&repo, words, "resumed");
        wait_for("it to wait", || {
            resumed.said().contains("was killed: waiting for its end") || !resumed.is_running()
        });
        assert!(resumed.is_running(), "{}", resumed.end());
        held.unlock().unwrap();
        assert_eq!(resumed.end().code(1).json()["verdict"], "block");
        // For the second one, as if it had been killed before its end was kept.
        let state = repo.path(format!(".git/tribunal/runs/{id}/run.json"));
        let text = fs::read_to_string(&state).unwrap();
        fs::write(&state, unclosed(&text)).unwrap();
        let gone = json!({ "pid": i32::MAX, "start": 1 });
        fs::write(&lock, gone.to_string()).unwrap();
        let receipts = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
        receipts.execute("DELETE FROM receipts", []).unwrap();
        receipts.execute("DELETE FROM shown_parts", []).unwrap();
    }
}

/// Agents in the way of which a script stands: it writes down who starts, who was still at work then,
/// and hangs for as long as a file is there.
struct Slow {
    scene: Scene,
    folder: PathBuf,
}

impl Slow {
    fn new() -> Self {
        let scene = Scene::new("", diligent(&[LEFT_OUT]));
        let folder = scene.sandbox.path().join("slow");
        fs::create_dir(&folder).unwrap();
        let script = "#!/bin/sh\nhere=HERE\ncase \"$1\" in exec) ;; *) exec \"$here/../stand-ins/codex\" \"$@\" ;; esac\n\
            [ \"$2\" = --help ] && exec \"$here/../stand-ins/codex\" \"$@\"\n\
            for pid in $(cat \"$here/pids\" 2>/dev/null); do\n  \
              grep -q '^State:[[:space:]]*[RSDTt]' \"/proc/$pid/status\" 2>/dev/null && echo \"$pid\" >>\"$here/overlap\"\n\
            done\n\
            echo $$ >>\"$here/pids\"\n\
            if [ -e \"$here/hide\" ]; then\n  \
              env -i setsid sh -c 'echo $$ >>\"$1/hidden\"; sleep 600; :' sh \"$here\" >/dev/null 2>&1 &\n  \
              while ! [ -s \"$here/hidden\" ]; do :; done\nfi\n\
            if [ -e \"$here/hang\" ]; then\n  trap '' TERM INT HUP\n  \
              setsid sh -c 'echo $$ >>\"$1/pids\"; trap \"\" TERM; touch \"$1/hangs\"; sleep 600; :' sh \"$here\" &\n  \
              sleep 600; :\nfi\n\
            exec \"$here/../stand-ins/codex\" \"$@\"\n";
        let text = script.replace("HERE", folder.to_str().unwrap());
        let (script, codex) = (folder.join("codex"), scene.sandbox.path().join("stand-ins/codex"));
        executable(&script, text);
        let settings = fs::read_to_string(scene.sandbox.settings_file()).unwrap();
        let instead = settings.replace(codex.to_str().unwrap(), script.to_str().unwrap());
        scene.sandbox.settings(&instead);
        Self { scene, folder }
    }

    fn pids(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join("pids")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The processes that a process started.
fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    list.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Whatever ends the process ends its watchdog too, as when the machine runs out of memory: its agent
/// and what that one started go on. The next life proves that they are dead before it asks again.
#[cfg(target_os = "linux")]
#[test]
fn an_agent_of_an_earlier_life_is_dead_before_the_call_is_made_again() {
    for with_watchdog in [false, true] {
        let slow = Slow::new();
        let repo = slow.scene.repo();
        fs::write(slow.folder.join("hang"), "").unwrap();
        let mut first = Beside::start(&repo, &REVIEW, "first");
        wait_for("the agent", || slow.folder.join("hangs").exists() && slow.pids().len() == 2);
        if !with_watchdog {
            let is_watchdog = |pid: &u32| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
                String::from_utf8_lossy(&line).contains("read -r done")
            };
            let watchdogs: Vec<u32> =
                children_of_all(first.child.id()).into_iter().filter(is_watchdog).collect();
            assert_eq!(watchdogs.len(), 1);
            kill(watchdogs[0]);
        }
        kill(first.child.id());
        first.child.wait().unwrap();
        let before = slow.pids();
        if !with_watchdog {
            assert!(before.iter().all(|pid| is_at_work(pid)), "{before:?}");
        }
        fs::remove_file(slow.folder.join("hang")).unwrap();
        let again = repo.tribunal(&["resume", &only_run(&repo), "--format", "json"]);
        assert_eq!(again.clone().code(1).json()["verdict"], "block", "{again}");
        assert_eq!(slow.pids().len(), 3, "{again}");
        let overlap = fs::read_to_string(slow.folder.join("overlap")).unwrap_or_default();
        assert_eq!(overlap, "", "watchdog {with_watchdog}: {again}");
        assert!(!before.iter().any(|pid| is_at_work(pid)), "{before:?}");
    }
}

/// It has another session, another environment, and a parent that ends at once.
#[cfg(target_os = "linux")]
#[test]
fn what_an_agent_leaves_without_its_environment_is_gone_after_the_call() {
    let slow = Slow::new();
    let repo = slow.scene.repo();
    fs::write(slow.folder.join("hide"), "").unwrap();
    repo.tribunal(&REVIEW).code(1);
    let hidden = fs::read_to_string(slow.folder.join("hidden")).unwrap();
    assert!(!hidden.is_empty());
    for pid in hidden.lines() {
        assert!(!is_at_work(pid), "{pid} of {hidden}");
    }
}

/// Those of every thread: each may have started some.
fn children_of_all(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut all = children(pid);
    for thread in threads {
        let path = thread.unwrap().path().join("children");
        let list = fs::read_to_string(path).unwrap_or_default();
        all.extend(list.split_ascii_whitespace().map(|pid| pid.parse::<u32>().unwrap()));
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn one_question_asked_by_two_processes_makes_one_run() {
    for fix in [false, true] {
        let brain = diligent(&[LEFT_OUT]);
        let scene = Scene::new("", move |asked: &Asked| match brain(asked) {
            Say::Words(mut words) => {
                words.delay = Duration::from_millis(500);
                Say::Words(words)
            }
            other => other,
        });
        let repo = scene.repo();
        let mut words = REVIEW.to_vec();
        words.extend(fix.then_some("--fix"));
        let both = ["one", "two"].map(|name| Beside::start(&repo, &words, name));
        let both = both.map(Beside::end);
        let run = |outcome: &Outcome| outcome.json()["review"]["run"].as_str().unwrap().to_owned();
        let verdict = if fix { ("pass", 0) } else { ("block", 1) };
        for outcome in &both {
            assert_eq!(outcome.json()["verdict"], verdict.0, "{outcome}");
            assert_eq!(outcome.code, verdict.1, "{outcome}");
            assert_eq!(run(outcome), only_run(&repo), "{outcome}");
        }
        assert_eq!(scene.asked().len(), if fix { 4 } else { 2 }, "{}", both[1]);
        let told = both.iter().filter(|outcome| {
            outcome.stderr.contains("reviews this already")
                && outcome.stderr.contains("waiting for its result")
        });
        assert_eq!(told.count(), 1, "{}{}", both[0], both[1]);
    }
}

/// Whoever commits may hold a lock by a descriptor, or wait for the end of a pipe.
#[cfg(target_os = "linux")]
#[test]
fn the_watcher_keeps_no_descriptor_of_whoever_started_it() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let lock = scene.sandbox.path().join("lock");
    let mut start = scene.sandbox.command("/bin/sh", &repo.dir);
    start.args(["-c", r#"exec 7>"$1" 8>&1 >/dev/null; exec "$2" daemon start"#, "sh"]);
    start.args([lock.as_os_str(), TRIBUNAL.as_ref()]).env_remove("TRIBUNAL_NO_DAEMON");
    start.stdout(File::create(scene.sandbox.path().join("pipe")).unwrap());
    assert!(start.status().unwrap().success());
    let watcher = Watcher(&repo);
    let status = repo.tribunal(&["daemon", "status", "--format", "json"]).ok().json();
    let pid = status["daemon"]["pid"].as_u64().unwrap();
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let open: Vec<PathBuf> =
        open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).collect();
    let foreign = [lock, scene.sandbox.path().join("pipe")];
    assert!(!open.iter().any(|path| foreign.contains(path)), "{open:?}");
    drop(watcher);
}

/// Trees of other repositories in the cache: a path that is not there may be on a drive that is not
/// mounted.
#[test]
fn trees_in_the_cache_stay_unless_their_repository_is_gone_for_good() {
    use std::os::unix::fs::MetadataExt as _;
    let scene = Scene::diligent();
    let repo = scene.repo();
    let cache = scene.sandbox.home().join(".cache/tribunal/trees");
    let here = fs::metadata(scene.sandbox.path()).unwrap().dev().to_string();
    let old = SystemTime::now() - Duration::from_hours(31 * 24);
    let young = SystemTime::now() - Duration::from_hours(24);
    let put = |name: &str, owner: &Path, device: Option<&str>, used: SystemTime| {
        let folder = cache.join(name);
        fs::create_dir_all(folder.join("0")).unwrap();
        fs::write(folder.join("repository"), owner.to_str().unwrap()).unwrap();
        if let Some(device) = device {
            fs::write(folder.join("device"), device).unwrap();
        }
        File::create(folder.join("0/lock")).unwrap().set_modified(used).unwrap();
        folder
    };
    let gone = scene.sandbox.path().join("projects/gone/.git");
    let stay = [
        put("unmounted", &gone, Some("123456789"), old),
        put("young", &gone, Some(&here), young),
        put("unknown", &gone, None, old),
        put("there", &repo.path(".git"), Some(&here), old),
    ];
    let go = put("gone", &gone, Some(&here), old);
    repo.tribunal(&REVIEW).code(1);
    assert!(stay.iter().all(|folder| folder.exists()), "{stay:?}");
    assert!(!go.exists());
}

/// Script 6 of what users of other hook managers reported: a lock that was held around a commit is
/// free after it.
#[test]
fn a_lock_around_a_commit_is_free_after_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    if Command::new("flock").arg("--version").output().is_err() {
        skip("a_lock_around_a_commit_is_free_after_it", Need::Flock, "there is no `flock`");
        return;
    }
    repo.write("docs/specs/README.md", "Specs.\n").write("a", "1\n").commit_unjudged("one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "watcher", "--yes"]).ok();
    let lock = sandbox.path().join("lock");
    repo.write("a", "2\n").git(&["add", "--all"]).ok();
    let mut commit = sandbox.command("flock", &repo.dir);
    commit.arg(&lock).args(["git", "commit", "--quiet", "-m", "two"]);
    commit.env_remove("TRIBUNAL_NO_DAEMON").stdin(Stdio::null());
    commit.stdout(Stdio::null()).stderr(Stdio::null());
    assert!(commit.status().unwrap().success());
    let is_running =
        || repo.tribunal(&["daemon", "status", "--format", "json"]).ok().json()["running"] == true;
    wait_for("the daemon", is_running);
    // Git itself may still tidy up for a moment, with the same descriptors.
    let lock = File::open(&lock).unwrap();
    wait_for("the lock to be free", || lock.try_lock().is_ok());
    assert!(is_running());
    repo.tribunal(&["daemon", "stop"]).ok();
}

/// The worker that a push starts for the reviews of its commits goes on after the push.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_around_a_push_is_free_while_its_worker_is_at_work() {
    let scene = Scene::new("", |_: &Asked| Say::Hang);
    let repo = scene.repo();
    let remote = scene.sandbox.bare("origin.git");
    repo.git(&["remote", "add", "origin", remote.dir.to_str().unwrap()]).ok();
    repo.git(&["push", "--quiet", "origin", "HEAD~1:refs/heads/main"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    let lock = scene.sandbox.path().join("lock");
    let mut push = scene.sandbox.command("/bin/sh", &repo.dir);
    push.args(["-c", r#"exec 7>"$1"; exec git push --quiet origin main"#, "sh"]).arg(&lock);
    push.env_remove("TRIBUNAL_NO_DAEMON").env("TRIBUNAL_REVIEW_PRE_PUSH", "ask-later");
    run(push, b"").ok();
    wait_for("the worker's question", || scene.asked().len() == 1);
    let text = fs::read(repo.path(".git/tribunal/reviews/lock")).unwrap();
    let worker = serde_json::from_slice::<Value>(&text).unwrap()["pid"].as_u64().unwrap();
    let open = fs::read_dir(format!("/proc/{worker}/fd")).unwrap();
    let open: Vec<PathBuf> =
        open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok()).collect();
    let pid = Pid::from_raw(i32::try_from(worker).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    wait_for("the worker to end", || !is_at_work(&worker.to_string()));
    assert!(!open.contains(&lock), "{open:?}");
    assert_eq!(scene.alive().len(), 0);
}
