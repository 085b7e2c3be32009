//! Reviews of what is not staged or not committed: nothing of it is touched, and what was reviewed so is
//! reviewed once it is committed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::Value;

use crate::brain::{BUGGY, CLEAN, LEFT_OUT, diligent};
use crate::harness::{Outcome, Repo, cases, run, short};
use crate::scene::{KEYS, Scene, review, shown};

fn scene() -> Scene {
    Scene::new("", diligent(&[LEFT_OUT])).logged_in(&KEYS)
}

/// What git sees of a repository: the index to the byte, the work tree, and every object.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    index: Vec<u8>,
    status: String,
    objects: String,
    unreachable: String,
    refs: String,
}

fn seen(repo: &Repo<'_>) -> Seen {
    let index = repo.git(&["rev-parse", "--git-path", "index"]).ok().out().to_owned();
    let git = |words: &[&str]| {
        let said = repo.git(&[&["--no-optional-locks"], words].concat());
        format!("{}{}", said.stdout, said.stderr)
    };
    Seen {
        index: fs::read(repo.path(index)).unwrap_or_default(),
        status: git(&["status", "--porcelain=v2", "--branch", "--ignored"]),
        objects: git(&["count-objects", "-v"]),
        unreachable: git(&["fsck", "--full", "--unreachable", "--no-reflogs"]),
        refs: git(&["for-each-ref"]),
    }
}

/// Reviews, and looks whether all is as it was.
#[track_caller]
fn untouched(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    let before = seen(repo);
    let outcome = review(repo, words);
    assert_eq!(seen(repo), before, "{outcome}");
    outcome
}

