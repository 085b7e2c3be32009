//! One repository, as a hook or a person's directory names it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::platform::config::env::Env;
use crate::platform::git::alternates;
use crate::platform::git::command::{git, succeeded};
use crate::platform::git::config::{self, Settings};
use crate::platform::git::index;
use crate::platform::git::library::{Library, is_absent};
use crate::platform::git::object::{Commit, Objects};
use crate::platform::git::places::ask_git;
use crate::platform::process::Cmd;
use crate::platform::store::regular;
use crate::platform::store::regular::LastLink;

/// How many digits names of objects have where libgit2 reads them.
const SHA1_DIGITS: usize = 40;

/// The variable that names the folder of objects to write to.
const OBJECTS: &str = "GIT_OBJECT_DIRECTORY";

/// The variables that git sets for a hook: a temporary index, and the quarantine
/// of a push that was not accepted yet. Our own git commands in the same repository need them.
const HOOK_VARS: [&str; 4] =
    ["GIT_INDEX_FILE", OBJECTS, alternates::VARIABLE, "GIT_QUARANTINE_PATH"];

/// A repository and its places.
pub struct Repo {
    /// This work tree's own git directory.
    pub git_dir: PathBuf,
    /// The git directory that all linked work trees share.
    pub common_dir: PathBuf,
    /// The common git directory of the repository that the person has. State, answers, caches and
    /// workspaces are found by it; the same as `common_dir` but in a private repository.
    pub home_dir: PathBuf,
    /// `None` in a bare repository, and in a private one.
    pub work_tree: Option<PathBuf>,
    /// The work tree of the repository that the person has; `None` where that is bare.
    pub home_tree: Option<PathBuf>,
    pub objects: Objects,
    /// The index that git named for this hook, or the work tree's own.
    index_file: PathBuf,
    /// Whether git called us, or a person: a hook never goes to the network.
    pub is_hook: bool,
    hook_vars: Vec<(&'static str, OsString)>,
    settings: Settings,
}

impl Repo {
    /// Opens the repository that `dir` is in. With `hook`, the variables that git sets for hooks
    /// (`GIT_DIR`, `GIT_INDEX_FILE`, quarantine) hold; otherwise they are left alone, because a
    /// person who names a directory means that one.
    pub fn discover(dir: &Path, hook: Option<&Env>) -> Result<Self> {
        let settings = hook.map(Env::git_settings).unwrap_or_default();
        Self::open(dir, hook, settings)
    }

    /// Opens the repository that a person's `dir` is in, as git would with that person's variables:
    /// those that carry settings count, and those that tie a git command to a repository do not.
    pub fn of_person(dir: &Path, env: &Env) -> Result<Self> {
        Self::open(dir, None, env.git_settings())
    }

    fn open(
        dir: &Path,
        hook: Option<&Env>,
        vars: Vec<(OsString, Option<OsString>)>,
    ) -> Result<Self> {
        let settings = Settings::of(vars);
        // Git does not hash again what it reads either: names are checked where objects come in. It
        // would be half of what a commit pays for its objects.
        git2::opts::strict_hash_verification(false);
        let git_dir_var = hook.and_then(|env| env.path("GIT_DIR"));
        let opened = match (&git_dir_var, hook) {
            (_, Some(env)) if env.get(OBJECTS).is_some() => git2::Repository::open_from_env(),
            (Some(git_dir), _) => git2::Repository::open_ext(
                git_dir,
                git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::NO_DOTGIT,
                [] as [&Path; 0],
            ),
            (None, _) => git2::Repository::discover(dir),
        };
        let hook_vars: Vec<_> = hook
            .map(|env| {
                HOOK_VARS
                    .into_iter()
                    .filter_map(|name| Some((name, env.path(name)?.into_os_string())))
                    .collect()
            })
            .unwrap_or_default();
        let (git_dir, common_dir, work_tree, objects) = match opened {
            Ok(library) => {
                let git_dir = library.path().to_path_buf();
                let common_dir = library.commondir().to_path_buf();
                let work_tree = library.workdir().map(Path::to_path_buf);
                let library = Box::new(Library::new(library, &hook_vars));
                (git_dir, common_dir, work_tree, Objects::of_library(library))
            }
            Err(_) => ask_git(dir, git_dir_var.as_deref(), &hook_vars, &settings)?,
        };
        let index_file = hook
            .and_then(|env| env.path("GIT_INDEX_FILE"))
            .unwrap_or_else(|| git_dir.join("index"));
        Ok(Self {
            git_dir,
            home_dir: common_dir.clone(),
            common_dir,
            home_tree: work_tree.clone(),
            work_tree,
            objects,
            index_file,
            is_hook: hook.is_some(),
            hook_vars,
            settings,
        })
    }

