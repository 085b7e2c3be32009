//! Git's settings where libgit2 does not know them: brought by variables, listed by git.

use std::cell::OnceCell;
use std::ffi::OsString;

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::platform::git::command::succeeded;
use crate::platform::process::Cmd;

/// The settings of git that come from neither the repository's files nor the user's usual ones.
#[derive(Default)]
pub struct Settings {
    /// The variables that bring them; libgit2 knows none of these.
    vars: Vec<(OsString, Option<OsString>)>,
    /// What git says that holds with them, asked for once.
    all: OnceCell<Vec<(BString, BString)>>,
}

impl Settings {
    pub fn of(vars: Vec<(OsString, Option<OsString>)>) -> Self {
        Self { vars, all: OnceCell::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.vars.is_empty()
    }

    /// A git command that sees them.
    pub fn give_to(&self, mut command: Cmd) -> Cmd {
        for (name, value) in &self.vars {
            command = match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The value that holds for a key, with all that `git` sees; git is started for the first.
    pub fn find(&self, key: &str, git: Cmd) -> Result<Option<BString>> {
        if self.all.get().is_none() {
            let output = git.args(["config", "--list", "-z"]).capture()?;
            // No other thread asked meanwhile: a repository is not shared by threads.
            drop(self.all.set(parse_list(succeeded(&output, "git config")?)));
        }
        let key = canonical(key);
        let mut last_first = self.all.get().into_iter().flatten().rev();
        Ok(last_first.find(|(name, _)| *name == key).map(|(_, value)| value.clone()))
    }
}

/// What `git config --list -z` prints: every key with its value, in the order in which they take effect. A key without a value is
/// `true`.
fn parse_list(listed: &[u8]) -> Vec<(BString, BString)> {
    let entry = |entry: &[u8]| match entry.split_once_str("\n") {
        Some((key, value)) => (key.into(), value.into()),
        None => (entry.into(), "true".into()),
    };
    listed.split(|byte| *byte == 0).filter(|part| !part.is_empty()).map(entry).collect()
}

/// A key as git lists it: section and name in lower case, what stands between them as it is.
fn canonical(key: &str) -> BString {
    let lower = |part: &str| part.to_ascii_lowercase();
    match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, rest)), Some((before, name))) if before.len() > section.len() => {
            let middle = &rest[..rest.len() - name.len() - 1];
            format!("{}.{middle}.{}", lower(section), lower(name)).into()
        }
        _ => lower(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, parse_list};

    #[test]
    fn keys_are_named_as_git_lists_them() {
        for (key, listed) in [
            ("core.commentChar", "core.commentchar"),
            ("remote.My.Fork.mirror", "remote.My.Fork.mirror"),
            ("Remote.Origin.pushURL", "remote.Origin.pushurl"),
        ] {
            assert_eq!(canonical(key), listed);
        }
    }

    #[test]
    fn a_list_keeps_line_ends_in_values_and_keys_without_one() {
        let listed = parse_list(b"a.b\none\ntwo\0c.d\0e.f\n\0");
        let expected = [("a.b", "one\ntwo"), ("c.d", "true"), ("e.f", "")];
        assert_eq!(listed.len(), expected.len());
        for ((key, value), expected) in listed.iter().zip(expected) {
            assert_eq!(
                (key.to_string(), value.to_string()),
                (expected.0.into(), expected.1.into())
            );
        }
    }
}
