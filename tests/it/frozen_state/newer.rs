//! State of a version that is not known yet: what refuses it leaves it byte for byte as it is.
//!
//! Some of these show what is done today where no version is looked at; each says so.

use std::fs;

use serde_json::{Value, json};

use crate::brain::{LEFT_OUT, diligent};
use crate::daemon::{Watching, spec};
use crate::frozen_state::data::{Data, LATER, later, ledger};
use crate::frozen_state::runs::repo;
use crate::harness::{Repo, Sandbox, wait_for};
use crate::scene::Scene;

/// Watchers work a day after the scene was made.
const AT: (&str, &str) = ("TRIBUNAL_TEST_NOW", LATER);

const STATE: &str = ".git/tribunal";

fn laid<'a>(sandbox: &'a Sandbox, scene: &str) -> Repo<'a> {
    let repo = sandbox.repo_with("r", &["--object-format=sha1"]);
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    Data::frozen(scene).lay(&repo);
    repo
}

/// Makes a file of the state one of the next version, with something that is not known.
fn made_newer(repo: &Repo<'_>, name: &str) -> Vec<u8> {
    assert_eq!(version_of(repo, name), 1, "{name}");
    made_version(repo, name, 2)
}

fn version_of(repo: &Repo<'_>, name: &str) -> u64 {
    let state = repo.read(format!("{STATE}/{name}"));
    serde_json::from_str::<Value>(&state).unwrap()["version"].as_u64().unwrap()
}

fn made_version(repo: &Repo<'_>, name: &str, version: u64) -> Vec<u8> {
    let path = repo.path(STATE).join(name);
    let mut state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    state["version"] = json!(version);
    state["more"] = json!(["not known"]);
    let bytes = state.to_string().into_bytes();
    fs::write(path, &bytes).unwrap();
    bytes
}

#[track_caller]
fn is_as_it_was(repo: &Repo<'_>, name: &str, before: &[u8]) {
    assert_eq!(fs::read(repo.path(STATE).join(name)).unwrap(), before, "{name} was written");
}

fn named(repo: &Repo<'_>, folder: &str) -> Vec<String> {
    let folder = repo.path(STATE).join(folder);
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with("json"));
    names.sort();
    names
}

#[test]
fn a_newer_ledger_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let repo = laid(&sandbox, "gates");
    let database = ledger(&repo);
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    database.execute_batch("CREATE TABLE more (id TEXT); PRAGMA user_version = 999").unwrap();
    drop(database);
    assert_eq!(version, 3);
    let before = fs::read(repo.path(STATE).join("ledger.db")).unwrap();
    let id = "01KJWBG7G09A5V73QB758E700H";
    for words in [
        &["findings", "list"][..],
        &["findings", "show", id],
        &["findings", "dismiss", id, "--reason", "no"],
        &["findings", "add", "--class", "other/x", "--at", "README.md:1", "--message", "m"],
        &["cost"],
    ] {
        let said = later(&repo, words).code(2);
        said.says("the ledger is from a newer tribunal").says("install the newer tribunal");
    }
    // What guards goes on without it.
    repo.write("a", format!("{} HEAD\n", "<".repeat(7))).git(&["add", "a"]).ok();
    later(&repo, &["check"]).code(1).says("conflict").says("the ledger is from a newer tribunal");
    is_as_it_was(&repo, "ledger.db", &before);
    assert!(!repo.path(STATE).join("ledger.db-wal").exists());
}

#[test]
fn newer_lists_of_specs_and_rules_are_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let repo = laid(&sandbox, "watcher");
    let before = made_newer(&repo, "specs.json");
    let (words, hint) = ("was written by a newer tribunal", "use that program");
    for command in [&["watch"][..], &["spec", "list"], &["daemon", "status"]] {
        later(&repo, command).code(2).says(words).says(hint);
    }
    later(&repo, &["daemon", "start"]).code(2).says("newer tribunal");
    is_as_it_was(&repo, "specs.json", &before);

    let rules = Sandbox::new();
    let repo = laid(&rules, "rules");
    let before = made_newer(&repo, "constitution.json");
    for command in [&["learn"][..], &["forget", "R-0002"], &["check"]] {
        let words = [&["constitution"], command].concat();
        later(&repo, &words).code(2).says("is from a newer tribunal").says("nothing was written");
    }
    let add = ["findings", "add", "--class", "other/x", "--at", "README.md:1", "--message", "m"];
    later(&repo, &add).ok().says("no rule was learned");
    is_as_it_was(&repo, "constitution.json", &before);
}

#[test]
fn a_newer_event_is_set_aside_as_it_is() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = laid(&scene.sandbox, "watcher");
    let event = named(&repo, "inbox").into_iter().find(|name| name.ends_with("-rewrite.json"));
    let event = event.unwrap();
    let before = made_newer(&repo, &format!("inbox/{event}"));
    let watching = Watching::begin(&repo, &[AT]);
    wait_for("it to be said", || !watching.of("aside").is_empty());
    wait_for("the inbox to be empty", || named(&repo, "inbox").is_empty());
    assert!(watching.of("aside")[0]["reason"].as_str().unwrap().contains("of version 2"));
    is_as_it_was(&repo, &format!("inbox/aside/{event}"), &before);
}

