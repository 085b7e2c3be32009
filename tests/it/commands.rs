//! Command gates: what runs, where, when, and what it can reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, executable, wait_for};

/// Makes the next `git commit` ask the program under test.
pub fn hook_up(repo: &Repo<'_>) {
    let common = repo.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]).ok();
    let hook = Path::new(common.out()).join("hooks/pre-commit");
    executable(hook, format!("#!/bin/sh\nexec '{TRIBUNAL}' hook pre-commit\n"));
}

/// Commits a policy with one command at pre-commit, trusts it and installs the hook.
pub fn with_command(repo: &Repo<'_>, run: &str, more: &str) {
    let policy = format!(
        "[[commands]]\nname = \"probe\"\nrun = '''{run}'''\non = [\"pre-commit\"]\n{more}\n"
    );
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    hook_up(repo);
}

/// The trees that were made for this sandbox's repositories.
fn trees(sandbox: &Sandbox) -> Vec<PathBuf> {
    let roots = sandbox.home().join(".cache/tribunal/trees");
    let below = |folder: &Path| fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut trees: Vec<_> =
        below(&roots).flat_map(|root| below(&root).collect::<Vec<_>>()).collect();
    trees.retain(|path| path.is_dir());
    trees.sort();
    trees
}

fn commit(repo: &Repo<'_>) -> Outcome {
    repo.git(&["commit", "--quiet", "-m", "feat: x"])
}

#[test]
fn a_command_sees_what_is_staged_and_runs_outside_the_work_tree() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let out = sandbox.path().join("seen");
    let run = format!("cat a > {0}; pwd >> {0}; ls >> {0}; touch made-by-command", out.display());
    with_command(&repo, &run, "");
    repo.write("a", "staged\n").git(&["add", "a"]).ok();
    repo.write("a", "unstaged\n").write("untracked", "u\n");
    commit(&repo).ok();
    let seen = fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "staged");
    assert!(!lines[1].starts_with(repo.dir.to_str().unwrap()), "it ran in {}", lines[1]);
    assert!(!seen.contains("untracked"), "{seen}");
    assert_eq!(repo.read("a"), "unstaged\n");
    assert!(!repo.path("made-by-command").exists());
}

#[test]
fn a_failing_command_blocks_and_shows_its_end() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "echo first; echo the-reason >&2; exit 3", "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let head = repo.rev("HEAD");
    commit(&repo).code(1).says("failed (3)").says("the-reason").says("commands/probe.log");
    assert_eq!(repo.rev("HEAD"), head);
    assert_eq!(repo.read(".git/tribunal/logs/commands/probe.log"), "first\nthe-reason\n");
    let json = repo.tribunal(&["check", "--commands", "--format", "json"]).code(1).json();
    assert_eq!(json["findings"][0]["gate"], "commands");
    assert_eq!(json["findings"][0]["rule"], "probe");
    assert_eq!(json["findings"][0]["class"], "build/command-failed");
}

#[test]
fn at_level_warn_a_failing_command_lets_pass_and_off_runs_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    with_command(&repo, &format!("touch {}; exit 1", mark.display()), "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    repo.git_env(&["commit", "-qm", "a"], &[("TRIBUNAL_GATES_COMMANDS", "warn")])
        .ok()
        .says("1 warning");
    fs::remove_file(&mark).unwrap();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    repo.git_env(&["commit", "-qm", "a"], &[("TRIBUNAL_GATES_COMMANDS", "off")]).ok();
    assert!(!mark.exists());
}

#[test]
fn a_missing_tool_is_inconclusive() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "no-such-tool-anywhere", "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let head = repo.rev("HEAD");
    commit(&repo)
        .code(1)
        .says("command `probe` could not start (`no-such-tool-anywhere: not found`), so the commit was stopped")
        .says("skip it once: `TRIBUNAL_SKIP=commands.probe git commit`");
    assert_eq!(repo.rev("HEAD"), head);
    let told = repo.tribunal(&["check", "--commands"]).code(4).says("inconclusive");
    told.says("skipped probe: it could not start (`no-such-tool-anywhere: not found`)");
    let json = repo.tribunal(&["check", "--commands", "--format", "json"]).code(4).json();
    assert_eq!(json["ran"][0]["outcome"], "not-started");
    // At level warn it is told, and lets pass.
    repo.git_env(&["commit", "-qm", "feat: x"], &[("TRIBUNAL_GATES_COMMANDS", "warn")])
        .ok()
        .says("command `probe` is no pass: it could not start");
    // A name is the repository's: nothing of it is put into a line for a shell.
    let policy = repo.read("tribunal.toml");
    repo.write("tribunal.toml", policy.replace("\"probe\"", "\"x; rm -r $HOME\""));
    repo.commit_unjudged("hostile").tribunal(&["trust", "--yes"]).ok();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    commit(&repo).code(1).says("`TRIBUNAL_SKIP=commands git commit`");
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    let bare = sandbox.bare("bare");
    repo.push_to(&bare);
    repo.write("tribunal.toml", repo.read("tribunal.toml").replace("pre-commit", "pre-push"));
    repo.commit_unjudged("policy").git(&["push", "-q", "--no-verify", "origin", "main"]).ok();
    repo.write("b", "1\n").commit_unjudged("feat: b");
    executable(
        repo.path(".git/hooks/pre-push"),
        format!("#!/bin/sh\nexec '{TRIBUNAL}' hook pre-push \"$@\"\n"),
    );
    repo.git(&["push", "-q", "origin", "main"])
        .code(1)
        .says("so the push was stopped")
        .says("`TRIBUNAL_SKIP=commands.probe git push`")
        .says("hint: nothing was pushed");
    repo.git_env(&["push", "-q", "origin", "main"], &[("TRIBUNAL_SKIP", "commands.probe")]).ok();
    assert_eq!(bare.rev("main"), repo.rev("main"));
}

