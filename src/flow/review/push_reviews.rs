//! Looks up the reviews of the commits of a push, and waits for those under way. Makes none itself.

use std::collections::{BTreeSet, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use bstr::ByteSlice as _;
use jiff::Timestamp;

use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::locate::index::normalised;
use crate::domain::model::finding::Effect;
use crate::domain::model::notice::Progress;
use crate::domain::model::objects::Content;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::model::stored_finding::StoredFinding;
use crate::domain::model::text::counted;
use crate::domain::policy::consent::ConsentAnswer;
use crate::domain::policy::review_settings::{OnFailure, PrePush, ReviewSettings};
use crate::domain::policy::settings::Policy;
use crate::domain::review::deliver::FILE_BYTES_MAX;
use crate::flow::call::roles;
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::push::outcome::{PushPart, PushedCommit};
use crate::flow::review::background;
use crate::flow::review::delivery::is_reviewable;
use crate::flow::review::inputs::{NOTES_FILE, ReviewInputs};
use crate::flow::review::receipt;
use crate::flow::review::receipt::FoundReceipt;
use crate::flow::review::target;
use crate::flow::review::target::ReviewRange;
use crate::flow::setup::consent;
use crate::platform::config::env::now;
use crate::platform::git::push::history::{KnownHistory, KnownRefs, new_commits};
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::review_queue;
use crate::platform::store::review_queue::State;
use crate::platform::store::stop_mark::LastStop;
use crate::platform::ui::time::local;

/// The most commits of one push whose reviews are looked up: an imported history has none.
const COMMITS_MAX: usize = 50;

/// The interval at which reviews under way are checked.
const LOOK: Duration = Duration::from_millis(100);

/// How long a new worker may take to begin.
const START: Duration = Duration::from_secs(2);

/// The findings of the reviews of a push.
#[derive(Debug, Default)]
pub struct PushReviews {
    pub parts: Vec<PushPart>,
    pub skipped: Vec<Skipped>,
    /// A review that the policy requires is missing.
    pub refused: bool,
}

/// What the policy requires of reviews today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Enforcement {
    AskLater,
    Warn { until: Option<Timestamp> },
    Block,
}

/// Checks the reviews of the commits that a push brings.
pub fn check_reviews(context: Context<'_>, commits: &[PushedCommit]) -> Result<PushReviews> {
    let mut reviews = PushReviews::default();
    // An agent's own push is checked by the built-in gates alone.
    if commits.is_empty() || context.env.get("TRIBUNAL_AGENT").is_some() {
        return Ok(reviews);
    }
    let Some((policy, enforcement)) = strictest(context, commits)? else { return Ok(reviews) };
    if !background::has_reviewer(context, &policy) {
        return Ok(reviews);
    }
    let in_background = consent::load(context.repo, context.env)?.reviews == ConsentAnswer::Yes;
    // Where nobody agreed to reviews, and none is demanded, those that were made by hand count.
    let expected = in_background || policy.review.pre_push.demands();
    if !expected && first_review(context)?.is_none() {
        return Ok(reviews);
    }
    let commits = unpublished(context.repo, commits)?;
    let insists = policy.review.on_failure == OnFailure::Block && enforcement == Enforcement::Block;
    let mut questions = questions(context, &commits[..commits.len().min(COMMITS_MAX)])?;
    if !expected {
        questions.open.retain(|pending| pending.found.is_some());
        questions.unasked.clear();
    }
    reviews.skipped.append(&mut questions.unasked);
    reviews.refused |= insists && !reviews.skipped.is_empty();
    if in_background {
        enqueue_missing(context, &questions.open)?;
    }
    let wait = policy.review.wait;
    if enforcement != Enforcement::AskLater && !is_held_up(context, &questions.reviewers, wait)? {
        await_reviews(context, &mut questions.open, wait)?;
    }
    for pending in &questions.open {
        let Some(found) = &pending.found else {
            reviews.refused |= insists;
            reviews.skipped.push(unreviewed(context.repo, &pending.pushed.commit, enforcement));
            continue;
        };
        reviews.parts.extend(part(context.repo, pending.pushed, found, enforcement)?);
    }
    let rest = commits.len().saturating_sub(COMMITS_MAX);
    if rest > 0 && expected {
        reviews.skipped.push(skipped(format!(
            "{}: their reviews were not looked up",
            counted(rest, "more commit")
        )));
    }
    if let Enforcement::Warn { until: Some(until) } = enforcement
        && reviews.parts.iter().any(|part| !part.findings.is_empty())
    {
        reviews.skipped.push(skipped(format!(
            "findings of reviews warn until {} and block from then on",
            local(until)
        )));
    }
    Ok(reviews)
}

