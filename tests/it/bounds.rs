//! Nothing that somebody commits, pushes or leaves behind stops everybody: damaged objects, trees without
//! end, files of any size, thousands of findings or refs. What is too much is said and not waited for.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::harness::{Outcome, Repo, Sandbox, TRIBUNAL, cases, run};
use crate::scene::secret;

/// Long forms run under this variable.
const ALL: &str = "TRIBUNAL_TEST_ALL";

/// Longer than anything here takes on a busy machine, and short beside what never ends.
const LONG: Duration = Duration::from_mins(4);

/// Runs a command in a shell with limits, as `ulimit` sets them. Where it does not end it is killed, and
/// the test fails.
#[track_caller]
fn limited(repo: &Repo<'_>, limits: &str, words: &str, input: &[u8]) -> Outcome {
    let mut command = repo.sandbox.command("sh", &repo.dir);
    command.args(["-c", &format!("{limits}; {words}")]).env("T", TRIBUNAL).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let group = Pid::from_child(&child);
    let (ended, end) = mpsc::channel::<()>();
    let guard = thread::spawn(move || {
        let in_time = end.recv_timeout(LONG) != Err(RecvTimeoutError::Timeout);
        if !in_time {
            kill_process_group(group, Signal::KILL).unwrap();
        }
        in_time
    });
    // One that ends without reading is no failure here.
    drop(child.stdin.take().unwrap().write_all(input));
    let output = child.wait_with_output().unwrap();
    drop(ended);
    assert!(guard.join().unwrap(), "`{words}` did not end");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn ends(repo: &Repo<'_>, words: &str) -> Outcome {
    limited(repo, ":", &format!("\"$T\" {words}"), b"")
}

fn object_file(repo: &Repo<'_>, name: &str) -> PathBuf {
    repo.dir.join(".git/objects").join(&name[..2]).join(&name[2..])
}

fn overwrite(path: &Path, content: &[u8]) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, content).unwrap();
}

/// A tree of these lines, by its name.
fn mktree(repo: &Repo<'_>, lines: &str) -> String {
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.arg("mktree");
    run(command, lines.as_bytes()).ok().out().to_owned()
}

fn blob(repo: &Repo<'_>, content: &str) -> String {
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.args(["hash-object", "-w", "--stdin"]);
    run(command, content.as_bytes()).ok().out().to_owned()
}

/// Git itself gives up on such trees when they are checked out, so they are made without an index.
fn commit_tree(repo: &Repo<'_>, tree: &str) -> String {
    repo.git(&["commit-tree", tree, "-p", "HEAD", "-m", "feat: much"]).ok().out().to_owned()
}

/// As many equal folders in one another as `levels` says, ten in each.
fn bomb(repo: &Repo<'_>, lowest: &str, levels: usize) -> String {
    let mut tree = lowest.to_owned();
    for _ in 0..levels {
        let lines = (0..10).fold(String::new(), |mut lines, at| {
            writeln!(lines, "040000 tree {tree}\td{at}").unwrap();
            lines
        });
        tree = mktree(repo, &lines);
    }
    tree
}

#[test]
fn a_damaged_object_is_named_and_stops_no_command_for_good() {
    let sandbox = Sandbox::new();
    damage_each(&sandbox.repo("r"));
}

#[test]
fn in_a_sha_256_repository_a_damaged_object_is_no_different() {
    let sandbox = Sandbox::new();
    damage_each(&sandbox.repo_with("r", &["--object-format=sha256"]));
}