#[test]
fn one_command_is_skipped_by_its_name_and_that_is_recorded() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let out = sandbox.path().join("ran");
    let ran = || {
        let ran = fs::read_to_string(&out).unwrap_or_default();
        drop(fs::remove_file(&out));
        ran
    };
    let command = |name: &str| {
        format!(
            "[[commands]]\nname = \"{name}\"\nrun = \"printf {name}, >> {}\"\non = [\"pre-commit\"]\n",
            out.display()
        )
    };
    repo.write("tribunal.toml", command("tests") + &command("lint")).commit_unjudged("policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    hook_up(&repo);
    let commit_with = |skip: &str| {
        repo.write("a", skip).git(&["add", "a"]).ok();
        repo.git_env(&["commit", "-qm", "feat: x"], &[("TRIBUNAL_SKIP", skip)])
    };
    commit_with("commands.tests")
        .ok()
        .says("not checked in full: TRIBUNAL_SKIP=commands.tests; recorded");
    assert_eq!(ran(), "lint,");
    repo.tribunal(&["status"]).ok().says("TRIBUNAL_SKIP=commands.tests");
    // What names nothing is said, leaves nothing out and is no bypass.
    commit_with("commands.lin")
        .ok()
        .says("TRIBUNAL_SKIP: `commands.lin` is not a command; did you mean `commands.lint`?")
        .never_says("not checked in full");
    assert_eq!(ran(), "tests,lint,");
    commit_with("commands").ok();
    assert_eq!(ran(), "");
    // By hand.
    repo.write("a", "by hand").git(&["add", "a"]).ok();
    repo.tribunal(&["check", "--only", "commands.lint"])
        .ok()
        .says("skipped check: only commands.lint was asked for");
    assert_eq!(ran(), "lint,");
    repo.tribunal(&["check", "--commands", "--skip", "commands.lint,scope"])
        .ok()
        .says("skipped scope: left out by `--skip`");
    assert_eq!(ran(), "tests,");
    let marker = "<".repeat(7);
    repo.write("m", format!("{marker} HEAD\n")).git(&["add", "m"]).ok();
    repo.tribunal(&["check"]).code(1);
    repo.tribunal(&["check", "--skip", "conflict-markers"]).ok().says("pass");
    repo.tribunal(&["check", "--only", "conflict-markers"]).code(1);
    let only = repo.tribunal(&["check", "--only", "secrets", "--format", "json"]).ok().json();
    assert_eq!(only["gates"], serde_json::json!(["secrets"]));
    repo.tribunal(&["check", "--only", "commit-message"])
        .ok()
        .says("nothing to check")
        .says("skipped commit-message: it is off");
    repo.commit_unjudged("feat: marker");
    let range = ["check", "--from", "HEAD~1"];
    repo.tribunal(&range).code(1);
    repo.tribunal(&[&range[..], &["--skip", "conflict-markers"]].concat()).ok();
    for (name, near) in [("secret", "`secrets`"), ("commands.lin", "`commands.lint`")] {
        for option in ["--only", "--skip"] {
            repo.tribunal(&["check", option, name]).code(2).says(near).says("hint: ");
        }
    }
}

#[test]
fn a_command_that_changes_files_fails_and_says_so() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("x.py", "x\n").write("y.py", "y\n").write(".gitignore", "ignored\nlent\n");
    repo.write("deep/z", "z\n").commit_unjudged("first");
    let set = |run: &str, more: &str| {
        with_command(&repo, run, more);
        repo.write("a", run).git(&["add", "a"]).ok();
    };
    for (run, files) in [
        ("echo '# formatted' >> x.py", "1 file: x.py"),
        ("echo X > x.py; echo Y > y.py", "2 files: x.py, y.py"),
        ("rm -r deep", "1 file: deep/z"),
        ("rm x.py; mkdir x.py", "1 file: x.py"),
        ("chmod +x y.py", "1 file: y.py"),
        ("ln -sf /etc/passwd y.py", "1 file: y.py"),
        // Of the same size, with the time that it had.
        ("touch -r x.py t; printf 'y\\n' > x.py; touch -r t x.py; rm t", "1 file: x.py"),
        ("git rm -q x.py", "1 file: x.py"),
    ] {
        set(run, "");
        let before = repo.git(&["status", "--short"]).ok().stdout;
        commit(&repo)
            .code(1)
            .says(&format!("blocked: `probe` changed {files} [commands/probe"))
            .says(&format!("hint: run `{run}` yourself and stage the result"));
        assert_eq!(repo.git(&["status", "--short"]).ok().stdout, before);
        // Nothing of it counts as a pass.
        commit(&repo).code(1).says(files);
    }
    set("for f in 1 2 3 4 5 6 7; do echo x > $f; done", "");
    for name in ["1", "2", "3", "4", "5", "6", "7"] {
        repo.write(name, "0\n").git(&["add", name]).ok();
    }
    commit(&repo).code(1).says("changed 7 files: 1, 2, 3, 4, 5, and 2 more");
    let json = repo.tribunal(&["check", "--commands", "--format", "json"]).code(1).json();
    assert_eq!(json["ran"][0]["outcome"], "changed-files");
    repo.git_env(&["commit", "-qm", "feat: x"], &[("TRIBUNAL_GATES_COMMANDS", "warn")])
        .ok()
        .says("1 warning: `probe` changed 7 files");
    // A command that fails and changes files is one that a person runs, too.
    set("echo fixed > x.py; exit 1", "");
    commit(&repo)
        .code(1)
        .says("failed (1)")
        .says("it changed 1 file here, not in your work tree: x.py");
    repo.write("lent/theirs", "1\n");
    for run in [
        "touch new; mkdir build; touch build/out; echo x > ignored",
        "cat x.py > t; cat t > x.py; touch y.py",
        "echo other > x.py; git checkout -q .",
        "git stash -q; git stash pop -q; echo ours > lent/ours",
    ] {
        set(run, "share = [\"lent\"]");
        commit(&repo).ok().never_says("changed");
    }
    assert_eq!(repo.read("lent/ours"), "ours\n");
}

