//! A person's work is never touched: work tree, index, stash and refs are the same before and after,
//! whatever state they are in and however the run ends.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::commands::{is_alive, with_command};
use crate::harness::{Repo, Sandbox, TRIBUNAL, run, wait_for};

/// How many states are tried; more with this variable.
const CASES: u32 = 40;
const CASES_VARIABLE: &str = "TRIBUNAL_TEST_CASES";

/// Names that break what splits on blanks, takes options or expects UTF-8.
pub const NAMES: [&[u8]; 8] =
    [b"a", b"b c", b"d/e", b"d/f g", b"n\xff\xfe", b"-dash", b"l\nf", "d/ü/é".as_bytes()];

/// One thing that a person does to a file.
#[derive(Clone, Debug)]
pub enum Deed {
    Write(String),
    Stage(String),
    StageThenEdit(String, String),
    IntendToAdd,
    RemoveFile,
    RemoveStaged,
    RemoveFromIndex,
    Rename(usize),
    MakeExecutable { staged: bool },
    Link { target: String, staged: bool },
    Conflict(String, String),
    AssumeUnchanged,
    Stash,
}

pub fn deed() -> impl Strategy<Value = Deed> {
    let text = || "[a-z\n]{0,12}";
    prop_oneof![
        text().prop_map(Deed::Write),
        text().prop_map(Deed::Stage),
        (text(), text()).prop_map(|(a, b)| Deed::StageThenEdit(a, b)),
        Just(Deed::IntendToAdd),
        Just(Deed::RemoveFile),
        Just(Deed::RemoveStaged),
        Just(Deed::RemoveFromIndex),
        (0..NAMES.len()).prop_map(Deed::Rename),
        any::<bool>().prop_map(|staged| Deed::MakeExecutable { staged }),
        ("[a-z/.]{1,8}", any::<bool>()).prop_map(|(target, staged)| Deed::Link { target, staged }),
        (text(), text()).prop_map(|(a, b)| Deed::Conflict(a, b)),
        Just(Deed::AssumeUnchanged),
        Just(Deed::Stash),
    ]
}

/// Does it as far as the state allows; what git refuses is not done.
pub fn perform(repo: &Repo<'_>, name: &[u8], deed: &Deed) {
    let os = OsStr::from_bytes(name);
    let path = repo.dir.join(os);
    let git = |words: &[&str]| {
        let mut arguments: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        arguments.extend([OsStr::new("--"), os]);
        repo.git(&arguments);
    };
    let put = |text: &str| {
        drop(fs::create_dir_all(path.parent().unwrap()));
        // A link or a folder in the way is replaced by neither.
        drop(fs::write(&path, text));
    };
    match deed {
        Deed::Write(text) => put(text),
        Deed::Stage(text) => {
            put(text);
            git(&["add"]);
        }
        Deed::StageThenEdit(staged, edited) => {
            put(staged);
            git(&["add"]);
            put(edited);
        }
        Deed::IntendToAdd => {
            put("intended");
            git(&["add", "--intent-to-add"]);
        }
        Deed::RemoveFile => drop(fs::remove_file(&path)),
        Deed::RemoveStaged => git(&["rm", "--quiet", "--force"]),
        Deed::RemoveFromIndex => git(&["rm", "--quiet", "--force", "--cached"]),
        Deed::Rename(to) => {
            let to = OsStr::from_bytes(NAMES[*to]);
            drop(fs::create_dir_all(repo.dir.join(to).parent().unwrap()));
            repo.git(&[OsStr::new("mv"), OsStr::new("-k"), OsStr::new("--"), os, to]);
        }
        Deed::MakeExecutable { staged } => {
            if fs::symlink_metadata(&path).is_ok_and(|data| data.is_file()) {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            if *staged {
                git(&["add"]);
            }
        }
        Deed::Link { target, staged } => {
            drop(fs::create_dir_all(path.parent().unwrap()));
            drop(fs::remove_file(&path));
            drop(symlink(target, &path));
            if *staged {
                git(&["add"]);
            }
        }
        Deed::Conflict(ours, theirs) => conflict(repo, name, ours, theirs),
        Deed::AssumeUnchanged => git(&["update-index", "--assume-unchanged"]),
        Deed::Stash => drop(repo.git(&["stash", "--quiet"])),
    }
}

fn conflict(repo: &Repo<'_>, name: &[u8], ours: &str, theirs: &str) {
    let blob = |text: &str| {
        let mut command = repo.sandbox.command("git", &repo.dir);
        command.args(["hash-object", "-w", "--stdin"]);
        run(command, text.as_bytes()).ok().out().to_owned()
    };
    let mut input = Vec::new();
    for (stage, text) in [(1, "base"), (2, ours), (3, theirs)] {
        input.extend_from_slice(format!("100644 {} {stage}\t", blob(text)).as_bytes());
        input.extend_from_slice(name);
        input.push(0);
    }
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.args(["update-index", "-z", "--index-info"]);
    run(command, &input).ok();
}

/// Everything about a file that a person could notice, and its inode: it was not even replaced.
pub type Seen = (u32, i64, i64, u64, Vec<u8>);

/// Every file below a folder but for those that `skip` names.
fn look(top: &Path, skip: &dyn Fn(&Path) -> bool) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if skip(path.strip_prefix(top).unwrap()) {
                continue;
            }
            let data = fs::symlink_metadata(&path).unwrap();
            let content = if data.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if data.is_symlink() {
                fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
            } else {
                fs::read(&path).unwrap()
            };
            seen.insert(path, (data.mode(), data.mtime(), data.mtime_nsec(), data.ino(), content));
        }
    }
    seen
}