fn damage_each(repo: &Repo<'_>) {
    repo.write("tribunal.toml", "# all as it is\n").write("src/a", "one\n").commit_unjudged("one");
    repo.write("src/a", "two\n").git(&["add", "."]).ok();
    let head = repo.rev("HEAD");
    let damaged = [
        ("commit", head.clone()),
        ("tree", repo.rev("HEAD^{tree}")),
        ("policy", repo.rev("HEAD:tribunal.toml")),
        ("staged", repo.rev(":src/a")),
    ];
    let push = format!(
        "hook pre-push x y <<'E'\nrefs/heads/main {head} refs/heads/x {}\nE",
        "0".repeat(head.len())
    );
    let commands = [
        "hook pre-commit",
        "check",
        "check --all",
        "check --from HEAD~0",
        "trust",
        "init",
        "status",
        &push,
    ];
    for (kind, name) in damaged {
        let file = object_file(repo, &name);
        let whole = fs::read(&file).unwrap();
        let cuts = if std::env::var_os(ALL).is_some() {
            (0..whole.len()).collect()
        } else {
            vec![0, 8, whole.len() / 2, whole.len() - 1]
        };
        for cut in cuts {
            overwrite(&file, &whole[..cut]);
            let mut named = 0;
            for words in commands {
                let outcome = ends(repo, words);
                named += usize::from(outcome.stderr.contains(&name));
                if outcome.stderr.contains(&name) {
                    outcome.says("damaged").says("`git fsck`");
                }
            }
            assert!(named > 0, "{kind}, {cut} bytes: no command reads it");
        }
        overwrite(&file, &whole);
    }
    ends(repo, "hook pre-commit").ok();
}

#[test]
fn trees_without_end_are_not_followed() {
    let sandbox = Sandbox::new();
    let server = sandbox.bare("server");
    server.tribunal(&["hooks", "install"]).ok();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    repo.git(&["remote", "add", "origin", server.dir.to_str().unwrap()]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    let file = blob(&repo, "words\n");
    let files = (0..10).fold(String::new(), |mut lines, at| {
        writeln!(lines, "100644 blob {file}\tf{at}").unwrap();
        lines
    });
    let full = mktree(&repo, &files);
    let empty = mktree(&repo, "");
    for lowest in [full, empty] {
        let commit = commit_tree(&repo, &bomb(&repo, &lowest, 10));
        let words = format!("git push origin {commit}:refs/heads/x");
        // No more memory than a small machine has.
        let outcome = limited(&repo, "ulimit -v 2000000", &words, b"");
        outcome.code(1).says("it changes more than 1000000 files and folders: bring it in parts");
        let words = format!("\"$T\" check --from HEAD --to {commit}");
        let outcome = limited(&repo, "ulimit -v 2000000", &words, b"");
        outcome.code(4).says("it changes more than 1000000 files and folders");
    }
}

#[test]
fn folders_in_one_another_and_paths_without_end_are_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    let nested = |depth: usize| {
        let mut raw = sandbox.command("git", &repo.dir);
        raw.args(["fast-import", "--quiet", "--force"]);
        let path = format!("{}f", "d/".repeat(depth));
        let stream = format!(
            "commit refs/heads/deep\ncommitter A <a@example.invalid> 1 +0000\ndata 2\nf:\n\
             from refs/heads/main^0\nM 100644 inline {path}\ndata <<E\n{}\nE\n\n",
            secret()
        );
        run(raw, stream.as_bytes()).ok();
        repo.rev("refs/heads/deep")
    };
    // As deep as a path that can be opened: read to its end.
    let commit = nested(2_000);
    let outcome = ends(&repo, &format!("check --from HEAD --to {commit}"));
    outcome.code(1).says("secrets/");
    let commit = nested(5_000);
    let outcome = ends(&repo, &format!("check --from HEAD --to {commit}"));
    outcome.code(4).says("it holds a path of more than 4096 bytes");
}

