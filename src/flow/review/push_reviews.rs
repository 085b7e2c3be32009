//! Looks up what earlier reviews say of the change that a push brings, and waits for those under way.
//! Makes none itself.

use std::collections::{BTreeSet, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::finding::Effect;
use crate::domain::model::notice::{Progress, Warning};
use crate::domain::model::oid::Oid;
use crate::domain::model::report::Skipped;
use crate::domain::policy::consent::ConsentAnswer;
use crate::domain::policy::layers::variable_name;
use crate::domain::policy::review_settings::{ON_FAILURE, PrePush, ReviewSettings};
use crate::domain::policy::settings::Policy;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::call::{listing, roles};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::evaluate::push::outcome::{PushEvaluation, PushPart, PushedCommit};
use crate::flow::review::push_change::{Brought, Judged, is_covered, skipped};
use crate::flow::review::{background, switched_off};
use crate::flow::setup::consent;
use crate::platform::agents::agent_env::AgentEnv;
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

/// The most commits of one push that are reviewed in the background: an imported history is not.
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
    /// What is to be known beside, for people.
    pub remarks: Vec<String>,
    /// A review that the policy requires is missing.
    pub refused: bool,
}

impl PushReviews {
    pub fn add_to(self, evaluation: &mut PushEvaluation) {
        evaluation.parts.extend(self.parts);
        evaluation.skipped.extend(self.skipped);
        evaluation.remarks.extend(self.remarks);
        evaluation.inconclusive |= self.refused;
    }
}

/// What the policy requires of reviews today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Enforcement {
    AskLater,
    Warn { until: Option<Timestamp> },
    Block,
}

/// Checks what earlier reviews say of the change that each tip of a push brings. Where a missing review
/// refuses the push, so does an error; elsewhere it is returned.
pub fn check_reviews(context: Context<'_>, commits: &[PushedCommit]) -> Result<PushReviews> {
    // An agent's own push is checked by the built-in gates alone.
    if commits.is_empty() || context.env.get("TRIBUNAL_AGENT").is_some() {
        return Ok(PushReviews::default());
    }
    let Some((policy, enforcement)) = strictest(context, commits)? else {
        return Ok(PushReviews::default());
    };
    let refuses = enforcement == Enforcement::Block && policy.review.refuses_unreviewed();
    if !switched_off::can_count(context, &policy) {
        return Ok(PushReviews::default());
    }
    let mut reviews = match check_under(context, commits, &policy, (enforcement, refuses)) {
        Err(error) if refuses => {
            let skipped = vec![skipped(format!("the reviews could not be looked up: {error:#}"))];
            PushReviews { skipped, refused: true, ..PushReviews::default() }
        }
        checked => checked?,
    };
    if reviews.refused {
        let variable = variable_name(ON_FAILURE);
        reviews.skipped.push(skipped(format!(
            "the policy stops a push that reviews do not decide about (hint: `{variable}=warn git push` lets \
             this one through, which is recorded)"
        )));
    }
    Ok(reviews)
}

fn check_under(
    context: Context<'_>,
    commits: &[PushedCommit],
    policy: &Policy,
    (enforcement, refuses): (Enforcement, bool),
) -> Result<PushReviews> {
    let in_background = consent::load(context.repo, context.env)?.reviews == ConsentAnswer::Yes;
    // Where nobody agreed to reviews, and none is demanded, those that were made by hand count.
    let is_expected = in_background || policy.review.pre_push.demands();
    let missing = match () {
        () if refuses => MissingReview::Refuses,
        () if is_expected => MissingReview::Told,
        () if first_review(context)?.is_some() => MissingReview::Silent,
        () => return Ok(PushReviews::default()),
    };
    let wait = policy.review.wait;
    Expectation { enforcement, missing, in_background, wait }.check(context, commits)
}

/// What a missing review means for a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MissingReview {
    /// Reviews are made by hand alone: those that there are count.
    Silent,
    Told,
    Refuses,
}

