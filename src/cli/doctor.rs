//! `tribunal doctor`: whether git, the hooks and the agents would work here, and what to do.

use anyhow::Result;
use bstr::BStr;
use serde_json::{Value, json};

use crate::cli::agents::{json_of_wait, limit, roles_of};
use crate::cli::invocation::Invocation;
use crate::domain::gates::policy_files::POLICY_FILE;
use crate::domain::model::error::hinted;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::split_hint;
use crate::domain::policy::agent_settings::RouteChoice;
use crate::domain::policy::review_settings::Notifications;
use crate::domain::policy::settings::Policy;
use crate::flow::call::listing::{ListedAgent, list};
use crate::flow::call::route::RoleAssignment;
use crate::flow::call::{roles, route};
use crate::flow::context::Context;
use crate::flow::evaluate::{policy, uncommitted};
use crate::flow::review::desktop;
use crate::flow::review::desktop::NOTIFIER;
use crate::flow::setup::consent::{self, GoneAnswers};
use crate::flow::setup::install;
use crate::flow::setup::install::status::status;
use crate::platform::agents::agent_env::{AgentEnv, AgentNotFound};
use crate::platform::agents::probe::{Login, Probe, Sandbox};
use crate::platform::config::env::{now, user_file};
use crate::platform::git::command::git;
use crate::platform::git::command::succeeded;
use crate::platform::git::repo::Repo;
use crate::platform::sandbox::{BUBBLEWRAP_HINT, Confinement};
use crate::platform::store::ledger;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

/// Shown below `--help`.
pub const EXAMPLES: &str = "\
Examples:
  tribunal doctor
  tribunal doctor --format json           for a program";

/// An agent that the policy names.
struct CheckTarget {
    listed: ListedAgent,
    state: TargetState,
}

enum TargetState {
    Here {
        family: String,
        probe: Probe,
    },
    Missing {
        message: String,
        hint: String,
    },
    /// Nobody installed it: the gates work without.
    NotInstalled {
        message: String,
        hint: String,
    },
}

/// What was found out.
struct CheckResult {
    git: String,
    /// The names of those that are installed.
    hooks: Vec<&'static str>,
    hook_problems: Vec<String>,
    targets: Vec<CheckTarget>,
    /// The route that the agents found allow, or why there is none.
    route: Result<RoleAssignment, anyhow::Error>,
    /// Whether the policy asks any agent at all.
    asks: bool,
    /// What holds programs in the sandbox.
    confinement: Confinement,
    /// Whether the desktop is to show what ended, and nothing here can.
    is_desktop_missing: bool,
    gone: Vec<GoneAnswers>,
}

/// Looks at each agent without asking a model. Ends with 4 where something that was set up does not
/// work, else with 0: agents are no more than an offer.
pub fn run(invocation: &Invocation) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    uncommitted::tell(context);
    let found = check(context)?;
    if invocation.global.format == OutputFormat::Json {
        out::json(&found.json());
    } else {
        found.print();
    }
    Ok(if found.is_well() { ExitStatus::Pass } else { ExitStatus::Inconclusive })
}

fn check(context: Context<'_>) -> Result<CheckResult> {
    let Context { repo, env, settings, .. } = context;
    let policy_text = match repo.head()? {
        Some(head) => repo.objects.file(&repo.tree_of(&head)?, BStr::new(POLICY_FILE))?,
        None => None,
    };
    let policy = policy::resolve_settings(policy_text.as_deref(), env, settings)
        .map_err(|problem| hinted(problem.to_string(), problem.hint))?
        .policy;
    let home = roles::agents_home(repo);
    let agent_env = roles::agent_env(repo, env, &home);
    let (method, _) = install::method(repo)?;
    let events = status(repo, &method)?;
    let problems = events.iter().flat_map(|event| {
        event.problems.iter().map(|problem| format!("{}: {problem}", event.event))
    });
    Ok(CheckResult {
        git: git_version(repo)?,
        hooks: events.iter().filter(|event| event.installed).map(|event| event.event).collect(),
        hook_problems: problems.collect(),
        targets: targets(context, &policy, agent_env)?,
        route: route::assign_reviewers(&policy, agent_env),
        asks: policy.agents.route != RouteChoice::C,
        confinement: Confinement::find(env),
        is_desktop_missing: policy.review.notify != Notifications::Off
            && desktop::notifier(context).is_none(),
        gone: consent::of_gone(),
    })
}

fn git_version(repo: &Repo) -> Result<String> {
    let output = git(&repo.common_dir).arg("--version").capture()?;
    let said = String::from_utf8_lossy(succeeded(&output, "git --version")?).into_owned();
    Ok(said.trim().trim_start_matches("git version ").to_owned())
}

