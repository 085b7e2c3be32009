//! Repositories in which other people's words stand wherever words can stand.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use serde_json::json;

use super::{MARK, STEERING, assert_safe, assert_shown, nasty};
use crate::harness::{Repo, Sandbox, run};
use crate::scene::{script, secret};

/// A repository to try commands in.
pub struct Scenery<'a> {
    pub repo: Repo<'a>,
    /// The id of a finding.
    pub finding: String,
    /// What hooks are given to read.
    lines: Vec<u8>,
    /// The commands that certainly print what stands here.
    pub telling: Vec<&'static str>,
    /// Whether some of it is printed with a style.
    pub is_styled: bool,
}

impl<'a> Scenery<'a> {
    fn of(repo: Repo<'a>, telling: &[&'static str]) -> Self {
        fs::write(repo.path("../message"), format!("feat: x\n\n{}\n", nasty())).unwrap();
        let report = repo.path("../report");
        if !report.exists() {
            fs::write(report, "f:1: something\n").unwrap();
        }
        repo.write("staged", format!("{} HEAD\n{}\n", "<".repeat(7), nasty()));
        repo.git(&["add", "--all"]).ok();
        let added = ["findings", "add", "--class", "other/x", "--at", "f:1", "--message", "m"];
        let said = repo.tribunal(&[&added[..], &["--format", "json"]].concat());
        // Where the settings cannot be read there is no finding either.
        let finding = if said.code == 0 {
            said.json()["finding"]["id"].as_str().unwrap().to_owned()
        } else {
            assert!(said.stderr.contains(".toml"), "{said}");
            "01J".to_owned()
        };
        let head = repo.rev("HEAD");
        let lines = format!("refs/heads/main {head} refs/heads/main {}\n", "0".repeat(40));
        let telling = telling.to_vec();
        Self { repo, finding, lines: lines.into_bytes(), telling, is_styled: true }
    }

    /// What a row reads.
    pub fn input(&self, row: &str) -> Vec<u8> {
        match row.split(' ').nth(1) {
            Some("pre-push") => self.lines.clone(),
            Some("pre-receive") => {
                let text = String::from_utf8(self.lines.clone()).unwrap();
                let words: Vec<&str> = text.split_whitespace().collect();
                format!("{} {} {}\n", words[3], words[1], words[2]).into_bytes()
            }
            Some("post-rewrite") => format!("{} {}\n", nasty(), nasty()).into_bytes(),
            _ => Vec::new(),
        }
    }

    /// What was written for people to read must not steer either.
    pub fn look_at_files(&self) {
        for folder in ["docs/review", "docs/progress", ".ai/constitution"] {
            for entry in fs::read_dir(self.repo.path(folder)).into_iter().flatten().flatten() {
                // What the repository came with is its own.
                let is_tracked = !self.repo.git(&["ls-files", "--", folder]).out().is_empty();
                if !is_tracked {
                    assert_shown(folder, &fs::read(entry.path()).unwrap(), false);
                }
            }
        }
    }
}

type Build = for<'a> fn(&'a Sandbox) -> Scenery<'a>;

/// All of them, with their names.
pub const SCENES: [(&str, Build); 13] = [
    ("commands that nobody agreed to", commands),
    ("commands that fail", failing),
    ("a key that is unknown", |sandbox| policy(sandbox, &format!("{} = 1\n", quoted(&nasty())))),
    ("a value that is wrong", |sandbox| {
        policy(sandbox, &format!("[gates]\nscope = {}\n", quoted(&nasty())))
    }),
    ("a policy that is no TOML", |sandbox| {
        let scenery = policy(sandbox, &format!("a = {}\n", nasty()));
        // Nothing of it is quoted; the title of its commit is.
        let amend = ["commit", "--quiet", "--amend", "--no-verify", "--message", STEERING];
        scenery.repo.git(&amend).ok();
        scenery
    }),
    ("globs and durations", |sandbox| {
        let bad = quoted(&format!("[{}", nasty()));
        let text = format!(
            "[gates.secrets]\nallow-paths = [{bad}]\nallow = [{bad}]\n[gates.scope]\nexempt = [{bad}]\n\
             [watch]\nsettle = {bad}\nspecs = [{bad}]\n[protect]\nbranches = [{bad}]\n"
        );
        policy(sandbox, &text)
    }),
    ("names, contents and messages", tree),
    ("rules", rules),
    ("specs", specs),
    ("a ledger and reports of tools", ledger),
    ("settings of the user", settings),
    ("settings of the user that are wrong", |sandbox| {
        let repo = begun(sandbox);
        sandbox.settings(&format!("[review]\n{} = 1\n", quoted(&nasty())));
        Scenery::of(repo, &["config", "status", "hook pre-commit"])
    }),
    ("answers of agents", answers),
];

