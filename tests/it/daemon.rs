//! The watcher, in the foreground and in the background, with real files and real git.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, processes, run, wait_for};

/// A spec without errors.
pub fn spec(id: &str, goal: &str) -> String {
    format!(
        "---\nid: {id}\n---\n# Spec {id}\n\n## Goal\n{goal}\n\n## Acceptance criteria\n\
         - **AC-1** WHEN it is called THEN it answers within 200 ms\n  - verify: test\n"
    )
}

/// `tribunal watch` as a child, which is ended by its id when the test is over.
pub struct Watching<'a> {
    repo: &'a Repo<'a>,
    pub child: Child,
    lines: PathBuf,
}

impl<'a> Watching<'a> {
    pub fn start(repo: &'a Repo<'a>) -> Self {
        Self::start_with(repo, &[])
    }

    fn start_with(repo: &'a Repo<'a>, vars: &[(&str, &str)]) -> Self {
        let watching = Self::begin(repo, vars);
        wait_for("the watcher to watch", || !watching.of("watching").is_empty());
        watching
    }

    /// Starts it and waits for nothing.
    pub fn begin(repo: &'a Repo<'a>, vars: &[(&str, &str)]) -> Self {
        let lines = repo.sandbox.path().join(format!(
            "{}-{}.jsonl",
            repo.dir.file_name().unwrap().to_str().unwrap(),
            Instant::now().elapsed().as_nanos()
                + u128::from(fs::read_dir(repo.sandbox.path()).unwrap().count() as u64)
        ));
        let errors = File::create(lines.with_extension("err")).unwrap();
        let mut command = repo.command(&["watch", "--format", "json"]);
        command
            .env("TRIBUNAL_WATCH_SETTLE", "50ms")
            .envs(vars.iter().copied())
            .stdout(File::create(&lines).unwrap())
            .stderr(errors);
        Self { repo, child: command.spawn().unwrap(), lines }
    }

    fn news(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.lines).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let news: Vec<Value> =
            whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(news.iter().all(|news| news["version"] == 1), "{text}");
        news
    }

    /// What it told of that kind.
    pub fn of(&self, kind: &str) -> Vec<Value> {
        self.news().into_iter().filter(|news| news["news"] == kind).collect()
    }

    /// The versions of a spec that were taken in.
    fn taken(&self, id: &str) -> Vec<Value> {
        self.of("spec").into_iter().filter(|news| news["id"] == id).collect()
    }

    #[track_caller]
    fn wait_taken(&self, id: &str, times: usize) {
        wait_for(&format!("{id} to be taken in {times} times"), || self.taken(id).len() >= times);
        assert_eq!(self.taken(id).len(), times, "{:#?}", self.news());
    }

    /// Drops a spec and waits for it: what was complete before it has been dealt with then.
    #[track_caller]
    fn settle(&self, marker: &str) {
        self.repo.write(format!("docs/specs/{marker}.md"), spec(marker, "Wait."));
        self.wait_taken(marker, 1);
    }

    /// Where what it tells is.
    pub fn lines(&self) -> PathBuf {
        self.lines.clone()
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Ends it by a signal and gives its exit code.
    pub fn end(mut self, name: &str) -> Option<i32> {
        self.signal(name);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn signal(pid: u32, name: &str) {
    let pid = pid.to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
}

/// A background daemon, which is ended by its id when the test is over.
struct Background<'a>(&'a Repo<'a>);

impl Background<'_> {
    fn pid(&self) -> Option<u32> {
        let text = fs::read(self.0.path(".git/tribunal/daemon.lock")).ok()?;
        let lock: Value = serde_json::from_slice(&text).ok()?;
        u32::try_from(lock["pid"].as_u64()?).ok()
    }

    fn is_running(&self) -> bool {
        self.0.tribunal(&["daemon", "status", "--format", "json"]).ok().json()["running"] == true
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        if let Some(pid) = self.pid()
            && fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == Path::new(TRIBUNAL))
        {
            drop(Command::new("kill").args(["-KILL", &pid.to_string()]).status());
        }
    }
}

fn pause(length: Duration) {
    let start = Instant::now();
    wait_for("time to pass", || start.elapsed() >= length);
}

fn queued(repo: &Repo<'_>) -> BTreeMap<String, String> {
    let mut queued = BTreeMap::new();
    for entry in fs::read_dir(repo.path(".git/tribunal/queue")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let entry: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            queued.insert(text("id"), text("hash"));
        }
    }
    queued
}

/// Has the watcher write a page about each spec.
const PAGES: (&str, &str) = ("TRIBUNAL_WATCH_PROGRESS", "file");

/// The ids that the files of a work tree are known to have.
fn known(repo: &Repo<'_>) -> BTreeSet<String> {
    let text = fs::read(repo.path(".git/tribunal/specs.json")).unwrap_or_default();
    known_in(&serde_json::from_slice(&text).unwrap_or_default(), &repo.dir)
}

fn known_in(specs: &Value, top: &Path) -> BTreeSet<String> {
    let top = top.canonicalize().unwrap().to_str().unwrap().to_owned();
    let files = specs["files"][&top].as_object().into_iter().flatten();
    files.map(|(_, file)| file["id"].as_str().unwrap().to_owned()).collect()
}

/// What `spec show` tells.
fn shown(repo: &Repo<'_>, id: &str) -> Outcome {
    repo.tribunal(&["spec", "show", id]).ok()
}

