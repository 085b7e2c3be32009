//! The shell that a command runs in: one as the person's own, or one in the sandbox.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use anyhow::{Context as _, Result};

use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::WrittenBy;
use crate::domain::model::notice::Warning;
use crate::domain::policy::command_settings::CommandGate;
use crate::domain::policy::consent::Consent;
use crate::domain::policy::sandbox_settings::WithoutSandbox;
use crate::flow::context::Context;
use crate::flow::evaluate::inside_command;
use crate::flow::workspace::checkout::Workspace;
use crate::flow::workspace::prepared::{Placed, Placing};
use crate::platform::config::random;
use crate::platform::process::Cmd;
use crate::platform::sandbox::access::{
    NetworkAccess, PlacedContent, ResourceLimits, SandboxAccess,
};
use crate::platform::sandbox::{BUBBLEWRAP_HINT, Confinement};

/// The shell of every command.
const SHELL: &str = "/bin/sh";

/// Said once, however many commands run.
static SAID: Once = Once::new();

/// What holds the commands of a change.
pub enum CommandHold {
    /// Nothing: a person wrote it.
    NotNeeded,
    Sandbox(CommandSandbox),
    /// Nothing can, which the policy allows: with the reason.
    Missing(String),
}

/// What a command finds in its workspace beside the checkout.
#[derive(Default)]
pub struct CommandExtras {
    pub placed: Vec<Placed>,
    /// Variables, each with a path below the top.
    pub env: Vec<(String, String)>,
}

/// The sandbox of commands, with what they may reach in it.
#[derive(Clone)]
pub struct CommandSandbox {
    confinement: Confinement,
    readable: Vec<PathBuf>,
    network: NetworkAccess,
    limits: ResourceLimits,
}

impl CommandHold {
    /// What holds the commands of a change by that author. An error says why they are not run.
    pub fn find(
        context: Context<'_>,
        effective: &EffectivePolicy,
        agreed: &Consent,
        written_by: WrittenBy,
    ) -> Result<Self, String> {
        if written_by == WrittenBy::Person {
            return Ok(Self::NotNeeded);
        }
        let mut asked = effective.asked_of_sandbox.iter();
        if let Some(asked) = asked.find(|asked| !agreed.sandbox.contains(asked)) {
            return Err(format!(
                "it was not run: the policy asks for `{asked}`, which you did not allow; `tribunal trust` shows it \
                 and asks"
            ));
        }
        let settings = &effective.policy.sandbox;
        let confinement = Confinement::find(context.env);
        match (&confinement, settings.without) {
            (Confinement::Bubblewrap { .. }, _) => {}
            (Confinement::Landlock { why }, _) => {
                let warning = Warning::SandboxHoldsLess { why: why.clone(), hint: BUBBLEWRAP_HINT };
                SAID.call_once(|| context.notify(warning));
            }
            (Confinement::None { why }, WithoutSandbox::Refuse) => {
                return Err(format!(
                    "it was not run: what an agent wrote runs in the sandbox alone, and nothing here can hold \
                     it: {why} (hint: {BUBBLEWRAP_HINT})"
                ));
            }
            (Confinement::None { why }, WithoutSandbox::Run) => {
                let warning = Warning::SandboxMissing { why: why.clone(), hint: BUBBLEWRAP_HINT };
                SAID.call_once(|| context.notify(warning));
                return Ok(Self::Missing(why.clone()));
            }
        }
        Ok(Self::Sandbox(CommandSandbox {
            confinement,
            readable: readable(context, &settings.readable),
            network: if settings.network { NetworkAccess::Host } else { NetworkAccess::None },
            limits: ResourceLimits {
                memory: settings.memory,
                processes: settings.processes,
                disk: settings.disk,
                ..ResourceLimits::default()
            },
        }))
    }

    pub fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }

    /// The same, where the network can be reached.
    pub fn with_network(&self) -> Self {
        match self {
            Self::NotNeeded => Self::NotNeeded,
            Self::Missing(why) => Self::Missing(why.clone()),
            Self::Sandbox(sandbox) => {
                Self::Sandbox(CommandSandbox { network: NetworkAccess::Host, ..sandbox.clone() })
            }
        }
    }

    /// How something is put in place where it is not to be written.
    pub fn placing(&self) -> Placing {
        match self {
            Self::Sandbox(sandbox)
                if matches!(sandbox.confinement, Confinement::Bubblewrap { .. }) =>
            {
                Placing::Mount
            }
            _ => Placing::Link,
        }
    }
}

/// The files and folders that settings name: `~/` is the person's home folder, by its own name where it is
/// reached by a link.
fn readable(context: Context<'_>, named: &[String]) -> Vec<PathBuf> {
    let home = context.env.path("HOME").unwrap_or_default();
    let home = fs::canonicalize(&home).unwrap_or(home);
    let place = |path: &String| match path.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => PathBuf::from(path),
    };
    named.iter().map(place).collect()
}

impl CommandSandbox {
    fn shell(
        &self,
        context: Context<'_>,
        workspace: &Workspace,
        command: &CommandGate,
        placed: &[Placed],
        writable: Vec<PathBuf>,
    ) -> Result<Cmd> {
        let placed = placed.iter().map(|one| PlacedContent {
            content: one.content.clone(),
            path: PathBuf::from(&one.path),
        });
        let shared = workspace.shared_with(context.repo, &command.share, &self.readable)?;
        // Without them the repository in the workspace is an empty one.
        let objects = context.repo.object_folders().into_iter();
        let objects = objects.filter_map(|folder| fs::canonicalize(folder).ok());
        let access = SandboxAccess {
            dir: workspace.work(),
            writable,
            placed: placed.collect(),
            temporary: workspace.empty_folder("temporary")?,
            readable: shared.into_iter().chain(objects).chain(self.readable.clone()).collect(),
            network: self.network,
            limits: self.limits,
        };
        let words = [OsString::from("-c"), OsString::from(&command.run)];
        let shell = self.confinement.command(&access, context.env, OsStr::new(SHELL), &words)?;
        Ok(shell.tag(&random::id().to_string()))
    }
}

/// The shell that runs a command in a workspace; in a sandbox it may write these files and folders beside.
pub fn shell(
    context: Context<'_>,
    workspace: &Workspace,
    command: &CommandGate,
    hold: &CommandHold,
    extras: &CommandExtras,
    writable: Vec<PathBuf>,
) -> Result<Cmd> {
    let shell = match hold {
        CommandHold::NotNeeded | CommandHold::Missing(_) => {
            Cmd::new(SHELL, &workspace.work()).args(["-c", &command.run])
        }
        CommandHold::Sandbox(sandbox) => sandbox
            .shell(context, workspace, command, &extras.placed, writable)
            .context("the sandbox could not be made")?,
    };
    let shell = shell.env("GIT_CEILING_DIRECTORIES", workspace.ceiling()).deadline(command.timeout);
    let env = extras.env.iter();
    let shell = env.fold(shell, |shell, (name, path)| shell.env(name, workspace.work().join(path)));
    Ok(inside_command::environment(shell, context, &command.name))
}
