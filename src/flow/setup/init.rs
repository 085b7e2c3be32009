//! Writes what a repository begins with, where it is missing: the settings, the baseline where there are
//! secrets, and what a person asks for beside them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};
use rustix::fs::FileType;

use crate::domain::gates::policy_files::{BASELINE_FILE, POLICY_FILE};
use crate::domain::model::text::counted;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::layers;
use crate::domain::policy::layers::flags::FlagSettings;
use crate::domain::policy::layers::layer::{Layer, SettingsSource};
use crate::flow::context::Context;
use crate::flow::setup::install::plan::{InstallStep, perform};
use crate::flow::setup::propose::doc_tools::{DOC_FOLDERS, DocPlace, builder};
use crate::flow::setup::propose::facts::{PROGRAMS, RepoFacts, script_program};
use crate::flow::setup::propose::{COMMITS_LOOKED_AT, CommandsAs, Proposal, propose};
use crate::flow::setup::{baseline, written};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::process;
use crate::platform::store::file;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::MANIFEST;

/// The folder that documents are written to and that documentation tools build.
const DOCS: &str = "docs";

/// How many folders in `docs` are looked into for signs of a documentation tool.
const DOC_FOLDERS_MAX: usize = 100;

/// What is written only where a person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    Docs,
    Constitution,
    AgentsMd,
}

impl Extra {
    /// The files, each with what it is for and its text.
    fn files(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Docs => &[
                (
                    "docs/architecture.md",
                    "a page to begin",
                    include_str!("templates/architecture.md"),
                ),
                (
                    "docs/domain-model.md",
                    "a page to begin",
                    include_str!("templates/domain-model.md"),
                ),
                (
                    "docs/decisions/README.md",
                    "a page to begin",
                    include_str!("templates/decisions.md"),
                ),
                (
                    "docs/specs/README.md",
                    "what a spec is and what comes of it",
                    include_str!("templates/specs.md"),
                ),
            ],
            Self::Constitution => &[
                (
                    ".ai/constitution.md",
                    "how rules are written; none yet",
                    include_str!("templates/constitution.md"),
                ),
                (
                    ".ai/context/project.md",
                    "three headings for you to fill in",
                    include_str!("templates/project.md"),
                ),
            ],
            Self::AgentsMd => &[(
                "AGENTS.md",
                "what agents that work here are told",
                include_str!("templates/agents.md"),
            )],
        }
    }
}

/// What a person asks `init` for.
#[derive(Clone, Debug)]
pub struct InitRequest {
    pub extras: Vec<Extra>,
    pub commands_as: CommandsAs,
}

/// One file that is missing.
pub struct MissingFile {
    /// From the top of the work tree.
    pub path: &'static str,
    pub content: String,
    /// What is in it, one line each.
    pub says: Vec<String>,
}

/// What is to be written, and why; empty where everything is there.
pub struct Plan {
    top: Folder,
    pub missing: Vec<MissingFile>,
    /// The files that are not written although they are missing, and why.
    pub left_out: Vec<(&'static str, String)>,
    /// What the person is told beside it; nothing where the settings are there already.
    pub notes: Vec<String>,
}

/// Looks at the repository and plans what to write. Writes nothing.
pub fn plan(context: Context<'_>, request: &InitRequest) -> Result<Plan> {
    let repo = context.repo;
    let top = work_tree(repo)?;
    let top = Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))?;
    let mut plan = Plan { top, missing: Vec::new(), left_out: Vec::new(), notes: Vec::new() };
    if plan.is_missing(BASELINE_FILE)
        && let Some((content, count)) = plan.baseline(repo)
    {
        let secrets = counted(count, "secret");
        let says = format!(
            "{secrets} that the last commit holds already: once this is committed they stop nobody. Revoke \
             what is real"
        );
        plan.missing.push(MissingFile { path: BASELINE_FILE, content, says: vec![says] });
    }
    if plan.is_missing(POLICY_FILE) {
        let proposal = propose(&facts(context, &plan.top)?, request.commands_as);
        let Proposal { policy, chosen, notes } = proposal;
        plan.missing.push(MissingFile { path: POLICY_FILE, content: policy, says: chosen });
        plan.notes = notes;
    } else if request.commands_as == CommandsAs::Settings {
        let why =
            "it is there, so `--commands` changes nothing: `tribunal trust` shows what is in it";
        plan.left_out.push((POLICY_FILE, why.to_owned()));
    }
    for extra in &request.extras {
        plan.add_extra(*extra)?;
    }
    Ok(plan)
}

impl Plan {
    /// Writes the files, each whole or not at all; one that cannot be written keeps none of the others
    /// from it. Gives what came of each.
    pub fn write(&self, repo: &Repo) -> Vec<(&'static str, Result<()>)> {
        // What an `init` that was killed left beside its files.
        let folders = self.missing.iter().filter_map(|file| Path::new(file.path).parent());
        folders.collect::<BTreeSet<&Path>>().into_iter().for_each(|folder| self.top.sweep(folder));
        let write = |file: &MissingFile| {
            let content = file.content.as_bytes();
            // A file that is not known to be ours stays where a purge takes the others away.
            drop(written::remember(repo, file.path, content));
            self.top.write(file.path, content)
        };
        self.missing.iter().map(|file| (file.path, write(file))).collect()
    }

