//! A thousand secrets in changes, and in everything else that a review reads and hears: none gets
//! into a prompt, or into anything that is kept.
//!
//! What is promised is what the secret gate knows: each secret is of a kind that it has a rule for,
//! and `tribunal check` sees each where it stands. Where they may be: in git's objects, in the
//! person's own files, and in the checkout in which an executor works, while it works.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::brain::{Part, Question, is_reviewer, lost_error, yes};
use crate::harness::{Outcome, Repo, Sandbox, wait_for};
use crate::model_server::{Asked, Call, ModelServer, Say};
use crate::real;
use crate::scene::{Beside, KEYS, Model, Scene, script, served};

/// A small generator (splitmix64): the same seed draws the same text everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % bound
    }

    /// A text of that shape: `{w36}` are 36 bytes of class `w`.
    fn draw(&mut self, shape: &str) -> String {
        let mut text = String::new();
        let mut rest = shape;
        while let Some((before, after)) = rest.split_once('{') {
            let (run, after) = after.split_once('}').unwrap();
            let members: Vec<char> = (' '..'\u{7f}').filter(|c| is_in(&run[..1], *c)).collect();
            text.push_str(before);
            let count: usize = run[1..].parse().unwrap();
            text.extend((0..count).map(|_| members[self.below(members.len())]));
            rest = after;
        }
        text + rest
    }
}

fn is_in(class: &str, c: char) -> bool {
    match class {
        "d" => c.is_ascii_digit(),
        "h" => c.is_ascii_digit() || ('a'..='f').contains(&c),
        "n" => c.is_ascii_digit() || c.is_ascii_lowercase(),
        "a" => c.is_ascii_alphabetic(),
        "q" => c.is_ascii_uppercase() || ('2'..='7').contains(&c),
        "w" => c.is_ascii_alphanumeric(),
        "b" => c.is_ascii_alphanumeric() || c == '+' || c == '/',
        other => panic!("no class `{other}`"),
    }
}

/// Secrets that are known by their form, wherever they stand.
const FORMS: [&str; 28] = [
    "sk-ant-api03-{w93}",
    "sk-or-v1-{h64}",
    "gsk_{w52}",
    "xai-{w80}",
    "pplx-{w50}",
    "nvapi-{w64}",
    "tgp_v1_{w43}",
    "AKIA{q16}",
    "AIza{w35}",
    "GOCSPX-{w28}",
    "dop_v1_{h64}",
    "HRKU-{w60}",
    "sbp_{h40}",
    "sb_secret_{w22}_{w8}",
    "napi_{n64}",
    "pul-{h40}",
    "tsec_{w64}",
    "mdb_sa_sk_{w40}",
    "github_pat_{w22}_{w59}",
    "ATBB{w32}",
    "rubygems_{h48}",
    "CLOJARS_{n60}",
    "pypi-AgE{w70}",
    "SWMKEY-1-{b43}",
    "PMAK-{h24}-{h34}",
    "rdme_{n70}",
    "KGAT_{h32}",
    "xoxb-{d12}-{d12}-{w24}",
];

/// Secrets that are known by what stands around them: the file, what is before, the secret, what is
/// after. `@` is a number.
const PLACED: [(&str, &str, &str, &str); 14] = [
    ("env", "HEROKU_API_KEY=", "{h8}-{h4}-4{h3}-a{h3}-{h12}", ""),
    ("env", "AWS_SECRET_ACCESS_KEY=", "{b40}", ""),
    ("env", "DATABASE_URL=postgres://app:", "{w16}", "@db.internal:5432/prod"),
    ("py", "client_secret = \"", "{w32}", "\"  # @"),
    ("py", "headers[\"X-Api-Key\"] = \"", "{h32}", "\"  # @"),
    ("rs", "const API_KEY: &'static str = \"", "{w32}", "\"; // @"),
    ("go", "apiToken := \"", "{h40}", "\" // @"),
    ("yml", "  datadog_api_key: ", "{h32}", "  # @"),
    ("http", "Authorization: Bearer ", "{w40}", ""),
    ("sh", "curl -fsS -u ci:", "{w18}", " https://api.internal/v@"),
    ("sh", "tool login --password=", "{w14}7x", " --for @"),
    ("json", "\"password\": \"", "{w14}7x", "\", \"n\": @,"),
    ("txt", "jdbc:mysql://db/app?user=a&password=", "{w8}7{w8}", ""),
    ("toml", "api_key = \"", "{w32}", "\"  # @"),
];