/// Those of the commits that no remote has. What is new to a protected branch alone was pushed before,
/// by somebody whose push asked for its review.
fn unpublished(repo: &Repo, commits: &[PushedCommit]) -> Result<Vec<PushedCommit>> {
    let tips: Vec<Oid> = commits.iter().map(|pushed| pushed.tip.clone()).collect();
    let known =
        KnownHistory { commits: HashSet::new(), refs: KnownRefs::Remotes(repo.remote_tips()?) };
    let new: HashSet<Oid> = new_commits(repo, &tips, &known)?.into_iter().collect();
    Ok(commits.iter().filter(|pushed| new.contains(&pushed.commit)).cloned().collect())
}

/// The reviews of the commits of a push.
#[derive(Default)]
struct Questions<'a> {
    open: Vec<PendingReview<'a>>,
    /// The agents that would answer.
    reviewers: Vec<String>,
    /// The commits whose reviews are not looked up, with the reason.
    unasked: Vec<Skipped>,
}

fn questions<'a>(context: Context<'_>, commits: &'a [PushedCommit]) -> Result<Questions<'a>> {
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let mut questions = Questions::default();
    for pushed in commits {
        let target = target::resolve(context.repo, &ReviewRange::Commit(pushed.commit.clone()))?;
        if target.change.files.is_empty() {
            continue;
        }
        if changes_policy(context.repo, pushed, target.change.base_tree.as_ref())? {
            let short = pushed.commit.short();
            questions.unasked.push(skipped(format!(
                "{short}: the push changes the policy that it was reviewed under (hint: push the change \
                 of the policy by itself first)"
            )));
            continue;
        }
        let inputs = ReviewInputs::gather(context, &target, None, agent_env)?;
        let Some(question) = inputs.question(&target) else { continue };
        let assigned =
            inputs.reviewers().map(|reviewers| [&reviewers.reviewer, &reviewers.arbiter]);
        questions
            .reviewers
            .extend(assigned.into_iter().flatten().map(|assigned| assigned.name.clone()));
        let found = receipt::find(context, &question)?;
        if found.is_some() || is_reviewable(context.repo, &inputs, &target.change)? {
            questions.open.push(PendingReview { pushed, question, found });
        }
    }
    Ok(questions)
}

/// Enqueues the commits without an answer, also those in the queue: their worker may have been killed.
fn enqueue_missing(context: Context<'_>, open: &[PendingReview<'_>]) -> Result<()> {
    let unanswered = open.iter().filter(|pending| pending.found.is_none());
    let missing: Vec<Oid> = unanswered.map(|pending| pending.pushed.commit.clone()).collect();
    let last_stop = LastStop::of(&context.repo.state_dir());
    if !missing.is_empty() && background::is_enabled(context.env) && !last_stop.holds() {
        background::enqueue(context, &last_stop, &missing, &[])?;
    }
    Ok(())
}

fn skipped(reason: String) -> Skipped {
    Skipped { gate: "review".to_owned(), reason }
}

struct PendingReview<'a> {
    pushed: &'a PushedCommit,
    question: String,
    found: Option<FoundReceipt>,
}

fn look_up(context: Context<'_>, open: &mut [PendingReview<'_>]) -> Result<()> {
    for pending in open.iter_mut().filter(|pending| pending.found.is_none()) {
        pending.found = receipt::find(context, &pending.question)?;
    }
    Ok(())
}

/// The strictest policy among the bases of the pushed commits; the pushed content does not count.
/// `None` where none requires a review.
fn strictest(
    context: Context<'_>,
    commits: &[PushedCommit],
) -> Result<Option<(Policy, Enforcement)>> {
    let bases: BTreeSet<Option<&Oid>> = commits.iter().map(|pushed| pushed.base.as_ref()).collect();
    let mut strictest: Option<(Policy, Enforcement)> = None;
    for base in bases {
        let tree = base.map(|base| context.repo.tree_of(base)).transpose()?;
        let policy = policy::read_policy(context, tree.as_ref(), RuleSelection::None)?.policy;
        let Some(enforcement) = enforcement(context, &policy.review)? else { continue };
        if strictest.as_ref().is_none_or(|(_, known)| enforcement > *known) {
            strictest = Some((policy, enforcement));
        }
    }
    Ok(strictest)
}

/// Whether earlier commits of the same push changed the policy, the rules or the notes for agents that
/// a commit's review used.
fn changes_policy(repo: &Repo, pushed: &PushedCommit, parent: Option<&Oid>) -> Result<bool> {
    let base = pushed.base.as_ref().map(|base| repo.tree_of(base)).transpose()?;
    if base.as_ref() == parent {
        return Ok(false);
    }
    // Their object ids show whether they differ: their content is not read.
    let policy_entries = |tree: Option<&Oid>| -> Result<_> {
        let Some(tree) = tree else { return Ok(Vec::new()) };
        let mut items = repo.objects.tree(tree)?;
        items.retain(|item| {
            [POLICY_FILE, NOTES_FILE, ".ai"].iter().any(|name| item.name() == *name)
        });
        Ok(items)
    };
    // Before the first commit there is no policy that could be changed.
    Ok(base.is_some() && policy_entries(base.as_ref())? != policy_entries(parent)?)
}

