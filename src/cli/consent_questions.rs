//! The questions that are asked before tribunal does anything by itself: with the facts, once.

use anyhow::Result;

use crate::daemon::control;
use crate::domain::model::agent::Money;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::{Consent, ConsentAnswer};
use crate::domain::policy::switch::Switch;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::call::{roles, route};
use crate::flow::context::Context;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::flow::setup::consent;
use crate::platform::config::env;
use crate::platform::store::stop_mark;
use crate::platform::ui::ask::{OnEnter, yes_or_no};
use crate::platform::ui::out;

/// What tribunal may do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Activity {
    /// Run the commands that the repository's policy names
    Commands,
    /// Keep the watcher running
    Watcher,
    /// Send new commits to models for a review
    Reviews,
}

impl Activity {
    pub const ALL: [Self; 3] = [Self::Commands, Self::Watcher, Self::Reviews];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Watcher => "watcher",
            Self::Reviews => "reviews",
        }
    }
}

/// A question, with what the person has to know for it.
#[derive(Debug)]
pub enum Question {
    /// Each command, and whether another of its name is trusted.
    Commands {
        open: Vec<(CommandGate, bool)>,
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
}

impl Question {
    pub fn activity(&self) -> Activity {
        match self {
            Self::Commands { .. } => Activity::Commands,
            Self::Watcher => Activity::Watcher,
            Self::Reviews { .. } => Activity::Reviews,
        }
    }

    /// What would happen.
    pub fn facts(&self) -> String {
        match self {
            Self::Commands { open, asked } => {
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
                let lines = head.into_iter().chain(each).chain(more).chain(asked);
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
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Commands { open, .. } if open.is_empty() => "Allow this in the sandbox?",
            Self::Commands { .. } => "Allow tribunal to run these commands on this machine?",
            Self::Watcher => "Start the watcher by itself where it has work?",
            Self::Reviews { .. } => "Review new commits in the background?",
        }
    }

    /// What a no means.
    pub fn when_refused(&self) -> &'static str {
        match self {
            Self::Commands { open, .. } if open.is_empty() => "the commands run on no agent's code",
            Self::Commands { .. } => "the commands are not trusted and do not run",
            Self::Watcher => "no watcher starts by itself",
            Self::Reviews { .. } => "no commit is sent to a model",
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
                let mut asked = asked_of_sandbox(context)?;
                asked.retain(|asked| !known.sandbox.contains(asked));
                if !open.is_empty() || !asked.is_empty() {
                    let open = open.into_iter().map(|command| {
                        let changed = consent::knows_name(known, &command);
                        (command, changed)
                    });
                    questions.push(Question::Commands { open: open.collect(), asked });
                }
            }
            Activity::Watcher if is_open(known.watcher) => questions.push(Question::Watcher),
            Activity::Reviews if is_open(known.reviews) => {
                questions.extend(about_reviews(context, known)?);
            }
            Activity::Watcher | Activity::Reviews => {}
        }
    }
    Ok(questions)
}

/// Asks a question and keeps the answer. After a no to the watcher only who names reviews is asked about them.
pub fn ask(context: Context<'_>, question: &Question, is_named: bool) -> Result<()> {
    let known = consent::load(context.repo, context.env)?;
    let is_about_reviews = matches!(question, Question::Reviews { .. });
    if is_about_reviews && known.watcher != ConsentAnswer::Yes && !is_named {
        out::talk("reviews are not asked about: the watcher notices new commits, and it is off");
        out::hint("`tribunal trust reviews` asks about both");
        return Ok(());
    }
    out::talk(&question.facts());
    if yes_or_no(question.words(), OnEnter::No)? == Some(true) {
        return allow(context, question);
    }
    refuse(context, known, question)?;
    out::talk(question.when_refused());
    let name = question.activity().as_str();
    out::hint(&format!("`tribunal trust {name}` asks again"));
    Ok(())
}