fn targets(
    context: Context<'_>,
    policy: &Policy,
    agent_env: AgentEnv<'_>,
) -> Result<Vec<CheckTarget>> {
    let state_dir = context.repo.state_dir();
    let ledger = ledger::exists(&state_dir).then(|| Ledger::open(&state_dir)).transpose();
    let ledger = ledger.map_err(LedgerError::hinted)?;
    let listed = list(policy, agent_env, ledger.as_ref(), now(context.env))?;
    let target = |listed: ListedAgent| {
        let state = match &listed.found {
            Ok(agent) => TargetState::Here {
                family: agent.family().to_owned(),
                probe: agent.probe(agent_env),
            },
            Err(AgentNotFound { message, hint }) => {
                let (message, hint) = (message.clone(), hint.clone());
                if is_standard(&listed.name, policy) {
                    TargetState::NotInstalled { message, hint }
                } else {
                    TargetState::Missing { message, hint }
                }
            }
        };
        CheckTarget { listed, state }
    };
    Ok(listed.into_iter().map(target).collect())
}

/// Whether an agent is one that is looked for without a word of the user's own about where it is.
fn is_standard(name: &str, policy: &Policy) -> bool {
    match name {
        "claude" => policy.programs.claude.path.is_empty(),
        "codex" => policy.programs.codex.path.is_empty(),
        _ => false,
    }
}

impl CheckTarget {
    /// Whether it was set up and does not work.
    fn is_broken(&self) -> bool {
        !self.works() && !matches!(self.state, TargetState::NotInstalled { .. })
    }

    fn works(&self) -> bool {
        match &self.state {
            TargetState::Here { probe, .. } => {
                probe.login != Login::Missing && !matches!(probe.sandbox, Sandbox::Broken(_))
            }
            TargetState::Missing { .. } | TargetState::NotInstalled { .. } => false,
        }
    }

    fn json(&self) -> Value {
        let ListedAgent { name, roles, wait, .. } = &self.listed;
        let how: Vec<_> = roles
            .iter()
            .map(|it| json!({"role": it.role.as_str(), "model": it.model, "effort": it.effort}))
            .collect();
        let roles: Vec<_> = roles.iter().map(|role| role.role.as_str()).collect();
        let limit = json_of_wait(wait.as_ref());
        match &self.state {
            TargetState::Missing { message, hint }
            | TargetState::NotInstalled { message, hint } => json!({
                "name": name, "roles": roles, "works": false, "found": false,
                "problem": message, "hints": [hint],
            }),
            TargetState::Here { family, probe } => {
                let login = match &probe.login {
                    Login::By(what) => json!({"state": "by", "by": what}),
                    Login::NotNeeded => json!({"state": "not-needed"}),
                    Login::Missing => json!({"state": "missing"}),
                };
                let sandbox = match &probe.sandbox {
                    Sandbox::Works => json!({"state": "works"}),
                    Sandbox::Instead(what) => json!({"state": "instead", "what": what}),
                    Sandbox::Broken(why) => json!({"state": "broken", "why": why}),
                };
                json!({
                    "name": name, "roles": roles, "asked": how, "works": self.works(), "found": true,
                    "family": family, "place": probe.place, "version": probe.version,
                    "login": login, "sandbox": sandbox, "limit": limit, "hints": probe.hints,
                })
            }
        }
    }

    fn print(&self) {
        let name = printable(&self.listed.name);
        match &self.state {
            TargetState::NotInstalled { message, hint } => {
                line(&name, &format!("not installed: {message}"));
                line("", &format!("for       {}", roles_of(&self.listed)));
                line("", &format!("hint: {hint}"));
            }
            TargetState::Missing { message, hint } => {
                line(&name, &format!("cannot be used: {message}"));
                line("", &format!("for       {}", roles_of(&self.listed)));
                line("", &format!("hint: {hint}"));
            }
            TargetState::Here { probe, .. } => {
                line(
                    &name,
                    &match probe.version.as_str() {
                        "" => probe.place.clone(),
                        version => format!("{version}, {}", probe.place),
                    },
                );
                line("", &format!("for       {}", roles_of(&self.listed)));
                let login = match &probe.login {
                    Login::By(what) => format!("by {what}"),
                    Login::NotNeeded => "not needed".to_owned(),
                    Login::Missing => "missing".to_owned(),
                };
                line("", &format!("login     {login}"));
                let sandbox = match &probe.sandbox {
                    Sandbox::Works => "works".to_owned(),
                    Sandbox::Instead(what) => what.clone(),
                    Sandbox::Broken(why) => format!("broken: {why}"),
                };
                line("", &format!("sandbox   {sandbox}"));
                if let Some(wait) = &self.listed.wait {
                    line("", &limit(wait));
                    line("", &format!("hint: `tribunal agents clear {name}` asks it before that"));
                }
                for hint in &probe.hints {
                    line("", &format!("hint: {hint}"));
                }
            }
        }
    }
}

