//! Installing and removing the hooks, the shim, and every way in which a commit comes about.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, run};
use crate::output::terminal::on_terminal_typing;

const DEFAULT: [&str; 5] =
    ["commit-msg", "post-commit", "pre-commit", "pre-merge-commit", "pre-push"];

fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

/// Every file of a folder that is no sample, with mode and content.
fn listing(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| !entry.file_name().to_string_lossy().ends_with(".sample"))
        .map(|entry| {
            let path = entry.path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
            let content = fs::read(&path).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), mode, content)
        })
        .collect();
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<String> {
    listing(folder).into_iter().map(|(name, _, _)| name).collect()
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o750)).unwrap();
}

fn installed(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("repo");
    repo.tribunal(&["hooks", "install"]).ok();
    repo
}

/// A shim as the first version wrote it: it asks by the name of its file.
fn first_shim() -> String {
    include_str!("shim_1.sh").replace("@BIN@", &format!("'{TRIBUNAL}'"))
}

#[test]
fn install_is_idempotent_and_uninstall_leaves_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let folder = repo.path(".git/hooks");
    repo.tribunal(&["hooks", "install", "--dry-run"]).ok().says("would write");
    assert!(names(&folder).is_empty());
    repo.tribunal(&["hooks", "status"]).code(1).says("pre-push          not installed; missing");
    repo.tribunal(&["hooks", "install"]).ok();
    assert_eq!(names(&folder), DEFAULT);
    let before = listing(&folder);
    repo.tribunal(&["hooks", "install"]).ok().says("nothing to change");
    assert_eq!(listing(&folder), before);
    let status = repo.tribunal(&["hooks", "status"]).ok();
    assert_eq!(status.stdout.matches("installed").count(), 5, "{status}");
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert!(names(&folder).is_empty());
    repo.tribunal(&["hooks", "uninstall"]).ok().says("nothing to change");
}

#[test]
fn single_events_are_chosen_and_unknown_ones_told() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.tribunal(&["hooks", "install", "post-commit", "post-rewrite"]).ok();
    assert_eq!(names(&repo.path(".git/hooks")), ["post-commit", "post-rewrite"]);
    repo.tribunal(&["hooks", "uninstall", "post-commit"]).ok();
    assert_eq!(names(&repo.path(".git/hooks")), ["post-rewrite"]);
    repo.tribunal(&["hooks", "install", "pre-comit"]).code(2).says("did you mean `pre-commit`?");
}

#[test]
fn a_bare_repository_gets_the_server_side() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("bare.git");
    bare.tribunal(&["hooks", "install"]).ok();
    assert_eq!(names(&bare.path("hooks")), ["pre-receive"]);
    bare.tribunal(&["hooks", "status"]).ok().says("pre-receive       installed");
}

#[test]
fn foreign_hooks_are_kept_run_and_given_back() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let folder = repo.path(".git/hooks");
    executable(&folder.join("pre-commit"), "#!/bin/sh\necho \"pre-commit $#\" >> ran\n");
    executable(&folder.join("commit-msg"), "#!/bin/sh\necho \"commit-msg $1\" >> ran\n");
    executable(
        &folder.join("pre-push"),
        "#!/bin/sh\nread -r a b c d\necho \"pre-push $1 $2 $c\" >> ran\n",
    );
    fs::write(folder.join("pre-merge-commit"), "not executable").unwrap();
    symlink("pre-commit", folder.join("post-commit")).unwrap();
    let before = listing(&folder);
    repo.tribunal(&["hooks", "install"]).ok().says("it still runs");
    repo.tribunal(&["hooks", "install", "post-commit"]).ok();
    repo.tribunal(&["hooks", "install"]).ok().says("nothing to change");
    repo.tribunal(&["hooks", "status"])
        .ok()
        .says("pre-commit        installed; the hook that was there before runs")
        .says("pre-merge-commit  installed; the hook that was there before cannot run");
    sandbox.bare("remote.git");
    repo.write("a", "a").git(&["add", "a"]).ok();
    repo.git(&["commit", "--quiet", "-m", "one"]).ok();
    repo.git(&["push", "--quiet", "../remote.git", "main"]).ok();
    let ran = repo.read("ran");
    assert!(ran.contains("pre-commit 0\ncommit-msg .git/COMMIT_EDITMSG\n"), "{ran}");
    assert!(ran.contains("pre-push ../remote.git ../remote.git refs/heads/main\n"), "{ran}");
    repo.tribunal(&["hooks", "uninstall"]).ok().says("gave back");
    assert_eq!(listing(&folder), before);
    assert!(fs::symlink_metadata(folder.join("post-commit")).unwrap().is_symlink());
}

#[test]
fn a_foreign_hook_that_fails_or_edits_has_its_say() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let hook = repo.path(".git/hooks/pre-commit");
    // What a formatter stages is judged, too.
    let text = format!("#!/bin/sh\nprintf '%s' '{}' > bad\ngit add bad\n", bad());
    executable(&hook, &text);
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "a").commit("one").code(1).says("bad:1");
    executable(&repo.path(".git/hooks/pre-commit.before-tribunal"), "#!/bin/sh\nexit 3\n");
    repo.git(&["rm", "--quiet", "--cached", "bad"]).ok();
    repo.git(&["commit", "-m", "one"]).code(1).never_says("bad:1");
}

