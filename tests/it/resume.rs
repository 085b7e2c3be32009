//! A run that is killed, wherever it is, and gone on with: the same verdict, at most the call in
//! flight made again, and each call counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::brain::{LEFT_OUT, diligent};
use crate::harness::{Outcome, Repo, short, wait_for};
use crate::model_server::{Asked, Say, Words};
use crate::scene::{Beside, Scene, secret, unclosed};

/// With this in the environment every moment is tried, not a sample of them.
const ALL: &str = "TRIBUNAL_TEST_ALL";

/// Of so many save points one is tried.
const STEP: u64 = 7;

/// So many sandboxes are at work at once.
const AT_ONCE: usize = 4;

/// How often each call was made, by run and name.
fn calls(scene: &Scene) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for asked in scene.asked() {
        let env = asked.body["env"].as_str().unwrap();
        let folder = env.lines().find_map(|line| line.strip_prefix("TMPDIR=")).unwrap();
        let key = folder.split("/calls/").nth(1).unwrap().split('/').next().unwrap();
        *calls.entry(key.to_owned()).or_default() += 1;
    }
    calls
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Review,
    Fix,
    /// A review of a change in two chunks, each with the mistake, which are asked about side by side.
    Chunks,
}

impl Kind {
    fn repo(self, scene: &Scene) -> Repo<'_> {
        match self {
            Self::Review | Self::Fix => scene.repo(),
            Self::Chunks => scene.two_chunks(),
        }
    }

    /// How many calls are under way at once.
    fn at_once(self) -> usize {
        match self {
            Self::Review | Self::Fix => 1,
            Self::Chunks => 2,
        }
    }

    /// Settings of the command line.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Review | Self::Fix => &[],
            Self::Chunks => &SMALL,
        }
    }
}

/// So that `Scene::two_chunks` is reviewed in two chunks.
pub const SMALL: [&str; 2] = ["--set", "review.bytes=3 KiB"];

fn review(kind: Kind) -> Vec<&'static str> {
    let mut words = vec!["review", "--commit", "HEAD", "--format", "json"];
    words.extend((kind == Kind::Fix).then_some("--fix"));
    words.extend(kind.settings());
    words
}

/// What is left when all is over.
#[derive(Clone, Debug, PartialEq)]
struct Left {
    code: i32,
    verdict: Value,
    /// The tree that is offered.
    tree: String,
    /// The trees of the attempts.
    attempts: String,
    cost: Value,
    /// Rows of the ledger: findings, sightings, receipts.
    rows: Vec<u32>,
}

impl Left {
    fn of(repo: &Repo<'_>, outcome: &Outcome) -> Self {
        let json = outcome.json();
        let tree = match json["review"]["offer"]["branch"].as_str() {
            Some(branch) => repo.rev(&format!("{branch}^{{tree}}")),
            None => String::new(),
        };
        let run = json["review"]["run"].as_str().unwrap_or_else(|| panic!("no run in {outcome}"));
        let of_run = format!("refs/tribunal/{run}");
        let attempts = repo.git(&["for-each-ref", "--format=%(tree)", &of_run]);
        let cost = repo.tribunal(&["cost", "--format", "json"]).ok().json();
        let ledger = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
        let count = |table: &str| {
            let count = format!("SELECT COUNT(*) FROM {table}");
            ledger.query_row(&count, [], |row| row.get::<_, u32>(0)).unwrap()
        };
        Self {
            code: outcome.code,
            verdict: json["verdict"].clone(),
            tree,
            attempts: attempts.stdout,
            cost: cost["total"].clone(),
            rows: ["findings", "sightings", "receipts"].map(count).to_vec(),
        }
    }
}

/// A run that nothing stops.
#[derive(Debug)]
struct Whole {
    left: Left,
    calls: BTreeMap<String, usize>,
    took: Duration,
}

