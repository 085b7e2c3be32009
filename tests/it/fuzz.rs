//! Whatever somebody pushes, commits, imports, types or answers: a documented exit code and no panic, in
//! time and within memory. The same drawn inputs are given to the parsers alone, in process (`src/fuzz/`).

#[path = "../../src/fuzz/draw.rs"]
mod draw;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::brain::BUGGY;
use crate::fuzz::draw::Draw;
use crate::harness::{Repo, Sandbox, TRIBUNAL, cases, run};
use crate::scene::{Model, Scene, script};

/// What `README.md` lists.
const CODES: [i32; 6] = [0, 1, 2, 3, 4, 130];

/// How much memory of its own each process may have, in KiB; also each that it starts.
const KIB_MAX: u64 = 200 * 1024;

/// How long a run may take. Without optimisation the same work takes about ten times as long.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// After this long a run counts as one without end.
const STUCK: Duration = Duration::from_mins(1);

/// How often a slow run is tried again: the machine may have been busy.
const AGAIN: usize = 3;

/// Says how much memory a run took, for the figures alone: the limit needs nothing.
const GNU_TIME: &str = "/usr/bin/time";

/// One run of the program.
struct Call {
    words: Vec<OsString>,
    input: Vec<u8>,
}

/// What a run came to.
struct Ran {
    code: Option<i32>,
    said: String,
    took: Duration,
    kib: u64,
}

fn call(words: &[&str], input: &[u8]) -> Call {
    Call { words: words.iter().map(OsString::from).collect(), input: input.to_vec() }
}

fn count() -> u64 {
    cases(12, 1_000)
}

/// Draws calls and holds each to what is promised. `make` puts what the call needs into its place.
#[track_caller]
fn hold(kind: &str, repo: &Repo<'_>, mut make: impl FnMut(&mut Draw, u64) -> Call) {
    let (mut slowest, mut largest) = ((Duration::ZERO, 0), (0, 0));
    for number in 0..count() {
        let call = make(&mut Draw::new(number), number);
        let mut ran = start(repo, &call);
        for _ in 0..AGAIN {
            if ran.took >= LONGEST {
                ran = start(repo, &call);
            }
        }
        let Ran { code, said, took, kib } = ran;
        let about = || format!("{kind} {number}: {:?} with {} bytes", call.words, call.input.len());
        let documented = code.is_some_and(|code| CODES.contains(&code));
        assert!(documented && !said.contains("panicked"), "{}: {code:?}\n{said}", about());
        assert!(took < LONGEST, "{}: {took:?}\n{said}", about());
        slowest = slowest.max((took, number));
        largest = largest.max((kib, number));
    }
    let ((took, slow), (kib, large), count) = (slowest, largest, count());
    let figures = format!(
        "{kind}: {count} runs, the slowest {took:?} ({slow}), the largest {kib} KiB ({large})"
    );
    // Past the test harness, as what a long form measured is to be read.
    writeln!(io::stderr().lock(), "{figures}").unwrap();
}

/// Runs the program under the limit.
fn start(repo: &Repo<'_>, call: &Call) -> Ran {
    let file = |name: &str| repo.sandbox.path().join(format!("fuzz.{name}"));
    let [input, out, err, figures] = ["in", "out", "err", "figures"].map(file);
    fs::write(&input, &call.input).unwrap();
    let _none_yet = fs::remove_file(&figures);
    let mut command = repo.sandbox.command("sh", &repo.dir);
    command.args(["-c", &format!("ulimit -d {KIB_MAX} && exec \"$@\""), "sh"]);
    if Path::new(GNU_TIME).exists() {
        command.args([GNU_TIME, "--quiet", "-f", "%M", "-o"]).arg(&figures);
    }
    command.arg(TRIBUNAL).args(&call.words).process_group(0);
    command.stdin(File::open(&input).unwrap());
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let code = end_of(&mut child, &call.words);
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&fs::read(&err).unwrap()).into_owned();
    let figures = fs::read_to_string(&figures).unwrap_or_default();
    let kib = figures.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or_default();
    Ran { code, said, took, kib }
}

