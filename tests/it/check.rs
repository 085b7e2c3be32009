//! `tribunal check` and the simple gates.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::harness::{Repo, Sandbox};

#[test]
fn a_clean_change_passes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).ok().says("pass: 1 file checked");
}

#[test]
fn a_conflict_marker_blocks_and_its_place_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a b", "one\n").commit_unjudged("first");
    let marker = "<".repeat(7);
    repo.write("a b", format!("one\n{marker} HEAD\n")).git(&["add", "."]).ok();
    repo.tribunal(&["check"]).code(1).says("blocked: a b:2: unresolved merge conflict marker");
    let json = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    assert_eq!(json["verdict"], "block");
    assert_eq!(json["findings"][0]["line"], 2);
    assert_eq!(json["findings"][0]["path"], "a b");
}

#[test]
fn a_broken_policy_names_line_and_nearest_key() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("tribunal.toml", "[gates]\nscpe = \"off\"\n");
    repo.tribunal(&["config"])
        .ok()
        .says("tribunal.toml:2:1: unknown key `gates.scpe` (hint: did you mean `gates.scope`?)");
    repo.git(&["add", "."]).ok();
    repo.tribunal(&["check"])
        .code(1)
        .says("tribunal.toml:2:1: unknown key `gates.scpe`")
        .says("hint: did you mean `gates.scope`?");
    repo.commit_unjudged("policy");
    repo.tribunal(&["config"])
        .ok()
        .says("tribunal.toml:2:1: unknown key `gates.scpe`")
        .says("hint: did you mean `gates.scope`?");
}

#[test]
fn a_hostile_policy_names_no_program_and_spends_no_more() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let own = sandbox.settings_file();
    sandbox.settings("[budget]\nrun = 2\n");
    repo.write("tribunal.toml", "[budget]\nrun = 1000.0\n").commit_unjudged("run");
    repo.tribunal(&["config", "budget.run"]).ok().says("budget.run = 2 ").says("config.toml");
    // Where the person never named a sum, the default is their word.
    fs::remove_file(&own).unwrap();
    repo.write("tribunal.toml", "[budget]\nday = 1e6\n[agents.reviewer]\nbudget = 5000.0\n");
    repo.commit_unjudged("day");
    repo.tribunal(&["config", "budget.day"]).ok().says("budget.day = 50.0 ").says("default");
    repo.tribunal(&["config", "agents.reviewer"]).ok().says("budget = 1.0 ").says("default");
    let hostile = "[gates]\nsecrets = \"off\"\n[programs.claude]\npath = \"./evil\"\n";
    repo.write("tribunal.toml", hostile);
    repo.tribunal(&["config"])
        .ok()
        .says("tribunal.toml:3:2: `programs` can only be set in your own settings")
        .says(&format!("hint: write it to `{}`", own.display()));
    // Committed, it is no policy at all: the defaults, which guard, hold in its place.
    repo.commit_unjudged("policy");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).says("`programs` can only be set in your own settings");
}

/// A repository with one commit and a conflict marker staged in `sub/f`.
fn with_marker(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").write("quiet/q", "q\n").write("sub/gone", "g\n");
    repo.commit_unjudged("first");
    repo.write("sub/f", format!("{} HEAD\n", "<".repeat(7)));
    repo.git(&["add", "."]).ok();
    repo
}

/// The same repository, seen from another folder.
fn from<'a>(repo: &Repo<'a>, dir: impl AsRef<Path>) -> Repo<'a> {
    Repo { sandbox: repo.sandbox, dir: repo.dir.join(dir) }
}

const BLOCKED: &str = "blocked: sub/f:1: unresolved merge conflict marker";

#[test]
fn a_path_means_what_the_person_means_by_it() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    symlink(&repo.dir, sandbox.path().join("link")).unwrap();
    symlink(repo.path("sub"), sandbox.path().join("into")).unwrap();
    symlink("sub", repo.path("untracked-link")).unwrap();
    let absolute = |path: &str| sandbox.path().join(path).display().to_string();
    let inner = |path: &str| repo.path(path).display().to_string();
    for path in [
        "sub",
        "sub/",
        ".",
        "./sub",
        "./sub/./f",
        "sub/../sub",
        "sub/..",
        "nosuch/../sub/f",
        "../r",
        "../r/sub/f",
        "../link/sub",
        "../into/f",
        "untracked-link/f",
        "untracked-link",
        &absolute("link"),
        &absolute("link/sub/f"),
        &absolute("into"),
        &absolute("into/../sub/f"),
        &inner("sub"),
        &inner("."),
    ] {
        let outcome = repo.tribunal(&["check", path]);
        assert_eq!(outcome.code, 1, "{path}\n{outcome}");
        outcome.says(BLOCKED).says("1 file checked");
    }
    for path in ["f", "./f", "../sub/f", "..", ".", "../sub", "../a/../sub"] {
        let outcome = from(&repo, "sub").tribunal(&["check", path]);
        assert_eq!(outcome.code, 1, "{path}\n{outcome}");
        outcome.says(BLOCKED);
    }
}