/// How a secret of a known form stands in a file.
const AROUND: [(&str, &str, &str); 7] = [
    ("rs", "const K#: &str = \"", "\";"),
    ("py", "k# = '", "'"),
    ("env", "K#=", ""),
    ("json", "\"k#\": \"", "\","),
    ("yml", "  - k#: ", ""),
    ("toml", "k# = \"", "\""),
    ("md", "It runs with ", " on machine #."),
];

/// A secret in a line that it stands in.
#[derive(Clone, Debug)]
struct Secret {
    text: String,
    /// Some lines for a private key.
    line: String,
    ending: &'static str,
    /// Whether it is known wherever it stands.
    is_free: bool,
}

fn by_form(dice: &mut Dice, number: usize) -> Secret {
    let text = dice.draw(FORMS[number % FORMS.len()]);
    let (ending, before, after) = AROUND[(number / FORMS.len()) % AROUND.len()];
    let name = number.to_string();
    let line = [&before.replace('#', &name), text.as_str(), &after.replace('#', &name)].concat();
    Secret { text, line, ending, is_free: true }
}

fn by_place(dice: &mut Dice, number: usize) -> Secret {
    let (ending, before, shape, after) = PLACED[number % PLACED.len()];
    let text = dice.draw(shape);
    let name = number.to_string();
    let line = [before, text.as_str(), &after.replace('@', &name)].concat();
    Secret { text, line, ending, is_free: false }
}

fn private_key(dice: &mut Dice) -> Secret {
    let edge = |word: &str| format!("{0}{word} {1} KEY{0}", "-".repeat(5), "PRIVATE");
    let lines: Vec<String> = (0..8).map(|_| dice.draw("{b64}")).collect();
    let text = lines.join("\n");
    let line = format!("{}\n{text}\n{}", edge("BEGIN"), edge("END"));
    Secret { text, line, ending: "pem", is_free: true }
}

/// So many secrets, two thirds known by their form.
fn draw(seed: u64, count: usize) -> Vec<Secret> {
    let mut dice = Dice(seed);
    (0..count)
        .map(|number| match number % 24 {
            0 => private_key(&mut dice),
            n if n % 3 == 0 => by_place(&mut dice, number / 3),
            _ => by_form(&mut dice, number),
        })
        .collect()
}

/// One that is known without anything around it.
fn token(secrets: &[Secret]) -> &str {
    &secrets.iter().find(|secret| secret.is_free && secret.ending != "pem").unwrap().text
}

/// A file's path, its text, and the secrets in it by number, each with its line.
type Planted = (String, String, Vec<(usize, u64)>);

/// The files in which the secrets stand.
fn files(folder: &str, secrets: &[Secret]) -> Vec<Planted> {
    const IN_ONE: usize = 40;
    let mut by_ending: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, secret) in secrets.iter().enumerate() {
        by_ending.entry(secret.ending).or_default().push(at);
    }
    let mut files = Vec::new();
    for (ending, all) in by_ending {
        for (number, some) in all.chunks(IN_ONE).enumerate() {
            let mut text = String::new();
            let mut places = Vec::new();
            for at in some {
                places.push((*at, text.lines().count() as u64 + 1));
                writeln!(text, "{}", secrets[*at].line).unwrap();
            }
            files.push((format!("{folder}/{number}.{ending}"), text, places));
        }
    }
    files
}

/// What gives secrets away: pieces of each, as it is and in base64, at every position.
struct Search {
    pieces: HashMap<[u8; PIECE], usize>,
}

const PIECE: usize = 14;