/// Whether a reviewer is at a rate limit that lasts longer than a push waits.
fn is_held_up(context: Context<'_>, reviewers: &[String], wait: Duration) -> Result<bool> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(false);
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let then = now(context.env).checked_add(wait)?;
    for name in reviewers {
        if ledger.wait(name, then).map_err(LedgerError::hinted)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Waits for reviews that are under way.
fn await_reviews(
    context: Context<'_>,
    open: &mut [PendingReview<'_>],
    wait: Duration,
) -> Result<()> {
    let began = Instant::now();
    let state_dir = context.repo.state_dir();
    let mut said = 0;
    loop {
        // A worker that was just started has not begun yet.
        let at_work = review_queue::has_worker(&state_dir) || began.elapsed() < START;
        let is_waiting = |pending: &PendingReview<'_>| {
            pending.found.is_none()
                && review_queue::state(&state_dir, &pending.pushed.commit) == State::Pending
        };
        let waiting = open.iter().filter(|pending| is_waiting(pending)).count();
        if waiting != said {
            said = waiting;
            if waiting > 0 {
                let seconds = wait.as_secs();
                context.notify(Progress::WaitingForReviews { reviews: waiting, seconds });
            }
        }
        if waiting == 0 || !at_work || began.elapsed() >= wait {
            return look_up(context, open);
        }
        thread::park_timeout(LOOK);
        look_up(context, open)?;
    }
}

/// When the first review of this repository was made.
fn first_review(context: Context<'_>) -> Result<Option<Timestamp>> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(None);
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    ledger.first_review().map_err(LedgerError::hinted)
}

fn enforcement(context: Context<'_>, policy: &ReviewSettings) -> Result<Option<Enforcement>> {
    Ok(match policy.pre_push {
        PrePush::Off => None,
        PrePush::AskLater => Some(Enforcement::AskLater),
        PrePush::Warn => Some(Enforcement::Warn { until: None }),
        PrePush::Block => Some(Enforcement::Block),
        PrePush::Ratchet => {
            let now = now(context.env);
            let until = first_review(context)?.unwrap_or(now).checked_add(policy.ratchet)?;
            Some(if now < until {
                Enforcement::Warn { until: Some(until) }
            } else {
                Enforcement::Block
            })
        }
    })
}

/// The findings of a review that are still in the pushed tip.
fn part(
    repo: &Repo,
    pushed: &PushedCommit,
    found: &FoundReceipt,
    enforcement: Enforcement,
) -> Result<Option<PushPart>> {
    let effect = if enforcement == Enforcement::Block { Effect::Block } else { Effect::Warn };
    let mut findings = Vec::new();
    for kept in found.open_blocking() {
        if stands(repo, &pushed.tip, kept)? {
            let mut finding = kept.finding.clone();
            finding.effect = effect;
            let status = kept.status.as_str().to_owned();
            findings.push(Reported { id: Some(kept.id.clone()), status, finding });
        }
    }
    let title = format!("review of commit {}", pushed.commit.short());
    Ok((!findings.is_empty()).then_some(PushPart { title, commit: None, findings }))
}

/// Whether a finding's text is still in its file: a later commit may have fixed it.
fn stands(repo: &Repo, tip: &Oid, kept: &StoredFinding) -> Result<bool> {
    let path = kept.finding.place.as_ref().and_then(|place| place.path());
    let Some(path) = path.filter(|_| !kept.finding.anchor.is_empty()) else { return Ok(true) };
    let tree = repo.tree_of(tip)?;
    let text = match repo.objects.file_up_to(&tree, path.as_bstr(), FILE_BYTES_MAX as u64)? {
        Some(Content::Whole(text)) => text,
        // A file that is too large to be searched counts as having it.
        Some(Content::TooLarge(_)) => return Ok(true),
        Some(Content::Missing) | None => return Ok(false),
    };
    let text = text.to_str_lossy();
    let lines: Vec<String> = text.lines().map(normalised).collect();
    // A redacted line cannot be compared: the finding counts as open.
    let gone = |line: &str| {
        let line = normalised(line);
        !line.contains("[redacted") && !line.is_empty() && !lines.contains(&line)
    };
    Ok(!kept.finding.anchor.lines().any(gone))
}

fn unreviewed(repo: &Repo, commit: &Oid, enforcement: Enforcement) -> Skipped {
    let short = commit.short();
    let why = match review_queue::state(&repo.state_dir(), commit) {
        State::Pending if enforcement == Enforcement::AskLater => {
            "its review is under way; see `tribunal status`".to_owned()
        }
        State::Pending => "its review is not done yet".to_owned(),
        State::Failed(why) => format!("it could not be reviewed: {why}"),
        State::Unknown => "it was not reviewed".to_owned(),
    };
    let hint = format!("`tribunal review --commit {short}`");
    skipped(format!("{short}: {why} (hint: {hint})"))
}