#[test]
fn a_path_that_matches_nothing_is_wrong_use() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    sandbox.repo("other");
    repo.write("untracked", "u\n");
    for path in ["nosuch", "sub/nosuch", "a/b", "untracked", ".git", ".git/config"] {
        repo.tribunal(&["check", path])
            .code(2)
            .says(&format!("`{path}` matches nothing in the index and the last commit"))
            .says("hint: `git add` it first");
    }
    repo.tribunal(&["check", "sub", "nosuch"]).code(2).says("`nosuch` matches nothing");
    for path in ["..", "../other", "/", "../../.."] {
        repo.tribunal(&["check", path])
            .code(2)
            .says(&format!("`{path}` is outside the repository"));
    }
    let all = ["check", "--all", "sub/f"];
    repo.tribunal(&all).code(2).says("`sub/f` matches nothing in the checked-out commit");
}

#[test]
fn what_did_not_change_is_named_and_does_not_read_like_a_pass() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    let says = "nothing to check at `quiet`: no change there\n";
    repo.tribunal(&["check", "quiet"])
        .ok()
        .says(says)
        .never_says("0 files")
        .never_says("skipped")
        .never_says("pass");
    let json = repo.tribunal(&["check", "quiet", "--format", "json"]).ok().json();
    assert_eq!(json["verdict"], "nothing to check");
    assert_eq!(json["skipped"][0]["gate"], "check");
    assert_eq!(json["skipped"][0]["reason"], "nothing to check at `quiet`: no change there");
    // Beside something that changed it is named all the same.
    repo.tribunal(&["check", "quiet", "sub"]).code(1).says(BLOCKED).says(says);
    repo.git(&["reset", "-q", "--hard"]).ok();
    repo.tribunal(&["check"]).ok().says("nothing to check: nothing is staged").never_says("pass");
    repo.tribunal(&["check", "--from", "HEAD"])
        .ok()
        .says("nothing to check: no file differs between `HEAD` and `HEAD`");
}

#[test]
fn deleted_renamed_and_oddly_named_files_are_found() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    let name = OsStr::from_bytes(b"odd \xff\n");
    repo.write(Path::new("sub").join(name), format!("{} HEAD\n", "<".repeat(7)));
    repo.git(&["mv", "quiet/q", "moved"]).ok();
    repo.git(&["rm", "-q", "sub/gone"]).ok();
    repo.git(&["add", "."]).ok();
    let check = |path: &Path| repo.tribunal(&[OsStr::new("check"), path.as_os_str()]);
    check(&Path::new("sub").join(name)).code(1).says("conflict marker").says("1 file checked");
    check(Path::new("sub/gone")).ok().says("pass: 1 file checked");
    // Neither the old name nor its folder is there any more.
    check(Path::new("quiet/q")).ok().says("pass: 1 file checked");
    check(Path::new("quiet")).ok().says("pass: 1 file checked");
}

#[test]
fn with_another_repository_paths_are_still_taken_from_where_the_person_stands() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    let home = Repo { sandbox: &sandbox, dir: sandbox.home() };
    let absolute = repo.dir.display().to_string();
    for dir in ["../r", "../r/sub", &absolute] {
        home.tribunal(&["--repo", dir, "check", "../r/sub/f"]).code(1).says(BLOCKED);
        home.tribunal(&["--repo", dir, "check", "sub/f"])
            .code(2)
            .says("`sub/f` is outside the repository")
            .says("hint: paths are relative to the current folder, also with `--repo`");
    }
    let inside = from(&repo, "sub");
    inside.tribunal(&["--repo", "..", "check", "f"]).code(1).says(BLOCKED);
}

#[test]
fn in_a_bare_repository_paths_are_those_of_its_trees() {
    let sandbox = Sandbox::new();
    let repo = with_marker(&sandbox);
    repo.commit_unjudged("second");
    let bare = sandbox.bare("b");
    repo.git(&["push", "-q", bare.dir.to_str().unwrap(), "main"]).ok();
    for path in ["sub/f", "./sub", "a/../sub", "."] {
        bare.tribunal(&["check", "--all", path]).code(1).says(BLOCKED);
    }
    bare.tribunal(&["check", "--all", ".."]).code(2).says("is outside the repository");
    bare.tribunal(&["check", "--all", "nosuch"]).code(2).says("matches nothing");
}