/// A text of TOML and YAML, with everything escaped that cannot stand there as it is.
fn quoted(text: &str) -> String {
    let escape = |c: char| match c {
        ' '..='~' if c != '"' && c != '\\' => c.to_string(),
        _ => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn begun(sandbox: &Sandbox) -> Repo<'_> {
    let repo = sandbox.repo("r");
    repo.write("f", "one\n").commit_unjudged("first");
    repo.write("f", "one\ntwo\n").commit_unjudged("second");
    repo
}

/// The policy is that of the base, and stands in the work tree.
fn policy<'a>(sandbox: &'a Sandbox, text: &str) -> Scenery<'a> {
    let repo = begun(sandbox);
    repo.write("tribunal.toml", text).commit_unjudged("policy");
    Scenery::of(repo, &["config", "hook pre-commit", "check --from HEAD~1"])
}

fn command_gate(run: &str) -> String {
    let nasty = quoted(&nasty());
    // A name with control characters is no name.
    let name: String = STEERING.chars().filter(|c| !c.is_control()).collect();
    let name = quoted(&name);
    format!(
        "[[commands]]\nname = {name}\nrun = {}\non = [\"pre-commit\", \"pre-push\", \"run\"]\n\
         share = [{nasty}]\n[[commands]]\nname = \"b\"\nrun = {}\non = [\"pre-commit\"]\n\
         format = {}\n",
        quoted(run),
        quoted(run),
        quoted(&format!("(?P<message>PWN.*){}", STEERING.replace(['[', ']'], "")))
    )
}

fn commands(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    let run = format!("true # {}", nasty().replace('\n', " "));
    repo.write("tribunal.toml", command_gate(&run)).commit_unjudged("policy");
    Scenery::of(repo, &["hook pre-commit", "trust", "hook pre-push {} {}"])
}

fn failing(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    fs::write(sandbox.path().join("said"), nasty()).unwrap();
    let run = format!("cat {}; exit 3", sandbox.path().join("said").display());
    let text = command_gate(&run).replace(&format!("share = [{}]\n", quoted(&nasty())), "");
    repo.write("tribunal.toml", text).commit_unjudged("policy");
    repo.tribunal(&["trust", "--yes"]).ok();
    Scenery::of(repo, &["hook pre-commit", "check --all --commands", "trust --list"])
}

/// A path, a branch, a tag, an author and a message, and lines beside which a gate finds something.
fn tree(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    let name = nasty().replace('/', "");
    let token = secret();
    let text = format!("x\n::error::PWN {token}\n  ##[error]PWN {token} {}\n", nasty());
    repo.write(&name, &text);
    // A name and a text that are no UTF-8.
    let odd = [b"PWN\xff\x9b35m-", &name.as_bytes()[..40]].concat();
    repo.write(
        std::ffi::OsStr::from_bytes(&odd),
        [&b"\x9b35m PWN\xff"[..], text.as_bytes()].concat(),
    );
    repo.git(&["add", "--all"]).ok();
    let author = format!("--author={} <a@b>", STEERING.replace(['\n', '<', '>'], ""));
    let message = format!("feat: {}", nasty());
    repo.git(&["commit", "--quiet", "--no-verify", &author, "-m", &message]).ok();
    let branch: String =
        STEERING.chars().filter(|c| !c.is_ascii_control() && !"[ ?*\\".contains(*c)).collect();
    repo.git(&["checkout", "--quiet", "-b", &branch]).ok();
    repo.git(&["tag", "-a", "-m", &message, &format!("v{branch}")]).ok();
    let mut scenery = Scenery::of(
        repo,
        &["check --from HEAD~1", "check --all --commands", "hook pre-push {} {}"],
    );
    let head = scenery.repo.rev("HEAD");
    let tag = scenery.repo.rev(&format!("v{branch}"));
    scenery.lines = format!(
        "refs/heads/{branch} {head} refs/heads/{branch} {0}\nrefs/tags/v{branch} {tag} refs/tags/v{branch} {0}\n",
        "0".repeat(40)
    )
    .into_bytes();
    scenery
}

