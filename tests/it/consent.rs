//! What tribunal does by itself: nothing before a person said yes, and nothing is left once it was taken
//! out again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::brain::diligent;
use crate::harness::{Outcome, Repo, Sandbox, run, wait_for, watchers};
use crate::output::terminal::on_terminal_typing;
use crate::scene::{Scene, Watcher};

/// The policy of a clone whose author wants much to happen.
const GREEDY: &str = "[[commands]]\nname = \"never\"\nrun = \"touch ran\"\non = [\"pre-commit\"]\n";

/// Runs a command as a person without the harness's words against watchers would, with no terminal.
fn without_terminal(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    let mut command = repo.command(words);
    command.env_remove("TRIBUNAL_NO_DAEMON").stdin(Stdio::null());
    run(command, b"")
}

fn commit(repo: &Repo<'_>, name: &str) -> Outcome {
    repo.write(name, format!("{name}\n")).git(&["add", name]).ok();
    let mut git = repo.sandbox.command("git", &repo.dir);
    git.args(["commit", "--quiet", "-m", "feat: go on"]).env_remove("TRIBUNAL_NO_DAEMON");
    run(git, b"")
}

fn answers(repo: &Repo<'_>) -> Value {
    repo.tribunal(&["trust", "--list", "--format", "json"]).ok().json()
}

/// A clone with commands and specs, on a machine with agents.
fn greedy(scene: &Scene) -> Repo<'_> {
    let repo = scene.library();
    repo.write("tribunal.toml", GREEDY).write("docs/specs/a.md", "# A\n");
    repo.commit_unjudged("feat: greedy");
    repo
}

#[test]
fn without_a_terminal_nothing_runs_is_sent_or_stays() {
    for words in [&["init"][..], &["hooks", "install"]] {
        let scene = Scene::new("", diligent(&[]));
        let repo = greedy(&scene);
        let said = without_terminal(&repo, words).ok();
        said.says("runs    touch ran")
            .says("the commands are not trusted and do not run")
            .says("no watcher starts by itself")
            .says("no commit is sent to a model")
            .says("no spec is built by itself")
            .says("`tribunal trust commands --yes`")
            .says("`tribunal trust watcher --yes`")
            .says("`tribunal trust reviews --yes`")
            .says("`tribunal trust runs --yes`");
        commit(&repo, "a").ok();
        assert!(watchers(&scene.sandbox).is_empty());
        assert!(!scene.sandbox.watcher_state().exists());
        assert!(!repo.path(".git/tribunal/daemon.lock").exists());
        assert!(scene.asked().is_empty());
        let known = answers(&repo);
        assert_eq!(
            (&known["watcher"], &known["reviews"], &known["runs"]),
            (&"not-asked".into(), &"not-asked".into(), &"not-asked".into())
        );
        assert!(known["trusted"].as_array().unwrap().is_empty());
    }
}

#[test]
fn on_a_terminal_each_question_is_asked_once_with_its_facts() {
    let scene = Scene::new("", diligent(&[]));
    let repo = greedy(&scene);
    let typed = |words: &[&str], keys: &str| {
        String::from_utf8(on_terminal_typing(repo.command(words), keys)).unwrap()
    };
    let said = typed(&["hooks", "install"], "n\ny\nn\nn\n")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for fact in [
        "runs touch ran",
        "Allow tribunal to run these commands on this machine? [y/N]",
        "one small process for all your repositories",
        "Start the watcher by itself where it has work? [y/N]",
        "is sent to `codex` (openai)",
        "`claude` (anthropic)",
        "known secrets are removed",
        "$10.00 a review and $50.00 a day",
        "Review new commits in the background? [y/N]",
        "specs that you save from now on with `status: ready` can be built in the background, 1 at a time",
        "are sent to `claude` (anthropic), which writes tests and code",
        "$10.00 a run and $50.00 a day, with all other calls",
        "Build specs that you save as ready? [y/N]",
    ] {
        assert!(said.contains(fact), "{fact}: {said}");
    }
    let known = answers(&repo);
    assert_eq!((&known["watcher"], &known["reviews"]), (&"yes".into(), &"no".into()));
    assert_eq!(known["runs"], "no");
    // What was answered is not asked again; a command that is not trusted is.
    let again = typed(&["hooks", "install"], "n\n");
    assert!(again.contains("runs    touch ran"), "{again}");
    assert!(!again.contains("Start the watcher") && !again.contains("Review new"), "{again}");
    // Who names a question is asked it again.
    let named = typed(&["trust", "reviews"], "y\n");
    assert!(named.contains("Review new commits"), "{named}");
    assert_eq!(answers(&repo)["reviews"], "yes");
    repo.tribunal(&["trust", "--revoke", "reviews"])
        .ok()
        .says("no new commit is sent to a model")
        .says("hint: the watcher stays on: `tribunal trust --revoke watcher`");
    assert_eq!(answers(&repo)["reviews"], "no");
    repo.tribunal(&["trust", "--revoke", "nope"])
        .code(2)
        .says("no trusted command is named `nope`");
}