#[track_caller]
fn only_finding(outcome: Outcome, path: &str) -> String {
    let json = outcome.code(1).json();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{json:#}");
    assert_eq!(findings[0]["path"], path, "{json:#}");
    findings[0]["id"].as_str().unwrap().to_owned()
}

fn nothing_is_left(repo: &Repo<'_>) {
    let entries = fs::read_dir(repo.path(".git/tribunal")).unwrap().flatten();
    let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    let scratch = names.iter().filter(|name| name.as_bytes().starts_with(b".tribunal-"));
    assert_eq!(scratch.count(), 0, "{names:?}");
}

/// A library in which every kind of change is not committed.
fn busy(scene: &Scene) -> Repo<'_> {
    let repo = scene.library();
    repo.write("gone.txt", "gone\n")
        .write("run.sh", "#!/bin/sh\nexit 0\n")
        .write("src/a.rs", "fn a() {}\n");
    repo.write(".gitignore", "*.out\n").commit_unjudged("chore: files");
    repo.write("src/staged.rs", "fn staged() {}\n").git(&["add", "src/staged.rs"]).ok();
    repo.write("src/a.rs", "fn a() -> u32 {\n    1\n}\n");
    fs::remove_file(repo.path("gone.txt")).unwrap();
    fs::set_permissions(repo.path("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("src/a.rs", repo.path("link")).unwrap();
    repo.write("src/sum.rs", BUGGY).write("big.out", "ignored\n");
    repo.write("planned.rs", "fn planned() {}\n")
        .git(&["add", "--intent-to-add", "planned.rs"])
        .ok();
    repo
}

#[test]
fn all_that_is_not_committed_is_reviewed_and_nothing_is_touched() {
    let scene = scene();
    let repo = busy(&scene);
    let outcome = untouched(&repo, &["--worktree"])
        .says("reviewing what is not committed: 7 files")
        .never_says("not part of it");
    only_finding(outcome, "src/sum.rs");
    let all =
        ["gone.txt", "link", "planned.rs", "run.sh", "src/a.rs", "src/staged.rs", "src/sum.rs"];
    assert_eq!(shown(&scene, 0), all);
    nothing_is_left(&repo);
    let asked = scene.asked().len();
    untouched(&repo, &["--uncommitted"]).code(1);
    let told = repo.tribunal(&["review", "--worktree"]).code(1);
    told.says("hint: `tribunal review --worktree --fix` has `claude` fix it");
    assert_eq!(scene.asked().len(), asked, "the same was answered before");
    // What was asked is said in the same words afterwards.
    let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    assert_eq!(runs["runs"][0]["title"], "what is not committed");
}

#[test]
fn what_is_not_staged_is_reviewed_without_what_is() {
    let scene = scene();
    let repo = busy(&scene);
    let outcome = untouched(&repo, &["--unstaged"])
        .says("reviewing what is not staged: 6 files; 1 staged file is not part of it (`--staged` reviews it)");
    only_finding(outcome, "src/sum.rs");
    let mine = ["gone.txt", "link", "planned.rs", "run.sh", "src/a.rs", "src/sum.rs"];
    assert_eq!(shown(&scene, 0), mine);
    review(&repo, &["--staged"])
        .ok()
        .says("reviewing what is staged: 1 file; 6 changed files are not staged and not part of it (`--unstaged` reviews them)");
    review(&repo, &["--commit", "HEAD"])
        .ok()
        .says("7 changed files are not committed and not part of it (`--worktree` reviews them)");
    repo.commit_unjudged("feat: all of it");
    for (range, state) in [("--unstaged", "staged"), ("--worktree", "committed")] {
        let nothing = repo.tribunal(&["review", range]).ok();
        nothing.says(&format!("nothing to review: all is {state}"));
    }
}

#[test]
fn a_file_that_changes_right_after_it_was_staged_is_seen() {
    let scene = scene();
    let repo = scene.library();
    // Of one size, within one tick of the clock.
    let right = CLEAN.replace("items.len()]", "items.len() - 0]");
    assert_eq!(right.len(), BUGGY.len());
    for round in 0..8 {
        let name = format!("src/sum{round}.rs");
        repo.write(&name, &right).git(&["add", &name]).ok();
        repo.write(&name, BUGGY);
    }
    let json = review(&repo, &["--unstaged"]).code(1).says("8 files;").json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 8, "{json:#}");
}

#[test]
fn what_was_reviewed_before_it_was_committed_is_reviewed() {
    let scene = scene();
    let repo = scene.guarded("[review]\npre-push = \"block\"\n");
    let push = || repo.git(&["push", "--quiet", "origin", "main"]);
    repo.write("src/sum.rs", CLEAN);
    review(&repo, &["--worktree"]).ok();
    let asked = scene.asked().len();
    repo.commit("feat: sum").ok();
    push().ok();
    assert_eq!(scene.asked().len(), asked, "the push was covered");
    // A finding is the same one, whether it was staged or committed meanwhile.
    repo.write("src/total.rs", BUGGY);
    let id = only_finding(review(&repo, &["--unstaged"]), "src/total.rs");
    let asked = scene.asked().len();
    repo.git(&["add", "--all"]).ok();
    assert_eq!(only_finding(review(&repo, &["--staged"]), "src/total.rs"), id);
    repo.commit("feat: total").ok();
    assert_eq!(only_finding(review(&repo, &["--commit", "HEAD"]), "src/total.rs"), id);
    let refused = push();
    assert_ne!(refused.code, 0, "{refused}");
    refused.says(LEFT_OUT.title).says(short(&id));
    assert_eq!(scene.asked().len(), asked, "nothing was asked again");
    // What is neither committed nor there any more is none.
    repo.write("src/gone.rs", BUGGY);
    let id = only_finding(review(&repo, &["--worktree"]), "src/gone.rs");
    repo.tribunal(&["findings", "show", short(&id)]).ok().says("open");
    fs::remove_file(repo.path("src/gone.rs")).unwrap();
    repo.tribunal(&["findings", "list"]).ok().never_says("src/gone.rs");
}

#[test]
fn a_killed_review_is_continued_with_what_was_there_when_it_began() {
    let scene = Scene::diligent();
    let mut stopped = 0;
    let step = cases(16, 1);
    for save in (3..200).step_by(step) {
        let repo = scene.sandbox.repo(&format!("r{save}"));
        repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
        repo.write("src/sum.rs", BUGGY);
        let before = seen(&repo);
        let killed = repo.until_save(&["review", "--worktree", "--format", "json"], save);
        if killed.code != -1 {
            break;
        }
        stopped += 1;
        assert_eq!(seen(&repo), before, "{killed}");
        // The person goes on meanwhile, and git tidies up.
        repo.write("src/sum.rs", "half-way to something else\n");
        repo.git(&["gc", "--quiet", "--prune=now"]).ok();
        let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        let Some(id) = runs["runs"][0]["id"].as_str() else { continue };
        let resumed = repo.tribunal(&["resume", id, "--format", "json"]);
        if resumed.stderr.contains("changed since the review began") {
            assert!(resumed.stderr.contains("`src/sum.rs`"), "{resumed}");
        }
        only_finding(resumed, "src/sum.rs");
        // It tells the same once more, with the code of the place.
        repo.tribunal(&["runs", "show", id]).ok().says(LEFT_OUT.title);
    }
    assert!(stopped > 2, "{stopped}");
}

#[test]
fn what_changed_since_is_said() {
    for (range, stages) in [("--staged", true), ("--unstaged", false), ("--worktree", false)] {
        let scene = Scene::diligent();
        let repo = scene.library();
        let stage = || {
            if stages {
                drop(repo.git(&["add", "--all"]).ok());
            }
        };
        repo.write("src/sum.rs", BUGGY).write("src/same.rs", "fn same() {}\n");
        stage();
        repo.until_save(&["review", range, "--format", "json"], 40).code(-1);
        repo.write("src/sum.rs", CLEAN).write("src/new.rs", "fn new() {}\n");
        stage();
        let id = repo.tribunal(&["runs", "--format", "json"]).ok().json()["runs"][0]["id"].clone();
        let resumed = repo.tribunal(&["resume", id.as_str().unwrap(), "--format", "json"]).says(
            "2 files changed since the review began, which is no part of it: `src/new.rs`, `src/sum.rs`",
        );
        only_finding(resumed, "src/sum.rs");
        // Nothing changed since this one.
        review(&repo, &[range]).never_says("changed since");
    }
}

#[test]
fn a_fix_is_taken_with_the_command_that_is_printed() {
    for range in ["--unstaged", "--worktree"] {
        let scene = scene();
        let repo = scene.library();
        repo.write("src/staged.rs", "fn staged() {}\n").git(&["add", "--all"]).ok();
        repo.write("src/staged.rs", "fn staged() {}\nfn later() {}\n").write("src/sum.rs", BUGGY);
        let before = seen(&repo);
        let outcome = review(&repo, &[range, "--fix"]).ok().json();
        let after = seen(&repo);
        assert_eq!((&after.index, &after.status), (&before.index, &before.status));
        assert!(!after.unreachable.contains("unreachable"), "{after:?}");
        let offer = &outcome["review"]["offer"];
        let branch = offer["branch"].as_str().unwrap();
        let parent = repo.git(&["log", "-1", "--format=%s", &format!("{branch}~1")]).ok();
        parent.says(if range == "--unstaged" {
            "wip: what was not staged when the review began"
        } else {
            "wip: what was not committed when the review began"
        });
        // From any folder.
        let mut shell = scene.sandbox.command("sh", &repo.path("src"));
        shell.args(["-c", offer["take"].as_str().unwrap()]);
        run(shell, b"").ok();
        assert_eq!(repo.read("src/sum.rs"), CLEAN);
        assert!(repo.path("tests/repaired.rs").exists());
        assert_eq!(seen(&repo).index, before.index, "what is staged stays as it is");
        repo.git(&["fsck", "--full", "--strict"]).ok().never_says("missing");
    }
}

#[test]
fn repositories_that_are_not_like_most() {
    let scene = scene();
    let sandbox = &scene.sandbox;
    let linked = |name: &str| Repo { sandbox, dir: sandbox.path().join(name) };
    let library = |name: &str| {
        let repo = sandbox.repo(name);
        repo.write("README.md", "A library.\n").write("src/old.rs", "fn old() {}\n");
        repo.commit_unjudged("docs: readme");
        repo
    };
    let both = |repo: &Repo<'_>, path: &str| {
        only_finding(untouched(repo, &["--unstaged"]), path);
        only_finding(untouched(repo, &["--worktree"]), path);
    };
    let unborn = sandbox.repo("unborn");
    unborn.write("src/one.rs", BUGGY);
    both(&unborn, "src/one.rs");
    let main = library("a library: with words");
    main.git(&["worktree", "add", "--quiet", "--detach", "../linked"]).ok();
    let other = linked("linked");
    other.write("src/two.rs", BUGGY);
    both(&other, "src/two.rs");
    let strange = main.path("src").join(OsStr::from_bytes(b"s\xffm \"of\" all.rs"));
    fs::write(strange, BUGGY).unwrap();
    both(&main, "src/s⟦xFF⟧m \"of\" all.rs");
    let wide = sandbox.repo_with("wide", &["--object-format=sha256"]);
    wide.write("src/three.rs", BUGGY);
    both(&wide, "src/three.rs");
    // A sparse checkout has what is not checked out still.
    let sparse = library("sparse");
    sparse.write("docs/a.md", "a\n").commit_unjudged("docs: a");
    sparse.git(&["sparse-checkout", "set", "src"]).ok();
    sparse.write("src/four.rs", BUGGY);
    both(&sparse, "src/four.rs");
    // A partial clone lacks what is not checked out.
    main.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    let from = format!("file://{}", main.dir.display());
    main.git(&["clone", "--quiet", "--filter=blob:none", "--sparse", &from, "../partial"]).ok();
    let partial = linked("partial");
    partial.write("five.rs", BUGGY);
    both(&partial, "five.rs");
    // An untracked cache, a split index.
    let split = library("split");
    split.git(&["update-index", "--split-index", "--untracked-cache"]).ok();
    split.write("src/six.rs", BUGGY);
    both(&split, "src/six.rs");
}