/// What is expected of the reviews of a push.
struct Expectation {
    enforcement: Enforcement,
    missing: MissingReview,
    /// Whether the person agreed to reviews in the background.
    in_background: bool,
    wait: Duration,
}

impl Expectation {
    fn check(&self, context: Context<'_>, commits: &[PushedCommit]) -> Result<PushReviews> {
        let mut reviews = PushReviews::default();
        let home = roles::agents_home(context.repo);
        let agent_env = roles::agent_env(context.repo, context.env, &home);
        let mut brought = Vec::new();
        for (tip, commits) in unpublished(context.repo, commits)? {
            match Brought::read(context, agent_env, tip, commits)? {
                Ok(change) => brought.extend(change),
                Err(why) => self.miss(&mut reviews, || skipped(why)),
            }
        }
        if self.in_background {
            self.have_reviewed(context, agent_env, &mut brought)?;
        }
        let mut would_block = false;
        for one in &brought {
            would_block |= self.report(context, one, &mut reviews)?;
        }
        if let Enforcement::Warn { until: Some(until) } = self.enforcement
            && would_block
        {
            reviews.remarks.push(format!(
                "findings of reviews warn until {} and block from then on",
                local(until)
            ));
        }
        Ok(reviews)
    }

    /// Whether there are findings that block, or would where reviews block.
    fn report(
        &self,
        context: Context<'_>,
        brought: &Brought,
        reviews: &mut PushReviews,
    ) -> Result<bool> {
        let judged = brought.judged(context)?;
        for words in brought.words_of_spec(context, &judged)? {
            context.notify(Warning::OfSpec(words));
        }
        if brought.is_unreviewed() {
            self.miss(reviews, || brought.unreviewed(context.repo));
        }
        let would_block = matches!(judged, Judged::Blocked(_));
        match judged {
            Judged::Passed(part) if part.findings.is_empty() => {}
            Judged::Passed(part) => reviews.parts.push(part),
            Judged::Blocked(mut part) => {
                if self.enforcement != Enforcement::Block {
                    for reported in &mut part.findings {
                        reported.finding.effect = Effect::Warn;
                    }
                }
                reviews.parts.push(part);
            }
            // That what its spec asks for was not assessed is said.
            Judged::Undecided(_) if brought.is_unreviewed() => {}
            Judged::Undecided(why) => {
                reviews.refused |= self.missing == MissingReview::Refuses;
                reviews.skipped.push(why);
            }
        }
        if let Some(unreadable) = brought.unreadable() {
            reviews.refused |= self.missing == MissingReview::Refuses;
            reviews.skipped.push(unreadable);
        }
        reviews.skipped.extend(brought.unverified());
        Ok(would_block)
    }

    /// What a missing review comes to.
    fn miss(&self, reviews: &mut PushReviews, why: impl FnOnce() -> Skipped) {
        match self.missing {
            MissingReview::Silent => return,
            MissingReview::Told => {}
            MissingReview::Refuses => reviews.refused = true,
        }
        reviews.skipped.push(why());
    }

    /// Enqueues the commits that are not covered, and waits for their reviews.
    fn have_reviewed(
        &self,
        context: Context<'_>,
        agent_env: AgentEnv<'_>,
        brought: &mut [Brought],
    ) -> Result<()> {
        let mut missing = Vec::new();
        for one in brought.iter().filter(|one| one.is_unreviewed()) {
            for commit in &one.commits {
                if missing.len() < COMMITS_MAX && !is_covered(context, agent_env, commit)? {
                    missing.push(commit.clone());
                }
            }
        }
        enqueue_missing(context, &missing)?;
        let reviewers: Vec<AssignedAgent> = brought.iter().flat_map(Brought::reviewers).collect();
        if missing.is_empty()
            || self.enforcement == Enforcement::AskLater
            || is_held_up(context, &reviewers, self.wait)?
        {
            return Ok(());
        }
        await_reviews(context, &missing, self.wait)?;
        for one in brought {
            one.look_up(context)?;
        }
        Ok(())
    }
}

