//! `tribunal findings`, and the ledger behind it under every misfortune.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, cases, run};
use crate::needs::{Need, skip};
use crate::scene::secret;

const CLASS: &str = "error-handling/unchecked-result";

fn repo_with_file(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("src/a.rs", "fn a() {\n    let _ = fs::remove_file(p);\n    b();\n}\n");
    repo.commit_unjudged("first");
    repo
}

fn add(repo: &Repo, at: &str, message: &str) -> Outcome {
    repo.tribunal(&["findings", "add", "--class", CLASS, "--at", at, "--message", message])
}

/// Every finding, whatever was decided.
fn all(repo: &Repo) -> Vec<Value> {
    let out = repo.tribunal(&["findings", "list", "--status", "all", "--format", "json"]).ok();
    out.json()["findings"].as_array().unwrap().clone()
}

fn messages(repo: &Repo) -> Vec<String> {
    let mut found: Vec<_> =
        all(repo).iter().map(|f| f["message"].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

fn first_word(outcome: &Outcome) -> String {
    outcome.out().split(' ').next().unwrap().to_owned()
}

fn database(repo: &Repo) -> PathBuf {
    repo.path(".git/tribunal/ledger.db")
}

fn is_sound(repo: &Repo) -> bool {
    let connection = Connection::open(database(repo)).unwrap();
    let answer: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    answer == "ok"
}

fn marker_line() -> String {
    format!("{} HEAD\n", "<".repeat(7))
}

#[test]
fn a_remark_is_kept_shown_and_decided() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    let added = add(&repo, "src/a.rs:2", "the result is ignored").ok();
    let id = first_word(&added);
    assert_eq!(id.len(), 6);
    let whole = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    assert!(whole.len() == 26 && whole.ends_with(&id));
    added.says("src/a.rs:2: let _ = fs::remove_file(p);");
    repo.tribunal(&["findings"]).ok().says(&id).says("the result is ignored").says(CLASS);
    repo.tribunal(&["findings", "dismiss", &id, "--reason", "a temporary file"])
        .ok()
        .says("dismissed: the result is ignored");
    repo.tribunal(&["findings"]).ok().says("no open findings");
    repo.tribunal(&["findings", "show", &id])
        .ok()
        .says("dismissed by A Person <person@example.invalid>: a temporary file")
        .says("seen in commit")
        .says(&whole)
        .says("on main");
    let vars = [("TRIBUNAL_ACTOR", "ci")];
    let accept = ["findings", "accept", &whole[..24], "--reason", "known", "--until", "2126-01-01"];
    repo.tribunal_with(&accept, &vars, b"").ok();
    let show = ["findings", "show", &id, "--format", "json"];
    let shown = repo.tribunal(&show).ok().json();
    assert_eq!(shown["finding"]["status"], "accepted");
    assert_eq!(shown["finding"]["dispositions"][1]["actor"], "ci");
    assert_eq!(shown["finding"]["dispositions"][1]["until"], "2126-01-02T00:00:00Z");
    let later = [("TRIBUNAL_TEST_NOW", "2126-01-02T00:00:00Z")];
    repo.tribunal_with(&["findings", "show", &id], &later, b"").ok().says("(over)").says("open");
    repo.tribunal(&["findings", "reopen", &id, "--reason", "not so"]).ok();
    assert_eq!(all(&repo)[0]["status"], "open");
}

#[test]
fn wrong_use_is_named() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.tribunal(&["findings"]).ok().says("no open findings");
    assert!(!database(&repo).exists(), "looking makes no ledger");
    add(&repo, "src/a.rs:9", "m").code(2).says("`src/a.rs` has no line 9");
    add(&repo, "src/b.rs:1", "m").code(2).says("neither in the last commit nor in the index");
    add(&repo, "src/a.rs", "m")
        .code(2)
        .says("`src/a.rs` is not a path with a line")
        .says("--at src/main.rs:12");
    add(&repo, "src/a.rs:0", "m").code(2).says("is not a path with a line");
    add(&repo, "src/a.rs:1", " ").code(2).says("needs a message");
    let class = |class| ["findings", "add", "--class", class, "--at", "src/a.rs:1", "-m", "m"];
    repo.tribunal(&class("error-handling/unchecked-reslt"))
        .code(2)
        .says("unknown class")
        .says("hint: did you mean `error-handling/unchecked-result`?");
    repo.tribunal(&class("other/Odd Thing")).ok();
    add(&repo, "src/a.rs:1", "one").ok();
    let id = first_word(&add(&repo, "src/a.rs:1", "three").ok());
    repo.tribunal(&["findings", "dismiss", &id]).code(2).says("--reason");
    repo.tribunal(&["findings", "dismiss", &id, "--reason", " "]).code(2).says("needs a reason");
    repo.tribunal(&["findings", "show", "01"]).code(2).says("no finding `01` in the ledger");
    repo.tribunal(&["findings", "show", "ZZZZZZ"]).code(2).says("hint: `tribunal findings list");
    let whole = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "show", &whole[..4]])
        .code(2)
        .says("could be 3 findings: ")
        .says("hint: give more of the id");
    let over = ["findings", "accept", &id, "--reason", "r", "--until", "2020-01-01"];
    repo.tribunal(&over).code(2).says("`2020-01-01` is in the past");
    repo.tribunal(&["findings", "list", "--status", "shut"]).code(2).says("unknown status");
    repo.tribunal(&["findings", "list", "--gate", "gate"]).code(2).says("unknown gate");
    repo.tribunal(&["findings", "list", "--since", "soon"]).code(2).says("is not a time");
    assert_eq!(messages(&repo), ["m", "one", "three"]);
    repo.tribunal(&["findings", "list", "--class", "other/odd-thing"]).ok().says("m");
}

