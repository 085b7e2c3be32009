//! `tribunal cost`: what the calls to agents cost, by run, by role and by model.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::invocation::Invocation;
use crate::cli::times::since_of;
use crate::domain::model::agent::Money;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::text::{counted, short_id};
use crate::flow::call::day_of;
use crate::flow::evaluate::recording;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::call::Call;
use crate::platform::store::ledger::error::Error as LedgerError;
use crate::platform::ui::columns::{Cell, Side, table};
use crate::platform::ui::out;
use crate::platform::ui::out::DIM;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::styled_text::StyledText;
use crate::platform::ui::time::local;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal cost                           what today's calls cost
  tribunal cost --since 30d               what those of the last 30 days cost";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Count calls since a date (2026-01-31), a time, or a number of days (7d) [default: the day that
    /// the daily budget counts, from midnight UTC]
    #[arg(long)]
    since: Option<String>,
}

/// A sum of which parts may be unknown: what is unknown is counted, never added as zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    known: u64,
    /// The number of calls that did not report it.
    unknown: usize,
}

impl Sum {
    fn add(&mut self, part: Option<u64>) {
        match part {
            Some(part) => self.known = self.known.saturating_add(part),
            None => self.unknown += 1,
        }
    }
}

/// What some calls cost together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    calls: usize,
    input: Sum,
    cached: Sum,
    output: Sum,
    /// In millionths of a US dollar.
    money: Sum,
    /// The part of it that was computed by the price table: an estimate.
    estimated: Money,
    /// What they count for in the budgets.
    counted: Money,
}

impl Tally {
    fn of<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Self {
        let mut tally = Self::default();
        for call in calls {
            tally.calls += 1;
            tally.input.add(call.cost.tokens.input);
            tally.cached.add(call.cost.tokens.cached);
            tally.output.add(call.cost.tokens.output);
            tally.money.add(call.cost.money.map(|money| money.0));
            tally.counted = tally.counted + call.counted();
            let estimate = call.cost.money.filter(|_| call.priced);
            tally.estimated = tally.estimated + estimate.unwrap_or_default();
        }
        tally
    }
}

pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let time = now(&invocation.env);
    let since = match &args.since {
        Some(since) => since_of(since, time)?,
        None => day_of(time)?,
    };
    let mut calls = Vec::new();
    if ledger::exists(&repo.state_dir()) {
        let done = ledger::with(&repo.state_dir(), time, |ledger| ledger.calls_since(since))
            .map_err(LedgerError::hinted)?;
        if let Some(path) = &done.set_aside {
            out::warn(&recording::damaged_ledger(path).reason);
        }
        calls = done.value;
    }
    if invocation.global.format == OutputFormat::Json {
        out::json(&json_of(&calls, since));
    } else {
        out::result(text_of(&calls, since));
    }
    Ok(ExitStatus::Pass)
}

/// What calls may have in common.
type Naming = fn(&Call) -> String;

fn run_of(call: &Call) -> String {
    call.run.clone()
}

fn role_of(call: &Call) -> String {
    call.role.to_string()
}

/// The model where it is known, else the agent's own.
fn model_of(call: &Call) -> String {
    match call.model.as_str() {
        "" => format!("{} (its default)", call.agent),
        model => model.to_owned(),
    }
}

/// The calls by what they have in common, in the order of its name.
fn grouped(calls: &[Call], by: Naming) -> Vec<(String, Tally)> {
    let mut groups: BTreeMap<String, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        groups.entry(by(call)).or_default().push(call);
    }
    groups.into_iter().map(|(name, calls)| (name, Tally::of(calls))).collect()
}

fn text_of(calls: &[Call], since: Timestamp) -> StyledText {
    let since = local(since);
    let tally = Tally::of(calls);
    if tally.calls == 0 {
        return StyledText::from(&format!("no calls since {since}"));
    }
    let sum = format!("{} since {since}: {}", counted(tally.calls, "call"), whole(tally));
    let mut text = StyledText::from(&sum);
    if tally.estimated != Money(0) {
        let part = format!(
            "\n~ {} of it is estimated by `[prices]`, as no program told it",
            tally.estimated
        );
        text = text.styled(DIM, part);
    }
    if tally.money.unknown > 0 {
        let counted = format!("\nin the budgets they count as {}", tally.counted);
        text = text.styled(DIM, counted);
    }
    let run: Naming = |call| short_id(&call.run).to_owned();
    for (title, by) in [("RUN", run), ("ROLE", role_of), ("MODEL", model_of)] {
        text = text.text("\n\n").then(table_of(title, &grouped(calls, by)));
    }
    text
}

fn table_of(title: &str, groups: &[(String, Tally)]) -> StyledText {
    let row = |(name, tally): &(String, Tally)| -> [Cell; 6] {
        let count = |sum: Sum| cell(sum, tally.calls, thousands).into();
        [
            name.into(),
            tally.calls.to_string().into(),
            count(tally.input),
            count(tally.cached),
            count(tally.output),
            format!("{}{}", about(*tally), cell(tally.money, tally.calls, dollars)).into(),
        ]
    };
    let rows: Vec<_> = groups.iter().map(row).collect();
    let headings = [
        (title, Side::Left),
        ("CALLS", Side::Right),
        ("INPUT", Side::Right),
        ("CACHED", Side::Right),
        ("OUTPUT", Side::Right),
        ("COST", Side::Right),
    ];
    table(headings, &rows)
}

