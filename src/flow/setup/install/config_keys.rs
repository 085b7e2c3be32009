//! The hooks that git's configuration names, as git 2.54 and later read them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bstr::BString;

use crate::flow::setup::install::shim::shell_quoted;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;

/// Where the shims are that git's configuration names.
pub fn config_folder(repo: &Repo) -> PathBuf {
    repo.state_dir().join("hooks")
}

/// The name under which git's configuration knows an event's hook. One name an event, so that each
/// can be switched off by `git config hook.<name>.enabled false`.
pub fn config_name(event: &str) -> String {
    format!("hook.tribunal-{event}")
}

/// The line that git hands to a shell, with the hook's arguments behind it. Where the repository was
/// moved the shim is not where the line says: open at a commit, closed where refs move.
pub fn config_command(event: &str, hook: &Path) -> BString {
    let path = shell_quoted(hook.as_os_str());
    let code = u8::from(matches!(event, "pre-push" | "pre-receive"));
    let mut line = b"test -x ".to_vec();
    line.extend_from_slice(&path);
    line.extend_from_slice(
        format!(" || {{ echo 'tribunal: {event} NOT checked: run tribunal hooks install' >&2; exit {code}; }}; ")
            .as_bytes(),
    );
    line.extend_from_slice(&path);
    line.into()
}

/// The command that git's configuration has for an event.
pub fn configured(repo: &Repo, event: &str) -> Result<Option<BString>> {
    repo.config(&format!("{}.command", config_name(event)))
}

/// Whether git's configuration switches the hook of an event off. Git takes each of these words for no.
pub fn is_switched_off(repo: &Repo, event: &str) -> Result<bool> {
    let enabled = repo.config(&format!("{}.enabled", config_name(event)))?;
    let no = ["false", "no", "off", "0", ""];
    Ok(enabled.is_some_and(|value| no.iter().any(|no| value.eq_ignore_ascii_case(no.as_bytes()))))
}

/// Writes a setting of this repository.
pub fn configure(repo: &Repo, words: &[&OsStr]) -> Result<()> {
    let output = repo.git().args(["config", "--local", "--replace-all"]).args(words).capture()?;
    succeeded(&output, "git config").map(drop)
}