#[test]
fn remarks_are_filtered() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.write("b/c", "x\n").write("bc", "x\n").commit_unjudged("second");
    let old = [("TRIBUNAL_TEST_NOW", "2026-01-01T00:00:00Z")];
    let add_old = ["findings", "add", "--class", "testing/flaky", "--at", "b/c:1", "-m", "old"];
    repo.tribunal_with(&add_old, &old, b"").ok();
    add(&repo, "bc:1", "new").ok();
    let count = |arguments: &[&str]| {
        let mut words = vec!["findings", "list", "--format", "json"];
        words.extend(arguments);
        let now = [("TRIBUNAL_TEST_NOW", "2026-03-01T00:00:00Z")];
        repo.tribunal_with(&words, &now, b"").ok().json()["total"].as_u64().unwrap()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--path", "b"]), 1);
    assert_eq!(count(&["--path", "bc"]), 1);
    assert_eq!(count(&["--path", "."]), 2);
    assert_eq!(count(&["--class", "testing/flaky"]), 1);
    assert_eq!(count(&["--gate", "secrets"]), 0);
    assert_eq!(count(&["--since", "30d"]), 1);
    assert_eq!(count(&["--since", "2026-01-01"]), 2);
    assert_eq!(count(&["--limit", "1"]), 2, "the total is told without the limit");
}

#[test]
fn a_remark_can_stand_before_the_first_commit_and_below_a_folder() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("d/e", "one\ntwo\n").git(&["add", "."]).ok();
    let inner = Repo { sandbox: &sandbox, dir: repo.path("d") };
    add(&inner, "e:2", "m").ok().says("d/e:2: two");
    let elsewhere = Repo { sandbox: &sandbox, dir: sandbox.home() };
    let dir = repo.dir.to_str().unwrap();
    let add = |at: &str| {
        let words = ["--repo", dir, "findings", "add", "--class", CLASS, "--at", at, "-m", "n"];
        elsewhere.tribunal(&words)
    };
    add("../r/d/e:1").ok().says("d/e:1: one");
    add("d/e:1").code(2).says("`d/e` is outside the repository");
    assert_eq!(messages(&repo), ["m", "n"]);
    let list = |repo: &Repo, path: &str| {
        let listed = repo.tribunal(&["findings", "list", "--path", path, "--format", "json"]);
        listed.ok().json()["findings"].as_array().unwrap().len()
    };
    for path in ["d", "./d", "d/../d/e", "."] {
        assert_eq!(list(&repo, path), 2, "{path}");
    }
    for path in ["e", "./e", ".", "..", "../d"] {
        assert_eq!(list(&inner, path), 2, "{path}");
    }
    assert_eq!(list(&repo, "e"), 0);
    repo.tribunal(&["findings", "list", "--path", ".."]).code(2).says("is outside the repository");
}

