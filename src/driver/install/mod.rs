//! The hooks in a repository: where they go, what is put there, what is given back.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::git::hooks_dir::{self, HooksPath, has_configured_hooks};
use crate::git::repo::{Repo, succeeded};
use crate::process;
use crate::store::file;
use crate::ui::out;

#[cfg(test)]
mod tests;

/// Every hook that the program answers.
pub const EVENTS: [&str; 7] = [
    "pre-commit",
    "pre-merge-commit",
    "commit-msg",
    "post-commit",
    "post-rewrite",
    "pre-push",
    "pre-receive",
];

/// What is installed where nothing is named: no hook that earns nothing.
pub const CLIENT_EVENTS: [&str; 4] = ["pre-commit", "pre-merge-commit", "commit-msg", "pre-push"];

/// What is installed in a bare repository where nothing is named.
pub const SERVER_EVENTS: [&str; 1] = ["pre-receive"];

/// The shim, as it is read in the source; `@BIN@` stands for the recorded path.
const SHIM: &str = include_str!("../../../hooks/shim.sh");

/// What the second line of a shim begins with, before its version.
const MARK: &[u8] = b"# tribunal hook shim ";

/// What is put behind the name of a hook that stood there before.
const KEPT: &str = ".before-tribunal";

/// How the hooks are hung in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// As files in that folder.
    Folder(PathBuf),
    /// By `hook.<name>.command`, as git 2.54 and later understand it: whatever stands in the hooks
    /// folder is left alone, wherever that folder is.
    Config,
}

/// Why no hook is put into the hooks folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `core.hooksPath` is set to nothing.
    Empty,
    /// The folder is a part of the work tree: husky's, or one that a team shares.
    WorkTree(PathBuf),
    /// The folder is outside the repository.
    Outside(PathBuf),
}

/// One thing that is done to hang hooks in or to take them away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Write { hook: PathBuf, content: BString },
    Keep { hook: PathBuf, kept: PathBuf },
    Restore { kept: PathBuf, hook: PathBuf },
    Remove { hook: PathBuf },
    Configure { event: &'static str, command: BString },
    Unconfigure { event: &'static str },
}

/// What stands in a hook's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Ours(Shim),
    Foreign { executable: bool },
}

/// A shim that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shim {
    pub version: String,
    /// The recorded path of the program.
    pub bin: PathBuf,
    /// Whether it is what this program writes, apart from the recorded path.
    pub same_text: bool,
    pub executable: bool,
}

/// The event of that name.
pub fn event(name: &str) -> Result<&'static str> {
    EVENTS.into_iter().find(|event| *event == name).ok_or_else(|| {
        let near = EVENTS
            .into_iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let hint = format!("did you mean `{}`? known: {}", near.unwrap_or(""), EVENTS.join(", "));
        out::hinted(format!("`{name}` is not a hook that tribunal answers"), hint)
    })
}

/// What is installed where nothing is named.
pub fn default_events(repo: &Repo) -> Vec<&'static str> {
    let mut events = Vec::new();
    let has_work_trees =
        fs::read_dir(repo.common_dir.join("worktrees")).is_ok_and(|mut list| list.next().is_some());
    if repo.work_tree.is_some() || has_work_trees {
        events.extend(CLIENT_EVENTS);
    }
    if repo.work_tree.is_none() {
        events.extend(SERVER_EVENTS);
    }
    events
}

/// Decides how hooks are hung in. `folder` is where git looks, without symbolic links as far as it
/// exists; so are the other two.
pub fn choose(
    version: (u32, u32),
    setting: Option<&HooksPath>,
    folder: &Path,
    common_dir: &Path,
    work_tree: Option<&Path>,
) -> Result<Way, Refusal> {
    if has_configured_hooks(version) {
        return Ok(Way::Config);
    }
    if setting.is_some_and(|setting| setting.value.is_empty()) {
        return Err(Refusal::Empty);
    }
    if folder.starts_with(common_dir) {
        return Ok(Way::Folder(folder.to_owned()));
    }
    match work_tree {
        Some(top) if folder.starts_with(top) => Err(Refusal::WorkTree(folder.to_owned())),
        _ => Err(Refusal::Outside(folder.to_owned())),
    }
}