#[test]
fn a_no_to_the_watcher_is_a_no_to_what_needs_it() {
    let scene = Scene::new("", diligent(&[]));
    let repo = greedy(&scene);
    let said = on_terminal_typing(repo.command(&["hooks", "install"]), "n\nn\n");
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("Review new commits"), "{said}");
    assert!(
        said.contains("reviews are not asked about: the watcher notices new commits"),
        "{said}"
    );
    assert!(said.contains("runs are not asked about: the watcher notices specs"), "{said}");
    // A yes to reviews is one to the watcher, without which no commit is noticed.
    let said = on_terminal_typing(repo.command(&["trust", "reviews"]), "n\n");
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.contains("The watcher, which notices new commits, is switched on with it"),
        "{said}"
    );
    assert_eq!(answers(&repo)["watcher"], "no");
    repo.tribunal(&["trust", "reviews", "--yes"]).ok().says("the watcher is switched on as well");
    let known = answers(&repo);
    assert_eq!((&known["watcher"], &known["reviews"]), (&"yes".into(), &"yes".into()));
    repo.tribunal(&["trust", "--revoke", "watcher"])
        .ok()
        .says("none starts by itself")
        .says("hint: new commits are still reviewed at the push")
        .never_says("trusted");
}

#[test]
fn no_repository_brings_answers_with_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", GREEDY).commit_unjudged("feat: greedy");
    repo.tribunal(&["trust", "commands", "watcher", "--yes"]).ok();
    assert_eq!(answers(&repo)["watcher"], "yes");
    let is_asked = |repo: &Repo<'_>| {
        let known = answers(repo);
        known["watcher"] == "not-asked" && known["trusted"].as_array().unwrap().is_empty()
    };
    // A copy with all that is in `.git`, as in an archive that somebody packed.
    let copy = Repo { sandbox: &sandbox, dir: sandbox.path().join("copy") };
    copy_tree(&repo.dir, &copy.dir);
    assert!(is_asked(&copy), "a copy is another repository");
    // Another repository in the same place.
    fs::rename(&repo.dir, sandbox.path().join("moved")).unwrap();
    let other = sandbox.repo("r");
    other.write("tribunal.toml", GREEDY).commit_unjudged("feat: greedy");
    assert!(is_asked(&other), "another repository stands in the place");
    // Linked work trees are of one repository.
    other.tribunal(&["trust", "watcher", "--yes"]).ok();
    other.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    assert_eq!(answers(&linked)["watcher"], "yes");
}

#[test]
fn answers_that_cannot_be_read_allow_nothing_and_say_how_to_go_on() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", GREEDY).commit_unjudged("feat: greedy");
    repo.tribunal(&["trust", "--yes"]).ok();
    let folder = sandbox.home().join(".config/tribunal/repositories");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, "consent = \"yes to all\"\n").unwrap();
    repo.tribunal(&["hooks", "install"]).code(2).says("rm ").says("answer again");
    repo.write("a", "a\n").git(&["add", "a"]).ok();
    repo.git(&["commit", "-m", "feat: a"]).code(1).says("cannot be read");
    fs::remove_file(&file).unwrap();
    repo.git(&["commit", "-m", "feat: a"]).ok().says("it is not trusted");
}

#[test]
fn commits_are_reviewed_only_after_a_yes_and_a_push_asks_for_nothing_before() {
    let scene = Scene::new("", diligent(&[]));
    let repo = scene.library();
    repo.push_to(&scene.sandbox.bare("origin.git"));
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "watcher", "--yes"]).ok();
    repo.write("docs/specs/README.md", "Specs.\n");
    let watcher = Watcher::without_reviews(&repo);
    commit(&repo, "a").ok();
    wait_for("the watcher to know the commit", || watcher.knows_head());
    let mut push = repo.sandbox.command("git", &repo.dir);
    push.args(["push", "--quiet", "origin", "main"]).env_remove("TRIBUNAL_NO_DAEMON");
    run(push, b"").ok().never_says("review");
    assert!(scene.asked().is_empty());
    repo.tribunal(&["trust", "reviews", "--yes"]).ok();
    commit(&repo, "b").ok();
    wait_for("the review", || !scene.asked().is_empty());
}

/// Every path below a folder, with what is in the files.
fn listing(top: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path.clone());
                found.push((path, Vec::new()));
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.push((path, content));
            }
        }
    }
    found.sort();
    found
}

fn copy_tree(from: &Path, to: &Path) {
    for (path, content) in listing(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, content).unwrap();
        }
    }
}

