//! The `[[prepare]]` of a settings text: what of them can be used.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::domain::model::path::is_shareable;

/// The most steps of a repository, and the most items of one list of a step.
const STEPS_MAX: usize = 20;
const ITEMS_MAX: usize = 50;

/// What is wrong with each of the steps, by its place in the list: with a hint.
pub fn wrong_steps(items: &[Value]) -> Vec<(usize, String, String)> {
    let mut wrong = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let found = match item {
            _ if at >= STEPS_MAX => Err((format!("there are more than {STEPS_MAX}"), "merge some")),
            Value::Table(table) => wrong_step(table).and_then(|()| overlap(&items[..at], table)),
            _ => Err(("it is not a table".to_owned(), "write `[[prepare]]`")),
        };
        if let Err((message, hint)) = found {
            wrong.push((at, message, hint.to_owned()));
        }
    }
    wrong
}

const EXAMPLE: &str = "for example `run = \"npm ci\"`, `files = [\"package-lock.json\"]`, \
    `keep = [\"node_modules\"]`";

fn wrong_step(table: &Table) -> Result<(), (String, &'static str)> {
    match table.get("run").map(Value::as_str) {
        Some(Some(line)) if !line.trim().is_empty() && !line.contains('\0') => {}
        Some(_) => return Err(("`run` is not a line for a shell".to_owned(), EXAMPLE)),
        None => return Err(("`run` is missing".to_owned(), EXAMPLE)),
    }
    let keep = paths(table, "keep", 1)?;
    paths(table, "files", 1)?;
    paths(table, "env-files", 0)?;
    let is_kept = |path: &str| keep.iter().any(|kept| is_within(path, kept));
    let Some(env) = table.get("env") else { return Ok(()) };
    let hint =
        "for example `env = { CARGO_HOME = \".cargo-home\" }`, with `keep = [\".cargo-home\"]`";
    let Some(env) = env.as_table() else { return Err(("`env` is not a table".to_owned(), hint)) };
    for (name, value) in env {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) || steers(name) {
            return Err((format!("`env` names `{name}`, which is no variable for that"), hint));
        }
        if !value.as_str().is_some_and(|path| is_kept(path.trim_end_matches('/'))) {
            return Err((format!("`env` sets `{name}` to something that is not in `keep`"), hint));
        }
    }
    Ok(())
}