/// How hooks are hung in here, and the setting that has a say in it.
pub fn way(repo: &Repo) -> Result<(Result<Way, Refusal>, Option<HooksPath>)> {
    let version = hooks_dir::git_version(&repo.git_dir)?;
    let setting = hooks_dir::hooks_path(repo)?;
    let folder = match &setting {
        Some(setting) => setting.folder.clone(),
        None => repo.common_dir.join("hooks"),
    };
    let top = repo.work_tree.as_deref().map(real);
    let way =
        choose(version, setting.as_ref(), &real(&folder), &real(&repo.common_dir), top.as_deref());
    Ok((way, setting))
}

/// A path without symbolic links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    match (fs::canonicalize(path), path.parent(), path.file_name()) {
        (Ok(path), _, _) => path,
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

/// The error for a folder that is not ours to write to, with the ways on.
pub fn refused(refusal: &Refusal, setting: Option<&HooksPath>) -> anyhow::Error {
    let origin = setting.map_or_else(
        || "it is a symbolic link".to_owned(),
        |setting| {
            format!(
                "`core.hooksPath` is `{}`, set in {} ({})",
                setting.value, setting.origin, setting.scope
            )
        },
    );
    let unset = setting.map_or_else(String::new, |setting| match setting.scope.as_str() {
        "command" => "leave the setting out of this call".to_owned(),
        scope => format!("`git config --{scope} --unset core.hooksPath`"),
    });
    match refusal {
        Refusal::Empty => {
            let message = format!("git runs no hook here: {origin}");
            out::hinted(message, format!("{unset} switches hooks on again; then install"))
        }
        Refusal::WorkTree(folder) => {
            let scripts = match folder.file_name() {
                Some(name) if name == "_" => folder.parent().unwrap_or(folder),
                _ => folder,
            };
            let message = format!(
                "the hooks folder `{}` belongs to the work tree, where tribunal writes nothing: {origin}",
                folder.display()
            );
            let hint = format!(
                "add to the scripts in `{}` one line each: {}; or {unset} and install",
                scripts.display(),
                lines_by_hand()
            );
            out::hinted(message, hint)
        }
        Refusal::Outside(folder) => {
            let message = format!(
                "the hooks folder `{}` is outside the repository, and other repositories may use it: {origin}",
                folder.display()
            );
            let hint = format!(
                "add to the scripts there one line each: {}; or give this repository its own folder with `git config core.hooksPath \"$(git rev-parse --git-common-dir)/hooks\"` and install",
                lines_by_hand()
            );
            out::hinted(message, hint)
        }
    }
}

fn lines_by_hand() -> String {
    CLIENT_EVENTS.map(|event| format!("`tribunal hook {event} \"$@\"`")).join(", ")
}

/// The shim that calls that program.
pub fn shim(bin: &Path) -> BString {
    SHIM.as_bytes().replacen(b"@BIN@", shell_quoted(bin.as_os_str()), 1).into()
}

fn shell_quoted(text: &OsStr) -> Vec<u8> {
    let mut quoted = b"'".to_vec();
    quoted.extend(text.as_bytes().replace(b"'", b"'\\''"));
    quoted.push(b'\'');
    quoted
}

fn shell_unquoted(text: &[u8]) -> PathBuf {
    let inner = text.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")).unwrap_or(text);
    PathBuf::from(OsString::from_vec(inner.replace(b"'\\''", b"'")))
}

/// The version that the shims of this program have.
pub fn shim_version() -> String {
    version_in(SHIM.as_bytes()).unwrap_or_default()
}

fn version_in(text: &[u8]) -> Option<String> {
    let line = text.lines().nth(1)?.strip_prefix(MARK)?;
    Some(line.split(|byte| *byte == b':').next()?.to_str_lossy().into_owned())
}

