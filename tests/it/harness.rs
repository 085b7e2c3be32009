//! Builds throw-away repositories and runs the real program and the real git in them.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under test.
pub const TRIBUNAL: &str = env!("CARGO_BIN_EXE_tribunal");

/// A folder of its own with a home, in which nothing of the machine's user is seen.
pub struct Sandbox {
    root: PathBuf,
    /// More variables that whatever is started in it sees.
    pub vars: Vec<(&'static str, String)>,
}

/// A repository in a sandbox.
pub struct Repo<'a> {
    pub sandbox: &'a Sandbox,
    pub dir: PathBuf,
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fails the test, with everything that was printed, unless the program ended with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// Fails the test unless the program ended with that code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "{self}");
        self
    }

    /// Fails the test unless either stream holds the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "no `{text}` in\n{self}");
        self
    }

    /// Fails the test if either stream holds the text.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "`{text}` in\n{self}");
        self
    }

    /// Standard output without the white space at its ends.
    pub fn out(&self) -> &str {
        self.stdout.trim()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "{stdout}\n------- stderr -------\n{stderr}\n[exit status: {code}]")
    }
}

/// Where the sandboxes of this process are. A shell removes them all once the process has ended, however it ended: ext4 is
/// slow to make a file for minutes after many others were deleted (`recently_deleted` in the kernel's `ialloc.c`), which
/// took a third of the time of all tests where each removed its own.
fn sandboxes() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _) = FOLDER.get_or_init(|| {
        let folder = TempDir::with_prefix("tribunal-it-").unwrap().keep();
        let mut shell = Command::new("sh");
        // What it reads ends with this process. A group of its own: Ctrl-C is not for it.
        shell.args(["-c", "cat >/dev/null; rm -rf \"$1\"", "sh"]).arg(&folder).process_group(0);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        (folder, shell.unwrap())
    });
    folder
}

impl Sandbox {
    /// With an empty home.
    pub fn new() -> Self {
        let root = TempDir::with_prefix_in("", sandboxes()).unwrap().keep();
        fs::create_dir(root.join("home")).unwrap();
        fs::create_dir(root.join("tmp")).unwrap();
        Self { root, vars: Vec::new() }
    }

    /// Where everything of it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where the watcher of its user keeps what it keeps.
    pub fn watcher_state(&self) -> PathBuf {
        self.home().join(".local/state/tribunal")
    }

    /// The home of its user.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Where the settings of the user stand, in a folder that is there.
    pub fn settings_file(&self) -> PathBuf {
        let folder = self.home().join(".config/tribunal");
        fs::create_dir_all(&folder).unwrap();
        folder.join("config.toml")
    }

    /// Writes the settings of the user.
    pub fn settings(&self, text: &str) {
        fs::write(self.settings_file(), text).unwrap();
    }

    /// A new repository with `main` as its branch and no commit.
    pub fn repo(&self, name: &str) -> Repo<'_> {
        self.repo_with(name, &[])
    }

    /// A new repository, with more arguments for `git init`.
    pub fn repo_with(&self, name: &str, arguments: &[&str]) -> Repo<'_> {
        let dir = self.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        let repo = Repo { sandbox: self, dir };
        let mut words = vec!["init", "--quiet", "--initial-branch=main"];
        words.extend(arguments);
        repo.git(&words).ok();
        repo
    }

    /// A bare repository to push to; the path is also its address.
    pub fn bare(&self, name: &str) -> Repo<'_> {
        self.repo_with(name, &["--bare"])
    }

    /// A command with a hermetic environment.
    pub fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("TMPDIR", self.path().join("tmp"))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.home().join(".gitconfig"))
            .env("GIT_AUTHOR_NAME", "A Person")
            .env("GIT_AUTHOR_EMAIL", "person@example.invalid")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_NAME", "A Person")
            .env("GIT_COMMITTER_EMAIL", "person@example.invalid")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_TERMINAL_PROMPT", "0")
            // A watcher that a commit starts would outlive the test; those that are about it say so.
            .env("TRIBUNAL_NO_DAEMON", "1")
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// What a test left running ends with its sandbox.
impl Drop for Sandbox {
    fn drop(&mut self) {
        let lock = fs::read(self.watcher_state().join("watcher.lock")).unwrap_or_default();
        let lock: serde_json::Value = serde_json::from_slice(&lock).unwrap_or_default();
        if let Some(pid) = lock["pid"].as_u64()
            && fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == Path::new(TRIBUNAL))
        {
            drop(Command::new("kill").args(["-KILL", &pid.to_string()]).status());
        }
    }
}