#[test]
fn a_push_names_what_a_command_changed_in_the_commit() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("bare");
    let repo = sandbox.repo("r");
    // What git makes of the file on its way in and out is no change.
    repo.write(".gitattributes", "*.dos text eol=crlf\n").write("y.dos", "a\r\n");
    let policy = "[[commands]]\nname = \"fmt\"\nrun = \"printf 'a\\\\n' > y.dos; echo x >> a\"\n";
    repo.write("tribunal.toml", policy).write("a", "1\n").commit_unjudged("policy");
    repo.push_to(&bare);
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("b", "1\n").commit_unjudged("feat: b");
    for _ in 0..2 {
        repo.git(&["push", "-q", "origin", "main"])
            .code(1)
            .says("`fmt` changed 1 file: a [")
            .says("yourself and commit the result");
    }
    assert_eq!(bare.rev("main"), repo.rev("main~1"));
}

#[test]
fn a_command_runs_for_its_moment_and_its_paths_alone() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    let ran = || fs::remove_file(&mark).is_ok();
    let more = "paths = [\"src/*.rs\", \"!src/skip.rs\"]";
    with_command(&repo, &format!("touch {}", mark.display()), more);
    for (path, expected) in [
        ("a.rs", false),
        ("src/deep/a.rs", false),
        ("src/skip.rs", false),
        ("src/a.rs", true),
        ("src/a b\u{e9}.rs", true),
    ] {
        repo.write(path, "1\n").git(&["add", path]).ok();
        commit(&repo).ok();
        assert_eq!(ran(), expected, "{path}");
    }
    repo.git(&["mv", "src/a.rs", "elsewhere.rs"]).ok();
    commit(&repo).ok();
    assert!(ran(), "a file moved away concerns the command");
    repo.write("src/b.rs", "1\n").git(&["add", "src/b.rs"]).ok();
    repo.tribunal(&["check", "--commands=pre-push"]).ok();
    assert!(!ran());
    repo.tribunal(&["check", "--commands=pre-commit"]).ok();
    assert!(ran());
}

#[test]
fn a_second_run_is_warm() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("same", "same\n").write(".gitignore", "cache\n").write("sub dir/f", "1\n");
    let times = sandbox.path().join("times");
    let run = format!("stat -c %y same >> {0}; cat cache >> {0}; date > cache", times.display());
    with_command(&repo, &format!("{run}; touch junk; echo changed > same; rm -r 'sub dir'"), "");
    for number in ["1", "2"] {
        repo.write("a", number).git(&["add", "a"]).ok();
        commit(&repo).code(1).says("changed 2 files: same, sub dir/f");
        repo.commit_unjudged("feat: x");
    }
    // The second run saw the cache of the first, and not its untracked file.
    assert_eq!(fs::read_to_string(&times).unwrap().lines().count(), 3);
    let tree = &trees(&sandbox)[0];
    repo.write("a", "3").git(&["add", "a"]).ok();
    let kept = fs::metadata(tree.join("work/.gitignore")).unwrap().modified().unwrap();
    commit(&repo).code(1);
    assert_eq!(kept, fs::metadata(tree.join("work/.gitignore")).unwrap().modified().unwrap());
    assert_eq!(fs::read_to_string(tree.join("work/a")).unwrap(), "3");
}

#[test]
fn a_tree_that_passed_is_not_asked_again() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    with_command(&repo, &format!("echo x >> {}", mark.display()), "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    repo.tribunal(&["hook", "pre-commit"]).ok();
    repo.tribunal(&["hook", "pre-commit"]).ok().never_says("not checked");
    assert_eq!(fs::read_to_string(&mark).unwrap(), "x\n");
    repo.tribunal(&["check", "--commands"]).ok();
    assert_eq!(fs::read_to_string(&mark).unwrap(), "x\nx\n");
}

#[test]
fn shared_paths_are_lent_and_taken_back() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write(".gitignore", "lent\ndeep/er\n").write("deep/file", "1\n");
    let share = "share = [\"lent\", \"deep/er/\", \"missing\"]";
    with_command(&repo, "cat lent/theirs deep/er/x && echo new > lent/ours", share);
    repo.write("lent/theirs", "1\n").write("deep/er/x", "1\n");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
    assert_eq!(repo.read("lent/ours"), "new\n");
    // Without the share the folder is not there any more.
    with_command(&repo, "test ! -e lent && test ! -e deep/er", "");
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
    assert_eq!(repo.read("lent/theirs"), "1\n");
}

