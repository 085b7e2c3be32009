//! What `codex` is started with.
//!
//! Each setting is given as a word, the person's own settings are not read, and a setting that a
//! version does not know is an error: none is quietly without effect.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::platform::agents::ask::{Access, Request};
use crate::platform::agents::call::INSIDE;
use crate::platform::agents::facts::{ProgramFacts, SandboxLevel};

/// The file of the schema, in the request's folder.
pub const SCHEMA: &str = "schema.json";

/// The file of the answer, in the request's folder.
pub const ANSWER: &str = "answer";

/// The variable that it reads its key from.
pub const KEY: &str = "CODEX_API_KEY";

/// Has it log each event of the server, without what is in it: a sign of life, and the model's name.
pub const LOG: &str = "error,codex_otel.log_only=info";

/// The name of our permissions among its own.
const PROFILE: &str = "tribunal";

/// Without these it cannot be kept from what a repository or a person's settings bring, or not be
/// understood.
const NEEDED: [&str; 8] = [
    "--strict-config",
    "--ignore-user-config",
    "--ephemeral",
    "--json",
    "--sandbox",
    "--skip-git-repo-check",
    "--output-schema",
    "--output-last-message",
];

/// No other traffic than the question, nothing from the repository or a home in the prompt, no person
/// to be asked, and no credential for what the model runs.
const QUIET: [&str; 21] = [
    r#"approval_policy="never""#,
    "check_for_update_on_startup=false",
    "project_doc_max_bytes=0",
    "analytics.enabled=false",
    "feedback.enabled=false",
    r#"history.persistence="none""#,
    r#"otel.exporter="none""#,
    r#"otel.metrics_exporter="none""#,
    r#"otel.trace_exporter="none""#,
    "skills.include_instructions=false",
    r#"shell_environment_policy.inherit="core""#,
    "shell_environment_policy.ignore_default_excludes=false",
    r#"shell_environment_policy.exclude=["GIT_*","*KEY*","*TOKEN*","*SECRET*"]"#,
    "features.plugins=false",
    "features.remote_plugin=false",
    "features.apps=false",
    "features.hooks=false",
    "features.goals=false",
    "features.unbounded_connection_retries=false",
    "agents.enabled=false",
    "allow_login_shell=false",
];

/// A server of the person's own.
const PROVIDER: [&str; 8] = [
    r#"model_provider="tribunal""#,
    r#"model_providers.tribunal.name="tribunal""#,
    r#"model_providers.tribunal.wire_api="responses""#,
    "model_providers.tribunal.requires_openai_auth=false",
    "model_providers.tribunal.supports_websockets=false",
    "model_providers.tribunal.request_max_retries=1",
    "model_providers.tribunal.stream_max_retries=1",
    "model_providers.tribunal.stream_idle_timeout_ms=120000",
];

/// What the words depend on beside the request.
#[derive(Clone, Copy, Debug)]
pub struct CodexSetup<'a> {
    pub program: &'a Path,
    /// Empty for the program's own.
    pub endpoint: &'a str,
    /// Whether the key is in the environment.
    pub key: bool,
    pub held: Option<SandboxLevel>,
}

/// What this version lacks; `None` where it has all that is needed.
pub fn missing(facts: &ProgramFacts) -> Option<String> {
    let lacks: Vec<_> = NEEDED.into_iter().filter(|flag| !facts.understands(flag)).collect();
    (!lacks.is_empty())
        .then(|| format!("`codex` {} does not understand {}", facts.version, lacks.join(", ")))
}