fn whole(kind: Kind) -> Whole {
    let scene = Scene::diligent();
    let repo = kind.repo(&scene);
    let began = Instant::now();
    let outcome = repo.tribunal(&review(kind));
    let took = began.elapsed();
    let left = Left::of(&repo, &outcome);
    let fix = kind == Kind::Fix;
    let (code, verdict) = if fix { (0, "pass") } else { (1, "block") };
    assert_eq!((left.code, &left.verdict), (code, &verdict.into()), "{outcome}");
    assert_eq!(left.cost["dollars"]["unknown"], 0, "{outcome}");
    let calls = calls(&scene);
    let expected: &[&str] = match kind {
        Kind::Fix => &["arbiter-0-F-1", "fix-1-0", "review-0-0-0", "review-1-0-0"],
        Kind::Review => &["arbiter-0-F-1", "review-0-0-0"],
        Kind::Chunks => &["arbiter-0-F-1", "arbiter-0-F-2", "review-0-0-0", "review-0-0-1"],
    };
    if kind != Kind::Chunks {
        assert_eq!(left.rows, [1, 1, u32::from(!fix)], "{outcome}");
    }
    assert_eq!(calls.keys().collect::<Vec<_>>(), expected);
    nothing_raw(&repo);
    Whole { left, calls, took }
}

/// The secret that the reviewer quoted stands in no file that the program keeps.
fn nothing_raw(repo: &Repo<'_>) {
    let secret = secret();
    let mut folders = vec![repo.path(".git/tribunal"), repo.sandbox.home()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                let raw = content.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!raw, "the secret stands in {}", path.display());
            }
        }
    }
}

/// The run that was begun, with the names of its calls that have a reply, and whether it is closed.
struct Begun {
    id: String,
    answered: BTreeSet<String>,
    closed: bool,
}

/// The only run of a repository, if there is one.
fn begun(repo: &Repo<'_>) -> Option<Begun> {
    let runs = repo.path(".git/tribunal/runs");
    let mut ids: Vec<String> = fs::read_dir(&runs)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|id| runs.join(id).join("run.json").exists())
        .collect();
    ids.sort();
    assert!(ids.len() < 2, "a second run was begun: {ids:?}");
    let id = ids.pop()?;
    let state: Value =
        serde_json::from_slice(&fs::read(runs.join(&id).join("run.json")).unwrap()).unwrap();
    let calls = fs::read_dir(runs.join(&id).join("calls")).into_iter().flatten();
    let calls = calls.map(|entry| entry.unwrap().path());
    let answered = calls
        .filter(|call| call.join("reply.json").exists())
        .map(|call| call.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let closed = state["machine"]["review"]["loop"]["stage"]["ended"].is_object();
    Some(Begun { id, answered, closed })
}

/// Goes on after a kill, by the same command or by `resume`, and holds the end against a run that
/// nothing stopped. How many calls were made again.
fn goes_on(
    scene: &Scene,
    repo: &Repo<'_>,
    base: &Whole,
    kind: Kind,
    resume: bool,
    at: &str,
) -> usize {
    let begun_before = begun(repo);
    wait_for("the agents to end", || scene.alive().is_empty());
    let again = match &begun_before {
        // Its end was said; the same command would be another review.
        Some(begun) if resume || kind == Kind::Fix && begun.closed => {
            let words = ["resume", &begun.id, "--format", "json"];
            repo.tribunal(&[&words[..], kind.settings()].concat())
        }
        _ => repo.tribunal(&review(kind)),
    };
    let left = Left::of(repo, &again);
    assert_eq!(left, base.left, "{at}: {again}");
    let calls = calls(scene);
    assert_eq!(calls.keys().collect::<Vec<_>>(), base.calls.keys().collect::<Vec<_>>(), "{at}");
    let made_again: Vec<&String> = calls
        .iter()
        .filter(|(key, count)| **count > base.calls[*key])
        .map(|(key, _)| key)
        .collect();
    assert!(made_again.len() <= kind.at_once(), "{at}: {calls:?}");
    assert!(calls.values().all(|count| *count <= 2), "{at}: {calls:?}");
    let answered = begun_before.map(|begun| begun.answered).unwrap_or_default();
    for key in &made_again {
        assert!(!answered.contains(*key), "{at}: `{key}` had its answer");
    }
    nothing_raw(repo);
    let cache = scene.sandbox.home().join(".cache/tribunal/trees");
    for folder in fs::read_dir(&cache).unwrap() {
        for entry in fs::read_dir(folder.unwrap().path()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with("ru") && !name.starts_with("room"), "{at}: {name} is left");
        }
    }
    let text = repo.tribunal(&["runs"]).ok();
    assert_eq!(text.stdout.lines().count(), 2, "{at}: a heading and the run: {text}");
    text.never_says("stopped");
    made_again.len()
}

fn is_wanted() -> bool {
    std::env::var_os(ALL).is_some()
}

