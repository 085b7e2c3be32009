//! Puts the commits of a run upon what its base is by now, and judges them there: tests, gates, and whether they
//! take back what the base brought.

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::development::suite::{GreenProof, SuiteRun, prove_green};
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::oid::Oid;
use crate::domain::model::text::counted;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::pipeline::spec_run::outcome::{RebasedCommits, SpecOutcome};
use crate::domain::pipeline::spec_run::rebased::is_near;
use crate::domain::pipeline::spec_run::stage::{BuiltTask, REBASES_MAX, Snapshot};
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::evaluate::test_run::Tested;
use crate::flow::run::base::files_between;
use crate::flow::run::session::SpecSession;
use crate::flow::run::{kept, prepare, suite};
use crate::flow::workspace::checkout::Ignored;
use crate::platform::git::command::succeeded;
use crate::platform::git::{diff, lazy_fetch};
use crate::platform::store::test_results;

/// How many paths of one kind are named.
const NAMED_MAX: usize = 5;

/// Why commits are not put upon another base.
pub(super) enum NotRebased {
    /// A person decides: why, one a line.
    Escalated(Vec<String>),
    /// It may work later.
    Failed(String),
}

pub(super) type Rebased<T> = Result<Result<T, NotRebased>>;

/// A commit upon the new base, with its message.
struct PickedCommit {
    at: Snapshot,
    message: String,
}

