//! Merges the answers of all calls to one list of findings, checked against the tree.

use std::collections::BTreeMap;

use crate::domain::locate::known_code::code_of;
use crate::domain::model::severity::Severity;
use crate::domain::review::anchor::{anchor, holds};
use crate::domain::review::answer::{RawFinding, ReviewAnswer};
use crate::domain::review::arbiter::known;
use crate::domain::review::bearing::{bears_on, is_named, quotes_change};
use crate::domain::review::deliver::file::ChangedLines;
use crate::domain::review::evidence::names_file;
use crate::domain::review::finding::{
    Anchored, AssessedCriterion, CriterionStatus, FindingOrigin, Quote, ReviewFinding,
    VerifiedFinding,
};
use crate::domain::review::reported_path::meant;

/// The fewest letters and digits of a quote that tells which file it is from.
const TELLING_CHARS: usize = 8;

/// The tree and change that answers are checked against.
pub struct ReviewedTree<'a> {
    /// The text of a file of the reviewed tree by its shown name, without secrets and made visible;
    /// `None` where there is no such file, or it is no text.
    pub text: &'a dyn Fn(&str) -> Option<String>,
    /// See [`crate::domain::review::deliver::Delivery::places`].
    pub places: &'a BTreeMap<String, ChangedLines>,
    /// The files of the whole change by their shown names; `places` has those of this round.
    pub changed: &'a [String],
    /// The ids of the spec's criteria and constraints, in its order.
    pub criteria: &'a [String],
    /// The findings that a later round was asked about; empty for a first review.
    pub open: &'a [ReviewFinding],
    /// Those of them whose code is known to have changed since a review saw it.
    pub changed_since: &'a [String],
    /// The text of a file, by its shown name, as it was when that finding was raised.
    pub before: &'a dyn Fn(&ReviewFinding, &str) -> Option<String>,
}

/// The result of a review, all calls together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// What several calls report is here once, and quotes that are not in the tree are left out.
    pub findings: Vec<ReviewFinding>,
    /// Each of the spec's criteria, in its order.
    pub criteria: Vec<AssessedCriterion>,
    /// The answer on each open finding. Without one, or without valid proof, it is unresolved.
    pub verified: Vec<VerifiedFinding>,
    /// Findings whose anchor was not found: kept as low.
    pub demoted: usize,
}

/// Merges the answers. The findings get the ids `F-<next>` and on; `next` is left at the first free
/// number.
pub fn assemble(answers: &[ReviewAnswer], ground: &ReviewedTree<'_>, next: &mut u32) -> Assembled {
    let answers: Vec<ReviewAnswer> =
        answers.iter().map(|answer| with_meant_paths(answer, ground)).collect();
    let mut all = Assembled {
        criteria: merged_criteria(&answers, ground.criteria),
        verified: ground.open.iter().map(|open| verify(open, &answers, ground)).collect(),
        ..Assembled::default()
    };
    for claim in answers.iter().flat_map(|answer| &answer.findings) {
        let same = |finding: &&mut ReviewFinding| is_same(finding, claim);
        if let Some(finding) = all.findings.iter_mut().find(same) {
            if finding.anchored != Anchored::Nowhere {
                finding.severity = finding.severity.max(claim.severity);
            }
            let evidence = standing_evidence(claim, ground);
            if finding.evidence.is_empty() && !evidence.is_empty() {
                finding.evidence = evidence;
                finding.failure.clone_from(&claim.failure);
            }
            continue;
        }
        let finding = raise(format!("F-{next}"), claim, ground, &mut all);
        *next += 1;
        all.findings.push(finding);
    }
    all
}

/// The answer with the paths of the tree in the place of those that the model wrote. Of several files
/// that one may mean, the first that holds the quote is taken; where none does, the file of the change
/// that alone holds it; else it stays as written.
fn with_meant_paths(answer: &ReviewAnswer, ground: &ReviewedTree<'_>) -> ReviewAnswer {
    let set = |path: &mut String, quote: &str| {
        let meant = meant(path, ground.places, |path| (ground.text)(path).is_some());
        let holding = |path: &&String| find(path, quote, ground) != Anchored::Nowhere;
        let meant = meant.iter().find(holding).cloned();
        if let Some(known) = meant.or_else(|| only_holder(quote, ground)) {
            *path = known;
        }
    };
    let mut answer = answer.clone();
    for finding in &mut answer.findings {
        set(&mut finding.path, &finding.anchor);
        finding.evidence.iter_mut().for_each(|quote| set(&mut quote.path, &quote.text));
    }
    for word in &mut answer.verified {
        set(&mut word.quote.path, &word.quote.text);
    }
    answer
}

