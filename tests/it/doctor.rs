//! `tribunal doctor`, with small scripts in the place of the agents' programs.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Outcome, Repo, Sandbox, executable};

/// What `claude --help` names, as far as it counts.
const CLAUDE: &str = r#"case "$*" in
--version) echo '9.8.7 (Claude Code)' ;;
--help) echo '--setting-sources --strict-mcp-config --tools --output-format --permission-mode --print --verbose' ;;
'auth status') test -e "$HOME/logged-in"; echo "{\"loggedIn\": $(test -e "$HOME/logged-in" && echo true || echo false)}" ;;
*) exit 1 ;;
esac"#;

const CODEX: &str = r#"echo "$*" >> "$0.log"
case "$*" in
--version) echo 'codex-cli 1.2.3' ;;
'exec --help') echo '--strict-config --ignore-user-config --ephemeral --json --sandbox --skip-git-repo-check --output-schema --output-last-message' ;;
sandbox*) test ! -e "$0.broken" || { echo 'bwrap: Creating new namespace failed' >&2; exit 1; } ;;
'login status') test -e "$HOME/logged-in" ;;
*) exit 1 ;;
esac"#;

struct Clinic<'a> {
    repo: Repo<'a>,
    bin: PathBuf,
}

impl<'a> Clinic<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let repo = sandbox.repo("r");
        repo.write("a", "1\n").commit_unjudged("one");
        let bin = sandbox.path().join("bin");
        fs::create_dir(&bin).unwrap();
        Self { repo, bin }
    }

    fn install(&self, name: &str, script: &str) -> PathBuf {
        let path = self.bin.join(name);
        executable(&path, format!("#!/bin/sh\n{script}\n"));
        path
    }

    /// With the scripts as the only agents in `PATH`.
    fn doctor(&self, words: &[&str], vars: &[(&str, &str)]) -> Outcome {
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        let words = [&["doctor"], words].concat();
        self.repo.tribunal_with(&words, &[&[("PATH", path.as_str())], vars].concat(), b"")
    }
}

#[test]
fn both_agents_are_well() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    clinic.install("claude", CLAUDE);
    clinic.install("codex", CODEX);
    let keys = [("ANTHROPIC_API_KEY", "k"), ("OPENAI_API_KEY", "k")];
    let text = clinic.doctor(&[], &keys).code(0);
    text.says("9.8.7").says("1.2.3").says("by ANTHROPIC_API_KEY").says("by OPENAI_API_KEY");
    let json = clinic.doctor(&["--format", "json"], &keys).code(0).json();
    assert_eq!(json["route"], "A", "{json}");
    assert_eq!(json["works"], true, "{json}");
    assert_eq!(json["agents"][1]["sandbox"]["state"], "works", "{json}");
    let logged = fs::read_to_string(clinic.bin.join("codex.log")).unwrap();
    assert_eq!(
        logged.matches("--version").count(),
        1,
        "it is asked for its version once: {logged}"
    );
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    // Agents are an offer: the gates are well without any.
    let none = clinic.doctor(&[], &[]).code(0);
    let none = none.says("`claude` is not in `PATH`").says("C: no AI agent; the gates work");
    let hints: Vec<&str> =
        none.stdout.lines().filter(|line| line.contains("npm install")).collect();
    assert_eq!(hints.len(), 2, "each hint once: {none}");
    clinic.install("claude", CLAUDE);
    let one = clinic.doctor(&[], &[]).code(4);
    one.says("login     missing").says("set `ANTHROPIC_API_KEY`").says("B: one vendor's agents");
    fs::write(sandbox.home().join("logged-in"), "").unwrap();
    clinic.doctor(&[], &[]).code(0).says("by its own login").says("`codex` is not in `PATH`");
    clinic
        .doctor(
            &["--set", "agents.reviewer.use=claude", "--set", "agents.attacker.use=claude"],
            &[],
        )
        .code(0);
    clinic.doctor(&["--set", "agents.route=C"], &[]).code(0);
    clinic
        .doctor(&["--set", "agents.reviewer.use=claude", "--set", "agents.route=A"], &[])
        .code(4)
        .says("its own vendor");
}

#[test]
fn a_sandbox_that_does_not_work_is_seen_each_time() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    clinic.install("claude", CLAUDE);
    let codex = clinic.install("codex", CODEX);
    let keys = [("ANTHROPIC_API_KEY", "k"), ("CODEX_API_KEY", "k")];
    let broken = codex.with_file_name("codex.broken");
    fs::write(&broken, "").unwrap();
    clinic.doctor(&[], &keys).code(4).says("Creating new namespace failed").says("user namespaces");
    fs::remove_file(&broken).unwrap();
    clinic.doctor(&[], &keys).code(0).says("sandbox   works");
    fs::write(&broken, "").unwrap();
    clinic.doctor(&[], &keys).code(4).says("sandbox   broken");
}

#[test]
fn a_version_that_understands_too_little_is_not_used() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    clinic.install("claude", &CLAUDE.replace("--setting-sources", ""));
    clinic.install("codex", &CODEX.replace("--strict-config", ""));
    let keys = [("ANTHROPIC_API_KEY", "k"), ("CODEX_API_KEY", "k")];
    let said = clinic.doctor(&[], &keys).code(4);
    said.says("does not understand --setting-sources").says("does not understand --strict-config");
}

#[test]
fn no_program_is_taken_from_the_repository() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    let ran = sandbox.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\n", ran.display());
    for name in ["claude", "codex"] {
        executable(clinic.repo.path(format!("bin/{name}")), &script);
    }
    clinic.repo.commit_unjudged("two");
    let inside = clinic.repo.path("bin");
    let path = format!("bin:{}:/usr/bin:/bin", inside.display());
    clinic.doctor(&[], &[("PATH", &path)]).code(0).says("`codex` is not in `PATH`");
    let codex = inside.join("codex").display().to_string();
    let set = [("TRIBUNAL_PROGRAMS_CODEX_PATH", codex.as_str())];
    clinic.doctor(&[], &set).code(4).says("inside the repository");
    assert!(!ran.exists());
}

#[test]
fn a_desktop_that_cannot_be_shown_anything_is_named() {
    let sandbox = Sandbox::new();
    let clinic = Clinic::new(&sandbox);
    let git = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|path| path.is_file());
    std::os::unix::fs::symlink(git.unwrap(), clinic.bin.join("git")).unwrap();
    // Whether the machine has such a program does not count.
    let path = clinic.bin.to_str().unwrap();
    let doctor = |words: &[&str]| {
        clinic.repo.tribunal_with(&[&["doctor"], words].concat(), &[("PATH", path)], b"")
    };
    doctor(&[]).code(0).never_says("notify-send");
    sandbox.settings("[review]\nnotify = \"desktop\"\n");
    doctor(&[]).code(4).says("`notify-send` is not in `PATH`").says("libnotify-bin");
    assert_eq!(doctor(&["--format", "json"]).code(4).json()["desktop_missing"], true);
    clinic.install("notify-send", "exit 0");
    doctor(&[]).code(0).never_says("notify-send");
}
