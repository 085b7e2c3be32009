//! The questions that are asked before tribunal does anything by itself: with the facts, once.

use anyhow::Result;

use crate::domain::model::agent::{Money, Role};
use crate::domain::model::oid::Oid;
use crate::domain::model::terminal::printable;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::domain::policy::prepare_settings::{OnChangedFiles, PrepareStep};
use crate::domain::policy::settings::Policy;
use crate::domain::policy::switch::Switch;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::call::{roles, route};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::run::base;
use crate::flow::setup::consent;

/// What tribunal may do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Activity {
    /// Run the commands that the repository's policy names
    Commands,
    /// Keep the watcher running
    Watcher,
    /// Send new commits to models for a review
    Reviews,
    /// Have specs built that are saved
    Runs,
}

impl Activity {
    pub const ALL: [Self; 4] = [Self::Commands, Self::Watcher, Self::Reviews, Self::Runs];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Watcher => "watcher",
            Self::Reviews => "reviews",
            Self::Runs => "runs",
        }
    }
}

/// A question, with what the person has to know for it.
#[derive(Debug)]
pub enum Question {
    /// Each command, and whether another of its name is trusted.
    Commands {
        open: Vec<(CommandGate, bool)>,
        /// What fetches with the network what the tests of a run need.
        steps: Vec<PrepareStep>,
        /// What the policy asks of the sandbox in which they run on an agent's code.
        asked: Vec<String>,
    },
    Watcher,
    Reviews {
        reviewer: String,
        arbiter: String,
        run: Money,
        day: Money,
        /// Whether the watcher, which notices new commits, is switched on with them.
        starts_watcher: bool,
    },
    Runs {
        executor: String,
        reviewer: String,
        arbiter: String,
        run: Money,
        day: Money,
        /// How many run at the same time.
        at_once: usize,
        /// Whether the watcher, which notices specs, is switched on with them.
        starts_watcher: bool,
    },
}

impl Question {
    pub fn activity(&self) -> Activity {
        match self {
            Self::Commands { .. } => Activity::Commands,
            Self::Watcher => Activity::Watcher,
            Self::Reviews { .. } => Activity::Reviews,
            Self::Runs { .. } => Activity::Runs,
        }
    }

    /// What would happen.
    pub fn facts(&self) -> String {
        match self {
            Self::Commands { open, steps, asked } => {
                let each = open.iter().map(|(command, changed)| describe(command, *changed));
                let head = "this repository names commands for commits and pushes; they run on this \
                            machine, in a checkout of tribunal's own";
                let head = (!open.is_empty()).then(|| head.to_owned());
                let more = (!asked.is_empty()).then(|| {
                    "its policy allows this in the sandbox, in which commands run on what agents wrote, and \
                     your settings do not"
                        .to_owned()
                });
                let asked = asked.iter().map(|asked| format!("    {}", printable(asked)));
                let fetched = (!steps.is_empty()).then(|| {
                    "before tests run on what agents wrote, this runs on its base with the network, in the sandbox \
                     where there is one, once for each content of its files"
                        .to_owned()
                });
                let steps = steps.iter().map(describe_step);
                let lines = head.into_iter().chain(each).chain(fetched).chain(steps);
                let lines = lines.chain(more).chain(asked);
                lines.collect::<Vec<_>>().join("\n")
            }
            Self::Watcher => {
                "a watcher can stay in the background: one small process for all your \
                              repositories, which uses no network. It checks the specs in \
                              `docs/specs`, and learns rules from what was found"
                    .to_owned()
            }
            Self::Reviews { reviewer, arbiter, run, day, starts_watcher } => {
                let watcher = if *starts_watcher {
                    ". The watcher, which notices new commits, is switched on with it"
                } else {
                    ""
                };
                format!(
                    "new commits can be reviewed in the background: each change, with the code around \
                     it, is sent to {reviewer}, and what is found to {arbiter}; known secrets are \
                     removed first. It may cost up to {run} a review and {day} a day{watcher}"
                )
            }
            Self::Runs { executor, reviewer, arbiter, run, day, at_once, starts_watcher } => {
                let watcher = if *starts_watcher {
                    ". The watcher, which notices specs, is switched on with it"
                } else {
                    ""
                };
                format!(
                    "specs that you save from now on with `status: ready` can be built in the background, \
                     {at_once} at a time: the spec and the code are sent to {executor}, which writes tests and \
                     code in a checkout of tribunal's own, and to {reviewer} and {arbiter} for the review; known \
                     secrets are removed first. Where a plan needs it, an agent searches the web by what the spec says, \
                     without the code. The result is a branch `tribunal/<id>`; your checkout stays as \
                     it is. It may cost up to {run} a run and {day} a day, with all other calls{watcher}"
                )
            }
        }
    }