/// The work tree, and all of `.git` but for our own state and for objects, which may be added.
pub fn everything(repo: &Repo<'_>) -> BTreeMap<PathBuf, Seen> {
    let ours =
        |path: &Path| path == Path::new(".git/tribunal") || path == Path::new(".git/objects");
    let mut seen = look(&repo.dir, &ours);
    // Its entries are looked at one by one; our own folder appears among them.
    seen.remove(&repo.path(".git"));
    seen
}

fn work_tree(repo: &Repo<'_>) -> BTreeMap<PathBuf, Seen> {
    look(&repo.dir, &|path| path == Path::new(".git"))
}

/// What must not change even where git itself commits: the stash and other refs.
fn side_refs(repo: &Repo<'_>) -> String {
    let stash = repo.git(&["stash", "list"]).stdout;
    stash + &repo.git(&["for-each-ref", "--exclude=refs/heads/main"]).stdout
}

#[track_caller]
pub fn same(before: &BTreeMap<PathBuf, Seen>, after: &BTreeMap<PathBuf, Seen>, when: &str) {
    for path in before.keys().chain(after.keys()) {
        assert_eq!(before.get(path), after.get(path), "{when}: {} differs", path.display());
    }
}

/// A repository with a command that does its worst and ends as the file `how` says.
struct Stage<'a> {
    repo: Repo<'a>,
    how: PathBuf,
    up: PathBuf,
    pids: PathBuf,
}

fn stage<'a>(sandbox: &'a Sandbox, deeds: &[(usize, Deed)]) -> Stage<'a> {
    let file = |name: &str| sandbox.path().join(name);
    let (how, up, pids) = (file("how"), file("up"), file("pids"));
    let repo = sandbox.repo("work tree");
    repo.write(".gitignore", "ignored\n").write("ignored", "mine\n").write("kept", "1\n");
    for name in NAMES {
        repo.write(OsStr::from_bytes(name), "base\n");
    }
    let run = format!(
        "t=$(git write-tree); echo $$ > '{pids}'; rm -rf kept d; echo junk > a; git stash -qu; git clean -fdx
         case $(cat '{how}') in
         pass) git read-tree --reset -u $t; exit 0;; block) exit 1;;
         hang) sleep 300 & echo $! >> '{pids}'; echo up > '{up}'; wait;;
         esac",
        how = how.display(),
        up = up.display(),
        pids = pids.display(),
    );
    with_command(&repo, &run, "");
    for (name, deed) in deeds {
        perform(&repo, NAMES[*name], deed);
    }
    Stage { repo, how, up, pids }
}

impl Stage<'_> {
    fn hook(&self) -> Command {
        self.repo.command(&["hook", "pre-commit"])
    }

    fn commit(&self) -> Command {
        let mut command = self.repo.sandbox.command("git", &self.repo.dir);
        command.args(["commit", "-qm", "feat: x"]);
        command
    }

    /// Starts a program, waits until the command is under way and kills what `victim` tells.
    fn kill(&self, mut command: Command, victim: impl Fn(u32) -> u32) {
        fs::write(&self.how, "hang").unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the command to be under way", || fs::remove_file(&self.up).is_ok());
        let pid = i32::try_from(victim(child.id())).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        child.wait().unwrap();
        for pid in fs::read_to_string(&self.pids).unwrap().lines() {
            wait_for("the command to be gone with its tribunal", || !is_alive(pid));
        }
    }
}

