//! What a run still costs, by what it has planned and what its calls cost so far.

use crate::domain::model::agent::{Money, Spent};
use crate::domain::model::size::Size;
use crate::domain::pipeline::spec_run::progress::SpecProgress;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::planning::part::{PARTS_MAX, PARTS_MIN};
use crate::domain::planning::task::TaskKind;

/// The fewest calls of a step, and how many it usually takes where something is to be repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallRange {
    pub least: usize,
    pub most: usize,
}

impl CallRange {
    /// Tests, code, a review; in each something is done again.
    const BEHAVIOUR: Self = Self { least: 3, most: 8 };
    /// Code and a review.
    const SCAFFOLD: Self = Self { least: 2, most: 5 };
    /// A plan, its review, its tasks.
    const PLAN: Self = Self { least: 3, most: 9 };
    /// The parts of a large spec.
    const SPLIT: Self = Self { least: 1, most: 2 };
    const TASKS: Self = Self { least: 1, most: 2 };
    /// The review of all of it.
    const WHOLE: Self = Self { least: 1, most: 2 };

    fn add(&mut self, other: Self) {
        self.least += other.least;
        self.most += other.most;
    }
}

/// The calls that are made from `then` on.
pub fn calls_to_come(spec: &SpecProgress, then: &SpecStage) -> CallRange {
    let mut calls = CallRange::default();
    if matches!(then, SpecStage::Documenting(_) | SpecStage::Publishing(_)) {
        return calls;
    }
    if let SpecStage::RecordingSpec(agreed) = then {
        let CallRange { least, most } = CallRange::BEHAVIOUR;
        let draft = &agreed.plan;
        if draft.size == Size::S {
            return CallRange::BEHAVIOUR;
        }
        calls.add(CallRange::PLAN);
        calls.add(CallRange::WHOLE);
        calls.add(CallRange { least, most: most * draft.criteria.len().max(1) });
        return calls;
    }
    if !spec.is_one_task() {
        calls.add(CallRange::WHOLE);
    }
    if matches!(then, SpecStage::Splitting(_)) {
        calls.add(CallRange::SPLIT);
        // How many parts there will be is not known; each is planned, and has one task at least.
        for bound in [CallRange::PLAN, CallRange::BEHAVIOUR] {
            let (least, most) = (bound.least * PARTS_MIN, bound.most * PARTS_MAX);
            calls.add(CallRange { least, most });
        }
    }
    let mut is_listing = matches!(then, SpecStage::ListingTasks { .. });
    let mut built = spec.built.len();
    for part in &spec.parts {
        if part.tasks.is_empty() {
            calls.add(if is_listing { CallRange::TASKS } else { CallRange::PLAN });
            // The first one that has no tasks is that whose plan is there.
            is_listing = false;
            // One task brings at least one criterion.
            let CallRange { least, most } = CallRange::BEHAVIOUR;
            calls.add(CallRange { least, most: most * part.criteria.len().max(1) });
        }
        for task in part.tasks.iter().skip(built) {
            calls.add(match task.kind {
                TaskKind::Behaviour => CallRange::BEHAVIOUR,
                TaskKind::Scaffold => CallRange::SCAFFOLD,
            });
        }
        built = built.saturating_sub(part.tasks.len());
    }
    calls
}

/// What so many calls cost, where each costs what the known ones did; `None` where none is known.
pub fn cost_of(calls: CallRange, spent: Spent) -> Option<(Money, Money)> {
    let known = spent.calls.checked_sub(spent.unknown).filter(|known| *known > 0)?;
    let of = |count: usize| {
        let micros = u128::from(spent.money.0) * count as u128 / known as u128;
        Money(u64::try_from(micros).unwrap_or(u64::MAX))
    };
    Some((of(calls.least), of(calls.most)))
}
