//! Asks the reviewer of a run, and assembles its findings.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bstr::BString;

use crate::domain::model::agent::Role;
use crate::domain::model::change::{Change, FileChange};
use crate::domain::model::oid::Oid;
use crate::domain::pipeline::run::{CallFailure, JobOutcome, ReviewOutcome, ReviewScope};
use crate::domain::review::answer;
use crate::domain::review::answer::{ExpectedAnswer, ReviewAnswer};
use crate::domain::review::assemble::{ReviewedTree, assemble};
use crate::domain::review::deliver::Delivery;
use crate::domain::review::deliver::unscanned::Unscanned;
use crate::domain::review::finding::{Completeness, ReviewFinding};
use crate::domain::review::prompt;
use crate::domain::review::prompt::{OpenFinding, ReviewPrompt};
use crate::domain::review::proof;
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::delivery::{Delivered, elsewhere, lay_out, shown_path};
use crate::flow::review::request::{AskError, StructuredRequest};
use crate::flow::review::session::ReviewSession;
use crate::flow::review::texts::Texts;
use crate::flow::workspace::{attempt, reading_copy};

impl ReviewSession<'_> {
    /// Reviews the current attempt.
    pub(super) fn review(&mut self, scope: &ReviewScope) -> Result<JobOutcome> {
        let change = self.change_since(self.reviewed_from(scope)?.as_ref())?;
        let (number, tries) = (self.record.run.current(), self.record.run.failed_reviews);
        let name = match scope {
            ReviewScope::Full | ReviewScope::Delta { .. } => format!("review-{number}-{tries}"),
            ReviewScope::Criteria(_) => format!("criteria-{number}-{tries}"),
        };
        let delivered = lay_out(self.repo, self.inputs, &change, &self.seed(&name))?;
        let gaps = self.note_delivered(&delivered);
        if !gaps.is_empty() {
            return Ok(incomplete(gaps));
        }
        let dir = self.reading_copy(&change)?;
        let gaps = self.note_uncopied(&change);
        if !gaps.is_empty() {
            return Ok(incomplete(gaps));
        }
        let delivery = delivered.delivery;
        let texts = Texts::new(&self.repo.objects, &change.tree, &delivery);
        let open = self.open(scope);
        let inputs = self.inputs;
        let call = ReviewCall {
            name: &name,
            reviewer: &inputs.reviewers().context("the route has no reviewer")?.reviewer,
            delivery: &delivery,
            texts: &texts,
            rules: &self.rules(Role::Reviewer, &change.files),
            open: &open,
            dir: &dir,
        };
        Ok(match self.call_reviewer(&call)? {
            Ok(answers) => JobOutcome::Reviewed(self.reviewed(&call, &answers)?),
            Err(failure) => JobOutcome::Failed(failure),
        })
    }

    /// The tree that the reviewed attempt is compared with.
    fn reviewed_from(&self, scope: &ReviewScope) -> Result<Option<Oid>> {
        match scope {
            ReviewScope::Full | ReviewScope::Criteria(_) => Ok(self.record.run.base.clone()),
            ReviewScope::Delta { since, .. } => {
                let since = self.record.run.attempts.get(*since);
                Ok(Some(since.context("the run has no such attempt")?.tree.clone()))
            }
        }
    }

    /// Records what is delivered and what is not; returns what should have been.
    fn note_delivered(&mut self, delivered: &Delivered) -> Vec<(String, String)> {
        let Delivered { delivery, left_out } = delivered;
        let named = |one: &Unscanned| (one.path.clone(), one.reason.to_string());
        let unscanned = delivery.unscanned.iter();
        self.record.unscanned =
            unscanned.clone().map(named).chain(left_out.iter().cloned()).collect();
        let sections = delivery.calls.iter().flat_map(|part| &part.sections);
        self.record.delivered = sections.map(|one| (one.path.clone(), one.sha.clone())).collect();
        unscanned.filter(|one| one.reason.is_gap()).map(named).collect()
    }

    /// Records the files that are missing in the reading copy; returns those that are part of the change.
    fn note_uncopied(&mut self, change: &Change) -> Vec<(String, String)> {
        let named = |(path, why): &(BString, String)| (shown_path(path), why.clone());
        self.record.unscanned.extend(self.uncopied.iter().map(named));
        let is_changed = |path: &BString| change.files.iter().any(|file| file.path == *path);
        self.uncopied.iter().filter(|(path, _)| is_changed(path)).map(named).collect()
    }

    /// Assembles a review from the answers to its calls.
    fn reviewed(
        &mut self,
        call: &ReviewCall<'_>,
        answers: &[ReviewAnswer],
    ) -> Result<ReviewOutcome> {
        let criteria: Vec<String> =
            self.record.run.criteria.iter().map(|criterion| criterion.id.clone()).collect();
        let text = |path: &str| call.texts.text(path);
        let ground = ReviewedTree {
            text: &text,
            places: &call.delivery.places,
            criteria: &criteria,
            open: call.open,
        };
        let mut next = u32::try_from(self.record.run.findings.len() + 1).unwrap_or(u32::MAX);
        let assembled = assemble(answers, &ground, &mut next);
        self.record.unanchored += assembled.demoted;
        let raised = assembled
            .raised
            .into_iter()
            .filter(|raised| !self.is_known(raised))
            .map(|raised| Ok((self.is_fix_induced(&raised)?, raised)))
            .map(|pair: Result<(bool, ReviewFinding)>| {
                pair.map(|(induced, raised)| (raised, induced))
            })
            .collect::<Result<Vec<_>>>()?;
        let read = call.delivery.calls.iter().zip(answers);
        let proofs = read.map(|(part, answer)| proof::check(part, answer));
        Ok(ReviewOutcome {
            completeness: proof::all(proofs),
            raised,
            verified: assembled.verified,
            criteria: assembled.criteria,
        })
    }

    /// Makes every call of a review; returns the answers, or the failure.
    fn call_reviewer(
        &mut self,
        call: &ReviewCall<'_>,
    ) -> Result<Result<Vec<ReviewAnswer>, CallFailure>> {
        let ReviewCall { name, reviewer, delivery, texts, rules, open, dir } = *call;
        let asked =
            if open.is_empty() { ExpectedAnswer::Review } else { ExpectedAnswer::Verification };
        let schema = answer::schema(asked);
        let now: Vec<String> = open.iter().map(|raised| texts.now(raised)).collect();
        let open: Vec<OpenFinding<'_>> =
            open.iter().zip(&now).map(|(raised, now)| OpenFinding { raised, now }).collect();
        let count = delivery.calls.len();
        let mut answers = Vec::new();
        for (at, part) in delivery.calls.iter().enumerate() {
            let elsewhere = elsewhere(delivery, at);
            let ask = ReviewPrompt {
                spec: self.inputs.parsed_spec.as_ref(),
                rules,
                part,
                call: (at + 1, count),
                elsewhere: &elsewhere,
            };
            let question = match asked {
                ExpectedAnswer::Review => prompt::review(&ask),
                ExpectedAnswer::Verification => prompt::verification(&ask, &open),
            };
            let sections = part.sections.len();
            let many = if sections == 1 { "" } else { "s" };
            let number = at + 1;
            self.tell(&format!(
                "{} reviews {sections} section{many}, call {number} of {count}",
                reviewer.name
            ));
            let request = StructuredRequest {
                to: reviewer,
                key: &format!("{name}-{at}"),
                prompt: &question,
                token: &part.fence_nonce,
                schema: &schema,
                dir,
            };
            let read = |value: &_| answer::read(value, asked).map_err(|wrong| wrong.to_string());
            match self.request(&request, read)? {
                Ok(answer) => answers.push(answer),
                Err(AskError::Failed(failure)) => return Ok(Err(failure)),
                Err(AskError::Malformed { why, .. }) => {
                    let why = format!("{}: malformed: {why}", reviewer.name);
                    return Ok(Err(CallFailure::Infrastructure(why)));
                }
            }
        }
        Ok(Ok(answers))
    }
}