fn rules(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    let (title, nasty) = (STEERING.replace(['\u{b}', '\u{c}', '\u{85}'], ""), quoted(&nasty()));
    let rule = |id: &str, fields: &str| {
        format!(
            "## {id} {title}\n\n```toml rule\nstatus = \"active\"\nseverity = \"high\"\n{fields}```\nText.\n\n"
        )
    };
    let good = rule(
        "R-aaaa",
        "class = \"testing/flaky\"\npaths = [\"**\"]\n\
         check = { kind = \"regex\", pattern = 'PWN|t.o', on = \"anywhere\" }\n",
    );
    let broken = [
        rule("R-aaab", &format!("class = {nasty}\ncheck = {{ kind = \"none\" }}\n")),
        rule("R-aaac", &format!("class = \"a/b\"\n{nasty} = 1\ncheck = {{ kind = \"none\" }}\n")),
        rule(
            "R-aaad",
            &format!(
                "class = \"a/b\"\npaths = [{}]\ncheck = {{ kind = \"none\" }}\n",
                quoted(&format!("[{MARK}\u{1b}\n::error::x"))
            ),
        ),
        rule(
            "R-aaae",
            &format!(
                "class = \"a/b\"\ncheck = {{ kind = \"regex\", pattern = {} }}\n",
                quoted(&format!("({MARK}\u{1b}\u{202e}\n::error::x"))
            ),
        ),
        rule("R-aaaf", &format!("class = \"a/b\"\ncheck = {{ kind = {nasty} }}\n")),
        rule(&nasty[1..nasty.len() - 1], "class = \"a/b\"\n"),
        format!("## R-aaag {title}\n\n```toml rule\n{STEERING}\n```\n"),
    ];
    repo.write(".ai/constitution/testing.md", format!("# {title}\n\n{good}"));
    for (number, text) in broken.iter().enumerate() {
        repo.write(format!(".ai/constitution/b{number}.md"), format!("# {title}\n\n{text}"));
    }
    repo.write(format!(".ai/constitution/{STEERING}.md"), "# T\n\n## R-zzzz\n");
    repo.commit_unjudged("rules");
    Scenery::of(
        repo,
        &["constitution list", "constitution check", "constitution test", "hook pre-commit"],
    )
}

pub fn specs(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    let words = STEERING;
    let marked = |id: &str, title: &str| {
        format!(
            "---\nid: {id}\nstatus: {title}\n{title}: 1\n---\n# {words}\n\n## Goal\n{words}\n\n\
             ## {words}\n\n## Acceptance criteria\n- **AC-1** {words} WHEN a THEN b\n- **{words}** x\n"
        )
    };
    repo.write("docs/specs/one.md", marked("ONE", &quoted(&nasty())));
    repo.write("docs/specs/two.md", marked(&quoted(&nasty()), "ready"));
    let yaml = format!(
        "id: {0}\ntitle: {0}\n{0}: 1\nsteps:\n  - id: {0}\n    spec: {0}\n    depends_on: [{0}]\n",
        quoted(&nasty())
    );
    repo.write("docs/specs/three.yaml", yaml);
    repo.write("docs/specs/four.yaml", format!("id: a\ntitle: {words}\n\t{words}\n"));
    repo.write(format!("docs/specs/{}.md", nasty().replace('/', "")), marked("FIVE", "ready"));
    repo.commit_unjudged("specs");
    Scenery::of(repo, &["spec list", "spec lint", "spec show ONE"])
}