#[test]
fn a_line_that_shows_a_secret_is_not_kept() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let secret = ["hunter", "2", "hunter"].concat();
    repo.write("c", format!("password = {secret}\n")).commit_unjudged("first");
    let class = "security/exposed-secret";
    repo.tribunal(&["findings", "add", "--class", class, "--at", "c:1", "-m", "a password"]).ok();
    repo.tribunal(&["findings"]).ok().says("a password").never_says(&secret);
    for entry in fs::read_dir(repo.path(".git/tribunal")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[test]
fn an_answer_lets_pass_what_it_answered_and_nothing_else() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", format!("one\n{}", marker_line())).git(&["add", "a"]).ok();
    let id = {
        let json = repo.tribunal(&["check", "--format", "json"]).code(1).json();
        json["findings"][0]["id"].as_str().unwrap().to_owned()
    };
    repo.tribunal(&["check"]).code(1);
    assert_eq!(all(&repo)[0]["times"], 1, "asked twice by hand, kept once");
    let dismiss = ["findings", "dismiss", &id, "--reason", "a sample", "--until", "2126-01-01"];
    repo.tribunal(&dismiss).ok();
    repo.tribunal(&["check"]).code(0).never_says("conflict");
    let json = repo.tribunal(&["check", "--format", "json"]).code(0).json();
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["findings"][0]["status"], "dismissed");
    let later = [("TRIBUNAL_TEST_NOW", "2126-01-02T00:00:00Z")];
    repo.tribunal_with(&["check"], &later, b"").code(1);
    // Another marker of the same text in the same file is another finding.
    repo.write("a", format!("one\n{}two\n{}", marker_line(), marker_line()));
    repo.git(&["add", "a"]).ok();
    repo.tribunal(&["check"]).code(1);
    // So is the same text in another file.
    repo.write("a", "").write("b", format!("one\n{}", marker_line())).git(&["add", "."]).ok();
    repo.tribunal(&["check"]).code(1).says("b:2");
    assert!(all(&repo).iter().any(|f| f["id"] == id.as_str() && f["status"] == "dismissed"));
}

#[test]
fn an_answer_follows_its_line_and_stays_with_its_secret() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    // Made here: no secret stands in the tests' text.
    let token = |seed: u64| {
        let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        let mut state = seed;
        let mut body = String::new();
        for _ in 0..24 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
            body.push(char::from(letters[usize::try_from(state >> 33).unwrap() % letters.len()]));
        }
        ["xox", "b-", "283746501928-", "3847561029384-", &body].concat()
    };
    let text = |top: &str, token: &str| {
        format!("{top}fn a() {{\n    one();\n    call(); // {token}\n    two();\n}}\n")
    };
    let judge = |content: String| {
        repo.write("a.rs", content).git(&["add", "."]).ok();
        let outcome = repo.tribunal(&["check", "--format", "json"]);
        let json = outcome.json();
        let findings = json["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["gate"] == "secrets").unwrap();
        (outcome.code, found["status"].as_str().unwrap().to_owned())
    };
    let is = |code, status: &str| (code, status.to_owned());
    assert_eq!(judge(text("", &token(1))), is(1, "open"));
    let id = all(&repo)[0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "dismiss", &id, "--reason", "a sample"]).ok();
    assert_eq!(judge(text("", &token(1))), is(0, "dismissed"));
    assert_eq!(judge(text("mod b;\n\n", &token(1))), is(0, "dismissed"), "the line moved down");
    assert_eq!(judge(text("mod b;\n\n", &token(2))), is(1, "open"), "another secret there");
}

#[test]
fn a_clean_change_opens_no_ledger() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "one\n").git(&["add", "a"]).ok();
    repo.tribunal(&["hook", "pre-commit"]).ok();
    repo.tribunal(&["check"]).ok();
    assert!(!repo.path(".git/tribunal/ledger.db").exists());
}

#[test]
fn twenty_first_opens_at_once() {
    for round in 0..cases(3, 10) {
        let sandbox = Sandbox::new();
        let repo = repo_with_file(&sandbox);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let spawn = |n| {
                let repo = &repo;
                scope.spawn(move || add(repo, "src/a.rs:2", &format!("remark {n}")))
            };
            let threads: Vec<_> = (0..20).map(spawn).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let ids: BTreeSet<String> =
            outcomes.into_iter().map(|outcome| first_word(&outcome.ok())).collect();
        assert_eq!(ids.len(), 20, "round {round}");
        assert_eq!(all(&repo).len(), 20, "round {round}");
        assert!(is_sound(&repo));
    }
}