/// The command line. An error is a path that cannot be said, or a sandbox that was not tried.
pub fn words(setup: &CodexSetup<'_>, request: &Request<'_>) -> Result<Vec<OsString>, String> {
    let mut settings: Vec<String> = QUIET.map(str::to_owned).to_vec();
    let search = if request.access == Access::Search { "live" } else { "disabled" };
    settings.push(format!("web_search={}", quoted(search)));
    // What the model runs is to know what it is inside of.
    let inside = quoted(request.role.as_str());
    settings.push(format!("shell_environment_policy.set={{{INSIDE}={inside}}}"));
    if !setup.endpoint.is_empty() {
        settings.extend(PROVIDER.map(str::to_owned));
        settings.push(format!("model_providers.tribunal.base_url={}", quoted(setup.endpoint)));
        if setup.key {
            settings.push(format!("model_providers.tribunal.env_key={}", quoted(KEY)));
        }
    }
    if let Some(model) = request.model {
        settings.push(format!("model={}", quoted(model)));
    }
    if let Some(effort) = request.effort {
        settings.push(format!("model_reasoning_effort={}", quoted(effort)));
    }
    let mut words: Vec<OsString> = Vec::new();
    let mut add = |all: &[&str]| words.extend(all.iter().map(OsString::from));
    add(&["exec", "--strict-config", "--ignore-user-config"]);
    match (setup.held, request.access) {
        (Some(SandboxLevel::Confined), access) => {
            settings.extend(profile(setup.program, access)?);
        }
        (Some(SandboxLevel::ReadsDisk), Access::Search) => {
            // A page could have it search for what it reads.
            let why = "its sandbox here lets it read the whole disk, so it is not let onto the web";
            return Err(format!("{why}: use another agent for the role"));
        }
        (Some(SandboxLevel::ReadsDisk), Access::Read) => add(&["--sandbox", "read-only"]),
        (Some(SandboxLevel::ReadsDisk), Access::Write) => {
            add(&["--sandbox", "workspace-write"]);
            settings.push("sandbox_workspace_write.exclude_slash_tmp=true".to_owned());
            settings.push("sandbox_workspace_write.exclude_tmpdir_env_var=true".to_owned());
        }
        (None, _) => return Err("its sandbox was not tried".to_owned()),
    }
    for setting in &settings {
        add(&["-c", setting]);
    }
    add(&["--json", "--ephemeral", "--skip-git-repo-check", "--color", "never"]);
    add(&["--cd", text(request.dir)?]);
    if request.schema.is_some() {
        add(&["--output-schema", text(&request.folder.join(SCHEMA))?]);
    }
    add(&["--output-last-message", text(&request.folder.join(ANSWER))?, "-"]);
    Ok(words)
}

/// A command that does nothing, in the sandbox, in a folder of its own.
pub fn sandbox_trial(
    program: &Path,
    dir: &Path,
    held: SandboxLevel,
) -> Result<Vec<String>, String> {
    let mut words = vec!["sandbox".to_owned()];
    if held == SandboxLevel::Confined {
        for setting in profile(program, Access::Read)? {
            words.extend(["-c".to_owned(), setting]);
        }
        words.extend(["-P", PROFILE, "-C", text(dir)?].map(str::to_owned));
    }
    words.extend(["--", "/bin/sh", "-c", ":"].map(str::to_owned));
    Ok(words)
}

/// Permissions that confine what the model runs to its working directory, beside what every program
/// needs to start. The sandbox starts `codex` itself within.
fn profile(program: &Path, access: Access) -> Result<Vec<String>, String> {
    let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let mut read = vec![quoted(text(&program)?)];
    // The search program that is shipped with it.
    let tools = program.parent().and_then(Path::parent).map(|top| top.join("codex-path"));
    if let Some(tools) = tools.filter(|tools| tools.is_dir()) {
        read.push(quoted(text(&tools)?));
    }
    let read = read.join("=\"read\",");
    let own = match access {
        Access::Read | Access::Search => r#""."="read""#,
        Access::Write => r#""."="write",".git"="read""#,
    };
    Ok(vec![
        format!("default_permissions={}", quoted(PROFILE)),
        format!("permissions.{PROFILE}.network.enabled=false"),
        format!(
            "permissions.{PROFILE}.filesystem={{\":minimal\"=\"read\",{read}=\"read\",\":workspace_roots\"={{{own}}}}}"
        ),
    ])
}

/// As TOML writes it, which JSON is a part of here.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("`{}` is not UTF-8", path.display()))
}
