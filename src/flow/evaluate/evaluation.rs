//! The one evaluation of a change: the gates, what the ledger knows, then the project's commands.
//! Commits, pushes, `check` and the server all go through [`evaluate`].

use std::collections::HashSet;
use std::time::Instant;

use anyhow::Result;
use bstr::BString;

use crate::domain::gates::GateReport;
use crate::domain::gates::policy::EffectivePolicy;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding, Location, LocationKind};
use crate::domain::model::oid::Oid;
use crate::domain::model::report::{Report, Reported, Skipped};
use crate::flow::evaluate::commands;
use crate::flow::evaluate::commands::{Request, Tail};
use crate::flow::evaluate::judge;
use crate::platform::config::env::Env;
use crate::platform::git::repo::Repo;

/// Which parts of an evaluation are asked for.
#[derive(Clone, Copy)]
pub enum Ask<'a> {
    /// The gates that need no program to be run.
    Gates,
    /// The gates, then the commands: only where nothing stops the change already. What is blocked
    /// anyway waits for no build.
    GatesAndCommands(&'a Request<'a>),
    Commands(&'a Request<'a>),
}

/// What was found in a change.
#[derive(Debug, Default)]
pub struct Evaluation {
    pub findings: Vec<Reported>,
    pub skipped: Vec<Skipped>,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// A command that guards could not be run.
    pub inconclusive: bool,
    /// The signal that told us to stop.
    pub interrupted: Option<i32>,
}

/// What the changes of one push share: each file is read once, and what was found once is not said
/// again for the next commit.
#[derive(Default)]
pub struct Seen {
    /// By policy: what a laxer one let pass says nothing under a stricter one.
    files: HashSet<(String, BString, Oid)>,
    found: HashSet<String>,
}

impl Seen {
    fn leave_out_known(&mut self, change: &mut Change, policy: &str) {
        change.files.retain(|file| match &file.new {
            Some(entry) => {
                self.files.insert((policy.to_owned(), file.path.clone(), entry.oid.clone()))
            }
            None => true,
        });
    }

    fn is_new(&mut self, finding: &Finding) -> bool {
        // The remarks about whole changes and messages are about each one anew.
        let Some(Location { spot: LocationKind::File(_), .. }) = &finding.place else {
            return true;
        };
        let place = finding.place.as_ref().map(|place| (place.spot.display(), place.line));
        let key = format!("{}/{} {place:?} {}", finding.gate, finding.rule, finding.anchor);
        self.found.insert(key)
    }
}

/// Evaluates a change under a policy. `seen` is given for the changes of one push.
pub fn evaluate(
    repo: &Repo,
    env: &Env,
    mut change: Change,
    law: &EffectivePolicy,
    mut seen: Option<&mut Seen>,
    ask: Ask<'_>,
) -> Result<Evaluation> {
    let mut evaluation = Evaluation::default();
    if !matches!(ask, Ask::Commands(_)) {
        if let Some(seen) = seen.as_deref_mut() {
            seen.leave_out_known(&mut change, &law.hash);
        }
        let GateReport { findings, skipped } = judge::mechanical(repo, &change, law)?;
        evaluation.skipped = skipped;
        evaluation.keep(repo, env, &change, findings, seen.as_deref_mut());
    }
    let (Ask::Commands(request) | Ask::GatesAndCommands(request)) = ask else {
        return Ok(evaluation);
    };
    if stops(&evaluation.findings) {
        evaluation.skipped.extend(commands::pass_over(law, &change, request));
        return Ok(evaluation);
    }
    let ran = commands::judge(repo, law, &change, request)?;
    evaluation.tails = ran.tails;
    evaluation.inconclusive = ran.inconclusive;
    evaluation.interrupted = ran.interrupted;
    evaluation.skipped.extend(ran.judgement.skipped);
    evaluation.keep(repo, env, &change, ran.judgement.findings, seen);
    Ok(evaluation)
}

impl Evaluation {
    /// Takes in what was found, as the ledger has it.
    fn keep(
        &mut self,
        repo: &Repo,
        env: &Env,
        change: &Change,
        mut findings: Vec<Finding>,
        seen: Option<&mut Seen>,
    ) {
        if let Some(seen) = seen {
            findings.retain(|finding| seen.is_new(finding));
        }
        let kept = judge::keep(repo, env, change, findings);
        self.findings.extend(kept.findings);
        self.skipped.extend(kept.skipped);
    }

    /// The report of this evaluation; `started` is when it began.
    pub fn report(self, started: Instant) -> Report {
        let mut report = judge::report(self.findings, self.skipped, started);
        // What was stopped half-way is no pass.
        commands::settle(&mut report, self.inconclusive || self.interrupted.is_some());
        report
    }
}

/// Whether any finding stops the change.
pub fn stops(findings: &[Reported]) -> bool {
    findings.iter().any(|reported| reported.finding.effect == Effect::Block)
}