#[test]
fn eight_writers_in_linked_work_trees_lose_and_double_nothing() {
    const WRITERS: usize = 8;
    let records = cases(15, 50);
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    let trees: Vec<Repo> = (0..WRITERS)
        .map(|n| {
            let dir = sandbox.path().join(format!("w{n}"));
            let branch = format!("b{n}");
            repo.git(&["worktree", "add", "-q", "-b", &branch, dir.to_str().unwrap()]).ok();
            Repo { sandbox: &sandbox, dir }
        })
        .collect();
    std::thread::scope(|scope| {
        for (n, tree) in trees.iter().enumerate() {
            scope.spawn(move || {
                for k in 0..records {
                    // Every fifth is the same for all writers.
                    let (at, message) = match k % 5 {
                        0 => ("src/a.rs:3", format!("shared {k}")),
                        _ => ("src/a.rs:2", format!("own {n} {k}")),
                    };
                    add(tree, at, &message).ok();
                }
            });
        }
    });
    let found = all(&repo);
    let shared = records / 5;
    assert_eq!(found.len(), WRITERS * (records - shared) + shared);
    for finding in &found {
        let is_shared = finding["message"].as_str().unwrap().starts_with("shared");
        assert_eq!(finding["times"], if is_shared { WRITERS } else { 1 }, "{finding}");
    }
    let total: u64 = found.iter().map(|finding| finding["times"].as_u64().unwrap()).sum();
    assert_eq!(total, (WRITERS * records) as u64);
    assert!(is_sound(&repo));
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_acknowledged() {
    let rounds = cases(50, 120);
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    let mut life = {
        let started = Instant::now();
        add(&repo, "src/a.rs:2", "first").ok();
        started.elapsed()
    };
    let mut acknowledged = vec!["first".to_owned()];
    let (mut killed, mut done) = (0_u32, 0_u32);
    for round in 0..rounds {
        let message = format!("remark {round:03}");
        let mut command = sandbox.command(TRIBUNAL, &repo.dir);
        command.args(["findings", "add", "--class", CLASS, "--at", "src/a.rs:2", "-m", &message]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Every other moment is anywhere in the program's life; the rest stay about its end, however
        // slow the machine is.
        let part = if round % 2 == 0 { 10 } else { round % 10 };
        let until = Instant::now() + life * part / 10;
        while Instant::now() < until {
            std::thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
        drop(child.kill());
        let output = child.wait_with_output().unwrap();
        killed += u32::from(output.status.signal() == Some(9));
        // What was printed was acknowledged, whether or not the program could end in peace.
        let is_told = String::from_utf8_lossy(&output.stdout).contains("src/a.rs:2");
        if part == 10 {
            life = if is_told { life * 9 / 10 } else { life * 6 / 5 };
        }
        if is_told {
            acknowledged.push(message);
            done += 1;
        }
    }
    let is_fair = killed > rounds / 6 && done > rounds / 24;
    assert!(is_fair, "{killed} killed, {done} done: the moments are badly chosen");
    let found = messages(&repo);
    for message in &acknowledged {
        assert!(found.contains(message), "{message} was acknowledged and is lost");
    }
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "something is doubled");
    assert!(is_sound(&repo));
}

/// Runs a command with a crash at the first, second, … save point until it comes to its end;
/// `check` looks at what every crash left behind. Returns the number of crashes.
fn crash_everywhere(
    end: i32,
    prepare: impl Fn(&Sandbox) -> (PathBuf, Vec<String>),
    check: impl Fn(&Repo, &[String]),
) -> usize {
    for k in 1..200 {
        let sandbox = Sandbox::new();
        let (dir, words) = prepare(&sandbox);
        let repo = Repo { sandbox: &sandbox, dir };
        let outcome = repo.until_save(&words, k);
        if outcome.code == -1 {
            check(&repo, &words);
            assert!(is_sound(&repo));
            continue;
        }
        assert_eq!(outcome.code, end, "{outcome}");
        return k - 1;
    }
    panic!("there is no end of save points");
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn a_crash_at_any_save_point_of_a_record_leaves_all_or_nothing() {
    let prepare = |sandbox: &Sandbox| {
        let repo = repo_with_file(sandbox);
        let line = format!("one\n{}\n{}", marker_line(), marker_line());
        repo.write("m", line).git(&["add", "."]).ok();
        (repo.dir, words(&["hook", "pre-commit"]))
    };
    let crashes = crash_everywhere(1, prepare, |repo, words| {
        let before = all(repo).len();
        assert!(before == 0 || before == 2, "half a record: {before}");
        repo.tribunal(words).code(1);
        let found = all(repo);
        assert_eq!(found.len(), 2, "doubled or lost");
        let times = if before == 0 { 1 } else { 2 };
        assert!(found.iter().all(|finding| finding["times"] == times));
    });
    assert!(crashes >= 7, "{crashes}");
}

#[test]
fn a_crash_at_any_save_point_of_a_decision_leaves_all_or_nothing() {
    let prepare = |sandbox: &Sandbox| {
        let repo = repo_with_file(sandbox);
        let id = first_word(&add(&repo, "src/a.rs:2", "m").ok());
        (repo.dir, words(&["findings", "dismiss", &id, "--reason", "r"]))
    };
    let crashes = crash_everywhere(0, prepare, |repo, words| {
        let before = all(repo)[0]["status"].clone();
        assert!(before == "open" || before == "dismissed");
        repo.tribunal(words).ok();
        assert_eq!(all(repo)[0]["status"], "dismissed");
    });
    assert!(crashes >= 3, "{crashes}");
}

#[test]
fn a_crash_while_a_damaged_ledger_is_set_aside_keeps_the_damaged_one() {
    let junk = b"this is no database, and long enough to be seen as one".repeat(40);
    let prepare = |sandbox: &Sandbox| {
        let repo = repo_with_file(sandbox);
        repo.write(".git/tribunal/ledger.db", &junk);
        repo.write(".git/tribunal/ledger.db-wal", "an old log");
        let words = ["findings", "add", "--class", CLASS, "--at", "src/a.rs:2", "-m", "m"];
        (repo.dir, self::words(&words))
    };
    let crashes = crash_everywhere(0, prepare, |repo, words| {
        repo.tribunal(words).ok();
        assert_eq!(all(repo).len(), 1);
        let kept = set_aside(repo).into_iter().filter(|path| fs::read(path).unwrap() == junk);
        assert_eq!(kept.count(), 1);
    });
    assert!(crashes >= 8, "{crashes}");
}

/// The ledgers that were set aside.
fn set_aside(repo: &Repo) -> Vec<PathBuf> {
    let entries = fs::read_dir(repo.path(".git/tribunal")).unwrap();
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("ledger.damaged-") && path.extension().is_some_and(|e| e == "db")
    });
    found
}

#[test]
fn a_damaged_ledger_is_set_aside_and_said_so() {
    let now = [("TRIBUNAL_TEST_NOW", "2026-05-04T03:02:01Z")];
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| *bytes = b"not a database at all".repeat(100),
        |bytes| bytes.truncate(5000),
        |bytes| bytes[..100].fill(7),
        |bytes| bytes[100..].fill(0xa5),
    ];
    for damage in damages {
        let sandbox = Sandbox::new();
        let repo = repo_with_file(&sandbox);
        repo.write("m", marker_line()).git(&["add", "."]).ok();
        add(&repo, "src/a.rs:2", "old").ok();
        let mut bytes = fs::read(database(&repo)).unwrap();
        damage(&mut bytes);
        fs::write(database(&repo), &bytes).unwrap();
        // A hook goes on: it still blocks what it must, and says what happened, once.
        repo.tribunal_with(&["hook", "pre-commit"], &now, b"")
            .code(1)
            .says("ledger.damaged-20260504T030201Z.db")
            .says("conflict marker");
        assert_eq!(set_aside(&repo).len(), 1);
        assert_eq!(fs::read(&set_aside(&repo)[0]).unwrap(), bytes);
        repo.tribunal(&["findings"]).ok().says("conflict marker").never_says("damaged");
    }
}

