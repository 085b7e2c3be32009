//! What one tip of a push brings, as one change, with what earlier reviews say of it.

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::model::finding::Effect;
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Reported, Skipped};
use crate::domain::model::text::counted;
use crate::domain::pipeline::review_loop::CriteriaWeight;
use crate::domain::review::decide::Decision;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::context::Context;
use crate::flow::evaluate::push::outcome::PushPart;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::asked_spec::{AskedSpec, SpecRefusal, by_each};
use crate::flow::review::conventions::NOTES_FILE;
use crate::flow::review::delivery::{Delivered, lay_out};
use crate::flow::review::earlier::EarlierReviews;
use crate::flow::review::inputs::{ReviewInputs, SpecSource};
use crate::flow::review::subject::ReviewSubject;
use crate::flow::review::target::{ReviewRange, ReviewTarget};
use crate::flow::review::{earlier, finding, finish, target};
use crate::platform::agents::agent_env::AgentEnv;
use crate::platform::git::push::history;
use crate::platform::git::repo::Repo;
use crate::platform::store::review_queue;
use crate::platform::store::review_queue::State;

/// How many files are named.
const NAMED_MAX: usize = 3;

/// What one tip of a push brings, as one change.
pub struct Brought {
    pub commits: Vec<Oid>,
    target: ReviewTarget,
    inputs: ReviewInputs,
    delivered: Delivered,
    pub earlier: EarlierReviews,
    /// Whether it changes the policy that its reviews go by.
    changes_policy: bool,
    /// Those of its specs by which no review was asked yet.
    open_specs: Vec<AskedSpec>,
}

/// What the findings come to that hold in what a push brings.
pub enum Judged {
    /// With the findings that stop nothing and that people are told of.
    Passed(PushPart),
    /// With the findings that stop it, which have the effect to block, and those that people are told of.
    Blocked(PushPart),
    /// No finding stops it, and it cannot be said that it passes.
    Undecided(Skipped),
}

impl Brought {
    /// `Err` with the reason where it cannot be told what the push brings, or nobody could review it; `None`
    /// where there is nothing that a model could review.
    pub fn read(
        context: Context<'_>,
        agent_env: AgentEnv<'_>,
        tip: Oid,
        commits: Vec<Oid>,
    ) -> Result<Result<Option<Self>, String>> {
        let repo = context.repo;
        let bases = history::bases(repo, &commits)?;
        if let Some(missing) = target::missing_history(repo, &bases, &commits)? {
            return Ok(Err(missing));
        }
        let range = ReviewRange::Beyond { bases, to: tip };
        let target = target::list(repo, &range)?;
        // Once for each tip: a program that cannot be started would hold each commit up.
        let inputs = ReviewInputs::gather(context, &target, SpecSource::Change, agent_env)?;
        let inputs = inputs.look_at_agents(agent_env);
        let rest = earlier::without_known(context, &inputs, &target.change)?;
        target::fetch_contents(repo, &rest)?;
        let delivered = lay_out(repo, &inputs, &rest, &[0; 32])?;
        if !delivered.is_reviewable() && rest.files.len() == target.change.files.len() {
            return Ok(Ok(None));
        }
        if inputs.reviewers().is_none() {
            return Ok(Err(inputs.assignment.notes.join("; ")));
        }
        let change = &target.change;
        let changes_policy = changes_policy(repo, change.base_tree.as_ref(), &change.tree)?;
        let subject =
            ReviewSubject { context, inputs: &inputs, target: &target, delivered: &delivered };
        let earlier = subject.earlier()?;
        let mut brought = Self {
            commits,
            target,
            inputs,
            delivered,
            earlier,
            changes_policy,
            open_specs: Vec::new(),
        };
        if !brought.earlier.uncovered.is_empty()
            && rest.files.len() < brought.target.change.files.len()
        {
            // A copy is recognised beside what it was made from alone.
            target::fetch_contents(repo, &brought.target.change)?;
            brought.delivered = lay_out(repo, &brought.inputs, &brought.target.change, &[0; 32])?;
            brought.earlier = brought.subject(context).earlier()?;
        }
        brought.open_specs = brought.open_specs(context)?;
        Ok(Ok(Some(brought)))
    }

    fn open_specs(&self, context: Context<'_>) -> Result<Vec<AskedSpec>> {
        let subject = self.subject(context);
        let open = subject.open_specs(&self.earlier)?;
        if !open.is_empty() && subject.receipt()?.is_some() {
            return Ok(Vec::new());
        }
        Ok(open.into_iter().cloned().collect())
    }

