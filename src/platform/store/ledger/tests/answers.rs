//! Which findings are the same, and how far an answer reaches.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::{collection, prop_oneof};

use crate::domain::model::finding::{Location, LocationKind};
use crate::domain::model::gate::Gate;
use crate::domain::model::stored_finding::{DispositionKind, FindingStatus};
use crate::platform::store::ledger::matching::{
    KnownFinding, StoredLocators, Terms, Trace, assign,
};
use crate::platform::store::ledger::query::RuleStats;
use crate::platform::store::ledger::tests::{
    decision, fresh, located, oid, scan, see, sight, time,
};

#[test]
fn a_finding_keeps_its_id_when_its_line_moves() {
    let (_folder, mut ledger) = fresh();
    let first = see(&mut ledger, &scan("c1", 0), &[sight("a", 4, "x.unwrap()", 1)]);
    let moved = see(&mut ledger, &scan("c2", 1), &[sight("a", 9, " x.unwrap();", 2)]);
    assert_ne!(first, moved, "another text");
    let moved = see(&mut ledger, &scan("c2", 1), &[sight("a", 9, "  x.unwrap()", 2)]);
    assert_eq!(first, moved);
    let elsewhere = see(&mut ledger, &scan("c2", 1), &[sight("b", 9, "x.unwrap()", 2)]);
    assert_ne!(first, elsewhere);
    let history = ledger.history(&first[0].0).unwrap();
    let changes: Vec<_> = history.sightings.iter().map(|s| (s.change.as_str(), s.line)).collect();
    assert_eq!(changes, [("c1", 4), ("c2", 9)]);
}

#[test]
fn twins_stay_apart() {
    let (_folder, mut ledger) = fresh();
    let twins = [sight("a", 4, "x", 1), sight("a", 30, "x", 1)];
    let first = see(&mut ledger, &scan("c1", 0), &twins);
    assert_ne!(first[0].0, first[1].0);
    // The nearest takes the id, whatever the order, and a third is new.
    let moved = [sight("a", 33, "x", 2), sight("a", 60, "x", 2), sight("a", 5, "x", 2)];
    let second = see(&mut ledger, &scan("c2", 0), &moved);
    assert_eq!((&second[0], &second[2]), (&first[1], &first[0]));
    assert!(!first.contains(&second[1]));
}

#[test]
fn an_answer_holds_for_the_same_place_and_where_context_symbol_and_line_agree() {
    let all = [("context3", "3"), ("context1", "1"), ("symbol", "s"), ("line", "l"), ("text", "t")];
    for (name, seen_again, kept) in [
        ("the same blob", sight("a", 4, "x", 1), true),
        ("another blob, no locators", sight("a", 4, "x", 2), false),
        ("a narrow context, symbol, line", located(sight("a", 9, "x", 2), &all[1..]), true),
        ("no symbol", located(sight("a", 4, "x", 2), &[all[0], all[1], all[3]]), false),
        ("another comment on the line", located(sight("a", 4, "x", 2), &all[..3]), false),
        ("no context", located(sight("a", 4, "x", 2), &all[2..]), false),
        ("another file", located(sight("b", 4, "x", 1), &all), false),
    ] {
        let (_folder, mut ledger) = fresh();
        let known = located(sight("a", 4, "x", 1), &all);
        let first = see(&mut ledger, &scan("c1", 0), &[known]);
        ledger.dispose(&first[0].0, &decision(DispositionKind::Dismissed, 1, None)).unwrap();
        let again = see(&mut ledger, &scan("c2", 2), &[seen_again]);
        assert_eq!(again[0].0 == first[0].0, kept, "{name}");
        assert_eq!(again[0].1 == "dismissed", kept, "{name}");
    }
}