/// The pages about specs in a work tree.
fn records(repo: &Repo<'_>) -> BTreeSet<String> {
    fs::read_dir(repo.path("docs/progress"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_dropped_spec_is_taken_in_queued_and_recorded() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    // The folder appears after the watcher.
    repo.write("docs/specs/login.md", spec("login", "Sign in."));
    watching.wait_taken("login", 1);
    let taken = &watching.taken("login")[0];
    assert_eq!(taken["queued"], true);
    assert_eq!(queued(&repo)["login"], taken["hash"].as_str().unwrap());
    shown(&repo, "login")
        .says("file      docs/specs/login.md")
        .says("state     recorded: ")
        .says(taken["hash"].as_str().unwrap())
        .says("AC-1  WHEN it is called");
    assert_eq!(repo.read("docs/specs/login.md"), spec("login", "Sign in."));

    // Written and renamed over, as most editors save.
    repo.write("docs/specs/.tmp-login", spec("login", "Sign in by key."));
    fs::rename(repo.path("docs/specs/.tmp-login"), repo.path("docs/specs/login.md")).unwrap();
    watching.wait_taken("login", 2);
    let second = watching.taken("login")[1]["hash"].as_str().unwrap().to_owned();
    assert_eq!(queued(&repo), BTreeMap::from([("login".to_owned(), second)]));
    let first = taken["hash"].as_str().unwrap();
    shown(&repo, "login").says(&format!("{}  recorded", &first[..12]));

    // Moved in from elsewhere, linked in, and overwritten in place.
    repo.write("elsewhere.md", spec("moved", "Move."));
    fs::rename(repo.path("elsewhere.md"), repo.path("docs/specs/moved.md")).unwrap();
    repo.write("linked.md", spec("linked", "Link."));
    fs::hard_link(repo.path("linked.md"), repo.path("docs/specs/linked.md")).unwrap();
    symlink(repo.path("linked.md"), repo.path("docs/specs/symlinked.md")).unwrap();
    watching.wait_taken("moved", 1);
    watching.settle("marker");
    repo.write("docs/specs/moved.md", spec("moved", "Move on."));
    watching.wait_taken("moved", 2);
    assert!(!repo.path("docs/progress").exists(), "nothing is written into the checkout");
    assert_eq!(watching.end("TERM"), Some(0));
}

#[test]
fn pages_about_specs_are_written_where_the_user_s_own_settings_ask_for_them() {
    let sandbox = Sandbox::new();
    sandbox.settings("[watch]\nprogress = \"file\"\n");
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    repo.write("docs/specs/login.md", spec("login", "Sign in."));
    watching.wait_taken("login", 1);
    let first = watching.taken("login")[0].clone();
    assert_eq!(first["record"], "docs/progress/login.md");
    let page = repo.read("docs/progress/login.md");
    assert!(page.contains("**Accepted: 0 errors, 0 warnings**"), "{page}");
    assert!(page.contains(first["hash"].as_str().unwrap()), "{page}");
    assert!(page.contains("`tribunal run` builds it") && !page.contains("queue"), "{page}");
    repo.write("docs/specs/login.md", spec("login", "Sign in by key."));
    watching.wait_taken("login", 2);
    let page = repo.read("docs/progress/login.md");
    assert!(page.contains(&format!("| supersedes | `{}` |", first["hash"].as_str().unwrap())));
    drop(watching);
    // A repository cannot ask for it.
    sandbox.settings("");
    repo.write("tribunal.toml", "[watch]\nprogress = \"file\"\n").commit_unjudged("policy");
    repo.tribunal(&["config"]).says("`watch.progress` can only be set in your own settings");
    let watching = Watching::start(&repo);
    watching.settle("marker");
    assert_eq!(records(&repo), names(["login.md"]));
}

#[test]
fn a_spec_that_moved_or_is_gone_is_shown_as_it_is() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    repo.write("docs/specs/a.md", spec("a", "One."));
    watching.wait_taken("a", 1);
    fs::rename(repo.path("docs/specs/a.md"), repo.path("docs/specs/b.md")).unwrap();
    wait_for("the move to be told", || {
        watching.of("known").iter().any(|news| news["moved_from"] == "docs/specs/a.md")
    });
    let specs = repo.read(".git/tribunal/specs.json");
    assert!(specs.contains("docs/specs/b.md") && !specs.contains("docs/specs/a.md"), "{specs}");
    let waiting: Value = serde_json::from_str(&repo.read(".git/tribunal/queue/a.json")).unwrap();
    assert_eq!(waiting["path"], "docs/specs/b.md");
    repo.tribunal(&["spec", "list"]).ok().says("a   S     recorded  docs/specs/b.md");
    fs::remove_file(repo.path("docs/specs/b.md")).unwrap();
    wait_for("the end to be told", || watching.of("gone").len() == 2);
    repo.tribunal(&["spec", "list"])
        .ok()
        .says("ID  SIZE  STATE    FILE")
        .says("a   S     deleted  docs/specs/b.md")
        .says("deleted: its file is gone");
    shown(&repo, "a").says("state     deleted: its file is gone");
    let one = repo.tribunal(&["spec", "show", "a", "--format", "json"]).ok().json();
    assert_eq!(one["spec"]["state"], "deleted", "{one:#}");
    // Every line fits, however long a path is.
    repo.write(format!("docs/specs/{}/{}.md", "d".repeat(60), "n".repeat(60)), spec("long", "L."));
    watching.wait_taken("long", 1);
    let list = repo.tribunal(&["spec", "list"]).ok();
    assert!(list.stdout.lines().all(|line| line.chars().count() <= 80), "{list}");
}

#[test]
fn touching_does_nothing_and_a_restart_takes_nothing_in_twice() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/a.md", spec("a", "One."));
    let watching = Watching::start(&repo);
    watching.wait_taken("a", 1);
    let specs =
        || -> Value { serde_json::from_str(&repo.read(".git/tribunal/specs.json")).unwrap() };
    let versions = specs()["specs"]["a"].clone();
    File::options()
        .append(true)
        .open(repo.path("docs/specs/a.md"))
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    repo.write("docs/specs/a.md", spec("a", "One."));
    repo.write("docs/specs/a.md", spec("a", "One.").replace('\n', "\r\n"));
    watching.settle("m1");
    watching.wait_taken("a", 1);
    assert_eq!(watching.end("INT"), Some(130));

    let again = Watching::start(&repo);
    again.settle("m2");
    assert!(again.taken("a").is_empty());
    assert_eq!(specs()["specs"]["a"], versions);
    assert_eq!(known(&repo), names(["a", "m1", "m2"]));
}

