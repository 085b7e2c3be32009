//! Makes a commit that a person asks for: without what is sensitive, with a message in the policy's form, by their own
//! git.

pub mod index_ahead;
pub mod making;
pub mod wording;

use std::time::Instant;

use anyhow::Result;
use bstr::BString;

use crate::domain::committing::left_out::{ChosenFiles, LeftOutFile, as_before, left_out};
use crate::domain::committing::result::{CommitEnd, CommitResult};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::{Change, FileChange, FileChangeKind};
use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Verdict};
use crate::domain::model::text::counted;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::evaluation::{Evaluation, EvaluationScope, evaluate};
use crate::flow::evaluate::{merge, policy};
use crate::flow::workspace::work_tree::work_tree;
use crate::platform::git::own_index::{IndexEntry, OwnIndex};
use crate::platform::git::repo::Repo;
use crate::platform::git::{change, diff};

/// What git leaves while it waits for a commit that ends what it was asked for: that commit has all of it.
const UNDER_WAY: [(&str, &str); 3] =
    [("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert")];

/// Which files are to be committed.
#[derive(Clone, Debug)]
pub enum CommitSelection {
    /// What is staged; where nothing is, all that git would add.
    Staged,
    /// All that git would add.
    All,
    /// What is at or below these paths, as it is in the work tree.
    Paths(Vec<BString>),
}

impl CommitSelection {
    fn named(&self) -> &[BString] {
        match self {
            Self::Paths(paths) => paths,
            Self::Staged | Self::All => &[],
        }
    }
}

/// A commit that can be made.
pub struct PreparedCommit<'r> {
    pub files: Vec<FileChange>,
    pub left_out: Vec<LeftOutFile>,
    pub effective: EffectivePolicy,
    /// Warnings, and what was not checked.
    pub report: Report,
    /// Whether all that git would add is taken, since nothing is staged.
    pub is_found: bool,
    /// Whether git has worded it: a merge, for one.
    pub has_message: bool,
    head: Option<Oid>,
    base_tree: Option<Oid>,
    tree: Oid,
    /// What the person's index stood for as this began.
    index_tree: Oid,
    /// What is committed in the place of the person's index; `None` where that is.
    own: Option<OwnIndex<'r>>,
}

/// What came of looking at what is to be committed.
pub enum CommitPreparation<'r> {
    Ready(Box<PreparedCommit<'r>>),
    /// There will be no commit.
    Over(Box<CommitResult>),
}

