//! The states of the code that a run tries: each a commit under a ref of the program's own.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::change::FileChange;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::review_loop::Attempt;
use crate::platform::git::command::succeeded;
use crate::platform::git::diff;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;

/// Where attempts are.
const ROOT: &str = "refs/tribunal/";

/// Commits a tree as an attempt of a run, so that nothing an executor wrote can be lost.
pub fn save(
    repo: &Repo,
    run: &str,
    number: usize,
    tree: &Oid,
    parent: Option<&Oid>,
    message: &str,
) -> Result<Oid> {
    let commit = commit(repo, tree, parent, message)?;
    set_ref(repo, &ref_of(run, number), &commit)?;
    Ok(commit)
}

/// As [`save`], for an attempt whose executor did not come to its end.
pub fn save_partial(
    repo: &Repo,
    run: &str,
    number: usize,
    tree: &Oid,
    parent: Option<&Oid>,
    message: &str,
) -> Result<Oid> {
    let commit = commit(repo, tree, parent, message)?;
    set_ref(repo, &format!("{}-unfinished", ref_of(run, number)), &commit)?;
    Ok(commit)
}

/// As [`save`], under a name that is given.
pub fn save_as(
    repo: &Repo,
    name: &str,
    tree: &Oid,
    parent: Option<&Oid>,
    message: &str,
) -> Result<Oid> {
    let commit = commit(repo, tree, parent, message)?;
    set_ref(repo, name, &commit)?;
    Ok(commit)
}

/// Commits a tree without a ref that keeps it.
pub fn commit(repo: &Repo, tree: &Oid, parent: Option<&Oid>, message: &str) -> Result<Oid> {
    let mut words = vec!["commit-tree", tree.as_str(), "-F", "-"];
    if let Some(parent) = parent {
        words.extend(["-p", parent.as_str()]);
    }
    let mut output = repo.git().args(&words).stdin(message).capture()?;
    if !output.status.success() {
        // Git does not know who the person is; a machine in CI seldom says.
        let mut command = repo.git();
        for who in ["AUTHOR", "COMMITTER"] {
            command = command
                .env(format!("GIT_{who}_NAME"), "tribunal")
                .env(format!("GIT_{who}_EMAIL"), "tribunal@localhost");
        }
        output = command.args(&words).stdin(message).capture()?;
    }
    let name = succeeded(&output, "git commit-tree")?.trim();
    Ok(Oid::parse(&name.to_str_lossy())?)
}

/// The ref of an attempt.
pub fn ref_of(run: &str, number: usize) -> String {
    format!("{ROOT}{run}/{number}")
}

/// A ref beside the attempts of a run.
pub fn ref_named(run: &str, name: &str) -> String {
    format!("{ROOT}{run}/{name}")
}

/// The branch that a run's result is published on.
pub fn branch_of(run: &str) -> String {
    format!("tribunal/{}", run.to_ascii_lowercase())
}

/// Publishes an attempt as a branch of the program's own; gives the name to merge. A branch that a
/// person moved to a commit of theirs stays as it is, and the attempt's own ref is named.
pub fn publish_branch(
    repo: &Repo,
    run: &str,
    attempts: &[Attempt],
    number: usize,
) -> Result<String> {
    let commits = || attempts.iter().filter_map(|attempt| attempt.commit.as_ref());
    let commit = attempts.get(number).and_then(|attempt| attempt.commit.as_ref());
    let commit = commit.context("an attempt that is to be published has no commit")?;
    let branch = branch_of(run);
    match repo.tip(&format!("refs/heads/{branch}"))? {
        Some(moved) if !commits().any(|ours| *ours == moved) => Ok(ref_of(run, number)),
        _ => {
            set_ref(repo, &format!("refs/heads/{branch}"), commit)?;
            Ok(branch)
        }
    }
}

/// The branch that a run's result was published on, where it is still there.
pub fn published_branch(repo: &Repo, run: &str) -> Result<Option<String>> {
    let branch = branch_of(run);
    let commit = repo.tip(&format!("refs/heads/{branch}"))?;
    Ok(commit.map(|_| branch))
}