/// Looks at what stands in a hook's place.
pub fn look(hook: &Path) -> Result<Found> {
    let read = || -> io::Result<Option<(fs::Metadata, Vec<u8>)>> {
        match fs::symlink_metadata(hook) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
            // A link may lead to nothing; it is somebody's all the same.
            Ok(link) if link.is_symlink() => {
                Ok(Some((fs::metadata(hook).unwrap_or(link), Vec::new())))
            }
            Ok(file) => Ok(Some((file, fs::read(hook)?))),
        }
    };
    let found = read().with_context(|| format!("could not read the hook `{}`", hook.display()))?;
    let Some((metadata, text)) = found else { return Ok(Found::Nothing) };
    let executable = metadata.permissions().mode() & 0o111 != 0;
    let Some(version) = version_in(&text) else { return Ok(Found::Foreign { executable }) };
    let bin = text.lines().find_map(|line| line.strip_prefix(b"bin=")).map(shell_unquoted);
    let bin = bin.unwrap_or_default();
    let same_text = shim(&bin) == text;
    Ok(Found::Ours(Shim { version, bin, same_text, executable }))
}

/// Where the hook is kept that stood in a hook's place before.
pub fn kept_path(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(KEPT);
    name.into()
}

/// Where the shims are that git's configuration names.
pub fn config_folder(repo: &Repo) -> PathBuf {
    repo.state_dir().join("hooks")
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// What must be done so that these events call that program; empty where all of it is done.
pub fn plan_install(
    repo: &Repo,
    way: &Way,
    events: &[&'static str],
    bin: &Path,
) -> Result<Vec<Step>> {
    let content = shim(bin);
    let mut steps = Vec::new();
    let folder = match way {
        Way::Folder(folder) => folder.clone(),
        Way::Config => config_folder(repo),
    };
    for event in events {
        let hook = folder.join(event);
        let kept = kept_path(&hook);
        match look(&hook)? {
            Found::Ours(shim) if shim.same_text && shim.executable && shim.bin == bin => {}
            Found::Nothing | Found::Ours(_) => {
                steps.push(Step::Write { hook: hook.clone(), content: content.clone() });
            }
            // An install that was stopped half way left the hook under both names.
            Found::Foreign { .. } if same_file(&hook, &kept) => {
                steps.push(Step::Write { hook: hook.clone(), content: content.clone() });
            }
            Found::Foreign { .. } if is_there(&kept) => {
                let message = format!(
                    "both `{}` and `{}` hold a hook of yours",
                    hook.display(),
                    kept.display()
                );
                return Err(out::hinted(
                    message,
                    "put into the first what is to run, and delete the second",
                ));
            }
            Found::Foreign { .. } => {
                steps.push(Step::Keep { hook: hook.clone(), kept });
                steps.push(Step::Write { hook: hook.clone(), content: content.clone() });
            }
        }
        if *way == Way::Config {
            let command = config_command(event, &hook);
            if configured(repo, event)?.as_ref() != Some(&command) {
                steps.push(Step::Configure { event, command });
            }
            // Of an install with an older git: it would run a second time.
            steps.extend(plan_removal(&repo.common_dir.join("hooks").join(event))?);
        }
    }
    Ok(steps)
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::symlink_metadata(a), fs::symlink_metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// What must be done to take the hooks of these events away and give back what stood there.
pub fn plan_uninstall(repo: &Repo, events: &[&'static str]) -> Result<Vec<Step>> {
    let mut folders = vec![repo.common_dir.join("hooks")];
    if let (Ok(Way::Folder(folder)), _) = way(repo)?
        && real(&folders[0]) != folder
    {
        folders.push(folder);
    }
    let mut steps = Vec::new();
    for event in events {
        for folder in &folders {
            steps.extend(plan_removal(&folder.join(event))?);
        }
        if configured(repo, event)?.is_some() {
            steps.push(Step::Unconfigure { event });
        }
        steps.extend(plan_removal(&config_folder(repo).join(event))?);
    }
    Ok(steps)
}

fn plan_removal(hook: &Path) -> Result<Option<Step>> {
    let kept = kept_path(hook);
    let has_kept = is_there(&kept);
    let hook = hook.to_owned();
    Ok(match look(&hook)? {
        Found::Ours(_) | Found::Nothing if has_kept => Some(Step::Restore { kept, hook }),
        Found::Ours(_) => Some(Step::Remove { hook }),
        Found::Foreign { .. } if same_file(&hook, &kept) => Some(Step::Remove { hook: kept }),
        Found::Foreign { .. } | Found::Nothing => None,
    })
}

/// The name under which git's configuration knows an event's hook. One name an event, so that each
/// can be switched off by `git config hook.<name>.enabled false`.
fn config_name(event: &str) -> String {
    format!("hook.tribunal-{event}")
}

/// The line that git hands to a shell, with the hook's arguments behind it. Where the repository was
/// moved the shim is not where the line says: open at a commit, closed where refs move.
fn config_command(event: &str, hook: &Path) -> BString {
    let path = shell_quoted(hook.as_os_str());
    let code = u8::from(matches!(event, "pre-push" | "pre-receive"));
    let mut line = b"test -x ".to_vec();
    line.extend_from_slice(&path);
    line.extend_from_slice(
        format!(" || {{ echo 'tribunal: {event} NOT judged: run tribunal hooks install' >&2; exit {code}; }}; ")
            .as_bytes(),
    );
    line.extend_from_slice(&path);
    line.into()
}

/// The command that git's configuration has for an event.
pub fn configured(repo: &Repo, event: &str) -> Result<Option<BString>> {
    repo.config(&format!("{}.command", config_name(event)))
}

/// Does what was planned, in order; each step is whole or not done.
pub fn perform(repo: &Repo, steps: &[Step]) -> Result<()> {
    for step in steps {
        match step {
            Step::Write { hook, content } => file::write_executable(hook, content)?,
            Step::Keep { hook, kept } => {
                keep(hook, kept)
                    .with_context(|| format!("could not keep `{}`", hook.display()))?;
            }
            Step::Restore { kept, hook } => fs::rename(kept, hook)
                .with_context(|| format!("could not give back `{}`", hook.display()))?,
            Step::Remove { hook } => fs::remove_file(hook)
                .with_context(|| format!("could not remove `{}`", hook.display()))?,
            Step::Configure { event, command } => {
                let name = config_name(event);
                let command = OsStr::from_bytes(command);
                configure(repo, &[format!("{name}.command").as_ref(), command])?;
                configure(repo, &[format!("{name}.event").as_ref(), event.as_ref()])?;
            }
            Step::Unconfigure { event } => {
                let arguments = ["config", "--local", "--remove-section", &config_name(event)];
                succeeded(&repo.git().args(arguments).capture()?, "git config")?;
            }
        }
    }
    Ok(())
}

fn configure(repo: &Repo, words: &[&OsStr]) -> Result<()> {
    let output = repo.git().args(["config", "--local", "--replace-all"]).args(words).capture()?;
    succeeded(&output, "git config").map(drop)
}

/// A second name first, so that at no moment there is no hook; a plain move where the file system
/// has no second names.
fn keep(hook: &Path, kept: &Path) -> io::Result<()> {
    match fs::hard_link(hook, kept) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(hook, kept),
        other => other,
    }
}

impl Step {
    /// What the step does, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Write { hook, .. } => format!("write `{}`", hook.display()),
            Self::Keep { hook, kept } => {
                format!("keep `{}` as `{}`; it still runs", hook.display(), kept.display())
            }
            Self::Restore { hook, .. } => format!("give back `{}`", hook.display()),
            Self::Remove { hook } => format!("remove `{}`", hook.display()),
            Self::Configure { event, .. } => format!("set `{}.command`", config_name(event)),
            Self::Unconfigure { event } => format!("unset `{}`", config_name(event)),
        }
    }
}

/// How one event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventStatus {
    pub event: &'static str,
    pub installed: bool,
    /// Whether it ought to be.
    pub wanted: bool,
    /// What keeps it from guarding, or will.
    pub problems: Vec<String>,
    pub notes: Vec<String>,
}