impl Search {
    fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut pieces = HashMap::new();
        for (number, secret) in secrets.into_iter().enumerate() {
            for line in secret.text.lines() {
                let mut forms = vec![line.as_bytes().to_vec()];
                for before in 0..3 {
                    let bytes = [&vec![0; before], line.as_bytes()].concat();
                    let coded = STANDARD.encode(bytes).into_bytes();
                    // Its ends depend on what stands beside it.
                    forms.push(coded[4..coded.len() - 4].to_vec());
                }
                for form in forms.iter().filter(|form| form.len() >= PIECE) {
                    let end: [u8; PIECE] = form[form.len() - PIECE..].try_into().unwrap();
                    pieces.insert(end, number);
                }
            }
        }
        Self { pieces }
    }

    /// The numbers of the secrets in some bytes.
    fn found_in(&self, bytes: &[u8]) -> HashSet<usize> {
        let found = |window: &[u8]| self.pieces.get(window).copied();
        bytes.windows(PIECE).filter_map(found).collect()
    }

    /// The files with the numbers of the secrets that each holds, in its name or in its content.
    fn below(&self, folder: &Path) -> Vec<(PathBuf, Vec<usize>)> {
        let mut all = Vec::new();
        // The checkouts of command gates and one of executors stay, for the next time: they are as the
        // person's own.
        let stays = |name: &OsStr| name == "0" || name == "agent-0" || name == "spare";
        if folder.file_name().is_some_and(stays) {
            return all;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let path = entry.path();
            let mut found = self.found_in(entry.file_name().as_encoded_bytes());
            if entry.file_type().unwrap().is_dir() {
                all.extend(self.below(&path));
            } else if entry.file_type().unwrap().is_file() {
                found.extend(self.found_in(&fs::read(&path).unwrap()));
            }
            if !found.is_empty() {
                all.push((path, found.into_iter().collect()));
            }
        }
        all
    }
}

/// All that the program and its agents keep.
fn kept(repo: &Repo<'_>) -> Vec<PathBuf> {
    let sandbox = repo.sandbox;
    let own = repo.path(".git/tribunal");
    vec![own, sandbox.home(), sandbox.path().join("tmp"), repo.path("docs/review"), asked(sandbox)]
}

#[track_caller]
fn nothing_is_kept(repo: &Repo<'_>, search: &Search) {
    let leaks: Vec<_> = kept(repo).iter().flat_map(|folder| search.below(folder)).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// The folder in which agents that are scripts keep what they were asked.
fn asked(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("asked")
}

/// An agent that is a script. What it is asked is kept.
fn agent(sandbox: &Sandbox, name: &str, family: &str, body: &str) -> String {
    fs::create_dir_all(asked(sandbox)).unwrap();
    let body = format!("cat > '{}'/{name}.$$\n{body}", asked(sandbox).display());
    script(sandbox, [name, family], &["{answer}"], &body)
}

/// The settings of a person with a reviewer, an arbiter and an executor.
fn settings(sandbox: &Sandbox, agents: &[String; 3]) {
    let roles = "[agents]\nreviewer.use = \"eye\"\narbiter.use = \"scale\"\n\
        executor.use = \"hand\"\nretries = 0\n";
    sandbox.settings(&(roles.to_owned() + &agents.concat()));
}

/// What lets a change with secrets through to the models.
const LENIENT: &str = "[gates]\nsecrets = { level = \"warn\" }\nsensitive-files = { level = \"warn\" }\n\
                       scope = { level = \"off\" }\n[review]\nrounds = { s = 4, m = 4, l = 4 }\n";

fn all_lines(secrets: &[Secret]) -> String {
    secrets.iter().fold(String::new(), |text, secret| text + &secret.line + "\n")
}

#[test]
fn a_change_with_secrets_is_stopped_before_anybody_is_asked() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let secrets = draw(3, 60);
    settings(
        &sandbox,
        &[
            agent(&sandbox, "eye", "one", "echo asked"),
            agent(&sandbox, "scale", "two", "echo asked"),
            agent(&sandbox, "hand", "two", "echo asked"),
        ],
    );
    repo.write("a", "1\n").commit_unjudged("feat: begin");
    for (path, text, _) in files("src", &secrets) {
        repo.write(path, text);
    }
    repo.commit_unjudged("feat: more");
    for more in [&[][..], &["--fix"]] {
        let said = repo.tribunal(&[&["review", "--commit", "HEAD", "--report"], more].concat());
        assert_ne!(said.code, 0, "{said}");
        assert_eq!(fs::read_dir(asked(&sandbox)).unwrap().count(), 0, "{said}");
        let search = Search::new(&secrets);
        assert_eq!(search.found_in(said.stdout.as_bytes()).len(), 0, "{said}");
        assert_eq!(search.found_in(said.stderr.as_bytes()).len(), 0, "{said}");
        nothing_is_kept(&repo, &search);
    }
}

