//! The `[[prepare]]` that a project plainly needs, by its lock file.

/// A lock file, what in it shows that there is something to fetch, and the step that fetches it.
struct KnownLock {
    file: &'static str,
    /// One of these is in a lock file that names a dependency.
    shows: &'static [&'static str],
    run: &'static str,
    keep: &'static str,
    env: Option<&'static str>,
}

/// The first that is there counts: a project may keep several of one toolchain.
const KNOWN: [KnownLock; 8] = [
    KnownLock {
        file: "package-lock.json",
        shows: &["\"node_modules/", "\"resolved\""],
        run: "npm ci",
        keep: "node_modules",
        env: None,
    },
    KnownLock {
        file: "pnpm-lock.yaml",
        shows: &["resolution:"],
        run: "pnpm install --frozen-lockfile",
        keep: "node_modules",
        env: None,
    },
    KnownLock {
        file: "yarn.lock",
        shows: &["resolved ", "resolution:"],
        run: "yarn install --immutable || yarn install --frozen-lockfile",
        keep: "node_modules",
        env: None,
    },
    KnownLock {
        file: "uv.lock",
        shows: &["registry ="],
        run: "uv sync --frozen --no-install-project",
        keep: ".venv",
        env: None,
    },
    KnownLock {
        file: "poetry.lock",
        shows: &["[[package]]"],
        run: "POETRY_VIRTUALENVS_IN_PROJECT=1 poetry install --no-root",
        keep: ".venv",
        env: None,
    },
    KnownLock {
        file: "requirements.txt",
        shows: &[""],
        run: "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        keep: ".venv",
        env: None,
    },
    KnownLock {
        file: "Cargo.lock",
        shows: &["source = \"registry+", "source = \"sparse+", "source = \"git+"],
        run: "cargo fetch --locked",
        keep: ".cargo-home",
        env: Some("CARGO_HOME"),
    },
    KnownLock {
        file: "go.sum",
        shows: &["h1:"],
        run: "go mod download",
        keep: ".go-mod",
        env: Some("GOMODCACHE"),
    },
];

/// The lines that prepare such a project, where one of its lock files names something to fetch. `read` gives
/// the text of a file at its top.
pub fn lines(read: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let needs = |known: &&KnownLock| {
        let text = read(known.file).unwrap_or_default();
        let has_line = |line: &str| !line.trim().is_empty() && !line.trim().starts_with('#');
        text.lines().any(has_line) && known.shows.iter().any(|shows| text.contains(shows))
    };
    let known = KNOWN.iter().find(needs)?;
    let mut lines = vec![
        "[[prepare]]".to_owned(),
        format!("run = {:?}", known.run),
        format!("files = [{:?}]", known.file),
        format!("keep = [{:?}]", known.keep),
    ];
    lines.extend(known.env.map(|name| format!("env = {{ {name} = {:?} }}", known.keep)));
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, lines};
    use crate::domain::policy::layers::check;

    #[test]
    fn a_lock_file_with_something_to_fetch_proposes_what_a_policy_can_hold() {
        for known in &KNOWN {
            let text = format!("x {}\n", known.shows[0]);
            let proposed = lines(|file| (file == known.file).then(|| text.clone())).unwrap();
            assert_eq!(check("tribunal.toml", &proposed.join("\n")).len(), 0, "{proposed:?}");
            assert_eq!(lines(|file| (file == known.file).then(|| "# nothing\n".to_owned())), None);
        }
        let own = "[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        assert_eq!(lines(|file| (file == "Cargo.lock").then(|| own.to_owned())), None);
        assert_eq!(lines(|_| None), None);
    }
}