    /// Whether a review of it is missing.
    pub fn is_unreviewed(&self) -> bool {
        let is_unreadable = matches!(self.inputs.spec_refusal, Some(SpecRefusal::Unreadable(_)));
        !self.earlier.uncovered.is_empty() || !self.open_specs.is_empty() || is_unreadable
    }

    /// What is to be said of its spec: why it is none, and how many criteria are not met, where nothing stops
    /// it that may be about them.
    pub fn words_of_spec(&self, context: Context<'_>, judged: &Judged) -> Result<Vec<String>> {
        let (standing, _) = self.subject(context).standing(&self.earlier)?;
        let unmet = self.inputs.unmet_in_words(&standing.requirements());
        let unmet = unmet.filter(|_| !matches!(judged, Judged::Blocked(_)));
        Ok(self.inputs.spec_notes.iter().cloned().chain(unmet).collect())
    }

    /// Looks up what the earlier reviews say now.
    pub fn look_up(&mut self, context: Context<'_>) -> Result<()> {
        self.earlier = self.subject(context).earlier()?;
        self.open_specs = self.open_specs(context)?;
        Ok(())
    }

    fn subject<'a>(&'a self, context: Context<'a>) -> ReviewSubject<'a> {
        let Self { inputs, target, delivered, .. } = self;
        ReviewSubject { context, inputs, target, delivered }
    }

    /// The agents that would answer.
    pub fn reviewers(&self) -> impl Iterator<Item = AssignedAgent> {
        let both = self.inputs.reviewers().map(|both| [&both.reviewer, &both.arbiter]);
        both.into_iter().flatten().cloned()
    }

    /// What the findings that hold in it come to.
    pub fn judged(&self, context: Context<'_>) -> Result<Judged> {
        let subject = self.subject(context);
        let (standing, kept) = subject.standing(&self.earlier)?;
        let decision = standing.standing_decision(&subject.limits()?);
        let blocking = finish::blocking_ids(&standing, &kept, 0);
        // Of a push all is known.
        let since = Timestamp::MIN;
        let mut findings =
            finding::reported(context, &standing, &kept, 0, &blocking, &decision, since)?;
        let tell = self.inputs.policy().review.tell;
        findings.retain(|Reported { finding, .. }| match finding.effect {
            Effect::Block => true,
            Effect::Warn => finding.severity >= tell,
            Effect::Shadow => false,
        });
        let is_blocked = findings.iter().any(|it| it.finding.effect == Effect::Block);
        let spec = self.inputs.spec_in_words();
        let spec = if spec.is_empty() { spec } else { format!(" ({spec})") };
        let title = format!("reviews of {}{spec}", self.target.title);
        let part = PushPart { title, commit: None, findings };
        if is_blocked {
            return Ok(Judged::Blocked(part));
        }
        Ok(match decision {
            Decision::Submit => Judged::Passed(part),
            Decision::Inconclusive(why) => Judged::Undecided(skipped(format!(
                "earlier reviews of {} give no verdict: {why} (hint: {})",
                self.target.title,
                self.how_reviewed()
            ))),
            Decision::Fix(_) | Decision::Escalate(_) => Judged::Undecided(skipped(format!(
                "earlier reviews of {} do not let it pass (hint: {} shows why)",
                self.target.title,
                self.how_reviewed()
            ))),
        })
    }

    /// The commands that review what is pushed.
    fn how_reviewed(&self) -> String {
        let command = match self.commits.as_slice() {
            [commit] => format!("tribunal review --commit {}", commit.short()),
            _ => "tribunal review".to_owned(),
        };
        if self.inputs.each_spec.is_empty() {
            return format!("`{command}`");
        }
        by_each(&self.open_specs.iter().collect::<Vec<_>>(), &command)
    }

    /// Names the finding of which it is not known whether it holds.
    pub fn unreadable(&self) -> Option<Skipped> {
        self.earlier.unreadable_in_words().map(skipped)
    }

    /// Says how many findings nobody has looked at as their code is now.
    pub fn unverified(&self) -> Option<Skipped> {
        let unverified = self.earlier.findings.iter().filter(|one| one.is_outdated()).count();
        (unverified > 0 && self.earlier.uncovered.is_empty()).then(|| {
            skipped(format!(
                "the code of {} changed since a review saw it (hint: `tribunal review` asks whether it \
                 is resolved)",
                counted(unverified, "finding")
            ))
        })
    }

