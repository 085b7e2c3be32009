//! Calls, receipts and waits.

use jiff::Timestamp;

use crate::domain::model::agent::{Cost, Money, Role, Tokens};
use crate::platform::store::file;
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::call::{Begun, Call, Counted, Limits, UNDER_WAY};
use crate::platform::store::ledger::receipt::Lookup;
use crate::platform::store::ledger::tests::{fresh, time};
use crate::platform::store::ledger::wait::AgentWait;

fn spent(money: u64) -> Counted {
    Counted { spent: Money(money), priced: Money(money), ..Counted::default() }
}

fn estimated(money: u64) -> Counted {
    Counted { estimated: Money(money), ..Counted::default() }
}

fn call(run: &str, key: &str, second: i64, budget: u64) -> Call {
    Call {
        run: run.to_owned(),
        key: key.to_owned(),
        role: Role::Reviewer,
        agent: "codex".to_owned(),
        family: "openai".to_owned(),
        model: String::new(),
        version: String::new(),
        started: time(second),
        ended: None,
        outcome: UNDER_WAY.to_owned(),
        cost: Cost::default(),
        priced: false,
        budget: Money(budget),
    }
}

fn ended(mut call: Call, money: Option<u64>) -> Call {
    call.ended = Some(time(900));
    call.outcome = "answered".to_owned();
    call.model = "gpt".to_owned();
    call.cost.tokens = Tokens { input: Some(7), cached: None, output: Some(3) };
    call.cost.money = money.map(Money);
    call.priced = money.is_some();
    call
}

fn limits(run: u64, day: u64) -> Limits {
    Limits { run: Money(run), runs: vec!["r".to_owned()], day: Money(day), day_began: time(100) }
}

#[test]
fn a_call_is_counted_once_whatever_became_of_it() {
    let (_folder, mut ledger) = fresh();
    let enough = limits(100, 100);
    let first = call("r", "review-0", 200, 10);
    for _ in 0..3 {
        // As after a kill: the same call is made again.
        assert_eq!(ledger.begin_call(&first, &enough).unwrap(), Begun::Yes);
    }
    assert_eq!(ledger.calls_of("r").unwrap(), std::slice::from_ref(&first));
    let done = ended(first, Some(4));
    for _ in 0..2 {
        ledger.end_call(&done).unwrap();
    }
    assert_eq!(ledger.calls_of("r").unwrap(), std::slice::from_ref(&done));
    assert_eq!(ledger.calls_since(time(201)).unwrap(), []);
    assert_eq!(ledger.calls_since(time(200)).unwrap(), [done]);
}

/// A run, when its call was, and its money.
type Before<'a> = (&'a str, i64, Option<u64>);

#[test]
fn a_call_that_would_break_a_budget_is_not_kept() {
    // What was spent before (money, or none for unknown), what the call may cost, and what becomes
    // of it with 100 for the run and 150 for the day.
    let cases: [(&[Before], u64, Begun); 8] = [
        (&[], 100, Begun::Yes),
        (&[], 101, Begun::OverRun(Counted::default())),
        (&[("r", 200, Some(60))], 40, Begun::Yes),
        (&[("r", 200, Some(61))], 40, Begun::OverRun(spent(61))),
        // Unknown is the call's whole budget, here 50, and never zero.
        (&[("r", 200, None)], 51, Begun::OverRun(estimated(50))),
        (&[("other", 200, Some(120))], 40, Begun::OverDay(spent(120))),
        (&[("other", 200, None), ("third", 201, None)], 51, Begun::OverDay(estimated(100))),
        // Yesterday counts for its run and not for the day.
        (&[("other", 99, Some(1000)), ("r", 99, Some(10))], 90, Begun::Yes),
    ];
    for (before, budget, expected) in cases {
        let (_folder, mut ledger) = fresh();
        for (run, second, money) in before {
            ledger.end_call(&ended(call(run, "before", *second, 50), *money)).unwrap();
        }
        let asked = call("r", "next", 300, budget);
        assert_eq!(ledger.begin_call(&asked, &limits(100, 150)).unwrap(), expected);
        let kept = ledger.calls_of("r").unwrap().iter().any(|call| call.key == "next");
        assert_eq!(kept, expected == Begun::Yes);
    }
}

