//! Stores the trees that passed `pre-commit` and the commits that passed a push, each with the hash
//! of its policy: a pass under a laxer policy proves nothing under a stricter one.

use std::collections::HashSet;

use anyhow::Result;

use crate::domain::model::oid::Oid;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// Lines of `<tree> <policy hash>`; of the tree alone where an older version wrote them.
const TREES: &str = "judged";

/// Lines of `<commit> <policy hash>`.
const PUSHES: &str = "pushed";

/// Records a tree that passed `pre-commit` under a policy.
pub fn record(repo: &Repo, tree: &Oid, policy: &str) -> Result<()> {
    file::append_line_bounded(&repo.state_dir().join(TREES), &format!("{tree} {policy}"))
}

/// Every recorded tree, whatever its policy; a few ten thousand at most.
pub fn all(repo: &Repo) -> HashSet<String> {
    let tree = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    lines(repo, TREES).iter().map(tree).collect()
}

/// The trees that passed under exactly this policy.
pub fn under_policy(repo: &Repo, policy: &str) -> HashSet<String> {
    let tree = |line: &String| Some(line.strip_suffix(policy)?.trim_end().to_owned());
    lines(repo, TREES).iter().filter_map(tree).collect()
}

/// The commits that passed a push, so that no later push reads them again under the same policy.
pub struct PassedCommits {
    passed: HashSet<String>,
}

impl PassedCommits {
    pub fn load(repo: &Repo) -> Self {
        Self { passed: lines(repo, PUSHES).into_iter().collect() }
    }

    /// Whether the commit passed under exactly this policy.
    pub fn holds(&self, commit: &Oid, policy: &str) -> bool {
        !self.passed.is_empty() && self.passed.contains(&format!("{commit} {policy}"))
    }

    /// Records commits that passed, each with the hash of its policy.
    pub fn add(repo: &Repo, passed: &[(Oid, String)]) -> Result<()> {
        let path = repo.state_dir().join(PUSHES);
        for (commit, policy) in passed {
            file::append_line_bounded(&path, &format!("{commit} {policy}"))?;
        }
        Ok(())
    }
}

fn lines(repo: &Repo, name: &str) -> Vec<String> {
    [format!("{name}.1"), name.to_owned()]
        .iter()
        .filter_map(|name| file::read_text(&repo.state_dir().join(name)).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}