#[test]
fn a_path_that_is_judged_cannot_be_shared() {
    let sandbox = Sandbox::new();
    for path in ["../r", "/tmp", ".git", "a/../b", ""] {
        let repo = sandbox.repo("wrong");
        let command = "[[commands]]\nname = \"probe\"\nrun = \"true\"\n";
        repo.write("tribunal.toml", format!("{command}share = [\"{path}\"]\n"));
        repo.git(&["add", "."]).ok();
        repo.tribunal(&["check"])
            .code(1)
            .says("tribunal.toml:4:10")
            .says("no path inside the work");
        repo.tribunal(&["trust", "--yes"]).code(2).says("no path inside the work tree");
    }
    for path in ["src", "src/a", "link/x"] {
        let repo = sandbox.repo(&format!("r{}", path.len()));
        repo.write("src/a", "1\n");
        std::os::unix::fs::symlink("/tmp", repo.path("link")).unwrap();
        with_command(&repo, "true", &format!("share = [\"{path}\"]"));
        repo.write("b", "1\n").git(&["add", "b"]).ok();
        repo.tribunal(&["check", "--commands"]).code(4).says("`share` names");
        fs::remove_dir_all(&repo.dir).unwrap();
    }
}

#[test]
fn at_the_deadline_nothing_of_a_command_lives_on() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let pids = sandbox.path().join("pids");
    let run = format!(
        "trap '' TERM; (trap '' TERM; sleep 300) & echo $! > {0}; echo $$ >> {0}; wait; sleep 300",
        pids.display()
    );
    with_command(&repo, &run, "timeout = \"700ms\"");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let started = Instant::now();
    commit(&repo).code(1).says("did not end within 700 ms");
    assert!(started.elapsed().as_secs() < 30);
    for pid in fs::read_to_string(&pids).unwrap().lines() {
        wait_for("the processes to be gone", || !is_alive(pid));
    }
}

#[test]
fn what_a_command_leaves_running_is_stopped() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let pids = sandbox.path().join("pids");
    with_command(&repo, &format!("sleep 300 & echo $! > {}", pids.display()), "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
    let pid = fs::read_to_string(&pids).unwrap();
    wait_for("the process to be gone", || !is_alive(pid.trim()));
}

/// A zombie that nobody has buried yet is not alive.
pub fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

/// The file with the answers of the person in the sandbox, who has one repository.
fn consent_file(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.home().join(".config/tribunal/repositories");
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn only_trusted_commands_run() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    let run = format!("touch {}", mark.display());
    let policy = |run: &str, more: &str| {
        format!("[[commands]]\nname = \"probe\"\nrun = '''{run}'''\non = [\"pre-commit\"]\n{more}")
    };
    repo.write("tribunal.toml", policy(&run, "")).commit_unjudged("policy");
    hook_up(&repo);
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok().says("not checked: probe").says("tribunal trust");
    assert!(!mark.exists());
    repo.tribunal(&["trust"]).code(2).says(&run).says("--yes");
    repo.tribunal(&["trust", "--list"]).ok().never_says("probe");
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.tribunal(&["trust", "--list"]).ok().says("probe");
    // A line that somebody edited by hand is shown as it is, whatever is in it.
    let answers = consent_file(&sandbox);
    let agreed = fs::read_to_string(&answers).unwrap();
    let by_hand = "[[consent.commands]]\nname = \"by-hand\"\nfingerprint = \
                   \"abababababa\u{e4}\u{1f600}\"\nagreed = \"2026-01-02T03:04:05Z\"\n";
    fs::write(&answers, format!("{agreed}{by_hand}")).unwrap();
    let listed = repo.tribunal(&["trust", "--list"]).ok();
    listed.says("abababababa\u{e4}  2026-01-02 03:04:05  by-hand");
    fs::write(&answers, agreed).unwrap();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    commit(&repo).ok().never_says("not checked");
    assert!(fs::remove_file(&mark).is_ok());
    // When it runs may change; what runs may not.
    repo.write("tribunal.toml", policy(&run, "timeout = \"5m\"\n")).commit_unjudged("when");
    repo.write("a", "3\n").git(&["add", "a"]).ok();
    commit(&repo).ok().never_says("not checked");
    assert!(fs::remove_file(&mark).is_ok());
    repo.write("tribunal.toml", policy(&format!("{run}; true"), "")).commit_unjudged("what");
    repo.write("a", "4\n").git(&["add", "a"]).ok();
    commit(&repo).ok().says("changed since you trusted");
    repo.tribunal(&["trust", "--yes"]).ok().says("changed since you trusted");
    repo.tribunal(&["trust", "--revoke"]).ok().says("`probe` is no longer trusted");
    repo.write("a", "5\n").git(&["add", "a"]).ok();
    commit(&repo).ok().says("it is not trusted");
    assert!(!mark.exists());
}

#[test]
fn a_command_is_tied_to_no_repository_by_its_environment() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let out = sandbox.path().join("env");
    with_command(&repo, &format!("env > {}", out.display()), "");
    repo.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    for arguments in [&["commit", "-qam", "x"][..], &["-c", "a.b=c", "commit", "-qm", "x", "f"]] {
        linked.write("f", format!("{arguments:?}")).git(&["add", "f"]).ok();
        linked.git(arguments).ok();
        let seen = fs::read_to_string(&out).unwrap();
        fs::remove_file(&out).unwrap();
        let local = repo.git(&["rev-parse", "--local-env-vars"]).ok();
        for name in local.out().lines() {
            assert!(!seen.lines().any(|l| l.starts_with(&format!("{name}="))), "{name} in {seen}");
        }
        let inside = seen.lines().find_map(|l| l.strip_prefix("TRIBUNAL_INSIDE_COMMAND="));
        assert!(inside.is_some_and(|value| value.ends_with(" probe")), "{seen}");
        // What is run by hand has none of these.
        assert!(!seen.contains("GIT_AUTHOR_DATE") && !seen.contains("GIT_EXEC_PATH"), "{seen}");
    }
}

