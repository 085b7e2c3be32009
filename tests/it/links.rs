//! Hostile trees: links, pipes and devices at every path that a command reads or writes. Nothing is read
//! from outside, nothing is written outside or below `.git`, and nothing is waited for.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::daemon::spec;
use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, run};

/// With this in the environment every path is tried with every kind, not a draw of them.
const ALL: &str = "TRIBUNAL_TEST_ALL";

/// How many of them are drawn else.
const DRAWN: usize = 8;

/// So many are tried at once.
const AT_ONCE: usize = 2;

/// How long a command may take, and how much memory: far more than any of them needs.
const DEADLINE: Duration = Duration::from_mins(1);
const MEMORY_KIB: u64 = 2_000_000;

/// What stands in files outside and below `.git`, and must be seen nowhere else.
const CANARY: &str = "CANARY4711";

/// What the commands read and write in a work tree; `names_are_all_on_the_list` and
/// `what_the_commands_leave_is_on_the_list` keep it complete. A folder ends with `/`.
const IN_THE_TREE: [&str; 27] = [
    "tribunal.toml",
    "package.json",
    "Makefile",
    "AGENTS.md",
    "report.sarif",
    ".ai/",
    ".ai/baseline.txt",
    ".ai/constitution.md",
    ".ai/constitution/",
    ".ai/constitution/error-handling.md",
    ".ai/context/",
    ".ai/context/project.md",
    "docs/",
    "docs/architecture.md",
    "docs/domain-model.md",
    "docs/decisions/",
    "docs/decisions/README.md",
    "docs/specs/",
    "docs/specs/README.md",
    "docs/specs/x.md",
    "docs/specs/new.md",
    "docs/specs/more/",
    "docs/progress/",
    "docs/progress/x.md",
    "docs/progress/new.md",
    "docs/progress/marker.md",
    "docs/review/",
];

/// What they read and write below the common git directory.
const IN_GIT: [&str; 38] = [
    "index",
    "MERGE_HEAD",
    "COMMIT_EDITMSG",
    "hooks.before-tribunal/",
    "tribunal/",
    "tribunal/ledger.db",
    "tribunal/ledger.db-wal",
    "tribunal/ledger.db-shm",
    "tribunal/ledger.db-journal",
    "tribunal/judged",
    "tribunal/judged.1",
    "tribunal/pushed",
    "tribunal/hooked",
    "tribunal/bypass.log",
    "tribunal/bypass.log.1",
    "tribunal/trusted",
    "tribunal/consent-id",
    "tribunal/consent.toml",
    "tribunal/init.json",
    "tribunal/commands/",
    "tribunal/logs/",
    "tribunal/constitution.json",
    "tribunal/constitution.lock",
    "tribunal/specs.json",
    "tribunal/queue/",
    "tribunal/inbox/",
    "tribunal/inbox/new/",
    "tribunal/inbox/claimed/",
    "tribunal/inbox/aside/",
    "tribunal/inbox/dropped",
    "tribunal/reviews/",
    "tribunal/reviews/waiting/",
    "tribunal/heads.json",
    "tribunal/watched.json",
    "tribunal/daemon.lock",
    "tribunal/daemon.log",
    "tribunal/daemon.stopped",
    "tribunal/runs/",
];

/// What takes a path's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A link to a file or a folder outside.
    Outside,
    /// A link to what is not there, outside.
    Dangling,
    /// A link to a file or a folder below `.git`.
    Git,
    /// A link to a device without end.
    Device,
    /// A pipe that nobody writes to.
    Pipe,
}

const KINDS: [Kind; 5] = [Kind::Outside, Kind::Dangling, Kind::Git, Kind::Device, Kind::Pipe];

/// What is tried one after the other: every command that reads or writes files of a repository.
const COMMANDS: [&[&str]; 29] = [
    &["hook", "pre-commit"],
    &["hook", "commit-msg", ".git/COMMIT_EDITMSG"],
    &["hook", "post-commit"],
    &["hook", "pre-push", "origin", "nowhere"],
    &["config"],
    &["spec", "list"],
    &["spec", "lint"],
    &["spec", "lint", "docs/specs/x.md"],
    &["spec", "show", "x"],
    &["spec", "new", "new"],
    &["constitution", "list"],
    &["constitution", "check"],
    &["constitution", "test"],
    &[
        "findings",
        "add",
        "--at",
        "src/f2.rs:2",
        "--class",
        "error-handling/unchecked-result",
        "--message",
        "l",
    ],
    &["constitution", "learn"],
    &["findings", "import", "report.sarif"],
    &["findings", "list"],
    &["trust", "--yes"],
    &["init", "--no-hooks"],
    &["hooks", "status"],
    &["review", "--commit", "HEAD", "--spec", "docs/specs/x.md", "--report"],
    &["review", "--commit", "HEAD", "--report"],
    &["check"],
    &["check", "--staged"],
    &["runs"],
    &["status"],
    &["daemon", "status"],
    &["daemon", "log"],
    &["uninstall", "--purge"],
];