#[test]
fn an_interrupted_install_is_finished_and_a_clash_is_told() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let hook = repo.path(".git/hooks/pre-commit");
    let kept = repo.path(".git/hooks/pre-commit.before-tribunal");
    executable(&hook, "#!/bin/sh\n");
    let before = listing(&repo.path(".git/hooks"));
    fs::hard_link(&hook, &kept).unwrap();
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert_eq!(listing(&repo.path(".git/hooks")), before);
    executable(&kept, "#!/bin/sh\n# another\n");
    let before = listing(&repo.path(".git/hooks"));
    repo.tribunal(&["hooks", "install"]).code(2).says("hold a hook of yours");
    assert_eq!(listing(&repo.path(".git/hooks")), before);
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert_eq!(listing(&repo.path(".git/hooks")), before, "a foreign hook is not ours to remove");
}

#[test]
fn hooks_folders_that_are_not_ours_are_refused_with_a_way_on() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let global = format!("[core]\n\thooksPath = {}\n", elsewhere.display());
    let refuse = |prepare: &dyn Fn(&Repo<'_>), texts: &[&str]| {
        let repo = sandbox.repo("repo");
        prepare(&repo);
        let mut outcome = repo.tribunal(&["hooks", "install"]).code(2).says("hint:");
        for text in texts {
            outcome = outcome.says(text);
        }
        assert!(names(&repo.path(".git/hooks")).is_empty());
        assert!(names(&elsewhere).is_empty());
        repo.tribunal(&["hooks", "status"]).code(1);
        fs::remove_dir_all(&repo.dir).unwrap();
    };
    let set =
        |repo: &Repo<'_>, value: &str| drop(repo.git(&["config", "core.hooksPath", value]).ok());
    refuse(
        &|_| fs::write(sandbox.home().join(".gitconfig"), &global).unwrap(),
        &["outside the repository", "(global)", "tribunal hook pre-commit"],
    );
    fs::remove_file(sandbox.home().join(".gitconfig")).unwrap();
    refuse(&|repo| set(repo, elsewhere.to_str().unwrap()), &["outside the repository", "(local)"]);
    refuse(&|repo| set(repo, "/dev/null"), &["outside the repository"]);
    refuse(&|repo| set(repo, ""), &["git runs no hook here", "--local --unset core.hooksPath"]);
    refuse(&|repo| set(repo, ".husky/_"), &["shared through git", "`.husky/pre-push`\n"]);
    refuse(&|repo| set(repo, ".githooks"), &["(local)", ".githooks/pre-commit", "install --yes`"]);
    refuse(
        &|repo| {
            repo.git(&["config", "extensions.worktreeConfig", "true"]).ok();
            repo.git(&["config", "--worktree", "core.hooksPath", "hooks"]).ok();
        },
        &["(worktree)"],
    );
    refuse(
        &|repo| {
            fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
            symlink(&elsewhere, repo.path(".git/hooks")).unwrap();
        },
        &["outside the repository", "symbolic link"],
    );
}

#[test]
fn a_hooks_path_inside_the_git_folder_is_used() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.git(&["config", "core.hooksPath", ".git/my hooks"]).ok();
    repo.tribunal(&["hooks", "install"]).ok();
    assert_eq!(names(&repo.path(".git/my hooks")), DEFAULT);
    repo.write("bad", bad()).commit("one").code(1).says("bad:1");
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert!(names(&repo.path(".git/my hooks")).is_empty());
}

#[test]
fn a_script_of_huskys_that_calls_the_program_counts() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.git(&["config", "core.hooksPath", ".husky/_"]).ok();
    let wrapper = "#!/bin/sh\nexec sh \"$(dirname \"$0\")/../$(basename \"$0\")\" \"$@\"\n";
    for event in DEFAULT {
        executable(&repo.path(format!(".husky/_/{event}")), wrapper);
        repo.write(format!(".husky/{event}"), format!("tribunal hook {event} \"$@\"\n"));
    }
    repo.tribunal(&["hooks", "status"]).ok().says("called by");
    let folder = PathBuf::from(TRIBUNAL).parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    repo.write("bad", bad()).git(&["add", "bad"]).ok();
    repo.git_env(&["commit", "-m", "one"], &[("PATH", &path)]).code(1).says("bad:1");
}

#[test]
fn status_tells_what_does_not_guard() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    let hook = repo.path(".git/hooks/pre-commit");
    let text = fs::read_to_string(&hook).unwrap();
    let says = |content: &str, mode: u32, expected: &str| {
        fs::write(&hook, content).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(mode)).unwrap();
        repo.tribunal(&["hooks", "status"]).code(1).says(expected);
        repo.tribunal(&["hooks", "install"]).ok();
        repo.tribunal(&["hooks", "status"]).ok();
    };
    says(&text.replace("shim 3", "shim 0"), 0o755, "the shim has version 0, this program writes 3");
    says(&first_shim(), 0o755, "the shim has version 1, this program writes 3");
    let other = text.replace("hook=pre-commit", "hook=pre-push");
    says(&other, 0o755, "it is the shim of another hook: `pre-push`");
    says(&text.replace("exit 0\n", "exit 1\n"), 0o755, "the shim was edited");
    says(&text, 0o644, "not executable");
    says(&text.replace(TRIBUNAL, "/no/such/tribunal"), 0o755, "which is not there");
    fs::remove_file(&hook).unwrap();
    repo.tribunal(&["hooks", "status"]).code(1).says("missing");
    says("#!/bin/sh\n", 0o755, "another program's hook");
}

