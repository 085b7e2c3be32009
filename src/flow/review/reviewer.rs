//! Asks the reviewer of a run about each chunk of a change, and assembles its findings.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bstr::{BString, ByteSlice as _};

use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::notice::Progress;
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::job::{JobId, JobOutcome, ReviewOutcome, ReviewScope};
use crate::domain::review::answer::{ExpectedAnswer, ReviewAnswer};
use crate::domain::review::assemble::{ReviewedTree, assemble};
use crate::domain::review::deliver::file::ChangedLines;
use crate::domain::review::deliver::{Chunk, Delivery};
use crate::domain::review::finding::{Anchored, FindingOrigin, ReviewFinding};
use crate::domain::review::prompt;
use crate::domain::review::prompt::{OpenFinding, ReviewPrompt, ReviewRound};
use crate::domain::review::proof;
use crate::domain::review::proof::{UnprovenChunk, UnprovenSection};
use crate::domain::review::record::FindingRecord;
use crate::domain::review::reported_path::meant;
use crate::domain::review::same_finding::is_same;
use crate::domain::review::tracked::TrackedFinding;
use crate::flow::evaluate::shown_text;
use crate::flow::evaluate::shown_text::shown_path;
use crate::flow::review::delivery::{Delivered, elsewhere};
use crate::flow::review::places::{Renames, was_there};
use crate::flow::review::request::{ExpectedReply, StructuredRequest};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::texts::Texts;
use crate::flow::workspace::attempt;
use crate::platform::git::object::Objects;

