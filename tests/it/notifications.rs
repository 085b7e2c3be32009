//! What the desktop shows of what ended, or waits for a person, in the background. The program that shows it, which
//! is called by its name, is a script that records what it is given.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, diligent, is_reviewer};
use crate::dropped_specs::{agree, looks_often};
use crate::harness::{Repo, Sandbox, executable, happens, processes, short, wait_for};
use crate::model_server::Asked;
use crate::planned_runs::{SPEC, code, good, planner, project, tests};
use crate::scene::{KEYS, Scene, Watcher};
use crate::spec_runs::stepping;

/// What the user says who wants to see it.
const ON: &str = "[review]\nnotify = \"desktop\"\n";

/// The scene, in which what is shown is recorded.
fn recorded(mut scene: Scene) -> Scene {
    let bin = scene.sandbox.path().join("bin");
    let file = record(&scene.sandbox);
    let script = format!(
        "#!/bin/sh\nbus=$DBUS_SESSION_BUS_ADDRESS\nprintf '%s\\t%s\\t%s\\t%s\\n' \"$1\" \"$2\" \"$3\" \"$bus\" >>'{}'\n",
        file.display()
    );
    executable(bin.join("notify-send"), script);
    let path = std::env::var("PATH").unwrap();
    scene.sandbox.vars.push(("PATH", format!("{}:{path}", bin.display())));
    scene.sandbox.vars.push(("DBUS_SESSION_BUS_ADDRESS", "unix:path=/bus".to_owned()));
    scene
}

fn record(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path().join("shown")
}

/// The bodies of what was shown of the repository `r`.
fn shown(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(record(sandbox)).unwrap_or_default();
    let body = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        // Nothing of it is taken for an option, the repository is named, and the desktop is found.
        assert_eq!(
            (parts[0], parts[1], parts[3]),
            ("--", "tribunal: r", "unix:path=/bus"),
            "{line}"
        );
        parts[2].to_owned()
    };
    text.lines().map(body).collect()
}

/// What the next commit tells.
fn told(repo: &Repo<'_>) -> String {
    let words = ["commit", "--quiet", "--allow-empty", "-m", "feat: go on"];
    repo.git(&words).ok().stderr
}

/// The run of the spec, as it stands.
fn run_that(repo: &Repo<'_>, standing: &str) -> Option<Value> {
    let listed = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let all = listed["runs"].as_array().unwrap().clone();
    all.into_iter().find(|run| run["kind"] == "spec" && run["standing"] == standing)
}

#[track_caller]
fn comes(repo: &Repo<'_>, what: &str, mut holds: impl FnMut() -> bool) {
    // A whole run on a busy machine takes longer than what is waited for at once.
    let came = (0..6).any(|_| happens(&mut holds));
    assert!(came, "{what}: {}\n{}", repo.tribunal(&["status"]), repo.tribunal(&["daemon", "log"]));
}

/// A dropped spec waits for its person, is answered in its file, and is built.
fn waits_and_ends(settings: &str) -> Vec<String> {
    let brain = stepping(tests(), code(), planner(good()));
    let settings = format!(
        "{settings}[watch]\nsettle = \"50ms\"\nrescan = \"100ms\"\n[runs]\nask-every = 1\n"
    );
    let scene = recorded(Scene::new(&settings, brain).logged_in(&KEYS));
    let repo = project(&scene, SPEC);
    fs::remove_file(repo.path("docs/specs/sizes.md")).unwrap();
    repo.git(&["config", "user.name", "A Person"]).ok();
    repo.git(&["config", "user.email", "person@example.invalid"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    agree(&repo);
    let _watcher = Watcher::without_reviews(&repo);
    repo.write("docs/specs/sizes.md", SPEC);
    let to_tell = repo.path(".git/tribunal/reviews/to-tell");
    comes(&repo, "a question", || to_tell.exists() && run_that(&repo, "waiting").is_some());
    let run = run_that(&repo, "waiting").unwrap();
    let id = short(run["id"].as_str().unwrap()).to_owned();
    let file = run["waits_for"]["file"].as_str().unwrap().to_owned();
    let show = repo.tribunal(&["runs", "show", &id]).ok();
    let page = fs::read_to_string(&file).unwrap();
    fs::write(&file, page.replacen("answer:", "answer: approve", 1)).unwrap();
    let told_of = || fs::read_to_string(&to_tell).unwrap_or_default().lines().count();
    comes(&repo, "the end", || run_that(&repo, "ended").is_some() && told_of() == 2);
    // It is shown by then.
    wait_for("the process to end", || processes(&repo, ["daemon", "build"]).is_empty());
    let said = told(&repo);
    assert!(said.contains("`sizes` waits for your answer about "), "{said}");
    assert!(said.contains("built `sizes`"), "{said}");
    let shown = shown(&scene.sandbox);
    if let [waits, _] = &shown[..] {
        assert!(waits.contains(&format!("`tribunal runs show {id}` tells more")), "{waits}");
        assert!(waits.contains(&file), "{waits}");
        // The commands that answer are those that the run itself shows.
        let (_, answer) = waits.split_once("(hint: ").unwrap();
        let (answer, _) = answer.split_once("; ").unwrap();
        assert!(answer.starts_with(&format!("`tribunal approve {id} --page ")), "{waits}");
        show.says(answer);
    }
    shown
}

#[test]
fn a_run_that_waits_and_its_end_are_shown_where_the_user_asks_for_it() {
    let shown = waits_and_ends(ON);
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].starts_with("`sizes` waits for your answer about "), "{shown:?}");
    assert!(shown[1].starts_with("built `sizes`: 2 commits up to "), "{shown:?}");
    assert!(shown[1].contains("`git merge tribunal/sizes` takes it"), "{shown:?}");
    assert_eq!(waits_and_ends(""), [] as [&str; 0]);
}