#[test]
fn a_linked_work_tree_and_a_submodule_use_their_own_repository() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("a", "a").commit("one").ok();
    repo.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    linked.tribunal(&["hooks", "install"]).ok().says("nothing to change");
    linked.write("bad", bad()).commit("two").code(1).says("bad:1");
    linked.write("bad", "good").commit("two").ok();

    let outer = sandbox.repo("outer");
    outer
        .git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../repo", "sub"])
        .ok();
    outer.commit_unjudged("sub");
    let sub = Repo { sandbox: &sandbox, dir: outer.path("sub") };
    sub.tribunal(&["hooks", "install"]).ok();
    assert_eq!(names(&outer.path(".git/modules/sub/hooks")), DEFAULT);
    assert!(names(&outer.path(".git/hooks")).is_empty());
    sub.write("bad", bad()).commit("three").code(1).says("bad:1");
    sub.write("bad", "good").commit("three").ok();
}

#[test]
fn a_path_of_spaces_quotes_and_stray_bytes_works() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path().join(Path::new(&OsString::from_vec(b"it's a \"b\" $c \xff".to_vec())));
    fs::create_dir_all(&dir).unwrap();
    let program = dir.join("tribunal");
    fs::copy(TRIBUNAL, &program).unwrap();
    let repo = Repo { sandbox: &sandbox, dir };
    repo.git(&["init", "--quiet", "--initial-branch=main"]).ok();
    fs::write(repo.path(".git/info/exclude"), "/tribunal\n").unwrap();
    let mut install = sandbox.command(&program, &repo.dir);
    install.args(["hooks", "install"]);
    run(install, b"").ok();
    repo.write("bad", bad()).commit("one").code(1).says("bad:1").never_says("NOT checked");
    repo.tribunal(&["hooks", "status"]).ok().says("another program than this one");
}

/// A path without the program, so that the shim cannot find it.
fn without_the_program(repo: &Repo<'_>) {
    for (name, _, text) in listing(&repo.path(".git/hooks")) {
        let text = String::from_utf8(text).unwrap().replace(TRIBUNAL, "/no/such/tribunal");
        fs::write(repo.path(".git/hooks").join(name), text).unwrap();
    }
}

#[test]
fn a_missing_program_is_open_at_a_commit_and_closed_at_a_protected_push() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    let repo = installed(&sandbox);
    without_the_program(&repo);
    let outcome = repo.write("a", "a").commit("one").ok().says("this commit was NOT checked");
    assert_eq!(outcome.stderr.lines().count(), 2, "{outcome}");
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    for target in ["main", "main:master", "main:refs/heads/x main"] {
        let mut words = vec!["push", "origin"];
        words.extend(target.split(' '));
        repo.git(&words).code(1).says("REFUSED").says("hint: install tribunal again");
    }
    repo.git(&["push", "origin", "main:free"]).ok().says("this push was NOT checked");
    repo.git(&["push", "origin", "main:refs/for/main"]).ok();
    repo.git(&["push", "--no-verify", "origin", "main:trunk"]).ok();
    repo.git(&["fetch", "--quiet"]).ok();
    repo.git(&["remote", "set-head", "origin", "trunk"]).ok();
    repo.git(&["push", "origin", "main~0:trunk", ":free"]).ok();
    repo.git(&["push", "origin", ":trunk"]).code(1).says("REFUSED");
    assert_eq!(remote.rev("main"), "");

    // From `PATH`, where the recorded program is gone.
    let folder = PathBuf::from(TRIBUNAL).parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    repo.git_env(&["push", "origin", "main"], &[("PATH", &path)]).ok();
    assert_eq!(remote.rev("main"), repo.rev("main"));

    remote.tribunal(&["hooks", "install"]).ok();
    let hook = remote.path("hooks/pre-receive");
    let text = fs::read_to_string(&hook).unwrap().replace(TRIBUNAL, "/no/such/tribunal");
    fs::write(&hook, text).unwrap();
    repo.git(&["push", "--no-verify", "origin", "main:other"]).code(1).says("REFUSED");
}

