//! What `claude` is started with. Pure.

use std::ffi::OsString;

use crate::platform::agents::ask::{Access, Request};
use crate::platform::agents::facts::ProgramFacts;

/// The longest argument that a kernel takes, with its end mark, in bytes.
const ARGUMENT_MAX: usize = 128 * 1024;

/// Without these it cannot be kept from what a repository brings, or not be understood.
const NEEDED: [&str; 7] = [
    "--setting-sources",
    "--strict-mcp-config",
    "--tools",
    "--output-format",
    "--permission-mode",
    "--print",
    "--verbose",
];

/// The tool that searches the web, and the flag that has it used without a question.
const SEARCH: &str = "WebSearch";
const ALLOWED: &str = "--allowedTools";

/// The flag that not every version has and that says how hard it thinks.
pub const EFFORT: &str = "--effort";

/// No other traffic than the question, no long tries of its own, an end where the server has stopped to
/// speak, and nothing of the repository's log in the prompt: it would show the author's messages, and
/// what is secret in them.
pub const QUIET: [(&str, &str); 7] = [
    ("CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS", "1"),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("CLAUDE_CODE_MAX_RETRIES", "1"),
    ("API_TIMEOUT_MS", "600000"),
    ("CLAUDE_ENABLE_BYTE_WATCHDOG", "1"),
    ("CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS", "120000"),
];

/// What this version lacks; `None` where it has all that is needed.
pub fn missing(facts: &ProgramFacts) -> Option<String> {
    let lacks: Vec<_> = NEEDED.into_iter().filter(|flag| !facts.understands(flag)).collect();
    (!lacks.is_empty())
        .then(|| format!("`claude` {} does not understand {}", facts.version, lacks.join(", ")))
}

/// The command line. An error is a version that understands too little, or a schema that is too long.
pub fn words(facts: &ProgramFacts, request: &Request<'_>) -> Result<Vec<OsString>, String> {
    if let Some(missing) = missing(facts) {
        return Err(missing);
    }
    let mut words: Vec<OsString> = Vec::new();
    let mut add = |all: &[&str]| words.extend(all.iter().map(OsString::from));
    add(&["-p", "--setting-sources", "", "--strict-mcp-config"]);
    // A stream, so that it can be seen to be alive.
    add(&["--output-format", "stream-json", "--verbose"]);
    // A writer has no shell either: it could write anywhere.
    match request.access {
        Access::Read => add(&["--tools", "Read,Grep,Glob"]),
        Access::Write => {
            add(&["--tools", "Read,Edit,Write,Glob,Grep", "--permission-mode", "acceptEdits"]);
        }
        // No page is fetched from this machine: a page could name an address that only this machine reaches.
        Access::Search if facts.understands(ALLOWED) => {
            add(&["--tools", SEARCH, ALLOWED, SEARCH]);
        }
        Access::Search => {
            return Err(format!("`claude` {} does not understand {ALLOWED}", facts.version));
        }
    }
    let optional = [
        ("--include-partial-messages", None),
        ("--permission-prompts", Some("none".to_owned())),
        ("--restricted", None),
        ("--no-session-persistence", None),
        ("--disable-slash-commands", None),
        ("--max-budget-usd", request.budget.map(|budget| budget.dollars().to_string())),
        (EFFORT, request.effort.map(str::to_owned)),
    ];
    for (flag, value) in optional.iter().filter(|(flag, _)| facts.understands(flag)) {
        match (value, *flag) {
            (Some(value), _) => add(&[flag, value]),
            (None, "--max-budget-usd" | EFFORT) => {}
            (None, _) => add(&[flag]),
        }
    }
    if let Some(model) = request.model {
        // In one word, so that no name is taken for a flag.
        add(&[&format!("--model={model}")]);
    }
    if let Some(schema) = request.schema.filter(|_| facts.understands("--json-schema")) {
        let schema = schema.to_string();
        if schema.len() >= ARGUMENT_MAX {
            return Err(format!(
                "the schema has {} bytes; it must fit into one word",
                schema.len()
            ));
        }
        add(&["--json-schema", &schema]);
    }
    Ok(words)
}