#[test]
fn git_inside_a_command_reaches_a_repository_of_its_own() {
    let sandbox = Sandbox::new();
    for form in ["sha1", "sha256"] {
        let repo = sandbox.repo_with(form, &[&format!("--object-format={form}")]);
        let out = sandbox.path().join("git");
        let run = format!(
            "set -e; git rev-parse --show-toplevel > {0}; git log --format=%s >> {0}; \
             git diff --exit-code; git status --short >> {0}; \
             echo y > y; git add y; git commit -qm inside; git branch b; \
             echo z > y; git stash -q; git remote >> {0}",
            out.display()
        );
        with_command(&repo, &run, "");
        repo.git(&["remote", "add", "origin", "/nowhere"]).ok();
        repo.write("a", "1\n").git(&["add", "a"]).ok();
        let refs = repo.git(&["for-each-ref"]).stdout;
        let index = fs::read(repo.path(".git/index")).unwrap();
        repo.tribunal(&["hook", "pre-commit"]).ok();
        let seen = fs::read_to_string(&out).unwrap();
        let lines: Vec<&str> = seen.lines().collect();
        assert!(lines[0].ends_with("/work"), "{seen}");
        assert_eq!(lines[1..], ["policy", "A  a"], "{seen}");
        assert_eq!(repo.git(&["for-each-ref"]).stdout, refs);
        assert_eq!(fs::read(repo.path(".git/index")).unwrap(), index);
        // Even with its own repository gone, git does not climb to the person's.
        with_command(&repo, "rm -rf .git; ! git rev-parse --git-dir", "");
        repo.write("a", "2\n").git(&["add", "a"]).ok();
        commit(&repo).ok();
    }
}

#[test]
fn a_command_that_calls_the_hooks_does_not_call_itself() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let count = sandbox.path().join("count");
    let run = format!(
        "echo x >> {}; cd {} && '{TRIBUNAL}' hook pre-commit",
        count.display(),
        repo.dir.display()
    );
    with_command(&repo, &run, "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
    assert_eq!(fs::read_to_string(&count).unwrap(), "x\n");
}

#[test]
fn runs_at_once_take_different_trees() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let meet = sandbox.path().join("meet");
    fs::create_dir(&meet).unwrap();
    // Each says that it is there and waits until the other is.
    let run = format!(
        "touch {0}/$(basename $(dirname $PWD)); while [ $(ls {0} | wc -l) -lt 2 ]; do :; done",
        meet.display()
    );
    with_command(&repo, &run, "timeout = \"60s\"");
    repo.git(&["worktree", "add", "--quiet", "../linked"]).ok();
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("linked") };
    std::thread::scope(|scope| {
        for one in [&repo, &linked] {
            scope.spawn(move || {
                one.write("a", one.dir.to_str().unwrap()).git(&["add", "a"]).ok();
                commit(one).ok();
            });
        }
    });
}

#[test]
fn a_checkout_that_was_cut_short_is_made_anew() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("kept", "1\n");
    with_command(&repo, "test -f kept && test ! -f ignored && test $(cat kept) = 1", "");
    repo.write(".gitignore", "ignored\n").commit_unjudged("ignore");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
    let tree = &trees(&sandbox)[0];
    // Cut short by a kill, and by a loss of power.
    for lost in ["ready", "nothing"] {
        drop(fs::remove_file(tree.join(lost)));
        fs::write(tree.join("index"), "torn").unwrap();
        fs::write(tree.join("index.lock"), "torn").unwrap();
        fs::write(tree.join("work/kept"), "half").unwrap();
        fs::write(tree.join("work/ignored"), "x").unwrap();
        repo.write("a", lost).git(&["add", "a"]).ok();
        commit(&repo).ok();
    }
}

#[test]
fn a_checkout_that_is_killed_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let pid = sandbox.path().join("pid");
    let smudge =
        format!("if test -e {0}; then cat; else echo $$ > {0}; sleep 300; fi", pid.display());
    repo.git(&["config", "filter.slow.smudge", &smudge]).ok();
    repo.write(".gitattributes", "slow filter=slow\n").write("slow", "word\n").write("z", "1\n");
    with_command(&repo, "test $(cat slow) = word && test $(cat z) = 1 && ! test -e old", "");
    repo.write("old", "1\n").git(&["add", "old"]).ok();
    let mut child = repo.command(&["hook", "pre-commit"]).spawn().unwrap();
    wait_for("the filter to run", || fs::read_to_string(&pid).is_ok_and(|t| t.ends_with('\n')));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the filter to be gone", || !is_alive(fs::read_to_string(&pid).unwrap().trim()));
    repo.git(&["rm", "-qf", "old"]).ok();
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
}

