//! The state of a repository as files of text: taken from one, and laid into another.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Outcome, Repo, TRIBUNAL, run};

/// With a folder in this variable the scenes write what they make into it, so that a later format
/// can be frozen too; without it that goes into a folder which is removed.
const FREEZE: &str = "TRIBUNAL_FREEZE_STATE";

/// Stands for the folder in which the repository and the home are.
const SANDBOX: &str = "@SANDBOX@";

/// Stands for the program in a hook.
const PROGRAM: &str = "@TRIBUNAL@";

/// The time at which every scene is made.
pub const NOW: &str = "2026-03-04T12:00:00Z";

/// A day later: the time at which they are looked at.
pub const LATER: &str = "2026-03-05T12:00:00Z";

/// A process that cannot be: the kernel gives no such number.
const NO_PROCESS: &str = "999999999";

/// The scene that keeps what its calls were asked.
const WITH_PROMPTS: &str = "ended-review";

/// The state that one scene left.
pub struct Data {
    folder: PathBuf,
    _own: Option<TempDir>,
}

impl Data {
    /// The one of the first format that is kept with the tests.
    pub fn frozen(scene: &str) -> Self {
        Self::of_format(1, scene)
    }

    /// The one of a later format, where there is one.
    pub fn of_format(number: u32, scene: &str) -> Self {
        // Read when the test runs: a shared target folder would otherwise test another checkout.
        let top = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        Self { folder: top.join(format!("tests/data/state-{number}")).join(scene), _own: None }
    }

    /// Whether an earlier version of the program made it.
    pub fn is_frozen(&self) -> bool {
        let top = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        self.folder.starts_with(top.join("tests/data"))
    }

    pub fn exists(&self) -> bool {
        self.folder.exists()
    }

    /// An empty one, to be filled by this program.
    pub fn fresh(scene: &str) -> Self {
        let named = std::env::var_os(FREEZE).map(PathBuf::from);
        let own = named.is_none().then(|| TempDir::with_prefix("tribunal-state-").unwrap());
        let root = named.or_else(|| Some(own.as_ref()?.path().to_owned())).unwrap();
        let folder = root.join(scene);
        let data = Self { folder, _own: own };
        data.clear();
        data
    }

    /// Forgets what was taken.
    pub fn clear(&self) {
        drop(fs::remove_dir_all(&self.folder));
        fs::create_dir_all(&self.folder).unwrap();
    }

    /// Copies the state of a repository, the hooks that stand in it, the attempts of its runs, and
    /// these files of its work tree. What calls were asked is long and read by nobody: one scene
    /// keeps it.
    pub fn take(&self, repo: &Repo<'_>, files: &[&str]) {
        let from = repo.path(".git/tribunal");
        for file in below(&from) {
            let name = file.strip_prefix(&from).unwrap().to_str().unwrap().to_owned();
            if name.contains(".tribunal-") {
                // Half of a file, which a killed writer left beside the whole one.
            } else if name.ends_with("/prompt.md") || name.ends_with("/schema.json") {
                if self.folder.ends_with(WITH_PROMPTS) {
                    self.write(&format!("state/{name}"), &fs::read_to_string(&file).unwrap(), repo);
                }
            } else if name == "ledger.db" {
                self.write("ledger.sql", &dump(&file), repo);
            } else if !name.starts_with("ledger.db-") {
                let text = fs::read_to_string(&file).unwrap();
                self.write(&format!("state/{}", without_process(&name)), &text, repo);
            }
        }
        // A newer git is told of them by its configuration, and they stand in the second folder.
        for file in [".git/hooks", ".git/tribunal/hooks"].iter().flat_map(|f| below(&repo.path(f)))
        {
            let name = file.file_name().unwrap().to_str().unwrap();
            if !name.contains('.') {
                let text = fs::read_to_string(&file).unwrap();
                self.write(&format!("hooks/{name}"), &text, repo);
            }
        }
        for name in files {
            self.write(&format!("files/{name}"), &repo.read(name), repo);
        }
        let refs = repo.git(&["for-each-ref", "--format=%(refname)", "refs/tribunal"]).ok();
        if !refs.stdout.is_empty() {
            let export = ["fast-export", "--reference-excluded-parents", "^main"];
            let words: Vec<&str> = export.into_iter().chain(refs.stdout.lines()).collect();
            self.write("objects.fast-import", &repo.git(&words).ok().stdout, repo);
        }
    }

    fn write(&self, name: &str, text: &str, repo: &Repo<'_>) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = text.replace(repo.sandbox.path().to_str().unwrap(), SANDBOX);
        fs::write(path, text.replace(TRIBUNAL, PROGRAM)).unwrap();
    }

    /// Lays everything into a repository that has the commits of the scene.
    pub fn lay(&self, repo: &Repo<'_>) {
        self.lay_for(repo, "");
    }