#[test]
fn submodules_and_repositories_of_their_own_are_named() {
    let scene = scene();
    let inner = scene.sandbox.repo("inner");
    inner.write("a", "a\n").commit_unjudged("feat: a");
    let repo = scene.library();
    let place = inner.dir.to_str().unwrap();
    let allow = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", place, "sub"];
    repo.git(&allow).ok();
    repo.commit_unjudged("feat: a submodule");
    let sub = Repo { sandbox: &scene.sandbox, dir: repo.path("sub") };
    sub.write("a", "b\n");
    scene.sandbox.repo("r/vendor/own").write("b", "b\n").commit_unjudged("feat: b");
    repo.write("src/sum.rs", BUGGY);
    let outcome = untouched(&repo, &["--worktree"])
        .says("1 file;")
        .says("`vendor/own/` (a repository of its own)")
        .says("`sub` (changed inside, and a repository of its own)");
    only_finding(outcome, "src/sum.rs");
    // In the submodule itself it is work as any other; its new commit is a change above it.
    sub.write("sum.rs", BUGGY);
    only_finding(untouched(&sub, &["--worktree"]), "sum.rs");
    sub.commit_unjudged("feat: sum");
    untouched(&repo, &["--worktree"]).says("2 files;").never_says("`sub` (changed inside");
}