/// A text that shows where it is read, whatever it is read as.
fn bait(name: &str) -> String {
    match Path::new(name).extension().and_then(|ending| ending.to_str()) {
        Some("toml") => format!("[watch]\nspecs = [\"{CANARY}/**\"]\n"),
        Some("json" | "sarif") => {
            format!("{{\"scripts\": {{\"test\": \"{CANARY}\"}}, \"version\": \"{CANARY}\"}}")
        }
        Some("md") => format!("{}\n## R-{CANARY} A rule\n", spec(CANARY, CANARY)),
        _ => format!("{CANARY}\ntest: {CANARY}\n"),
    }
}

/// Folders and files with names that are looked for, all of them with the canary.
fn lay_bait(folder: &Path) {
    for name in [
        "x.md",
        "README.md",
        "new.md",
        "marker.md",
        "a.json",
        "constitution.md",
        "project.md",
        "error-handling.md",
        "specs/x.md",
        "progress/x.md",
        "constitution/error-handling.md",
        "context/project.md",
        "review/x.md",
        "decisions/x.md",
        "judged",
        "trusted",
        "consent-id",
        "consent.toml",
        "init.json",
        "bypass.log",
        "constitution.json",
        "specs.json",
        "commands/passed",
        "file.toml",
        "file.json",
        "file.sarif",
        "file.md",
        "file",
        "inbox/0-commit.json",
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bait(name)).unwrap();
    }
}

/// A repository in which every command has something to do.
fn template(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("template");
    repo.write("README.md", "A library.\n").commit_unjudged("docs: readme");
    repo.write("docs/specs/x.md", spec("x", "One."));
    repo.write("report.sarif", "{\"version\": \"2.1.0\", \"runs\": []}");
    for number in 0..3 {
        let text = format!("fn f() {{\n    let _ = fs::remove_file(\"{number}\");\n}}\n");
        repo.write(format!("src/f{number}.rs"), text);
        repo.commit_unjudged(&format!("feat: f{number}"));
        if number < 2 {
            let place = format!("src/f{number}.rs:2");
            let class = ["--class", "error-handling/unchecked-result", "--message", "lost"];
            repo.tribunal(&[&["findings", "add", "--at", &place], &class[..]].concat()).ok();
        }
    }
    // What the index holds is not what was committed: there is a change to be judged.
    repo.write("src/g.rs", "fn g() {}\n");
    repo.git(&["add", "src/g.rs"]).ok();
    fs::write(repo.path(".git/COMMIT_EDITMSG"), "feat: g\n").unwrap();
    lay_bait(&repo.path(".git/inner"));
    repo
}

/// Copies a folder with everything in it.
fn copy_all(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.args(["-a", "--"]).args([from, to]).stdin(Stdio::null());
    run(command, b"").ok();
}

/// Puts something in a path's place.
fn plant(repo: &Repo, outside: &Path, path: &str, kind: Kind) {
    let is_folder = path.ends_with('/');
    let path = repo.path(path.trim_end_matches('/'));
    if path.is_dir() {
        fs::remove_dir_all(&path).unwrap();
    }
    drop(fs::remove_file(&path));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let name = match path.extension() {
        _ if is_folder => String::new(),
        Some(ending) => format!("file.{}", ending.to_str().unwrap()),
        None => "file".to_owned(),
    };
    let has = outside.join(&name).exists();
    let name = if has { name } else { "file".to_owned() };
    match kind {
        Kind::Outside => symlink(outside.join(name), path).unwrap(),
        Kind::Dangling => symlink(outside.join("none"), path).unwrap(),
        Kind::Git => symlink(repo.path(".git/inner").join(name), path).unwrap(),
        Kind::Device => symlink("/dev/zero", path).unwrap(),
        Kind::Pipe => {
            let mut command = Command::new("mkfifo");
            command.arg(path);
            run(command, b"").ok();
        }
    }
}