#[test]
fn ten_processes_that_meet_a_damaged_ledger_set_it_aside_once() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.write(".git/tribunal/ledger.db", "not a database at all".repeat(100));
    std::thread::scope(|scope| {
        for n in 0..10 {
            let repo = &repo;
            scope.spawn(move || add(repo, "src/a.rs:2", &format!("remark {n}")).ok());
        }
    });
    assert_eq!(all(&repo).len(), 10);
    assert_eq!(set_aside(&repo).len(), 1);
}

#[test]
fn a_newer_ledger_is_never_written() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.write("m", marker_line()).git(&["add", "."]).ok();
    add(&repo, "src/a.rs:2", "old").ok();
    // Left open, so that a log lies beside it that a careless close would empty.
    let newer = Connection::open(database(&repo)).unwrap();
    newer.pragma_update(None, "user_version", 9).unwrap();
    let files = || {
        ["", "-wal"].map(|suffix| fs::read(format!("{}{suffix}", database(&repo).display())).ok())
    };
    let before = files();
    assert!(before[1].as_ref().is_some_and(|log| !log.is_empty()));
    let says = "the ledger is from a newer tribunal (schema 9, this one knows 6)";
    add(&repo, "src/a.rs:2", "new").code(2).says(says).says("hint: install the newer tribunal");
    repo.tribunal(&["findings"]).code(2).says(says);
    repo.tribunal(&["hook", "pre-commit"]).code(1).says("conflict marker").says(says);
    assert_eq!(files(), before);
    assert!(set_aside(&repo).is_empty());
}