/// Ends the program at save points, each in a sandbox of its own.
#[expect(clippy::print_stdout, reason = "how many kills were survived is worth reading")]
fn every_save(kind: Kind) {
    let base = Arc::new(whole(kind));
    let step = if is_wanted() { 1 } else { STEP };
    let next = Arc::new(AtomicU64::new(0));
    let last = Arc::new(AtomicU64::new(u64::MAX));
    let (kills, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let k = 1 + number * step;
                    if k > last.load(Ordering::SeqCst) {
                        return;
                    }
                    for resume in [false, true] {
                        if !is_wanted() && resume == number.is_multiple_of(2) {
                            continue;
                        }
                        let scene = Scene::diligent();
                        let repo = kind.repo(&scene);
                        let outcome = repo.until_save(&review(kind), k);
                        if outcome.code != -1 {
                            assert_eq!(outcome.code, base.left.code, "{outcome}");
                            last.fetch_min(k, Ordering::SeqCst);
                            return;
                        }
                        let at = format!("save {k}, resume {resume}");
                        let made = goes_on(&scene, &repo, &base, kind, resume, &at);
                        again.fetch_add(made, Ordering::SeqCst);
                        kills.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    println!(
        "{kind:?}: {} kills before save {}, {} calls made again",
        kills.load(Ordering::SeqCst),
        last.load(Ordering::SeqCst),
        again.load(Ordering::SeqCst)
    );
    assert!(kills.load(Ordering::SeqCst) > 1);
}

#[test]
fn a_review_survives_a_kill_at_a_save() {
    every_save(Kind::Review);
}

#[test]
fn a_fix_survives_a_kill_at_a_save() {
    every_save(Kind::Fix);
}

#[test]
fn calls_side_by_side_survive_a_kill_at_a_save() {
    every_save(Kind::Chunks);
}

/// Told to stop by Ctrl-C while no program of it runs, it says how to go on, as it does at any other moment.
#[test]
fn a_signal_between_two_programs_stops_a_run_that_goes_on() {
    let base = whole(Kind::Fix);
    let step = if is_wanted() { 1 } else { 2 * STEP + 1 };
    let mut stopped = 0;
    for k in (1..).step_by(step.try_into().unwrap()) {
        let scene = Scene::diligent();
        let repo = scene.repo();
        let vars = [("TRIBUNAL_TEST_INTERRUPT_AT_SAVE", &*k.to_string())];
        let outcome = repo.tribunal_with(&review(Kind::Fix), &vars, b"");
        match outcome.code {
            130 => {
                outcome.says("resume it with `tribunal resume");
                stopped += 1;
            }
            // Before the run there is nothing that has to be ended first.
            -1 => assert!(begun(&repo).is_none_or(|begun| begun.answered.is_empty()), "{outcome}"),
            // It came after the last step, or before the run where the shell has it ignored, as of what it starts in the
            // background.
            code => {
                assert_eq!(code, base.left.code, "{outcome}");
                assert!(stopped > 0 || k < 200, "no signal stops it");
                if stopped > 0 {
                    break;
                }
            }
        }
        goes_on(&scene, &repo, &base, Kind::Fix, true, &format!("save {k}"));
    }
    assert!(stopped > 2, "{stopped}");
}

/// Killed again and again, each time a little further on, it comes to the same end.
#[test]
fn a_run_survives_many_kills() {
    let base = whole(Kind::Fix);
    let mut ended = 0;
    for k in (16..).step_by(5) {
        let scene = Scene::diligent();
        let repo = scene.repo();
        let mut kills = 0;
        let outcome = loop {
            let before = begun(&repo).map(|begun| begun.answered).unwrap_or_default();
            let outcome = repo.until_save(&review(Kind::Fix), k);
            let after = begun(&repo).map(|begun| begun.answered).unwrap_or_default();
            assert!(after.is_superset(&before), "{before:?}, {after:?}");
            if outcome.code != -1 {
                break outcome;
            }
            kills += 1;
            assert!(kills < 20, "no end is in sight: {outcome}");
            if begun(&repo).is_some_and(|begun| begun.closed) {
                break outcome;
            }
        };
        // The very last kill left nothing to go on with: asked again, it would be a new run.
        if outcome.code == -1 {
            continue;
        }
        assert!(kills > 2, "{kills} kills at save {k}");
        assert_eq!(Left::of(&repo, &outcome), base.left, "{outcome}");
        let calls = calls(&scene);
        assert!(calls.values().sum::<usize>() <= base.calls.len() + kills, "{calls:?}");
        nothing_raw(&repo);
        ended += 1;
        if ended == 2 {
            break;
        }
    }
}

/// What may happen to the executor's tree while a run is stopped right after its answer.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    /// A git that was killed as well.
    Locked,
    /// Somebody needed the space.
    Emptied,
}

/// Stopped between the executor's answer and its commit, the work is neither lost nor done twice.
#[test]
fn what_the_executor_wrote_is_not_lost() {
    let base = whole(Kind::Fix);
    let brain = || {
        let brain = diligent(&[LEFT_OUT]);
        move |asked: &Asked| match brain(asked) {
            // It does its work and says nothing.
            Say::Words(words) if words.json.is_none() => {
                Say::Words(Words { text: Some(String::new()), ..words })
            }
            other => other,
        }
    };
    let mut k = 40;
    let stopped_at = loop {
        let scene = Scene::new("", brain());
        let repo = scene.repo();
        repo.until_save(&review(Kind::Fix), k).code(-1);
        let answered = begun(&repo).is_some_and(|begun| begun.answered.contains("fix-1-0"));
        let attempts = repo.git(&["for-each-ref", "refs/tribunal"]).stdout;
        if answered && attempts.is_empty() {
            break k;
        }
        assert!(attempts.is_empty(), "no save between the answer and the commit");
        k += 1;
    };
    for (meanwhile, again) in
        [(Meanwhile::Nothing, 0), (Meanwhile::Locked, 0), (Meanwhile::Emptied, 1)]
    {
        let scene = Scene::new("", brain());
        let repo = scene.repo();
        repo.until_save(&review(Kind::Fix), stopped_at).code(-1);
        let trees = scene.sandbox.home().join(".cache/tribunal/trees");
        let own = fs::read_dir(&trees).unwrap().next().unwrap().unwrap().path();
        let tree = own.join(format!("run-{}", begun(&repo).unwrap().id));
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Locked => fs::write(tree.join("index.lock"), "").unwrap(),
            Meanwhile::Emptied => fs::remove_dir_all(&trees).unwrap(),
        }
        let outcome = repo.tribunal(&review(Kind::Fix));
        let left = Left::of(&repo, &outcome);
        assert_eq!(left, base.left, "{meanwhile:?}: {outcome}");
        assert_eq!(calls(&scene)["fix-1-0"], 1 + again, "{meanwhile:?}: {outcome}");
    }
}