/// The one file of the change that a quote stands in; `None` where there are several or none, and where
/// the quote says too little to belong to one place.
fn only_holder(quote: &str, ground: &ReviewedTree<'_>) -> Option<String> {
    let telling = quote.chars().filter(|c| c.is_alphanumeric()).count() >= TELLING_CHARS;
    let mut holders = ground.places.keys().filter(|path| telling && stands(path, quote, ground));
    let first = holders.next()?;
    holders.next().is_none().then(|| first.clone())
}

fn is_same(finding: &ReviewFinding, claim: &RawFinding) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    finding.path == claim.path
        && finding.class == claim.class
        && squeezed(&finding.anchor) == squeezed(&claim.anchor)
}

fn raise(
    id: String,
    claim: &RawFinding,
    ground: &ReviewedTree<'_>,
    all: &mut Assembled,
) -> ReviewFinding {
    let anchored = find(&claim.path, &claim.anchor, ground);
    let severity = if anchored == Anchored::Nowhere {
        all.demoted += 1;
        Severity::Low
    } else {
        claim.severity
    };
    let basis = known_basis(&claim.basis, ground.criteria);
    let finding = ReviewFinding {
        id,
        class: claim.class.clone(),
        severity: if basis.starts_with("spec:") { of_violation(severity) } else { severity },
        basis,
        title: claim.title.clone(),
        path: claim.path.clone(),
        anchor: claim.anchor.clone(),
        failure: claim.failure.clone(),
        evidence: standing_evidence(claim, ground),
        fix: claim.fix.clone(),
        search_pattern: claim.search_pattern.clone(),
        same_as: claim.same_as.clone(),
        anchored,
        origin: FindingOrigin::Change,
    };
    ReviewFinding { origin: origin(claim, &finding, ground), ..finding }
}

/// What a claim quotes, without what is not in the tree.
fn standing_evidence(claim: &RawFinding, ground: &ReviewedTree<'_>) -> Vec<Quote> {
    let quotes = claim.evidence.iter();
    quotes.filter(|quote| stands(&quote.path, &quote.text, ground)).cloned().collect()
}

/// Whether the finding can be one of the change. Outside of the files that the change touches it is one
/// where its evidence or its words name such a file, or a function of one.
fn origin(claim: &RawFinding, finding: &ReviewFinding, ground: &ReviewedTree<'_>) -> FindingOrigin {
    if ground.changed.contains(&finding.path)
        || finding.anchored == Anchored::Nowhere
        || finding.basis.starts_with("spec:")
    {
        return FindingOrigin::Change;
    }
    let words = [finding.title.as_str(), &finding.failure, &finding.anchor];
    let is_tied = || {
        ground.changed.iter().any(|path| {
            names_file(finding, path)
                || (ground.text)(path).is_some_and(|text| {
                    let code = code_of(path, &text);
                    code.functions.iter().any(|one| is_named(&one.name, &words))
                })
        })
    };
    if claim.was_there || !is_tied() { FindingOrigin::Before } else { FindingOrigin::Change }
}

/// What goes against a criterion or a constraint is critical; only what the reviewer itself calls small
/// is no violation.
fn of_violation(claimed: Severity) -> Severity {
    if claimed > Severity::Low { Severity::Critical } else { claimed }
}

/// A criterion that the spec does not have is no basis.
fn known_basis(basis: &str, criteria: &[String]) -> String {
    match basis.strip_prefix("spec:") {
        Some(said) => {
            known(said, criteria).map_or("invariant".to_owned(), |id| format!("spec:{id}"))
        }
        None => basis.to_owned(),
    }
}

