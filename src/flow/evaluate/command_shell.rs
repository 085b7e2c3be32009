//! The shell that a command runs in: one as the person's own, or one in the sandbox.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

use anyhow::{Context as _, Result};

use crate::domain::model::change::WrittenBy;
use crate::domain::model::notice::Warning;
use crate::domain::policy::command_settings::CommandGate;
use crate::flow::context::Context;
use crate::flow::evaluate::inside_command;
use crate::flow::workspace::checkout::Workspace;
use crate::platform::config::random;
use crate::platform::process::Cmd;
use crate::platform::sandbox::access::{NetworkAccess, ResourceLimits, SandboxAccess};
use crate::platform::sandbox::{BUBBLEWRAP_HINT, Confinement};

/// The shell of every command.
const SHELL: &str = "/bin/sh";

/// Said once, however many commands run.
static HELD_LESS: Once = Once::new();

/// What holds the commands that run on what an agent wrote.
pub struct CommandSandbox {
    confinement: Confinement,
}

impl CommandSandbox {
    /// The sandbox for code by that author; `None` where it needs none. An error says why its commands are
    /// not run.
    pub fn find(context: Context<'_>, written_by: WrittenBy) -> Result<Option<Self>, String> {
        if written_by == WrittenBy::Person {
            return Ok(None);
        }
        let confinement = Confinement::find(context.env);
        match &confinement {
            Confinement::Bubblewrap { .. } => {}
            Confinement::Landlock { why } => {
                let warning = Warning::SandboxHoldsLess { why: why.clone(), hint: BUBBLEWRAP_HINT };
                HELD_LESS.call_once(|| context.notify(warning));
            }
            Confinement::None { why } => {
                return Err(format!(
                    "it was not run: what an agent wrote runs in the sandbox alone, and nothing here can hold \
                     it: {why} (hint: {BUBBLEWRAP_HINT})"
                ));
            }
        }
        Ok(Some(Self { confinement }))
    }

    fn shell(
        &self,
        context: Context<'_>,
        workspace: &Workspace,
        command: &CommandGate,
        writable: Vec<PathBuf>,
    ) -> Result<Cmd> {
        let shared = workspace.shared_with(context.repo, &command.share, &[])?;
        // Without them the repository in the workspace is an empty one.
        let objects = context.repo.object_folders().into_iter();
        let objects = objects.filter_map(|folder| fs::canonicalize(folder).ok());
        let access = SandboxAccess {
            dir: workspace.work(),
            writable,
            temporary: workspace.empty_folder("temporary")?,
            readable: shared.into_iter().chain(objects).collect(),
            network: NetworkAccess::None,
            limits: ResourceLimits::default(),
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
    sandbox: Option<&CommandSandbox>,
    writable: Vec<PathBuf>,
) -> Result<Cmd> {
    let shell = match sandbox {
        None => Cmd::new(SHELL, &workspace.work()).args(["-c", &command.run]),
        Some(sandbox) => sandbox
            .shell(context, workspace, command, writable)
            .context("the sandbox could not be made")?,
    };
    let shell = shell.env("GIT_CEILING_DIRECTORIES", workspace.ceiling()).deadline(command.timeout);
    Ok(inside_command::environment(shell, context, &command.name))
}
