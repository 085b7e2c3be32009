//! What of the environment that it is started in the process of a user keeps. It works for every repository:
//! what the shell of one of them has set is not the others'.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::settings::Policy;
use crate::flow::evaluate::policy;
use crate::platform::agents;
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::agents::find::search_path;
use crate::platform::config::env::Env;

/// Of the user and of the machine, whichever folder the shell is in. `PATH` is looked at by itself.
const NAMES: [&str; 21] = [
    "HOME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "RUST_LOG",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "HOMEBREW_PREFIX",
    "NIX_PATH",
    "NIX_PROFILES",
];
const PREFIXES: [&str; 3] = ["XDG_", "LC_", "TRIBUNAL_TEST_"];

/// The variables that the process is started with: of `env` those that are the user's, with `PATH` without
/// the folders of the repository that `top` is the top of.
pub fn kept(env: &Env, top: Option<&Path>) -> Vec<(OsString, OsString)> {
    kept_beside(env, top, &named_by_user(env))
}

fn kept_beside(env: &Env, top: Option<&Path>, named: &[String]) -> Vec<(OsString, OsString)> {
    let is_kept = |name: &OsStr| {
        let Some(name) = name.to_str() else { return false };
        NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || agents::VARIABLES.iter().any(|list| list.contains(&name))
            || named.iter().any(|given| given == name)
    };
    let all = env.all().filter(|(name, value)| is_kept(name) && !is_below(value, top));
    let mut kept: Vec<_> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let agent_env = AgentEnv { env, repository: top, home: Path::new("/") };
    kept.push(("PATH".into(), search_path(agent_env)));
    kept
}

/// Whether a value is a path in the repository.
fn is_below(value: &OsStr, top: Option<&Path>) -> bool {
    top.is_some_and(|top| Path::new(value).starts_with(top))
}

/// The variables that the user's own settings name: the keys of agents, and what programs of theirs get.
fn named_by_user(env: &Env) -> Vec<String> {
    // What is wrong with the settings is said by whoever works with them.
    let Ok(resolved) = policy::resolve_settings(None, env, FlagSettings::none()) else {
        return Vec::new();
    };
    let Policy { command_agent, http_agent, .. } = resolved.policy;
    let keys = http_agent.into_iter().map(|agent| agent.key);
    command_agent.into_iter().flat_map(|agent| agent.env).chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_repository_s_shell_has_set_is_not_kept() {
        let env = Env::of(&[
            ("HOME", "/home/me"),
            ("PATH", "/usr/bin:/src/app/node_modules/.bin:bin:/home/me/.local/bin"),
            ("OPENAI_API_KEY", "value"),
            ("HTTPS_PROXY", "http://proxy.invalid"),
            ("XDG_STATE_HOME", "/home/me/state"),
            ("LC_TIME", "C"),
            ("CARGO_HOME", "/src/app/.cargo"),
            ("JAVA_HOME", "/usr/lib/jvm"),
            ("MY_MODEL_KEY", "value"),
            ("GIT_DIR", "/src/app/.git"),
            ("DATABASE_URL", "postgres://app"),
            ("AWS_PROFILE", "app"),
            ("DIRENV_DIR", "-/src/app"),
            ("VIRTUAL_ENV", "/src/app/.venv"),
            ("TRIBUNAL_GATES_SCOPE", "off"),
            ("TRIBUNAL_TEST_NOW", "2026-01-01T00:00:00Z"),
        ]);
        let of_settings = ["MY_MODEL_KEY".to_owned()];
        let kept = kept_beside(&env, Some(Path::new("/src/app")), &of_settings);
        let names: Vec<_> = kept.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        let expected = [
            "HOME",
            "HTTPS_PROXY",
            "JAVA_HOME",
            "LC_TIME",
            "MY_MODEL_KEY",
            "OPENAI_API_KEY",
            "TRIBUNAL_TEST_NOW",
            "XDG_STATE_HOME",
            "PATH",
        ];
        assert_eq!(names, expected);
        assert_eq!(kept.last().unwrap().1, "/usr/bin:/home/me/.local/bin");
    }
}
