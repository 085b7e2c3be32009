//! The gates and commands that a check by hand is limited to.

use anyhow::Result;

use crate::domain::model::change::Change;
use crate::domain::model::error::hinted;
use crate::domain::model::gate::Gate;
use crate::domain::model::report::{Report, Skipped};
use crate::domain::model::terminal::printable;
use crate::flow::context::Context;
use crate::flow::evaluate::bypass::Bypass;
use crate::flow::evaluate::bypass::names::Name;
use crate::flow::evaluate::command_selection::RequestedBy;
use crate::flow::evaluate::policy;
use crate::flow::evaluate::policy::RuleSelection;
use crate::platform::ui::out;

#[derive(Debug, clap::Args)]
pub struct Selection {
    /// Check with these gates and commands alone, as in `--only secrets,commands.tests`
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave these gates and commands out
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "only")]
    skip: Vec<String>,
}

impl Selection {
    /// Who asks for commands, where they are asked for here.
    pub fn asks_for_commands(&self) -> Option<RequestedBy> {
        let is_all = |name: &String| matches!(Name::read(name), Ok(Name::Gate(Gate::Commands)));
        if self.named_commands().next().is_some() {
            return Some(RequestedBy::Name);
        }
        self.only.iter().any(is_all).then_some(RequestedBy::Person)
    }

    /// The commands that are asked for by name.
    fn named_commands(&self) -> impl Iterator<Item = String> {
        self.only.iter().filter_map(|name| match Name::read(name) {
            Ok(Name::Command(name)) => Some(name),
            Ok(Name::Gate(_)) | Err(_) => None,
        })
    }

    /// What is left out of the check of a change. A name that means nothing is a mistake.
    pub fn bypass(&self, context: Context<'_>, change: &Change) -> Result<Bypass> {
        let of_hooks = Bypass::from_env(context.env);
        if of_hooks.all || context.env.get("TRIBUNAL_SKIP").is_some() {
            out::warn("`TRIBUNAL=0` and `TRIBUNAL_SKIP` are for hooks: nothing is skipped here");
            out::hint("`tribunal check --skip NAME` leaves a gate or a command out");
        }
        if self.only.is_empty() && self.skip.is_empty() {
            return Ok(Bypass::default());
        }
        let policy = policy::read_policy(context, change.base_tree.as_ref(), RuleSelection::None)?;
        let commands = policy.policy.commands;
        let bypass = if self.only.is_empty() {
            let mut bypass = Bypass::of_names(self.skip.iter().map(String::as_str));
            bypass.keep_known(&commands);
            bypass
        } else {
            Bypass::all_but(self.only.iter().map(String::as_str), &commands)
        };
        match bypass.unknown.first() {
            None => Ok(bypass),
            Some(unknown) => Err(hinted(
                printable(&unknown.to_string()),
                "`tribunal config gates` lists the gates; a command is `commands.NAME`, and \
                 `tribunal config commands` lists them",
            )),
        }
    }

    /// Names in a report what was left out. Where a command was asked for by name and did not run it is no
    /// pass.
    pub fn tell(&self, report: &mut Report) {
        let mut told: Vec<(String, String)> = Vec::new();
        if !self.only.is_empty() {
            told.push(("check".to_owned(), format!("only {} was asked for", self.only.join(", "))));
        }
        let is_idle = |name: &&String| match Name::read(name) {
            Ok(Name::Gate(gate)) => !report.gates.contains(&gate),
            Ok(Name::Command(_)) | Err(_) => false,
        };
        for name in self.only.iter().filter(is_idle) {
            let reason = "it is off, or there is nothing here that it looks at";
            told.push((name.clone(), reason.to_owned()));
        }
        for name in self.named_commands() {
            if report.ran.iter().any(|run| run.name == name) {
                continue;
            }
            report.mark_inconclusive(true);
            if !report.skipped.iter().any(|skipped| skipped.gate == name) {
                told.push((
                    name,
                    "it did not run: `gates.commands` is off, or it is for another hook".to_owned(),
                ));
            }
        }
        told.extend(self.skip.iter().map(|name| (name.clone(), "left out by `--skip`".to_owned())));
        let told = told.into_iter().map(|(gate, reason)| Skipped { gate, reason, has_run: false });
        report.skipped.splice(0..0, told);
    }
}