/// What stands before a sum of which a part is estimated.
fn about(tally: Tally) -> &'static str {
    if tally.estimated == Money(0) { "" } else { "~" }
}

/// A sum in a sentence.
fn whole(tally: Tally) -> String {
    let known = format!("{}{}", about(tally), dollars(tally.money.known));
    match tally.money.unknown {
        0 => known,
        unknown => format!("at least {known}, {} unknown", counted(unknown, "call")),
    }
}

/// A sum in a table: `?` stands for what is unknown.
fn cell(sum: Sum, calls: usize, shown: fn(u64) -> String) -> String {
    match sum.unknown {
        0 => shown(sum.known),
        unknown if unknown == calls => "?".to_owned(),
        _ => format!("{}+?", shown(sum.known)),
    }
}

fn dollars(micros: u64) -> String {
    Money(micros).to_string()
}

/// With a comma after each three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn json_of(calls: &[Call], since: Timestamp) -> Value {
    let group = |by: Naming| -> Vec<Value> {
        let named = |(name, tally): (String, Tally)| {
            let mut value = json_tally(tally);
            value["name"] = json!(name);
            value
        };
        grouped(calls, by).into_iter().map(named).collect()
    };
    json!({
        "since": since.to_string(),
        "total": json_tally(Tally::of(calls)),
        "runs": group(run_of),
        "roles": group(role_of),
        "models": group(model_of),
    })
}

/// `known` is what was reported or computed, `unknown` in how many calls it was not.
fn json_tally(tally: Tally) -> Value {
    let sum = |sum: Sum| json!({"known": sum.known, "unknown": sum.unknown});
    json!({
        "calls": tally.calls,
        "input": sum(tally.input),
        "cached": sum(tally.cached),
        "output": sum(tally.output),
        "dollars": {"known": Money(tally.money.known).dollars(), "unknown": tally.money.unknown},
        "estimated_dollars": tally.estimated.dollars(),
        "counted_dollars": tally.counted.dollars(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Sum, Tally, cell, dollars, grouped, model_of, text_of, thousands, whole};
    use crate::domain::model::agent::{Cost, Money, Role, Tokens};
    use crate::platform::store::ledger::call::{Call, UNDER_WAY};
    use crate::platform::ui::time::local;
    use jiff::Timestamp;

    fn call(key: &str, role: Role, model: &str, money: Option<u64>, output: Option<u64>) -> Call {
        Call {
            run: "R".to_owned(),
            key: key.to_owned(),
            role,
            agent: "codex".to_owned(),
            family: "openai".to_owned(),
            model: model.to_owned(),
            version: String::new(),
            started: Timestamp::UNIX_EPOCH,
            ended: None,
            outcome: UNDER_WAY.to_owned(),
            cost: Cost {
                tokens: Tokens { input: Some(1_234_567), cached: None, output },
                money: money.map(Money),
            },
            priced: false,
            budget: Money(2_000_000),
        }
    }

    #[test]
    fn what_is_unknown_is_told_and_never_added_as_zero() {
        let calls = [
            call("a", Role::Reviewer, "gpt", Some(1_200_000), Some(10)),
            call("b", Role::Reviewer, "gpt", None, None),
            call("c", Role::Arbiter, "", None, None),
        ];
        let tally = Tally::of(&calls);
        assert_eq!(tally.money, Sum { known: 1_200_000, unknown: 2 });
        assert_eq!(tally.counted, Money(5_200_000));
        assert_eq!(whole(tally), "at least $1.20, 2 calls unknown");
        let of = |known, unknown| Tally { money: Sum { known, unknown }, ..Tally::default() };
        assert_eq!(whole(of(0, 1)), "at least $0.00, 1 call unknown");
        assert_eq!(whole(of(5, 0)), "$0.0000");
        assert_eq!(cell(tally.money, 3, dollars), "$1.20+?");
        assert_eq!(cell(tally.cached, 3, thousands), "?");
        assert_eq!(cell(tally.input, 3, thousands), "3,703,701");
        let models: Vec<_> = grouped(&calls, model_of);
        assert_eq!(models[0].0, "codex (its default)");
        assert_eq!(models[0].1.money, Sum { known: 0, unknown: 1 });
        assert_eq!(models[1].1.calls, 2);
        let text = text_of(&calls, Timestamp::UNIX_EPOCH).plain();
        assert!(text.starts_with(&format!(
            "3 calls since {}: at least $1.20, 2 calls unknown\n",
            local(Timestamp::UNIX_EPOCH)
        )));
        assert_eq!(
            text_of(&[], Timestamp::UNIX_EPOCH).plain(),
            format!("no calls since {}", local(Timestamp::UNIX_EPOCH))
        );
    }

    #[test]
    fn what_is_estimated_is_marked() {
        let told = call("a", Role::Reviewer, "one", Some(1_000_000), Some(10));
        let priced =
            Call { priced: true, ..call("b", Role::Arbiter, "two", Some(500_000), Some(10)) };
        let text = text_of(&[told, priced], Timestamp::UNIX_EPOCH).plain();
        assert!(text.contains(": ~$1.50\n~ $0.5000 of it is estimated by `[prices]`"), "{text}");
        let cost = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().last().unwrap().to_owned()
        };
        assert_eq!((cost("one"), cost("two")), ("$1.00".to_owned(), "~$0.5000".to_owned()));
    }

    #[test]
    fn numbers_have_commas() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}