    pub fn words(&self) -> &'static str {
        match self {
            Self::Commands { open, steps, .. } if open.is_empty() && !steps.is_empty() => {
                "Allow tribunal to run this with the network?"
            }
            Self::Commands { open, .. } if open.is_empty() => "Allow this in the sandbox?",
            Self::Commands { .. } => "Allow tribunal to run these commands on this machine?",
            Self::Watcher => "Start the watcher by itself where it has work?",
            Self::Reviews { .. } => "Review new commits in the background?",
            Self::Runs { .. } => "Build specs that you save as ready?",
        }
    }

    /// What a no means.
    pub fn when_refused(&self) -> &'static str {
        match self {
            Self::Commands { open, .. } if open.is_empty() => "the commands run on no agent's code",
            Self::Commands { .. } => "the commands are not trusted and do not run",
            Self::Watcher => "no watcher starts by itself",
            Self::Reviews { .. } => "no commit is sent to a model",
            Self::Runs { .. } => "no spec is built by itself",
        }
    }
}

/// The questions about these activities that are not answered yet, or all of them with `again`; none
/// about what the repository or the machine does not have.
pub fn open_questions(
    context: Context<'_>,
    known: &Consent,
    what: &[Activity],
    again: bool,
) -> Result<Vec<Question>> {
    let mut questions = Vec::new();
    let is_open = |answer: ConsentAnswer| match answer {
        ConsentAnswer::NotAsked => true,
        ConsentAnswer::No => again,
        ConsentAnswer::Yes => false,
    };
    for activity in what {
        match activity {
            Activity::Commands => {
                let mut open = named_commands(context)?;
                open.retain(|command| !consent::trusts(known, command));
                let mut steps = named_steps(context)?;
                steps.retain(|step| !consent::trusts_step(known, step));
                let mut asked = asked_of_sandbox(context)?;
                asked.retain(|asked| !known.sandbox.contains(asked));
                if !open.is_empty() || !steps.is_empty() || !asked.is_empty() {
                    let open = open.into_iter().map(|command| {
                        let changed = consent::knows_name(known, &command);
                        (command, changed)
                    });
                    questions.push(Question::Commands { open: open.collect(), steps, asked });
                }
            }
            Activity::Watcher if is_open(known.watcher) => questions.push(Question::Watcher),
            Activity::Reviews if is_open(known.reviews) => {
                questions.extend(about_reviews(context, known)?);
            }
            Activity::Runs if is_open(known.runs) => {
                questions.extend(about_runs(context, known)?);
            }
            Activity::Watcher | Activity::Reviews | Activity::Runs => {}
        }
    }
    Ok(questions)
}

/// The question about reviews; `None` where the policy is against them or no agent could make one.
fn about_reviews(context: Context<'_>, known: &Consent) -> Result<Option<Question>> {
    let policy = policy::work_tree_settings(context)?.policy;
    if policy.review.background == Switch::Off {
        return Ok(None);
    }
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let assignment = route::assign_reviewers(&policy, agent_env)?;
    Ok(assignment.reviewers.map(|reviewers| Question::Reviews {
        reviewer: named(&reviewers.reviewer),
        arbiter: named(&reviewers.arbiter),
        run: policy.budget.run,
        day: policy.budget.day,
        starts_watcher: known.watcher != ConsentAnswer::Yes,
    }))
}