/// A finding that repeats secrets in whatever it says.
fn chatty(path: &str, anchor: &str, secrets: &[Secret]) -> Value {
    let some = |from: usize| all_lines(&secrets[from % secrets.len()..][..5]);
    let mut finding = lost_error(path, anchor, token(&secrets[7..]));
    finding["severity"] = json!("critical");
    for (field, from) in [("failure", 10), ("fix", 40), ("sweep", 50), ("basis", 60)] {
        finding[field] = json!(some(from));
    }
    finding["evidence"] =
        json!([{"path": path, "text": some(20)}, {"path": some(30), "text": some(70)}]);
    finding
}

/// Reads everything, finds a mistake and says all that it should not.
fn indiscreet(asked: &Asked, secrets: &[Secret]) -> Say {
    if !is_reviewer(asked) {
        let mut word = yes(&Question::read(asked));
        word["reason"] = json!(all_lines(&secrets[80..90]));
        word["instruction"] = json!(format!("remove {}", token(&secrets[95..])));
        word["evidence"] = json!([{"path": "src/calm.rs", "quote": all_lines(&secrets[90..95])}]);
        return Say::json(word);
    }
    let mut findings = Vec::new();
    let verifies =
        asked.schema.as_ref().is_some_and(|schema| schema["properties"]["verified"].is_object());
    if !verifies && asked.prompt.contains("=== src/calm.rs") {
        findings.push(chatty("src/calm.rs", "    fs::write(path, text);", secrets));
        findings.push(chatty(&secrets[3].line, &secrets[4].line, secrets));
    }
    let mut answer = Question::read(asked).answer(&findings);
    answer["criteria"] =
        json!([{"id": "AC-1", "met": "met", "why": all_lines(&secrets[100..110])}]);
    answer["unscanned"] = json!([]);
    if verifies {
        answer["verified"] = json!([{
            "id": "F-1", "resolved": true,
            "quote": {"path": "src/calm.rs", "text": "    fs::write(path, text)?;"},
        }]);
    }
    Say::json(answer)
}

const CALM: &str =
    "use std::fs;\n\nfn keep(path: &str, text: &str) {\n    fs::write(path, text);\n}\n";

/// The secrets that `tribunal check` does not see in the last commit.
fn unseen(repo: &Repo<'_>, files: &[Planted]) -> Vec<usize> {
    let said = repo.tribunal(&["check", "--from", "HEAD~1", "--format", "json"]).json();
    let findings = said["findings"].as_array().unwrap();
    let seen: HashSet<(&str, u64)> = findings
        .iter()
        .filter(|finding| finding["gate"] == "secrets")
        .map(|finding| (finding["path"].as_str().unwrap(), finding["line"].as_u64().unwrap()))
        .collect();
    files
        .iter()
        .flat_map(|(path, _, places)| places.iter().map(move |place| (path.as_str(), *place)))
        .filter(|(path, (_, line))| !seen.contains(&(path, *line)))
        .map(|(_, (at, _))| at)
        .collect()
}

#[test]
fn a_thousand_secrets_get_nowhere() {
    thousand(known_secrets());
}

/// A thousand secrets that the gate knows where they stand: what it does not know is outside of what is
/// promised.
fn known_secrets() -> &'static [Secret] {
    static KNOWN: OnceLock<Vec<Secret>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let sandbox = Sandbox::new();
        let repo = sandbox.repo("r");
        let drawn = draw(5, 1_040);
        repo.write("tribunal.toml", LENIENT).commit_unjudged("chore: try");
        let placed = files("src", &drawn);
        for (path, text, _) in &placed {
            repo.write(path, text);
        }
        repo.commit_unjudged("feat: try");
        let unseen = unseen(&repo, &placed);
        assert!(
            unseen.len() <= 30,
            "{}: {:#?}",
            unseen.len(),
            unseen.iter().map(|at| &drawn[*at]).collect::<Vec<_>>()
        );
        let kept_ones = drawn.iter().enumerate().filter(|(at, _)| !unseen.contains(at));
        let secrets: Vec<Secret> = kept_ones.map(|(_, secret)| secret.clone()).collect();
        assert!(secrets.len() >= 1_000, "{}", secrets.len());
        secrets
    })
}