/// Waits for the end of a process; `None` where a signal ended it.
#[track_caller]
fn end_of(child: &mut Child, words: &[OsString]) -> Option<i32> {
    let deadline = Instant::now() + STUCK;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    kill_process_group(Pid::from_child(child), Signal::KILL).unwrap();
    child.wait().unwrap();
    panic!("{words:?} does not end");
}

/// A repository with two commits.
fn repository(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("README.md", "A library.\n")
        .write("src/a.rs", "fn a() {}\n")
        .commit_unjudged("feat: begin");
    repo.write("src/b.rs", "fn b() {\n    sleep(1);\n}\n").commit_unjudged("feat: b");
    repo
}

#[test]
fn no_line_of_a_push_breaks_a_hook() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let server = sandbox.bare("server.git");
    repo.push_to(&server);
    let (zero, one, two) = ("0".repeat(40), repo.rev("HEAD~1"), repo.rev("HEAD"));
    let (blob, tree) = (repo.rev("HEAD:README.md"), repo.rev("HEAD^{tree}"));
    let push =
        format!("refs/heads/main {two} refs/heads/main {one}\nHEAD~ {one} refs/tags/v1 {zero}\n");
    let receive = format!(
        "{one} {two} refs/heads/main\n{zero} {one} refs/heads/x\n{two} {zero} refs/tags/v1\n"
    );
    let names = [&zero, &one, &two, &blob, &tree].map(String::as_bytes);
    let more = [b"refs/heads/".as_slice(), b"(delete)", b" ", b"\n", b"main", b"refs/tags/x"];
    let words = [&names[..], &more].concat();
    let remote = server.dir.to_str().unwrap();
    hold("push lines", &repo, |draw, number| {
        let text = draw.input(&[push.as_bytes(), receive.as_bytes()], &words);
        match number % 2 {
            0 => call(&["hook", "pre-push", "origin", remote], &text),
            _ => call(&["hook", "pre-receive"], &text),
        }
    });
    hold("push lines on the server", &server, |draw, _| {
        call(&["hook", "pre-receive"], &draw.input(&[receive.as_bytes()], &words))
    });
}

/// Commits each input at that path, and code on top of it, in one run of git.
fn commit_all(repo: &Repo<'_>, path: &str, inputs: &[Vec<u8>]) {
    let base = repo.rev("HEAD");
    let mut stream = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        for (name, from, path, content) in [
            ("policy", &base, path, input.as_slice()),
            (
                "code",
                &format!("refs/heads/policy{number}"),
                "src/c.rs",
                b"fn c() {\n    sleep(2);\n}\n",
            ),
        ] {
            let message = "feat: x\n";
            write!(
                stream,
                "commit refs/heads/{name}{number}\ncommitter A <a@example.invalid> 1767225600 +0000\n\
                 data {}\n{message}\nfrom {from}\nM 100644 inline {path}\ndata {}\n",
                message.len(), content.len()
            )
            .unwrap();
            stream.extend([content, b"\n"].concat());
        }
    }
    let mut command = repo.sandbox.command("git", &repo.dir);
    command.args(["fast-import", "--quiet"]);
    run(command, &stream).ok();
}

/// Has drawn files of a policy judged where they are committed, where they are in force, and in the work tree.
fn hold_policy(kind: &str, path: &str, seed: &[u8], words: &[&[u8]], looked_at: &[&str]) {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let inputs: Vec<Vec<u8>> =
        (0..count()).map(|number| Draw::new(number).input(&[seed], words)).collect();
    commit_all(&repo, path, &inputs);
    hold(kind, &repo, |_, number| {
        let (policy, code) = (format!("policy{number}"), format!("code{number}"));
        match number % 3 {
            0 => call(&["check", "--from", "main", "--to", &policy], b""),
            1 => call(&["check", "--from", &policy, "--to", &code], b""),
            _ => {
                repo.write(path, &inputs[usize::try_from(number).unwrap()]);
                call(looked_at, b"")
            }
        }
    });
}