/// It does not count as waiting: what it means is not known.
#[test]
fn a_newer_entry_of_the_queue_is_told_and_left_as_it_is() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = laid(&scene.sandbox, "watcher");
    let before = made_newer(&repo, "queue/login.json");
    let status = later(&repo, &["status", "--format", "json"]).ok().json();
    assert_eq!(status["specs"]["queued"], 1, "the other one: {status:#}");
    repo.write("docs/specs/a.md", spec("login", "Sign in by key."));
    let watching = Watching::begin(&repo, &[AT]);
    wait_for("the trouble", || {
        let told = watching.of("trouble");
        told.iter().any(|news| news["message"].as_str().unwrap().contains("a newer tribunal"))
    });
    is_as_it_was(&repo, "queue/login.json", &before);
}

/// Today: where each HEAD was has no version. What is not known counts as nothing and is written over
/// by the first look.
#[test]
fn newer_heads_are_written_over() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = laid(&scene.sandbox, "watcher");
    let heads = format!("{STATE}/heads.json");
    let newer = json!({ "version": 2, "heads": {} }).to_string();
    repo.write(&heads, &newer).write("docs/specs/d.md", spec("more", "More."));
    let watching = Watching::begin(&repo, &[AT, ("TRIBUNAL_REVIEW_BACKGROUND", "off")]);
    // A file has to be still from one look to the next: the first look is over.
    wait_for("the spec", || watching.of("spec").iter().any(|news| news["id"] == "more"));
    assert!(!repo.read(&heads).contains("version"), "{}", repo.read(&heads));
    assert!(repo.read(&heads).contains(&repo.rev("HEAD")), "{}", repo.read(&heads));
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "chore: go on"]).ok();
    let head = repo.rev("HEAD");
    wait_for("the new HEAD", || repo.read(&heads).contains(&head));
    assert!(!repo.read(&heads).contains("version"), "{}", repo.read(&heads));
}

fn scene_of<'a>(scene: &'a Scene, name: &str) -> Repo<'a> {
    let repo = repo(scene, "r");
    Data::frozen(name).lay(&repo);
    repo
}

#[test]
fn a_newer_run_is_told_and_left_as_it_is() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = scene_of(&scene, "ended-review");
    let id = Data::frozen("ended-review").run();
    let name = format!("runs/{id}/run.json");
    let before = made_version(&repo, &name, 4);
    later(&repo, &["runs"]).ok().says(&id).says("is from a newer tribunal");
    later(&repo, &["resume", &id])
        .code(2)
        .says("is from a newer tribunal (format 4, known is 3)")
        .says("hint: install the newer tribunal");
    is_as_it_was(&repo, &name, &before);
}

/// Today: a receipt of another version answers nothing, and the new answer takes its place.
#[test]
fn a_newer_receipt_answers_nothing() {
    let scene = Scene::new("", diligent(&[LEFT_OUT]));
    let repo = scene_of(&scene, "ended-review");
    let review = ["review", "--commit", "HEAD"];
    // Once, so that there is a receipt for the question as this program names it.
    later(&repo, &["review", "--commit", "HEAD", "--fresh"]).code(1);
    let asked = scene.asked().len();
    later(&repo, &review).code(1);
    assert_eq!(scene.asked().len(), asked, "it has its receipt");
    let database = ledger(&repo);
    let newest = "SELECT question, body FROM receipts ORDER BY time DESC LIMIT 1";
    let (question, body): (String, String) =
        database.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let newer = body.replacen("{\"version\":1,", "{\"version\":2,", 1);
    assert_ne!(newer, body);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(question.len() as u64).to_le_bytes());
    hasher.update(question.as_bytes()).update(newer.as_bytes());
    let id = hasher.finalize().to_hex().to_string();
    let set = "UPDATE receipts SET body = ?1, id = ?2 WHERE question = ?3";
    database.execute(set, [&newer, &id, &question]).unwrap();
    drop(database);
    // It proves nothing that this program knows; what reviews were shown and found is kept beside it.
    later(&repo, &review).code(1).never_says("a receipt was not what had been kept");
    assert_eq!(scene.asked().len(), asked, "nobody was asked again");
    let body = "SELECT body FROM receipts WHERE question = ?1";
    let body: String = ledger(&repo).query_row(body, [question], |row| row.get(0)).unwrap();
    assert!(body.starts_with("{\"version\":2,"), "{body}");
}

/// Agreements were kept in the state once, where a repository could bring them.
#[test]
fn agreements_in_the_state_count_for_nothing() {
    let sandbox = Sandbox::new();
    let repo = laid(&sandbox, "gates");
    assert!(repo.path(format!("{STATE}/trusted")).exists());
    let agreed = later(&repo, &["trust", "--list", "--format", "json"]).ok().json();
    assert_eq!(agreed["trusted"].as_array().unwrap().len(), 0);
}