/// Finds what is to be committed, and holds it against the gates.
///
/// # Errors
///
/// Where there is no work tree, files have conflicts, a path cannot be added, or git fails.
pub fn prepare<'r>(
    context: Context<'r>,
    selection: &CommitSelection,
    bypass: &Bypass,
) -> Result<CommitPreparation<'r>> {
    let (started, repo) = (Instant::now(), context.repo);
    work_tree(repo).and_then(|_| refuse_locked(repo))?;
    let index_tree = repo.staged_tree()?;
    let head = repo.head()?;
    let base_tree = head.as_ref().map(|head| repo.tree_of(head)).transpose()?;
    let of_tree =
        |tree: &Oid| change::of_trees(repo, head.as_ref(), base_tree.clone(), tree.clone());
    let under_way = under_way(repo);
    refuse_parts(under_way, selection)?;
    let mut change = of_tree(&index_tree)?;
    let is_nothing = |change: &Change| {
        change.files.is_empty() && change.unlisted.is_none() && under_way.is_none()
    };
    let is_found = matches!(selection, CommitSelection::Staged) && is_nothing(&change);
    let own = taken(repo, selection, is_found, base_tree.as_ref())?;
    if let Some(own) = &own {
        change = of_tree(&own.tree()?)?;
    }
    let mut effective = policy::policy_of_change(context, &change)?;
    bypass.apply(&mut effective.policy);
    let (files, tree) = (change.files.clone(), change.tree.clone());
    let mut prepared = PreparedCommit {
        files,
        left_out: Vec::new(),
        report: Evaluation::default().report(started),
        is_found,
        has_message: repo.git_dir.join("MERGE_MSG").exists(),
        head: head.clone(),
        base_tree: base_tree.clone(),
        tree,
        index_tree,
        own,
        effective,
    };
    if is_nothing(&change) {
        let why = nothing(selection, prepared.head.as_ref());
        return prepared.over(repo, CommitEnd::Nothing(why));
    }
    if bypass.all {
        return Ok(CommitPreparation::Ready(Box::new(prepared)));
    }
    let evaluation = checked(context, change, &prepared.effective)?;
    let chosen = match prepared.own {
        Some(_) => ChosenFiles::Found { named: selection.named() },
        None => ChosenFiles::Staged,
    };
    // What stands in a merge is of others as well: it is not for one commit to take parts of it out.
    if under_way.is_none() {
        prepared.left_out = left_out(&prepared.files, &evaluation.findings, chosen);
    }
    let evaluation = match prepared.leave_out(context)? {
        Some(change) if change.files.is_empty() => {
            let files = counted(prepared.left_out.len(), "file");
            let why = format!("nothing is left to commit: {files} left out");
            return prepared.over(repo, CommitEnd::Nothing(why));
        }
        Some(change) => checked(context, change, &prepared.effective)?,
        None => evaluation,
    };
    prepared.report = evaluation.report(started);
    if prepared.report.verdict != Verdict::Pass {
        return prepared.over(repo, CommitEnd::Stopped(Box::new(prepared.report.clone())));
    }
    Ok(CommitPreparation::Ready(Box::new(prepared)))
}

impl<'r> PreparedCommit<'r> {
    /// Takes out of what is committed what is left out: the change without it; `None` where nothing is.
    fn leave_out(&mut self, context: Context<'r>) -> Result<Option<Change>> {
        let repo = context.repo;
        if self.left_out.is_empty() {
            return Ok(None);
        }
        let index = self.own.take().map_or_else(|| OwnIndex::copy(repo), Ok)?;
        let is_left = |file: &&FileChange| self.left_out.iter().any(|left| left.path == file.path);
        let mut before: Vec<_> = self.files.iter().filter(is_left).flat_map(as_before).collect();
        before.extend(self.moved_away(repo)?);
        index.set(&before, &self.tree)?;
        let change =
            change::of_trees(repo, self.head.as_ref(), self.base_tree.clone(), index.tree()?)?;
        self.own = Some(index);
        (self.files, self.tree) = (change.files.clone(), change.tree.clone());
        Ok(Some(change))
    }

    /// Where git takes a file that is left out for one that was moved and edited: the one it was stays as well.
    fn moved_away(&self, repo: &Repo) -> Result<Vec<IndexEntry>> {
        let is_gone = |file: &&FileChange| file.kind == FileChangeKind::Deleted;
        let (Some(base), true) = (&self.base_tree, self.files.iter().any(|file| is_gone(&file)))
        else {
            return Ok(Vec::new());
        };
        let mut from = repo.moved_files(base, &self.tree)?;
        from.retain(|(_, to)| self.left_out.iter().any(|left| left.path == *to));
        let stays =
            |file: &&FileChange| is_gone(file) && from.iter().any(|(moved, _)| *moved == file.path);
        Ok(self.files.iter().filter(stays).flat_map(as_before).collect())
    }

    fn over(&self, repo: &Repo, end: CommitEnd) -> Result<CommitPreparation<'r>> {
        Ok(CommitPreparation::Over(Box::new(self.result(repo, end)?)))
    }
}

impl PreparedCommit<'_> {
    /// What it came to, without a message.
    pub fn result(&self, repo: &Repo, end: CommitEnd) -> Result<CommitResult> {
        Ok(CommitResult {
            end,
            branch: repo.branch()?,
            files: self.files.iter().map(|file| file.path.clone()).collect(),
            left_out: self.left_out.clone(),
            message: String::new(),
            worded_by: String::new(),
        })
    }
}