/// The question about runs; `None` where there is no agent that could build or none that could review.
fn about_runs(context: Context<'_>, known: &Consent) -> Result<Option<Question>> {
    let policy = policy::work_tree_settings(context)?.policy;
    let home = roles::agents_home(context.repo);
    let agent_env = roles::agent_env(context.repo, context.env, &home);
    let Ok(executor) = roles::find_agent(&policy, Role::Executor, agent_env) else {
        return Ok(None);
    };
    let assignment = route::assign_reviewers(&policy, agent_env)?;
    Ok(assignment.reviewers.map(|reviewers| Question::Runs {
        executor: named(&executor),
        reviewer: named(&reviewers.reviewer),
        arbiter: named(&reviewers.arbiter),
        run: policy.budget.run,
        day: policy.budget.day,
        at_once: policy.runs.at_once,
        starts_watcher: known.watcher != ConsentAnswer::Yes,
    }))
}

/// An agent with whose it is.
fn named(agent: &AssignedAgent) -> String {
    format!("`{}` ({})", printable(&agent.name), printable(agent.agent.family()))
}

/// The settings that can have commands run, with what they ask of the sandbox: those of what is checked out, those of
/// the default branch, on which runs build, and those that will hold once the work tree's are committed.
fn policies(context: Context<'_>) -> Result<Vec<(Policy, Vec<String>)>> {
    let repo = context.repo;
    let of_tree = |commit: &Oid| {
        let tree = repo.tree_of(commit)?;
        let read = policy::read_policy(context, Some(&tree), RuleSelection::None)?;
        anyhow::Ok((read.policy, read.asked_of_sandbox))
    };
    let head = repo.head()?;
    let mut all = Vec::new();
    if let Some(head) = &head {
        all.push(of_tree(head)?);
    }
    let default = base::default_branch(repo)?.filter(|base| Some(&base.commit) != head.as_ref());
    // Of a clone without all objects it may not be here; nor can it be built on then.
    all.extend(default.and_then(|base| of_tree(&base.commit).ok()));
    if repo.work_tree.is_some() {
        let settings = policy::work_tree_settings(context)?;
        all.push((settings.policy, settings.asked_of_sandbox));
    }
    Ok(all)
}

fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The commands of these settings.
pub fn named_commands(context: Context<'_>) -> Result<Vec<CommandGate>> {
    let all = policies(context)?.into_iter();
    Ok(each_once(all.flat_map(|(policy, _)| policy.commands)))
}

/// What prepares runs by them.
fn named_steps(context: Context<'_>) -> Result<Vec<PrepareStep>> {
    let all = policies(context)?.into_iter();
    Ok(each_once(all.flat_map(|(policy, _)| policy.prepare)))
}

/// What they ask of the sandbox.
fn asked_of_sandbox(context: Context<'_>) -> Result<Vec<String>> {
    let all = policies(context)?.into_iter();
    Ok(each_once(all.flat_map(|(_, asked)| asked)))
}

/// A command as a person reads it before trusting it.
fn describe(command: &CommandGate, changed: bool) -> String {
    let mut lines = vec![format!("  {}", printable(&command.name))];
    if changed {
        lines.push("    it changed since you trusted it".to_owned());
    }
    lines.push(format!("    runs    {}", printable(&command.run)));
    if !command.share.is_empty() {
        lines.push(format!("    shares  {}", printable(&command.share.join(", "))));
    }
    if let Some(format) = &command.format {
        lines.push(format!("    prints  {}", printable(format)));
    }
    lines.join("\n")
}

/// A step that prepares runs, as a person reads it before trusting it.
fn describe_step(step: &PrepareStep) -> String {
    let list = |items: &[String]| printable(&items.join(", "));
    let mut lines = vec![
        "  prepare".to_owned(),
        format!("    runs    {}", printable(&step.run)),
        format!("    for     {}", list(&step.files)),
        format!("    keeps   {}", list(&step.keep)),
    ];
    for (name, path) in &step.env {
        lines.push(format!("    sets    {}={}", printable(name), printable(path)));
    }
    if step.changed == OnChangedFiles::Run {
        lines.push(
            "    also where an agent changed these files: with the network, on what it wrote"
                .to_owned(),
        );
    }
    if !step.env_files.is_empty() {
        lines.push(format!(
            "    gives   {} of your work tree to the tests of a run: what agents write can read it",
            list(&step.env_files)
        ));
    }
    lines.join("\n")
}