/// Tells how every event stands, given how hooks are hung in here.
pub fn status(repo: &Repo, way: &Result<Way, Refusal>) -> Result<Vec<EventStatus>> {
    let wanted = default_events(repo);
    let events = EVENTS.into_iter().map(|event| {
        let mut status = EventStatus {
            event,
            installed: false,
            wanted: wanted.contains(&event),
            problems: Vec::new(),
            notes: Vec::new(),
        };
        match way {
            Ok(Way::Folder(folder)) => status.look_at(&folder.join(event))?,
            Ok(Way::Config) => status.look_at_config(repo)?,
            Err(Refusal::WorkTree(folder) | Refusal::Outside(folder)) => {
                status.look_for_a_line(folder);
            }
            Err(Refusal::Empty) => {}
        }
        if !status.installed && status.wanted && status.problems.is_empty() {
            status.problems.push("missing".to_owned());
        }
        Ok(status)
    });
    events.collect()
}

impl EventStatus {
    fn look_at(&mut self, hook: &Path) -> Result<()> {
        let kept = kept_path(hook);
        match look(hook)? {
            Found::Nothing if is_there(&kept) => {
                self.problems.push(format!("missing, and `{}` waits to be run", kept.display()));
            }
            Found::Nothing => {}
            Found::Foreign { .. } if self.wanted => {
                self.problems.push("another program's hook stands in its place".to_owned());
            }
            Found::Foreign { .. } => self.notes.push("a hook of your own".to_owned()),
            Found::Ours(shim) => {
                self.installed = true;
                self.look_into(&shim);
                if is_there(&kept) {
                    let runs = fs::metadata(&kept)
                        .is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
                    let what = if runs { "runs" } else { "cannot run (it is not executable)" };
                    self.notes.push(format!("the hook that stood there before {what}"));
                }
            }
        }
        Ok(())
    }

