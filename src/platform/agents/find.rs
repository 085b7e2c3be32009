//! Where a program is: by the user's settings, else by `PATH`, never below the repository.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::process::is_program;

/// Looks a program up: `set` is the path from the user's settings, empty where there is none.
pub fn program(
    name: &str,
    set: &str,
    install: &str,
    agent_env: AgentEnv<'_>,
) -> Result<PathBuf, AgentNotFound> {
    if !set.is_empty() {
        return from_settings(name, Path::new(set), agent_env);
    }
    in_path(name, agent_env).ok_or_else(|| {
        AgentNotFound {
            message: format!("`{name}` is not in `PATH`"),
            hint: format!("install it with `{install}`, or set `programs.{name}.path` to its place in your own settings"),
        }
    })
}

fn from_settings(
    name: &str,
    set: &Path,
    agent_env: AgentEnv<'_>,
) -> Result<PathBuf, AgentNotFound> {
    let why = if !set.is_absolute() {
        "it is not an absolute path"
    } else if !is_program(set) {
        "no program is there"
    } else if !is_foreign(set, agent_env) {
        "it is inside the repository"
    } else {
        return Ok(set.to_owned());
    };
    Err(AgentNotFound {
        message: format!("`programs.{name}.path` is `{}`: {why}", set.display()),
        hint: "give the absolute path of the program in your own settings, or leave the key out"
            .to_owned(),
    })
}

/// Looks a name up in `PATH`.
pub fn in_path(name: &str, agent_env: AgentEnv<'_>) -> Option<PathBuf> {
    let folders = search_path(agent_env);
    let mut found = std::env::split_paths(&folders).map(|folder| folder.join(name));
    found.find(|path| is_program(path) && is_foreign(path, agent_env))
}

/// `PATH` without what a repository could have put there: relative folders and folders in it.
pub fn search_path(agent_env: AgentEnv<'_>) -> OsString {
    let all = agent_env.env.get("PATH").unwrap_or_default();
    let kept = std::env::split_paths(all)
        .filter(|folder| folder.is_absolute() && is_foreign(folder, agent_env));
    // Only a folder with a `:` in its name cannot be joined, and splitting gave none.
    std::env::join_paths(kept).unwrap_or_default()
}

/// Whether a path leads out of the repository, wherever its links go.
pub fn is_foreign(path: &Path, agent_env: AgentEnv<'_>) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    agent_env
        .repository
        .is_none_or(|top| !path.starts_with(top) && !real(path).starts_with(real(top)))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{program, search_path};
    use crate::platform::agents::agent_env::AgentEnv;
    use crate::platform::config::env::Env;

    #[test]
    fn nothing_is_taken_from_the_repository() {
        let top = tempfile::tempdir().unwrap();
        let place = |name: &str| top.path().join(name);
        for folder in ["repository/bin", "links", "bin"] {
            fs::create_dir_all(place(folder)).unwrap();
        }
        for file in ["repository/bin/codex", "bin/codex", "bin/claude"] {
            File::create(place(file)).unwrap();
            fs::set_permissions(place(file), Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(place("bin/claude"), Permissions::from_mode(0o644)).unwrap();
        symlink(place("repository/bin/codex"), place("links/codex")).unwrap();
        symlink(place("repository/bin"), place("linked")).unwrap();
        let text = |name: &str| place(name).display().to_string();
        let folders =
            ["bin".to_owned(), text("repository/bin"), text("linked"), text("links"), text("bin")];
        let env = Env::of(&[("PATH", &folders.join(":"))]);
        let repository = place("repository");
        let agent_env = AgentEnv { env: &env, repository: Some(&repository), home: top.path() };

        assert_eq!(program("codex", "", "", agent_env).unwrap(), place("bin/codex"));
        let kept = format!("{}:{}", text("links"), text("bin"));
        assert_eq!(search_path(agent_env), *kept);
        let message = |name, set: &str| program(name, set, "", agent_env).unwrap_err().message;
        assert!(message("claude", "").contains("not in `PATH`"), "it cannot be executed");
        assert!(message("codex", "bin/codex").contains("not an absolute path"));
        assert!(message("codex", &text("nowhere")).contains("no program is there"));
        assert!(message("codex", &text("links/codex")).contains("inside the repository"));
        assert_eq!(
            program("codex", &text("bin/codex"), "", agent_env).unwrap(),
            place("bin/codex")
        );
    }
}