#[test]
fn a_purge_leaves_what_was_there_before() {
    let scene = Scene::new("", diligent(&[]));
    let repo = scene.library();
    repo.write("dev.env", format!("TOKEN={}\n", crate::scene::secret()))
        .commit_unjudged("feat: env");
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    repo.push_to(&scene.sandbox.bare("origin.git"));
    let before = [listing(&repo.dir), listing(&scene.sandbox.home())];
    without_terminal(&repo, &["init"]).ok();
    repo.tribunal(&["trust", "watcher", "reviews", "runs", "--yes"]).ok();
    assert!(repo.path("tribunal.toml").exists());
    without_terminal(&repo, &["daemon", "start"]).ok();
    repo.tribunal(&["check", "--all"]);
    let plan = repo.tribunal(&["uninstall", "--purge", "--dry-run"]).ok();
    plan.says("would remove").says("tribunal.toml (as `init` wrote it, and not committed)");
    repo.tribunal(&["uninstall", "--purge"]).ok().says("the watcher was stopped");
    assert!(watchers(&scene.sandbox).is_empty());
    let after = [listing(&repo.dir), listing(&scene.sandbox.home())];
    let names = |all: &[Vec<(PathBuf, Vec<u8>)>; 2]| -> BTreeSet<PathBuf> {
        all.iter().flatten().map(|(path, _)| path.clone()).collect()
    };
    let (before_names, after_names) = (names(&before), names(&after));
    let differing: Vec<_> = before_names.symmetric_difference(&after_names).collect();
    assert!(differing.is_empty(), "{differing:?}");
    assert!(after == before, "a file has another content");
    // Where nothing is left nothing is made.
    repo.tribunal(&["uninstall", "--purge"]).ok();
    assert!(!repo.path(".git/tribunal").exists());
}

#[test]
fn answers_about_a_repository_go_once_it_is_gone_and_not_with_its_disk() {
    let sandbox = Sandbox::new();
    let folder = sandbox.settings_file().parent().unwrap().join("repositories");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(sandbox.path().join("disk")).unwrap();
    let kept = ["deleted", "moved", "disk/away", "here"].map(|name| {
        let repo = sandbox.repo(name);
        let before = listing(&folder);
        repo.tribunal(&["trust", "--revoke", "reviews"]).ok();
        let after = listing(&folder).into_iter().find(|file| !before.contains(file)).unwrap();
        (repo, after.0)
    });
    let [(deleted, of_deleted), (moved, of_moved), (away, of_away), (here, of_here)] = kept;
    fs::remove_dir_all(&deleted.dir).unwrap();
    fs::rename(&moved.dir, sandbox.path().join("elsewhere")).unwrap();
    // A disk that is not mounted leaves an empty folder.
    fs::remove_dir_all(&away.dir).unwrap();
    let named = [of_deleted.to_str().unwrap(), of_moved.to_str().unwrap()];
    let doctor = here.tribunal(&["doctor"]);
    let doctor = doctor.says("which is gone").says(named[0]).says(named[1]);
    doctor.never_says(of_away.to_str().unwrap()).never_says(of_here.to_str().unwrap());
    let json = here.tribunal(&["doctor", "--format", "json"]).json();
    let files =
        json["gone"].as_array().unwrap().iter().map(|gone| gone["answers"].as_str().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), BTreeSet::from(named));

    let other = sandbox.repo("other");
    let plan = other.tribunal(&["uninstall", "--purge", "--dry-run"]).ok();
    plan.says(named[0]).says(named[1]).never_says(of_away.to_str().unwrap());
    assert!(of_deleted.exists() && of_moved.exists(), "a look takes nothing");
    other.tribunal(&["uninstall", "--purge"]).ok().says(named[0]).says(named[1]);
    assert!(!of_deleted.exists() && !of_moved.exists());
    assert!(of_away.exists() && of_here.exists(), "what is not gone stays");
}

#[test]
fn what_a_person_changed_or_committed_stays() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.tribunal(&["init"]).ok();
    let policy = repo.read("tribunal.toml");
    repo.write("tribunal.toml", format!("{policy}# mine\n"));
    repo.tribunal(&["uninstall", "--purge"]).ok();
    assert!(repo.read("tribunal.toml").ends_with("# mine\n"));
    repo.write("tribunal.toml", "").git(&["clean", "-fdq"]).ok();
    repo.tribunal(&["init"]).ok();
    repo.git(&["add", "tribunal.toml"]).ok();
    repo.tribunal(&["uninstall", "--purge"]).ok();
    assert!(repo.path("tribunal.toml").exists(), "what is staged is the person's");
}

#[test]
fn a_purge_spares_what_a_person_changed_while_it_asked_and_what_is_committed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.tribunal(&["init"]).ok();
    repo.commit_unjudged("chore: policy").git(&["rm", "--quiet", "--cached", "tribunal.toml"]).ok();
    repo.tribunal(&["uninstall", "--purge"]).ok();
    assert!(repo.path("tribunal.toml").exists(), "the last commit has it");
}