#[test]
fn no_policy_breaks_a_check() {
    let seed = include_bytes!("../../src/domain/policy/default.toml");
    let words = [
        "[gates]\n",
        "[[commands]]\n",
        "level = ",
        "\"block\"",
        "= {",
        "}",
        "]",
        "'''",
        "\"\"\"",
        "a.b = ",
        "name = \"x\"\n",
        "run = \"true\"\n",
        "paths = [",
        "\"{a,b\"",
        "\"[!a-\"",
        "\"**/**\"",
        "\"!\"",
        "\\u0000",
        "nan",
        "\"9h\"",
        "\"1 GiB\"",
        "# ",
    ];
    hold_policy("policy", "tribunal.toml", seed, &words.map(str::as_bytes), &["config"]);
}

#[test]
fn no_rule_breaks_a_check() {
    let seed = include_bytes!("../../src/domain/constitution/tests/rules.md");
    let words = [
        "## R-7f3a A rule\n",
        "```toml rule\n",
        "```\n",
        "check = { kind = ",
        "\"regex\"",
        "\"ast-grep\"",
        "pattern = '",
        "'",
        "(a{1000}){1000}",
        "\\pL{90}",
        "|",
        "$A",
        "$$$",
        "f($A)",
        "language = \"go\"",
        "\"python\"",
        "on = \"tree\"",
        "status = \"active\"\n",
        "paths = [\"**\"]\n",
        "Bad: `",
        "Good:\n",
        "sleep(1)",
    ];
    let path = ".ai/constitution/a.md";
    hold_policy("rules", path, seed, &words.map(str::as_bytes), &["constitution", "test"]);
}

#[test]
fn no_spec_breaks_the_linter() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.tribunal(&["spec", "new", "drawn"]).ok();
    let markdown = repo.read("docs/specs/drawn.md").replace("draft", "ready");
    let yaml = "id: a-b\ntitle: T\nstatus: ready\ngoal: x, so that y.\nacceptance:\n  - id: AC-1\n    text: WHEN a THEN b\n    \
                verify: cargo test\nsteps:\n  - id: s\n    spec: do it\n    depends_on: []\n";
    let words = [
        "---\n",
        "\r",
        "\t",
        "`",
        "```\n",
        "<!--",
        "-->",
        "- ",
        "[",
        "{",
        ": ",
        "&a ",
        "*a ",
        "<<: *a\n",
        "!t ",
        "\"",
        "|\n",
        "verify:",
        "**",
        "## Goal\n",
        "## Acceptance criteria\n",
    ];
    hold("specs", &repo, |draw, number| {
        let (name, seed) = if number % 2 == 0 { ("t.md", &*markdown) } else { ("t.yaml", yaml) };
        repo.write(name, draw.input(&[seed.as_bytes()], &words.map(str::as_bytes)));
        call(&["spec", "lint", name], b"")
    });
}

#[test]
fn no_report_breaks_an_import() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    let sarif = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint","rules":[{"id":"r"}]}},"results":[{"ruleId":"r",
        "level":"error","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/b.rs"},
        "region":{"startLine":2,"snippet":{"text":"    sleep(1);"}}}}]}]}]}"#;
    let cargo = "{\"reason\":\"compiler-message\",\"message\":{\"message\":\"m\",\"level\":\"warning\",\"code\":{\"code\":\"c\"},\
        \"spans\":[{\"file_name\":\"src/b.rs\",\"line_start\":2,\"line_end\":2,\"column_start\":1,\"is_primary\":true}]}}\n";
    let rdjson = r#"{"source":{"name":"lint"},"diagnostics":[{"message":"m","location":{"path":"src/b.rs","range":{"start":{"line":2}}},"severity":"ERROR"}]}"#;
    let codex = r#"{"findings":[{"severity":"high","title":"t","body":"b","file":"src/b.rs","line_start":2,"line_end":2,"recommendation":"r"}]}"#;
    let lines = "src/b.rs:2:1: error: m [r]\n";
    let pattern = r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<severity>\w+): (?P<message>.*?)(?: \[(?P<rule>[\w-]+)\])?$";
    let kinds = [
        ("sarif", sarif),
        ("cargo-json", cargo),
        ("rdjson", rdjson),
        ("codex", codex),
        (pattern, lines),
    ];
    let words = [
        "\"results\":",
        "\"message\":",
        "\"text\":",
        "\"locations\":",
        "\"uri\":",
        "\"file:///\"",
        "\"%\"",
        "\"{0}{1}{\"",
        "\"spans\":",
        "\"location\":",
        "\"..\"",
        "null",
        "[]",
        "{}",
        ",",
        "\"\"",
        "src/b.rs:",
        "\"src/a.rs\"",
    ];
    hold("imports", &repo, |draw, number| {
        let (name, seed) = draw.one(&kinds);
        repo.write("report", draw.input(&[seed.as_bytes()], &words.map(str::as_bytes)));
        // Each report is the first.
        fs::remove_dir_all(repo.path(".git/tribunal")).unwrap_or_default();
        let import = ["findings", "import", "report", "--as", name];
        call(&import[..if number % 4 == 0 { 3 } else { 5 }], b"")
    });
}