/// What decides which programs run, where they look for their settings, and what is held how.
fn steers(name: &str) -> bool {
    const NAMES: [&str; 7] = ["PATH", "HOME", "TMPDIR", "SHELL", "ENV", "IFS", "XDG_CONFIG_HOME"];
    const BEGINNINGS: [&str; 5] = ["LD_", "DYLD_", "GIT_", "BASH_", "TRIBUNAL"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// What a step puts in the place of something else that is put there: by itself, or by an earlier one.
fn overlap(earlier: &[Value], table: &Table) -> Result<(), (String, &'static str)> {
    let of = |table: &Table, key: &str| -> Vec<String> {
        let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
        let paths = items.filter_map(Value::as_str).map(|path| path.trim_end_matches('/'));
        paths.map(str::to_owned).collect()
    };
    let steps = || earlier.iter().filter_map(Value::as_table).chain([table]);
    let keep: Vec<String> = steps().flat_map(|step| of(step, "keep")).collect();
    let files: Vec<String> = steps().flat_map(|step| of(step, "env-files")).collect();
    for folder in &keep {
        // Two may keep the same path: they are of other files.
        let nested = keep.iter().find(|path| *path != folder && is_within(path, folder));
        let file = files.iter().find(|file| is_within(file, folder) || is_within(folder, file));
        if let Some(path) = nested.or(file) {
            return Err((
                format!("`{path}` would be put into `{folder}`, which is kept as it is"),
                EXAMPLE,
            ));
        }
    }
    Ok(())
}

/// Whether a path is written as git writes it: what names it in git's own files would name nothing else.
fn is_plain(path: &str) -> bool {
    let parts: PathBuf = Path::new(path).components().collect();
    parts.as_os_str() == path && !path.contains(char::is_control)
}

/// The paths of a list, without the slash at their end.
fn paths<'t>(
    table: &'t Table,
    key: &str,
    least: usize,
) -> Result<Vec<&'t str>, (String, &'static str)> {
    let items = match table.get(key) {
        None if least > 0 => return Err((format!("`{key}` is missing"), EXAMPLE)),
        None => &[][..],
        Some(Value::Array(items)) => items.as_slice(),
        Some(_) => return Err((format!("`{key}` is not a list of paths"), EXAMPLE)),
    };
    if items.len() < least || items.len() > ITEMS_MAX {
        return Err((format!("`{key}` has {} paths", items.len()), EXAMPLE));
    }
    let path = |item: &'t Value| {
        let path = item.as_str().map(|path| path.trim_end_matches('/'));
        path.filter(|path| is_shareable(path) && is_plain(path)).ok_or_else(|| {
            (format!("`{key}` names {item}, which is no path inside the work tree"), EXAMPLE)
        })
    };
    items.iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::wrong_steps;
    use crate::domain::policy::prepare_settings::PrepareStep;

    fn wrong(text: &str) -> String {
        let table: Table = text.parse().unwrap();
        let Value::Array(items) = &table["prepare"] else { panic!("no list") };
        let found = wrong_steps(items);
        let lines = found.into_iter().map(|(at, message, _)| format!("{at}: {message}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_cannot_be_prepared_is_named() {
        let step = |more: &str| format!("[[prepare]]\nrun = \"a\"\nfiles = [\"b\"]\n{more}");
        for (text, says) in [
            (step("keep = [\"c\", \"d/e\"]\nenv = { X = \"d/e/f\" }\nenv-files = [\".env\"]"), ""),
            ("[[prepare]]\nfiles = [\"b\"]".to_owned(), "0: `run` is missing"),
            ("[[prepare]]\nrun = 3".to_owned(), "0: `run` is not a line for a shell"),
            ("[[prepare]]\nrun = \" \"".to_owned(), "0: `run` is not a line for a shell"),
            (step(""), "0: `keep` is missing"),
            (step("keep = []"), "0: `keep` has 0 paths"),
            (
                step("keep = [\"/etc\"]"),
                "0: `keep` names \"/etc\", which is no path inside the work tree",
            ),
            (
                step("keep = [\"a/../..\"]"),
                "0: `keep` names \"a/../..\", which is no path inside the work tree",
            ),
            (
                step("keep = [\".git\"]"),
                "0: `keep` names \".git\", which is no path inside the work tree",
            ),
            (
                step("keep = [\"c\", \"c/d\"]"),
                "0: `c/d` would be put into `c`, which is kept as it is",
            ),
            (
                step("keep = [\"c\"]\nenv-files = [\"c/.env\"]"),
                "0: `c/.env` would be put into `c`, which is kept as it is",
            ),
            (
                format!("{}\n{}", step("keep = [\"c\"]"), step("keep = [\"c/d\"]")),
                "1: `c/d` would be put into `c`, which is kept as it is",
            ),
            (format!("{}\n{}", step("keep = [\"c\"]"), step("keep = [\"c\"]")), ""),
            (
                step("keep = [\"a/./b\"]"),
                "0: `keep` names \"a/./b\", which is no path inside the work tree",
            ),
            (
                step("keep = [\".\"]"),
                "0: `keep` names \".\", which is no path inside the work tree",
            ),
            (
                step("keep = [\"c\"]\nenv = { PATH = \"c\" }"),
                "0: `env` names `PATH`, which is no variable for that",
            ),
            (
                step("keep = [\"c\"]\nenv = { GIT_DIR = \"c\" }"),
                "0: `env` names `GIT_DIR`, which is no variable for that",
            ),
            (
                step("keep = [\"c\"]\nenv = { X = \"d\" }"),
                "0: `env` sets `X` to something that is not in `keep`",
            ),
            (
                step("keep = [\"c\"]\nenv = { LD_PRELOAD = \"c\" }"),
                "0: `env` names `LD_PRELOAD`, which is no variable for that",
            ),
            (
                step("keep = [\"c\"]\nenv-files = [\"/x\"]"),
                "0: `env-files` names \"/x\", which is no path inside the work tree",
            ),
        ] {
            assert_eq!(wrong(&text), says, "{text}");
        }
    }

    #[test]
    fn a_step_that_is_not_wrong_can_be_read() {
        let text = "run = \"npm ci\"\nfiles = [\"package-lock.json\"]\nkeep = [\"node_modules\"]\nchanged = \"run\"\ntimeout = \"1m\"";
        let step: PrepareStep = toml::from_str(text).unwrap();
        assert_eq!(step.timeout.as_secs(), 60);
        for key in PrepareStep::KEYS {
            assert!(key.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{key}");
        }
    }
}