#[test]
fn what_else_is_beside_the_rules_costs_nothing_and_too_many_rules_are_named() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    let small = blob(&repo, &rule("sleep", "R-0001"));
    let src = mktree(&repo, &format!("100644 blob {}\tv\n", blob(&repo, "sleep(1)\n")));
    // A change of one file, on a commit with these folders of rules and of other things.
    let check = |rules: &str, others: &str| {
        let ai = mktree(&repo, &format!("040000 tree {rules}\tconstitution\n{others}"));
        let ai = format!("040000 tree {ai}\t.ai\n");
        let base = commit_tree(&repo, &mktree(&repo, &ai));
        let tree = mktree(&repo, &format!("{ai}040000 tree {src}\tsrc\n"));
        let tip = repo.git(&["commit-tree", &tree, "-p", &base, "-m", "feat: v"]).ok();
        ends(&repo, &format!("check --from {base} --to {} --format json", tip.out()))
    };
    let full = bomb(&repo, &mktree(&repo, ""), 10);
    let rules = mktree(&repo, &format!("100644 blob {small}\ts.md\n"));
    let others = format!("040000 tree {full}\tnotes\n");
    assert!(check(&rules, &others).code(1).json().to_string().contains("R-0001"));
    // Below the rules themselves it is too much.
    let report = check(&mktree(&repo, &format!("040000 tree {full}\tx\n")), "").json().to_string();
    assert!(report.contains("the constitution has more than 1000 files"), "{report}");
    // A file that is too large, beside one that holds.
    let large = blob(&repo, &"Words.\n".repeat(300_000));
    let lines = format!("100644 blob {large}\tlarge.md\n100644 blob {small}\ts.md\n");
    let report = check(&mktree(&repo, &lines), "").code(1).json().to_string();
    assert!(report.contains("it is larger than 1 MiB"), "{report}");
    assert!(report.contains("R-0001"), "the other file holds: {report}");
}

fn rule(pattern: &str, id: &str) -> String {
    format!(
        "# S\n\n## {id} No sleeping\n\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n\
         class = \"testing/flaky\"\npaths = [\"src/**\"]\n\
         check = {{ kind = \"regex\", pattern = '{pattern}', on = \"added-lines\" }}\n```\nNever.\n\n\
         Bad: `{pattern}(1)`\nGood: `wait(x)`\n"
    )
}

