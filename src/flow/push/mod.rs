//! Pushes a branch for a person, by their own git: where it goes, and what is to be checked before.

use anyhow::Result;
use bstr::{BString, ByteSlice as _};

use crate::domain::model::error::hinted;
use crate::domain::model::oid::Oid;
use crate::domain::model::push::{Receiver, Update};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{shell_word, short_id};
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::SpecEnd;
use crate::domain::pushing::answer::{REFUSED_HERE, RefAnswer, of_ref, request_page};
use crate::domain::pushing::result::PushResult;
use crate::domain::pushing::target::{NoTarget, PushFacts, PushTarget};
use crate::flow::context::Context;
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;

/// A push that is not made yet.
pub struct PlannedPush {
    /// Without `refs/heads/`.
    pub branch: String,
    pub target: PushTarget,
    /// As git tells its hook, as far as that is known here.
    pub update: Update,
    pub receiver: Receiver,
}

/// Finds what is pushed, and where.
///
/// # Errors
///
/// Where nothing is checked out that could be pushed, or where it is to go cannot be told.
pub fn plan(context: Context<'_>, run: Option<&str>, asked: Option<&str>) -> Result<PlannedPush> {
    let repo = context.repo;
    let branch = match run {
        Some(run) => branch_of(repo, run)?,
        None => repo.branch()?.ok_or_else(|| {
            hinted(
                "HEAD is detached: no branch is checked out that could be pushed",
                "`git switch -c NAME` makes one of it",
            )
        })?,
    };
    let new = repo.tip(&format!("refs/heads/{branch}"))?.ok_or_else(|| {
        hinted(
            format!("the branch `{}` has no commit", printable(&branch)),
            "commit first: `tribunal commit`",
        )
    })?;
    let facts = facts(repo, branch, asked)?;
    let target = facts.target().map_err(|none| refused(&none, &facts))?;
    let PushFacts { branch, .. } = facts;
    let there = repo.tip(&format!("refs/remotes/{}/{}", target.remote, target.name))?;
    let zero = || Oid::parse(&"0".repeat(new.as_str().len()));
    let update = Update {
        source: BString::from(format!("refs/heads/{branch}")),
        target: BString::from(format!("refs/heads/{}", target.name)),
        old: there.map_or_else(zero, Ok)?,
        new,
    };
    let receiver = Receiver::Remote(target.remote.clone());
    Ok(PlannedPush { branch, target, update, receiver })
}

/// The branch of a run that is done.
fn branch_of(repo: &Repo, run: &str) -> Result<String> {
    let state_dir = repo.state_dir();
    let id = runs::resolve(&state_dir, run)?;
    let short = short_id(&id);
    let run = runs::load_spec(&state_dir, &id)?.ok_or_else(|| {
        hinted(
            format!("the run `{short}` is a review, which makes no branch"),
            "leave `--run` out to push the branch that is checked out",
        )
    })?;
    if !matches!(run.stage(), SpecStage::Ended(SpecEnd::Done { .. })) {
        return Err(hinted(
            format!("the run `{short}` has no branch: it is {}", run.stage().as_str()),
            format!("`tribunal runs show {short}` tells how it continues"),
        ));
    }
    let branch = run.about.branch;
    if repo.tip(&format!("refs/heads/{branch}"))?.is_none() {
        return Err(hinted(
            format!("the branch `{branch}` of the run `{short}` is not there any more"),
            "push the branch that has its commits",
        ));
    }
    Ok(branch)
}

fn facts(repo: &Repo, branch: String, asked: Option<&str>) -> Result<PushFacts> {
    let text = |key: &str| -> Result<Option<String>> {
        Ok(repo.config(key)?.map(|value| value.to_str_lossy().into_owned()))
    };
    let of_branch = |key: &str| text(&format!("branch.{branch}.{key}"));
    let for_pushes = match of_branch("pushRemote")? {
        Some(remote) => Some(remote),
        None => text("remote.pushDefault")?,
    };
    let upstream = match (of_branch("remote")?, of_branch("merge")?) {
        (Some(remote), Some(merge)) => {
            let name = merge.strip_prefix("refs/heads/").unwrap_or(&merge).to_owned();
            Some([remote, name])
        }
        _ => None,
    };
    let to_upstream =
        text("push.default")?.is_some_and(|value| value == "upstream" || value == "tracking");
    let remotes = repo.remotes()?.iter().map(|name| name.to_str_lossy().into_owned()).collect();
    let asked = asked.map(str::to_owned);
    Ok(PushFacts { branch, remotes, asked, for_pushes, upstream, to_upstream })
}

fn refused(none: &NoTarget, facts: &PushFacts) -> anyhow::Error {
    let branch = printable(&facts.branch);
    match none {
        NoTarget::NoRemote => hinted(
            "this repository has no remote that could be pushed to",
            "`git remote add origin ADDRESS` sets one up",
        ),
        NoTarget::Several(remotes) => hinted(
            format!("`{branch}` has no upstream, and there are several remotes"),
            format!("name one: `tribunal push {}`", shell_word(&printable(&remotes[0]))),
        ),
        NoTarget::Unknown(name) => hinted(
            format!("there is no remote `{}`", printable(name)),
            "`git remote -v` lists those that are here",
        ),
        NoTarget::OtherName { remote, name } => hinted(
            format!(
                "the upstream of `{branch}` is `{}` of `{}`, which has another name",
                printable(name),
                printable(remote)
            ),
            format!(
                "`git branch --unset-upstream` has it pushed as `{branch}`; `git push {} HEAD:{}` pushes onto that one",
                shell_word(&printable(remote)),
                shell_word(&printable(name))
            ),
        ),
    }
}

/// Pushes, and never by force. What git and its hooks say is told as it comes.
///
/// # Errors
///
/// Where git tells of no ref, and no hook stopped it: the remote could not be reached, for one.
pub fn push(
    context: Context<'_>,
    planned: &PlannedPush,
    tell: &mut dyn FnMut(&[u8]),
) -> Result<PushResult> {
    let PlannedPush { branch, target, update, .. } = planned;
    let mut git = context.repo.git_of_person().args(["push", "--porcelain", "--no-force"]);
    if target.sets_upstream {
        git = git.arg("--set-upstream");
    }
    if context.repo.tip(&update.source.to_str_lossy())?.as_ref() != Some(&update.new) {
        return Err(hinted(
            format!("the branch `{}` moved while it was checked", printable(branch)),
            "run it again",
        ));
    }
    let what = format!("{}:{}", update.source, update.target);
    let output = git.arg("--").arg(&target.remote).arg(what).pass_on(tell)?;
    let (printed, said) = (output.stdout.to_str_lossy(), output.stderr.to_str_lossy());
    // Where git stops for another reason than a hook, its code is a larger one.
    let refused = || (output.code() == 1).then(|| RefAnswer::Rejected(REFUSED_HERE.to_owned()));
    let answer = of_ref(&printed).or_else(refused).ok_or_else(|| {
        hinted(
            format!("nothing was pushed to `{}`: git says why above", printable(&target.remote)),
            format!(
                "`git ls-remote {}` shows whether it can be reached",
                shell_word(&printable(&target.remote))
            ),
        )
    })?;
    Ok(PushResult {
        branch: branch.clone(),
        commit: update.new.clone(),
        target: target.clone(),
        answer,
        request_page: request_page(&said),
    })
}