#[test]
fn an_answer_follows_a_renamed_file_and_not_a_copied_one() {
    let around = [("context3", "c3"), ("symbol", "s"), ("line", "l")];
    let (_folder, mut ledger) = fresh();
    let first = see(&mut ledger, &scan("c1", 0), &[located(sight("a", 4, "x", 1), &around)]);
    ledger.dispose(&first[0].0, &decision(DispositionKind::Accepted, 1, None)).unwrap();
    let copied = see(&mut ledger, &scan("c2", 2), &[located(sight("b", 4, "x", 1), &around)]);
    assert_eq!(copied[0].1, "open");
    let mut renamed = located(sight("c", 5, "x", 3), &around);
    renamed.moved_from = Some("a".into());
    let renamed = see(&mut ledger, &scan("c3", 3), &[renamed]);
    assert_eq!(renamed[0], (first[0].0.clone(), "accepted".to_owned()));
    // Another branch still has it under the old name.
    let old = see(&mut ledger, &scan("c4", 4), &[located(sight("a", 4, "x", 1), &around)]);
    assert_eq!(old[0].0, first[0].0);
    // Both at once are two findings.
    let both = [located(sight("a", 4, "x", 1), &around), located(sight("c", 5, "x", 3), &around)];
    let both = see(&mut ledger, &scan("c5", 5), &both);
    assert_ne!(both[0].0, both[1].0);
}

#[test]
fn what_is_not_in_a_file_belongs_to_its_change() {
    let (_folder, mut ledger) = fresh();
    let mut message = sight("a", 1, "Fix", 1);
    message.content = None;
    message.finding.place =
        Some(Location { kind: LocationKind::CommitMessage, line: 1, column: 0, end_line: 1 });
    let first = see(&mut ledger, &scan("c1", 0), &[message.clone()]);
    ledger.dispose(&first[0].0, &decision(DispositionKind::Dismissed, 1, None)).unwrap();
    assert_eq!(see(&mut ledger, &scan("c1", 2), &[message.clone()])[0].1, "dismissed");
    assert_eq!(see(&mut ledger, &scan("c2", 2), &[message.clone()])[0].1, "open");
    message.finding.anchor = "Fixes".to_owned();
    assert_eq!(see(&mut ledger, &scan("c1", 2), &[message])[0].1, "open");
    // A ref that is to point to another commit is another thing to answer for.
    let mut push = sight("a", 0, "", 1);
    push.finding.gate = Gate::ProtectedBranch;
    push.finding.place = Some(Location {
        kind: LocationKind::Ref("refs/heads/main".into()),
        line: 0,
        column: 0,
        end_line: 0,
    });
    let first = see(&mut ledger, &scan("c1", 0), &[push.clone()]);
    ledger.dispose(&first[0].0, &decision(DispositionKind::Accepted, 1, None)).unwrap();
    push.content = Some(oid(2));
    assert_eq!(see(&mut ledger, &scan("c1", 2), &[push])[0].1, "open");
}

#[test]
fn two_remarks_on_one_line_are_two_findings() {
    let (_folder, mut ledger) = fresh();
    let remark = |message: &str| {
        let mut sight = sight("a", 4, "x", 1);
        sight.finding.gate = Gate::Person;
        sight.finding.message = message.to_owned();
        sight
    };
    let one = see(&mut ledger, &scan("c1", 0), &[remark("one")]);
    let two = see(&mut ledger, &scan("c1", 0), &[remark("two")]);
    assert_ne!(one, two);
    assert_eq!(see(&mut ledger, &scan("c1", 1), &[remark("one")]), one);
}

#[test]
fn what_was_fixed_and_comes_back_is_reopened_and_the_history_says_so() {
    let (_folder, mut ledger) = fresh();
    let first = see(&mut ledger, &scan("c1", 0), &[sight("a", 4, "x", 1)]);
    ledger.dispose(&first[0].0, &decision(DispositionKind::Resolved, 1, None)).unwrap();
    let again = see(&mut ledger, &scan("c2", 2), &[sight("a", 40, "x", 2)]);
    assert_eq!(again, first);
    let decisions: Vec<_> = ledger
        .history(&first[0].0)
        .unwrap()
        .dispositions
        .into_iter()
        .map(|d| (d.decision, d.reason))
        .collect();
    let reopened = (DispositionKind::Reopened, "a change brings it again".to_owned());
    assert_eq!(decisions, [(DispositionKind::Resolved, "r".to_owned()), reopened]);
}

