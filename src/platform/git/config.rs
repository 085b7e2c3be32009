//! Git's settings: found by libgit2, or listed by git where variables bring some that libgit2 does
//! not know.

use std::cell::OnceCell;
use std::ffi::OsString;

use anyhow::{Context as _, Result};
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

/// Whether the settings of the whole machine hold, which `GIT_CONFIG_NOSYSTEM` turns off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemFile {
    Counts,
    Ignored,
}

impl Settings {
    pub fn of(vars: Vec<(OsString, Option<OsString>)>) -> Self {
        Self { vars, all: OnceCell::new() }
    }

    /// The same, for another repository of the same person.
    pub fn again(&self) -> Self {
        Self::of(self.vars.clone())
    }

    /// Whether the system's file counts, where libgit2 finds all the others; `None` where only git
    /// itself knows what holds.
    pub fn of_library(&self) -> Option<SystemFile> {
        match self.vars.as_slice() {
            [] => Some(SystemFile::Counts),
            [(name, Some(value))] if name == "GIT_CONFIG_NOSYSTEM" => match value.to_str()? {
                "1" | "true" => Some(SystemFile::Ignored),
                "0" | "false" => Some(SystemFile::Counts),
                _ => None,
            },
            _ => None,
        }
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

/// The value that libgit2 finds for a key; `None` where it is not set. The system's file is the
/// last that git looks into, so a value from there is the only one that there is.
pub fn of_library(
    config: &mut git2::Config,
    key: &str,
    system: SystemFile,
) -> Result<Option<BString>> {
    use git2::ErrorCode::{InvalidSpec, NotFound};
    let config = config.snapshot()?;
    match config.get_entry(key) {
        Ok(entry)
            if system == SystemFile::Ignored && entry.level() == git2::ConfigLevel::System =>
        {
            Ok(None)
        }
        Ok(entry) if entry.has_value() => Ok(Some(entry.value_bytes().into())),
        Ok(_) => Ok(Some("true".into())),
        Err(error) if matches!(error.code(), NotFound | InvalidSpec) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{key}`")),
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
    use crate::fuzz;
    use crate::platform::git::hooks_dir::parse_version;
    use crate::platform::git::reflog;

    use super::{Settings, SystemFile, canonical, of_library, parse_list};
    use git2::ConfigLevel;
    use std::io::Write as _;

    #[test]
    fn git_is_asked_only_where_libgit2_does_not_know() {
        let of = |vars: &[(&str, &str)]| {
            let vars = vars.iter().map(|(name, value)| (name.into(), Some(value.into())));
            Settings::of(vars.collect()).of_library()
        };
        assert_eq!(of(&[]), Some(SystemFile::Counts));
        assert_eq!(of(&[("GIT_CONFIG_NOSYSTEM", "0")]), Some(SystemFile::Counts));
        assert_eq!(of(&[("GIT_CONFIG_NOSYSTEM", "1")]), Some(SystemFile::Ignored));
        assert_eq!(of(&[("GIT_CONFIG_NOSYSTEM", "perhaps")]), None);
        assert_eq!(of(&[("GIT_CONFIG_GLOBAL", "/elsewhere")]), None);
        assert_eq!(of(&[("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_COUNT", "1")]), None);
    }

    #[test]
    fn the_settings_of_the_machine_are_left_out_where_they_are_turned_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = git2::Config::new().unwrap();
        for (level, name, content) in [
            (ConfigLevel::System, "system", "[a]\n\tmachine = 1\n\tboth = 1\n"),
            (ConfigLevel::Local, "local", "[a]\n\tboth = 2\n\tflag\n"),
        ] {
            let path = folder.path().join(name);
            std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
            config.add_file(&path, level, false).unwrap();
        }
        for (key, counts, ignored) in [
            ("a.machine", Some("1"), None),
            ("a.both", Some("2"), Some("2")),
            ("a.flag", Some("true"), Some("true")),
            ("a.none", None, None),
        ] {
            for (system, expected) in [(SystemFile::Counts, counts), (SystemFile::Ignored, ignored)]
            {
                let found = of_library(&mut config, key, system).unwrap();
                assert_eq!(found.map(|value| value.to_string()).as_deref(), expected, "{key}");
            }
        }
    }

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

    #[test]
    fn drawn_lists_of_git_are_read() {
        let list = b"core.bare\nfalse\0remote.o.x.url\n/srv/x\0hook.a\0".as_slice();
        let (zero, one) = ("0".repeat(40), "a1".repeat(20));
        let log =
            format!("{zero} {one} A <a@example.invalid> 1767225600 +0100\\tcommit (initial): x\n");
        let seeds = [list, log.as_bytes(), b"git version 2.43.0.windows.1\n"];
        let words =
            [b"\0".as_slice(), b"\n", b".", b"core.", b"\t", b"> ", b" ", one.as_bytes(), b"2.54"];
        fuzz::hold("what git prints", &seeds, &words, |bytes| {
            for (key, _) in parse_list(bytes) {
                drop(canonical(&key.to_string()));
            }
            for line in reflog::whole(bytes).split(|byte| *byte == b'\n') {
                if let Some(one) = reflog::parse(line) {
                    assert!(one.old.is_none_or(|old| !old.is_zero()));
                }
            }
            let _version = parse_version(&String::from_utf8_lossy(bytes));
        });
    }
}