/// The first commit: notes for agents that hold secrets, and a command that fails until a fix was tested, with
/// secrets in what it prints.
fn begin(repo: &Repo<'_>, notes: &[Secret], gate: &[Secret], message: &str) {
    let log = repo.sandbox.path().join("gate-says");
    fs::write(&log, all_lines(gate)).unwrap();
    let command = format!("[ -e src/tested ] || {{ cat '{}'; false; }}", log.display());
    let policy =
        format!("{LENIENT}[[commands]]\nname = \"probe\"\nrun = '''{command}'''\non = [\"run\"]\n");
    repo.write("tribunal.toml", policy)
        .write("AGENTS.md", format!("# How it is done\n{}", all_lines(notes)))
        .write("src/calm.rs", "use std::fs;\n")
        .commit_unjudged(&format!("feat: begin\n\n{message}"));
    repo.tribunal(&["trust", "--yes"]).ok();
}

/// The change under review, with secrets in its files and in the name of its branch.
fn change(repo: &Repo<'_>, secrets: &[Secret], branch: &[Secret], message: &str) {
    for (path, text, _) in files("src", secrets) {
        repo.write(path, text);
    }
    repo.write("src/calm.rs", CALM);
    repo.git(&["checkout", "-q", "-b", &format!("work/{}", token(branch))]).ok();
    repo.commit_unjudged(message);
}

/// What the real programs send, of their own too, in a review and a fix of a change with a thousand
/// secrets, with more in what stands beside it.
fn on_the_wire(test: &str, [executor, reviewer]: [&str; 2]) {
    let Some(programs) = real::programs(test) else { return };
    if !real::codex_is_held(test) {
        return;
    }
    let secrets = known_secrets();
    let free: Vec<Secret> = draw(11, 300).into_iter().filter(|secret| secret.is_free).collect();
    let [notes, spec, message, says, gate] =
        [0, 25, 50, 60, 180].map(|from| &free[from..][..if from == 60 { 120 } else { 10 }]);
    let search = Search::new(secrets.iter().chain(&free));
    let settings = format!(
        "[agents]\nreviewer.use = \"{reviewer}\"\narbiter.use = \"{reviewer}\"\n\
         executor.use = \"{executor}\"\nretries = 0\n"
    );
    let brain = {
        let says = says.to_vec();
        move |asked: &Asked| match Question::read(asked) {
            Question { part: Part::Fix, places, .. } if places.contains("src/calm.rs") => {
                let path = "src/calm.rs".to_owned();
                let line = |end: &str| format!("    fs::write(path, text){end}");
                let (old, new) = (line(";"), line("?;"));
                Say::done(vec![Call::Read(path.clone()), Call::Edit { path, old, new }])
            }
            Question { part: Part::Fix, .. } => {
                let (path, content) = ("src/tested".to_owned(), "yes\n".to_owned());
                Say::done(vec![Call::Write { path, content }])
            }
            _ => indiscreet(asked, &says),
        }
    };
    let scene = Scene::real(Sandbox::new(), programs, &settings, brain).logged_in(&KEYS);
    let repo = scene.sandbox.repo("r");
    begin(&repo, notes, gate, &all_lines(&message[..5]));
    // In the subject too: that is what a program would tell of its repository's log.
    let subject = token(message);
    let words = format!("feat: more {subject}\n\n{}", all_lines(&message[5..]));
    change(&repo, secrets, &free[208..], &words);
    let spec_file = spec_with(&scene.sandbox, spec);
    let words = ["review", "--commit", "HEAD", "--fix", "--spec", spec_file.to_str().unwrap()];
    let outcome = repo.tribunal(&words);
    came_to_its_end(&repo, &outcome);
    let asked = scene.asked();
    let masked = |text: &str| text.matches("[redacted:").count();
    let shown: usize = asked.iter().map(|asked| masked(&asked.prompt)).sum();
    assert!(shown >= secrets.len(), "{shown}: not all was delivered");
    let printed = |asked: &&Asked| asked.prompt.contains("What `probe` printed");
    assert!(asked.iter().find(printed).is_some_and(|asked| masked(&asked.prompt) >= gate.len()));
    nothing_is_sent(&scene, &search);
    nothing_is_kept(&repo, &search);
}