    /// Names what no review covers, and why.
    pub fn unreviewed(&self, repo: &Repo) -> Skipped {
        let uncovered = &self.earlier.uncovered;
        let refusal = self.inputs.spec_refusal.as_ref().map(SpecRefusal::why);
        if uncovered.is_empty() {
            return skipped(refusal.map_or_else(|| self.open_in_words(), str::to_owned));
        }
        let named: Vec<String> = uncovered
            .iter()
            .take(NAMED_MAX)
            .map(|path| format!("`{}`", shown_path(path)))
            .collect();
        let more = uncovered.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verb = if uncovered.len() == 1 { "is" } else { "are" };
        let files = format!("{}{more} {verb} not reviewed", named.join(", "));
        if let Some(refusal) = refusal {
            return skipped(format!("{files}: {refusal}"));
        }
        let why = self.why_not(repo);
        skipped(format!("{files}{why} (hint: {})", self.how_reviewed()))
    }

    /// Names the specs by which no review was asked.
    fn open_in_words(&self) -> String {
        let open = self.open_specs.iter();
        let ids: Vec<String> = open.map(|asked| format!("`{}`", asked.spec.id)).collect();
        let ground = self.inputs.specs().next().map(|asked| asked.copy.ground.in_words());
        let (noun, asks) = if ids.len() == 1 { ("spec", "asks") } else { ("specs", "ask") };
        let (spec, how) = (
            format!("the {noun} {}, {}", ids.join(" and "), ground.unwrap_or_default()),
            self.how_reviewed(),
        );
        match self.inputs.weight() {
            CriteriaWeight::Counted => format!(
                "no review says whether all that {spec}, {asks} for is met as the code is now (hint: {how})"
            ),
            CriteriaWeight::Told => format!("no review of it was by {spec} (hint: {how})"),
        }
    }

    /// Why the commits have no review, as far as it is known.
    fn why_not(&self, repo: &Repo) -> String {
        let mut reasons = Vec::new();
        let mut waiting = 0;
        for commit in &self.commits {
            match review_queue::state(&repo.state_dir(), commit) {
                State::Pending => waiting += 1,
                State::Failed(why) => {
                    reasons.push(format!("{} could not be reviewed: {why}", commit.short()));
                }
                State::Unknown => {}
            }
        }
        if waiting > 0 {
            let verb = if waiting == 1 { "is" } else { "are" };
            reasons.push(format!("{} {verb} not done yet", counted(waiting, "review")));
        }
        if reasons.is_empty() && self.changes_policy {
            let first = "push that change by itself first";
            reasons.push(format!("the push changes the policy that its reviews go by: {first}"));
        }
        if reasons.is_empty() { String::new() } else { format!("; {}", reasons.join("; ")) }
    }
}

/// Whether nothing is to be asked about what a commit brings by itself: earlier reviews answer it, or none
/// can be made without a person.
pub fn is_covered(context: Context<'_>, agent_env: AgentEnv<'_>, commit: &Oid) -> Result<bool> {
    let target = target::resolve(context.repo, &ReviewRange::Commit(commit.clone()))?;
    let inputs = ReviewInputs::gather(context, &target, SpecSource::Change, agent_env)?;
    let delivered = lay_out(context.repo, &inputs, &target.change, &[0; 32])?;
    let subject =
        ReviewSubject { context, inputs: &inputs, target: &target, delivered: &delivered };
    if !delivered.is_reviewable() || subject.refusal(&subject.earlier()?)?.is_some() {
        return Ok(true);
    }
    subject.is_answered_now()
}

/// Whether two trees differ in the policy, the rules or the notes for agents.
fn changes_policy(repo: &Repo, base: Option<&Oid>, tip: &Oid) -> Result<bool> {
    // Before the first commit there is no policy that could be changed.
    let Some(base) = base else { return Ok(false) };
    // Their object ids show whether they differ: their content is not read.
    let policy_entries = |tree: &Oid| -> Result<_> {
        let mut items = repo.objects.tree(tree)?;
        items.retain(|item| {
            [POLICY_FILE, NOTES_FILE, ".ai"].iter().any(|name| item.name() == *name)
        });
        Ok(items)
    };
    Ok(policy_entries(base)? != policy_entries(tip)?)
}

/// A review that is missing.
pub fn skipped(reason: String) -> Skipped {
    Skipped { gate: "review".to_owned(), reason, has_run: false }
}
