//! Stores the trees that passed `pre-commit`, or the same gates in the run of a spec, and the commits that passed
//! a push, each with the hash of its policy: a pass under a laxer policy proves nothing under a stricter one.

use std::collections::HashSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::platform::git::reflog;
use crate::platform::git::repo::Repo;
use crate::platform::store::file;

/// Lines of `<tree> <policy hash>`; of the tree alone where an older version wrote them.
const TREES: &str = "judged";

/// Lines of `<commit> <policy hash>`, and of `<commit> tip` for what a push that passed moved a ref to.
const PUSHES: &str = "pushed";

const TIP: &str = "tip";

/// In the place of a policy: the run of a spec judged the tree by the gates of a commit. The commands of a hook did
/// not run, so no merge leaves out what is in it.
const BY_RUN: &str = "run";

/// Records a tree that passed `pre-commit` under a policy.
pub fn record(repo: &Repo, tree: &Oid, policy: &str) -> Result<()> {
    file::append_line_bounded(&repo.state_dir().join(TREES), &format!("{tree} {policy}"))
}

/// Records a tree that passed the gates of a commit in the run of a spec.
pub fn record_of_run(repo: &Repo, tree: &Oid) -> Result<()> {
    record(repo, tree, BY_RUN)
}

/// Whether a tree passed, whatever its policy. The tree of the last commit is recorded last.
pub fn holds(repo: &Repo, tree: &Oid) -> bool {
    /// Some forty trees.
    const TAIL: u64 = 4096;
    let is_it = |line: &[u8]| line.starts_with(tree.as_str().as_bytes());
    let tail = reflog::tail(&repo.state_dir().join(TREES), TAIL).unwrap_or_default();
    tail.lines().any(is_it) || lines(repo, TREES).iter().any(|line| is_it(line.as_bytes()))
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

    /// Whether a push of exactly this tip passed.
    pub fn holds_tip(&self, tip: &Oid) -> bool {
        self.passed.contains(&format!("{tip} {TIP}"))
    }

    /// Whether the tip of any push is recorded.
    pub fn has_tips(&self) -> bool {
        self.passed.iter().any(|line| line.ends_with(TIP))
    }

    /// Records the tips of a push that passed.
    pub fn add_tips(repo: &Repo, tips: &[Oid]) -> Result<()> {
        let known = Self::load(repo);
        let new = tips.iter().filter(|tip| !known.holds_tip(tip));
        let lines: Vec<String> = new.map(|tip| format!("{tip} {TIP}")).collect();
        if lines.is_empty() {
            return Ok(());
        }
        file::append_line_bounded(&repo.state_dir().join(PUSHES), &lines.join("\n"))
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