/// The command of the hint takes the hooks away whatever is in their path, and gives back the others.
#[test]
fn a_missing_program_says_how_to_take_its_hooks_away() {
    for kept in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.bare("remote.git");
        let repo = sandbox.repo("it's a \"b\" $c");
        let own = repo.path(".git/hooks/pre-push");
        if kept {
            executable(&own, "#!/bin/sh\nexit 0\n");
        }
        repo.tribunal(&["hooks", "install"]).ok();
        let folder = repo.path(".git/hooks");
        fs::rename(folder.join("commit-msg"), folder.join("commit-msg.legacy")).unwrap();
        without_the_program(&repo);
        let pushed =
            repo.write("a", "a").commit_unjudged("feat: a").git(&["push", "../remote.git", "main"]);
        let committed = repo.write("a", "b").commit("feat: b").ok();
        for said in [pushed.code(1), committed] {
            let hint = said.stderr.lines().find(|line| line.starts_with("hint: ")).unwrap();
            let command = hint.split_once("hooks away: `").unwrap().1.strip_suffix('`').unwrap();
            let mut shell = sandbox.command("sh", sandbox.path());
            shell.args(["-n", "-c", command]);
            run(shell, b"").ok();
            if said.code == 0 {
                let mut shell = sandbox.command("sh", sandbox.path());
                shell.args(["-c", command]);
                run(shell, b"").ok();
            }
        }
        assert_eq!(names(&folder), if kept { vec!["pre-push"] } else { Vec::new() });
        repo.git(&["push", "--quiet", "../remote.git", "main"]).ok();
    }
}

#[test]
fn a_missing_program_still_runs_the_kept_hooks_with_their_input() {
    let sandbox = Sandbox::new();
    sandbox.bare("remote.git");
    let repo = sandbox.repo("repo");
    let folder = repo.path(".git/hooks");
    executable(&folder.join("pre-commit"), "#!/bin/sh\necho pre-commit >> ran\n");
    executable(
        &folder.join("pre-push"),
        "#!/bin/sh\nwhile read -r l; do echo \"$1 $l\" >> ran; done\n",
    );
    repo.tribunal(&["hooks", "install"]).ok();
    without_the_program(&repo);
    repo.write("a", "a").git(&["add", "a"]).ok();
    repo.git(&["commit", "--quiet", "-m", "one"]).ok();
    repo.git(&["push", "--quiet", "../remote.git", "main:x", "main:y"]).ok();
    let ran = repo.read("ran");
    assert!(ran.starts_with("pre-commit\n../remote.git refs/heads/main "), "{ran}");
    assert_eq!(ran.lines().count(), 3, "{ran}");
}

#[test]
fn input_reaches_kept_hooks_on_both_sides() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    let repo = sandbox.repo("repo");
    let all = "#!/bin/sh\n{ echo \"${0##*/} $*\"; cat; } >> \"$RAN\"\n";
    executable(&repo.path(".git/hooks/pre-push"), all);
    executable(&repo.path(".git/hooks/post-rewrite"), all);
    executable(&remote.path("hooks/pre-receive"), all);
    repo.tribunal(&["hooks", "install", "pre-push", "post-rewrite"]).ok();
    remote.tribunal(&["hooks", "install"]).ok();
    let ran = sandbox.path().join("ran");
    let vars = [("RAN", ran.to_str().unwrap())];
    repo.write("a", "a").commit_unjudged("one");
    repo.git_env(&["commit", "--quiet", "--amend", "-m", "other"], &vars).ok();
    repo.git_env(&["push", "--quiet", "../remote.git", "main:x", "main:y"], &vars).ok();
    let text = fs::read_to_string(&ran).unwrap();
    let starts =
        ["post-rewrite amend\n", "pre-push ../remote.git ../remote.git\n", "pre-receive \n"];
    for start in starts {
        assert!(text.contains(start), "{text}");
    }
    assert_eq!(text.lines().count(), 3 + 1 + 2 + 2, "{text}");
}

/// Each way to a commit must end with the bad file refused.
#[test]
fn every_way_to_commit_is_judged() {
    type Way = (&'static str, fn(&Repo<'_>) -> Outcome);
    let ways: [Way; 6] = [
        ("commit", |r| r.commit("x")),
        ("commit -a", |r| r.git(&["commit", "-a", "-m", "x"])),
        ("commit PATH", |r| r.git(&["commit", "-m", "x", "known"])),
        ("commit --include PATH", |r| r.git(&["commit", "--include", "known", "-m", "x"])),
        ("commit --amend -a", |r| r.git(&["commit", "--amend", "-a", "-m", "x"])),
        ("commit in a folder below", |r| {
            r.git(&["add", "known"]).ok();
            r.git(&["-C", "below", "commit", "-m", "x"])
        }),
    ];
    for (name, way) in ways {
        let sandbox = Sandbox::new();
        let repo = installed(&sandbox);
        repo.write("known", "one\n").write("below/x", "x").commit("first").ok();
        repo.write("known", bad());
        let head = repo.rev("HEAD");
        let outcome = way(&repo);
        assert!(outcome.code == 1 && outcome.stderr.contains("known:1"), "{name}: {outcome}");
        assert_eq!(repo.rev("HEAD"), head, "{name}");
        assert_eq!(repo.read("known"), bad(), "{name}");
    }
}

