//! What is kept beside verdicts: where it cannot be written, whose rights it has, where it ends.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, run, wait_for};
use crate::needs::{Need, skip};

fn bad() -> String {
    format!("{} HEAD\nours\n", "<".repeat(7))
}

/// A repository with the hooks and one command that passes.
fn guarded(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("repo");
    repo.write(
        "tribunal.toml",
        "[[commands]]\nname = \"probe\"\nrun = \"test -e a\"\non = [\"pre-commit\", \"pre-push\"]\n",
    );
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    repo
}

/// Puts something in the place of every file that is written beside a verdict.
fn in_place_of_each(repo: &Repo<'_>, put: impl Fn(&Path)) {
    let state = repo.path(".git/tribunal");
    for name in ["judged", "bypass.log", "commands/passed", "logs/commands/probe.log"] {
        let path = state.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        drop(fs::remove_file(&path));
        put(&path);
    }
}

/// A way in which the state cannot be written.
type Spoil = fn(&Repo<'_>);

const SPOILED: [(&str, Spoil); 3] = [
    ("a file in the folder's place", |repo| {
        fs::remove_dir_all(repo.path(".git/tribunal")).unwrap();
        fs::write(repo.path(".git/tribunal"), "").unwrap();
    }),
    ("folders in the files' places", |repo| {
        in_place_of_each(repo, |path| fs::create_dir_all(path.join("x")).unwrap());
    }),
    ("a link to nowhere in the folder's place", |repo| {
        fs::remove_dir_all(repo.path(".git/tribunal")).unwrap();
        symlink("/nowhere/at/all", repo.path(".git/tribunal")).unwrap();
    }),
];

/// Why the state cannot be written, as the system says it.
const REASONS: [&str; 6] = [
    "symbolic link",
    "Permission denied",
    "Not a directory",
    "Is a directory",
    "File exists",
    "Read-only file system",
];

#[test]
fn state_that_cannot_be_written_stops_nothing_and_is_said_once() {
    for (what, spoil) in SPOILED {
        let sandbox = Sandbox::new();
        sandbox.bare("remote.git");
        let repo = guarded(&sandbox);
        spoil(&repo);
        let said_once = |outcome: Outcome| {
            let warnings: Vec<&str> =
                outcome.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
            assert_eq!(warnings.len(), 1, "{what}: {outcome}");
            let line = warnings[0];
            assert!(REASONS.iter().any(|reason| line.contains(reason)), "{what}: {line}");
            for part in [".git/tribunal", "(hint: check owner, rights and free space"] {
                assert!(line.contains(part), "{what}: no `{part}` in {line}");
            }
            outcome
        };
        repo.write("a", "2\n");
        said_once(repo.commit("feat: two").ok()).never_says("could not judge");
        repo.write("bad", bad()).commit("feat: bad").code(1).says("bad:1");
        let vars = [("TRIBUNAL", "0")];
        let commit = ["commit", "--quiet", "-m", "x"];
        said_once(repo.git_env(&commit, &vars).ok()).says("NOT checked").says("not recorded");
        repo.git(&["push", "../remote.git", "main"]).code(1).says("bad:1");
        repo.git(&["rm", "--quiet", "bad"]).ok();
        repo.git(&["push", "../remote.git", "HEAD~1:refs/heads/x"]).ok().never_says("error:");
        said_once(repo.git_env(&["push", "../remote.git", "main"], &vars).ok());
    }
}

#[test]
fn a_full_disk_stops_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    let base = repo.rev("HEAD");
    repo.write("a", "2\n").commit_unjudged("feat: two");
    let line = format!("refs/heads/main {} refs/heads/main {base}\n", repo.rev("HEAD"));
    repo.write("a", "3\n").git(&["add", "a"]).ok();
    repo.git(&["write-tree"]).ok();
    let full = |words: &[&str], input: &str, vars: &[(&str, &str)]| {
        let mut command = sandbox.command("sh", &repo.dir);
        // Without the trap the limit's signal would end the program.
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", TRIBUNAL, "hook"]);
        command.args(words).envs(vars.iter().copied());
        run(command, input.as_bytes())
    };
    full(&["pre-commit"], "", &[]).ok().says("the verdict stands").says("File too large");
    full(&["commit-msg", ".git/COMMIT_EDITMSG"], "", &[]).ok();
    full(&["pre-push", "origin", "../remote.git"], &line, &[]).ok();
    full(&["pre-commit"], "", &[("TRIBUNAL", "0")]).ok().says("not recorded: could not write");
    repo.write("bad", bad()).git(&["add", "bad"]).ok();
    repo.git(&["write-tree"]).ok();
    full(&["pre-commit"], "", &[]).code(1).says("bad:1");
}

