//! The whole ruling on one change: the gates, what the ledger knows, then the commands.

use std::time::Instant;

use anyhow::Result;

use crate::config::env::Env;
use crate::driver::commands::{self, Outcome, Request, Tail};
use crate::driver::judge;
use crate::gates::Law;
use crate::git::repo::Repo;
use crate::model::change::Change;
use crate::model::finding::Effect;
use crate::model::report::{Report, Reported};

/// What a change came to.
pub struct Ruling {
    pub report: Report,
    /// The last lines of each command that failed.
    pub tails: Vec<Tail>,
    /// The signal that told us to stop.
    pub interrupted: Option<i32>,
}

/// Rules on a change. The commands that `request` asks for run only where nothing stops the change
/// already: what is blocked anyway waits for no build.
pub fn rule(
    repo: &Repo,
    env: &Env,
    change: &Change,
    law: &Law,
    request: Option<&Request<'_>>,
    started: Instant,
) -> Result<Ruling> {
    let judgement = judge::mechanical(repo, change, law)?;
    let mut kept = judge::keep(repo, env, change, judgement.findings);
    kept.skipped.splice(0..0, judgement.skipped);
    let mut ran = Outcome::default();
    match request {
        Some(request) if stops(&kept.findings) => {
            kept.skipped.extend(commands::pass_over(law, change, request));
        }
        Some(request) => {
            ran = commands::judge(repo, law, change, request)?;
            let more = judge::keep(repo, env, change, ran.judgement.findings);
            kept.findings.extend(more.findings);
            kept.skipped.extend(ran.judgement.skipped.into_iter().chain(more.skipped));
        }
        None => {}
    }
    let mut report = judge::report(kept.findings, kept.skipped, started);
    // After a signal to stop not all of it is judged: that is no pass, for a hook or a command.
    commands::settle(&mut report, ran.inconclusive || ran.interrupted.is_some());
    Ok(Ruling { report, tails: ran.tails, interrupted: ran.interrupted })
}

/// Whether any finding stops the change.
pub fn stops(findings: &[Reported]) -> bool {
    findings.iter().any(|reported| reported.finding.effect == Effect::Block)
}