    /// The same. Reviews are found again by a hash of all that makes their question; `question` is
    /// what this program makes of it, which changes with its prompts. Empty: it is left as it is.
    pub fn lay_for(&self, repo: &Repo<'_>, question: &str) {
        let before = self.question().unwrap_or_default();
        let sandbox = repo.sandbox.path().to_str().unwrap();
        for file in below(&self.folder) {
            let name = file.strip_prefix(&self.folder).unwrap().to_str().unwrap().to_owned();
            let mut text = fs::read_to_string(&file).unwrap().replace(SANDBOX, sandbox);
            text = text.replace(PROGRAM, TRIBUNAL);
            if !question.is_empty() && !before.is_empty() {
                text = text.replace(&before, question);
            }
            if name == "rows.sql" {
                text.insert_str(0, &schema());
            }
            if name == "ledger.sql" || name == "rows.sql" {
                fs::create_dir_all(repo.path(".git/tribunal")).unwrap();
                let ledger = ledger(repo);
                ledger.execute_batch(&text).unwrap();
                if question != before && !question.is_empty() {
                    name_receipts_anew(&ledger);
                }
            } else if name == "objects.fast-import" {
                let mut import = repo.sandbox.command("git", &repo.dir);
                import.args(["fast-import", "--quiet"]);
                run(import, text.as_bytes()).ok();
            } else if let Some(name) = name.strip_prefix("hooks/") {
                let name = format!(".git/hooks/{name}");
                repo.write(&name, text);
                let run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                fs::set_permissions(repo.path(name), run).unwrap();
            } else if let Some(name) = name.strip_prefix("state/") {
                repo.write(format!(".git/tribunal/{name}"), text);
            } else if let Some(name) = name.strip_prefix("files/") {
                repo.write(name, text);
            }
        }
    }

    /// The id of the newest run.
    pub fn run(&self) -> String {
        let runs = fs::read_dir(self.folder.join("state/runs")).unwrap();
        let ids = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
        ids.max().unwrap()
    }

    /// The name of the question that the newest run is about.
    pub fn question(&self) -> Option<String> {
        let runs = below(&self.folder.join("state/runs"));
        let state = runs.iter().rfind(|path| path.ends_with("run.json"))?;
        let state: Value = serde_json::from_slice(&fs::read(state).unwrap()).unwrap();
        // The first format has it at the top.
        let question = state["question"].as_str().or_else(|| state["about"]["question"].as_str());
        Some(question.unwrap().to_owned())
    }
}

/// The tables of the ledger, which later formats of other state left as they were.
fn schema() -> String {
    let first = Data::frozen("ended-review").folder.join("ledger.sql");
    let text = fs::read_to_string(first).unwrap();
    text[..text.find("INSERT").unwrap()].to_owned()
}

/// The ledger of a repository, as the program has it.
pub fn ledger(repo: &Repo<'_>) -> Connection {
    Connection::open(repo.path(".git/tribunal/ledger.db")).unwrap()
}

/// Runs the program at that time.
pub fn at(repo: &Repo<'_>, now: &str, words: &[&str]) -> Outcome {
    repo.tribunal_with(words, &[("TRIBUNAL_TEST_NOW", now)], b"")
}

/// Runs the program a day after the scene was made.
pub fn later(repo: &Repo<'_>, words: &[&str]) -> Outcome {
    at(repo, LATER, words)
}

/// The files below a folder; none where there is no folder.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The number of a process at the end of a name could be anybody's by now.
fn without_process(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((rest, end)) if end.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{rest}.{NO_PROCESS}")
        }
        _ => name.to_owned(),
    }
}

/// A receipt's id is a hash of its question and its body: with another question it has another.
fn name_receipts_anew(ledger: &Connection) {
    let mut statement = ledger.prepare("SELECT question, body FROM receipts").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    for (question, body) in rows {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(question.len() as u64).to_le_bytes());
        hasher.update(question.as_bytes()).update(body.as_bytes());
        let id = hasher.finalize().to_hex().to_string();
        let set = "UPDATE receipts SET id = ?1 WHERE question = ?2";
        ledger.execute(set, [id, question]).unwrap();
    }
}

/// A database as SQL: its tables as they were made, and every row.
fn dump(database: &Path) -> String {
    let database = Connection::open(database).unwrap();
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let mut text = String::from("-- Written by a test, never by hand; see README.md.\n");
    let mut tables = Vec::new();
    let schema = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";
    let mut statement = database.prepare(schema).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let [kind, name, sql]: [String; 3] = [0, 1, 2].map(|at| row.get(at).unwrap());
        writeln!(text, "{sql};").unwrap();
        tables.extend((kind == "table").then_some(name));
    }
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let count = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<String> =
                (0..count).map(|at| literal(row.get_ref(at).unwrap())).collect();
            writeln!(text, "INSERT INTO {table} VALUES ({});", values.join(", ")).unwrap();
        }
    }
    writeln!(text, "PRAGMA user_version = {version};").unwrap();
    text
}

fn literal(value: ValueRef<'_>) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => quoted(std::str::from_utf8(text).unwrap()),
        // Readable, and so that a path in it can be another one.
        ValueRef::Blob(bytes) => std::str::from_utf8(bytes)
            .map_or_else(|_| hexadecimal(bytes), |text| format!("CAST({} AS BLOB)", quoted(text))),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = "x'".to_owned();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text + "'"
}