#[test]
fn another_users_state_stops_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").commit_unjudged("one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    // As after one `sudo git commit`: all is the other user's but the state.
    let own = ["-R", "65534:65534", "."];
    let mut chown = sandbox.command("chown", sandbox.path());
    chown.args(own);
    if run(chown, b"").code != 0 {
        let why = "there is no right to give files away";
        skip("another_users_state_stops_nothing", Need::OtherUser, why);
        return;
    }
    fs::remove_dir_all(repo.path(".git/tribunal")).unwrap();
    fs::create_dir_all(repo.path(".git/tribunal")).unwrap();
    fs::set_permissions(repo.path(".git/tribunal"), fs::Permissions::from_mode(0o755)).unwrap();
    let commit = |vars: &[(&str, &str)]| {
        let mut command = sandbox.command("setpriv", &repo.dir);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["git", "commit", "--quiet", "--allow-empty", "-m", "two"]);
        command.envs(vars.iter().copied());
        run(command, b"")
    };
    commit(&[]).ok().says("Permission denied").says("the verdict stands");
    commit(&[("TRIBUNAL", "0")]).ok().says("not recorded").says("Permission denied");
    let hook = ["hook", "pre-commit"];
    let mut by_hand = sandbox.command("setpriv", &repo.dir);
    by_hand.args(["--reuid=65534", "--regid=65534", "--clear-groups", TRIBUNAL]).args(hook);
    run(by_hand, b"").ok();
}

/// Runs a program under a umask.
fn under(umask: &str, repo: &Repo<'_>, program: &str, words: &[&str]) -> Outcome {
    let mut command = repo.sandbox.command("sh", &repo.dir);
    command.args(["-c", &format!("umask {umask} && exec \"$0\" \"$@\""), program]).args(words);
    run(command, b"")
}

/// The rights of every folder and file below a folder, by path.
fn rights(folder: &Path) -> BTreeMap<String, (bool, u32)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let data = fs::symlink_metadata(&path).unwrap();
        let mode = data.permissions().mode() & 0o7777;
        found.insert(path.display().to_string(), (data.is_dir(), mode));
        if data.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

#[test]
fn state_has_the_rights_of_gits_own_files() {
    for (shared, umask) in [
        ("group", "022"),
        ("group", "077"),
        ("all", "077"),
        ("0640", "022"),
        ("0660", "077"),
        ("umask", "022"),
        ("umask", "077"),
        ("umask", "002"),
    ] {
        let sandbox = Sandbox::new();
        let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join("r") };
        fs::create_dir(&repo.dir).unwrap();
        let git = |words: &[&str]| under(umask, &repo, "git", words);
        let tribunal = |words: &[&str]| under(umask, &repo, TRIBUNAL, words);
        git(&["init", "--quiet", "--initial-branch=main", &format!("--shared={shared}")]).ok();
        repo.write(
            "tribunal.toml",
            "[[commands]]\nname = \"probe\"\nrun = \"test -e a\"\non = [\"pre-commit\"]\n",
        );
        repo.write("docs/specs/s.md", "# S\n\n## Goal\nx\n").write("a", "1\n");
        git(&["add", "."]).ok();
        git(&["commit", "--quiet", "-m", "feat: one"]).ok();
        tribunal(&["hooks", "install", "pre-commit", "post-commit"]).ok();
        tribunal(&["trust", "--yes"]).ok();
        let add = ["findings", "add", "--class", "other/x", "--at", "a:1", "-m", "m"];
        tribunal(&add).ok();
        // A reader that stays keeps the log and the shared memory of the database in place.
        let state = repo.path(".git/tribunal");
        let reader = Connection::open(state.join("ledger.db")).unwrap();
        reader.query_row("SELECT count(*) FROM findings", [], |row| row.get::<_, i64>(0)).unwrap();
        tribunal(&add).ok();
        repo.write("a", "2\n");
        git(&["add", "."]).ok();
        git(&["commit", "--quiet", "-m", "feat: two"]).ok();
        tribunal(&["constitution", "learn"]).ok();
        tribunal(&["daemon", "start"]).ok();
        tribunal(&["daemon", "stop"]).ok();
        let all = rights(&state);
        let names = ["judged", "ledger.db", "consent-id", "commands/passed", "inbox/new"];
        for name in names.iter().chain(&["ledger.db-wal", "ledger.db-shm", "constitution.lock"]) {
            let path = state.join(name).display().to_string();
            assert!(all.contains_key(&path), "no `{name}` in {all:#?}");
        }
        let of = |path: &str| rights(&repo.path(path)).into_values().next().unwrap().1;
        let (folder, file) = (of(".git/refs"), of(".git/HEAD"));
        for (path, (is_dir, mode)) in &all {
            let expected = if *is_dir { folder } else { file };
            assert_eq!(*mode, expected, "{mode:o} {path} ({shared}, umask {umask})");
        }
        if (shared, umask) == ("group", "022") {
            assert_eq!((folder, file), (0o2775, 0o664));
        }
    }
}