impl Repo<'_> {
    /// A path in the work tree.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file of the work tree, with the folders it needs.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The text of a file of the work tree.
    pub fn read(&self, name: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs git.
    pub fn git<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        let mut command = self.sandbox.command("git", &self.dir);
        command.args(arguments);
        run(command, b"")
    }

    /// Runs git with more variables.
    pub fn git_env<S: AsRef<OsStr>>(&self, arguments: &[S], vars: &[(&str, &str)]) -> Outcome {
        let mut command = self.sandbox.command("git", &self.dir);
        command.args(arguments).envs(vars.iter().copied());
        run(command, b"")
    }

    /// The program under test, to be started.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = self.sandbox.command(TRIBUNAL, &self.dir);
        command.args(arguments);
        command
    }

    /// Runs the program under test.
    pub fn tribunal<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        self.tribunal_with(arguments, &[], b"")
    }

    /// Runs the program under test with more variables and an input.
    pub fn tribunal_with<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        vars: &[(&str, &str)],
        input: &[u8],
    ) -> Outcome {
        let mut command = self.command(arguments);
        command.envs(vars.iter().copied());
        run(command, input)
    }

    /// Runs the program under test, which kills itself at that save if it comes so far.
    pub fn until_save<S: AsRef<OsStr>>(&self, arguments: &[S], save: impl fmt::Display) -> Outcome {
        let save = save.to_string();
        self.tribunal_with(arguments, &[("TRIBUNAL_TEST_CRASH_AT_SAVE", &save)], b"")
    }

    /// Makes a repository its `origin`, which has its `main` from then on.
    pub fn push_to(&self, origin: &Repo<'_>) {
        self.git(&["remote", "add", "origin", origin.dir.to_str().unwrap()]).ok();
        self.git(&["push", "--quiet", "origin", "main"]).ok();
    }

    /// Stages everything and commits it without any hook.
    pub fn commit_unjudged(&self, message: &str) -> &Self {
        self.git(&["add", "--all"]).ok();
        self.git(&["commit", "--quiet", "--allow-empty", "--no-verify", "-m", message]).ok();
        self
    }

    /// Stages everything and commits it as a person does.
    pub fn commit(&self, message: &str) -> Outcome {
        self.git(&["add", "--all"]).ok();
        self.git(&["commit", "--quiet", "-m", message])
    }

    /// What a revision names; empty where it names nothing.
    pub fn rev(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", "--quiet", revision]).out().to_owned()
    }
}

/// The end of an id, by which people name it.
pub fn short(id: &str) -> &str {
    &id[id.len() - 6..]
}

/// Writes a program, with the folders that it needs.
pub fn executable(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a command to its end.
pub fn run(mut command: Command, input: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// How much is tried: the first in the usual run of all tests, the second with `TRIBUNAL_TEST_ALL=1`.
pub fn cases<T>(usual: T, all: T) -> T {
    if std::env::var_os("TRIBUNAL_TEST_ALL").is_some() { all } else { usual }
}

/// Waits until a condition holds; fails the test after a generous deadline.
#[track_caller]
pub fn wait_for(what: &str, holds: impl FnMut() -> bool) {
    assert!(happens(holds), "waited 30 s for {what}");
}

/// Waits until a condition holds, up to a generous deadline; whether it came to hold.
pub fn happens(mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
    true
}

/// The watchers of a sandbox's user.
pub fn watchers(sandbox: &Sandbox) -> Vec<i32> {
    let home = format!("HOME={}", sandbox.home().display());
    let is_meant = |pid: &i32| {
        let of = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let (line, environment) = (of("cmdline"), of("environ"));
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.windows(2).any(|pair| pair == [&b"daemon"[..], b"serve"])
            && environment.split(|byte| *byte == 0).any(|var| var == home.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_meant).collect()
}

/// The processes of the program in a repository that were started with these two words.
pub fn processes(repo: &Repo<'_>, two: [&str; 2]) -> Vec<i32> {
    let top = repo.dir.canonicalize().unwrap();
    let is_meant = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&str> = line
            .split(|byte| *byte == 0)
            .filter_map(|word| std::str::from_utf8(word).ok())
            .collect();
        words.windows(2).any(|pair| pair == two)
            && words.iter().any(|word| Path::new(word).starts_with(&top))
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_meant).collect()
}
