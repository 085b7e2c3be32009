//! Prints lists of findings for other programs.

use std::fmt::Write as _;

use anyhow::Result;
use jiff::Timestamp;

use crate::domain::model::report::{ExitStatus, Report, Reported, Verdict};
use crate::flow::context::Context;
use crate::flow::evaluate::recording;
use crate::flow::evaluate::seen_on::BranchLookup;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::store::ledger::query::{Filter, Listing};
use crate::platform::ui;
use crate::platform::ui::findings::{json_listed, reported};
use crate::platform::ui::out;
use crate::platform::ui::report::{OutputFormat, render_answered};

/// How many bytes of a long result are gathered before they are printed.
const PRINTED_AT_ONCE: usize = 64 * 1024;

/// Prints one after the other: a ledger may hold more findings than memory does.
pub fn json(
    context: Context<'_>,
    filter: &Filter,
    now: Timestamp,
    total: usize,
) -> Result<ExitStatus> {
    let mut printed = "{\"findings\":[".to_owned();
    if total > 0 {
        let ledger = Ledger::open(&context.repo.state_dir()).map_err(LedgerError::hinted)?;
        let mut is_first = true;
        let mut branches = BranchLookup::new(context.repo)?;
        let mut failed = None;
        let listed = ledger.each(filter, now, |kept| {
            let seen_on = match ledger.history(&kept.id) {
                Ok(history) => branches.of(&kept, history),
                Err(error) => {
                    failed.get_or_insert(error);
                    None
                }
            };
            if !std::mem::take(&mut is_first) {
                printed.push(',');
            }
            printed.push_str(&ui::json::text(&json_listed(&kept, seen_on.as_ref())));
            if printed.len() >= PRINTED_AT_ONCE {
                out::result_part(&printed);
                printed.clear();
            }
        });
        listed.and(failed.map_or(Ok(()), Err)).map_err(LedgerError::hinted)?;
    }
    let _infallible = writeln!(printed, "],\"total\":{total},\"version\":1}}");
    out::result_part(&printed);
    Ok(ExitStatus::Pass)
}

/// Prints what is kept in a form for other programs. It evaluates nothing: the verdict is `pass`.
pub fn report(context: Context<'_>, listing: &Listing, format: OutputFormat) -> Result<()> {
    if listing.findings.len() < listing.total {
        let (shown, total) = (listing.findings.len(), listing.total);
        out::warn(&format!("{shown} of {total} findings are given; `--limit` changes that"));
    }
    let findings: Vec<Reported> = listing.findings.iter().map(reported).collect();
    let answers = recording::answers(context, &findings)?;
    let report = Report {
        verdict: Verdict::Pass,
        findings,
        skipped: Vec::new(),
        gates: Vec::new(),
        ran: Vec::new(),
        elapsed_ms: 0,
    };
    let text = render_answered(&report, &answers, format);
    if !text.is_empty() {
        out::result(text);
    }
    Ok(())
}