    /// The baseline of the last commit; where it cannot be made, the rest is done without it.
    fn baseline(&mut self, repo: &Repo) -> Option<(String, usize)> {
        baseline::of_head(repo).unwrap_or_else(|error| {
            self.left_out.push((BASELINE_FILE, format!("{error:#}")));
            None
        })
    }

    /// The commands that the settings to be written configure.
    pub fn commands(&self) -> Vec<CommandGate> {
        let policy = self.missing.iter().find(|file| file.path == POLICY_FILE);
        let layer = policy.map(|file| Layer {
            source: SettingsSource::Repository,
            file: POLICY_FILE,
            text: &file.content,
        });
        let resolved = layers::resolve(layer.as_slice(), &[], FlagSettings::none());
        resolved.map(|resolved| resolved.policy.commands).unwrap_or_default()
    }

    /// Whether a file is not there and can be written. A link that leads nowhere counts as there: a person
    /// made it.
    fn is_missing(&mut self, path: &'static str) -> bool {
        let looked = match self.top.is_there(Path::new(path)) {
            Ok(true) => return false,
            Ok(false) => self.top.refuse_to_write(path),
            Err(error) => Err(error),
        };
        match looked {
            Ok(()) => true,
            Err(error) => {
                self.left_out.push((path, error.to_string()));
                false
            }
        }
    }

    fn add_extra(&mut self, extra: Extra) -> Result<()> {
        let built = match extra {
            Extra::Docs => builder(&doc_folders(&self.top)?),
            Extra::Constitution | Extra::AgentsMd => None,
        };
        for (path, says, content) in extra.files() {
            if !self.is_missing(path) {
                continue;
            }
            if let Some((tool, sign)) = &built {
                let why = format!(
                    "`{DOCS}` is built by {tool} (`{sign}`), which would publish or refuse them"
                );
                self.left_out.push((path, why));
                continue;
            }
            let says = vec![(*says).to_owned()];
            self.missing.push(MissingFile { path, content: (*content).to_owned(), says });
        }
        Ok(())
    }
}

/// Installs the hooks, where what an `init` that was killed left beside them is taken away first.
pub fn install(repo: &Repo, steps: &[InstallStep]) -> Result<()> {
    let written = steps.iter().filter_map(|step| match step {
        InstallStep::Write { hook, .. } => hook.parent(),
        _ => None,
    });
    written.collect::<BTreeSet<&Path>>().into_iter().for_each(file::sweep);
    perform(repo, steps)
}

/// The names in the folders that documentation tools leave signs in.
fn doc_folders(top: &Folder) -> Result<Vec<(String, DocPlace, Vec<String>)>> {
    let mut folders = Vec::new();
    for (path, place) in DOC_FOLDERS {
        let mut open = vec![path.to_owned()];
        for (name, kind) in list(top, path)? {
            if place == DocPlace::Docs
                && kind == FileType::Directory
                && open.len() < DOC_FOLDERS_MAX
            {
                open.push(format!("{path}/{name}"));
            }
        }
        for path in open {
            let names = list(top, &path)?.into_iter().map(|(name, _)| name).collect();
            folders.push((path, place, names));
        }
    }
    Ok(folders)
}

/// The names in a folder; none where it is not there or leads elsewhere.
fn list(top: &Folder, path: &str) -> Result<Vec<(String, FileType)>> {
    let entries = match top.list(path) {
        Err(error) if path.is_empty() => {
            return Err(error).context("could not read the work tree");
        }
        entries => entries.unwrap_or_default(),
    };
    let named = |(name, kind): (OsString, FileType)| (name.to_string_lossy().into_owned(), kind);
    Ok(entries.into_iter().map(named).collect())
}

fn facts(context: Context<'_>, top: &Folder) -> Result<RepoFacts> {
    let Context { repo, env, .. } = context;
    let names: Vec<String> = list(top, "")?.into_iter().map(|(name, _)| name).collect();
    // What cannot be read proposes nothing.
    let read = |name: &str| top.read_text(name, MANIFEST).ok();
    let is_python = |name: &&String| {
        matches!(name.as_str(), "pyproject.toml" | "setup.cfg" | "tox.ini")
            || name.starts_with("requirements")
    };
    let python: Vec<String> =
        names.iter().filter(is_python).filter_map(|name| read(name)).collect();
    let path = env.get("PATH").unwrap_or(OsStr::new(""));
    let package_json = read("package.json");
    let is_missing = |program: &String| {
        let installed = Path::new("node_modules/.bin").join(program);
        !top.is_there(&installed).unwrap_or(false) && !process::is_in_path(program, path)
    };
    Ok(RepoFacts {
        messages: messages(repo)?,
        missing_script_program: package_json.as_deref().and_then(script_program).filter(is_missing),
        package_json,
        makefile: read("Makefile"),
        python: python.join("\n"),
        venv_has_pytest: top.is_there(Path::new(".venv/bin/pytest")).unwrap_or(false),
        programs: PROGRAMS.into_iter().filter(|name| process::is_in_path(name, path)).collect(),
        names,
    })
}

/// The first lines of the last commits' messages.
fn messages(repo: &Repo) -> Result<Vec<String>> {
    if repo.head()?.is_none() {
        return Ok(Vec::new());
    }
    let count = COMMITS_LOOKED_AT.to_string();
    let output = repo.git().args(["log", "--format=%s", "--no-merges", "-n", &count]).capture()?;
    let subjects = succeeded(&output, "git log")?.lines();
    Ok(subjects.map(|subject| BStr::new(subject).to_string()).collect())
}