#[test]
fn no_argument_breaks_a_hook() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.write("MSG", "feat: x\n").write("src/c.rs", "fn c() {}\n").git(&["add", "src"]).ok();
    let seeds = [
        "pre-commit",
        "commit-msg\nMSG",
        "commit-msg\nMSG\nx",
        "pre-push\norigin\n/srv/x.git",
        "post-commit",
        "post-rewrite\namend",
        "pre-merge-commit",
        "pre-receive",
        "--kept\nno/hook\npre-commit",
        "pre-commit\n--kept\nno/hook",
        "post-checkout\n1\n2\n3",
    ];
    let words = [
        "\n--",
        "\n-",
        "--help",
        "--kept\n",
        "MSG",
        "\n",
        "=",
        "commit-msg\n",
        "src/../MSG",
        "src\n",
        "-q",
        "--set=a=b",
    ];
    hold("hook arguments", &repo, |draw, _| {
        let mut drawn = draw.input(&seeds.map(str::as_bytes), &words.map(str::as_bytes));
        // No program can be started with more, or with NUL in its arguments.
        drawn.truncate(100_000);
        drawn.retain(|byte| *byte != 0);
        let words = drawn.split(|byte| *byte == b'\n').take(1_000);
        let words = words.map(|word| OsString::from_vec(word.to_vec()));
        Call { words: std::iter::once("hook".into()).chain(words).collect(), input: Vec::new() }
    });
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The file of an object, and what it says unpacked.
fn object(repo: &Repo<'_>, revision: &str) -> (PathBuf, Vec<u8>) {
    let name = repo.rev(revision);
    let path = repo.dir.join(".git/objects").join(&name[..2]).join(&name[2..]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut plain = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(File::open(&path).unwrap());
    stream.read_to_end(&mut plain).unwrap();
    (path, plain)
}

#[test]
fn no_object_breaks_a_command() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.write("tribunal.toml", "# as it is\n").commit_unjudged("chore: policy");
    repo.git(&["tag", "-a", "v1", "-m", "one"]).ok();
    repo.write("src/c.rs", "fn c() {}\n").git(&["add", "src"]).ok();
    let revisions = [
        "HEAD",
        "HEAD~1",
        "HEAD^{tree}",
        "HEAD:src",
        "HEAD:tribunal.toml",
        "HEAD:src/b.rs",
        ":src/c.rs",
        "v1",
    ];
    let objects = revisions.map(|revision| object(&repo, revision));
    let (head, zero) = (repo.rev("HEAD"), "0".repeat(40));
    let tag = repo.rev("v1");
    let push = format!("v1 {tag} refs/tags/v1 {zero}\nmain {head} refs/heads/main {zero}\n");
    let words = [
        "blob ", "tree ", "parent ", "commit 9", "\0", " ", "\n\n", "40000 ", "33554432", "> ",
        &head,
    ]
    .map(str::as_bytes);
    let mut damaged: Option<&(PathBuf, Vec<u8>)> = None;
    hold("objects", &repo, |draw, number| {
        if let Some((path, plain)) = damaged {
            fs::write(path, packed(plain)).unwrap();
        }
        let one = draw.one(&objects).0.clone();
        let one = objects.iter().find(|object| object.0 == one).unwrap();
        let file = match draw.below(3) {
            0 => draw.input(&[packed(&one.1).as_slice()], &words),
            _ => packed(&draw.input(&[one.1.as_slice()], &words)),
        };
        fs::write(&one.0, file).unwrap();
        damaged = Some(one);
        match number % 4 {
            0 => call(&["hook", "pre-commit"], b""),
            1 => call(&["check", "--all"], b""),
            2 => call(&["hook", "pre-push", "origin", "/srv/x"], push.as_bytes()),
            _ => call(&["check", "--from", "HEAD~2"], b""),
        }
    });
}