/// A draw of its own, the same each time.
pub fn drawn(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[test]
fn a_run_survives_a_kill_at_any_moment() {
    let base = whole(Kind::Fix);
    let mut seed = 0x7b1b_0a11_u64;
    let count = if is_wanted() { 30 } else { 8 };
    let longest = u64::try_from(base.took.as_millis()).unwrap();
    let moments: Vec<u64> = (0..count).map(|_| drawn(&mut seed) % longest).collect();
    let left = Mutex::new(moments);
    let again = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(moment) = { left.lock().unwrap().pop() } {
                    let scene = Scene::diligent();
                    let repo = scene.repo();
                    let mut run = Beside::start(&repo, &review(Kind::Fix), "killed");
                    thread::park_timeout(Duration::from_millis(moment));
                    run.child.kill().unwrap();
                    let ended = run.child.wait().unwrap();
                    let at = format!("after {moment} ms ({ended})");
                    let made =
                        goes_on(&scene, &repo, &base, Kind::Fix, moment.is_multiple_of(2), &at);
                    again.fetch_add(made, Ordering::SeqCst);
                }
            });
        }
    });
    println!("{count} kills within {longest} ms, {again:?} calls made again");
}

/// Hangs at the first question of that part, and is diligent from then on.
fn hangs_once(wanted: &'static str) -> impl Fn(&Asked) -> Say + Send + Sync + 'static {
    let (brain, hung) = (diligent(&[LEFT_OUT]), AtomicUsize::new(0));
    move |asked| {
        if asked.prompt.contains(wanted) && hung.fetch_add(1, Ordering::SeqCst) == 0 {
            return Say::Hang;
        }
        brain(asked)
    }
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let base = whole(Kind::Fix);
    for (signal, part) in [
        (Signal::INT, "You review one change to a software repository."),
        (Signal::TERM, "You weigh one claim about a change"),
        (Signal::INT, "You repair code in the folder that you are in."),
        (Signal::KILL, "You repair code in the folder that you are in."),
    ] {
        let scene = Scene::new("", hangs_once(part));
        let repo = scene.repo();
        let mut run = Beside::start(&repo, &review(Kind::Fix), "stopped");
        wait_for("the call that hangs", || {
            scene.asked().iter().any(|asked| asked.prompt.contains(part))
        });
        assert_eq!(scene.alive().len(), 1);
        let id = begun(&repo).unwrap().id;
        repo.tribunal(&["resume", &id])
            .code(2)
            .says("another process works on the run")
            .says("wait for it");
        // The same question waits for its answer, for as long as it may.
        let asks = [&review(Kind::Fix)[..], &["--set", "agents.wait=1s"]].concat();
        repo.tribunal(&asks).code(2).says("reviews this already");
        repo.tribunal(&["runs"]).ok().never_says("stopped").never_says("resume");
        kill_process(Pid::from_child(&run.child), signal).unwrap();
        let ended = run.child.wait().unwrap();
        if signal == Signal::KILL {
            assert_eq!(ended.signal(), Some(9));
            wait_for("the agents to end", || scene.alive().is_empty());
        } else {
            assert_eq!(ended.code(), Some(130));
            assert!(scene.alive().is_empty());
            let said = run.said();
            let hint = format!("resume it with `tribunal resume {}`", short(&id));
            assert!(said.contains(&hint), "{said}");
        }
        repo.tribunal(&["resume", &id, "--set", "agents.reviewer.use=claude"])
            .code(2)
            .says("the settings or this program changed since")
            .says("change them back");
        let hint = format!("`tribunal resume {}`", short(&id));
        repo.tribunal(&["runs"]).ok().says("stopped while").says(&hint);
        goes_on(&scene, &repo, &base, Kind::Fix, signal == Signal::INT, part);
    }
}

/// A scene whose first question meets a limit until that second, and when its questions came.
fn limited(reset: i64) -> (Scene, Arc<Mutex<Vec<i64>>>) {
    let (brain, asked) = (diligent(&[LEFT_OUT]), Arc::new(Mutex::new(Vec::new())));
    let times = Arc::clone(&asked);
    // No failure is tried again; a limit is none.
    let settings = "[agents]\nretries = 0\nreviewer.use = \"claude\"\narbiter.use = \"claude\"\n\
        executor.use = \"codex\"\n";
    let scene = Scene::new(settings, move |asked: &Asked| {
        let mut times = times.lock().unwrap();
        times.push(now());
        if times.len() == 1 { Say::limited_until(reset, 12) } else { brain(asked) }
    });
    (scene, asked)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The limit was waited for, and the review made without another failure.
fn waited(repo: &Repo<'_>, asked: &Mutex<Vec<i64>>, reset: i64) {
    assert!(now() < reset, "too slow to show anything");
    let outcome = repo.tribunal(&review(Kind::Review)).code(1).says("waiting until");
    assert_eq!(outcome.json()["verdict"], "block", "{outcome}");
    let times = asked.lock().unwrap().clone();
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times[1] >= reset, "{times:?} and {reset}");
}

#[test]
fn a_rate_limit_is_waited_for_across_a_kill() {
    thread::scope(|scope| {
        for signal in [Signal::KILL, Signal::INT] {
            scope.spawn(move || {
                let reset = now() + 15;
                let (scene, asked) = limited(reset);
                let repo = scene.repo();
                let mut run = Beside::start(&repo, &review(Kind::Review), "waits");
                let waits = "is at its rate limit: waiting until";
                wait_for("the wait", || run.said().contains(waits));
                kill_process(Pid::from_child(&run.child), signal).unwrap();
                let ended = run.child.wait().unwrap();
                if signal == Signal::INT {
                    assert_eq!(ended.code(), Some(130));
                    let said = run.said();
                    assert!(said.contains("resume it with `tribunal resume"), "{said}");
                }
                waited(&repo, &asked, reset);
            });
        }
    });
}

/// The kill comes when the answer is kept and the wait is not.
#[test]
fn a_rate_limit_that_was_only_just_met_is_waited_for() {
    for k in 10.. {
        let reset = now() + 15;
        let (scene, asked) = limited(reset);
        let repo = scene.repo();
        repo.until_save(&review(Kind::Review), k).code(-1);
        let ledger = rusqlite::Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap();
        let waits = "SELECT COUNT(*) FROM waits";
        let waits = ledger.query_row(waits, [], |row| row.get::<_, u32>(0)).unwrap_or_default();
        assert_eq!(waits, 0, "no save between the two");
        if begun(&repo).is_some_and(|begun| !begun.answered.is_empty()) {
            return waited(&repo, &asked, reset);
        }
    }
}

#[test]
fn a_run_that_is_not_there_leaves_nothing() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    for id in ["nonsense", "../../outside", "", "01JZZZZZZZZZZZZZZZZZZZZZZZ"] {
        repo.tribunal(&["resume", id]).code(2).says("there is no run").says("lists them");
    }
    assert!(!repo.path(".git/tribunal/runs").exists());
    assert!(!repo.path("outside").exists() && !repo.path(".git/outside").exists());
}