impl SpecSession<'_> {
    /// Whether the base moved on, so that the commits are put upon what it is now before they are judged or published.
    pub(super) fn is_behind(&self) -> Result<bool> {
        if self.run.progress().rebases >= REBASES_MAX {
            return Ok(false);
        }
        // Gits before 2.40 cannot merge without a work tree; then the result says how far the base moved.
        Ok(self.new_base()?.is_some() && self.can_merge()?)
    }

    /// What the base is now, where that is further than what was built on.
    fn new_base(&self) -> Result<Option<Oid>> {
        let (repo, about) = (self.context.repo, &self.run.about);
        if about.base_ref == "HEAD" {
            // Another commit was checked out, which says nothing.
            return Ok(None);
        }
        let Some(tip) = repo.tip(&about.base_ref)?.filter(|tip| *tip != about.base) else {
            return Ok(None);
        };
        Ok(repo.is_ancestor(&about.base, &tip)?.then_some(tip))
    }

    fn can_merge(&self) -> Result<bool> {
        let base = self.run.about.base.as_str();
        let merge_base = format!("--merge-base={base}");
        let words = ["merge-tree", "--write-tree", &merge_base, base, base];
        Ok(self.private.git().args(words).capture()?.status.success())
    }

    /// Puts all commits upon the new base, and judges each of them there.
    pub(super) fn rebase(&self) -> Result<SpecOutcome> {
        Ok(match self.rebased()? {
            Ok(commits) => SpecOutcome::Rebased(Ok(commits)),
            Err(NotRebased::Failed(why)) => SpecOutcome::Failed(CallFailure::Infrastructure(why)),
            Err(NotRebased::Escalated(why)) => {
                kept::keep_built(self.private, &self.run)?;
                SpecOutcome::Rebased(Err(why))
            }
        })
    }

    fn rebased(&self) -> Rebased<RebasedCommits> {
        let (repo, about) = (self.context.repo, &self.run.about);
        let name = &about.base_name;
        let Some(commit) = self.new_base()? else {
            let why = format!("`{name}` was rewritten while the commits were put upon it");
            return Ok(Err(NotRebased::Failed(why)));
        };
        let tree = repo.tree_of(&commit)?;
        lazy_fetch::fetch_tree(repo, &tree)?;
        let onto = Snapshot { tree, commit };
        // Its policy is the one that counts from here, with the commands that it names.
        let prepared = match prepare::upon(self.context, &self.run, &onto) {
            Ok(prepared) => prepared,
            Err(error) => {
                let why =
                    format!("`{name}` moved, and its policy is not one to build on: {error:#}");
                return Ok(Err(NotRebased::Failed(why)));
            }
        };
        let picked = match self.picked(&onto)? {
            Ok(picked) => picked,
            Err(not) => return Ok(Err(not)),
        };
        let last = picked.last().map_or(&onto, |one| &one.at);
        let lines = self.taken_back(&onto, last)?;
        if !lines.is_empty() {
            return Ok(Err(NotRebased::Escalated(lines)));
        }
        if let Err(not) = self.gated(&prepared.effective, &onto, &picked)? {
            return Ok(Err(not));
        }
        let proposed = match self.proposed_upon(&prepared.effective, &onto, last)? {
            Ok(proposed) => proposed,
            Err(not) => return Ok(Err(not)),
        };
        if let Err(not) = self.tested(&prepared.effective, &onto, &picked)? {
            return Ok(Err(not));
        }
        let moved = files_between(self.private, &about.base_tree, &onto.tree)?;
        let built = files_between(self.private, &about.base_tree, &self.head().tree)?;
        let spec = self.run.progress();
        let mut commits: Vec<Snapshot> = picked.into_iter().map(|one| one.at).collect();
        let written = spec.written.as_ref().filter(|_| !commits.is_empty());
        let written = written.map(|_| commits.remove(0));
        let recorded = spec.recorded.as_ref().and_then(|_| commits.pop());
        Ok(Ok(RebasedCommits {
            is_near: is_near(&moved, &built),
            base: onto.commit,
            base_tree: onto.tree,
            asked: prepared.about.asked,
            written,
            built: commits,
            recorded,
            proposed,
        }))
    }

    /// Each commit as it is upon the new base, apart from what is proposed.
    fn picked(&self, onto: &Snapshot) -> Rebased<Vec<PickedCommit>> {
        let spec = self.run.progress();
        let written = spec.written.iter().map(|written| written.at.clone());
        let old = written.chain(spec.built.iter().map(BuiltTask::at)).chain(spec.recorded.clone());
        let (mut parent, mut head) = (self.run.about.base.clone(), onto.clone());
        let mut picked = Vec::new();
        for old in old {
            let one = match self.picked_one(&parent, &head, &old)? {
                Ok(one) => one,
                Err(not) => return Ok(Err(not)),
            };
            (parent, head) = (old.commit, one.at.clone());
            picked.push(one);
        }
        Ok(Ok(picked))
    }

    /// What is proposed, upon the commits as they are now, each by itself; of what does not fit there, why: that stops no run.
    fn proposed_upon(
        &self,
        effective: &EffectivePolicy,
        onto: &Snapshot,
        last: &Snapshot,
    ) -> Rebased<Vec<Result<Snapshot, Vec<String>>>> {
        let spec = self.run.progress();
        let mut parent = match (&spec.recorded, spec.built.last()) {
            (Some(recorded), _) => recorded.commit.clone(),
            (None, Some(built)) => built.commit.clone(),
            (None, None) => return Ok(Ok(Vec::new())),
        };
        let (mut head, mut proposed) = (last.clone(), Vec::new());
        for one in &spec.proposed {
            let picked = match self.picked_one(&parent, &head, &one.at)? {
                Ok(picked) => {
                    let PickedCommit { at, message } = picked;
                    let taken_back = self.taken_back(onto, &at)?;
                    let why = self.stopped_by_gates(effective, &head, &at.tree, &message)?;
                    let why = [taken_back, why].concat();
                    if why.is_empty() { Ok(at) } else { Err(why) }
                }
                Err(NotRebased::Escalated(why)) => Err(why),
                Err(not @ NotRebased::Failed(_)) => return Ok(Err(not)),
            };
            parent = one.at.commit.clone();
            head = picked.as_ref().unwrap_or(&head).clone();
            proposed.push(picked);
        }
        Ok(Ok(proposed))
    }

    /// A commit as it is upon another one than its parent: what it changes, merged with what is there.
    fn picked_one(&self, parent: &Oid, head: &Snapshot, old: &Snapshot) -> Rebased<PickedCommit> {
        let tree = match self.merged(parent, &head.commit, &old.commit, &self.base_now())? {
            Ok(tree) => tree,
            Err(not) => return Ok(Err(not)),
        };
        let name = &self.run.about.base_name;
        let said = self.private.git();
        let said = said
            .args(["-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=UTF-8"])
            .args(["log", "-1", "--no-notes", "--format=%ct%n%B", old.commit.as_str()])
            .capture()?;
        let said = succeeded(&said, "git log")?.to_str_lossy().into_owned();
        let (date, message) = said.split_once('\n').context("a commit has no date")?;
        if tree == head.tree {
            let title = message.lines().next().unwrap_or_default();
            let why = format!("`{name}` has all of `{title}` already");
            return Ok(Err(NotRebased::Escalated(vec![why])));
        }
        let date = format!("@{date} +0000");
        let message = format!("{}\n", message.trim_end());
        Ok(match self.commit_at(&tree, &head.commit, &message, &date)? {
            Ok(at) => Ok(PickedCommit { at, message }),
            Err(failure) => Err(NotRebased::Failed(failure.why().to_owned())),
        })
    }

    /// What the commits are put upon, in words.
    fn base_now(&self) -> String {
        format!("what `{}` has now", self.run.about.base_name)
    }

    /// The tree of `onto`, which is that in words, with what is from `parent` to `commit`.
    pub(super) fn merged(
        &self,
        parent: &Oid,
        onto: &Oid,
        commit: &Oid,
        in_words: &str,
    ) -> Rebased<Oid> {
        let merge_base = format!("--merge-base={parent}");
        let words =
            ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", &merge_base];
        let git = self.private.git().args(words).args([onto.as_str(), commit.as_str()]);
        let output = git.capture()?;
        let mut parts = output.stdout.split_str("\0").filter(|part| !part.is_empty());
        match (output.code(), parts.next()) {
            (0, Some(tree)) => Ok(Ok(Oid::parse(&tree.to_str_lossy())?)),
            (1, Some(_)) => {
                let paths: Vec<String> = parts.map(|path| shown_path(&path.into())).collect();
                let why = format!("it conflicts with {in_words} in {}", some_of(&paths));
                Ok(Err(NotRebased::Escalated(vec![why])))
            }
            _ => {
                let said = output.stderr.trim().to_str_lossy().into_owned();
                Ok(Err(NotRebased::Failed(format!("git could not merge: {said}"))))
            }
        }
    }

    /// What of the base's new work the commits take back, one a line: a file that is again as it was before.
    fn taken_back(&self, onto: &Snapshot, last: &Snapshot) -> Result<Vec<String>> {
        let (objects, about) = (&self.private.objects, &self.run.about);
        let mut paths = Vec::new();
        for file in diff::trees(objects, Some(&about.base_tree), Some(&onto.tree))? {
            let now = objects.entry(&last.tree, BStr::new(&file.path))?;
            if now == file.old && now != file.new {
                paths.push(shown_path(&file.path));
            }
        }
        if paths.is_empty() {
            return Ok(paths);
        }
        let name = &about.base_name;
        Ok(vec![format!("it takes back what `{name}` changed since in {}", some_of(&paths))])
    }

    /// Holds each commit against the gates of the new base's policy.
    fn gated(
        &self,
        effective: &EffectivePolicy,
        onto: &Snapshot,
        picked: &[PickedCommit],
    ) -> Rebased<()> {
        let mut head = onto;
        for one in picked {
            let why = self.stopped_by_gates(effective, head, &one.at.tree, &one.message)?;
            if !why.is_empty() {
                return Ok(Err(NotRebased::Escalated(why)));
            }
            head = &one.at;
        }
        Ok(Ok(()))
    }

    /// Tests the new base and each task upon it: what passed before it passes, and its own tests do.
    fn tested(
        &self,
        effective: &EffectivePolicy,
        onto: &Snapshot,
        picked: &[PickedCommit],
    ) -> Rebased<()> {
        let mut suites = match self.suite_of(effective, onto, onto, &self.base_now())? {
            Ok(suite) => vec![suite],
            Err(not) => return Ok(Err(not)),
        };
        let spec = self.run.progress();
        let of_tasks = picked.iter().skip(usize::from(spec.written.is_some()));
        for (at, (built, one)) in spec.built.iter().zip(of_tasks).enumerate() {
            let now = match self.suite_of(effective, onto, &one.at, &self.base_now())? {
                Ok(suite) => suite,
                Err(not) => return Ok(Err(not)),
            };
            let failing = built.task.red.as_ref().map_or(&[][..], |red| &red.failing);
            match prove_green(&self.kept_of(at, suites[at].clone()), failing, &now) {
                GreenProof::Green(_) => suites.push(now),
                GreenProof::NotRun(why) => return Ok(Err(NotRebased::Failed(why))),
                GreenProof::Red(why) | GreenProof::Lost(why) => {
                    let name = &self.run.about.base_name;
                    let first =
                        format!("upon what `{name}` has now task {} does not pass:", at + 1);
                    return Ok(Err(NotRebased::Escalated([vec![first], why].concat())));
                }
            }
        }
        for (built, suite) in suites.iter().enumerate() {
            test_results::keep(self.folder, built, suite)?;
        }
        Ok(Ok(()))
    }

    pub(super) fn suite_of(
        &self,
        effective: &EffectivePolicy,
        onto: &Snapshot,
        at: &Snapshot,
        in_words: &str,
    ) -> Rebased<SuiteRun> {
        let context = self.private_context();
        match suite::run(context, effective, onto, at, Ignored::Go)? {
            Tested::Interrupted(signal) => Err(self.stopped(signal)),
            Tested::Ran(suite) => Ok(match suite.not_run() {
                Some(why) => {
                    Err(NotRebased::Failed(format!("the tests do not run upon {in_words}: {why}")))
                }
                None => Ok(suite),
            }),
        }
    }
}

pub(super) fn some_of(paths: &[String]) -> String {
    let named: Vec<String> = paths.iter().take(NAMED_MAX).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {}", named.join(", "), counted(more, "more file")),
    }
}