/// The commits that no remote has, by the tip of the push that brings them. What is new to a protected
/// branch alone was pushed before, by somebody whose push asked for its review.
fn unpublished(repo: &Repo, commits: &[PushedCommit]) -> Result<Vec<(Oid, Vec<Oid>)>> {
    let tips: BTreeSet<Oid> = commits.iter().map(|pushed| pushed.tip.clone()).collect();
    let refs = KnownRefs::Remotes(repo.remote_tips()?);
    let known = KnownHistory { commits: HashSet::new(), refs };
    let mut all = Vec::new();
    for tip in tips {
        let new = new_commits(repo, std::slice::from_ref(&tip), &known)?;
        if !new.is_empty() {
            all.push((tip, new));
        }
    }
    Ok(all)
}

/// Enqueues commits, also those in the queue: their worker may have been killed.
fn enqueue_missing(context: Context<'_>, missing: &[Oid]) -> Result<()> {
    let last_stop = LastStop::of(&context.repo.state_dir());
    if !missing.is_empty() && background::is_enabled(context.env) && !last_stop.holds() {
        background::enqueue(context, &last_stop, missing, &[])?;
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
    let strictness =
        |policy: &Policy, enforcement| (enforcement, policy.review.refuses_unreviewed());
    for base in bases {
        let tree = base.map(|base| context.repo.tree_of(base)).transpose()?;
        let policy = policy::read_policy(context, tree.as_ref(), RuleSelection::None)?.policy;
        let Some(enforcement) = enforcement(context, &policy.review)? else { continue };
        let known = strictest.as_ref().map(|(known, by)| strictness(known, *by));
        if known.is_none_or(|known| strictness(&policy, enforcement) > known) {
            strictest = Some((policy, enforcement));
        }
    }
    Ok(strictest)
}

/// Whether a reviewer is at a rate limit that lasts longer than a push waits.
fn is_held_up(context: Context<'_>, reviewers: &[AssignedAgent], wait: Duration) -> Result<bool> {
    let state_dir = context.repo.state_dir();
    if !ledger::exists(&state_dir) {
        return Ok(false);
    }
    let ledger = Ledger::open(&state_dir).map_err(LedgerError::hinted)?;
    let then = now(context.env).checked_add(wait)?;
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    for reviewer in reviewers {
        if listing::is_held_up(reviewer, agent_env, &ledger, then)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Waits until none of the commits waits for its review, and no longer than `wait`.
fn await_reviews(context: Context<'_>, commits: &[Oid], wait: Duration) -> Result<()> {
    let began = Instant::now();
    let state_dir = context.repo.state_dir();
    let mut said = 0;
    loop {
        // A worker that was just started has not begun yet.
        let at_work = review_queue::has_worker(&state_dir) || began.elapsed() < START;
        let is_waiting = |commit: &&Oid| review_queue::state(&state_dir, commit) == State::Pending;
        let waiting = commits.iter().filter(is_waiting).count();
        if waiting != said {
            said = waiting;
            if waiting > 0 {
                let seconds = wait.as_secs();
                context.notify(Progress::WaitingForReviews { reviews: waiting, seconds });
            }
        }
        if waiting == 0 || !at_work || began.elapsed() >= wait {
            return Ok(());
        }
        thread::park_timeout(LOOK);
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
            let first = match first_review(context) {
                // Where a missing review would stop the push, so does what cannot be looked up.
                Err(_) if policy.refuses_unreviewed() => return Ok(Some(Enforcement::Block)),
                first => first?,
            };
            let until = first.unwrap_or(now).checked_add(policy.ratchet)?;
            Some(if now < until {
                Enforcement::Warn { until: Some(until) }
            } else {
                Enforcement::Block
            })
        }
    })
}