#[test]
fn old_runs_are_put_away() {
    let scene = Scene::diligent();
    let repo = scene.repo();
    repo.tribunal(&review(Kind::Review)).code(1);
    let first = begun(&repo).unwrap();
    assert!(first.closed);
    let runs = repo.path(".git/tribunal/runs");
    let state = fs::read_to_string(runs.join(&first.id).join("run.json")).unwrap();
    let now = ulid::Ulid::from_string(&first.id).unwrap().timestamp_ms();
    let day = 24 * 60 * 60 * 1000;
    // As old as so many days.
    let put = |days: u64, number: u64, closed: bool| {
        let id = ulid::Ulid::from_parts(now - days * day - number, 0).to_string();
        let state = state.replace(&first.id, &id);
        let state = if closed { state } else { unclosed(&state) };
        fs::create_dir_all(runs.join(&id)).unwrap();
        fs::write(runs.join(&id).join("run.json"), state).unwrap();
        id
    };
    let closed: Vec<String> = (1..=120).map(|number| put(1, number, true)).collect();
    let unended: Vec<String> = (1..=5).map(|number| put(13, number, false)).collect();
    let given_up: Vec<String> = (1..=5).map(|number| put(15, number, false)).collect();
    let cache = scene.sandbox.home().join(".cache/tribunal/trees");
    let trees = fs::read_dir(cache).unwrap().next().unwrap().unwrap().path();
    let folders = |id: &str| [trees.join(format!("room-{id}")), trees.join(format!("run-{id}"))];
    let gone = "01AAAAAAAAAAAAAAAAAAAAAAAA";
    for id in [&closed[0], &unended[0], gone] {
        for folder in folders(id) {
            fs::create_dir_all(folder.join("work")).unwrap();
        }
    }
    // Two runs whose folders are gone already, and a ref that is not ours.
    let orphan = |days: u64| ulid::Ulid::from_parts(now - days * day, 1).to_string();
    let (old, young) = (orphan(15), orphan(13));
    let attempts = [&closed[0], &closed[110], &unended[0], &given_up[0], &old, &young];
    for id in attempts {
        for name in ["0", "1", "1-unfinished"] {
            repo.git(&["update-ref", &format!("refs/tribunal/{id}/{name}"), "HEAD"]).ok();
        }
    }
    repo.git(&["update-ref", "refs/tribunal/notes/1", "HEAD"]).ok();
    let id = repo.tribunal(&[&review(Kind::Review)[..], &["--fresh"]].concat()).code(1).json();
    let id = id["review"]["run"].as_str().unwrap().to_owned();
    assert_ne!(id, first.id);
    let there = |id: &String| runs.join(id).exists();
    // The hundred newest: the first review's and 99 of those a day old; and the new one.
    assert_eq!(closed.iter().filter(|id| there(id)).count(), 99);
    assert!(there(&closed[98]) && !there(&closed[99]) && there(&id) && there(&first.id));
    assert!(unended.iter().all(there) && !given_up.iter().any(there));
    let refs = |id: &str| {
        repo.git(&["for-each-ref", &format!("refs/tribunal/{id}/")]).stdout.lines().count()
    };
    assert_eq!(attempts.map(|id| refs(id)), [3, 0, 3, 0, 0, 3]);
    assert_eq!(refs("notes"), 1);
    let is_there = |id: &str| folders(id).map(|folder| folder.exists());
    assert_eq!(is_there(&closed[0]), [false, false]);
    assert_eq!(is_there(gone), [false, false]);
    // A stopped run's tree may hold what an executor wrote.
    assert_eq!(is_there(&unended[0]), [false, true]);
}
