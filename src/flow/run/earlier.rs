//! The versions of a spec that were built before, and are part of what is built on.

use std::path::Path;

use anyhow::Result;
use bstr::BStr;

use crate::domain::development::removal::{EarlierTests, EarlierVersion, TestName};
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::stage::{BuiltTask, RedTests, SpecStage};
use crate::domain::pipeline::spec_run::stop::SpecEnd;
use crate::domain::spec::dropped::{DroppedCriterion, dropped};
use crate::domain::spec::types::Spec;
use crate::flow::context::Context;
use crate::flow::review::belonging;
use crate::flow::run::{base, suite};
use crate::platform::git::repo::Repo;
use crate::platform::store::runs;

/// A spec beside what was built of it before.
pub struct SpecBeside {
    /// With what the last version asked for and this one does not: that is to go.
    pub copy: SpecCopy,
    pub spec: Spec,
    /// `None` where no run of it is known whose commits the base has.
    pub earlier: Option<EarlierVersion>,
}

/// The spec beside its earlier versions, as far as their runs are known and their commits are part of the base.
pub fn beside(context: Context<'_>, copy: SpecCopy, spec: Spec) -> Result<SpecBeside> {
    let runs = of_base(context.repo, &spec)?;
    // What the last one took away is gone already.
    let built = runs.last().and_then(|last| without_dropped(&last.about.spec));
    let Some(built) = built else { return Ok(SpecBeside { copy, spec, earlier: None }) };
    let copy = SpecCopy { dropped: dropped(&built, &spec), ..copy };
    let was_asked = |text: &str| built.all_criteria().any(|one| one.text == text);
    let kept = spec.all_criteria().filter(|one| was_asked(&one.text)).map(|one| one.id.clone());
    let not_new = kept.chain(copy.dropped.iter().map(DroppedCriterion::gone_id)).collect();
    let mut tests = Vec::new();
    for run in &runs {
        tests.extend(tests_of(context.repo, run, &spec, &copy.dropped)?);
    }
    let spec = belonging::parse_spec(&copy)?;
    Ok(SpecBeside { copy, spec, earlier: Some(EarlierVersion { not_new, tests }) })
}

/// The runs of that spec which are part of its base, the last one last.
fn of_base(repo: &Repo, spec: &Spec) -> Result<Vec<SpecRun>> {
    let (state_dir, base) = (repo.state_dir(), base::find(repo, spec)?.commit);
    let mut found = Vec::new();
    for id in runs::list(&state_dir)? {
        // What cannot be read tells nothing of what was built.
        let Ok(Some(run)) = runs::load_spec(&state_dir, &id) else { continue };
        if run.about.spec_id == spec.id && is_part_of(repo, &run, &base) {
            found.push(run);
        }
    }
    found.sort_by_key(|run| run.about.started);
    Ok(found)
}

/// Whether what a run built is part of the base.
fn is_part_of(repo: &Repo, run: &SpecRun, base: &Oid) -> bool {
    let SpecStage::Ended(SpecEnd::Done { commit }) = run.stage() else { return false };
    // A commit that was cleaned up is part of nothing.
    repo.is_ancestor(commit, base).unwrap_or(false)
}

fn without_dropped(copy: &SpecCopy) -> Option<Spec> {
    belonging::parse_spec(&SpecCopy { dropped: Vec::new(), ..copy.clone() }).ok()
}

/// The tests that a run wrote for what is no longer so: for a criterion that is gone, or that something is gone which
/// is asked for again.
fn tests_of(
    repo: &Repo,
    run: &SpecRun,
    now: &Spec,
    dropped: &[DroppedCriterion],
) -> Result<Vec<EarlierTests>> {
    let (spec, about) = (run.progress(), &run.about);
    let Some(version) = without_dropped(&about.spec) else { return Ok(Vec::new()) };
    // The criterion of this version that is against one of that version; `None` where it still holds.
    let against = |id: &String| {
        let asked = version.all_criteria().find(|one| one.id == *id);
        if let Some(asked) = asked {
            let gone = dropped.iter().find(|one| one.text == asked.text);
            return gone.map(DroppedCriterion::gone_id);
        }
        let gone = about.spec.dropped.iter().find(|one| one.gone_id() == *id)?;
        let again = now.all_criteria().find(|one| one.text == gone.text);
        again.map(|one| one.id.clone())
    };
    let folder = runs::folder(&repo.state_dir(), &run.id);
    let mut before = spec.written.as_ref().map_or(&about.base_tree, |written| &written.at.tree);
    let mut found = Vec::new();
    for (place, BuiltTask { task, .. }) in spec.built.iter().enumerate() {
        let criteria = spec.criteria_of(place);
        let outdated: Vec<String> = criteria.iter().filter_map(against).collect();
        if let Some(red) = task.red.as_ref().filter(|_| !outdated.is_empty()) {
            let is_shared = outdated.len() < criteria.len();
            let mut tests = EarlierTests {
                against: outdated,
                files: Vec::new(),
                naming: Vec::new(),
                names: names_of(&folder, place, red),
                is_shared,
            };
            for file in &red.files {
                let was_there = repo.objects.entry(before, BStr::new(file))?.is_some();
                let files = if was_there { &mut tests.naming } else { &mut tests.files };
                files.push(file.clone());
            }
            found.push(tests);
        }
        before = &task.tree;
    }
    Ok(found)
}

/// The names of the tests of a task, by what ran before it and after; where that is not known, of those that failed.
fn names_of(folder: &Path, place: usize, red: &RedTests) -> Vec<TestName> {
    suite::new_names(folder, place).unwrap_or_else(|_| {
        let named = red.failing.iter().filter_map(|test| {
            Some(TestName { command: test.command.clone(), name: test.name.clone()? })
        });
        named.collect()
    })
}