pub fn ledger(sandbox: &Sandbox) -> Scenery<'_> {
    let repo = begun(sandbox);
    let nasty = nasty();
    let add = |class: &str| {
        let words = ["findings", "add", "--class", class, "--at", "f:1", "--message", &nasty];
        repo.tribunal(&words).code(0)
    };
    for class in ["testing/flaky", "other/x", "testing/flaky"] {
        add(class);
        repo.commit_unjudged("more");
    }
    let sarif = json!({
        "version": "2.1.0", "runs": [{
            "tool": {"driver": {"name": nasty, "rules": [{"id": nasty}]}},
            "results": [{
                "ruleId": nasty, "level": "error", "message": {"text": nasty},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "f"}, "region": {"startLine": 2},
                }}],
            }],
        }],
    });
    let wrong_version = json!({"version": nasty, "runs": []});
    let rdjson = json!({
        "source": {"name": nasty}, "diagnostics": [{
            "message": nasty, "severity": nasty,
            "location": {"path": nasty, "range": {"start": {"line": 1}}},
        }],
    });
    let cargo = json!({
        "reason": "compiler-message", "message": {
            "message": nasty, "level": "error", "code": {"code": nasty}, "children": [],
            "rendered": nasty, "spans": [{
                "file_name": "f", "line_start": 1, "line_end": 1, "column_start": 1,
                "column_end": 2, "is_primary": true, "text": [],
            }],
        },
    });
    for report in [sarif, wrong_version, rdjson, cargo] {
        fs::write(repo.path("../report"), report.to_string()).unwrap();
        let mut command = repo.command(&["findings", "import", "../report"]);
        command.env("TRIBUNAL_ACTOR", nasty.replace('\n', " "));
        let said = run(command, b"");
        for stream in [&said.stdout, &said.stderr] {
            assert_safe("import", stream.as_bytes(), false);
        }
    }
    let lines = format!("f:1: {STEERING}\n{nasty}\n{STEERING}:2: {STEERING}\n");
    fs::write(repo.path("../report"), lines).unwrap();
    let mut command = repo.command(&["hook", "pre-commit"]);
    command.env("TRIBUNAL_SKIP", format!("secrets,{}", STEERING.replace(',', "")));
    run(command, b"");
    Scenery::of(
        repo,
        &["findings", "findings list --status all", "findings dismiss ID --reason {}"],
    )
}

fn settings(sandbox: &Sandbox) -> Scenery<'_> {
    let nasty = quoted(&nasty());
    let program =
        script(sandbox, ["script", "f"], &[], "cat >/dev/null; printf 'PWN\\033[35m'; exit 7");
    sandbox.settings(&format!(
        "[agents]\nreviewer.use = \"script\"\narbiter.use = {nasty}\nexecutor.model = {nasty}\n\
         [programs]\nclaude = {{ path = {nasty}, endpoint = {nasty} }}\n{program}"
    ));
    let repo = begun(sandbox);
    Scenery::of(repo, &["config", "doctor"])
}

/// A reviewer that says nasty things, once in the right form and once in none.
fn answers(sandbox: &Sandbox) -> Scenery<'_> {
    let said = sandbox.path().join("said");
    fs::write(&said, format!("{{\"findings\": [{{\"title\": {}}}]}}\n{}", json!(nasty()), nasty()))
        .unwrap();
    let body = format!("cat >/dev/null\ncat {0}\ncat {0} >&2\nexit 1", said.display());
    let agents = script(sandbox, ["script", "f"], &[], &body);
    sandbox.settings(&format!(
        "[agents]\nreviewer.use = \"script\"\narbiter.use = \"script\"\nretries = 0\n{agents}"
    ));
    let repo = begun(sandbox);
    Scenery::of(repo, &["review --commit HEAD --report", "runs"])
}