/// Names a commit that is there already, so that it is found and not lost.
pub fn keep(repo: &Repo, name: &str, commit: &Oid) -> Result<()> {
    set_ref(repo, name, commit)
}

fn set_ref(repo: &Repo, name: &str, commit: &Oid) -> Result<()> {
    let output = repo.git().args(["update-ref", name, commit.as_str()]).capture()?;
    succeeded(&output, "git update-ref").map(drop)
}

/// The runs that have attempts, with the refs of each and what they point to.
pub fn by_run(repo: &Repo) -> Result<BTreeMap<String, Vec<(BString, Oid)>>> {
    let mut found = BTreeMap::<String, Vec<_>>::new();
    for (name, target) in repo.refs(ROOT)? {
        let rest = name.strip_prefix(ROOT.as_bytes()).unwrap_or_default();
        // Other refs below ours are none of our business.
        if let Some((run, _)) = rest.split_once_str("/")
            && let Ok(run) = run.to_str()
            && runs::began(run).is_some()
        {
            found.entry(run.to_owned()).or_default().push((name, target));
        }
    }
    Ok(found)
}

/// Removes attempts, each only where it is still what it was.
pub fn delete(repo: &Repo, attempts: &[(BString, Oid)]) -> Result<()> {
    let mut lines = Vec::new();
    for (name, target) in attempts {
        lines.extend_from_slice(b"delete ");
        lines.extend_from_slice(name);
        lines.extend_from_slice(format!(" {target}\n").as_bytes());
    }
    let output = repo.git().args(["update-ref", "--stdin"]).stdin(lines).capture()?;
    succeeded(&output, "git update-ref").map(drop)
}

/// The attempt that a new tree takes back: what it changes is what an earlier fix had changed, the
/// other way round.
pub fn undoes(repo: &Repo, attempts: &[Attempt], tree: &Oid) -> Result<Option<usize>> {
    let Some(last) = attempts.last() else { return Ok(None) };
    let new = diff::trees(&repo.objects, Some(&last.tree), Some(tree))?;
    for (number, pair) in attempts.windows(2).enumerate() {
        let fix = diff::trees(&repo.objects, Some(&pair[0].tree), Some(&pair[1].tree))?;
        if is_reverse(&new, &fix) {
            return Ok(Some(number + 1));
        }
    }
    Ok(None)
}

/// Whether everything that a fix did is done the other way round by another.
fn is_reverse(new: &[FileChange], fix: &[FileChange]) -> bool {
    let reversed = |done: &FileChange| {
        let is = |undone: &FileChange| {
            undone.path == done.path && undone.old == done.new && undone.new == done.old
        };
        new.iter().any(is)
    };
    !fix.is_empty() && fix.iter().all(reversed)
}

/// Whether a line (from 1) of an attempt was written by a fix of its run: by blame.
pub fn is_fix_induced(
    repo: &Repo,
    attempts: &[Attempt],
    path: &BString,
    line: u32,
) -> Result<bool> {
    let Some(commit) = attempts.last().and_then(|attempt| attempt.commit.as_ref()) else {
        return Ok(false);
    };
    if attempts.len() == 1 {
        // There was no fix yet: git need not be asked.
        return Ok(false);
    }
    let output = repo
        .git()
        .args(["blame", "--porcelain", "-L", &format!("{line},{line}"), commit.as_str(), "--"])
        .arg(path.to_os_str().context("the path is not fit for git blame")?)
        .capture()?;
    if !output.status.success() {
        // The line is in no commit: nothing is known against the fix.
        return Ok(false);
    }
    let wrote = output.stdout.split_str(" ").next().unwrap_or_default();
    let fixes = attempts.iter().skip(1).filter_map(|attempt| attempt.commit.as_ref());
    Ok(fixes.into_iter().any(|fix| fix.as_str().as_bytes() == wrote))
}