#[test]
fn a_slow_writer_is_waited_for() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    fs::create_dir_all(repo.path("docs/specs")).unwrap();
    let watching = Watching::start(&repo);
    let text = spec("slow", "Take time.");
    let mut file = File::create(repo.path("docs/specs/slow.md")).unwrap();
    for chunk in text.as_bytes().chunks(text.len() / 6 + 1) {
        file.write_all(chunk).unwrap();
        pause(Duration::from_millis(250));
    }
    assert!(watching.taken("slow").is_empty(), "{:#?}", watching.news());
    drop(file);
    watching.wait_taken("slow", 1);
    assert_eq!(watching.taken("slow")[0]["errors"], 0);
    // An empty file is one that its writer has only begun.
    File::create(repo.path("docs/specs/begun.md")).unwrap();
    watching.settle("marker");
    assert_eq!(known(&repo), names(["slow", "marker"]));
}

#[test]
fn what_editors_leave_beside_a_file_is_no_spec() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/README.md", "# Specs\n");
    repo.write("docs/specs/a.md", spec("a", "One."));
    let watching = Watching::start(&repo);
    watching.wait_taken("a", 1);
    let path = |name: &str| repo.path("docs/specs").join(name);
    repo.write("docs/specs/.a.md.swp", "b0VIM");
    fs::write(path("4913"), "").unwrap();
    fs::remove_file(path("4913")).unwrap();
    fs::rename(path("a.md"), path("a.md~")).unwrap();
    fs::write(path("a.md"), spec("a", "Two.")).unwrap();
    watching.wait_taken("a", 2);
    fs::remove_file(path("a.md~")).unwrap();
    symlink("someone@somewhere.123", path(".#a.md")).unwrap();
    for other in ["#a.md#", "a.md.tmp", "a.txt", "~$a.md", "a.md.part"] {
        fs::write(path(other), spec("other", "No.")).unwrap();
    }
    watching.settle("marker");
    assert_eq!(known(&repo), names(["a", "marker"]));
    assert_eq!(watching.of("spec").len(), 3);
}

#[test]
fn folders_that_come_and_go_lose_no_spec() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start_with(&repo, &[("TRIBUNAL_WATCH_RESCAN", "10m")]);
    for round in 0..50 {
        if round > 0 {
            fs::remove_dir_all(repo.path("docs")).unwrap();
        }
        let id = format!("r{round}");
        repo.write(format!("docs/specs/deep/er/{id}.md"), spec(&id, "Race."));
        watching.wait_taken(&id, 1);
    }
    // Renamed away: what happens there is nobody's business, and the new folder counts.
    for round in 0..10 {
        fs::rename(repo.path("docs"), repo.path(format!("old{round}"))).unwrap();
        repo.write(format!("old{round}/specs/deep/stray.md"), spec("stray", "No."));
        let id = format!("n{round}");
        repo.write(format!("docs/specs/deep/{id}.md"), spec(&id, "Yes."));
        watching.wait_taken(&id, 1);
    }
    fs::rename(repo.path("docs/specs"), repo.path("docs/parked")).unwrap();
    wait_for("n9 to be gone", || watching.of("gone").iter().any(|news| news["id"] == "n9"));
    fs::rename(repo.path("docs/parked"), repo.path("docs/specs")).unwrap();
    watching.settle("marker");
    assert!(watching.taken("stray").is_empty());
    assert_eq!(watching.taken("n9").len(), 1);
}

#[test]
fn a_branch_switch_brings_nothing_new() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/README.md", "# Specs\n").commit_unjudged("first");
    let watching = Watching::start(&repo);
    repo.git(&["switch", "--quiet", "-c", "topic"]).ok();
    repo.write("docs/specs/a.md", spec("a", "One."));
    watching.wait_taken("a", 1);
    repo.git(&["add", "docs/specs"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "-m", "spec"]).ok();
    let hash = || -> String {
        let one = repo.tribunal(&["spec", "show", "a", "--format", "json"]).ok().json();
        let newest = one["spec"]["versions"].as_array().unwrap().last().unwrap().clone();
        newest["hash"].as_str().unwrap().to_owned()
    };
    let before = hash();
    for round in 1..4 {
        repo.git(&["switch", "--quiet", "main"]).ok();
        wait_for("the spec to be gone", || watching.of("gone").len() >= round);
        repo.git(&["switch", "--quiet", "topic"]).ok();
        wait_for("the spec to be back", || watching.of("known").len() >= round);
    }
    assert_eq!(watching.taken("a").len(), 1);
    assert_eq!(hash(), before);

    // Back to an earlier version: the queue and the record follow, and it is not news.
    let first = queued(&repo)["a"].clone();
    repo.write("docs/specs/a.md", spec("a", "Two."));
    watching.wait_taken("a", 2);
    assert_ne!(queued(&repo)["a"], first);
    repo.git(&["checkout", "--quiet", "docs/specs/a.md"]).ok();
    wait_for("the first version to wait again", || queued(&repo)["a"] == first);
    wait_for("its record", || hash() == first);
    assert_eq!(watching.taken("a").len(), 2);
}

#[test]
fn drafts_and_errors_are_recorded_and_not_queued() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    let draft = spec("a", "One.").replace("id: a\n", "id: a\nstatus: draft\n");
    repo.write("docs/specs/a.md", &draft);
    watching.wait_taken("a", 1);
    assert!(queued(&repo).is_empty());
    shown(&repo, "a").says("state     draft: ");
    repo.write("docs/specs/a.md", spec("a", "One."));
    watching.wait_taken("a", 2);
    assert_eq!(queued(&repo).len(), 1);
    repo.write("docs/specs/a.md", spec("a", "One.").replace("id: a\n", "id: a\ncolour: red\n"));
    watching.wait_taken("a", 3);
    assert!(queued(&repo).is_empty());
    shown(&repo, "a").says("state     errors: ").says("3:1  error[unknown-key]: ");
    // Bytes that are no text, and a file that is too large.
    repo.write("docs/specs/bytes.md", b"# x \xff\n");
    repo.write("docs/specs/large.md", vec![b'x'; 300 * 1024]);
    watching.wait_taken("bytes", 1);
    watching.wait_taken("large", 1);
    shown(&repo, "bytes").says("[not-utf-8]");
    shown(&repo, "large").says("[too-large]");
}