#[test]
fn a_commit_has_its_name_once_it_is_made() {
    let (_folder, mut ledger) = fresh();
    let first = see(&mut ledger, &scan("c1", 0), &[sight("a", 4, "x", 1)]);
    let mut pushed = scan("c1", 5);
    (pushed.commit, pushed.branch) = (Some(oid(9)), Some("main".to_owned()));
    see(&mut ledger, &pushed, &[sight("a", 4, "x", 1)]);
    see(&mut ledger, &scan("c1", 6), &[sight("a", 4, "x", 1)]);
    let sightings = ledger.history(&first[0].0).unwrap().sightings;
    assert_eq!(sightings.len(), 1, "once for each change");
    assert_eq!(sightings[0].commit, Some(oid(9)));
    assert_eq!(sightings[0].branch.as_deref(), Some("main"));
    assert_eq!((sightings[0].times, sightings[0].last_seen), (3, time(6)));
}

#[test]
fn recurrence_sees_each_finding_once_for_each_change() {
    let (_folder, mut ledger) = fresh();
    see(&mut ledger, &scan("c1", 0), &[sight("a", 4, "x", 1), sight("b", 1, "y", 1)]);
    see(&mut ledger, &scan("c2", 10), &[sight("a", 4, "x", 1)]);
    see(&mut ledger, &scan("c2", 11), &[sight("a", 5, "x", 2)]);
    let rows = |since| {
        let rows = ledger.sightings_since(time(since), time(99), &Gate::OF_CHANGES, 9).unwrap();
        let row = |r: crate::platform::store::ledger::query::SightingRow| {
            (r.kept.finding.anchor, r.sighting.change, r.first)
        };
        let mut rows: Vec<_> = rows.into_iter().map(row).collect();
        rows.sort();
        rows
    };
    let row = |anchor: &str, change: &str, first| (anchor.to_owned(), change.to_owned(), first);
    assert_eq!(rows(0), [row("x", "c1", true), row("x", "c2", false), row("y", "c1", true)]);
    assert_eq!(rows(5), [row("x", "c2", false)]);
    let of = |gates: &[Gate], most| ledger.sightings_since(time(0), time(99), gates, most).unwrap();
    assert_eq!(of(&[Gate::Person], 9).len(), 0);
    let newest = of(&Gate::OF_CHANGES, 1);
    assert_eq!((newest.len(), newest[0].sighting.change.as_str()), (1, "c2"));
}

#[test]
fn statistics_of_a_rule_follow_from_its_findings() {
    let (_folder, mut ledger) = fresh();
    let gate = Gate::Commands;
    let rule = "clippy::unwrap_used";
    assert_eq!(ledger.rule_stats(gate, rule, time(0)).unwrap(), RuleStats::default());
    let seen = [sight("a", 4, "x", 1), sight("a", 5, "y", 1), sight("a", 6, "z", 1)];
    let seen = see(&mut ledger, &scan("c1", 3), &seen);
    ledger.dispose(&seen[0].0, &decision(DispositionKind::Dismissed, 4, None)).unwrap();
    ledger.dispose(&seen[1].0, &decision(DispositionKind::Dismissed, 4, Some(9))).unwrap();
    ledger.dispose(&seen[2].0, &decision(DispositionKind::Accepted, 4, None)).unwrap();
    let stats = |now| ledger.rule_stats(gate, rule, time(now)).unwrap();
    assert_eq!(stats(5), RuleStats { hits: 3, dismissed: 2, last_hit: Some(time(3)) });
    assert_eq!(stats(9).dismissed, 1);
}

#[test]
fn a_path_need_not_be_text() {
    let (_folder, mut ledger) = fresh();
    let mut odd = sight("a", 4, "x", 1);
    odd.finding.place = Some(Location::line(b"d/\xff\xfe".as_slice(), 4));
    let seen = see(&mut ledger, &scan("c1", 0), &[odd.clone()]);
    assert_eq!(see(&mut ledger, &scan("c1", 0), &[odd.clone()]), seen);
    assert_eq!(ledger.get(&seen[0].0, time(0)).unwrap().unwrap().finding, odd.finding);
}

#[derive(Clone, Debug)]
struct Owned {
    line: u32,
    column: u32,
    anchor: &'static str,
    message: &'static str,
    content: Option<&'static str>,
    locators: StoredLocators,
}

