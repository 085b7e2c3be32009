//! What one policy's settings make different from another's, for people.

use toml::Value;

use crate::domain::policy::layers::Resolved;
use crate::domain::policy::layers::layer::SettingsSource;
use crate::domain::policy::settings::Policy;

/// A value that takes more is not shown.
const SHOWN_CHARS_MAX: usize = 40;

/// What becomes different where `next` holds in the place of `now`, one clause a key or command.
pub fn differences(now: &Resolved, next: &Resolved) -> Vec<String> {
    let old = now.origins();
    let stays = |(key, value, _): &(String, Value, SettingsSource)| {
        key == COMMANDS || old.iter().any(|(known, old, _)| (known, old) == (key, value))
    };
    let mut told = Vec::new();
    for (key, value, _) in next.origins().iter().filter(|setting| !stays(setting)) {
        told.push(match shown(&value.to_string()) {
            Some(value) => format!("`{key}` will be `{value}`"),
            None => format!("`{key}` will change"),
        });
    }
    told.extend(commands(&now.policy, &next.policy));
    told
}

const COMMANDS: &str = "commands";

fn commands(now: &Policy, next: &Policy) -> Vec<String> {
    let mut told = Vec::new();
    for command in &next.commands {
        let name = &command.name;
        match now.commands.iter().find(|known| known.name == *name) {
            None => told.push(format!("command `{name}` will be new")),
            Some(known) if known != command => told.push(format!("command `{name}` will change")),
            Some(_) => {}
        }
    }
    let is_gone = |name: &str| !next.commands.iter().any(|command| command.name == name);
    let gone = now.commands.iter().filter(|command| is_gone(&command.name));
    told.extend(gone.map(|command| format!("command `{}` will be gone", command.name)));
    told
}

/// A value as a person says it.
fn shown(value: &str) -> Option<String> {
    let plain = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = plain.filter(|plain| !plain.is_empty()).unwrap_or(value);
    (value.chars().count() <= SHOWN_CHARS_MAX).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::domain::policy::layers::flags::FlagSettings;
    use crate::domain::policy::layers::layer::{Layer, SettingsSource};
    use crate::domain::policy::layers::{Resolved, resolve};

    fn of(text: &str) -> Resolved {
        let layer = Layer { source: SettingsSource::Repository, file: "tribunal.toml", text };
        resolve(&[layer], &[], FlagSettings::none()).unwrap()
    }

    #[test]
    fn what_becomes_different_is_told_by_key_and_by_command() {
        let command = |name: &str, run: &str| format!("[[commands]]\nname='{name}'\nrun='{run}'\n");
        let long = format!("protect.branches = [\"{}\"]", "x".repeat(50));
        for (now, next, told) in [
            (String::new(), String::new(), &[][..]),
            (
                String::new(),
                "gates.case-conflict = 'off'".to_owned(),
                &["`gates.case-conflict.level` will be `off`"],
            ),
            (
                "gates.scope.files = 7".to_owned(),
                String::new(),
                &["`gates.scope.files` will be `3`"],
            ),
            (
                String::new(),
                "protect.branches = []".to_owned(),
                &["`protect.branches` will be `[]`"],
            ),
            (String::new(), long, &["`protect.branches` will change"]),
            (
                command("a", "1") + &command("b", "1"),
                command("b", "2") + &command("c", "1"),
                &["command `b` will change", "command `c` will be new", "command `a` will be gone"],
            ),
        ] {
            assert_eq!(differences(&of(&now), &of(&next)), told, "{now} -> {next}");
        }
    }
}