/// The limit kills the program when it writes the first byte of a file: what it had made by then is what
/// others see while it works.
#[test]
fn state_has_its_rights_before_it_has_content() {
    for (shared, umask) in [("group", "022"), ("all", "077"), ("0640", "022"), ("umask", "077")] {
        let sandbox = Sandbox::new();
        let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join("r") };
        fs::create_dir(&repo.dir).unwrap();
        let init = ["init", "--quiet", "--initial-branch=main", &format!("--shared={shared}")];
        under(umask, &repo, "git", &init).ok();
        let command =
            |name: &str| format!("[[commands]]\nname = \"{name}\"\nrun = \"test -e a\"\n");
        repo.write("tribunal.toml", command("one") + &command("other"));
        repo.write("docs/specs/s.md", "# S\n\n## Goal\nx\n").write("a", "1\n");
        under(umask, &repo, "git", &["add", "."]).ok();
        under(umask, &repo, "git", &["commit", "--quiet", "-m", "feat: one"]).ok();
        let state = repo.path(".git/tribunal");
        under(umask, &repo, TRIBUNAL, &["trust", "--yes"]).ok();
        for words in [
            &["trust", "--revoke", "one"][..],
            &["hook", "post-commit"],
            &["findings", "add", "--class", "other/x", "--at", "a:1", "-m", "m"],
            &["constitution", "learn"],
        ] {
            let mut command = repo.sandbox.command("sh", &repo.dir);
            let limited = format!("umask {umask}; ulimit -c 0; ulimit -f 0; exec \"$0\" \"$@\"");
            command.args(["-c", &limited, TRIBUNAL]).args(words);
            run(command, b"").code(-1);
            assert!(rights(&state).len() > 1, "{words:?} made nothing");
            let of = |path: &str| rights(&repo.path(path)).into_values().next().unwrap().1;
            let (folder, file) = (of(".git/refs"), of(".git/HEAD"));
            for (path, (is_dir, mode)) in rights(&state) {
                let expected = if is_dir { folder } else { file };
                assert_eq!(mode, expected, "{mode:o} {path} ({shared}, umask {umask}, {words:?})");
            }
        }
    }
}

#[test]
fn an_interrupted_commit_is_no_pass() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    let started = sandbox.path().join("started");
    repo.write(
        "tribunal.toml",
        format!(
            "[[commands]]\nname = \"slow\"\nrun = \"touch {} && sleep 600\"\non = \
             [\"pre-commit\"]\n",
            started.display()
        ),
    );
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    repo.write("a", "2\n").git(&["add", "a"]).ok();
    let interrupted = |program: &str, words: &[&str]| {
        let mut command = sandbox.command(program, &repo.dir);
        command.args(words).process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait_for("the command to start", || started.exists());
        let mut kill = sandbox.command("kill", &repo.dir);
        kill.args(["-s", "INT", "--", &format!("-{}", child.id())]);
        run(kill, b"").ok();
        let output = child.wait_with_output().unwrap();
        fs::remove_file(&started).unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = interrupted("git", &["commit", "--quiet", "-m", "feat: two"]);
    assert!(said.contains("tribunal: interrupted"), "{said}");
    assert!(!said.contains("pass"), "{said}");
    assert!(!repo.path(".git/tribunal/judged").exists());
    let head = repo.rev("HEAD");
    assert_eq!(repo.git(&["log", "--oneline"]).stdout.lines().count(), 1, "{head}");
    let said = interrupted(TRIBUNAL, &["check", "--commands"]);
    assert!(said.contains("interrupted: ") && !said.contains("pass: "), "{said}");
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_stops_nothing() {
    let sandbox = Sandbox::new();
    let gone = sandbox.path().join("gone").display().to_string();
    for (name, init) in [("plain", &[][..]), ("sha256", &["--object-format=sha256"])] {
        let repo = sandbox.repo_with(name, init);
        repo.write("a", "1\n").commit_unjudged("feat: one");
        repo.tribunal(&["hooks", "install"]).ok();
        repo.write("a", "2\n").write("n", "n\n");
        repo.git(&["add", "a"]).ok();
        // Git leaves no tree of an index with a file that is only announced.
        repo.git(&["add", "-N", "n"]).ok();
        repo.git_env(&["commit", "--quiet", "-m", "feat: two"], &[("TMPDIR", &gone)]).ok();
        repo.write("bad", bad()).git(&["add", "bad"]).ok();
        let commit = ["commit", "--quiet", "-m", "feat: three"];
        repo.git_env(&commit, &[("TMPDIR", &gone)]).code(1).says("bad:1");
        let left = |folder: &str| {
            let entries = fs::read_dir(repo.path(folder)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().starts_with(".tribunal-")).count()
        };
        assert_eq!(left(".git") + left(".git/tribunal"), 0);
    }
}

#[test]
fn how_paths_are_meant_ends_with_the_persons_own_command() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write(".gitignore", "/s\n").write("s/x", "x\n").write(
        "tribunal.toml",
        "[[commands]]\nname = \"probe\"\nrun = \"test -e s/x && git ls-files -- . | grep -qx a\"\n\
         on = [\"pre-commit\"]\nshare = [\"s\"]\n",
    );
    repo.write("a", "0\n").commit_unjudged("feat: one");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let options =
        ["--icase-pathspecs", "--glob-pathspecs", "--noglob-pathspecs", "--literal-pathspecs"];
    for option in options {
        repo.write("a", option).git(&["add", "a"]).ok();
        repo.git(&[option, "commit", "--quiet", "-m", "feat: two"]).ok().never_says("tribunal:");
    }
}