/// The index of ours in which what is chosen stands; `None` where that is the person's own.
fn taken<'r>(
    repo: &'r Repo,
    selection: &CommitSelection,
    is_found: bool,
    base_tree: Option<&Oid>,
) -> Result<Option<OwnIndex<'r>>> {
    if matches!(selection, CommitSelection::Staged) && !is_found {
        return Ok(None);
    }
    let paths = selection.named();
    let own = OwnIndex::copy(repo)?;
    // The top is all of it.
    let is_all = paths.iter().any(|path| path.is_empty());
    own.add(if is_all { &[] } else { paths }).map_err(|error| {
        let said = format!("{error:#}");
        let hint = not_added(&said);
        hinted(said, hint)
    })?;
    if !paths.is_empty() && !is_all {
        // Not the last commit with the paths added: which files git is not to look at stands in the person's index alone.
        let tree = own.tree()?;
        let staged = diff::trees(&repo.objects, base_tree, Some(&tree))?;
        let mut elsewhere: Vec<IndexEntry> = staged.iter().flat_map(as_before).collect();
        elsewhere.retain(|(path, _)| !paths.iter().any(|named| is_at_or_below(path, named)));
        own.set(&elsewhere, &tree)?;
    }
    Ok(Some(own))
}

fn is_at_or_below(path: &BString, folder: &BString) -> bool {
    let rest = path.strip_prefix(folder.as_slice());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// What to do where `git add` takes nothing.
fn not_added(said: &str) -> &'static str {
    if said.contains("does not have a commit checked out") {
        "that folder is a repository without a commit: have git ignore it, or name the paths that are to be committed"
    } else if said.contains("sparse-checkout") {
        "`git add --sparse` takes what git is not to look at; else name the paths that are to be committed"
    } else if said.contains("ignored by") {
        "`git add` takes what git ignores with `--force`; commit then what is staged"
    } else {
        "repair what git names, or name the paths that are to be committed"
    }
}

/// Refuses where another git command holds the person's index, or was killed while it did: after the commit it could not
/// be told of it, and the next one would take back what this one commits.
pub(super) fn refuse_locked(repo: &Repo) -> Result<()> {
    let lock = repo.index_lock();
    if lock.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(hinted(
        format!("another git command is at work: `{}` is there", lock.display()),
        "wait until it ends; where none runs any more, remove that file",
    ))
}

/// As a commit is checked, without the commands: those run in the hook.
fn checked(
    context: Context<'_>,
    mut change: Change,
    effective: &EffectivePolicy,
) -> Result<Evaluation> {
    merge::exclude_evaluated(context, &mut change, &effective.hash)?;
    evaluate(context, change, effective, None, EvaluationScope::Gates)
}

/// Refuses paths where git waits for a commit of all that is staged.
fn refuse_parts(under_way: Option<&str>, selection: &CommitSelection) -> Result<()> {
    if let (Some(what), CommitSelection::Paths(_)) = (under_way, selection) {
        return Err(hinted(
            format!("a {what} is under way, and its commit has all that is staged"),
            "leave the paths out; `git add` what belongs to it",
        ));
    }
    Ok(())
}

fn under_way(repo: &Repo) -> Option<&'static str> {
    let found = UNDER_WAY.into_iter().find(|(mark, _)| repo.git_dir.join(mark).exists());
    found.map(|(_, what)| what)
}

fn nothing(selection: &CommitSelection, head: Option<&Oid>) -> String {
    let what = match selection {
        CommitSelection::Staged | CommitSelection::All => "there is nothing to commit",
        CommitSelection::Paths(_) => "there is nothing to commit at these paths",
    };
    let why = if head.is_some() {
        "the work tree is as the last commit"
    } else {
        "the work tree is empty"
    };
    format!("{what}: {why}, apart from what git ignores")
}
