//! The rule that findings of one run led to, for its branch: nothing is written into a work tree.

use anyhow::Result;

use crate::domain::constitution::promote::{Given, PromotionDecision};
use crate::domain::constitution::prove::Proof;
use crate::domain::constitution::rule::Rule;
use crate::domain::model::oid::Oid;
use crate::domain::policy::switch::Switch;
use crate::flow::context::Context;
use crate::flow::learn::drafting::{AskAgent, DraftResult, draft};
use crate::flow::learn::request::LearnRequest;
use crate::flow::learn::session::Learning;
use crate::platform::store::ledger::query::SightingRow;

/// A rule, with the file that it stands in and the text of that.
pub struct BranchRule {
    pub rule: Box<Rule>,
    pub text: String,
}

/// What became of the findings of a run.
pub enum BranchLearned {
    Rule(BranchRule),
    /// Why a mistake that came back became no rule, one a line; empty where none came back.
    Nothing(Vec<String>),
    Interrupted,
}

/// The first rule that is proved, of the mistakes that came back with a finding of the run's own; proved upon that
/// commit. An agent is asked for a draft where `ask` is given, the policy says so, and code finds none.
pub fn rule_upon(
    context: Context<'_>,
    (commit, tree): (&Oid, &Oid),
    is_own: &dyn Fn(&SightingRow) -> bool,
    mut ask: Option<&mut AskAgent<'_>>,
) -> Result<BranchLearned> {
    let mut learning = Learning::upon(context, commit, tree)?;
    let request = LearnRequest { dry_run: true, ..LearnRequest::default() };
    let (rows, due) = learning.due(&request)?;
    let own: Vec<String> =
        rows.iter().filter(|(_, row)| is_own(row)).map(|(one, _)| one.finding.clone()).collect();
    let mut why = Vec::new();
    for (candidate, after) in &due {
        if !candidate.findings.iter().any(|finding| own.contains(finding)) {
            continue;
        }
        if let Some(error) = learning.broken(candidate) {
            why.push(format!("`{}`: {}", candidate.class, error.message));
            continue;
        }
        let mut inputs = learning.inputs(candidate, *after, &rows, &request, false);
        if learning.known(&inputs, Given::Nothing).is_some() {
            continue;
        }
        learning.find_fixes(&mut inputs, &rows);
        let mut decision = learning.decide(&inputs, Given::Nothing);
        let is_prose =
            matches!(&decision, PromotionDecision::Learn { proof: Proof::Prose { .. }, .. });
        if let Some(ask) = ask.as_mut().filter(|_| is_prose && learning.policy.draft == Switch::On)
        {
            match draft(&learning, candidate, &inputs, *ask)? {
                DraftResult::Draft(draft, _) => {
                    decision = learning.decide(&inputs, Given::Draft(&draft));
                }
                DraftResult::Nothing(said) | DraftResult::NoAgent(said) => {
                    why.push(format!("`{}`: {said}", candidate.class));
                    continue;
                }
                DraftResult::Interrupted => return Ok(BranchLearned::Interrupted),
            }
        }
        match decision {
            PromotionDecision::Learn { rule, proof: Proof::Proved { .. } } => {
                match learning.placed(rule, &inputs.replaced) {
                    Ok((rule, text)) => {
                        return Ok(BranchLearned::Rule(BranchRule { rule, text }));
                    }
                    Err(said) => why.push(format!("`{}`: {}", candidate.class, said.reason())),
                }
            }
            PromotionDecision::Learn { proof: Proof::Prose { reason }, .. }
            | PromotionDecision::Full { reason } => {
                why.push(format!("`{}`: {reason}", candidate.class));
            }
            PromotionDecision::Covered { .. } | PromotionDecision::Forgotten { .. } => {}
        }
    }
    Ok(BranchLearned::Nothing(why))
}