#[test]
fn two_runs_cannot_both_spend_the_last_of_a_day() {
    let (folder, _ledger) = fresh();
    let begin = |run: &str| {
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.begin_call(&call(run, "k", 200, 10), &limits(100, 55)).unwrap()
    };
    let outcomes: Vec<Begun> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..10).map(|n| scope.spawn(move || begin(&n.to_string()))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Begun::Yes).count(), 5);
}

#[test]
fn a_receipt_is_found_by_its_question_and_by_nothing_else() {
    let (_folder, mut ledger) = fresh();
    assert_eq!(ledger.receipt("q").unwrap(), Lookup::Nothing);
    assert_eq!(ledger.first_review().unwrap(), None);
    let id = ledger.keep_receipt("q", "{}", time(1)).unwrap();
    let Lookup::Found(receipt) = ledger.receipt("q").unwrap() else { panic!("it was kept") };
    assert_eq!((receipt.id.as_str(), receipt.body.as_str(), receipt.time), (&*id, "{}", time(1)));
    let other = ledger.keep_receipt("q", "{\"a\":1}", time(9)).unwrap();
    assert_ne!(id, other);
    assert_ne!(ledger.keep_receipt("q2", "{}", time(9)).unwrap(), id);
    assert_eq!(ledger.first_review().unwrap(), Some(time(1)));
    // Made by hand: edited, or moved to another question.
    for forgery in [
        "UPDATE receipts SET body = '{\"verdict\":\"pass\"}' WHERE question = 'q'",
        "UPDATE receipts SET question = 'q3' WHERE question = 'q2'",
    ] {
        ledger.connection.execute_batch(forgery).unwrap();
    }
    for question in ["q", "q3"] {
        assert_eq!(ledger.receipt(question).unwrap(), Lookup::Broken);
        assert_eq!(ledger.receipt(question).unwrap(), Lookup::Nothing);
    }
}

fn wait(agent: &str, until: Timestamp) -> AgentWait {
    AgentWait { agent: agent.to_owned(), until, since: time(0), why: "a limit".to_owned() }
}

#[test]
fn a_wait_outlives_a_restart_and_ends() {
    let (folder, mut ledger) = fresh();
    assert_eq!(ledger.wait("codex", b"k", time(0)).unwrap(), None);
    let first = wait("codex", time(60));
    ledger.keep_wait(&first, b"k").unwrap();
    drop(ledger);
    let mut ledger = Ledger::open(folder.path()).unwrap();
    assert_eq!(ledger.wait("codex", b"k", time(59)).unwrap(), Some(first));
    assert_eq!(ledger.wait("codex", b"k", time(60)).unwrap(), None);
    assert_eq!(ledger.wait("claude", b"k", time(0)).unwrap(), None);
    ledger.keep_wait(&wait("codex", time(30)), b"k").unwrap();
    assert_eq!(ledger.wait("codex", b"k", time(29)).unwrap().unwrap().until, time(30));
}

#[test]
fn a_wait_is_of_one_account_and_can_be_cleared() {
    let (folder, mut ledger) = fresh();
    assert_eq!(ledger.clear_waits(None, time(0)).unwrap(), 0);
    let account = b"https://a key that nobody is to read";
    ledger.keep_wait(&wait("codex", time(60)), account).unwrap();
    ledger.keep_wait(&wait("claude", time(60)), account).unwrap();
    assert_eq!(ledger.wait("codex", b"another key", time(0)).unwrap(), None);
    assert_eq!(ledger.waits(time(0)).unwrap().len(), 2);
    assert_eq!(ledger.waits(time(60)).unwrap(), []);
    assert_eq!(ledger.clear_waits(Some("codex"), time(0)).unwrap(), 1);
    assert_eq!(ledger.waits(time(0)).unwrap(), [wait("claude", time(60))]);
    assert_eq!(ledger.clear_waits(None, time(0)).unwrap(), 1);
    drop(ledger);
    for name in ["ledger.db", "ledger.db-wal"] {
        let kept = file::read(&folder.path().join(name)).unwrap_or_default();
        assert!(!kept.windows(10).any(|part| part == &account[..10]), "{name}");
    }
}
