//! What a call is likely to cost before it is made, and why a budget keeps one from being made.

use crate::domain::model::agent::{Money, Tokens};
use crate::domain::policy::agent_settings::{Price, Spend};
use crate::domain::policy::settings::Policy;
use crate::flow::call::retry::money_of;
use crate::flow::call::roles::AssignedAgent;
use crate::platform::agents::Agent;
use crate::platform::agents::ask::Access;
use crate::platform::store::ledger::call::Counted;

/// How many bytes of prose and code one token has, on average.
const BYTES_OF_A_TOKEN: usize = 4;

/// What `claude` and `codex` send of their own with each question, in tokens.
const OF_A_PROGRAM: u64 = 11_000;

/// What an answer has at least, in tokens: a proof for each section, and thoughts.
const OF_AN_ANSWER: u64 = 1_000;

/// The name in the price table that stands for every model that it does not name.
const ANY_MODEL: &str = "default";

/// The price of the first of these models or agents that the table has, else of any.
pub(super) fn price_of<'p>(policy: &'p Policy, names: &[&str]) -> Option<&'p Price> {
    names.iter().chain(&[ANY_MODEL]).find_map(|name| policy.prices.get(*name))
}

/// What a call with that prompt costs at least, by the price table; `None` where that says nothing.
pub(super) fn estimate(policy: &Policy, to: &AssignedAgent, prompt: &str) -> Option<Money> {
    let own = match to.agent {
        Agent::Claude(_) | Agent::Codex(_) => OF_A_PROGRAM,
        Agent::Command(_) | Agent::Http(_) => 0,
    };
    let input = prompt.len().div_ceil(BYTES_OF_A_TOKEN) as u64 + own;
    let tokens = Tokens { input: Some(input), cached: None, output: Some(OF_AN_ANSWER) };
    money_of(tokens, *price_of(policy, &[to.model().unwrap_or_default(), &to.name])?)
}

/// Whether a call costs nothing, by the price table. Of a program that tells itself what a call cost, that is not
/// known before.
pub(super) fn is_free(policy: &Policy, to: &AssignedAgent) -> bool {
    let names = [to.model().unwrap_or_default(), &to.name];
    let tells_itself = matches!(to.agent, Agent::Claude(_));
    !tells_itself && price_of(policy, &names).is_some_and(|price| price.is_free())
}

/// What a call counts for of which nobody told what it cost, where it ran. One that writes goes on for
/// as long as it likes: all that it may cost counts.
pub(super) fn counts_for(estimate: Option<Money>, access: Access, budget: Money) -> Money {
    match (access, estimate) {
        (Access::Read | Access::Search, Some(estimate)) => estimate.min(budget),
        (Access::Read | Access::Search, None) | (Access::Write, _) => budget,
    }
}

/// Why a call is not made that is estimated to cost more than its role may.
pub(super) fn over_role(to: &AssignedAgent, estimate: Money) -> String {
    format!(
        "a call to `{}` would cost about {estimate}, and `agents.{}.budget` is {}",
        to.name, to.role, to.settings.budget
    )
}

/// A budget of several calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Run,
    Day,
}

/// Why a call is not made that may break a budget in which so much counts already.
pub(super) fn over(of: Of, budget: Spend, counted: Counted, call: Money) -> String {
    let (what, limit) = match of {
        Of::Run => ("run", budget.run),
        Of::Day => ("day", budget.day),
    };
    let Counted { spent, priced, estimated, set_aside } = counted;
    let about = if priced == Money(0) { "" } else { "about " };
    let parts: Vec<String> = [
        (spent, about, "spent"),
        (estimated, "about ", "estimated for calls that told no cost"),
        (set_aside, "", "set aside for calls under way"),
    ]
    .iter()
    .filter(|(money, ..)| *money != Money(0))
    .map(|(money, about, what)| format!("{about}{money} {what}"))
    .collect();
    let so_far = if parts.is_empty() { "nothing is spent".to_owned() } else { parts.join(", ") };
    format!(
        "a call of up to {call} would break the budget of the {what}, which is {limit}: {so_far}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Access, Counted, Money, Of, Price, Spend, Tokens, counts_for, money_of, over};

    fn dollars(dollars: u64) -> Money {
        Money(dollars * 1_000_000)
    }

    #[test]
    fn only_what_was_spent_is_called_spent() {
        let budget = Spend { run: dollars(2), day: dollars(8) };
        let none = Counted::default();
        for (counted, said) in [
            (none, "nothing is spent"),
            (Counted { spent: dollars(2), ..none }, "$2.00 spent"),
            (Counted { spent: dollars(2), priced: dollars(1), ..none }, "about $2.00 spent"),
            (
                Counted { estimated: dollars(1), set_aside: dollars(3), ..none },
                "about $1.00 estimated for calls that told no cost, $3.00 set aside for calls under way",
            ),
        ] {
            let line = over(Of::Day, budget, counted, dollars(1));
            let begin = "a call of up to $1.00 would break the budget of the day, which is $8.00: ";
            assert_eq!(line, format!("{begin}{said}"));
        }
        assert!(
            over(Of::Run, budget, none, dollars(3))
                .contains("the budget of the run, which is $2.00")
        );
    }

    #[test]
    fn what_is_free_costs_nothing_whatever_nobody_told() {
        let price =
            |input, output| Price { input: Money(input), cached: None, output: Money(output) };
        let known = Tokens { input: Some(1_000_000), cached: None, output: Some(0) };
        for (price, tokens, money) in [
            (price(0, 0), Tokens::default(), Some(Money(0))),
            (price(0, 1), Tokens::default(), None),
            (price(2, 0), known, Some(Money(2))),
        ] {
            assert_eq!(money_of(tokens, price), money, "{price:?}");
        }
    }

    #[test]
    fn what_nobody_told_counts_as_it_is_estimated() {
        let (one, two) = (dollars(1), dollars(2));
        assert_eq!(counts_for(Some(one), Access::Read, two), one);
        assert_eq!(counts_for(Some(two), Access::Read, one), one);
        assert_eq!(counts_for(None, Access::Read, two), two);
        assert_eq!(counts_for(Some(one), Access::Write, two), two);
    }
}
