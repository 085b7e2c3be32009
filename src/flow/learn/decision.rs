//! Decides what is learned from one recurring class, and writes the rule.

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
use crate::flow::learn::outcome::LearnOutcome;
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::session::{Learning, Rows};
use crate::flow::learn::{incidents, sample};

/// The inputs of the decision about a candidate.
pub(super) struct LearningInputs<'a> {
    candidate: &'a Candidate,
    after: RecurrenceThreshold,
    pub(super) cases: Vec<Incident>,
    /// The existing rules, without those to be replaced.
    rules: Vec<Rule>,
    forgotten: Vec<ForgottenRule>,
    pub(super) replaced: BTreeSet<String>,
    sample: OnceCell<Vec<(String, String)>>,
}

impl Learning<'_> {
    pub(super) fn learn_one(
        &mut self,
        candidate: &Candidate,
        after: RecurrenceThreshold,
        rows: &Rows,
        request: &LearnRequest,
        drafted: Option<&Draft>,
    ) -> Result<LearnOutcome> {
        if let Some(error) = self.broken(candidate) {
            return Ok(LearnOutcome::Broken(error.clone()));
        }
        let given = match (&request.check, drafted) {
            (Some(check), _) => Given::Check(check),
            (None, Some(draft)) => Given::Draft(draft),
            (None, None) => Given::Nothing,
        };
        let again = !matches!(given, Given::Nothing);
        let mut inputs = self.inputs(candidate, after, rows, request, again);
        if let Some(ids) = self.known(&inputs, given) {
            return Ok(LearnOutcome::Known { ids });
        }
        self.find_fixes(&mut inputs, rows);
        let outcome = match self.decide(&inputs, given) {
            PromotionDecision::Learn { proof: Proof::Prose { reason }, .. }
                if request.check.is_some() =>
            {
                LearnOutcome::Unproved { reason }
            }
            PromotionDecision::Learn { rule, proof } => {
                return self.add(rule, proof, &inputs.replaced, request.dry_run);
            }
            PromotionDecision::Covered { ids } => LearnOutcome::Known { ids },
            PromotionDecision::Forgotten { id } if self.deleted.contains(&id) => {
                LearnOutcome::Forgotten { id }
            }
            PromotionDecision::Forgotten { id } => LearnOutcome::Elsewhere { id },
            PromotionDecision::Full { reason } => LearnOutcome::Full { reason },
        };
        Ok(outcome)
    }

    /// Gathers the inputs of a decision. With `again` existing prose may be replaced by a check.
    pub(super) fn inputs<'c>(
        &self,
        candidate: &'c Candidate,
        after: RecurrenceThreshold,
        rows: &Rows,
        request: &LearnRequest,
        again: bool,
    ) -> LearningInputs<'c> {
        let cases = incidents::of_candidate(self.repo, candidate, rows);
        // A person's rule is replaced only where a person names its class.
        let may_go = |rule: &Rule| again && (request.class.is_some() || is_by_code(rule));
        let replaced = self.prose_of(candidate, &cases, may_go);
        let current = self.rule_files.rules.iter().chain(&self.committed);
        let rules = current.filter(|rule| !replaced.contains(&rule.id)).cloned().collect();
        let forgotten = self.forgotten(request, &cases);
        LearningInputs {
            candidate,
            after,
            cases,
            rules,
            forgotten,
            replaced,
            sample: OnceCell::new(),
        }
    }

    /// The rules that cover the candidate already. Checked first, because it needs no walk through the
    /// history.
    pub(super) fn known(
        &self,
        inputs: &LearningInputs<'_>,
        given: Given<'_>,
    ) -> Option<Vec<String>> {
        let nothing = |_: &mut dyn FnMut(&str, &str) -> bool| {};
        match self.decide_with(inputs, given, &nothing) {
            PromotionDecision::Covered { ids } => Some(ids),
            _ => None,
        }
    }

    pub(super) fn find_fixes(&self, inputs: &mut LearningInputs<'_>, rows: &Rows) {
        if let Some(head) = &self.head {
            incidents::find_fixes(self.repo, head, &mut inputs.cases, rows);
        }
    }

    pub(super) fn decide(
        &self,
        inputs: &LearningInputs<'_>,
        given: Given<'_>,
    ) -> PromotionDecision {
        let rest = |visit: &mut dyn FnMut(&str, &str) -> bool| {
            let files: &Vec<(String, String)> =
                inputs.sample.get_or_init(|| self.sample(inputs.candidate, &inputs.cases));
            let _stopped = files.iter().any(|(path, text)| !visit(path, text));
        };
        self.decide_with(inputs, given, &rest)
    }

    fn decide_with(
        &self,
        inputs: &LearningInputs<'_>,
        given: Given<'_>,
        rest: Rest<'_>,
    ) -> PromotionDecision {
        let stands = ExistingRules {
            rules: &inputs.rules,
            forgotten: &inputs.forgotten,
            limits: self.limits(),
        };
        decide(inputs.candidate, &inputs.cases, inputs.after, stands, given, rest)
    }

    /// The prose rules that the new rule replaces.
    fn prose_of(
        &self,
        candidate: &Candidate,
        cases: &[Incident],
        may_go: impl Fn(&Rule) -> bool,
    ) -> BTreeSet<String> {
        let findings: BTreeSet<&String> =
            cases.iter().map(|case| &case.occurrence.finding).collect();
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
        self.rule_files.rules.iter().filter(is_it).map(|rule| rule.id.clone()).collect()
    }

    fn sample(&self, candidate: &Candidate, cases: &[Incident]) -> Vec<(String, String)> {
        let Some(tree) = &self.head_tree else { return Vec::new() };
        // A sample that cannot be read does not prevent learning.
        sample::of(&self.repo.objects, tree, &candidate.component, cases).unwrap_or_default()
    }
}