#[test]
fn no_answer_breaks_a_review() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().to_str().unwrap().to_owned();
    let body = |name: &str| {
        format!(
            "nonce=$(sed -n 's/^=== end of .*, nonce //p' | head -n 1)\n\
             sed \"s/NONCE/$nonce/\" '{folder}/{name}.said' > \"$1\""
        )
    };
    let agent = |name, family| script(&sandbox, [name, family], &["{answer}"], &body(name));
    let roles = "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\nretries = 0\n";
    let settings = [roles, &agent("eye", "one"), &agent("scale", "two")].concat();
    let scene = Scene::of(sandbox, Model::Nobody, &settings);
    let repo = scene.library_of(BUGGY);
    let reviewer = r#"{"findings":[{"class":"correctness/off-by-one","severity":"critical","basis":"invariant","title":"t",
        "path":"src/sum.rs","anchor":"    let all = &items[..items.len() - 1];","failure":"f","evidence":[{"path":"src/sum.rs",
        "text":"    let all = &items[..items.len() - 1];"}],"fix":"x","sweep":""}],"criteria":[],"attestation":[{"path":"src/sum.rs",
        "nonce":"NONCE","added_lines":5,"quote":"pub fn sum(items: &[u32]) -> u32 {"}],"unscanned":[]}"#;
    let arbiter = r#"{"id":"F-1","word":"refuted","evidence":[{"path":"src/sum.rs","quote":"    all.iter().sum()"}],"breaks":"b",
        "criterion":null,"duplicate_of":null,"extends_scope":false,"reason":"r","instruction":"i"}"#;
    let words = [
        "\"findings\":",
        "\"attestation\":",
        "\"class\":",
        "\"severity\":",
        "\"path\":",
        "\"anchor\":",
        "\"text\":",
        "\"high\"",
        "null",
        "[]",
        "{}",
        ",",
        "\"\"",
        "\"\\n\"",
        "...",
        "\"F-1\"",
        "\"upheld\"",
        "\"duplicate\"",
        "```json\n",
        "NONCE",
    ];
    hold("answers", &repo, |draw, number| {
        let drawn =
            |draw: &mut Draw, seed: &str| draw.input(&[seed.as_bytes()], &words.map(str::as_bytes));
        let whole = |seed: &str| seed.as_bytes().to_vec();
        let (first, second) = match number % 2 {
            0 => (drawn(draw, reviewer), whole(arbiter)),
            _ => (whole(reviewer), drawn(draw, arbiter)),
        };
        for (name, text) in [("eye", first), ("scale", second)] {
            fs::write(repo.sandbox.path().join(format!("{name}.said")), text).unwrap();
        }
        // Each review is the first.
        fs::remove_dir_all(repo.path(".git/tribunal")).unwrap_or_default();
        call(&["review", "--commit", "HEAD"], b"")
    });
}

#[test]
fn brackets_without_end_lock_nobody_out() {
    let sandbox = Sandbox::new();
    let repo = repository(&sandbox);
    repo.tribunal(&["hooks", "install"]).ok();
    let deep = "scope = { a b\n[gates]\n".repeat(20_000);
    for (path, text) in [
        ("tribunal.toml", deep.clone()),
        (".ai/constitution/a.md", format!("## R-7f3a A rule\n\n```toml rule\n{deep}```\n")),
    ] {
        repo.write(path, &text);
        repo.commit("feat: x").code(1).says("more than 100 brackets are open at once");
        repo.commit_unjudged("feat: policy");
        repo.write("src/c.rs", format!("// {path}\n")).commit("feat: c").ok().says("brackets");
        fs::remove_file(repo.path(path)).unwrap();
        repo.commit("fix: policy").ok();
    }
    let word = format!("gates.scope={}", &deep[..100_000]);
    repo.tribunal(&["config", "--set", &word]).code(2);
}