#[test]
fn filters_and_line_ends_are_those_of_git_add() {
    let scene = scene();
    let repo = scene.library();
    repo.git(&["config", "filter.upper.clean", "tr a-z A-Z"]).ok();
    repo.git(&["config", "core.autocrlf", "input"]).ok();
    repo.write(".gitattributes", "*.txt filter=upper\n").commit_unjudged("chore: a filter");
    repo.write("a.txt", "words\n").write("src/sum.rs", BUGGY.replace('\n', "\r\n"));
    let outcome = untouched(&repo, &["--worktree"]);
    let asked = scene.asked();
    let prompt = &asked[0].prompt;
    assert!(prompt.contains("+1 | WORDS\n"), "{prompt}");
    assert!(!prompt.contains('\r') && !prompt.contains("CRLF"), "{prompt}");
    only_finding(outcome, "src/sum.rs");
    // One that is not there is told, and one that must be is an error.
    repo.git(&["config", "filter.upper.clean", "no-such-program"]).ok();
    repo.write("a.txt", "other words\n");
    untouched(&repo, &["--worktree"])
        .says("warning: git said while it read the work tree: ")
        .says("external filter 'no-such-program' failed");
    repo.git(&["config", "filter.upper.required", "true"]).ok();
    let asked = scene.asked().len();
    repo.write("a.txt", "more words\n");
    untouched(&repo, &["--worktree"])
        .code(2)
        .says("the work tree cannot be read as `git add` would")
        .says("hint: make it readable");
    assert_eq!(scene.asked().len(), asked);
    nothing_is_left(&repo);
    let runs = fs::read_dir(repo.path(".git/tribunal/runs")).unwrap().count();
    assert_eq!(runs, 2, "the folder of a review that did not begin is gone");
}

#[test]
fn conflicts_are_said() {
    let scene = scene();
    let repo = scene.library();
    repo.git(&["checkout", "--quiet", "-b", "other"]).ok();
    repo.write("README.md", "Theirs.\n").commit_unjudged("docs: theirs");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.write("README.md", "Ours.\n").commit_unjudged("docs: ours");
    assert_eq!(repo.git(&["merge", "other"]).code, 1);
    repo.write("src/sum.rs", BUGGY);
    untouched(&repo, &["--unstaged"])
        .code(2)
        .says("`README.md` has unresolved conflicts")
        .says("`tribunal review --worktree`");
    // The marks are a finding, and what is resolved in the work tree alone is reviewed.
    untouched(&repo, &["--worktree"])
        .says("2 files; with unresolved conflicts is `README.md`")
        .says("conflict");
    repo.write("README.md", "Both.\n");
    only_finding(untouched(&repo, &["--worktree"]), "src/sum.rs");
}