impl ReviewSession<'_> {
    /// The request to review one chunk, or these sections of it once more.
    pub(super) fn chunk_request(
        &mut self,
        job: &JobId,
        scope: &ReviewScope,
        chunk: usize,
        unproven: &[UnprovenSection],
    ) -> Result<StructuredRequest> {
        let layout = self.layout_of(scope)?;
        let reviewer = self.inputs.reviewers().context("the route has no reviewer")?;
        let (reviewer, key) = (reviewer.reviewer.clone(), self.run.call_key(job));
        let dir = self.reading_copy_for(&reviewer, &key, &layout.change)?;
        let (texts, open) = (self.texts(&layout), self.open(scope));
        let delivery = &layout.delivered.delivery;
        let whole = delivery.calls.get(chunk).context("the change is laid out differently now")?;
        let part = &part_of(whole, unproven);
        // Each is asked about where its file is shown; in the first call where it is in none.
        let open: Vec<ReviewFinding> =
            open.into_iter().filter(|one| shows(delivery, chunk, &one.path)).collect();
        let now: Vec<String> = open.iter().map(|finding| texts.now(finding)).collect();
        let open: Vec<OpenFinding<'_>> =
            open.iter().zip(&now).map(|(finding, now)| OpenFinding { finding, now }).collect();
        let known = self.on_record(part, scope);
        let is_shown = |file: &&FileChange| {
            let path = shown_path(&file.path);
            part.sections.iter().any(|section| section.path == path)
        };
        let shown: Vec<&FileChange> = layout.change.files.iter().filter(is_shown).collect();
        let ask = ReviewPrompt {
            known: &known,
            round: match scope {
                ReviewScope::Full | ReviewScope::Criteria(_) => ReviewRound::First,
                ReviewScope::Delta { .. } => ReviewRound::AfterFix,
            },
            spec: self.inputs.parsed_spec(),
            rules: &self.inputs.reviewer_rules(&layout.change.files, &shown),
            part,
            call: (chunk + 1, delivery.calls.len()),
            elsewhere: &elsewhere(delivery, part),
            beside: &self.run.attempt().beside,
        };
        let (expected, mut prompt) = match scope {
            ReviewScope::Criteria(ids) => (ExpectedAnswer::Criteria, prompt::criteria(&ask, ids)),
            ReviewScope::Full | ReviewScope::Delta { .. } if open.is_empty() => {
                (ExpectedAnswer::Review, prompt::review(&ask))
            }
            ReviewScope::Full | ReviewScope::Delta { .. } => {
                (ExpectedAnswer::Verification, prompt::verification(&ask, &open))
            }
        };
        if !unproven.is_empty() {
            prompt = prompt::again(&prompt, whole, unproven);
        }
        let (call, calls) = ask.call;
        self.context.notify(Progress::Reviewing {
            agent: reviewer.name.clone(),
            sections: part.sections.len(),
            call,
            calls,
        });
        Ok(StructuredRequest {
            to: reviewer,
            instead: None,
            key,
            prompt,
            token: part.fence_nonce.clone(),
            dir,
            expected: ExpectedReply::Review(expected),
        })
    }

    /// Assembles a review from the answers to its chunks.
    pub(super) fn assemble(
        &mut self,
        scope: &ReviewScope,
        answers: &[ReviewAnswer],
    ) -> Result<JobOutcome> {
        let layout = self.layout_of(scope)?;
        let review = self.run.review_loop();
        let criteria: Vec<String> =
            review.criteria.iter().map(|criterion| criterion.id.clone()).collect();
        let texts = self.texts(&layout);
        let text = |path: &str| texts.text(path);
        let delivery = &layout.delivered.delivery;
        let whole = self.change_since(review.base.as_ref())?;
        let changed: Vec<String> = whole.files.iter().map(|file| shown_path(&file.path)).collect();
        let earlier: Vec<Texts<'_>> = review
            .attempts
            .iter()
            .map(|attempt| Texts::new(&self.context.repo.objects, &attempt.tree, delivery))
            .collect();
        let before = |finding: &ReviewFinding, path: &str| {
            let raised = review.findings.iter().find(|one| one.original.id == finding.id)?;
            earlier.get(raised.since)?.text(path)
        };
        let ground = ReviewedTree {
            text: &text,
            places: &delivery.places,
            changed: &changed,
            criteria: &criteria,
            open: &self.open(scope),
            changed_since: match scope {
                ReviewScope::Full => &review.first.open,
                ReviewScope::Delta { .. } | ReviewScope::Criteria(_) => &[],
            },
            before: &before,
        };
        let mut next = u32::try_from(review.findings.len() + 1).unwrap_or(u32::MAX);
        let assembled = assemble(answers, &ground, &mut next);
        let sides = ChangeSides::new(self, &whole, &layout.delivered);
        let mut found = assembled.findings;
        for finding in found.iter_mut().filter(|finding| sides.was_before(finding, &changed)) {
            finding.origin = FindingOrigin::Before;
        }
        let new = found.into_iter().filter(|finding| !self.is_known(finding));
        let findings = new
            .map(|finding| Ok((self.is_fix_induced(&finding)?, finding)))
            .map(|pair: Result<(bool, ReviewFinding)>| {
                pair.map(|(induced, finding)| (finding, induced))
            })
            .collect::<Result<Vec<_>>>()?;
        let is_elsewhere =
            |path: &str| !meant(path, &delivery.places, |path| text(path).is_some()).is_empty();
        let (mut proofs, mut unproven) = (Vec::new(), Vec::new());
        for (chunk, (part, answer)) in delivery.calls.iter().zip(answers).enumerate() {
            let sections = proof::check(part, answer, &is_elsewhere);
            proofs.push(proof::completeness(part, &sections));
            if !sections.is_empty() {
                let kept = proof::proven_part(part, answer, &sections);
                unproven.push(UnprovenChunk { chunk, kept, sections });
            }
        }
        let reviewed = ReviewOutcome {
            completeness: proof::all(proofs),
            unproven,
            findings,
            verified: assembled.verified,
            criteria: assembled.criteria,
        };
        Ok(JobOutcome::Reviewed(reviewed, assembled.demoted))
    }

    /// The findings of earlier reviews about the files of a call that it is not asked to verify.
    fn on_record(&self, part: &Chunk, scope: &ReviewScope) -> Vec<&ReviewFinding> {
        let review = self.run.review_loop();
        let open = review.open_in(scope);
        let is_shown = |path: &str| part.sections.iter().any(|section| section.path == path);
        let known = review.findings.iter().map(|finding| &finding.original);
        known.filter(|one| !open.contains(&one.id) && is_shown(&one.path)).collect()
    }

    /// The findings that a later round asks about.
    fn open(&self, scope: &ReviewScope) -> Vec<ReviewFinding> {
        let review = self.run.review_loop();
        let open = review.open_in(scope);
        let findings = review.findings.iter().map(|finding| &finding.original);
        findings.filter(|finding| open.contains(&finding.id)).cloned().collect()
    }

    /// Whether an earlier round or review reported the same finding, and as much of it: it is not arbitrated
    /// twice.
    fn is_known(&self, found: &ReviewFinding) -> bool {
        let known = self.run.review_loop().findings.iter();
        let mut unresolved = known.filter(|finding| finding.resolved_in.is_none());
        unresolved.any(|known| is_same(&known.original, found) && !known.gains_from(found))
    }

    fn is_fix_induced(&self, found: &ReviewFinding) -> Result<bool> {
        let Some((line, _)) = found.anchored.lines() else { return Ok(false) };
        let path = BString::from(found.path.as_str());
        attempt::is_fix_induced(self.context.repo, &self.run.review_loop().attempts, &path, line)
    }
}