#[test]
fn two_files_with_one_id_do_not_write_over_each_other() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start_with(&repo, &[PAGES]);
    repo.write("docs/specs/a.md", spec("same", "One."));
    watching.wait_taken("same", 1);
    let record = repo.read("docs/progress/same.md");
    let waiting = queued(&repo);
    repo.write("docs/specs/b.md", spec("SAME", "Two."));
    watching.wait_taken("SAME", 1);
    assert_eq!(repo.read("docs/progress/same.md"), record);
    assert_eq!(queued(&repo), waiting);
    let others: Vec<String> = records(&repo).into_iter().filter(|name| name != "same.md").collect();
    assert_eq!(others.len(), 1, "{others:?}");
    let other = repo.read(format!("docs/progress/{}", others[0]));
    assert!(other.contains("`docs/specs/a.md` has the id `SAME` already"), "{other}");
    repo.tribunal(&["spec", "lint"]).code(1).says("docs/specs/b.md:1:1: error[duplicate-id]");
    repo.tribunal(&["spec", "list"])
        .ok()
        .says("same  S     recorded  docs/specs/a.md")
        .says("SAME  S     errors    docs/specs/b.md");
    shown(&repo, "same").says("docs/specs/b.md has the same id, and is not recorded");
    // Once the first one is gone the second one has the id.
    fs::remove_file(repo.path("docs/specs/a.md")).unwrap();
    watching.wait_taken("SAME", 2);
    wait_for("the second record to go", || {
        records(&repo).len() == 1 || !repo.path(format!("docs/progress/{}", others[0])).exists()
    });
    assert_eq!(queued(&repo).len(), 1);
}

#[test]
fn killed_at_any_save_it_comes_to_the_same_end() {
    let sandbox = Sandbox::new();
    let end = |repo: &Repo<'_>| {
        let known: Value = serde_json::from_str(&repo.read(".git/tribunal/specs.json")).unwrap();
        let versions = known["specs"]["a"].as_array().unwrap().len();
        (queued(repo), records(repo), versions)
    };
    let mut expected = None;
    for count in 0.. {
        let repo = sandbox.repo(&format!("r{count}"));
        repo.write("docs/specs/a.md", spec("a", "One."));
        let vars = [("TRIBUNAL_TEST_CRASH_AT_SAVE", &*count.to_string()), PAGES];
        let mut first = Watching::begin(&repo, &vars);
        let mut crashed = false;
        wait_for("a crash or a spec", || {
            crashed = first.child.try_wait().unwrap().is_some();
            crashed || repo.path(".git/tribunal/specs.json").exists()
        });
        if !crashed {
            // The last save points come right after the file is there.
            repo.write("docs/specs/later.md", spec("later", "Wait."));
            wait_for("a crash or the next spec", || {
                crashed = first.child.try_wait().unwrap().is_some();
                crashed || !first.taken("later").is_empty()
            });
        }
        drop(first);
        if count > 0 && !crashed {
            assert!(count > 10, "only {count} save points were met");
            break;
        }
        for name in
            ["docs/specs/later.md", "docs/progress/later.md", ".git/tribunal/queue/later.json"]
        {
            drop(fs::remove_file(repo.path(name)));
        }
        let second = Watching::start_with(&repo, &[PAGES]);
        wait_for("the end state", || {
            repo.path(".git/tribunal/specs.json").exists()
                && repo.path("docs/progress/a.md").exists()
                && fs::read_to_string(repo.path(".git/tribunal/specs.json"))
                    .unwrap()
                    .contains("\"a\"")
        });
        assert_eq!(second.end("TERM"), Some(0));
        let end = end(&repo);
        let expected = expected.get_or_insert_with(|| end.clone());
        assert_eq!(&end, expected, "after a kill at save {count}");
    }
}

/// What is reported has been saved, even if the watcher is killed in the same moment.
#[test]
fn what_is_told_is_known_after_a_kill_at_any_save() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let specs =
        || repo.tribunal(&["spec", "list", "--format", "json"]).ok().json()["specs"].clone();
    repo.write("docs/specs/keep.md", spec("keep", "Stay."));
    for count in 1.. {
        repo.write("docs/specs/old.md", spec("old", "Go."));
        let before = Watching::start(&repo);
        before.settle(&format!("marker{count}"));
        wait_for("all to be known", || {
            specs().as_array().unwrap().iter().all(|spec| spec["taken_in"] == true)
        });
        before.end("TERM");
        fs::remove_file(repo.path("docs/specs/old.md")).unwrap();
        let new = format!("new{count}");
        repo.write(format!("docs/specs/{new}.md"), spec(&new, "Come."));
        let vars = [("TRIBUNAL_TEST_CRASH_AT_SAVE", &*count.to_string())];
        let mut killed = Watching::begin(&repo, &vars);
        let mut crashed = false;
        wait_for("a crash or the new spec", || {
            crashed = killed.child.try_wait().unwrap().is_some();
            crashed || !killed.taken(&new).is_empty()
        });
        let known: Value = serde_json::from_str(&repo.read(".git/tribunal/specs.json")).unwrap();
        let files = known["files"].as_object().unwrap().values().next().unwrap();
        for told in killed.of("spec") {
            assert!(!files[told["path"].as_str().unwrap()].is_null(), "save {count}: {told}");
        }
        for told in killed.of("gone") {
            assert!(files[told["path"].as_str().unwrap()].is_null(), "save {count}: {told}");
        }
        if !crashed {
            assert!(count > 10, "only {count} save points were met");
            break;
        }
    }
}