#[test]
fn a_ledger_that_has_no_place_stops_no_commit_by_itself() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.write(".git/tribunal", "a file in the way");
    let form = ["--set", "gates.conflict-markers=warn"];
    repo.write("m", marker_line()).git(&["add", "."]).ok();
    // A person is told; a commit is judged all the same.
    let says = ".git/tribunal` is no folder";
    repo.tribunal(&["check", form[0], form[1]]).code(2).says(says).says("hint: look at what it is");
    repo.tribunal(&["hook", "pre-commit"]).code(1).says("skipped ledger").says("conflict marker");
    add(&repo, "src/a.rs:2", "m").code(2).says(says);
}

#[test]
fn a_commit_that_passes_is_made_without_a_usable_ledger() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    repo.write("tribunal.toml", "[gates]\nconflict-markers = \"warn\"\n");
    repo.commit_unjudged("chore: policy");
    repo.tribunal(&["hooks", "install"]).ok();
    fs::create_dir_all(repo.path(".git/tribunal/ledger.db")).unwrap();
    let before = repo.rev("HEAD");
    repo.write("m", marker_line());
    repo.commit("feat: m")
        .ok()
        .says("tribunal: 1 warning: m:")
        .says("1 part not checked: ledger: could not make a place for the ledger at");
    assert_ne!(repo.rev("HEAD"), before);
    // The same ledger is needed where the finding itself is what was asked for.
    add(&repo, "src/a.rs:2", "m").code(2).says("could not make a place for the ledger at");
}

/// Runs the program as somebody who owns nothing here; `None` where that cannot be done.
fn as_nobody(repo: &Repo, arguments: &[&str]) -> Option<Outcome> {
    let command = |program: &str| {
        let mut command = repo.sandbox.command("setpriv", &repo.dir);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
        command
    };
    let mut probe = command(TRIBUNAL);
    if !probe.arg("--version").output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = command(TRIBUNAL);
    // Git refuses another user's repository unless it is named safe.
    command.args(arguments).envs([
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
    ]);
    Some(run(command, b""))
}