/// The tree of the change under review, and its base.
struct ChangeSides<'a> {
    objects: &'a Objects,
    base: Option<&'a Oid>,
    tree: &'a Oid,
    places: &'a BTreeMap<String, ChangedLines>,
    renames: Renames,
}

impl<'a> ChangeSides<'a> {
    fn new(session: &'a ReviewSession<'_>, change: &Change, delivered: &'a Delivered) -> Self {
        Self {
            objects: &session.context.repo.objects,
            base: session.run.review_loop().base.as_ref(),
            tree: &session.run.attempt().tree,
            places: &delivered.delivery.places,
            renames: Renames::of(change, delivered),
        }
    }

    /// A file's text in the tree of the change and in the base.
    fn sides(&self, shown: &str) -> (String, String) {
        let now = self.places.get(shown).map_or_else(|| shown.into(), |place| place.path.clone());
        let before = self.renames.by_new.get(&now).unwrap_or(&now);
        let text = |tree: &Oid, path: &BString| {
            shown_text::of_file(self.objects, tree, path.as_bstr()).unwrap_or_default()
        };
        (text(self.tree, &now), self.base.map_or_else(String::new, |base| text(base, before)))
    }

    /// Whether a finding in a file that the change touches was in the base before.
    fn was_before(&self, finding: &ReviewFinding, changed: &[String]) -> bool {
        let is_nowhere = matches!(finding.anchored, Anchored::Removed { .. } | Anchored::Nowhere);
        if is_nowhere || !changed.contains(&finding.path) {
            return false;
        }
        let (now, before) = self.sides(&finding.path);
        let tracked = TrackedFinding::new(finding.clone(), 0, false);
        FindingRecord::new(&tracked, None, Some(&now), &[]).is_where(&before)
            && was_there(finding, changed, &|shown| self.sides(shown))
    }
}

/// Whether a call is the one that shows a file; of a file that none shows it is the first.
fn shows(delivery: &Delivery, call: usize, path: &str) -> bool {
    let has = |part: &Chunk| part.sections.iter().any(|section| section.path == path);
    if delivery.calls.iter().any(has) { has(&delivery.calls[call]) } else { call == 0 }
}

/// The chunk with these sections alone; whole where there are none.
fn part_of(chunk: &Chunk, unproven: &[UnprovenSection]) -> Chunk {
    if unproven.is_empty() {
        return chunk.clone();
    }
    let again = unproven.iter().filter_map(|one| chunk.sections.get(one.section));
    Chunk { sections: again.cloned().collect(), fence_nonce: chunk.fence_nonce.clone() }
}