    fn look_into(&mut self, shim: &Shim) {
        if !shim.executable {
            self.problems.push("not executable: git does not run it".to_owned());
        }
        if shim.version != shim_version() {
            let (theirs, ours) = (&shim.version, shim_version());
            self.problems
                .push(format!("the shim has version {theirs}, this program writes {ours}"));
        } else if !shim.same_text {
            self.problems.push("the shim was edited".to_owned());
        }
        let bin = shim.bin.display();
        if !shim.bin.exists() {
            self.problems
                .push(format!("it calls `{bin}`, which is not there; `PATH` is tried next"));
        } else if process::own_path().is_ok_and(|own| own != shim.bin) {
            self.notes.push(format!("it calls another program than this one: `{bin}`"));
        }
    }

    fn look_at_config(&mut self, repo: &Repo) -> Result<()> {
        let hook = config_folder(repo).join(self.event);
        let Some(command) = configured(repo, self.event)? else {
            // An install with an older git still works.
            return self.look_at(&repo.common_dir.join("hooks").join(self.event));
        };
        self.look_at(&hook)?;
        self.notes.push("by git's configuration".to_owned());
        if command != config_command(self.event, &hook) {
            self.problems.push(format!("`{}.command` was changed", config_name(self.event)));
        }
        if repo
            .config(&format!("{}.enabled", config_name(self.event)))?
            .is_some_and(|value| value == "false")
        {
            self.problems.push(format!("`{}.enabled` is false", config_name(self.event)));
        }
        Ok(())
    }

    /// A script of somebody else's may call the program by itself.
    fn look_for_a_line(&mut self, folder: &Path) {
        let husky = folder.file_name().is_some_and(|name| name == "_");
        let folder = if husky { folder.parent().unwrap_or(folder) } else { folder };
        let script = folder.join(self.event);
        let call = format!("tribunal hook {}", self.event);
        if fs::read(&script).is_ok_and(|text| text.contains_str(&call)) {
            self.installed = true;
            self.notes.push(format!("called by `{}`", script.display()));
        }
    }
}
