//! What there is in a repository and on the machine that a proposal depends on.

/// The programs that a proposal may name.
pub const PROGRAMS: [&str; 12] = [
    "cargo", "go", "npm", "pnpm", "yarn", "bun", "uv", "poetry", "pdm", "pipenv", "pytest", "make",
];

/// What is there.
#[derive(Debug, Default)]
pub struct RepoFacts {
    /// The messages of the last commits.
    pub messages: Vec<String>,
    /// The names at the top of the work tree.
    pub names: Vec<String>,
    /// The content of `package.json`, where there is one.
    pub package_json: Option<String>,
    /// The content of `Makefile`, where there is one.
    pub makefile: Option<String>,
    /// The content of what configures and requires Python packages, one after the other.
    pub python: String,
    /// The program that the `test` script of `package.json` starts, where it can be found nowhere.
    pub missing_script_program: Option<String>,
    /// Whether `.venv` has pytest.
    pub venv_has_pytest: bool,
    /// Those of [`PROGRAMS`] that can be started here.
    pub programs: Vec<&'static str>,
}

impl RepoFacts {
    /// Whether something of that name is at the top; a `*` at the end stands for any ending.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| matches(name, known))
    }

    /// `package.json`, where it can be read.
    pub fn package(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.package_json.as_deref()?).ok()
    }
}

/// The program that the `test` script of a `package.json` starts; `None` where that is no plain name.
pub fn script_program(package_json: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(package_json).ok()?;
    let script = package["scripts"]["test"].as_str()?;
    // Variables may stand before it.
    let program = script.split_whitespace().find(|word| !word.contains('='))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_shells = SHELL_WORDS.contains(&program);
    (program.chars().all(is_plain) && !is_shells).then(|| program.to_owned())
}

/// What a shell knows without a program.
const SHELL_WORDS: [&str; 15] = [
    ".", "cd", "command", "echo", "eval", "exec", "exit", "export", "for", "if", "set", "test",
    "true", "while", "false",
];

/// Whether a name is meant by a pattern, in which a `*` at the end stands for any ending.
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}