/// Keeps a yes, and starts what it allows.
pub fn allow(context: Context<'_>, question: &Question) -> Result<()> {
    let mut known = consent::load(context.repo, context.env)?;
    match question {
        Question::Commands { open, asked } => {
            known.sandbox.extend(asked.iter().cloned());
            let commands: Vec<CommandGate> =
                open.iter().map(|(command, _)| command.clone()).collect();
            consent::trust(&mut known, &commands, env::now(context.env));
            if !open.is_empty() {
                tell_trusted(open.len(), "");
            }
            if !asked.is_empty() {
                out::talk(
                    "it is allowed in the sandbox; undo with `tribunal trust --revoke sandbox`",
                );
            }
        }
        Question::Watcher => {
            known.watcher = ConsentAnswer::Yes;
            out::talk("the watcher starts where it has work; `tribunal daemon stop` stops it");
        }
        Question::Reviews { .. } => {
            if known.watcher != ConsentAnswer::Yes {
                out::talk(
                    "the watcher is switched on as well: it notices new commits; `tribunal trust \
                     --revoke watcher` switches it off",
                );
            }
            known.watcher = ConsentAnswer::Yes;
            known.reviews = ConsentAnswer::Yes;
            out::talk(
                "new commits are reviewed in the background; undo with `tribunal trust --revoke \
                 reviews`",
            );
        }
    }
    consent::save(context.repo, &known)?;
    if known.watcher == ConsentAnswer::Yes {
        stop_mark::lift(&context.repo.state_dir())?;
        let watch = policy::work_tree_settings(context)?.policy.watch;
        control::start_on_demand(context, &watch);
    }
    Ok(())
}

/// Says that commands are trusted now.
pub fn tell_trusted(count: usize, of: &str) {
    let are = if count == 1 { "is" } else { "are" };
    let commands = counted(count, "command");
    out::talk(&format!("{commands}{of} {are} trusted; undo with `tribunal trust --revoke`"));
}

/// Keeps a no. That to a command is not kept: the command is asked about again when it changed.
fn refuse(context: Context<'_>, mut known: Consent, question: &Question) -> Result<()> {
    match question {
        Question::Commands { .. } => return Ok(()),
        Question::Watcher => known.watcher = ConsentAnswer::No,
        Question::Reviews { .. } => known.reviews = ConsentAnswer::No,
    }
    consent::save(context.repo, &known)
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
    Ok(assignment.reviewers.map(|reviewers| {
        let named = |agent: &AssignedAgent| {
            format!("`{}` ({})", printable(&agent.name), printable(agent.agent.family()))
        };
        Question::Reviews {
            reviewer: named(&reviewers.reviewer),
            arbiter: named(&reviewers.arbiter),
            run: policy.budget.run,
            day: policy.budget.day,
            starts_watcher: known.watcher != ConsentAnswer::Yes,
        }
    }))
}

/// The commands that hold now and those that will once the work tree's settings are committed.
pub fn named_commands(context: Context<'_>) -> Result<Vec<CommandGate>> {
    let repo = context.repo;
    let mut commands = Vec::new();
    if let Some(head) = repo.head()? {
        let tree = repo.tree_of(&head)?;
        commands = policy::read_policy(context, Some(&tree), RuleSelection::None)?.policy.commands;
    }
    if repo.work_tree.is_some() {
        let settings = policy::work_tree_settings(context)?;
        for command in settings.policy.commands {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
    }
    Ok(commands)
}

/// What the policy that holds now asks of the sandbox, and that which will once the work tree's settings are
/// committed.
fn asked_of_sandbox(context: Context<'_>) -> Result<Vec<String>> {
    let mut asked = policy::policy_of_head(context)?.asked_of_sandbox;
    if context.repo.work_tree.is_some() {
        let next = policy::work_tree_settings(context)?.asked_of_sandbox;
        let new: Vec<String> = next.into_iter().filter(|new| !asked.contains(new)).collect();
        asked.extend(new);
    }
    Ok(asked)
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