#[test]
fn what_is_too_large_is_refused_before_anything_is_asked() {
    let scene = scene();
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY);
    let large = fs::File::create(repo.path("disk.img")).unwrap();
    large.set_len(100 * 1024 * 1024 + 1).unwrap();
    untouched(&repo, &["--worktree"])
        .code(2)
        .says("`disk.img` has 104857601 bytes, and no more than 104857600 are read")
        .says("hint: let git ignore it");
    assert_eq!(scene.asked().len(), 0);
    // Many files count together.
    for number in 0..11 {
        let name = format!("part{number}.bin");
        fs::File::create(repo.path(&name)).unwrap().set_len(100 * 1024 * 1024).unwrap();
    }
    fs::remove_file(repo.path("disk.img")).unwrap();
    review(&repo, &["--worktree"])
        .code(2)
        .says("12 files not staged have ")
        .says("and no more than 1048576000 are read");
    for number in 0..11 {
        fs::remove_file(repo.path(format!("part{number}.bin"))).unwrap();
    }
    fs::File::create(repo.path("disk.img")).unwrap().set_len(100 * 1024 * 1024 + 1).unwrap();
    // What a filter makes of it is what counts.
    repo.git(&["config", "filter.size.clean", "wc -c"]).ok();
    repo.write(".gitattributes", "*.img filter=size\n");
    only_finding(untouched(&repo, &["--worktree"]), "src/sum.rs");
    assert!(scene.asked()[0].prompt.contains("104857601"));
}

#[test]
fn the_policy_of_head_holds_for_what_is_not_staged() {
    let scene = scene();
    let repo = scene.library();
    repo.write("tribunal.toml", "[review]\nleave-out = [\"src/**\"]\n").git(&["add", "--all"]).ok();
    repo.write("src/sum.rs", BUGGY);
    only_finding(untouched(&repo, &["--unstaged"]), "src/sum.rs");
}

#[test]
fn a_bare_repository_has_no_work_tree() {
    let scene = scene();
    let bare = scene.sandbox.bare("bare.git");
    for range in ["--unstaged", "--worktree"] {
        bare.tribunal(&["review", range]).code(2).says("this repository is bare");
    }
}

#[test]
fn one_range_is_named_and_no_second() {
    let scene = scene();
    let repo = scene.library();
    let ranges: [&[&str]; 6] = [
        &["--staged"],
        &["--unstaged"],
        &["--worktree"],
        &["--commit", "HEAD"],
        &["--base", "main"],
        &["--from", "HEAD"],
    ];
    for (at, one) in ranges.iter().enumerate() {
        for other in &ranges[at + 1..] {
            let words = [&["review"], *one, *other].concat();
            repo.tribunal(&words).code(2).says("cannot be used with");
        }
    }
    repo.tribunal(&["review", "--staged", "--to", "HEAD"]).code(2);
    let help = repo.tribunal(&["review", "--help"]).ok();
    help.says("--unstaged").says("--worktree").says("[alias: --uncommitted]");
    repo.tribunal(&["completions", "bash"]).ok().says("--worktree").says("--unstaged");
}