#[test]
fn a_review_that_ends_after_its_push_is_shown_where_the_user_asks_for_it() {
    for (settings, is_on) in [(ON, true), ("", false)] {
        let may = Arc::new(AtomicBool::new(false));
        let (then, answers) = (Arc::clone(&may), diligent(&[LEFT_OUT]));
        let scene = recorded(
            Scene::new(settings, move |asked: &Asked| {
                while is_reviewer(asked) && !then.load(Ordering::SeqCst) {
                    std::thread::park_timeout(std::time::Duration::from_millis(5));
                }
                answers(asked)
            })
            .logged_in(&KEYS),
        );
        let repo = scene.guarded("[review]\npre-push = \"ask-later\"\n");
        looks_often(&scene, &repo);
        let _watcher = Watcher::start(&repo);
        repo.write("src/sum.rs", BUGGY).commit("feat: sum").ok();
        let commit = repo.rev("HEAD")[..10].to_owned();
        wait_for("the reviewer to be asked", || !scene.asked().is_empty());
        repo.git(&["push", "--quiet", "origin", "main"]).ok().never_says("the review of");
        assert_eq!(shown(&scene.sandbox), [] as [&str; 0]);
        may.store(true, Ordering::SeqCst);
        wait_for("the line", || repo.path(".git/tribunal/reviews/to-tell").exists());
        // It is shown by then.
        wait_for("the process to end", || processes(&repo, ["review", "--waiting"]).is_empty());
        let said = told(&repo);
        assert!(said.contains(&format!("the review of commit {commit}: block: ")), "{said}");
        let shown = shown(&scene.sandbox);
        assert_eq!(shown.len(), usize::from(is_on), "{shown:?}");
        if is_on {
            let whole = format!("the review of commit {commit}: block: critical, src/sum.rs:3: ");
            assert!(shown[0].starts_with(&whole), "{shown:?}");
            assert!(shown[0].contains("`tribunal runs show "), "{shown:?}");
        }
    }
}

#[test]
fn no_repository_switches_it_on_and_what_cannot_be_shown_stops_nothing() {
    for (settings, policy, is_on) in [(ON, "", true), ("", ON, false)] {
        let scene = recorded(Scene::new(settings, diligent(&[LEFT_OUT])).logged_in(&KEYS));
        let repo = scene.guarded("");
        repo.write("tribunal.toml", policy).commit_unjudged("chore: policy");
        let review = |name: &str, text: &str| {
            repo.write(format!("src/{name}.rs"), text).commit_unjudged("feat: sum");
            repo.write(format!(".git/tribunal/reviews/waiting/{}", repo.rev("HEAD")), "");
            repo.tribunal(&["review", "--waiting"]).ok();
        };
        review("clean", CLEAN);
        // Of the one that passed there is nothing to say.
        assert_eq!(shown(&scene.sandbox), [] as [&str; 0]);
        review("sum", &BUGGY.replace("all items", "all <b>items</b> & more"));
        assert_eq!(shown(&scene.sandbox).len(), usize::from(is_on), "{policy}");
        executable(scene.sandbox.path().join("bin/notify-send"), "#!/bin/sh\nexit 1\n");
        review("more", BUGGY);
    }
}