/// Whatever a model was asked, of each kind, and what was sent beside that.
fn nothing_is_sent(scene: &Scene, search: &Search) {
    let asked = scene.asked();
    let parts: HashSet<_> =
        asked.iter().map(|asked| format!("{:?}", Question::read(asked).part)).collect();
    for part in ["Review", "Verify", "Arbitrate", "Fix"] {
        assert!(parts.contains(part), "{part} is missing in {parts:?}");
    }
    for asked in &asked {
        let (body, headers) = (asked.body.to_string(), format!("{:?}", asked.headers));
        for sent in [&body, &headers] {
            let found = search.found_in(sent.as_bytes());
            assert!(found.is_empty(), "{found:?} in {sent}");
        }
        assert!(!body.contains("feat: more"), "a message of the author: {body}");
    }
    let Model::Server(server) = &scene.model else { unreachable!() };
    assert_eq!(search.found_in(server.other().join("\n").as_bytes()).len(), 0);
}

#[test]
fn nothing_that_claude_sends_when_codex_reviews_holds_a_secret() {
    let test = "redaction::nothing_that_claude_sends_when_codex_reviews_holds_a_secret";
    on_the_wire(test, ["claude", "codex"]);
}

#[test]
fn nothing_that_codex_sends_when_claude_reviews_holds_a_secret() {
    let test = "redaction::nothing_that_codex_sends_when_claude_reviews_holds_a_secret";
    on_the_wire(test, ["codex", "claude"]);
}

/// A spec whose goal and criterion hold these.
fn spec_with(sandbox: &Sandbox, spec: &[Secret]) -> PathBuf {
    let spec_file = sandbox.path().join("spec.md");
    let text = format!(
        "# Keep\n\n## Goal\nFiles are kept.\n{}\n## Acceptance criteria\n- **AC-1** WHEN `keep` is \
         called THEN an error is told {}\n  - verify: human\n",
        all_lines(spec),
        token(spec)
    );
    fs::write(&spec_file, text).unwrap();
    spec_file
}

/// What is told of a review later.
fn nothing_is_told(repo: &Repo<'_>, search: &Search, spec: &str) {
    for words in [
        &["review", "--commit", "HEAD", "--spec", spec, "--report"][..],
        &["review", "--commit", "HEAD", "--spec", spec, "--report", "--format", "json"],
        &["findings"],
        &["runs"],
        &["cost"],
    ] {
        let outcome = repo.tribunal(words);
        assert_eq!(search.found_in(outcome.stdout.as_bytes()).len(), 0, "{outcome}");
        assert_eq!(search.found_in(outcome.stderr.as_bytes()).len(), 0, "{outcome}");
    }
}

fn thousand(secrets: &[Secret]) {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    // Others, for the places beside the change.
    let free: Vec<Secret> = draw(11, 300).into_iter().filter(|secret| secret.is_free).collect();
    let [notes, spec, message, says, writes, gate] =
        [0, 25, 50, 60, 180, 200].map(|from| &free[from..][..if from == 60 { 120 } else { 10 }]);
    let search = Search::new(secrets.iter().chain(&free));

    begin(&repo, notes, gate, "");
    repo.write(format!("dumps/{}.txt", token(&free[205..])), "one\ntwo\nthree\n");
    change(&repo, secrets, &free[208..], &format!("feat: more\n\n{}", all_lines(message)));
    let spec_file = spec_with(&sandbox, spec);

    let said = sandbox.path().join("hand-says");
    fs::write(&said, all_lines(writes)).unwrap();
    let body = format!(
        "cat '{0}'; cat '{0}' >&2; cp '{0}' \"$TMPDIR/left\"; cat src/0.* | head -c 9000; \
         cat '{0}' > \"$1\"; \
         [ ! -e src/tested ] || sed -i 's/text);/text)?;/' src/calm.rs; touch src/tested",
        said.display()
    );
    let server = {
        let says = says.to_vec();
        ModelServer::start(move |asked| indiscreet(asked, &says))
    };
    settings(
        &sandbox,
        &[
            served(&server, ["eye", "one"], ""),
            served(&server, ["scale", "two"], ""),
            agent(&sandbox, "hand", "two", &body),
        ],
    );
    let spec = spec_file.to_str().unwrap();
    let outcome =
        repo.tribunal(&["review", "--commit", "HEAD", "--fix", "--report", "--spec", spec]);
    came_to_its_end(&repo, &outcome);
    let masked = |text: &str| text.matches("[redacted:").count();
    let shown: usize = server.asked().iter().map(|asked| masked(&asked.prompt)).sum();
    assert!(shown >= secrets.len(), "{shown}: not all was delivered");
    let hand =
        fs::read_dir(asked(&sandbox)).unwrap().map(|e| fs::read_to_string(e.unwrap().path()));
    assert!(
        hand.map(Result::unwrap).any(|prompt| masked(&prompt) >= gate.len()),
        "the gate is quoted"
    );
    for asked in server.asked() {
        assert_eq!(search.found_in(asked.body.to_string().as_bytes()).len(), 0, "{}", asked.prompt);
    }
    for text in [&outcome.stdout, &outcome.stderr] {
        assert_eq!(search.found_in(text.as_bytes()).len(), 0, "{outcome}");
    }
    nothing_is_kept(&repo, &search);

    // Answered from a receipt, and listed.
    nothing_is_told(&repo, &search, spec);
    nothing_is_kept(&repo, &search);
}