    /// The same repository, where the objects of one more folder are read as its own. What is written goes
    /// to its own alone.
    pub fn with_objects(&self, folder: &Path) -> Result<Self> {
        let mut hook_vars = self.hook_vars.clone();
        hook_vars.push((alternates::VARIABLE, alternates::quoted(folder)));
        self.with_vars(hook_vars)
    }

    /// The same repository for another thread: an open database is not shared.
    pub fn again(&self) -> Result<Self> {
        self.with_vars(self.hook_vars.clone())
    }

    fn with_vars(&self, hook_vars: Vec<(&'static str, OsString)>) -> Result<Self> {
        let objects = self.objects.again(&self.git_dir, &self.common_dir, &hook_vars)?;
        Ok(Self {
            git_dir: self.git_dir.clone(),
            common_dir: self.common_dir.clone(),
            home_dir: self.home_dir.clone(),
            work_tree: self.work_tree.clone(),
            home_tree: self.home_tree.clone(),
            objects,
            index_file: self.index_file.clone(),
            is_hook: self.is_hook,
            hook_vars,
            settings: self.settings.again(),
        })
    }

    /// A bare repository of the program's own that borrows this one's objects: its refs and what is
    /// written are its own, while state, answers and workspaces are still those of this one.
    pub fn private(&self, git_dir: &Path) -> Result<Self> {
        let objects = self.objects.again(git_dir, git_dir, &[])?;
        Ok(Self {
            git_dir: git_dir.to_owned(),
            common_dir: git_dir.to_owned(),
            home_dir: self.home_dir.clone(),
            work_tree: None,
            home_tree: self.home_tree.clone(),
            objects,
            index_file: git_dir.join("index"),
            is_hook: false,
            hook_vars: Vec::new(),
            settings: self.settings.again(),
        })
    }

    /// Where another thread can open the same objects for itself: an open database is not shared.
    /// `None` where one must do: where objects are in other folders too, as in a push's quarantine, and
    /// where git itself reads for us.
    pub fn objects_elsewhere(&self) -> Option<&Path> {
        let mut names = self.hook_vars.iter().map(|(name, _)| *name);
        let elsewhere = names.any(|name| name == OBJECTS || name == alternates::VARIABLE);
        let library = self.objects.library().filter(|_| !elsewhere)?;
        Some(library.repository.path())
    }

    /// A git command in this repository, with the variables that git set for the hook.
    pub fn git(&self) -> Cmd {
        let dir = self.work_tree.as_deref().unwrap_or(&self.git_dir);
        let mut command = self.settings.give_to(git(dir)).arg("--git-dir").arg(&self.git_dir);
        if let Some(work_tree) = &self.work_tree {
            command = command.arg("--work-tree").arg(work_tree);
        }
        if self.common_dir != self.home_dir {
            // One of the program's own: no hook of the person's runs in it.
            command = command.args(["-c", "core.hooksPath=/dev/null"]);
        }
        for (name, value) in &self.hook_vars {
            command = command.env(name, value);
        }
        command
    }

    /// A git command as the person would type it in their work tree: with their settings and their language, their
    /// hooks, and questions of git's own on their terminal.
    pub fn git_of_person(&self) -> Cmd {
        let dir = self.work_tree.as_deref().unwrap_or(&self.git_dir);
        self.settings.give_to(Cmd::new("git", dir))
    }

    /// A git command that checks out into a folder of ours, through an index of ours: this
    /// repository's objects, filters and attributes, and nothing of the person's work tree.
    pub fn git_into(&self, folder: &Path, index: &Path) -> Cmd {
        let mut command = self.settings.give_to(git(folder));
        for (name, value) in &self.hook_vars {
            command = command.env(name, value);
        }
        command
            .env("GIT_INDEX_FILE", index)
            .arg("--git-dir")
            .arg(&self.git_dir)
            .arg("--work-tree")
            .arg(folder)
            // No hook of the person's runs because an index was written.
            .args(["-c", "core.hooksPath=/dev/null"])
            // The parts of a split index would lie in the person's git directory.
            .args(["-c", "core.splitIndex=false", "-c", "core.untrackedCache=false"])
            .args(["-c", "core.trustctime=true", "-c", "core.checkStat=default"])
            .args(["-c", "submodule.recurse=false", "-c", "clean.requireForce=false"])
    }

    /// The folders in which this repository's objects are: its own, for a push that was not accepted
    /// yet the quarantine, and those beside.
    pub fn object_folders(&self) -> Vec<PathBuf> {
        let var = |wanted| self.hook_vars.iter().filter(move |(name, _)| *name == wanted);
        let mut folders: Vec<PathBuf> = var(OBJECTS).map(|(_, path)| path.into()).collect();
        folders.push(self.common_dir.join("objects"));
        if self.home_dir != self.common_dir {
            folders.push(self.home_dir.join("objects"));
        }
        folders.extend(var(alternates::VARIABLE).flat_map(|(_, value)| alternates::named(value)));
        folders
    }

    /// Where the program keeps what is never committed; shared by all linked work trees.
    pub fn state_dir(&self) -> PathBuf {
        self.home_dir.join("tribunal")
    }

    /// The commit that is checked out; `None` before the first commit.
    pub fn head(&self) -> Result<Option<Oid>> {
        self.tip("HEAD")
    }

    /// The branch that is checked out, without `refs/heads/`; `None` where HEAD is detached.
    pub fn branch(&self) -> Result<Option<String>> {
        let name = if let Some(library) = self.objects.library() {
            let head = library.repository.find_reference("HEAD").context("could not read HEAD")?;
            head.symbolic_target_bytes().map(BString::from)
        } else {
            let output = self.git().args(["symbolic-ref", "--quiet", "HEAD"]).capture()?;
            output.status.success().then(|| BString::from(output.stdout.trim()))
        };
        Ok(name
            .map(|name| name.strip_prefix(b"refs/heads/").unwrap_or(&name).to_str_lossy().into()))
    }

    /// The commit that a ref such as `HEAD` or `refs/heads/main` leads to; `None` where there is none.
    pub fn tip(&self, name: &str) -> Result<Option<Oid>> {
        let Some(library) = self.objects.library() else { return self.resolve(name) };
        let reference = library.repository.find_reference(name);
        let target = match reference.and_then(|reference| reference.resolve()) {
            Ok(reference) => reference.target(),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(error).with_context(|| format!("could not read `{name}`")),
        };
        let Some(target) = target else { return Ok(None) };
        self.objects.peel(&Oid::parse(&target.to_string())?)
    }

    /// The commit that a revision names, which git is asked for where it is no whole name of an object; `None` where it names
    /// none here.
    pub fn resolve(&self, revision: &str) -> Result<Option<Oid>> {
        let is_whole = revision.len() == SHA1_DIGITS && self.objects.library().is_some();
        if let Some(oid) = Oid::parse(revision).ok().filter(|_| is_whole) {
            return self.objects.peel(&oid);
        }
        let revision = format!("{revision}^{{commit}}");
        let output = self
            .git()
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options", &revision])
            .capture()?;
        match output.stdout.trim().to_str() {
            Ok(oid) if output.status.success() => Ok(Some(Oid::parse(oid)?)),
            _ if output.stderr.contains_str("corrupt") => {
                let said = output.stderr.to_str_lossy();
                let last = said.lines().last().unwrap_or_default().trim_start_matches("fatal: ");
                Err(hinted(last, "`git fsck` names every damaged object"))
            }
            _ => Ok(None),
        }
    }

    /// A commit that must be here.
    pub fn commit(&self, oid: &Oid) -> Result<Commit> {
        self.objects
            .commit(oid)?
            .with_context(|| format!("commit {} is not in this repository", oid.short()))
    }

    /// The tree of a commit that must be here.
    pub fn tree_of(&self, commit: &Oid) -> Result<Oid> {
        Ok(self.commit(commit)?.tree)
    }

    /// The tree that the index git named stands for. Its objects are in the repository afterwards.
    pub fn staged_tree(&self) -> Result<Oid> {
        if self.objects.library().is_some()
            && let Some(tree) = index::recorded_tree(&self.index_file, 20)
            && self.objects.header(&tree)?.is_some()
        {
            return Ok(tree);
        }
        // `git write-tree` notes the tree in the index: it is given a copy, because the person's
        // index stays as it is.
        let folder = self.folder_for_a_while()?;
        let copy = folder.path().join("index");
        self.copy_index(&copy)?;
        let output = self
            .git()
            .env("GIT_INDEX_FILE", &copy)
            .args(["-c", "core.splitIndex=false", "write-tree"])
            .capture()?;
        if output.stderr.contains_str("unmerged") {
            let said = output.stderr.to_str_lossy();
            let first = said.split(": unmerged").next().unwrap_or_default();
            let first = first.trim_start_matches("error: ");
            return Err(hinted(
                format!("`{first}` has unresolved conflicts"),
                "resolve the conflicts and `git add` the files",
            ));
        }
        Ok(Oid::parse(succeeded(&output, "git write-tree")?.trim().to_str()?)?)
    }

    /// Copies the index that git named, with its time: a file that was changed right after it was staged
    /// looks as it did, and git looks twice where the index is no newer. Where there is no index, there is
    /// no copy.
    pub fn copy_index(&self, copy: &Path) -> Result<()> {
        let copied = regular::open(&self.index_file, LastLink::Follow).and_then(|mut index| {
            let mut copy = File::create(copy)?;
            io::copy(&mut index, &mut copy)?;
            copy.set_modified(index.metadata()?.modified()?)
        });
        match copied {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error)
                .with_context(|| format!("could not read `{}`", self.index_file.display())),
            _ => Ok(()),
        }
    }