#[test]
fn only_what_is_about_to_be_committed_counts() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("a", "a\n").write("b", "b\n").commit("first").ok();
    // Staged and left out of a partial commit.
    repo.write("b", bad()).git(&["add", "b"]).ok();
    repo.write("a", "more\n");
    repo.git(&["commit", "--quiet", "-m", "a alone", "a"]).ok();
    // Unstaged.
    repo.write("b", "fine\n").git(&["add", "b"]).ok();
    repo.write("b", bad());
    repo.git(&["commit", "--quiet", "-m", "b as staged"]).ok();
    // Staged bad, fine in the work tree.
    repo.git(&["add", "b"]).ok();
    repo.write("b", "fine\n");
    repo.git(&["commit", "--quiet", "-m", "no"]).code(1).says("b:1");
    // An intent to add holds nothing.
    repo.git(&["reset", "--quiet", "--hard"]).ok();
    repo.write("new", bad()).git(&["add", "-N", "new"]).ok();
    repo.write("c", "c").git(&["add", "c"]).ok();
    repo.git(&["commit", "--quiet", "-m", "c"]).ok();
    // A detached checkout.
    repo.git(&["checkout", "--quiet", "--detach"]).ok();
    repo.write("d", bad()).git(&["add", "d"]).ok();
    repo.git(&["commit", "--quiet", "-m", "d"]).code(1).says("d:1");
}

#[test]
fn merges_are_judged_and_what_skips_the_gate_is_named_at_the_push() {
    let sandbox = Sandbox::new();
    let remote = sandbox.bare("remote.git");
    let repo = installed(&sandbox);
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.write("a", "a\n").commit("first").ok();
    let quiet = repo.git(&["push", "--quiet", "origin", "main"]).ok();
    assert_eq!(quiet.stderr, "", "what passed its gate passes in silence");

    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("side", bad()).commit_unjudged("bad on the side");
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("b", "b\n").commit("second").ok();
    repo.git(&["merge", "--quiet", "--no-edit", "side"]).code(1).says("side:1");
    repo.git(&["merge", "--abort"]);
    repo.git(&["reset", "--quiet", "--hard", "main"]).ok();

    // Neither of these runs `pre-commit`.
    repo.git(&["switch", "--quiet", "-c", "picked", "HEAD~1"]).ok();
    repo.git(&["cherry-pick", "main"]).ok();
    repo.write("c", "c\n").commit_unjudged("--no-verify");
    repo.git(&["rebase", "--quiet", "main"]).ok();
    repo.git(&["push", "origin", "picked"]).ok().says("1 of 2 commits not checked when made");
    repo.git(&["switch", "--quiet", "side"]).ok();
    repo.git(&["push", "origin", "side"]).code(1).says("side:1").says("bad on the side");
    assert_eq!(remote.rev("side"), "");
}

#[test]
fn a_merge_conflict_that_was_committed_by_accident_is_stopped() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("a", "base\n").commit("first").ok();
    repo.git(&["switch", "--quiet", "-c", "side"]).ok();
    repo.write("a", "side\n").commit("side").ok();
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("a", "main\n").commit("main").ok();
    repo.git(&["merge", "side"]).code(1);
    repo.commit("merged").code(1).says("a:1");
    repo.write("a", "both\n").commit("merged").ok();
}

#[test]
fn commit_messages_are_judged_as_git_will_keep_them() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("tribunal.toml", "[gates]\ncommit-message = \"block\"\n")
        .commit("feat: policy")
        .ok();
    repo.write("a", "a")
        .commit("what I did")
        .code(1)
        .says("commit message:1")
        .says("COMMIT_EDITMSG");
    repo.git(&["commit", "--quiet", "-m", "feat: what I did"]).ok();
    let editor = sandbox.path().join("editor");
    executable(&editor, "#!/bin/sh\nprintf '# what I did\\nfix: it\\n# end\\n' > \"$1\"\n");
    let vars = [("GIT_EDITOR", editor.to_str().unwrap())];
    repo.write("a", "b").git(&["add", "a"]).ok();
    repo.git_env(&["commit", "--quiet"], &vars).ok();
    repo.git_env(&["commit", "--quiet", "--amend", "--verbose"], &vars).ok();
    assert_eq!(repo.git(&["log", "-1", "--format=%B"]).out(), "fix: it");
    // Without an editor git keeps such a line, and so the gate counts it: here and at the push.
    repo.write("a", "c").commit("#12 mend it\n\nfix: it").code(1).says("`<type>(<scope>)");
    repo.commit_unjudged("#12 mend it\n\nfix: it");
    let bare = sandbox.bare("up");
    repo.git(&["remote", "add", "origin", bare.dir.to_str().unwrap()]).ok();
    repo.git(&["push", "-q", "--no-verify", "origin", "HEAD~1:refs/heads/main"]).ok();
    repo.git(&["push", "-q", "origin", "HEAD:refs/heads/x"])
        .code(1)
        .says("commit message:1:1: the commit message's first line is not `<type>(<scope>)");
}