/// Everything below a folder but for what is left out: its kind and content.
fn look(top: &Path, leave_out: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let short = path.strip_prefix(top).unwrap().to_owned();
            if leave_out.iter().any(|left| short == Path::new(left)) {
                continue;
            }
            let data = fs::symlink_metadata(&path).unwrap();
            let content = if data.is_dir() {
                folders.push(path);
                Vec::new()
            } else if data.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else if data.is_file() {
                fs::read(&path).unwrap()
            } else {
                b"(pipe)".to_vec()
            };
            seen.insert(short, content);
        }
    }
    seen
}

/// Runs a program within the deadline and the memory; `None` where the time was not enough. It and what
/// it started are gone then.
fn bounded(mut command: Command, output: &Path) -> Option<Outcome> {
    let (out, err) = (output.with_extension("out"), output.with_extension("err"));
    command.stdin(Stdio::null()).stdout(File::create(&out).unwrap());
    command.stderr(File::create(&err).unwrap()).process_group(0);
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + DEADLINE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::park_timeout(Duration::from_millis(2)),
        }
    };
    if status.is_none() {
        let group = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
    }
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let (stdout, stderr) = (text(&out), text(&err));
    status.map(|status| Outcome { code: status.code().unwrap_or(-1), stdout, stderr })
}

/// The program, held to an amount of memory.
fn held(repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = repo.sandbox.command("/bin/sh", &repo.dir);
    let line = format!("ulimit -v {MEMORY_KIB} && exec \"$@\"");
    command.args(["-c", &line, "sh", TRIBUNAL]).args(arguments);
    command
}