#[test]
fn files_are_checked_out_as_git_does_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.git(&["config", "filter.shout.smudge", "tr a-z A-Z"]).ok();
    repo.git(&["config", "filter.shout.clean", "tr A-Z a-z"]).ok();
    repo.write(".gitattributes", "*.loud filter=shout\n*.dos text eol=crlf\n");
    let run = "set -e; test $(cat x.loud) = WORD; test $(wc -c < y.dos) = 3; test -x run.sh; \
               test -L link; git diff --exit-code";
    repo.write("x.loud", "word\n").write("y.dos", "a\n");
    executable(repo.path("run.sh"), "true\n");
    std::os::unix::fs::symlink("/etc/passwd", repo.path("link")).unwrap();
    with_command(&repo, run, "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok();
}

#[test]
fn a_link_in_the_tree_leads_no_checkout_astray() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let outside = sandbox.path().join("outside");
    fs::create_dir(&outside).unwrap();
    // The command puts a link where the next tree has a folder.
    let run = format!("rm -rf dir; ln -s {} dir", outside.display());
    repo.write("dir/file", "1\n");
    with_command(&repo, &run, "");
    for number in ["1", "2"] {
        repo.write("dir/file", number).write("dir/other", number).git(&["add", "."]).ok();
        commit(&repo).code(1).says("`probe` changed 2 files: dir/file, dir/other");
        repo.commit_unjudged("feat: x");
    }
    repo.git(&["rm", "-rq", "dir"]).ok();
    fs::write(outside.join("file"), "theirs").unwrap();
    commit(&repo).ok();
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "theirs");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn what_is_stopped_anyway_waits_for_no_command_until_it_is_answered() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let mark = sandbox.path().join("ran");
    with_command(&repo, &format!("touch {}", mark.display()), "");
    let marker = "<".repeat(7);
    repo.write("a", format!("{marker} HEAD\n")).git(&["add", "a"]).ok();
    commit(&repo).code(1).says("probe").says("it was not run: the change is stopped without it");
    assert!(!mark.exists());
    let found = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    let id = found["findings"][0]["id"].as_str().unwrap();
    repo.tribunal(&["findings", "dismiss", id, "--reason", "it is about markers"]).ok();
    commit(&repo).ok();
    assert!(mark.exists());
}

#[test]
fn what_a_command_prints_is_kept_without_its_secrets() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let secret = ["AK", "IA", "Q7R3T5V2X4Z6B8N1"].concat();
    let file = sandbox.path().join("secret");
    fs::write(&file, format!("token: {secret}\n")).unwrap();
    with_command(&repo, &format!("cat {}; exit 1", file.display()), "");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).code(1).says("token: [redacted").never_says(&secret);
    assert!(!repo.read(".git/tribunal/logs/commands/probe.log").contains(&secret));
}

#[test]
fn a_push_runs_commands_on_what_is_pushed() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("bare");
    let repo = sandbox.repo("r");
    let heads = sandbox.path().join("heads");
    let run = format!("git rev-parse HEAD >> {}; test -e good", heads.display());
    let policy = format!("[[commands]]\nname = \"probe\"\nrun = '''{run}'''\n");
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    repo.push_to(&bare);
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.git(&["checkout", "-q", "-b", "topic"]).ok();
    repo.write("good", "1\n").commit_unjudged("good");
    repo.git(&["checkout", "-q", "main"]).ok();
    repo.write("bad", "1\n").commit_unjudged("bad");
    repo.git(&["push", "-q", "origin", "topic"]).ok();
    assert_eq!(bare.rev("topic"), repo.rev("topic"));
    repo.git(&["push", "-q", "origin", "main"]).code(1).says("failed (1)");
    assert_eq!(bare.rev("main"), repo.rev("main~1"));
    let seen = fs::read_to_string(&heads).unwrap();
    assert_eq!(seen, format!("{}\n{}\n", repo.rev("topic"), repo.rev("main")));
    // The same tree under another name has passed already.
    repo.git(&["push", "-q", "origin", "topic:other"]).ok();
    assert_eq!(fs::read_to_string(&heads).unwrap(), seen);
}

#[test]
fn a_server_runs_commands_on_what_it_has_not_accepted_yet() {
    let sandbox = Sandbox::new();
    for form in ["sha1", "sha256"] {
        let object_format = format!("--object-format={form}");
        let bare = sandbox.repo_with(&format!("bare-{form}"), &["--bare", &object_format]);
        let repo = sandbox.repo_with(form, &[&object_format]);
        let run = "test -e good && git log -1 && git diff --exit-code HEAD";
        let policy = format!("[[commands]]\nname = \"probe\"\nrun = '{run}'\n");
        repo.write("tribunal.toml", policy).write("a", "1\n").commit_unjudged("policy");
        repo.push_to(&bare);
        let hook = bare.path("hooks/pre-receive");
        executable(hook, format!("#!/bin/sh\nexec '{TRIBUNAL}' hook pre-receive\n"));
        repo.write("a", "2\n").commit_unjudged("second");
        repo.git(&["push", "-q", "origin", "main"]).ok().says("it is not trusted");
        bare.tribunal(&["trust", "--yes"]).ok();
        repo.write("a", "3\n").commit_unjudged("bad");
        repo.git(&["push", "-q", "origin", "main"]).code(1).says("failed (1)");
        assert_eq!(bare.rev("main"), repo.rev("main~1"));
        repo.write("good", "1\n").commit_unjudged("good");
        repo.git(&["push", "-q", "origin", "main"]).ok();
        assert_eq!(bare.rev("main"), repo.rev("main"));
    }
}