/// Whether the hook gets as far as the command: not where git cannot make a tree of the index.
fn reaches_the_command(repo: &Repo<'_>) -> bool {
    repo.git(&["ls-files", "--unmerged"]).stdout.is_empty()
}

fn try_state(deeds: &[(usize, Deed)]) {
    let sandbox = Sandbox::new();
    let stage = stage(&sandbox, deeds);
    let repo = &stage.repo;
    let before = everything(repo);
    fs::write(&stage.how, "block").unwrap();
    let blocked = run(stage.hook(), b"");
    assert_ne!(blocked.code, 0, "{blocked}");
    same(&before, &everything(repo), "on block");
    if !reaches_the_command(repo) {
        return;
    }
    assert_eq!(blocked.code, 1, "{blocked}");
    stage.kill(stage.hook(), |hook| hook);
    same(&before, &everything(repo), "on kill");
    let files = work_tree(repo);
    let refs = side_refs(repo);
    let head = repo.rev("HEAD");
    let staged = repo.git(&["ls-files", "--stage"]).stdout;
    fs::write(&stage.how, "block").unwrap();
    assert_ne!(run(stage.commit(), b"").code, 0);
    assert_eq!(repo.rev("HEAD"), head);
    fs::write(&stage.how, "pass").unwrap();
    let files_and_git = everything(repo);
    run(stage.hook(), b"").ok();
    same(&files_and_git, &everything(repo), "on pass");
    // Git itself commits, or finds nothing to commit; neither is ours.
    run(stage.commit(), b"");
    same(&files, &work_tree(repo), "after git commit");
    assert_eq!(refs, side_refs(repo));
    assert_eq!(staged, repo.git(&["ls-files", "--stage"]).stdout);
}

#[test]
fn nothing_is_touched_on_pass_on_block_and_on_kill() {
    let cases = std::env::var_os(CASES_VARIABLE)
        .and_then(|value: OsString| value.to_str()?.parse().ok())
        .unwrap_or(CASES);
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let deeds = prop::collection::vec((0..NAMES.len(), deed()), 0..12);
    TestRunner::new(config)
        .run(&deeds, |deeds| {
            try_state(&deeds);
            Ok(())
        })
        .unwrap();
}

#[test]
fn nothing_is_touched_when_a_commit_is_killed() {
    let sandbox = Sandbox::new();
    let deeds = [
        (0, Deed::StageThenEdit("staged".into(), "edited".into())),
        (1, Deed::Stash),
        (2, Deed::StageThenEdit("staged".into(), "edited".into())),
        (4, Deed::RemoveStaged),
        (5, Deed::IntendToAdd),
    ];
    let stage = stage(&sandbox, &deeds);
    // The hook's shell becomes the program under test: they share a process id.
    let pid = sandbox.path().join("pid");
    let hook = stage.repo.path(".git/hooks/pre-commit");
    let text =
        format!("#!/bin/sh\necho $$ > '{}'\nexec '{TRIBUNAL}' hook pre-commit\n", pid.display());
    fs::write(hook, text).unwrap();
    fs::write(&stage.how, "block").unwrap();
    run(stage.commit(), b"").code(1);
    let (files, refs) = (work_tree(&stage.repo), side_refs(&stage.repo));
    let index = fs::read(stage.repo.path(".git/index")).unwrap();
    stage.kill(stage.commit(), |_| fs::read_to_string(&pid).unwrap().trim().parse().unwrap());
    same(&files, &work_tree(&stage.repo), "on kill of the hook");
    assert_eq!(refs, side_refs(&stage.repo));
    assert_eq!(index, fs::read(stage.repo.path(".git/index")).unwrap());
    assert!(!stage.repo.path(".git/index.lock").exists());
    // And the next commit is judged as if nothing had been.
    fs::write(&stage.how, "pass").unwrap();
    run(stage.commit(), b"").ok();
}

#[test]
fn an_interrupt_stops_the_command_and_says_so() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let sandbox = Sandbox::new();
        let stage = stage(&sandbox, &[(0, Deed::Stage("x".into()))]);
        fs::write(&stage.how, "hang").unwrap();
        let before = everything(&stage.repo);
        let child = stage.hook().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the command to be under way", || fs::remove_file(&stage.up).is_ok());
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("interrupted"), "{said}");
        for pid in fs::read_to_string(&stage.pids).unwrap().lines() {
            wait_for("the command to be gone", || !is_alive(pid));
        }
        same(&before, &everything(&stage.repo), "on interrupt");
    }
}
