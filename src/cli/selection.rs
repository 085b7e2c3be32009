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
    /// Whether a command is asked for by name.
    pub fn asks_for_commands(&self) -> bool {
        self.only.iter().any(|name| {
            matches!(Name::read(name), Ok(Name::Gate(Gate::Commands) | Name::Command(_)))
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

    /// Names in a report what was left out.
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
        told.extend(self.skip.iter().map(|name| (name.clone(), "left out by `--skip`".to_owned())));
        let told = told.into_iter().map(|(gate, reason)| Skipped { gate, reason });
        report.skipped.splice(0..0, told);
    }
}
