//! Writes what a repository needs to begin with, where it is missing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::gates::policy_files::{BASELINE_FILE, POLICY_FILE};
use crate::domain::model::text::counted;
use crate::flow::setup::baseline;
use crate::flow::setup::propose::{COMMITS_LOOKED_AT, Proposal, RepoFacts, propose};
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::store::file::write_atomic;

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
    pub top: PathBuf,
    pub missing: Vec<MissingFile>,
    /// What was chosen and why.
    pub chosen: Vec<String>,
}

/// Looks at the repository and plans what to write. Writes nothing.
pub fn plan(repo: &Repo) -> Result<Plan> {
    let top = repo.work_tree.clone().context("a bare repository has no files to write to")?;
    let mut missing = Vec::new();
    let mut chosen = Vec::new();
    // A link that leads nowhere counts as there: a person made it.
    let is_there = |path: &str| fs::symlink_metadata(top.join(path)).is_ok();
    if !is_there(BASELINE_FILE)
        && let Some((content, count)) = baseline::of_head(repo)?
    {
        missing.push(MissingFile { path: BASELINE_FILE, content });
        chosen.push(format!(
            "{} recorded in {BASELINE_FILE}: reported as warnings once it is committed. \
             Revoke those that are real",
            counted(count, "secret")
        ));
    }
    if !is_there(POLICY_FILE) {
        let Proposal { policy, chosen: why } = propose(&facts(repo, &top)?);
        missing.push(MissingFile { path: POLICY_FILE, content: policy });
        chosen.extend(why);
    }
    for (path, content) in FILES {
        if !is_there(path) {
            missing.push(MissingFile { path, content: content.to_owned() });
        }
    }
    Ok(Plan { top, missing, chosen })
}

/// Writes the files of a plan.
pub fn write(plan: &Plan) -> Result<()> {
    for file in &plan.missing {
        write_atomic(&plan.top.join(file.path), file.content.as_bytes())?;
    }
    Ok(())
}

fn facts(repo: &Repo, top: &Path) -> Result<RepoFacts> {
    let mut facts = RepoFacts::default();
    for entry in fs::read_dir(top).with_context(|| format!("could not read `{}`", top.display()))? {
        facts.names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    facts.package_json = fs::read_to_string(top.join("package.json")).ok();
    facts.makefile = fs::read_to_string(top.join("Makefile")).ok();
    if repo.head()?.is_some() {
        let count = COMMITS_LOOKED_AT.to_string();
        let output =
            repo.git().args(["log", "--format=%s", "--no-merges", "-n", &count]).capture()?;
        let subjects = succeeded(&output, "git log")?.lines();
        facts.subjects = subjects.map(|s| BStr::new(s).to_string()).collect();
    }
    Ok(facts)
}
