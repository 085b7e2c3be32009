//! Writes what a repository needs to begin with, where it is missing.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::gates::policy_files::{BASELINE_FILE, POLICY_FILE};
use crate::domain::model::text::counted;
use crate::flow::setup::propose::{COMMITS_LOOKED_AT, Proposal, RepoFacts, propose};
use crate::flow::setup::{baseline, written};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::folder::Folder;
use crate::platform::store::regular::MANIFEST;

const FILES: [(&str, &str); 7] = [
    (".ai/constitution.md", include_str!("templates/constitution.md")),
    (".ai/context/project.md", include_str!("templates/project.md")),
    ("AGENTS.md", include_str!("templates/agents.md")),
    ("docs/architecture.md", include_str!("templates/architecture.md")),
    ("docs/domain-model.md", include_str!("templates/domain-model.md")),
    ("docs/decisions/README.md", include_str!("templates/decisions.md")),
    ("docs/specs/README.md", include_str!("templates/specs.md")),
];

/// One file that is missing.
pub struct MissingFile {
    /// From the top of the work tree.
    pub path: &'static str,
    pub content: String,
}

/// What is to be written, and why; empty where everything is there.
pub struct Plan {
    top: Folder,
    pub missing: Vec<MissingFile>,
    /// The files that are not written although they are missing, and why: a link stands in the way.
    pub left_out: Vec<(&'static str, String)>,
    /// What was chosen and why.
    pub chosen: Vec<String>,
}

/// Looks at the repository and plans what to write. Writes nothing.
pub fn plan(repo: &Repo) -> Result<Plan> {
    let top = work_tree(repo)?;
    let top = Folder::open(top).with_context(|| format!("could not open `{}`", top.display()))?;
    let mut missing = Vec::new();
    let mut chosen = Vec::new();
    let mut left_out = Vec::new();
    // A link that leads nowhere counts as there: a person made it.
    let mut is_missing = |path: &'static str| match look(&top, path) {
        Ok(is_there) => !is_there,
        Err(error) => {
            left_out.push((path, error.to_string()));
            false
        }
    };
    if is_missing(BASELINE_FILE)
        && let Some((content, count)) = baseline::of_head(repo)?
    {
        missing.push(MissingFile { path: BASELINE_FILE, content });
        chosen.push(format!(
            "{} recorded in {BASELINE_FILE}: reported as warnings once it is committed. \
             Revoke those that are real",
            counted(count, "secret")
        ));
    }
    if is_missing(POLICY_FILE) {
        let Proposal { policy, chosen: why } = propose(&facts(repo, &top)?);
        missing.push(MissingFile { path: POLICY_FILE, content: policy });
        chosen.extend(why);
    }
    for (path, content) in FILES {
        if is_missing(path) {
            missing.push(MissingFile { path, content: content.to_owned() });
        }
    }
    Ok(Plan { top, missing, left_out, chosen })
}

/// Whether a file is there; an error where it is not and cannot be written.
fn look(top: &Folder, path: &str) -> io::Result<bool> {
    if top.is_there(Path::new(path))? {
        return Ok(true);
    }
    top.refuse_to_write(path).map(|()| false)
}

/// Writes the files of a plan.
pub fn write(repo: &Repo, plan: &Plan) -> Result<()> {
    for file in &plan.missing {
        written::remember(repo, file.path, file.content.as_bytes())?;
        plan.top.write(file.path, file.content.as_bytes())?;
    }
    Ok(())
}

fn facts(repo: &Repo, top: &Folder) -> Result<RepoFacts> {
    let entries = top.list("").context("could not read the work tree")?;
    let mut facts = RepoFacts {
        names: entries.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect(),
        // What cannot be read proposes nothing.
        package_json: top.read_text("package.json", MANIFEST).ok(),
        makefile: top.read_text("Makefile", MANIFEST).ok(),
        ..RepoFacts::default()
    };
    if repo.head()?.is_some() {
        let count = COMMITS_LOOKED_AT.to_string();
        let output =
            repo.git().args(["log", "--format=%s", "--no-merges", "-n", &count]).capture()?;
        let subjects = succeeded(&output, "git log")?.lines();
        facts.subjects = subjects.map(|s| BStr::new(s).to_string()).collect();
    }
    Ok(facts)
}