#[test]
fn of_many_starts_one_wins_and_stop_ends_it() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let background = Background(&repo);
    repo.tribunal(&["daemon", "status"]).ok().says("not running");
    repo.tribunal(&["daemon", "stop"]).ok().says("not running");
    let starts: Vec<Outcome> = std::thread::scope(|scope| {
        let start = || scope.spawn(|| repo.tribunal(&["daemon", "start"]).ok());
        let starts: Vec<_> = (0..8).map(|_| start()).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let pids: BTreeSet<&str> =
        starts.iter().map(|start| start.out().rsplit(' ').next().unwrap()).collect();
    assert_eq!(pids, BTreeSet::from([background.pid().unwrap().to_string().as_str()]));
    assert!(starts.iter().any(|start| start.stdout.starts_with("started")));
    repo.tribunal(&["watch"]).code(2).says("this repository is already being watched (process ");

    repo.write("docs/specs/a.md", spec("a", "One."));
    wait_for("the record", || known(&repo).contains("a"));
    wait_for("the status", || {
        repo.tribunal(&["daemon", "status"]).ok().stdout.contains("a: recorded, size S")
    });
    repo.tribunal(&["daemon", "status"]).says("/docs/specs").says("1 spec recorded");
    let name = repo.dir.canonicalize().unwrap();
    let line = format!("  {}: docs/specs/a.md: recorded as `a`, size S", name.display());
    repo.tribunal(&["daemon", "log"]).ok().says(&line);
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
    assert!(!background.is_running());
    repo.tribunal(&["daemon", "log"]).ok().says("not watched any more: it was stopped");
}

#[test]
fn the_background_daemon_is_tied_to_nothing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let background = Background(&repo);
    // The harness waits for the end of the streams: a daemon that kept them would hang here.
    let vars =
        [("GIT_DIR", "/nowhere"), ("GIT_INDEX_FILE", "/nowhere/index"), ("GIT_WORK_TREE", "/")];
    repo.tribunal_with(&["daemon", "start"], &vars, b"").ok();
    let pid = background.pid().unwrap();
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"));
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let is_gits = |var: &[u8]| var.starts_with(b"GIT_");
    assert!(!environment.split(|b| *b == 0).any(is_gits));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session: u32 =
        stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().parse().unwrap();
    assert_eq!(session, pid);
    // It ends by itself once its lock's file is another one.
    fs::remove_file(repo.path(".git/tribunal/daemon.lock")).unwrap();
    fs::create_dir_all(repo.path("docs/specs")).unwrap();
    wait_for("the daemon to end", || !Path::new(&format!("/proc/{pid}/cwd")).exists());
    drop(background);
}

#[test]
fn a_daemon_survives_kill_and_ends_with_its_repository() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let background = Background(&repo);
    repo.write("docs/specs/a.md", spec("a", "One."));
    repo.tribunal(&["daemon", "start"]).ok();
    wait_for("the record", || known(&repo).contains("a"));
    signal(background.pid().unwrap(), "KILL");
    wait_for("the lock to be free", || !background.is_running());
    repo.write("docs/specs/b.md", spec("b", "While it was down."));
    repo.tribunal(&["daemon", "start"]).ok().says("started");
    wait_for("the second record", || known(&repo).contains("b"));
    repo.tribunal(&["daemon", "log"]).ok();
    let pid = background.pid().unwrap();
    fs::remove_dir_all(&repo.dir).unwrap();
    wait_for("the daemon to end", || {
        !Path::new(&format!("/proc/{pid}/cwd")).exists()
            || fs::read_link(format!("/proc/{pid}/exe")).is_err()
    });
}

#[test]
fn every_linked_work_tree_is_watched() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("docs/specs/a.md", spec("a", "One.")).commit_unjudged("first");
    repo.git(&["worktree", "add", "--quiet", "../early"]).ok();
    let watching = Watching::start(&repo);
    watching.wait_taken("a", 1);
    let in_tree = |tree: &str, id: &str| {
        let folder = sandbox.path().join(tree).join("docs/specs");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{id}.md")), spec(id, "Elsewhere.")).unwrap();
        watching.wait_taken(id, 1);
        let specs = serde_json::from_str(&repo.read(".git/tribunal/specs.json")).unwrap();
        assert!(known_in(&specs, &sandbox.path().join(tree)).contains(id));
        assert!(!known_in(&specs, &repo.dir).contains(id));
    };
    in_tree("early", "b");
    repo.git(&["worktree", "add", "--quiet", "../late"]).ok();
    in_tree("late", "c");
    repo.git(&["worktree", "remove", "--force", "../late"]).ok();
    in_tree("early", "d");
    // The content that both trees have was taken in once.
    assert_eq!(watching.taken("a").len(), 1);
    // One lock for all of them.
    let linked = Repo { sandbox: &sandbox, dir: sandbox.path().join("early") };
    linked.tribunal(&["watch"]).code(2).says("is already being watched");
}

#[test]
fn a_flood_of_events_hides_no_spec() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    fs::create_dir_all(repo.path("docs/specs/noise")).unwrap();
    let watching = Watching::start_with(&repo, &[("TRIBUNAL_WATCH_RESCAN", "10m")]);
    // Stopped, it cannot empty the kernel's queue.
    watching.signal("STOP");
    for number in 0..20_000 {
        fs::write(repo.path("docs/specs/noise").join(number.to_string()), "").unwrap();
    }
    fs::remove_dir_all(repo.path("docs/specs/noise")).unwrap();
    for number in 0..40 {
        let id = format!("s{number}");
        repo.write(format!("docs/specs/noise/{id}.md"), spec(&id, "Be seen."));
    }
    watching.signal("CONT");
    for number in 0..40 {
        watching.wait_taken(&format!("s{number}"), 1);
    }
    repo.write("docs/specs/noise/after.md", spec("after", "Be seen too."));
    watching.wait_taken("after", 1);
}