impl Owned {
    fn trace(&self) -> Trace<'_> {
        let Self { line, column, anchor, message, content, locators } = self;
        Trace { line: *line, column: *column, anchor, message, content: *content, locators }
    }
}

fn owned() -> impl Strategy<Value = Owned> {
    let name = prop_oneof![Just("context3"), Just("context1"), Just("symbol"), Just("line")];
    let hash = prop_oneof![Just("h"), Just("i")];
    let locators = collection::vec((name, hash), 0..6);
    let word = || prop_oneof![Just(""), Just("x"), Just("y")];
    let content = prop_oneof![Just(None), Just(Some("p")), Just(Some("q"))];
    (1u32..6, 0u32..2, word(), word(), content, locators).prop_map(
        |(line, column, anchor, message, content, locators)| {
            let locators =
                locators.into_iter().map(|(n, h)| (n.to_owned(), h.to_owned())).collect();
            Owned { line, column, anchor, message, content, locators }
        },
    )
}

proptest! {
    #[test]
    fn a_known_finding_is_given_once_and_an_answer_only_on_evidence(
        seen in collection::vec(owned(), 0..6),
        known in collection::vec((owned(), any::<bool>()), 0..6),
        in_file in any::<bool>(), by_message in any::<bool>(),
    ) {
        let terms = Terms { in_file, by_message };
        let traces: Vec<_> = seen.iter().map(Owned::trace).collect();
        let olds: Vec<_> = known.iter()
            .map(|(owned, answered)| KnownFinding { trace: owned.trace(), answered: *answered }).collect();
        let given = assign(&traces, &olds, terms);
        let mut taken: Vec<_> = given.iter().flatten().collect();
        taken.sort_unstable();
        let count = taken.len();
        taken.dedup();
        prop_assert_eq!(taken.len(), count);
        for (new, index) in seen.iter().zip(&given) {
            let Some((old, answered)) = index.map(|index| &known[index]) else { continue };
            prop_assert!(!by_message || new.message == old.message);
            if *answered {
                let agrees = |name: &str| {
                    new.locators.contains_key(name) && new.locators.get(name) == old.locators.get(name)
                };
                let located = (agrees("context1") || agrees("context3"))
                    && agrees("symbol") && agrees("line");
                let same = new.content == old.content && new.anchor == old.anchor;
                prop_assert!(same || (in_file && located));
            }
        }
    }
}

#[test]
fn a_status_is_what_was_decided_last() {
    for (last, now, status) in [
        (None, 5, FindingStatus::Open),
        (Some(decision(DispositionKind::Dismissed, 1, None)), 5, FindingStatus::Dismissed),
        (Some(decision(DispositionKind::Dismissed, 1, Some(5))), 4, FindingStatus::Dismissed),
        (Some(decision(DispositionKind::Dismissed, 1, Some(5))), 5, FindingStatus::Open),
        (Some(decision(DispositionKind::Resolved, 1, None)), 5, FindingStatus::Resolved),
        (Some(decision(DispositionKind::Reopened, 1, Some(2))), 5, FindingStatus::Open),
    ] {
        assert_eq!(FindingStatus::after(last.as_ref(), time(now)), status);
    }
}

#[test]
fn findings_of_gates_that_were_never_closed_come_up_behind_those_that_were() {
    let (_folder, mut ledger) = fresh();
    let mut ids = Vec::new();
    for second in 0..6 {
        let name = format!("f{second}");
        ids.push(see(&mut ledger, &scan("c", second), &[sight(&name, 1, "x", 1)])[0].0.clone());
    }
    // The newest two are closed: they may come back, and the next two come up.
    for id in &ids[4..] {
        ledger.dispose(id, &decision(DispositionKind::Withdrawn, 10, None)).unwrap();
    }
    ledger.dispose(&ids[3], &decision(DispositionKind::Dismissed, 10, None)).unwrap();
    let found = ledger.gate_findings(time(20), 2).unwrap();
    let found: Vec<&String> = found.iter().map(|one| &one.kept.id).collect();
    assert_eq!(found, [&ids[5], &ids[4], &ids[2], &ids[1]]);
}