#[test]
fn a_server_says_what_it_lacks_and_whose_it_is_to_mend() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("bare");
    let repo = sandbox.repo("r");
    let policy = "[[commands]]\nname = \"probe\"\nrun = 'no-such-tool'\n";
    repo.write("tribunal.toml", policy).commit_unjudged("policy").push_to(&bare);
    executable(
        bare.path("hooks/pre-receive"),
        format!("#!/bin/sh\nexec '{TRIBUNAL}' hook pre-receive\n"),
    );
    bare.tribunal(&["trust", "--yes"]).ok();
    repo.write("a", "1\n").commit_unjudged("feat: a");
    // No variable of the one who pushes has a say there.
    repo.git_env(&["push", "-q", "origin", "main"], &[("TRIBUNAL_SKIP", "commands.probe")])
        .code(1)
        .says(
            "command `probe` could not start (`no-such-tool: not found`), so the push was stopped",
        )
        .says("install it on the server, or change `run` in tribunal.toml")
        .never_says("TRIBUNAL_SKIP");
    assert_eq!(bare.rev("main"), repo.rev("main~1"));
}

#[test]
fn the_trees_of_a_repository_that_is_gone_go_too() {
    let sandbox = Sandbox::new();
    for name in ["first", "second"] {
        let repo = sandbox.repo(name);
        with_command(&repo, "true", "");
        repo.write("a", "1\n").git(&["add", "a"]).ok();
        commit(&repo).ok();
        let roots = fs::read_dir(sandbox.home().join(".cache/tribunal/trees")).unwrap();
        assert_eq!(roots.count(), 1, "after {name}");
        fs::remove_dir_all(&repo.dir).unwrap();
        // A month later: before that, its drive might only not be mounted.
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(31 * 24);
        let roots = fs::read_dir(sandbox.home().join(".cache/tribunal/trees")).unwrap();
        for tree in roots.flat_map(|root| fs::read_dir(root.unwrap().path()).unwrap()) {
            if let Ok(lock) = fs::File::open(tree.unwrap().path().join("lock")) {
                lock.set_modified(long_ago).unwrap();
            }
        }
    }
}

#[test]
fn a_report_becomes_findings_at_their_places() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let run =
        "echo \"$PWD/src/a.c:2:5: error: bad thing\" >&2; echo 'src/a.c:1: warning: odd'; exit 1";
    let format = "format = '^(?P<path>[^:]+):(?P<line>\\d+)(:(?P<column>\\d+))?: (?P<severity>\\w+): (?P<message>.+)$'";
    repo.write("src/a.c", "first line\nsecond line\n");
    with_command(&repo, run, format);
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).code(1).says("src/a.c:2:5: bad thing").never_says("failed (1)");
    let json = repo.tribunal(&["check", "--commands", "--format", "json"]).code(1).json();
    let found = json["findings"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{json}");
    assert_eq!((&found[0]["path"], &found[0]["line"]), (&"src/a.c".into(), &2.into()));
    assert_eq!(found[0]["anchor"], "second line");
    assert_eq!((&found[0]["effect"], &found[1]["effect"]), (&"block".into(), &"warn".into()));
}

#[test]
fn a_report_that_cannot_be_read_is_no_pass() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "echo talk >&2; echo '{ torn'", "format = \"sarif\"");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    repo.tribunal(&["check", "--commands"]).code(4).says("report could not be read");
    commit(&repo).code(1).says("report could not be read");
    let policy = repo.read("tribunal.toml").replace("\"sarif\"", "\"sariff\"");
    repo.write("tribunal.toml", policy).git(&["add", "tribunal.toml"]).ok();
    repo.tribunal(&["check"]).code(1).says("`sariff` is not a known format");
    repo.tribunal(&["trust", "--yes"]).code(2).says("`sariff` is not a known format");
    with_command(
        &repo,
        "echo talk >&2; echo '{\"version\": \"2.1.0\", \"runs\": []}'",
        "format = \"sarif\"",
    );
    repo.write("a", "3\n").git(&["add", "a"]).ok();
    commit(&repo).ok().never_says("not checked");
}

#[test]
fn a_command_that_cannot_be_run_is_inconclusive_and_says_what_it_lacked() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    with_command(&repo, "nosuchlint --all", "share = [\"node_modules\"]\n");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo)
        .code(1)
        .says("command `probe` could not start (`nosuchlint: not found`; of `share` `node_modules` is not in this work tree), so the commit was stopped")
        .says("hint: install it, change `run` in tribunal.toml, or skip it once")
        .says("which is that of the program that called git")
        .says("hint: nothing was committed");
    // One that fails names it too; one that passes does not.
    for (run, code) in [("false", 1), ("true", 0)] {
        with_command(&repo, run, "share = [\"node_modules\"]\n");
        repo.write("a", run).git(&["add", "a"]).ok();
        let told = commit(&repo).code(code);
        assert_eq!(told.stderr.contains("`node_modules` is not in this"), code == 1, "{told}");
        assert!(!told.stderr.contains("inconclusive"), "{told}");
    }
}

#[test]
fn a_checkout_that_fails_says_why_and_nothing_of_grafts() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write(".gitattributes", "*.x filter=broken\n").write("b.x", "1\n");
    with_command(&repo, "true", "");
    for (key, value) in [("clean", "cat"), ("smudge", "false"), ("required", "true")] {
        repo.git(&["config", &format!("filter.broken.{key}"), value]).ok();
    }
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).code(1).says("b.x").never_says("raft").never_says("\\n");
}

