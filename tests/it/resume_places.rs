//! Runs that are killed and gone on with in repositories that are not like most.

use crate::brain::BUGGY;
use crate::harness::{Outcome, Repo};
use crate::scene::Scene;

/// Has the change fixed, with a kill half-way, and looks at what is offered.
#[track_caller]
fn fixed(scene: &Scene, repo: &Repo<'_>, words: &[&str], file: &str) -> Outcome {
    let before = repo.git(&["status", "--porcelain=v2", "--branch"]).stdout;
    let asked = scene.asked().len();
    let words = [&["review", "--fix", "--format", "json"], words].concat();
    repo.until_save(&words, 60).code(-1);
    let outcome = repo.tribunal(&words).code(0);
    let json = outcome.json();
    let branch = json["review"]["offer"]["branch"].as_str().unwrap();
    let text = repo.git(&["show", &format!("{branch}:{file}")]).ok();
    assert!(text.stdout.contains("..items.len()]"), "{text}");
    assert_eq!(repo.git(&["status", "--porcelain=v2", "--branch"]).stdout, before, "{outcome}");
    assert!(scene.asked().len() - asked <= 5, "{outcome}");
    outcome
}

#[test]
fn a_linked_work_tree_and_a_detached_head() {
    let scene = Scene::diligent();
    let main = scene.sandbox.repo("main");
    main.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    main.git(&["worktree", "add", "--quiet", "--detach", "../linked"]).ok();
    let linked = Repo { sandbox: &scene.sandbox, dir: scene.sandbox.path().join("linked") };
    linked.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    let outcome = fixed(&scene, &linked, &["--commit", "HEAD"], "src/sum.rs");
    // The run is the repository's, whichever tree it was begun in.
    let id = outcome.json()["review"]["run"].as_str().unwrap().to_lowercase();
    let asked = scene.asked().len();
    main.tribunal(&["resume", &id]).ok().says("pass");
    assert_eq!(scene.asked().len(), asked, "it had ended");
}

#[test]
fn what_is_staged_alone() {
    let scene = Scene::diligent();
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY).git(&["add", "--all"]).ok();
    repo.write("src/sum.rs", "half-way to something else\n").write("README.md", "Mine.\n");
    fixed(&scene, &repo, &["--staged"], "src/sum.rs");
    assert_eq!(repo.read("src/sum.rs"), "half-way to something else\n");
}

#[test]
fn a_first_commit_and_nothing_before_it() {
    let scene = Scene::diligent();
    let repo = scene.sandbox.repo("r");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    fixed(&scene, &repo, &["--commit", "HEAD"], "src/sum.rs");
    let unborn = scene.sandbox.repo("unborn");
    unborn.write("src/sum.rs", BUGGY).git(&["add", "--all"]).ok();
    fixed(&scene, &unborn, &["--staged"], "src/sum.rs");
}

#[test]
fn paths_that_are_no_words() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let scene = Scene::diligent();
    let repo = scene.sandbox.repo("a repository");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.write("src/the sum of \"all\".rs", BUGGY).commit_unjudged("feat: sum");
    fixed(&scene, &repo, &["--commit", "HEAD"], "src/the sum of \"all\".rs");
    repo.write(OsStr::from_bytes(b"src/s\xffm.rs"), BUGGY).commit_unjudged("feat: another");
    let outcome = repo.tribunal(&["review", "--commit", "HEAD", "--format", "json"]);
    let json = outcome.code(1).json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 1, "{json:#}");
}

#[test]
fn a_submodule_in_the_change() {
    let scene = Scene::diligent();
    let inner = scene.sandbox.repo("inner");
    inner.write("a", "a\n").commit_unjudged("feat: a");
    let repo = scene.repo();
    let place = inner.dir.to_str().unwrap();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", place, "sub"])
        .ok();
    repo.write("src/other.rs", BUGGY).commit_unjudged("feat: a submodule and another sum");
    let outcome = fixed(&scene, &repo, &["--commit", "HEAD"], "src/other.rs");
    let branch = outcome.json()["review"]["offer"]["branch"].as_str().unwrap().to_owned();
    assert_eq!(repo.rev(&format!("{branch}:sub")), repo.rev("HEAD:sub"), "the submodule is kept");
}

#[test]
fn objects_with_longer_names() {
    let scene = Scene::diligent();
    let repo = scene.sandbox.repo_with("r", &["--object-format=sha256"]);
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.write("src/sum.rs", BUGGY).commit_unjudged("feat: sum");
    fixed(&scene, &repo, &["--commit", "HEAD"], "src/sum.rs");
}

#[test]
fn a_bare_repository_and_a_shallow_one() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    let from = format!("file://{}", repo.dir.display());
    for (name, how) in [("bare", "--bare"), ("shallow", "--depth=1")] {
        repo.git(&["clone", "--quiet", how, &from, &format!("../{name}")]).ok();
        let other = Repo { sandbox: &scene.sandbox, dir: scene.sandbox.path().join(name) };
        let words = ["review", "--commit", "HEAD", "--format", "json"];
        other.until_save(&words, 30).code(-1);
        let outcome = other.tribunal(&words).code(1);
        assert_eq!(outcome.json()["findings"][0]["path"], "src/sum.rs", "{outcome}");
    }
}