#[test]
fn a_bypass_is_loud_and_recorded() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("bad", bad()).git(&["add", "bad"]).ok();
    let outcome = repo.git_env(&["commit", "--quiet", "-m", "x"], &[("TRIBUNAL", "0")]).ok();
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    assert!(outcome.stderr.contains("NOT checked: TRIBUNAL=0"), "{outcome}");
    repo.write("worse", bad()).git(&["add", "worse"]).ok();
    repo.git_env(&["commit", "-m", "x"], &[("TRIBUNAL_SKIP", "conflict-marker")])
        .code(1)
        .says("did you mean `conflict-markers`?");
    repo.git_env(&["commit", "-m", "x"], &[("TRIBUNAL_GATES__CONFLICT_MARKERS", "off")])
        .code(1)
        .says("is not a variable of a setting; did you mean `TRIBUNAL_GATES_CONFLICT_MARKERS`?")
        .never_says("not checked in full");
    repo.git_env(&["commit", "-m", "x"], &[("TRIBUNAL_SKIP", "scope,conflict-markers")]).ok();
    repo.write("more", bad()).git(&["add", "more"]).ok();
    repo.git_env(&["commit", "-m", "x"], &[("TRIBUNAL_GATES_CONFLICT_MARKERS", "off")]).ok();
    repo.tribunal(&["hooks", "status"])
        .ok()
        .says("bypassed 3 times")
        .says("TRIBUNAL=0 A Person main")
        .says("TRIBUNAL_SKIP=scope,conflict-markers")
        .says("TRIBUNAL_GATES_CONFLICT_MARKERS");
    let json = repo.tribunal(&["--format", "json", "hooks", "status"]).ok().json();
    assert_eq!(json["bypasses"].as_array().unwrap().len(), 3);
    // What was let through with a bypass is judged at the push.
    sandbox.bare("remote.git");
    repo.git(&["push", "../remote.git", "main"]).code(1).says("bad:1").says("more:1");
    repo.git_env(&["push", "../remote.git", "main"], &[("TRIBUNAL", "0")]).ok().says("NOT checked");
    repo.tribunal(&["hooks", "status"]).ok().says("bypassed 4 times").says("pre-push TRIBUNAL=0");
}

#[test]
fn an_error_of_ours_stops_the_commit_and_says_how_to_go_on() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("a", "a").commit("one").ok();
    sandbox.settings("[gates]\nscpe = 1\n");
    repo.write("a", "b").commit("two").code(1).says("scpe").says("hint:");
    repo.git_env(&["commit", "--quiet", "-m", "two"], &[("TRIBUNAL", "0")]).ok();
}

#[test]
fn a_read_only_hooks_folder_changes_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let folder = repo.path(".git/hooks");
    // The superuser writes everywhere: a file in the folder's place stops it as well.
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    repo.tribunal(&["hooks", "install"]).code(2).says("hooks");
    repo.tribunal(&["hooks", "status"]).says("hooks");
}

#[test]
fn what_a_merge_brings_from_a_remote_was_judged_there() {
    let sandbox = Sandbox::new();
    sandbox.bare("remote.git");
    let repo = installed(&sandbox);
    repo.git(&["remote", "add", "origin", "../remote.git"]).ok();
    repo.write("a", "a\n").commit("first").ok();
    repo.git(&["switch", "--quiet", "-c", "theirs"]).ok();
    repo.write("theirs", bad()).commit_unjudged("bad of theirs");
    repo.git(&["push", "--quiet", "--no-verify", "origin", "theirs"]).ok();
    repo.git(&["switch", "--quiet", "main"]).ok();
    repo.write("b", "b\n").commit("second").ok();
    repo.git(&["merge", "--quiet", "--no-edit", "origin/theirs"]).ok();
    assert_eq!(repo.read("theirs"), bad());
    // A conflict: git stops, and the person commits.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    repo.write("theirs", "ours\n").commit("ours").ok();
    repo.git(&["merge", "--quiet", "--no-edit", "origin/theirs"]).code(1);
    repo.commit("merged").code(1).says("theirs:3");
    repo.git(&["checkout", "--quiet", "origin/theirs", "--", "theirs"]).ok();
    repo.commit("merged").ok();
}

#[test]
fn plain_hooks_start_no_process() {
    let sandbox = Sandbox::new();
    let repo = installed(&sandbox);
    repo.write("a", "a\n")
        .write("tribunal.toml", "[gates]\nscope = \"warn\"\n")
        .commit("first")
        .ok();
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    let base = repo.rev("HEAD");
    repo.write("b", "b\n").commit("second").ok();
    let line = format!("refs/heads/main {} refs/heads/main {base}\n", repo.rev("HEAD"));
    repo.write("c", "c\n").git(&["add", "c"]).ok();
    // The index as `git commit` leaves it before it calls the hook.
    repo.git(&["write-tree"]).ok();
    let nowhere = |words: &[&str], input: &[u8]| {
        let mut command = sandbox.command(TRIBUNAL, &repo.dir);
        // Settings that git was given for one command are asked of git; a person seldom has any.
        command.env_remove("GIT_CONFIG_GLOBAL").env_remove("GIT_CONFIG_NOSYSTEM");
        command.args(words).env("PATH", "/nowhere");
        run(command, input)
    };
    nowhere(&["hook", "pre-commit"], b"").ok();
    nowhere(&["hook", "commit-msg", ".git/COMMIT_EDITMSG"], b"").ok();
    nowhere(&["hook", "pre-push", "origin", "../remote.git"], line.as_bytes()).ok();
}

#[test]
fn a_hook_manager_that_comes_back_is_kept_again() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let hook = repo.path(".git/hooks/pre-commit");
    executable(&hook, "#!/bin/sh\necho managed >> ran\n");
    repo.tribunal(&["hooks", "install"]).ok();
    fs::remove_file(&hook).unwrap();
    executable(&hook, "#!/bin/sh\necho managed >> ran\n");
    repo.tribunal(&["hooks", "status"]).code(1).says("another program's hook");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("bad", bad()).git(&["add", "bad"]).ok();
    repo.git(&["commit", "-m", "x"]).code(1).says("bad:1");
    assert_eq!(repo.read("ran"), "managed\n");
}