#[test]
fn few_descriptors_and_little_memory_are_no_crash() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    let origin = sandbox.bare("origin");
    repo.push_to(&origin);
    repo.write("k", secret()).commit_unjudged("two");
    let tip = repo.rev("HEAD");
    let line = format!("refs/heads/main {tip} refs/heads/main {}\n", repo.rev("HEAD~1"));
    let mut stopped = 0;
    for descriptors in (3..20).step_by(cases(4, 1)) {
        let limits = format!("ulimit -n {descriptors}");
        let words = "\"$T\" hook pre-push origin url";
        let outcome = limited(&repo, &limits, words, line.as_bytes()).never_says("panicked");
        assert!([1, 2, 127].contains(&outcome.code), "{descriptors}: {outcome}");
        stopped += usize::from(outcome.code == 1);
    }
    assert!(stopped > 0, "with enough of them the secret is found");
    // A file that is larger than the memory, and one that is read and takes most of it.
    for (bytes, said) in [(300_000_000, "`z` has 286.1 MiB"), (99_000_000, "the file has 94.4 MiB")]
    {
        let file = fs::File::create(repo.path("z")).unwrap();
        file.set_len(bytes).unwrap();
        repo.git(&["add", "z"]).ok();
        let outcome = limited(&repo, "ulimit -v 500000", "\"$T\" hook pre-commit", b"");
        outcome.code(0).says(said);
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed(mut work: impl FnMut()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

/// Lines with a secret each, none like another.
fn secrets(count: usize) -> String {
    let signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut state = 4_711_u64;
    let mut sign = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(signs[usize::try_from(state >> 59).unwrap()])
    };
    (0..count).fold(String::new(), |mut text, at| {
        let id: String = (0..16).map(|_| sign()).collect();
        writeln!(text, "key_{at} = {}{id}", ["AK", "IA"].concat()).unwrap();
        text
    })
}

#[test]
fn a_file_with_thousands_of_findings_is_as_fast_the_second_time() {
    let count = cases(800, 4_000);
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    // Lines that read alike, and lines that each hold something else.
    let alike = format!("k = {}\n", secret()).repeat(count);
    for (name, text) in [("alike", alike), ("apart", secrets(count))] {
        repo.write(name, &text).git(&["add", name]).ok();
        let first = timed(|| drop(ends(&repo, "hook pre-commit").code(1)));
        repo.write(name, format!("# one more line\n{text}")).git(&["add", name]).ok();
        let second = timed(|| drop(ends(&repo, "hook pre-commit").code(1)));
        // Nothing new was found: each is known by its place.
        let listed =
            repo.tribunal(&["findings", "list", "--format", "json", "--path", name]).json();
        assert_eq!(listed["total"], count, "{name}");
        assert_eq!(listed["findings"].as_array().unwrap().len(), count, "{name}");
        // And as a change to what the base holds.
        repo.git(&["commit", "--quiet", "--no-verify", "-m", "two"]).ok();
        repo.write(name, format!("# two more lines\n\n{text}")).git(&["add", name]).ok();
        let third = timed(|| drop(ends(&repo, "hook pre-commit").code(0)));
        let slowest = second.max(third);
        assert!(slowest < first * 10, "{name}: {first:?}, {second:?}, {third:?}");
        repo.git(&["rm", "--quiet", "--cached", name]).ok();
    }
}

#[test]
fn a_merge_of_many_files_and_a_file_of_conflict_markers_take_time_by_their_size() {
    let (count, lines) = cases((8_000, 20_000), (50_000, 600_000));
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("a", "a\n").commit_unjudged("one");
    let file = blob(&repo, "words\n");
    let folder = |letter: &str| {
        let lines = (0..count).fold(String::new(), |mut lines, at| {
            writeln!(lines, "100644 blob {file}\t{letter}{at:06}").unwrap();
            lines
        });
        mktree(&repo, &lines)
    };
    let (left, right) = (folder("l"), folder("r"));
    let sides = [
        format!("040000 tree {left}\tl\n"),
        format!("040000 tree {right}\tr\n"),
        format!("040000 tree {left}\tl\n040000 tree {right}\tr\n"),
    ]
    .map(|lines| mktree(&repo, &lines));
    let base = repo.rev("HEAD");
    let commit = |tree: &str, parents: &[&str]| {
        let parents: Vec<&str> = parents.iter().flat_map(|parent| ["-p", parent]).collect();
        let words = [&["commit-tree", "-m", "feat: merge", tree], parents.as_slice()].concat();
        repo.git(&words).ok().out().to_owned()
    };
    let (l, r) = (commit(&sides[0], &[&base]), commit(&sides[1], &[&base]));
    let merge = commit(&sides[2], &[&l, &r]);
    let took = timed(|| drop(ends(&repo, &format!("check --from {l} --to {merge}")).ok()));
    assert!(took < Duration::from_secs(30), "{took:?}");
    let markers = "<<<<<<< x\n".repeat(lines);
    repo.write("m", &markers).git(&["add", "m"]).ok();
    let took = timed(|| drop(ends(&repo, "hook pre-commit").code(1)));
    assert!(took < Duration::from_secs(30), "{took:?}");
}

/// A push of 1,600 tags is to take less than 100 ms beside what git takes; the guard is ten times that.
#[test]
fn a_push_of_many_tags_takes_time_by_their_number() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let origin = sandbox.bare("origin");
    let commits = (0..300).fold(String::new(), |mut stream, at| {
        let person = "A <a@example.invalid> 1767225600 +0000";
        writeln!(stream, "commit refs/heads/main\ncommitter {person}\ndata 2\nf:").unwrap();
        writeln!(stream, "M 100644 inline a\ndata <<E\n{at}\nE\n").unwrap();
        stream
    });
    let mut import = sandbox.command("git", &repo.dir);
    import.args(["fast-import", "--quiet"]);
    run(import, commits.as_bytes()).ok();
    repo.git(&["reset", "--quiet", "--hard", "main"]).ok();
    repo.push_to(&origin);
    repo.tribunal(&["hooks", "install"]).ok();
    let listed = repo.git(&["log", "--format=%H"]).ok();
    let names: Vec<&str> = listed.out().lines().collect();
    let updates = (0..1_600).fold(String::new(), |mut updates, at| {
        writeln!(updates, "create refs/tags/t{at} {}", names[at % names.len()]).unwrap();
        updates
    });
    let mut update = sandbox.command("git", &repo.dir);
    update.args(["update-ref", "--stdin"]);
    run(update, updates.as_bytes()).ok();
    let push = |more: &[&str]| {
        let words = [&["push", "--quiet", "--dry-run", "--tags"], more, &["origin"]].concat();
        timed(|| drop(repo.git(&words).ok()))
    };
    let without = median((0..3).map(|_| push(&["--no-verify"])).collect());
    let with = median((0..3).map(|_| push(&[])).collect());
    assert!(with < without + Duration::from_secs(1), "{without:?}, {with:?}");
}

