//! Decides what becomes of one mistake that came back: gathers what the decision needs, and acts on it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use anyhow::Result;

use crate::domain::constitution::draft::is_by_code;
use crate::domain::constitution::drafter::Draft;
use crate::domain::constitution::incident::{ExistingRules, ForgottenRule, Incident};
use crate::domain::constitution::promote::{Given, PromotionDecision, decide, topic_path};
use crate::domain::constitution::prove::{Proof, Rest};
use crate::domain::constitution::recurrence::{Candidate, RecurrenceThreshold};
use crate::domain::constitution::rule::{Rule, RuleCheck, RuleStatus};
use crate::flow::learn::outcome::Outcome;
use crate::flow::learn::request::Request;
use crate::flow::learn::session::{Learning, Rows};
use crate::flow::learn::{cases, sample};

/// What a decision about a candidate needs.
pub(super) struct Matter<'a> {
    candidate: &'a Candidate,
    after: RecurrenceThreshold,
    pub(super) cases: Vec<Incident>,
    /// The rules that stand, but for those that are to be replaced.
    rules: Vec<Rule>,
    forgotten: Vec<ForgottenRule>,
    pub(super) replaced: BTreeSet<String>,
    sample: OnceCell<Vec<(String, String)>>,
}

impl Learning<'_> {
    pub(super) fn one(
        &mut self,
        candidate: &Candidate,
        after: RecurrenceThreshold,
        rows: &Rows,
        request: &Request,
        drafted: Option<&Draft>,
    ) -> Result<Outcome> {
        if let Some(error) = self.broken(candidate) {
            return Ok(Outcome::Broken(error.clone()));
        }
        let given = match (&request.check, drafted) {
            (Some(check), _) => Given::Check(check),
            (None, Some(draft)) => Given::Draft(draft),
            (None, None) => Given::Nothing,
        };
        let again = !matches!(given, Given::Nothing);
        let mut matter = self.matter(candidate, after, rows, request, again);
        if let Some(ids) = self.known(&matter, given) {
            return Ok(Outcome::Known { ids });
        }
        self.find_fixes(&mut matter, rows);
        let outcome = match self.decide(&matter, given) {
            PromotionDecision::Learn { proof: Proof::Prose { reason }, .. }
                if request.check.is_some() =>
            {
                Outcome::Unproved { reason }
            }
            PromotionDecision::Learn { rule, proof } => {
                return self.add(rule, proof, &matter.replaced, request.dry_run);
            }
            PromotionDecision::Covered { ids } => Outcome::Known { ids },
            PromotionDecision::Forgotten { id } if self.deleted.contains(&id) => {
                Outcome::Forgotten { id }
            }
            PromotionDecision::Forgotten { id } => Outcome::Elsewhere { id },
            PromotionDecision::Full { reason } => Outcome::Full { reason },
        };
        Ok(outcome)
    }

    /// Gathers what a decision needs. `again`: something better than the prose that stands may
    /// come of it.
    pub(super) fn matter<'c>(
        &self,
        candidate: &'c Candidate,
        after: RecurrenceThreshold,
        rows: &Rows,
        request: &Request,
        again: bool,
    ) -> Matter<'c> {
        let cases = cases::of(self.repo, candidate, rows);
        // What a person wrote is replaced only where a person names its class.
        let may_go = |rule: &Rule| again && (request.class.is_some() || is_by_code(rule));
        let replaced = self.prose_of(candidate, &cases, may_go);
        let standing = self.standing.rules.iter().chain(&self.committed);
        let rules = standing.filter(|rule| !replaced.contains(&rule.id)).cloned().collect();
        let forgotten = self.forgotten(request, &cases);
        Matter { candidate, after, cases, rules, forgotten, replaced, sample: OnceCell::new() }
    }

    /// The rules that say it already. What is known, and most is, needs no walk through the history.
    pub(super) fn known(&self, matter: &Matter<'_>, given: Given<'_>) -> Option<Vec<String>> {
        let nothing = |_: &mut dyn FnMut(&str, &str) -> bool| {};
        match self.decide_with(matter, given, &nothing) {
            PromotionDecision::Covered { ids } => Some(ids),
            _ => None,
        }
    }

    pub(super) fn find_fixes(&self, matter: &mut Matter<'_>, rows: &Rows) {
        if let Some(head) = &self.head {
            cases::find_fixes(self.repo, head, &mut matter.cases, rows);
        }
    }

    pub(super) fn decide(&self, matter: &Matter<'_>, given: Given<'_>) -> PromotionDecision {
        let rest = |visit: &mut dyn FnMut(&str, &str) -> bool| {
            let files: &Vec<(String, String)> =
                matter.sample.get_or_init(|| self.sample(matter.candidate, &matter.cases));
            let _stopped = files.iter().any(|(path, text)| !visit(path, text));
        };
        self.decide_with(matter, given, &rest)
    }

    fn decide_with(
        &self,
        matter: &Matter<'_>,
        given: Given<'_>,
        rest: Rest<'_>,
    ) -> PromotionDecision {
        let stands = ExistingRules {
            rules: &matter.rules,
            forgotten: &matter.forgotten,
            limits: self.limits(),
        };
        decide(matter.candidate, &matter.cases, matter.after, stands, given, rest)
    }

    /// The prose that something better is now given for.
    fn prose_of(
        &self,
        candidate: &Candidate,
        cases: &[Incident],
        may_go: impl Fn(&Rule) -> bool,
    ) -> BTreeSet<String> {
        let findings: BTreeSet<&String> = cases.iter().map(|case| &case.sighting.finding).collect();
        let is_it = |rule: &&Rule| {
            let grew = rule.origin.as_ref().is_some_and(|origin| {
                origin.findings.iter().any(|finding| findings.contains(finding))
            });
            grew && rule.status == RuleStatus::Proposed
                && rule.check == RuleCheck::None
                && rule.class == candidate.class
                && rule.at.path == topic_path(&rule.class)
                && may_go(rule)
        };
        self.standing.rules.iter().filter(is_it).map(|rule| rule.id.clone()).collect()
    }

    fn sample(&self, candidate: &Candidate, cases: &[Incident]) -> Vec<(String, String)> {
        let Some(tree) = &self.head_tree else { return Vec::new() };
        // A tree that cannot be read whole is no reason to learn nothing.
        sample::of(&self.repo.objects, tree, &candidate.component, cases).unwrap_or_default()
    }
}