/// The watcher, until it has dealt with a spec that was there when it began; what it said. `None` where
/// it did not come so far in time.
fn watch(repo: &Repo, output: &Path) -> Option<Outcome> {
    let (out, err) = (output.with_extension("out"), output.with_extension("err"));
    let mut command = repo.command(&["watch", "--format", "json", "-v"]);
    command.env("TRIBUNAL_WATCH_SETTLE", "10ms").env("TRIBUNAL_WATCH_RESCAN", "100ms");
    command.env("TRIBUNAL_WATCH_PROGRESS", "file");
    command.args(["--set", "watch.specs=[\"docs/specs/**\", \"marker/**\"]"]);
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    repo.write("marker/marker.md", spec("marker", "Wait."));
    let mut child = command.spawn().unwrap();
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let deadline = Instant::now() + DEADLINE;
    let (mut has_ended, mut came_so_far) = (false, false);
    while !has_ended && !came_so_far && Instant::now() < deadline {
        has_ended = child.try_wait().unwrap().is_some();
        // Without a queue it does not come to the record.
        let said = text(&out) + &text(&err);
        came_so_far = said.contains("marker") || said.contains("tribunal/queue`");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let is_late = !has_ended && !came_so_far;
    if !has_ended {
        let pid = rustix::process::Pid::from_child(&child);
        let signal =
            if is_late { rustix::process::Signal::KILL } else { rustix::process::Signal::TERM };
        rustix::process::kill_process(pid, signal).unwrap();
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (!is_late).then(|| Outcome { code, stdout: text(&out), stderr: text(&err) })
}

/// What is wrong after a command; nothing, where all is well.
fn faults(repo: &Repo, before: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
    // Where git itself may add something for us, and where our own state is.
    let after = look(&repo.dir.join(".git"), &["objects", "tribunal"]);
    let mut faults = Vec::new();
    for path in before.keys().chain(after.keys()) {
        if before.get(path) != after.get(path) {
            faults.push(format!("`.git/{}` differs", path.display()));
        }
    }
    for (path, content) in look(&repo.dir, &[".git/inner"]) {
        let holds = |needle: &str| content.windows(needle.len()).any(|at| at == needle.as_bytes());
        if holds(CANARY) {
            faults.push(format!("`{}` holds the canary", path.display()));
        }
    }
    faults
}

/// Tries all commands in a repository with one thing planted.
fn try_one(sandbox: &Sandbox, name: &str, path: &str, kind: Kind) -> Vec<String> {
    let repo = Repo { sandbox, dir: sandbox.path().join(name) };
    copy_all(&sandbox.path().join("template"), &repo.dir);
    let outside = sandbox.path().join(format!("{name}-outside"));
    lay_bait(&outside);
    plant(&repo, &outside, path, kind);
    let beyond = look(&outside, &[]);
    let before = look(&repo.path(".git"), &["objects", "tribunal"]);
    let output = sandbox.path().join(format!("{name}-output"));
    let mut wrong = Vec::new();
    let mut check = |what: &str, outcome: Option<Outcome>| {
        let mut found = faults(&repo, &before);
        match outcome {
            None => found.push(format!("took more than {} s", DEADLINE.as_secs())),
            Some(outcome) => {
                if ![0, 1, 2, 3, 4, 130].contains(&outcome.code) {
                    found.push(format!("ended with {}", outcome.code));
                }
                if outcome.stdout.contains(CANARY) || outcome.stderr.contains(CANARY) {
                    found.push(format!("the canary was said: {outcome}"));
                }
            }
        }
        if look(&outside, &[]) != beyond {
            found.push("something outside differs".to_owned());
        }
        let first = format!("{path} as {kind:?}: `{what}`: ");
        wrong.extend(found.into_iter().map(|fault| first.clone() + &fault));
    };
    for arguments in COMMANDS {
        check(&arguments.join(" "), bounded(held(&repo, arguments), &output));
    }
    check("watch", watch(&repo, &output));
    // What was left stays where it is until the sandbox goes; a copy of a repository is large.
    fs::remove_dir_all(&repo.dir).unwrap();
    wrong
}

/// Each path with each kind, all of them or a draw that differs from day to day.
fn trials() -> Vec<(String, Kind)> {
    let git = IN_GIT.iter().map(|path| format!(".git/{path}"));
    let paths = IN_THE_TREE.iter().map(|path| (*path).to_owned()).chain(git);
    let mut trials: Vec<(String, Kind)> =
        paths.flat_map(|path| KINDS.map(|kind| (path.clone(), kind))).collect();
    if std::env::var_os(ALL).is_some() {
        return trials;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let day = now.as_secs() / 86_400;
    let key = |trial: &(String, Kind)| blake3::hash(format!("{day} {trial:?}").as_bytes()).to_hex();
    trials.sort_by_cached_key(|trial| key(trial).to_string());
    trials.truncate(DRAWN);
    trials
}

#[test]
fn no_command_reads_or_writes_through_a_hostile_path() {
    let sandbox = Sandbox::new();
    template(&sandbox);
    let trials = trials();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some((path, kind)) = trials.get(at) else { return wrong };
            wrong.extend(try_one(&sandbox, &format!("r{at}"), path, *kind));
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {} trials:\n{}", wrong.len(), trials.len(), wrong.join("\n"));
}

/// Whether a path of a repository is on the list, or lies in a folder that is.
fn is_listed(path: &Path) -> bool {
    let git = IN_GIT.iter().map(|path| Path::new(".git").join(path));
    let mut listed = IN_THE_TREE.iter().map(PathBuf::from).chain(git);
    // What has a random or a numbered name lies in one of these.
    let whole = ["docs/review", ".git/tribunal/runs", ".git/tribunal/queue", ".git/tribunal/inbox"];
    let logs = [".git/tribunal/logs", ".git/tribunal/commands"];
    let within = whole.iter().chain(&logs).any(|folder| path.starts_with(folder));
    within || listed.any(|listed| listed == path)
}

#[test]
fn what_the_commands_leave_is_on_the_list() {
    let sandbox = Sandbox::new();
    let repo = template(&sandbox);
    let before = look(&repo.dir, &[".git/objects"]);
    let output = sandbox.path().join("output");
    for arguments in COMMANDS {
        let outcome = bounded(held(&repo, arguments), &output).unwrap();
        // A command line that is wrong would try nothing.
        let outcome = outcome.never_says("Usage:").never_says("could not");
        assert!([0, 1, 2, 4].contains(&outcome.code), "{arguments:?}: {outcome}");
    }
    watch(&repo, &output).unwrap();
    let after = look(&repo.dir, &[".git/objects"]);
    let new = after.iter().filter(|(path, content)| before.get(*path) != Some(content));
    let unlisted: Vec<&PathBuf> = new
        .map(|(path, _)| path)
        .filter(|path| !path.starts_with("marker") && !is_listed(path))
        .collect();
    assert_eq!(unlisted, [] as [&PathBuf; 0], "add them to the list");
}

/// Literals of the source that look like paths of a work tree and are none that is opened.
const NO_PATHS: [&str; 5] = [
    // What a fix may not touch, as git names it.
    "AGENTS.override.md",
    // Of the repositories that `demo` makes for itself.
    "docs/specs/shown.md",
    "docs/specs/sizes.md",
    "docs/specs/subtract.md",
    // Left out of the copies that agents read; never opened.
    ".aider.conf.yml",
];

#[test]
fn names_are_all_on_the_list() {
    let top = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut unlisted = Vec::new();
    for (path, text) in look(&top.join("src"), &[]) {
        let is_source = path.extension().is_some_and(|ending| ending == "rs");
        if !is_source
            || path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"))
            || path.to_string_lossy().ends_with("_tests.rs")
        {
            continue;
        }
        let text = String::from_utf8(text).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for literal in code.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let is_name = !literal.contains([' ', '*', '{', '\\', '<', '`']);
            let begins = [".ai", "docs/", "AGENTS", "tribunal.toml", "package.json", "Makefile"];
            let is_path = begins.iter().any(|begin| literal.starts_with(begin));
            if is_name && is_path && !is_listed(Path::new(literal)) && !NO_PATHS.contains(&literal)
            {
                unlisted.push(format!("{}: {literal}", path.display()));
            }
        }
    }
    assert_eq!(unlisted, [] as [String; 0], "add them to the list, or to `NO_PATHS`");
}

#[test]
fn a_link_out_of_the_tree_is_said_and_one_that_stays_is_followed() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let outside = sandbox.path().join("outside");
    lay_bait(&outside);
    fs::create_dir_all(repo.path("docs/specs")).unwrap();
    symlink(&outside, repo.path("docs/specs/home")).unwrap();
    symlink(outside.join("x.md"), repo.path("docs/specs/diary.md")).unwrap();
    symlink("../../plans", repo.path("docs/specs/plans")).unwrap();
    repo.write("plans/a.md", spec("a", "Stay."));
    let listed = repo.tribunal(&["spec", "list"]).ok().never_says(CANARY);
    assert!(listed.stdout.contains("\na "), "{listed}");
    for link in ["docs/specs/home", "docs/specs/diary.md"] {
        let said = format!("`{link}` is not looked at: a symbolic link leads out of");
        assert_eq!(listed.stderr.matches(&said).count(), 1, "{listed}");
    }
    for path in ["docs/specs/diary.md", "docs/specs/home/x.md"] {
        let lint = repo.tribunal(&["spec", "lint", path]).code(2).never_says(CANARY);
        lint.says("could not read").says("leads out of");
    }
    // What lies elsewhere, and is named by a person, is theirs.
    repo.tribunal(&["spec", "lint", outside.join("x.md").to_str().unwrap()]).says("x.md");

    let output = sandbox.path().join("output");
    let said = watch(&repo, &output).unwrap().never_says(CANARY);
    assert!(said.stdout.matches("`docs/specs/home` is not looked at").count() == 1, "{said}");
    let watched = repo.read(".git/tribunal/watched.json");
    assert!(watched.contains("/r/plans") && !watched.contains("outside"), "{watched}");
}

#[test]
fn a_repository_inside_a_clone_names_no_work_tree() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let inner = sandbox.bare("r/inner");
    for (key, value) in
        [("core.bare", "false"), ("core.worktree", sandbox.home().to_str().unwrap())]
    {
        inner.git(&["config", key, value]).ok();
    }
    let before = look(&sandbox.home(), &[]);
    for arguments in
        [&["init", "--no-hooks"][..], &["spec", "new", "x"], &["constitution", "learn"]]
    {
        let refused = inner.tribunal(arguments).code(2);
        refused.says("`core.worktree` of").says("hint: if it is meant to be its work tree");
    }
    assert_eq!(look(&sandbox.home(), &[]), before);
    // The folder itself may say that it is one.
    let line = format!("gitdir: {}\n", inner.dir.display());
    fs::write(sandbox.home().join(".git"), line).unwrap();
    inner.tribunal(&["spec", "new", "x"]).ok();
    assert!(sandbox.home().join("docs/specs/x.md").exists());
    repo.tribunal(&["spec", "new", "y"]).ok();
}

#[test]
fn a_link_in_the_state_is_named_with_the_way_on() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let outside = sandbox.path().join("outside");
    lay_bait(&outside);
    for place in ["tribunal", "tribunal/bypass.log", "tribunal/queue", "tribunal/logs/commands"] {
        let path = repo.path(".git").join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(&outside, &path).unwrap();
        let refused = repo.tribunal(&["status"]).code(2).never_says(CANARY);
        refused.says(&format!("{place}` is a symbolic link")).says("hint: remove the link");
        fs::remove_file(&path).unwrap();
        repo.tribunal(&["status"]).ok();
        drop(fs::remove_dir_all(repo.path(".git/tribunal")));
    }
}