/// The outcome of a review that is not made, because the rest alone would give no verdict.
fn incomplete(unread: Vec<(String, String)>) -> JobOutcome {
    JobOutcome::Reviewed(ReviewOutcome {
        completeness: Completeness::Incomplete(unread),
        raised: Vec::new(),
        verified: Vec::new(),
        criteria: Vec::new(),
    })
}

/// What all calls of one review have in common.
#[derive(Clone, Copy)]
struct ReviewCall<'a> {
    /// The stable name of the review within the run.
    name: &'a str,
    reviewer: &'a AssignedAgent,
    delivery: &'a Delivery,
    texts: &'a Texts<'a>,
    rules: &'a [String],
    /// The findings that a later round asks about.
    open: &'a [ReviewFinding],
    dir: &'a Path,
}

impl ReviewSession<'_> {
    /// Updates the reading copy to the reviewed tree, changed files first; returns its folder.
    pub(super) fn reading_copy(&mut self, change: &Change) -> Result<PathBuf> {
        let dir = reading_copy::folder(self.repo, &self.record.run.id);
        if self.copied_tree.as_ref() != Some(&change.tree) {
            // Files that could not be copied from another tree are tried again.
            let shown = self.copied_tree.take().filter(|_| self.uncopied.is_empty());
            let follow =
                |from: Oid| reading_copy::update(self.repo, &from, &change.tree, &dir).ok();
            self.uncopied = match shown.and_then(follow) {
                Some(uncopied) => uncopied,
                None => reading_copy::fill(self.repo, &change.tree, &change.files, &dir)?,
            };
            self.copied_tree = Some(change.tree.clone());
        }
        Ok(dir)
    }

    /// The seed of nonces; the same after a kill.
    pub(super) fn seed(&self, name: &str) -> [u8; 32] {
        *blake3::hash(format!("{}/{name}", self.record.seed).as_bytes()).as_bytes()
    }

    /// The nonce of the fences in a prompt.
    pub(super) fn token(&self, name: &str) -> String {
        blake3::hash(format!("{}/token/{name}", self.record.seed).as_bytes()).to_hex()[..12].into()
    }

    pub(super) fn rules(&self, role: Role, files: &[FileChange]) -> Vec<String> {
        self.inputs.rules_for(role, files)
    }

    /// The findings that a later round asks about.
    fn open(&self, scope: &ReviewScope) -> Vec<ReviewFinding> {
        let ReviewScope::Delta { open, .. } = scope else { return Vec::new() };
        let findings = self.record.run.findings.iter().map(|standing| &standing.raised);
        findings.filter(|raised| open.contains(&raised.id)).cloned().collect()
    }

    /// Whether an earlier round raised the same finding: it is not arbitrated twice.
    fn is_known(&self, raised: &ReviewFinding) -> bool {
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        self.record.run.findings.iter().any(|standing| {
            let known = &standing.raised;
            standing.resolved_in.is_none()
                && known.path == raised.path
                && known.class == raised.class
                && squeezed(&known.anchor) == squeezed(&raised.anchor)
        })
    }

    fn is_fix_induced(&self, raised: &ReviewFinding) -> Result<bool> {
        let Some((line, _)) = raised.anchored.lines() else { return Ok(false) };
        let path = BString::from(raised.path.as_str());
        attempt::is_fix_induced(self.repo, &self.record.run.attempts, &path, line)
    }
}