#[test]
fn looking_at_intervals_finds_the_same() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let vars = [("TRIBUNAL_WATCH_METHOD", "poll"), ("TRIBUNAL_WATCH_RESCAN", "100ms")];
    let watching = Watching::start_with(&repo, &vars);
    assert_eq!(watching.of("watching")[0]["method"], "poll");
    repo.write("docs/specs/a.md", spec("a", "One."));
    watching.wait_taken("a", 1);
    fs::remove_dir_all(repo.path("docs/specs")).unwrap();
    repo.write("docs/specs/a.md", spec("a", "Two."));
    watching.wait_taken("a", 2);
}

#[test]
fn other_globs_and_links_count_and_settings_are_read_again() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    fs::create_dir_all(repo.path("real")).unwrap();
    let watching = Watching::start(&repo);
    repo.write("tribunal.toml", "[watch]\nspecs = [\"plans/*.md\", \"one.yaml\", \"docs/**\"]\n");
    repo.write("plans/a.md", spec("a", "One."));
    watching.wait_taken("a", 1);
    fs::create_dir(repo.path("docs")).unwrap();
    symlink("../real", repo.path("docs/linked")).unwrap();
    repo.write("real/b.md", spec("b", "Behind a link."));
    watching.wait_taken("b", 1);
    // The record of `a` lies below a glob and is none of the specs.
    watching.settle("marker");
    assert_eq!(known(&repo), names(["a", "b", "marker"]));
    repo.write("tribunal.toml", "[watch]\nspecks = []\n");
    wait_for("the complaint", || {
        let told = |news: &Value| {
            news["message"]
                .as_str()
                .unwrap()
                .contains("tribunal.toml:2:1: unknown key `watch.specks`")
        };
        watching.of("trouble").iter().any(told)
    });
    repo.write("plans/c.md", spec("c", "Still watched."));
    watching.wait_taken("c", 1);
}

#[test]
fn events_of_many_processes_arrive_once_each() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    let inbox = repo.path(".git/tribunal/inbox");
    let script = "n=0; while [ $n -lt 25 ]; do n=$((n+1)); f=\"$1-$n-commit.json\"; \
        printf '{\"version\":1,\"kind\":\"commit\",\"oid\":\"%s-%s\",\"branch\":null,\"worktree\":\"/\"}' $1 $n > \"new/$f\"; \
        mv \"new/$f\" \"$f\"; done";
    std::thread::scope(|scope| {
        for sender in 0..8 {
            let (inbox, sandbox) = (&inbox, &sandbox);
            scope.spawn(move || {
                let mut command = sandbox.command("sh", inbox);
                command.args(["-c", script, "sh", &sender.to_string()]);
                run(command, b"").ok();
            });
        }
    });
    wait_for("200 events", || watching.of("event").len() >= 200);
    watching.settle("marker");
    let oids: BTreeSet<String> = watching
        .of("event")
        .iter()
        .map(|news| news["event"]["oid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((watching.of("event").len(), oids.len()), (200, 200));
    // What this program does not know is kept, and said.
    fs::write(inbox.join("01-dance.json"), r#"{"version":9,"kind":"dance"}"#).unwrap();
    wait_for("the event to be set aside", || inbox.join("aside/01-dance.json").exists());
    wait_for("that to be said", || watching.of("aside").len() == 1);
}

#[test]
fn a_record_shows_no_secret_and_stays_in_the_work_tree() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start_with(&repo, &[PAGES]);
    let token = ["ghp", "_", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].concat();
    repo.write(
        "docs/specs/a.md",
        spec("a", "One.").replace("it is called", &format!("`{token}` is sent")),
    );
    watching.wait_taken("a", 1);
    let record = repo.read("docs/progress/a.md");
    assert!(record.contains("redacted") && !record.contains(&token[4..]), "{record}");
    shown(&repo, "a").says("redacted").never_says(&token[4..]);
    assert!(record.contains(watching.taken("a")[0]["hash"].as_str().unwrap()), "{record}");

    fs::remove_dir_all(repo.path("docs/progress")).unwrap();
    let outside = sandbox.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, repo.path("docs/progress")).unwrap();
    repo.write("docs/specs/b.md", spec("b", "Two."));
    wait_for("the refusal", || {
        watching
            .of("trouble")
            .iter()
            .any(|news| news["message"].as_str().unwrap().contains("is a symbolic link"))
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    fs::remove_file(repo.path("docs/progress")).unwrap();
    watching.settle("marker");
    watching.wait_taken("b", 1);
}

#[test]
fn names_that_are_not_utf_8_are_taken_in_too() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new();
    let odd = |name: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(name));
    let plain = sandbox.repo("plain");
    fs::rename(&plain.dir, sandbox.path().join(odd(b"r\xff"))).unwrap();
    let repo = Repo { sandbox: &sandbox, dir: sandbox.path().join(odd(b"r\xff")) };
    let lines = sandbox.path().join("lines");
    let mut command = repo.command(&["watch", "--format", "json"]);
    command.stdout(File::create(&lines).unwrap());
    let watching = Watching { repo: &repo, child: command.spawn().unwrap(), lines };
    wait_for("the watcher", || !watching.of("watching").is_empty());
    repo.write(odd(b"docs/specs/n\xfe.md"), spec("odd", "Be odd."));
    watching.wait_taken("odd", 1);
    let queued: Value =
        serde_json::from_slice(&fs::read(repo.path(".git/tribunal/queue/odd.json")).unwrap())
            .unwrap();
    let path: Vec<u8> = serde_json::from_value(queued["path"].clone()).unwrap();
    assert!(repo.path(odd(&path)).exists());
    assert!(!repo.path("docs/progress").exists());
    watching.settle("marker");
    assert_eq!(watching.taken("odd").len(), 1);
}

#[test]
fn a_bare_repository_has_nothing_to_watch() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("b.git");
    bare.tribunal(&["watch"]).code(2).says("is bare: there is no work tree to watch");
    bare.tribunal(&["daemon", "start"]).code(2).says("is bare");
    bare.tribunal(&["daemon", "status"]).ok().says("not running");
}