    /// A folder that is gone when this is dropped. Where git commits it can write to its own
    /// directory; `TMPDIR` may name a folder that is not there, and serves where the repository may
    /// only be read.
    pub fn folder_for_a_while(&self) -> Result<tempfile::TempDir> {
        let make = |place: &Path| tempfile::Builder::new().prefix(".tribunal-").tempdir_in(place);
        // It is no link: that would say where we write.
        let state = fs::symlink_metadata(self.state_dir()).is_ok_and(|data| data.is_dir());
        let own = if state { self.state_dir() } else { self.git_dir.clone() };
        make(&own)
            .or_else(|_| make(&self.git_dir))
            .or_else(|_| make(&std::env::temp_dir()))
            .with_context(|| format!("could not make a folder in `{}`", self.git_dir.display()))
    }

    /// The names of the configured remotes.
    pub fn remotes(&self) -> Result<Vec<BString>> {
        if let Some(library) = self.objects.library() {
            let names = library.repository.remotes()?;
            return Ok(names.iter_bytes().map(BString::from).collect());
        }
        let output = self.git().arg("remote").capture()?;
        Ok(succeeded(&output, "git remote")?.lines().map(BString::from).collect())
    }

    /// A value of git's configuration, as git itself sees it; `None` where it is not set. A key
    /// without a value is `true`. Git is started for it, once, only where libgit2 would not know.
    pub fn config(&self, key: &str) -> Result<Option<BString>> {
        if let Some(library) = self.objects.library()
            && let Some(system) = self.settings.of_library()
        {
            return config::of_library(&mut library.repository.config()?, key, system);
        }
        self.settings.find(key, self.git())
    }
}