#[test]
fn a_range_from_no_commit_begins_where_the_branch_left_the_default_branch() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let marker = format!("{} HEAD\n", "<".repeat(7));
    repo.write("old", &marker).commit_unjudged("on main before");
    let zeros = "0".repeat(40);
    let check = |more: &[&str]| repo.tribunal(&[&["check", "--from", &zeros][..], more].concat());
    check(&[])
        .code(2)
        .says("no default branch is known to begin at")
        .says("hint: fetch it, or name it, as in `--from origin/main`; `--all` checks every file");
    repo.push_to(&sandbox.bare("up"));
    repo.git(&["checkout", "-q", "-b", "feature"]).ok();
    repo.write("new", "1\n").commit_unjudged("on the branch");
    check(&[]).ok().says("pass: 1 file of 1 commit checked");
    repo.write("bad", &marker).commit_unjudged("a mistake");
    check(&["--to", "feature"]).code(1).says("blocked: bad:1").never_says("old").says("2 files");
    check(&["--to", &zeros]).code(2).says("stands for no commit in git").says("hint: CI passes it");
    check(&["--to", "main"]).ok().says("nothing to check: no file differs").never_says("pass");
    repo.git(&["checkout", "-q", "--orphan", "apart"]).ok();
    repo.commit_unjudged("no common history");
    check(&[]).code(2).says("no default branch is known to begin at");
}

#[test]
fn every_file_of_no_commit_is_wrong_use() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["check", "--all"])
        .code(2)
        .says("there is no commit yet")
        .says("hint: `tribunal check` checks what is staged");
}

/// A branch is not blamed for what the one that it left changed meanwhile, and what came and went
/// within it is seen, as a push would see it.
#[test]
fn a_range_is_judged_commit_by_commit_from_where_the_branch_left() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let marker = format!("{} HEAD\n", "<".repeat(7));
    repo.write("tribunal.toml", "[gates]\ncommit-message = \"block\"\nscope = \"off\"\n");
    repo.write("f", &marker).commit_unjudged("feat: marks");
    repo.git(&["switch", "--quiet", "--create", "feature"]).ok();
    repo.write("b", "2").commit_unjudged("feat: two");
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.git(&["rm", "--quiet", "f"]).ok();
    repo.commit_unjudged("feat: without marks");
    let check = ["check", "--from", "main", "--to", "feature"];
    repo.tribunal(&check).ok().says("pass: 1 file of 1 commit checked");
    repo.tribunal(&[&check[..], &["--net"]].concat()).ok().says("pass: 1 file checked");
    repo.git(&["switch", "--quiet", "feature"]).ok();
    repo.write("c", &marker).commit_unjudged("feat: three");
    repo.write("c", "good").commit_unjudged("no type");
    let found =
        repo.tribunal(&check).code(1).says("feat: three:").says("c:1").says("[commit-message/");
    assert!(found.stdout.find("feat: three:") < found.stdout.find("[commit-message/"), "{found}");
    repo.tribunal(&[&check[..], &["--net"]].concat()).ok();
    // Of some files, messages apart.
    repo.tribunal(&[&check[..], &["b"]].concat()).ok().says("pass: 1 file of 3 commits checked");
    repo.tribunal(&[&check[..], &["c"]].concat()).code(1).never_says("[commit-message/");
    let json = repo.tribunal(&[&check[..], &["--format", "json"]].concat()).code(1).json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 2, "{json}");
}

/// One function evaluates a change, whichever command or hook asks.
#[test]
fn a_change_is_judged_the_same_through_every_entry_point() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    let repo = sandbox.repo("r");
    let policy = "[gates]\nscope = \"off\"\nlarge-files = { level = \"block\", max = \"20 B\" }\n";
    repo.write("tribunal.toml", policy).commit_unjudged("feat: policy").push_to(&remote);
    let marker = format!("{} HEAD\nours\n", "<".repeat(7));
    repo.write("marks", &marker).write("large", "a line of more than twenty bytes\n");
    repo.git(&["add", "--all"]).ok();
    let of = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start_matches("remote: ").trim_end());
        let mut found: Vec<String> = lines
            .filter(|line| line.starts_with("blocked: "))
            // Each finding has an id of its own in each ledger.
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect();
        found.sort();
        found
    };
    let staged = of(&repo.tribunal(&["check"]).code(1).stdout);
    assert_eq!(staged.len(), 2, "{staged:?}");
    repo.tribunal(&["hooks", "install"]).ok();
    let commit = of(&repo.git(&["commit", "--quiet", "-m", "feat: it"]).code(1).stderr);
    repo.commit_unjudged("feat: it");
    let range = ["check", "--from", "origin/main", "--to", "main"];
    let range = of(&repo.tribunal(&range).code(1).stdout);
    let push = of(&repo.git(&["push", "--quiet", "origin", "main"]).code(1).stderr);
    remote.tribunal(&["hooks", "install"]).ok();
    let server = ["push", "--quiet", "--no-verify", "origin", "main"];
    let server = of(&repo.git(&server).code(1).stderr);
    for (name, found) in [("commit", commit), ("range", range), ("push", push), ("server", server)]
    {
        assert_eq!(found, staged, "{name}");
    }
}

#[test]
fn the_variables_that_skip_in_hooks_are_told_to_mean_nothing_by_hand() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    for variable in [("TRIBUNAL", "0"), ("TRIBUNAL_SKIP", "secrets")] {
        let said = repo.tribunal_with(&["check"], &[variable], b"").ok();
        said.says("are for hooks").says("`tribunal check --skip NAME`");
    }
    repo.tribunal(&["check"]).ok().never_says("are for hooks");
}