#[test]
fn what_a_newer_program_knows_is_not_written_over() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write(".git/tribunal/specs.json", r#"{"version":2,"more":[]}"#);
    repo.tribunal(&["watch"]).code(2).says("was written by a newer tribunal");
    repo.tribunal(&["daemon", "start"])
        .code(2)
        .says("this repository is not watched")
        .says("newer tribunal");
    assert_eq!(repo.read(".git/tribunal/specs.json"), r#"{"version":2,"more":[]}"#);
    // A damaged one is kept beside, and everything is taken in anew.
    repo.write(".git/tribunal/specs.json", "{");
    repo.write("docs/specs/a.md", spec("a", "One."));
    let watching = Watching::start(&repo);
    watching.wait_taken("a", 1);
    assert_eq!(watching.of("trouble").len(), 1);
    let kept = fs::read_dir(repo.path(".git/tribunal")).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("specs.damaged-")
    });
    assert_eq!(kept.count(), 1);
}

#[test]
fn a_commit_starts_the_daemon_where_that_is_wanted() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let background = Background(&repo);
    repo.tribunal(&["hooks", "install"]).ok();
    let commit = |name: &str, vars: &[(&str, &str)]| {
        repo.write(name, "text\n").git(&["add", name]).ok();
        let mut all = vec![("TRIBUNAL_NO_DAEMON", "")];
        all.extend(vars);
        repo.git_env(&["commit", "--quiet", "-m", "feat: go on"], &all).ok();
    };
    let specs = "docs/specs/README.md";
    repo.write(specs, "Specs.\n");
    commit("nobody-was-asked", &[]);
    assert!(!repo.path(".git/tribunal/daemon.lock").exists());
    repo.tribunal(&["trust", "watcher", "--yes"]).ok();
    commit("a", &[("CI", "1")]);
    commit("b", &[("TRIBUNAL_NO_DAEMON", "1")]);
    commit("c", &[("TRIBUNAL_WATCH_START", "manual")]);
    fs::remove_file(repo.path(specs)).unwrap();
    fs::remove_dir(repo.path("docs/specs")).unwrap();
    commit("nothing-to-do", &[]);
    repo.write(specs, "Specs.\n");
    assert!(!repo.path(".git/tribunal/daemon.lock").exists());
    // The harness waits for the end of git's streams: a daemon that kept them would hang here.
    commit("d", &[]);
    wait_for("the daemon", || background.is_running());
    let first = background.pid();
    commit("e", &[]);
    assert_eq!(background.pid(), first);
    repo.tribunal(&["daemon", "stop"]).ok().says("stopped");
}

#[test]
fn fifty_commits_in_five_work_trees_beside_the_watcher_are_all_told_once() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.tribunal(&["hooks", "install", "post-commit"]).ok();
    repo.commit_unjudged("chore: begin");
    let trees: Vec<Repo<'_>> = (0..5)
        .map(|number| {
            let dir = sandbox.path().join(format!("tree{number}"));
            let branch = format!("b{number}");
            repo.git(&["worktree", "add", "--quiet", "-b", &branch, dir.to_str().unwrap()]).ok();
            Repo { sandbox: &sandbox, dir }
        })
        .collect();
    drop(fs::remove_dir_all(repo.path(".git/tribunal/inbox")));
    let watching = Watching::start(&repo);
    std::thread::scope(|scope| {
        for (number, tree) in trees.iter().enumerate() {
            scope.spawn(move || {
                for count in 0..10 {
                    let id = format!("s{number}-{count}");
                    tree.write(format!("docs/specs/{id}.md"), spec(&id, "Be one of fifty."));
                    tree.git(&["add", "docs/specs"]).ok();
                    tree.git(&["commit", "--quiet", "-m", "feat: go on"]).ok();
                }
            });
        }
    });
    wait_for("every spec", || watching.of("spec").len() >= 50);
    wait_for("every commit", || watching.of("event").len() >= 50);
    watching.settle("marker");
    let told = |kind: &str, field: &dyn Fn(&Value) -> String| {
        let all: Vec<String> = watching.of(kind).iter().map(field).collect();
        (all.len(), all.into_iter().collect::<BTreeSet<String>>())
    };
    let (count, oids) = told("event", &|news| news["event"]["oid"].as_str().unwrap().to_owned());
    let made = repo.git(&["rev-list", "--branches=b*", "^main"]).ok();
    let made: BTreeSet<String> = made.stdout.lines().map(str::to_owned).collect();
    assert_eq!((count, oids), (50, made));
    let (count, ids) = told("spec", &|news| news["id"].as_str().unwrap().to_owned());
    assert_eq!((count, ids.len(), queued(&repo).len()), (51, 51, 51));
    let specs = serde_json::from_str(&repo.read(".git/tribunal/specs.json")).unwrap();
    for (number, tree) in trees.iter().enumerate() {
        let expected: BTreeSet<String> = (0..10).map(|c| format!("s{number}-{c}")).collect();
        assert_eq!(known_in(&specs, &tree.dir), expected);
    }
}

#[test]
fn what_commands_find_again_and_again_is_learned_in_the_background() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let lint = "grep -n -H 'let _ = ' src/*.rs | sed 's/:\\([0-9]*\\):.*/:\\1: warning: result unused/'; true";
    repo.write(
        "tribunal.toml",
        format!(
            "[gates]\ncommands = \"warn\"\n[[commands]]\nname = \"lint\"\nrun = '''{lint}'''\non = [\"pre-commit\"]\n\
             format = '^(?P<path>[^:]+):(?P<line>\\d+): (?P<severity>\\w+): (?P<message>.*)$'\n"
        ),
    );
    repo.write("src/lib.rs", "fn main() {}\n").commit_unjudged("begin");
    repo.tribunal(&["hooks", "install"]).ok();
    repo.tribunal(&["trust", "--yes"]).ok();
    let watching = Watching::start(&repo);
    for name in ["cache", "index", "journal"] {
        let text = format!("fn clean() {{\n    let _ = remove(\"{name}\");\n}}\n");
        repo.write(format!("src/{name}.rs"), text);
        repo.git(&["add", "."]).ok();
        repo.git(&["commit", "-q", "-m", name]).ok();
    }
    wait_for("the rule", || !watching.of("learned").is_empty());
    assert!(repo.git(&["status", "--porcelain"]).ok().out().contains(".ai/"));
}