#[test]
fn a_ledger_without_the_right_to_write_stops_no_judgement() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(sandbox.home().join(".gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
    let repo = repo_with_file(&sandbox);
    add(&repo, "src/a.rs:2", "old").ok();
    repo.write("m", marker_line()).commit_unjudged("second");
    let Some(outcome) = as_nobody(&repo, &["check", "--all"]) else {
        let why = "there is no `setpriv`, or no right to use it";
        skip("a_ledger_without_the_right_to_write_stops_no_judgement", Need::OtherUser, why);
        return;
    };
    outcome
        .code(1)
        .says("conflict marker")
        .says("skipped ledger: the ledger could not be used: ")
        .says("readonly database");
    as_nobody(&repo, &["findings", "dismiss", "01", "--reason", "r"]).unwrap().code(2);
    assert_eq!(messages(&repo), ["old"]);
}

/// What a full disk must come to, whatever made it full.
fn check_full_disk(repo: &Repo, full: impl Fn(&[&str]) -> Outcome) {
    full(&["check", "--all"])
        .code(1)
        .says("conflict marker")
        .says("skipped ledger: the ledger could");
    full(&["findings", "add", "--class", CLASS, "--at", "src/a.rs:2", "-m", &"m".repeat(90_000)])
        .code(2)
        .says("the ledger could not be used")
        .says("hint: check space");
    let before = messages(repo);
    assert_eq!(before, ["old"], "what was there is there");
    add(repo, "src/a.rs:2", "new").ok();
    assert_eq!(messages(repo), ["new", "old"], "with room again, it goes on");
    assert!(is_sound(repo));
}

#[test]
fn a_disk_that_fills_up_stops_no_judgement() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    let tribunal_dir = repo.path(".git/tribunal");
    fs::create_dir(&tribunal_dir).unwrap();
    let mount = |arguments: &[&str]| {
        let mut command = sandbox.command("mount", &repo.dir);
        run_if_there(command.args(arguments))
    };
    let dir = tribunal_dir.to_str().unwrap();
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "none", dir]) {
        let why = "there is no right to mount a small disk";
        skip("a_disk_that_fills_up_stops_no_judgement", Need::Mount, why);
        return;
    }
    let result = std::panic::catch_unwind(|| {
        add(&repo, "src/a.rs:2", "old").ok();
        repo.write("m", marker_line()).commit_unjudged("second");
        check_full_disk(&repo, |arguments| {
            let filler = tribunal_dir.join("filler");
            drop(fs::write(&filler, vec![0; 2 << 20]));
            let outcome = repo.tribunal(arguments);
            fs::remove_file(filler).unwrap();
            outcome
        });
    });
    let mut umount = sandbox.command("umount", &repo.dir);
    assert!(run_if_there(umount.arg(dir)));
    result.unwrap();
}

fn run_if_there(command: &mut std::process::Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_file_that_may_not_grow_stops_no_judgement() {
    let sandbox = Sandbox::new();
    let repo = repo_with_file(&sandbox);
    add(&repo, "src/a.rs:2", "old").ok();
    repo.write("m", marker_line()).commit_unjudged("second");
    check_full_disk(&repo, |arguments| {
        let mut command = sandbox.command("sh", &repo.dir);
        // The limit is 8 KiB; without the trap its signal would end the program.
        command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh", TRIBUNAL]);
        command.args(arguments);
        run(command, b"")
    });
}

#[test]
fn a_finding_is_found_again_where_its_line_has_moved_to() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a.rs", "fn one() {\n    risky();\n}\n").commit_unjudged("begin");
    let id = first_word(&add(&repo, "a.rs:2", "a risk"));
    repo.write("a.rs", "//! New.\n\nfn zero() {}\n\nfn one() {\n    risky();\n}\n");
    repo.commit_unjudged("moved down");
    repo.tribunal(&["findings", "show", &id]).ok().says("in HEAD: line 6");
    repo.write("a.rs", "fn one() {\n    careful();\n}\n").commit_unjudged("edited");
    repo.tribunal(&["findings", "show", &id]).ok().says("the line was edited");
    repo.git(&["rm", "-q", "a.rs"]).ok();
    repo.commit_unjudged("gone");
    repo.tribunal(&["findings", "show", &id]).ok().says("in HEAD: gone");
}

#[test]
fn an_answer_about_a_file_s_name_holds_whatever_is_in_the_file() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a.txt", "a\n").commit_unjudged("first");
    let name = format!("notes-{}.txt", secret());
    repo.write(&name, "one\n").git(&["add", "-A"]).ok();
    let found = repo.tribunal(&["check", "--format", "json"]).code(1).json();
    let id = found["findings"][0]["id"].as_str().unwrap().to_owned();
    repo.tribunal(&["findings", "dismiss", &id, "-r", "a sample"]).ok();
    repo.tribunal(&["check"]).ok();
    repo.write(&name, "two\n").git(&["add", "-A"]).ok();
    repo.tribunal(&["check"]).ok();
    // Another secret in a name of the same form is another finding.
    let other = secret().replace("P2AS", "P2AT");
    repo.write(format!("notes-{other}.txt"), "one\n").git(&["add", "-A"]).ok();
    repo.tribunal(&["check"]).code(1);
}