#[test]
fn no_command_of_a_clone_runs_before_a_person_has_seen_it_and_said_yes() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let policy = "[[commands]]\nname = \"never\"\nrun = \"false\"\non = [\"pre-commit\"]\n";
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    repo.tribunal(&["hooks", "install", "--dry-run"]).ok().never_says("trust");
    // There is no terminal to ask on, so the answer is no.
    for words in
        [&["hooks", "install"][..], &["hooks", "install"], &["-q", "hooks", "install"], &["init"]]
    {
        let said = repo.tribunal(words).ok().says("runs    false").says("are not trusted");
        said.says("`tribunal trust commands --yes`");
    }
    repo.write("a", "a").commit("feat: a").ok().says("not checked: never: it is not trusted");
    repo.tribunal(&["trust", "--yes"]).ok().says("1 command is trusted");
    repo.tribunal(&["hooks", "install"]).ok().says("nothing to change").never_says("runs    false");
    repo.write("a", "b").commit("feat: b").code(1).says("never");
}

#[test]
fn a_command_of_a_clone_runs_after_a_yes_on_the_terminal_and_after_no_other_answer() {
    for (typed, agreed) in
        [("n\n", false), ("\n", false), ("\u{4}", false), ("y\n", true), ("yes\n", true)]
    {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo("repo");
        let policy = "[[commands]]\nname = \"never\"\nrun = \"false\"\non = [\"pre-commit\"]\n";
        repo.write("tribunal.toml", policy).commit_unjudged("policy");
        // The second answer is to the question about the watcher.
        let typed = format!("{typed}n\n");
        let printed = on_terminal_typing(repo.command(&["hooks", "install"]), &typed);
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.contains("runs    false"), "{printed}");
        let made = repo.write("a", "a").commit("feat: a");
        assert_eq!(made.code, i32::from(agreed), "{typed:?} {printed} {made}");
    }
}

#[test]
fn what_happened_is_left_in_the_inbox() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.tribunal(&["hooks", "install", "post-commit", "post-rewrite"]).ok();
    repo.write("a", "a").commit("one").ok();
    let first = repo.rev("HEAD");
    repo.git(&["commit", "--quiet", "--amend", "-m", "two"]).ok();
    let events: Vec<_> = listing(&repo.path(".git/tribunal/inbox"))
        .into_iter()
        .filter(|(name, _, _)| name.contains("json"))
        .map(|(_, _, text)| serde_json::from_slice::<serde_json::Value>(&text).unwrap())
        .collect();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(events[0]["kind"], "commit");
    assert_eq!(events[0]["oid"], first.as_str());
    assert_eq!(events[0]["branch"], "main");
    assert_eq!(events[2]["kind"], "rewrite");
    assert_eq!(events[2]["command"], "amend");
    assert_eq!(events[2]["pairs"][0][1], repo.rev("HEAD"));
}

/// A hook of a manager that keeps what stood in its place and runs it by that name.
fn manager(kept: &str) -> String {
    format!("#!/bin/sh\necho managed >> ran\nexec \"{kept}\" \"$@\"\n")
}

#[test]
fn a_shim_knows_its_hook_under_any_name() {
    let sandbox = Sandbox::new();
    for name in ["pre-commit.legacy", "pre-commit.old", "pre-commit.d/10-x", "../elsewhere/x y"] {
        let repo = sandbox.repo(&name.replace(['/', ' '], "_"));
        let hook = repo.path(".git/hooks/pre-commit");
        executable(&hook, "#!/bin/sh\necho own >> ran\n");
        repo.tribunal(&["hooks", "install"]).ok();
        let kept = repo.path(".git/hooks").join(name);
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::rename(&hook, &kept).unwrap();
        executable(&hook, &manager(kept.to_str().unwrap()));
        repo.write("bad", bad());
        let outcome = repo.commit("x");
        assert_eq!(outcome.code, 1, "{name}\n{outcome}");
        outcome.says("blocked: bad:1");
        // The hook that stood there before is beside the shim, where that is in the same folder.
        let own = if name.contains('/') { "managed\n" } else { "managed\nown\n" };
        assert_eq!(repo.read("ran"), own, "{name}");
    }
}