/// A folder where the ledger's file should be: it can neither be read nor written.
fn block_ledger(repo: &Repo<'_>) -> PathBuf {
    let ledger = repo.path(".git/tribunal/ledger.db");
    drop(fs::remove_file(&ledger));
    fs::create_dir_all(&ledger).unwrap();
    ledger
}

/// A spec is written down once: its record and its place in the queue, and no database for it.
#[test]
fn a_spec_is_taken_in_without_a_ledger() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let watching = Watching::start(&repo);
    repo.write("docs/specs/a.md", spec("a", "It is built."));
    watching.wait_taken("a", 1);
    assert_eq!(queued(&repo).keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(known(&repo), names(["a"]));
    // What is in the way of a ledger is in the way of no spec.
    block_ledger(&repo);
    repo.write("docs/specs/b.md", spec("b", "It is built, too."));
    watching.wait_taken("b", 1);
    assert_eq!(watching.of("trouble"), [] as [Value; 0]);
    let ledgers: Vec<_> = fs::read_dir(repo.path(".git/tribunal"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("ledger."))
        .collect();
    assert_eq!(ledgers, ["ledger.db"], "the folder in its place alone");
}

#[test]
fn an_event_whose_learning_failed_is_handled_again_and_not_for_ever() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "1\n").commit_unjudged("feat: one");
    let ledger = block_ledger(&repo);
    let inbox = repo.path(".git/tribunal/inbox");
    let files = |folder: &str| {
        let entries = fs::read_dir(inbox.join(folder)).unwrap();
        entries.map(|e| e.unwrap().path()).filter(|path| path.is_file()).count()
    };
    // One that fails for long is kept meanwhile, and handled once it can be.
    {
        let watching = Watching::start_with(&repo, &[("TRIBUNAL_TEST_BACKOFF", "400")]);
        repo.tribunal(&["hook", "post-commit"]).ok();
        wait_for("the trouble", || !watching.of("trouble").is_empty());
        assert_eq!((files("claimed"), files("aside")), (1, 0));
        fs::remove_dir(&ledger).unwrap();
        wait_for("the event to be done", || files("claimed") + files("") == 0);
        assert_eq!(files("aside"), 0);
        assert_eq!(watching.of("event").len(), 1, "it is told once");
    }
    // One that fails for ever is set aside, which is said.
    block_ledger(&repo);
    let watching = Watching::start_with(&repo, &[("TRIBUNAL_TEST_BACKOFF", "1")]);
    repo.tribunal(&["hook", "post-commit"]).ok();
    wait_for("that to be said", || !watching.of("aside").is_empty());
    let said = watching.of("aside")[0]["reason"].as_str().unwrap().to_owned();
    assert!(said.contains("could not learn: "), "{said}");
    assert_eq!((files("claimed"), files("aside")), (0, 1));
}

/// While somebody learns the watcher takes specs in, and it ends at once, with the learner.
#[test]
fn the_watcher_waits_for_no_learner_and_takes_it_along_when_it_ends() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("repo");
    repo.write("a.rs", "let _ = x();\n").commit_unjudged("feat: a");
    let finding = ["--class", "error-handling/unchecked-result", "--at", "a.rs:1", "-m", "m"];
    repo.tribunal(&[&["findings", "add"][..], &finding].concat()).ok();
    // Whoever learns waits for this lock.
    let lock = File::options()
        .create(true)
        .append(true)
        .open(repo.path(".git/tribunal/constitution.lock"))
        .unwrap();
    lock.lock().unwrap();
    for name in ["INT", "TERM"] {
        let watching = Watching::start(&repo);
        repo.tribunal(&["hook", "post-commit"]).ok();
        wait_for("a process that learns", || !processes(&repo, ["daemon", "learn"]).is_empty());
        watching.settle(&format!("while-learning-{}", name.to_lowercase()));
        let asked = Instant::now();
        watching.end(name);
        assert!(asked.elapsed() < Duration::from_secs(2), "{name}: {:?}", asked.elapsed());
        wait_for("the learner to end", || processes(&repo, ["daemon", "learn"]).is_empty());
    }
    // What it had claimed is not lost: the next watcher learns from it.
    drop(lock);
    let watching = Watching::start(&repo);
    let left =
        |folder: &str| fs::read_dir(repo.path(".git/tribunal/inbox").join(folder)).unwrap().count();
    wait_for("the events to be done", || left("new") + left("claimed") == 0);
    watching.end("TERM");
}

#[test]
fn what_killed_writers_left_in_the_state_is_taken_away_once_it_is_old() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let state = repo.path(".git/tribunal");
    fs::create_dir_all(state.join(".tribunal-Fo1der")).unwrap();
    fs::write(state.join(".tribunal-Fo1der/index"), "").unwrap();
    fs::write(state.join(".tribunal-0ldOne"), "").unwrap();
    fs::write(state.join(".tribunal-NewOne"), "").unwrap();
    let then = std::time::SystemTime::now() - Duration::from_hours(2);
    for name in [".tribunal-0ldOne", ".tribunal-Fo1der"] {
        File::open(state.join(name)).unwrap().set_modified(then).unwrap();
    }
    let watching = Watching::start(&repo);
    watching.settle("marker");
    assert!(!state.join(".tribunal-0ldOne").exists() && !state.join(".tribunal-Fo1der").exists());
    assert!(state.join(".tribunal-NewOne").exists());
}
