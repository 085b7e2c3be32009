//! Asking a script that shows what it was started with.
#![expect(clippy::disallowed_methods, reason = "tests look at what was written")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::Claude;
use crate::domain::model::agent::{Money, Role};
use crate::domain::policy::agent_settings::Program;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::ask::{Access, Outcome, Reply, Request};
use crate::platform::config::env::Env;
use crate::platform::process::Interrupts;

const HELP: &str = "--setting-sources --strict-mcp-config --tools --output-format \
    --permission-mode --print --verbose --json-schema --restricted --max-budget-usd --effort";

const SCRIPT: &str = r#"#!/bin/sh
case "$*" in
--version) echo '9.8.7 (Claude Code)'; exit ;;
--help) echo 'HELP'; exit ;;
esac
at="${TMPDIR%/tmp}"
env >"$at/env"; pwd >"$at/pwd"; cat >"$at/stdin"
for word in "$@"; do printf '<%s>' "$word"; done >"$at/words"
echo "it has $ANTHROPIC_API_KEY$CLAUDE_CODE_OAUTH_TOKEN" >&2
echo '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","result":"{\"a\":1}"}'
"#;

/// Asks, with these variables of the person's; what was seen is in the folder `call`.
fn ask(top: &Path, vars: &[(&str, &str)], access: Access) -> Reply {
    let program = top.join("claude");
    #[expect(clippy::disallowed_methods, reason = "a script of a test")]
    fs::write(&program, SCRIPT.replace("HELP", HELP)).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    for folder in ["call", "room", "home"] {
        fs::create_dir_all(top.join(folder)).unwrap();
    }
    let person = top.join("person").display().to_string();
    let all = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", person.as_str()),
        ("GIT_DIR", "/nowhere"),
        ("CLAUDECODE", "1"),
        ("AI_AGENT", "1"),
        ("OTHER_SECRET", "x"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ];
    let env = Env::of(&[&all, vars].concat());
    let settings = Program {
        path: program.display().to_string(),
        endpoint: "http://127.0.0.1:9/x".to_owned(),
    };
    let home = top.join("home");
    let agent_env = AgentEnv { env: &env, repository: None, home: &home };
    let (dir, folder) = (top.join("room"), top.join("call"));
    let request = Request {
        role: Role::Reviewer,
        model: Some("m-1"),
        effort: Some("high"),
        prompt: "what is asked",
        schema: Some(&json!({"type": "object"})),
        access,
        dir: &dir,
        folder: &folder,
        note: None,
        wall: Duration::from_mins(1),
        idle: Duration::from_mins(1),
        budget: Some(Money(500_000)),
    };
    let claude = Claude::find(&settings, agent_env).unwrap();
    claude.ask(&request, agent_env, Interrupts::listen().unwrap())
}

#[test]
fn it_is_alone_with_what_it_needs() {
    let top = tempfile::tempdir().unwrap();
    let key = ["key", "of", "the", "test"].join("-");
    let reply = ask(top.path(), &[("ANTHROPIC_API_KEY", &key)], Access::Read);
    let Outcome::Answered(answer) = &reply.outcome else { panic!("{:?}", reply.outcome) };
    assert_eq!(answer.json, Some(json!({"a": 1})));
    assert_eq!((reply.by.version.as_str(), reply.by.model.as_str()), ("9.8.7", "m-1"));

    let seen = |name: &str| fs::read_to_string(top.path().join("call").join(name)).unwrap();
    assert_eq!(seen("stdin"), "what is asked");
    assert_eq!(
        seen("pwd").trim(),
        fs::canonicalize(top.path().join("room")).unwrap().to_str().unwrap()
    );
    assert_eq!(seen("stderr"), "it has [redacted]\n", "no key is kept");
    assert!(!top.path().join("call/tmp").exists());
    let env = seen("env");
    for wanted in [
        format!("ANTHROPIC_API_KEY={key}"),
        "ANTHROPIC_BASE_URL=http://127.0.0.1:9/x".to_owned(),
        "TRIBUNAL_AGENT=reviewer".to_owned(),
        format!("HOME={}", top.path().join("home/claude/home").display()),
        format!("CLAUDE_CONFIG_DIR={}", top.path().join("home/claude/config").display()),
        format!("TMPDIR={}", top.path().join("call/tmp").display()),
        "HTTPS_PROXY=http://127.0.0.1:9".to_owned(),
        "GIT_CONFIG_KEY_0=safe.bareRepository".to_owned(),
    ] {
        assert!(env.lines().any(|line| line == wanted), "no {wanted} in\n{env}");
    }
    for unwanted in ["GIT_DIR=", "CLAUDECODE=", "AI_AGENT=", "OTHER_SECRET=", "/person"] {
        assert!(!env.contains(unwanted), "{unwanted} in\n{env}");
    }
    let words = seen("words");
    for wanted in [
        "<--setting-sources><><--strict-mcp-config>",
        "<--tools><Read,Grep,Glob>",
        "<--restricted>",
        "<--max-budget-usd><0.5>",
        "<--effort><high>",
        "<--model=m-1>",
        r#"<--json-schema><{"type":"object"}>"#,
    ] {
        assert!(words.contains(wanted), "no {wanted} in {words}");
    }
    assert!(!words.contains("acceptEdits") && !words.contains("--disable-slash-commands"));
}

#[test]
fn one_that_searches_has_no_files_and_fetches_nothing() {
    let top = tempfile::tempdir().unwrap();
    let reply = ask(top.path(), &[], Access::Search);
    // A version that cannot be allowed to search is not asked.
    assert!(reply.outcome.why().contains("--allowedTools"), "{:?}", reply.outcome);
}

#[test]
fn without_a_credential_it_has_the_persons_own_login() {
    let top = tempfile::tempdir().unwrap();
    ask(top.path(), &[("CLAUDE_CONFIG_DIR", "/own/config")], Access::Write);
    let env = fs::read_to_string(top.path().join("call/env")).unwrap();
    let home = format!("HOME={}", top.path().join("person").display());
    assert!(env.lines().any(|line| line == home), "{env}");
    assert!(env.lines().any(|line| line == "CLAUDE_CONFIG_DIR=/own/config"), "{env}");
    let words = fs::read_to_string(top.path().join("call/words")).unwrap();
    assert!(
        words.contains("<--permission-mode><acceptEdits>") && !words.contains("Bash"),
        "{words}"
    );
}
