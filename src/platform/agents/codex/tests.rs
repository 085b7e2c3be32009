//! What it is started with.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::command_line::{CodexSetup, words};
use crate::domain::model::agent::Role;
use crate::platform::agents::ask::{Access, Request};
use crate::platform::agents::facts::SandboxLevel;

fn line(
    held: Option<SandboxLevel>,
    access: Access,
    endpoint: &str,
    key: bool,
) -> Result<Vec<String>, String> {
    let program = Path::new("/opt/codex");
    let request = Request {
        role: Role::Arbiter,
        model: Some("m \"quoted\""),
        effort: None,
        prompt: "",
        schema: Some(&json!({})),
        access,
        dir: Path::new("/room"),
        folder: Path::new("/call"),
        note: None,
        wall: Duration::ZERO,
        idle: Duration::ZERO,
        budget: None,
    };
    let all = words(&CodexSetup { program, endpoint, key, held }, &request)?;
    Ok(all.into_iter().map(OsString::into_string).collect::<Result<_, _>>().unwrap())
}

#[test]
fn each_setting_is_toml() {
    for held in [SandboxLevel::Confined, SandboxLevel::ReadsDisk] {
        for access in [Access::Read, Access::Write, Access::Search] {
            if (held, access) == (SandboxLevel::ReadsDisk, Access::Search) {
                let refused = line(Some(held), access, "", true).unwrap_err();
                assert!(refused.contains("not let onto the web"), "{refused}");
                continue;
            }
            let line = line(Some(held), access, "http://127.0.0.1:9/v1", true).unwrap();
            let settings: Vec<_> =
                line.windows(2).filter(|two| two[0] == "-c").map(|two| two[1].as_str()).collect();
            let all: toml::Table = settings.join("\n").parse().unwrap();
            assert_eq!(all["model"].as_str(), Some("m \"quoted\""));
            let search = if access == Access::Search { "live" } else { "disabled" };
            assert_eq!(all["web_search"].as_str(), Some(search));
            assert_eq!(all["project_doc_max_bytes"].as_integer(), Some(0));
            assert_eq!(
                all["shell_environment_policy"]["set"]["TRIBUNAL_AGENT"].as_str(),
                Some("arbiter")
            );
            let server = &all["model_providers"]["tribunal"];
            assert_eq!(server["base_url"].as_str(), Some("http://127.0.0.1:9/v1"));
            assert_eq!(server["env_key"].as_str(), Some("CODEX_API_KEY"));
            let has = |word: &str| line.iter().any(|given| given == word);
            assert!(has("--strict-config") && has("--ignore-user-config") && has("--ephemeral"));
            if held == SandboxLevel::Confined {
                // The two ways do not go together.
                assert!(!has("--sandbox"));
                let files = &all["permissions"]["tribunal"]["filesystem"];
                let own = files[":workspace_roots"]["."].as_str();
                assert_eq!(own, Some(if access == Access::Write { "write" } else { "read" }));
                assert_eq!(files["/opt/codex"].as_str(), Some("read"));
            } else {
                let mode = if access == Access::Write { "workspace-write" } else { "read-only" };
                assert!(has("--sandbox") && has(mode) && !all.contains_key("permissions"));
            }
        }
    }
}

#[test]
fn nothing_is_started_without_a_sandbox_that_was_tried() {
    assert!(line(None, Access::Read, "", true).is_err());
}

#[test]
fn a_server_without_a_key_is_sent_none() {
    let all =
        line(Some(SandboxLevel::Confined), Access::Read, "http://127.0.0.1:9/v1", false).unwrap();
    assert!(!all.iter().any(|word| word.contains("env_key")));
    let own = line(Some(SandboxLevel::Confined), Access::Read, "", true).unwrap();
    assert!(!own.iter().any(|word| word.contains("model_provider")));
}