#[test]
fn a_run_without_a_test_that_passed_is_no_pass() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let last = |passed, failed| {
        format!(
            "test result: ok. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
        )
    };
    let printed = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| format!("echo '{line}'")).collect();
        lines.join("; ")
    };
    let (none, one, mixed) = (last(0, 0), last(1, 0), last(1, 1));
    let junit = |inner: &str| {
        format!(
            "echo '<testsuite name=\"s\" tests=\"1\" failures=\"0\" errors=\"0\">{inner}</testsuite>' > \"$TRIBUNAL_REPORT\""
        )
    };
    let case = "<testcase name=\"a\" classname=\"c\"/>";
    for (format, run, outcome, said) in [
        ("libtest", printed(&["running 1 test", "test a ... ok", &one]), "passed", ""),
        ("libtest", printed(&["running 0 tests", &none]), "unproven", "it ran no test"),
        ("libtest", "echo PASSED test_a".to_owned(), "unproven", "it ran no test"),
        (
            "libtest",
            printed(&["running 1 test", "test fake ... ok", "test a ... FAILED", &one]),
            "unproven",
            "its report cannot be read",
        ),
        (
            "libtest",
            printed(&["running 2 tests", "test a ... ok", "test b ... FAILED", &mixed])
                + "; exit 101",
            "failed",
            "1 of 2 tests failed: `b`",
        ),
        ("junit", junit(case), "passed", ""),
        ("junit", junit(""), "unproven", "it ran no test"),
        ("junit", "true".to_owned(), "unproven", "it wrote no report"),
        (
            "go-test",
            "echo ok example.com/a 0.01s".to_owned(),
            "unproven",
            "no line of it is an event",
        ),
        (
            "jest",
            "echo '{}' > \"$TRIBUNAL_REPORT\"".to_owned(),
            "unproven",
            "its report cannot be read",
        ),
    ] {
        with_command(&repo, &run, &format!("format = \"{format}\""));
        repo.tribunal(&["trust", "commands", "--yes"]).ok();
        repo.write("a.txt", &run).git(&["add", "-A"]).ok();
        let checked = repo.tribunal(&["check", "--commands", "--format", "json"]);
        let ran = &checked.json()["ran"][0];
        assert_eq!(ran["outcome"], outcome, "{format}: {run}\n{checked}");
        assert!(said.is_empty() || checked.stdout.contains(said), "{format}: {run}\n{checked}");
        assert_eq!(checked.code == 0, outcome == "passed", "{checked}");
    }
}

#[test]
fn a_command_that_is_asked_for_by_its_name_runs_whatever_changed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let command = |name: &str, more: &str| {
        format!("[[commands]]\nname = \"{name}\"\nrun = \"true\"\n{more}\n")
    };
    let policy = command("plain", "") + &command("docs", "paths = [\"docs/**\"]");
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    let named = ["check", "--only", "commands.docs"];
    // What was asked for and did not run is no pass.
    repo.tribunal(&named).code(4).says("it is not trusted").says("inconclusive");
    repo.tribunal(&["trust", "--yes"]).ok();
    let ran = |words: &[&str]| {
        let outcome = repo.tribunal(&[&named, words].concat()).ok();
        outcome.says("pass: ").says("1 command run").never_says("nothing to check");
    };
    ran(&[]);
    ran(&["--all"]);
    ran(&["--from", "HEAD"]);
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    ran(&[]);
    repo.tribunal(&[&named[..], &["--commands=run"]].concat())
        .code(4)
        .says("it is for another hook");
    // What all are asked for leaves out is named.
    let all = repo.tribunal(&["check", "--commands"]).ok();
    all.says("skipped docs: nothing of its `paths` changed").says("1 command run");
}

#[test]
fn a_command_that_ran_and_proved_nothing_is_not_called_skipped() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let log = ".git/tribunal/logs/commands/probe.log`";
    for (format, why) in [
        ("junit", "it wrote no report to the file that `TRIBUNAL_REPORT` names"),
        ("rdjson", "its report could not be read: not reviewdog's rdjson"),
    ] {
        let more = format!("format = \"{format}\"\n");
        with_command(&repo, "echo said", &more);
        repo.write("a", format).git(&["add", "a"]).ok();
        commit(&repo)
            .code(1)
            .says(&format!("command `probe` is no pass: {why}"))
            .says("tribunal: inconclusive: a part that guards commits could not be checked")
            .says(log)
            .says("`TRIBUNAL_SKIP=commands.probe git commit`")
            .never_says("skipped");
        let checked = repo.tribunal(&["check", "--commands"]).code(4);
        checked.says(&format!("no pass probe: {why}")).says(log).never_says("skipped");
        let json = repo.tribunal(&["check", "--commands", "--format", "json"]).code(4).json();
        assert!(json["ran"][0]["why"].as_str().unwrap().starts_with(why), "{json}");
        // Where it stops nothing it is told in the one line.
        with_command(&repo, "echo said", &format!("{more}[gates]\ncommands = \"warn\"\n"));
        repo.write("a", format!("{format} warns")).git(&["add", "a"]).ok();
        let told = commit(&repo).ok().says(&format!("command `probe` is no pass: {why}"));
        told.never_says("not checked");
    }
}

#[test]
fn every_command_that_is_not_trusted_is_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let command =
        |name| format!("[[commands]]\nname = \"{name}\"\nrun = \"true\"\non = [\"pre-commit\"]\n");
    let policy: String = ["one", "two", "three", "four"].map(command).concat();
    repo.write("tribunal.toml", policy).commit_unjudged("policy");
    hook_up(&repo);
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    commit(&repo).ok().says("4 parts not checked: one, two, three, four: it is not trusted");
}