/// The loop ran: a review, an arbiter's word, a fix, and its checkout is gone.
fn came_to_its_end(repo: &Repo<'_>, outcome: &Outcome) {
    let said = &outcome.stderr;
    assert!(said.contains("reviews") && said.contains("arbitrates"), "{said}");
    assert!(said.contains("tribunal/"), "nothing is offered: {said}");
    assert_eq!(checkouts(repo.sandbox), Vec::<PathBuf>::new());
}

/// The checkouts of runs, and the rooms of their judges.
fn checkouts(sandbox: &Sandbox) -> Vec<PathBuf> {
    let below =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path());
    let of_runs = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("run-") || name.starts_with("room-")
    };
    below(sandbox.home().join(".cache/tribunal/trees")).flat_map(below).filter(of_runs).collect()
}

#[test]
fn what_a_killed_review_leaves_is_cleaned_by_the_next_one() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo("r");
    let secrets: Vec<Secret> = draw(7, 60).into_iter().filter(|secret| secret.is_free).collect();
    let search = Search::new(&secrets);
    let said = sandbox.path().join("says");
    fs::write(&said, all_lines(&secrets)).unwrap();
    let (ready, hang) = (sandbox.path().join("ready"), sandbox.path().join("hang"));
    fs::write(&hang, "").unwrap();
    let body = format!(
        "cat '{0}'; cat '{0}' >&2; cp '{0}' \"$TMPDIR/left\"; cat '{0}' > \"$1\"; touch '{1}'\n\
         [ ! -e '{2}' ] || exec sleep 60",
        said.display(),
        ready.display(),
        hang.display()
    );
    settings(
        &sandbox,
        &[
            agent(&sandbox, "eye", "one", &body),
            agent(&sandbox, "scale", "two", &body),
            agent(&sandbox, "hand", "two", &body),
        ],
    );
    repo.write("a", "1\n").commit_unjudged("feat: begin");
    repo.write("a", "1\n2\n3\n").commit_unjudged("feat: one");
    let mut review = Beside::start(&repo, &["review", "--commit", "HEAD"], "review");
    wait_for("the agent", || ready.exists());
    review.child.kill().unwrap();
    review.child.wait().unwrap();
    assert!(!search.below(&repo.path(".git/tribunal")).is_empty(), "the test has nothing to find");
    assert!(!checkouts(&sandbox).is_empty(), "the test has nothing to clean");
    fs::remove_file(&hang).unwrap();
    // Of another change: the killed run is nobody's any more.
    repo.write("a", "1\n2\n3\n4\n5\n").commit_unjudged("feat: two");
    // What the agents say is no answer, twice, and the second question quotes the first one.
    let outcome = repo.tribunal(&["review", "--commit", "HEAD", "--report"]);
    assert!(outcome.code != 0, "{outcome}");
    assert_eq!(fs::read_dir(asked(&sandbox)).unwrap().count(), 3, "{outcome}");
    assert_eq!(search.found_in(outcome.stderr.as_bytes()).len(), 0, "{outcome}");
    assert_eq!(checkouts(&sandbox), Vec::<PathBuf>::new());
    nothing_is_kept(&repo, &search);
}