type Damage = Box<dyn Fn(&Path)>;

fn ledger_file(repo: &Repo<'_>) -> PathBuf {
    repo.dir.join(".git/tribunal/ledger.db")
}

/// A kill in the moment in which a ledger is begun leaves an empty one, in which nothing ever was.
#[test]
fn a_ledger_whose_beginning_was_killed_is_begun_again() {
    for twice in [false, true] {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo("r");
        repo.write("k", secret()).git(&["add", "k"]).ok();
        let (ledger, lock) = (ledger_file(&repo), repo.dir.join(".git/tribunal/ledger.lock"));
        fs::create_dir_all(ledger.parent().unwrap()).unwrap();
        fs::write(&lock, "{\"pid\":2147483000}\n").unwrap();
        fs::write(&ledger, "").unwrap();
        if twice {
            fs::write(&lock, "{\"pid\":2147483001}\n").unwrap();
        }
        let words = ["findings", "add", "--class", "other/seen", "--at", "k:1"];
        repo.tribunal(&[&words[..], &["--message", "seen"]].concat()).ok().never_says("set aside");
        repo.tribunal(&["hook", "pre-commit"]).code(1).never_says("set aside");
        assert_eq!(fs::read_to_string(&lock).unwrap(), "", "nobody is beginning one");
    }
}

#[test]
fn a_ledger_that_is_not_what_was_written_is_said_and_kept_aside() {
    let sql = |text: &'static str| {
        move |path: &Path| {
            let database = rusqlite::Connection::open(path).unwrap();
            database.execute_batch(text).unwrap();
        }
    };
    let cut = |bytes: u64| {
        move |path: &Path| {
            fs::File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
        }
    };
    let damages: [(&str, Damage); 8] = [
        ("emptied", Box::new(cut(0))),
        ("cut in the header", Box::new(cut(50))),
        ("cut", Box::new(cut(5_000))),
        ("no version", Box::new(sql("PRAGMA user_version = 0"))),
        ("an older version", Box::new(sql("PRAGMA user_version = 1"))),
        ("without findings", Box::new(sql("PRAGMA foreign_keys = OFF; DROP TABLE findings"))),
        ("without decisions", Box::new(sql("DROP TABLE dispositions"))),
        ("without a column", Box::new(sql("ALTER TABLE findings DROP COLUMN locators"))),
    ];
    for (name, damage) in damages {
        for words in ["status", "findings list --status all", "hook pre-commit"] {
            let sandbox = Sandbox::new();
            let repo = sandbox.repo("r");
            repo.write("k", secret()).git(&["add", "k"]).ok();
            repo.tribunal(&["hook", "pre-commit"]).code(1);
            damage(&ledger_file(&repo));
            // Whatever does not need what is missing may go on; the first that does says it.
            let told = ends(&repo, words);
            let told = if told.stderr.contains("set aside") {
                told
            } else {
                ends(&repo, "hook pre-commit")
            };
            told.clone()
                .says("the ledger was damaged and is set aside as")
                .says("a new one was begun");
            assert_eq!(told.stderr.matches("set aside as").count(), 1, "{name}, {words}: {told}");
            let folder = fs::read_dir(ledger_file(&repo).parent().unwrap()).unwrap();
            let aside = folder.flatten().filter(|entry| {
                entry.file_name().to_str().is_some_and(|name| name.starts_with("ledger.damaged-"))
            });
            assert!(aside.count() > 0, "{name}, {words}");
            ends(&repo, "hook pre-commit").code(1).never_says("set aside");
        }
    }
    // One of a later program is left as it is.
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("k", secret()).git(&["add", "k"]).ok();
    repo.tribunal(&["hook", "pre-commit"]).code(1);
    sql("PRAGMA user_version = 99")(&ledger_file(&repo));
    for words in ["status", "findings list", "hook pre-commit"] {
        let outcome = ends(&repo, words).says("the ledger is from a newer tribunal (schema 99");
        outcome.says("install the newer tribunal");
    }
}