#[test]
fn events_that_no_watcher_took_are_dropped_and_that_is_said_once() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.tribunal(&["hook", "post-commit"]).ok();
    let inbox = repo.path(".git/tribunal/inbox");
    for number in 0..1_004 {
        fs::write(inbox.join(format!("00-{number:04}-commit.json")), "{}").unwrap();
    }
    repo.tribunal(&["hook", "post-commit"]).ok();
    let json = repo.tribunal(&["--format", "json", "status"]).ok().json();
    assert_eq!(json["events"], serde_json::json!({"waiting": 1000, "dropped": 6}));
    repo.tribunal(&["status"])
        .ok()
        .says("dropped: 6 older ones, because no watcher ran to handle them");
    repo.tribunal(&["status"]).ok().says("1000 waiting").never_says("dropped");
}

#[test]
fn users_without_a_home_share_a_server() {
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let bare = sandbox.repo_with("bare", &["--bare", "--shared=group"]);
    let repo = sandbox.repo("repo");
    repo.write("tribunal.toml", "[[commands]]\nname = \"probe\"\nrun = \"test -e good\"\n");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    repo.git(&["push", "--quiet", "../bare", "main"]).ok();
    bare.tribunal(&["hooks", "install"]).ok();
    bare.tribunal(&["trust", "--yes"]).ok();
    let mut chgrp = sandbox.command("chgrp", sandbox.path());
    chgrp.args(["-R", "65534", "bare"]);
    let mut probe = sandbox.command("setpriv", sandbox.path());
    probe.args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"]);
    if run(chgrp, b"").code != 0 || !probe.output().is_ok_and(|probed| probed.status.success()) {
        let why = "there is no `setpriv`, or no right to use it";
        skip("users_without_a_home_share_a_server", Need::OtherUser, why);
        return;
    }
    let safe = "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*";
    let receive = format!("--receive-pack=env HOME=/dev/null {safe} git-receive-pack");
    let push = |user: &str| {
        let mut command = sandbox.command("setpriv", &repo.dir);
        let ids = [format!("--reuid={user}"), format!("--regid={user}")];
        command.args(ids).args(["--clear-groups", "env"]).args(safe.split(' '));
        command.args(["git", "push", "--quiet", &receive, "../bare", "main"]);
        run(command, b"")
    };
    for user in ["0", "65534", "0"] {
        repo.git(&["rm", "--quiet", "--cached", "--ignore-unmatch", "good"]).ok();
        repo.git(&["commit", "--quiet", "--allow-empty", "-m", "feat: bad"]).ok();
        push(user).code(1).says("`test -e good` failed (1)");
        repo.write("good", "1\n").commit_unjudged("feat: good");
        push(user).ok().never_says("could not be run");
        assert_eq!(bare.rev("main"), repo.rev("main"));
    }
}

#[test]
fn a_user_whom_the_system_does_not_know_and_without_a_home_is_no_crash() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("a", "1\n").git(&["add", "a"]).ok();
    let mut chown = sandbox.command("chown", sandbox.path());
    chown.args(["-R", "54321:54321", "."]);
    if run(chown, b"").code != 0 {
        let test = "a_user_whom_the_system_does_not_know_and_without_a_home_is_no_crash";
        skip(test, Need::OtherUser, "there is no right to give files away");
        return;
    }
    for home in [None, Some("")] {
        let mut command = sandbox.command("setpriv", &repo.dir);
        command.args(["--reuid=54321", "--regid=54321", "--clear-groups", TRIBUNAL, "check"]);
        match home {
            None => command.env_remove("HOME"),
            Some(home) => command.env("HOME", home),
        };
        run(command, b"").ok().says("pass");
    }
}
