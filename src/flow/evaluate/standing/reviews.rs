//! Where the findings of reviews stand. No model is asked: what a review said of a place holds wherever
//! the place reads the same.

use std::collections::BTreeSet;

use anyhow::Result;
use bstr::ByteSlice as _;

use crate::domain::model::oid::Oid;
use crate::domain::model::standing::{Standing, step};
use crate::domain::model::stored_finding::{Disposition, FindingStatus};
use crate::domain::review::record::{FindingRecord, FindingState};
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::standing::branches::Branches;
use crate::flow::evaluate::standing::inquiry::Inquiry;
use crate::flow::evaluate::standing::places::{AskedPlace, PlaceKind};
use crate::platform::config::env::now;
use crate::platform::git::behind;
use crate::platform::git::behind::BEHIND_MAX;
use crate::platform::git::diff;
use crate::platform::git::object::Objects;
use crate::platform::git::repo::Repo;
use crate::platform::store::ledger::gate_findings::GateFinding;

impl Inquiry<'_> {
    /// The steps that the findings of reviews take.
    pub fn settle_reviews(
        &mut self,
        findings: &[(GateFinding, FindingRecord)],
    ) -> Result<Vec<(String, FindingStatus, Disposition)>> {
        let now = now(self.context.env);
        let mut steps = Vec::new();
        let is_unread = |record: &FindingRecord, place: &AskedPlace| {
            record.path.as_ref().is_some_and(|path| place.unread.contains(path))
        };
        // What was withdrawn because it is refuted stays so, though its code is there.
        for (finding, record) in findings.iter().filter(|(_, record)| !record.is_dismissed()) {
            if self.checked_out.iter().any(|place| is_unread(record, place)) {
                continue;
            }
            let standing = self.of_review(finding, record)?;
            if self.unread && matches!(standing, Standing::NeverCommitted { .. }) {
                continue;
            }
            let (id, status) = (&finding.kept.id, finding.kept.status);
            steps.extend(step(status, &standing, now).map(|step| (id.clone(), status, step)));
        }
        Ok(steps)
    }

    pub(super) fn of_review(
        &mut self,
        finding: &GateFinding,
        record: &FindingRecord,
    ) -> Result<Standing> {
        let (repo, branches) = (self.context.repo, &mut self.branches);
        let (objects, places) = (self.objects, self.checked_out.as_slice());
        standing_of((repo, objects), branches, places, finding, record)
    }
}

/// Where a review's finding stands, of the places that have the commits it was seen in.
fn standing_of(
    (repo, objects): (&Repo, &Objects),
    branches: &mut Branches<'_>,
    checked_out: &[AskedPlace],
    finding: &GateFinding,
    record: &FindingRecord,
) -> Result<Standing> {
    let mut places = checked_out.to_vec();
    let heads: Vec<Oid> = checked_out
        .iter()
        .filter(|place| place.kind == PlaceKind::Head)
        .filter_map(|place| place.commit.clone())
        .collect();
    for (name, tip) in branches.of(finding, &heads)? {
        // A branch that is merged has nothing of its own.
        if !branches.any_has(&heads, &tip)? {
            let tree = repo.tree_of(&tip)?;
            let name = format!("branch `{name}`");
            places.push(AskedPlace {
                kind: PlaceKind::Branch,
                name,
                tree,
                policy: None,
                commit: Some(tip),
                unread: BTreeSet::new(),
            });
        }
    }
    let seen = finding.sightings.last();
    let seen_tree = seen.and_then(|seen| seen.tree.clone());
    let commits: Vec<Oid> =
        finding.sightings.iter().filter_map(|seen| seen.commit.clone()).collect();
    let mut gone = None;
    for place in places {
        let state =
            state_in(objects, record, (place.commit.as_ref(), &place.tree), seen_tree.as_ref())?;
        let is_commit = matches!(place.kind, PlaceKind::Head | PlaceKind::Branch);
        let commit = place.commit.clone().filter(|_| is_commit);
        match state {
            FindingState::Open { .. } | FindingState::Unverified { lines: Some(_) } => {
                return Ok(Standing::Holds { place: place.name, commit });
            }
            // Its text is gone, and no review says what became of it.
            FindingState::Unverified { lines: None } => {
                if has_any(branches, &place, &commits)? {
                    return Ok(Standing::Unknown);
                }
            }
            FindingState::Resolved { evidence } => {
                let by = if evidence.is_empty() { String::new() } else { format!(": {evidence}") };
                let why = format!("a review found it resolved{by}");
                gone = gone.or(Some(Standing::Gone { since: commit, why }));
            }
            FindingState::Gone => {
                if has_any(branches, &place, &commits)? {
                    let why = format!("`{}` is gone", record.original.path);
                    gone = gone.or(Some(Standing::Gone { since: commit, why }));
                }
            }
        }
    }
    Ok(match gone {
        Some(gone) => gone,
        None if commits.is_empty() && seen.is_some() => {
            let why = "it was never committed, and is in no work tree any more".to_owned();
            Standing::NeverCommitted { why }
        }
        None => Standing::Unknown,
    })
}

/// Whether a place has one of the commits that the finding was seen in.
fn has_any(branches: &mut Branches<'_>, place: &AskedPlace, commits: &[Oid]) -> Result<bool> {
    let tip: Vec<Oid> = place.commit.iter().cloned().collect();
    for commit in commits {
        if branches.any_has(&tip, commit)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn state_in(
    objects: &Objects,
    record: &FindingRecord,
    (commit, tree): (Option<&Oid>, &Oid),
    seen: Option<&Oid>,
) -> Result<FindingState> {
    if let Some(demand) = &record.demand {
        let behind = match commit {
            Some(commit) => behind::trees(objects, commit, BEHIND_MAX)?,
            None => BTreeSet::new(),
        };
        return Ok(match demand.met_in(tree, &|tree| behind.contains(tree)) {
            Some(true) => FindingState::Resolved { evidence: String::new() },
            Some(false) => FindingState::Open { lines: (1, 1) },
            None => FindingState::Unverified { lines: None },
        });
    }
    let read = |path: &str| shown_text::of_file(objects, tree, path.into());
    let Some(path) = &record.path else { return Ok(FindingState::Unverified { lines: None }) };
    if let Some(text) = shown_text::of_file(objects, tree, path.as_bstr()) {
        return Ok(record.state(Some(&text), &read));
    }
    if let Some(seen) = seen.filter(|seen| matches!(objects.header(seen), Ok(Some(_)))) {
        for file in diff::trees(objects, Some(seen), Some(tree))? {
            let text =
                file.has_content().then(|| shown_text::of_file(objects, tree, file.path.as_bstr()));
            if let Some(text) = text.flatten().filter(|text| record.moved_to(text, &read)) {
                return Ok(record.state(Some(&text), &read));
            }
        }
    }
    Ok(record.state(None, &read))
}