/// The position of the text in the reviewed tree, or in what the change removes.
pub fn find(path: &str, text: &str, ground: &ReviewedTree<'_>) -> Anchored {
    let place = ground.places.get(path);
    let touched = place.map_or(&[][..], |place| &place.touched);
    let now = (ground.text)(path).map_or(Anchored::Nowhere, |now| anchor(text, &now, touched));
    let Some(place) = place.filter(|_| now == Anchored::Nowhere) else { return now };
    let removed: Vec<&str> = place.removed.iter().map(|(_, line)| line.as_str()).collect();
    let Some((first, last)) = anchor(text, &removed.join("\n"), &[]).lines() else { return now };
    let stood = |line: u32| {
        let at = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        place.removed.get(at).map_or(1, |(line, _)| *line)
    };
    Anchored::Removed { line: stood(first), end_line: stood(last) }
}

/// Whether the text is in the reviewed tree, or in what the change removes.
fn stands(path: &str, text: &str, ground: &ReviewedTree<'_>) -> bool {
    let removed = || {
        let lines = ground.places.get(path)?.removed.iter();
        Some(lines.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n"))
    };
    (ground.text)(path).is_some_and(|now| holds(text, &now))
        || removed().is_some_and(|removed| holds(text, &removed))
}

/// What the answers say of each criterion: what is missing or deviates wins over what is met, and
/// any word over none.
fn merged_criteria(answers: &[ReviewAnswer], ids: &[String]) -> Vec<AssessedCriterion> {
    let weight = |met: CriterionStatus| match met {
        CriterionStatus::NotAssessed => 0,
        CriterionStatus::Met => 1,
        CriterionStatus::Deviation => 2,
        CriterionStatus::Missing => 3,
    };
    let merged = |id: &String| {
        let said = answers.iter().flat_map(|answer| &answer.criteria).filter(|one| one.id == *id);
        let nothing = || AssessedCriterion {
            id: id.clone(),
            met: CriterionStatus::NotAssessed,
            why: "the review says nothing of it".to_owned(),
        };
        // Of two that weigh the same the first counts.
        said.rev().max_by_key(|one| weight(one.met)).cloned().unwrap_or_else(nothing)
    };
    ids.iter().map(merged).collect()
}

/// One call that says it is unresolved outweighs others. A resolution needs that a change bears on the
/// finding and that what it changed is quoted, or that the finding's file is gone.
fn verify(
    open: &ReviewFinding,
    answers: &[ReviewAnswer],
    ground: &ReviewedTree<'_>,
) -> VerifiedFinding {
    let said = answers.iter().flat_map(|answer| &answer.verified).filter(|one| one.id == open.id);
    let mut words: Vec<&VerifiedFinding> = said.collect();
    words.sort_by_key(|word| word.resolved);
    let gone = (ground.text)(&open.path).is_none()
        && !matches!(open.anchored, Anchored::Removed { .. })
        && ground.places.get(&open.path).is_some_and(|place| !place.removed.is_empty());
    let Some(word) = words.first() else {
        let quote = Quote { path: open.path.clone(), text: open.anchor.clone() };
        return VerifiedFinding { id: open.id.clone(), resolved: false, quote };
    };
    let shown = || {
        if ground.changed_since.contains(&open.id) {
            return gone || stands(&word.quote.path, &word.quote.text, ground);
        }
        gone || is_shown(open, &word.quote, ground)
    };
    VerifiedFinding { resolved: word.resolved && shown(), ..(*word).clone() }
}

/// Whether the quote is of what changed since the finding was raised, and a change bears on it.
fn is_shown(open: &ReviewFinding, quote: &Quote, ground: &ReviewedTree<'_>) -> bool {
    let sides = |path: &str| {
        let now = (ground.text)(path).unwrap_or_default();
        ((ground.before)(open, path).unwrap_or_default(), now)
    };
    let (old, new) = sides(&quote.path);
    if !quotes_change(&quote.text, &quote.path, &old, &new) {
        return false;
    }
    let mut paths: Vec<&str> = ground.places.keys().map(String::as_str).collect();
    paths.extend([open.path.as_str(), quote.path.as_str()]);
    bears_on(open, paths, &sides)
}