/// A manager first, tribunal, and the manager once more: each runs what it finds of the other.
#[test]
fn two_programs_that_keep_each_others_hook_run_once_each() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let hook = repo.path(".git/hooks/pre-commit");
    let legacy = repo.path(".git/hooks/pre-commit.legacy");
    let script = format!(
        "#!/bin/sh\necho managed >> ran\nl={0}\n[ ! -x $l ] || exec $l\n",
        legacy.display()
    );
    executable(&hook, &script);
    repo.tribunal(&["hooks", "install"]).ok();
    fs::rename(&hook, &legacy).unwrap();
    executable(&hook, &script);
    repo.write("bad", bad());
    repo.commit("x").code(1).says("blocked: bad:1");
    assert_eq!(repo.read("ran"), "managed\n");
    repo.tribunal(&["hooks", "status"])
        .code(1)
        .says("another program's hook is in its place")
        .says("pre-commit.legacy` is a tribunal hook under another name");
    // A newer manager has another text: it may run twice, and does not run for ever.
    executable(&hook, &script.replace("managed", "managed anew"));
    fs::remove_file(repo.path("ran")).unwrap();
    repo.commit("x").code(1).says("blocked: bad:1");
    assert_eq!(repo.read("ran"), "managed anew\nmanaged\n");
    // And with tribunal in front again.
    repo.tribunal(&["hooks", "uninstall"]).ok();
    assert!(!legacy.exists(), "a shim under another name is taken away too");
    fs::remove_file(repo.path(".git/hooks/pre-commit.before-tribunal")).unwrap();
    repo.tribunal(&["hooks", "install"]).ok();
    executable(&legacy, &fs::read_to_string(&hook).unwrap());
    fs::remove_file(repo.path("ran")).unwrap();
    repo.commit("x").code(1).says("blocked: bad:1");
    assert_eq!(repo.read("ran").lines().count(), 1, "{}", repo.read("ran"));
}

#[test]
fn a_first_shim_under_another_name_stops_and_is_renewed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let folder = repo.path(".git/hooks");
    let legacy = folder.join("pre-commit.legacy");
    executable(&legacy, &first_shim());
    executable(&folder.join("pre-commit"), &manager(legacy.to_str().unwrap()));
    repo.write("good", "1\n");
    repo.commit("x")
        .code(1)
        .says("`pre-commit.legacy` is not a hook that tribunal answers")
        .says("`tribunal hooks install` renews it");
    repo.tribunal(&["hooks", "install"]).ok().says("pre-commit.legacy");
    repo.commit("x").ok();
    repo.write("bad", bad());
    repo.commit("x").code(1).says("blocked: bad:1");
    // In its own place a first shim works as it did, until it is renewed.
    let other = sandbox.repo("other");
    executable(&other.path(".git/hooks/pre-commit"), &first_shim());
    other.write("bad", bad());
    other.commit("x").code(1).says("blocked: bad:1");
    other.tribunal(&["hooks", "install"]).ok();
    let renewed = fs::read_to_string(other.path(".git/hooks/pre-commit")).unwrap();
    assert!(renewed.contains("\nhook=pre-commit\n"), "{renewed}");
}

#[test]
fn a_word_that_is_no_hook_is_wrong_use() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    for word in ["precommit", "pre-comit", "post-checkout", "pre-commit ", "x"] {
        repo.tribunal(&["hook", word])
            .code(2)
            .says(&format!("`{word}` is not a hook that tribunal answers"))
            .says("known: pre-commit, pre-merge-commit, commit-msg");
        repo.tribunal(&["hook", "--", word]).code(2).says("known: pre-commit");
    }
}

#[test]
fn hooks_status_as_json_names_the_method() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let method = || {
        let status = repo.tribunal(&["hooks", "status", "--format", "json"]).json();
        assert!(status.get("place").is_none(), "{status}");
        status["method"].clone()
    };
    let folder = repo.path(".git/hooks").canonicalize().unwrap();
    assert_eq!(method(), serde_json::json!({"is": "folder", "folder": folder}));
    fs::create_dir(repo.path("own hooks")).unwrap();
    repo.git(&["config", "core.hooksPath", "own hooks"]).ok();
    let method = method();
    assert!(method["is"] == "config" || method["is"] == "work-tree", "{method}");
}

#[test]
fn hooks_outlive_an_upgrade_by_a_program_that_keeps_a_link() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let at = |name: &str| sandbox.path().join(name);
    fs::create_dir_all(at("cellar/1")).unwrap();
    fs::create_dir_all(at("bin")).unwrap();
    fs::copy(TRIBUNAL, at("cellar/1/tribunal")).unwrap();
    let link = at("bin/tribunal");
    symlink("../cellar/1/tribunal", &link).unwrap();
    let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
    for program in [Path::new("tribunal"), Path::new("../bin/tribunal"), &link] {
        let mut command = sandbox.command("env", &repo.dir);
        command.env("PATH", &path).arg(program).args(["hooks", "install"]);
        run(command, b"").ok();
        let shim = fs::read_to_string(repo.path(".git/hooks/pre-commit")).unwrap();
        assert!(shim.contains("/bin/tribunal'") && !shim.contains("cellar"), "{program:?} {shim}");
        let mut status = sandbox.command(&link, &repo.dir);
        status.args(["hooks", "status"]);
        run(status, b"").ok().never_says("another program");
        repo.tribunal(&["hooks", "status"]).ok().says("another program");
        fs::remove_file(repo.path(".git/hooks/pre-commit")).unwrap();
    }
    repo.tribunal(&["hooks", "uninstall"]).ok();
    let mut command = sandbox.command(&link, &repo.dir);
    command.args(["hooks", "install"]);
    run(command, b"").ok();
    fs::rename(at("cellar/1"), at("cellar/2")).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("../cellar/2/tribunal", &link).unwrap();
    repo.write("m", bad()).commit("feat: m").code(1).says("conflict marker");
}