#[test]
fn what_is_about_to_be_reviewed_is_said_first_for_each_way_to_ask() {
    let scene = scene();
    let repo = scene.sandbox.repo("r");
    repo.tribunal(&["review"]).code(2).says("hint: `git add`").says("`tribunal review --worktree`");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    let says = |words: &[&str], line: &str| {
        let outcome = repo.tribunal(&[&["review"], words].concat());
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert_eq!(first, line, "{words:?}: {outcome}");
    };
    let at = |revision: &str| repo.rev(revision)[..10].to_owned();
    let first = at("HEAD");
    let last = "1 commit, 1 file, since nothing is staged and the branch has nothing of its own";
    says(&[], &format!("reviewing commit {first}: {last}"));
    repo.push_to(&scene.sandbox.bare("origin.git"));
    // Another branch at the same commit is not the one that people mean.
    repo.git(&["push", "--quiet", "origin", "main:a-branch"]).ok();
    repo.git(&["checkout", "--quiet", "-b", "topic"]).ok();
    repo.write("src/a.rs", CLEAN).commit_unjudged("feat: a");
    repo.write("src/b.rs", CLEAN).commit_unjudged("feat: b");
    let (second, third) = (at("HEAD~1"), at("HEAD"));
    let range = format!("origin/main..HEAD ({first}..{third}): 2 commits, 2 files");
    says(&[], &format!("reviewing {range}"));
    says(&["--base", "main"], &format!("reviewing {range}"));
    says(&["--from", "main"], &format!("reviewing {range}"));
    says(&["--from", "HEAD~1"], &format!("reviewing {second}..HEAD: 1 commit, 1 file"));
    says(
        &["--from", "main", "--to", "HEAD~1"],
        &format!("reviewing origin/main..{second} ({first}..{second}): 1 commit, 1 file"),
    );
    says(&["--commit", "HEAD~1"], &format!("reviewing commit {second}: 1 commit, 1 file"));
    says(&["--base", "main", "--fix"], &format!("reviewing and fixing {range}"));
    // Of what was reviewed in part, the rest alone is asked for.
    repo.write("src/c.rs", CLEAN).commit_unjudged("feat: c");
    repo.tribunal(&["review", "--base", "main"]).ok().says("asking about 1 file of 3: ");
    // A branch that has nothing of its own, a merge without a conflict.
    repo.git(&["checkout", "--quiet", "-b", "empty"]).ok();
    repo.tribunal(&["review", "--base", "topic"])
        .ok()
        .says("reviewing topic..HEAD (")
        .says("nothing to review: ")
        .says(" brings nothing new");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.write("src/d.rs", CLEAN).commit_unjudged("feat: d");
    repo.git(&["merge", "--quiet", "topic", "-m", "merge"]).ok();
    let merge = at("HEAD");
    repo.tribunal(&["review", "--commit", "HEAD"])
        .ok()
        .says(&format!("nothing to review: commit {merge} brings nothing new"));
    // A finding that is chosen, and a run that is continued.
    repo.write("src/sum.rs", BUGGY);
    let id = only_finding(review(&repo, &["--unstaged"]), "src/sum.rs");
    let fix = repo.tribunal(&["review", "--unstaged", "--fix", short(&id)]).ok();
    fix.says("fixing 1 finding of what is not staged: 1 file");
    repo.write("src/sum.rs", BUGGY.replace("Sum", "Total").replace("sum", "total"));
    repo.until_save(&["review", "--worktree"], 12).code(-1);
    let runs = repo.tribunal(&["runs", "--format", "json"]).ok().json();
    let run = short(runs["runs"][0]["id"].as_str().unwrap()).to_owned();
    repo.tribunal(&["resume", &run])
        .code(1)
        .says(&format!("continuing the run {run}, a review of what is not committed"));
}

#[test]
fn what_a_killed_process_wrote_for_a_run_that_never_began_goes_with_the_next_run() {
    let scene = scene();
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY);
    let runs = || fs::read_dir(repo.path(".git/tribunal/runs")).map_or(0, Iterator::count);
    let killed = (1..20).find(|save| {
        let killed = repo.until_save(&["review", "--worktree"], save);
        assert_eq!(killed.code, -1, "{killed}");
        let known = repo.tribunal(&["runs", "--format", "json"]).ok().json();
        runs() > 0 && known["runs"].as_array().unwrap().is_empty()
    });
    assert!(killed.is_some());
    only_finding(review(&repo, &["--worktree"]), "src/sum.rs");
    assert_eq!(runs(), 1);
}

/// Of many reviews the objects of the newest are kept.
#[test]
fn each_run_has_its_objects_and_no_other_place_has_them() {
    let scene = scene();
    let repo = scene.library();
    repo.write("src/sum.rs", BUGGY);
    let id = only_finding(review(&repo, &["--worktree"]), "src/sum.rs");
    let run: Value =
        repo.tribunal(&["runs", "--format", "json"]).ok().json()["runs"][0]["id"].clone();
    let objects = format!(".git/tribunal/runs/{}/objects", run.as_str().unwrap());
    assert!(Path::new(&repo.path(&objects)).is_dir());
    // Without them the run is told as far as it can be.
    fs::remove_dir_all(repo.path(&objects)).unwrap();
    repo.tribunal(&["runs", "show", run.as_str().unwrap()]).ok().says(LEFT_OUT.title);
    let told = repo.tribunal(&["resume", run.as_str().unwrap(), "--format", "json"]);
    assert_eq!(only_finding(told, "src/sum.rs"), id);
}