impl CheckResult {
    fn is_well(&self) -> bool {
        let agents =
            !self.asks || (self.route.is_ok() && !self.targets.iter().any(CheckTarget::is_broken));
        agents && !self.is_desktop_missing
    }

    fn json(&self) -> Value {
        let route = match &self.route {
            Ok(assignment) => {
                json!({"route": assignment.route.as_str(), "notes": assignment.notes})
            }
            Err(error) => json!({"route": null, "notes": [format!("{error:#}")]}),
        };
        json!({
            "works": self.is_well(),
            "git": self.git,
            "hooks": {"installed": self.hooks.len(), "problems": self.hook_problems},
            "agents": self.targets.iter().map(CheckTarget::json).collect::<Vec<_>>(),
            "route": route["route"],
            "notes": route["notes"],
            "sandbox": sandbox_json(&self.confinement),
            "desktop_missing": self.is_desktop_missing,
            "gone": self.gone.iter().map(gone_json).collect::<Vec<_>>(),
        })
    }

    /// What is to be said of the route and was not said of an agent.
    fn notes<'a>(&'a self, assignment: &'a RoleAssignment) -> impl Iterator<Item = &'a str> {
        let said = |text: &str| {
            self.targets.iter().any(|target| match &target.state {
                TargetState::NotInstalled { message, .. }
                | TargetState::Missing { message, .. } => message == text,
                TargetState::Here { .. } => false,
            })
        };
        assignment.notes.iter().map(|note| split_hint(note).0).filter(move |text| !said(text))
    }

    fn print(&self) {
        line("git", &self.git);
        if self.hooks.is_empty() {
            line("hooks", "none installed; install them with `tribunal hooks install`");
        } else {
            line("hooks", &self.hooks.join(", "));
        }
        // Where there is none at all, that each is missing says nothing more.
        let is_news = |problem: &&String| !self.hooks.is_empty() || !problem.ends_with(": missing");
        for problem in self.hook_problems.iter().filter(is_news) {
            line("", problem);
        }
        if let Some(own) = user_file() {
            let there = if own.exists() { "" } else { " (not there; the defaults hold)" };
            line("settings", &format!("{}{there}", own.display()));
        }
        for GoneAnswers { file, repository } in &self.gone {
            line("answers", &format!("about `{}`, which is gone", repository.display()));
            line("", &format!("hint: `rm {}` forgets them", file.display()));
        }
        for target in &self.targets {
            target.print();
        }
        match &self.confinement {
            Confinement::Bubblewrap { .. } => line("sandbox", "bubblewrap"),
            Confinement::Landlock { why } => {
                line("sandbox", &format!("Landlock, which holds less: {why}"));
                line("", &format!("hint: {BUBBLEWRAP_HINT}"));
            }
            Confinement::None { why } => {
                line("sandbox", &format!("none: {why}"));
                line("", &format!("hint: {BUBBLEWRAP_HINT}"));
            }
        }
        if self.is_desktop_missing {
            line("desktop", &format!("shows nothing: `{NOTIFIER}` is not in `PATH`"));
            line(
                "",
                &format!(
                    "hint: install it (on Debian `{NOTIFIER}` is in `libnotify-bin`), or set `review.notify` to `off` in your own settings"
                ),
            );
        }
        match &self.route {
            Ok(assignment) => {
                line("route", assignment.route.in_words());
                for note in self.notes(assignment) {
                    line("", note);
                }
            }
            Err(error) => line("route", &format!("none: {error:#}")),
        }
    }
}

fn sandbox_json(confinement: &Confinement) -> Value {
    match confinement {
        Confinement::Bubblewrap { .. } => json!({"held_by": "bubblewrap"}),
        Confinement::Landlock { why } => json!({"held_by": "landlock", "why": why}),
        Confinement::None { why } => json!({"held_by": null, "why": why}),
    }
}

fn gone_json(answers: &GoneAnswers) -> Value {
    json!({
        "repository": answers.repository.to_string_lossy(), "answers": answers.file.to_string_lossy(),
    })
}

fn line(name: &str, text: &str) {
    out::result(&format!("{name:<9} {}", printable(text)));
}
