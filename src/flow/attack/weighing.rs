//! Has the arbiter weigh each test that breaks, and a second process what the arbiter dismisses.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::domain::attack::answer::{AttackCase, AttackFile};
use crate::domain::attack::clause::SpecClause;
use crate::domain::attack::prompt;
use crate::domain::attack::prompt::{AttackPrompt, BreakingTest};
use crate::domain::attack::record::CaseRecord;
use crate::domain::attack::verdict::CaseVerdict;
use crate::domain::attack::weighing::{Weighed, needs_second, weighed};
use crate::domain::model::notice::Progress;
use crate::domain::model::severity::Severity;
use crate::domain::pipeline::job::CallFailure;
use crate::domain::review::anchor::anchor;
use crate::domain::review::arbiter;
use crate::domain::review::arbiter::CheckedAgainst;
use crate::domain::review::arbiter_decision::{ArbiterDecision, SecondLook};
use crate::domain::review::finding::{FindingOrigin, ReviewFinding};
use crate::domain::review::second_look;
use crate::domain::review::surroundings::around;
use crate::domain::spec::types::Spec;
use crate::flow::attack::session::{AttackSession, is_breaking};
use crate::flow::call::roles::AssignedAgent;
use crate::flow::review::request::{ParsedRequest, request_parsed, without_secrets};
use crate::flow::review::texts::Texts;
use crate::platform::agents::ask::{Access, Answer};

/// The longest title of a finding, in characters.
const TITLE_CHARS_MAX: usize = 80;

impl AttackSession<'_> {
    /// Weighs the cases that break.
    pub(super) fn weigh(&mut self, files: &[AttackFile], cases: &mut [CaseRecord]) -> Result<()> {
        for one in cases.iter_mut().filter(|one| is_breaking(one)) {
            let (verdict, word) = self.weigh_case(files, one)?;
            (one.verdict, one.weighed) = (verdict, word);
        }
        Ok(())
    }

    fn weigh_case(
        &mut self,
        files: &[AttackFile],
        one: &CaseRecord,
    ) -> Result<(CaseVerdict, Option<Weighed>)> {
        let (arbiter, second) = (self.agents.arbiter.clone(), self.agents.second.clone());
        let key = format!("weigh-{}", one.case.id);
        let first = match self.ask_arbiter(&arbiter, &key, files, one)? {
            Ok(decision) => decision,
            Err(failure) => {
                let reason = self.failed("the arbiter gave no answer", &failure);
                return Ok((one.verdict.clone(), Some(Weighed::Unanswered { reason })));
            }
        };
        if !needs_second(&first) {
            return Ok(weighed(one.verdict.clone(), &first, None));
        }
        // It sees nothing of what the first one said.
        let key = format!("second-{}", one.case.id);
        let look = match self.ask_arbiter(&second, &key, files, one)? {
            Ok(other) => second_look::compare(&first, &other),
            Err(failure) => SecondLook::NotPaid { why: self.failed("it gave no answer", &failure) },
        };
        Ok(weighed(one.verdict.clone(), &first, Some(&look)))
    }

    fn ask_arbiter(
        &mut self,
        to: &AssignedAgent,
        key: &str,
        files: &[AttackFile],
        one: &CaseRecord,
    ) -> Result<Result<ArbiterDecision, CallFailure>> {
        let case = &one.case;
        let claim = self.claim_of(one);
        let dir = self.reading_copy_for(to, key)?;
        let tree = self.copies.texts(&self.target.change)?;
        let delivery = &self.delivered.delivery;
        let texts = Texts::new(&self.context.repo.objects, &self.target.change.tree, delivery);
        let sections = around(&claim, delivery, &|path| texts.text(path), &tree).concat();
        let (spec, rules) = (self.spec_text(), self.rules());
        let token = &delivery.calls.first().context("nothing was shown")?.fence_nonce;
        let in_file = files.iter().find(|file| file.path == case.file);
        let (regression, output) = match &one.verdict {
            CaseVerdict::Breaks { regression, output, .. } => (*regression, output.as_str()),
            other => (false, other.why()),
        };
        let test = BreakingTest {
            id: &case.id,
            case,
            clause: case.clause.as_ref().context("a test breaks without a clause")?,
            text: in_file.map_or("", |file| file.content.as_str()),
            output,
            regression,
        };
        let ask =
            AttackPrompt { spec: &spec, rules: &rules, sections: &sections, fence_nonce: token };
        self.context.notify(Progress::Arbitrating {
            agent: to.name.clone(),
            finding: case.id.clone(),
            title: case.title.clone(),
        });
        let request = ParsedRequest {
            to,
            key,
            prompt: &prompt::weigh(ask, test),
            token,
            dir: &dir,
            schema: &arbiter::schema(),
            access: Access::Read,
        };
        let parse = |answer: &Answer| {
            let json = answer.json.as_ref().ok_or_else(|| "it holds no JSON object".to_owned())?;
            let value: Value = without_secrets(json);
            arbiter::parse(&value, &claim)
        };
        let (reply, _) = request_parsed(self.client, &request, &parse)?;
        self.copies.give_back(key);
        let requirements = self.inputs.parsed_spec().map(Spec::requirement_ids).unwrap_or_default();
        Ok(reply.map_err(|error| error.of(to)).map(|answer| {
            let read = |path: &str| texts.meant_text(path);
            let against = CheckedAgainst {
                finding: &claim,
                others: &[],
                requirements: &requirements,
                read: &read,
            };
            arbiter::adjudicate(answer, against)
        }))
    }

    /// What a test that breaks claims, as a reviewer would.
    pub(super) fn claim_of(&self, one: &CaseRecord) -> ReviewFinding {
        let case: &AttackCase = &one.case;
        let delivery = &self.delivered.delivery;
        let texts = Texts::new(&self.context.repo.objects, &self.target.change.tree, delivery);
        let text = texts.text(&case.line.path).unwrap_or_default();
        let touched = delivery.places.get(&case.line.path);
        let touched = touched.map(|place| place.touched.as_slice()).unwrap_or_default();
        let clause = case.clause.as_ref();
        let severity = clause.map_or(Severity::High, SpecClause::severity);
        ReviewFinding {
            id: case.id.clone(),
            class: case.class.clone(),
            severity,
            basis: clause.map(SpecClause::basis).unwrap_or_default(),
            title: case.title.chars().take(TITLE_CHARS_MAX).collect(),
            path: case.line.path.clone(),
            anchor: case.line.quote.clone(),
            failure: format!("{} gives something else than {}", case.input, case.expected),
            evidence: Vec::new(),
            fix: String::new(),
            search_pattern: String::new(),
            same_as: None,
            anchored: anchor(&case.line.quote, &text, touched),
            origin: FindingOrigin::Change,
        }
    }
}
