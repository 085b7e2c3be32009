//! Random lives of a ledger, beside a model that is plainly right.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{
    Just, ProptestConfig, Strategy, TestCaseError, any, prop_assert_eq, proptest,
};
use proptest::{collection, option, prop_oneof};

use crate::domain::model::stored_finding::{Disposition, DispositionKind, FindingStatus};
use crate::platform::store::ledger::Ledger;
use crate::platform::store::ledger::error::Error;
use crate::platform::store::ledger::query::Filter;
use crate::platform::store::ledger::tests::{decision, scan, see, sight, time};

/// One step. A site is a place that never moves, so that what is the same is never in doubt.
#[derive(Clone, Debug)]
enum Step {
    Record {
        change: u8,
        sites: BTreeSet<u8>,
    },
    Decide {
        site: u8,
        decision: DispositionKind,
        holds: Option<i64>,
    },
    Wait(i64),
    /// As after the end of the process.
    Reopen,
}

/// What is known of one site.
#[derive(Default)]
struct Site {
    id: String,
    first_seen: i64,
    last_seen: i64,
    times: u64,
    changes: BTreeMap<u8, u64>,
    decisions: Vec<Disposition>,
}

fn step() -> impl Strategy<Value = Step> {
    let decision = prop_oneof![
        Just(DispositionKind::Accepted),
        Just(DispositionKind::Dismissed),
        Just(DispositionKind::Resolved),
        Just(DispositionKind::Withdrawn),
        Just(DispositionKind::Reopened)
    ];
    prop_oneof![
        4 => (0u8..4, collection::btree_set(0u8..6, 0..4))
            .prop_map(|(change, sites)| Step::Record { change, sites }),
        3 => (0u8..6, decision, option::of(1i64..20))
            .prop_map(|(site, decision, holds)| Step::Decide { site, decision, holds }),
        2 => (1i64..15).prop_map(Step::Wait),
        1 => any::<()>().prop_map(|()| Step::Reopen),
    ]
}

fn check(ledger: &Ledger, model: &BTreeMap<u8, Site>, now: i64) -> Result<(), TestCaseError> {
    let listing = ledger.list(&Filter::default(), time(now)).unwrap();
    prop_assert_eq!(listing.total, model.len());
    for site in model.values() {
        let kept = ledger.get(&site.id, time(now)).unwrap().unwrap();
        prop_assert_eq!(kept.status, FindingStatus::after(site.decisions.last(), time(now)));
        prop_assert_eq!(kept.first_seen, time(site.first_seen));
        prop_assert_eq!(kept.last_seen, time(site.last_seen));
        prop_assert_eq!(kept.times, site.times);
        let history = ledger.history(&site.id).unwrap();
        prop_assert_eq!(&history.dispositions, &site.decisions);
        let seen: BTreeMap<u8, u64> = history
            .sightings
            .iter()
            .map(|sighting| (sighting.change.parse().unwrap(), sighting.times))
            .collect();
        prop_assert_eq!(&seen, &site.changes);
    }
    let open = Filter { status: Some(FindingStatus::Open), ..Filter::default() };
    let expected = model
        .values()
        .filter(|s| FindingStatus::after(s.decisions.last(), time(now)) == FindingStatus::Open);
    prop_assert_eq!(ledger.list(&open, time(now)).unwrap().total, expected.count());
    Ok(())
}

fn record(
    ledger: &mut Ledger,
    model: &mut BTreeMap<u8, Site>,
    (change, sites): (u8, BTreeSet<u8>),
    now: i64,
) -> Result<(), TestCaseError> {
    let fingerprints: Vec<_> = sites
        .iter()
        .map(|site| sight(&format!("f{}", site % 2), 1, &format!("x{site}"), 1))
        .collect();
    let seen = see(ledger, &scan(&change.to_string(), now), &fingerprints);
    for (site, (id, status)) in sites.into_iter().zip(seen) {
        let site = model.entry(site).or_insert_with(|| Site {
            id: id.clone(),
            first_seen: now,
            ..Site::default()
        });
        prop_assert_eq!(&site.id, &id);
        if FindingStatus::after(site.decisions.last(), time(now)).is_gone() {
            let mut reopened = decision(DispositionKind::Reopened, now, None);
            reopened.actor = "tribunal".to_owned();
            reopened.reason = "a change brings it again".to_owned();
            site.decisions.push(reopened);
        }
        prop_assert_eq!(status, FindingStatus::after(site.decisions.last(), time(now)).as_str());
        site.last_seen = now;
        site.times += 1;
        *site.changes.entry(change).or_default() += 1;
    }
    Ok(())
}

proptest! {
    // Each step writes to a disk.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_ledger_does_what_its_model_does(steps in collection::vec(step(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        let mut model: BTreeMap<u8, Site> = BTreeMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Record { change, sites } => {
                    record(&mut ledger, &mut model, (change, sites), now)?;
                }
                Step::Decide { site, decision: what, holds } => {
                    let disposition = decision(what, now, holds.map(|holds| now + holds));
                    match model.get_mut(&site) {
                        Some(site) => {
                            ledger.dispose(&site.id, &disposition).unwrap();
                            site.decisions.push(disposition);
                        }
                        None => assert!(matches!(
                            ledger.dispose("01HF7YAT00ZZZZZZZZZZZZZZZZ", &disposition),
                            Err(Error::NoFinding(_))
                        )),
                    }
                }
                Step::Wait(seconds) => now += seconds,
                Step::Reopen => ledger = Ledger::open(folder.path()).unwrap(),
            }
            check(&ledger, &model, now)?;
        }
    }
}