/// A million findings: `status` and `findings list` are to take less than 300 ms and 50 MB; the guard of
/// the time is ten times that.
#[test]
fn a_large_ledger_is_counted_and_listed_without_being_read_whole() {
    let count = cases(30_000, 1_000_000);
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    repo.write("k", secret()).git(&["add", "k"]).ok();
    repo.tribunal(&["hook", "pre-commit"]).code(1);
    let database = rusqlite::Connection::open(ledger_file(&repo)).unwrap();
    database
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {count})
             INSERT INTO findings SELECT printf('01J0000000%016d', value), 'secrets', 'r', 'security/secret',
                 'high', 'block', 'file', CAST(printf('src/%d/%d', value % 100, value) AS BLOB), 1, 1, 1,
                 'the line in which it stands', 'what is wrong with it', 'what to do about it',
                 '{{}}', NULL, 1700000000000 + value, 1700000000000 + value, 1
             FROM n; COMMIT;"
        ))
        .unwrap();
    let decide = "INSERT INTO dispositions SELECT id, 1, 'dismissed', 'a', 'wrong', 1, NULL
        FROM findings WHERE id LIKE '01J%' AND line = 1 LIMIT 100";
    database.execute_batch(decide).unwrap();
    drop(database);
    let open = count + 1 - 100;
    let memory = "ulimit -v 300000";
    for (words, said) in [
        ("status", format!("{open} open")),
        ("findings list", format!("{open}")),
        ("findings list --path src/7 --limit 3", format!("{}", count / 100 - 4)),
    ] {
        let run = || limited(&repo, memory, &format!("\"$T\" {words}"), b"").ok().says(&said);
        let took = median((0..3).map(|_| timed(|| drop(run()))).collect());
        assert!(took < Duration::from_secs(3), "{words}: {took:?}");
    }
    let words = "\"$T\" findings list --format json --status all | tail -c 40";
    let outcome = limited(&repo, memory, &format!("sh -c '{words}'"), b"");
    outcome.ok().says(&format!("\"total\":{},\"version\":1}}", count + 1));
    // What rules are learned from is bounded, too, and that is said.
    let database = rusqlite::Connection::open(ledger_file(&repo)).unwrap();
    let observe = "PRAGMA synchronous = OFF; BEGIN;
        UPDATE findings SET gate = 'import', class = 'other/x' WHERE id LIKE '01J%';
        INSERT INTO sightings SELECT id, 'c' || (rowid % 1000), name, 1, NULL, NULL, NULL,
            4102444800000 + rowid, 4102444800000 + rowid, 1 FROM findings WHERE gate = 'import'; COMMIT;";
    database.execute_batch(observe).unwrap();
    drop(database);
    // Not all of them have room in a file of rules: then it ends with 1.
    let learn = || limited(&repo, memory, "\"$T\" constitution learn", b"").code(1);
    let took = timed(|| drop(learn().says("the newest 10000 observations were looked at")));
    assert!(took < Duration::from_secs(90), "learn: {took:?}");
}
