//! What a repair has beside the run of a spec: the question for the cause, and the record of it.

use std::path::Path;

use anyhow::{Context as _, Result};
use bstr::{BStr, ByteSlice as _};

use crate::domain::diagnosis::answer::{Diagnosis, parse, schema};
use crate::domain::diagnosis::check::{CodeOfBase, checked};
use crate::domain::diagnosis::prompt;
use crate::domain::diagnosis::prompt::DiagnosisPrompt;
use crate::domain::gates::policy_files::is_policy_path;
use crate::domain::model::change::Change;
use crate::domain::model::finding::{Effect, Finding, Location};
use crate::domain::model::gate::Gate;
use crate::domain::model::severity::Severity;
use crate::domain::model::standing::ACTOR;
use crate::domain::model::stored_finding::{Disposition, DispositionKind};
use crate::domain::model::text::one_line;
use crate::domain::pipeline::job::{CallFailure, JobId};
use crate::domain::pipeline::spec_run::outcome::SpecOutcome;
use crate::domain::pipeline::spec_run::stage::{BuiltTask, PlanningTry};
use crate::domain::review::fix_limits::is_steering;
use crate::flow::evaluate::{recording, shown_text};
use crate::flow::intake::spec_listing::SpecGlobs;
use crate::flow::run::planning::{PlanningQuestion, PlanningResult};
use crate::flow::run::session::SpecSession;
use crate::platform::config::env::now;
use crate::platform::store::ledger;
use crate::platform::store::ledger::error::Error as LedgerError;

impl SpecSession<'_> {
    /// Asks why the bug happens, and holds the answer against the code of the base.
    pub(super) fn diagnose(&self, job: &JobId, again: &PlanningTry) -> PlanningResult {
        let report = self.run.about.report.as_deref().context("there is no report")?;
        let policy = &self.prepared.effective.policy;
        let (scope, token) = (&policy.gates.scope, self.fence_nonce(job));
        let question = PlanningQuestion {
            to: &self.prepared.planner,
            prompt: prompt::diagnose(DiagnosisPrompt {
                report,
                rules: &self.rules()?,
                refused: &again.refused,
                fence_nonce: &token,
                files_max: scope.files,
                lines_max: scope.lines,
            }),
            schema: schema(),
            parse: &parse,
        };
        let (answer, answers) = self.ask_about(job, &token, &question)?;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let failure = error.of(&self.prepared.planner);
                return Ok((SpecOutcome::Failed(failure), answers));
            }
        };
        let (objects, tree) = (&self.private.objects, &self.run.about.base_tree);
        let (runners, globs) = (self.runners()?, SpecGlobs::new(&policy.watch.specs)?);
        let came = checked(
            answer,
            CodeOfBase {
                read: &|path| shown_text::of_file(objects, tree, path.as_bytes().as_bstr()),
                has: &|path| matches!(objects.entry(tree, BStr::new(path)), Ok(Some(_))),
                is_closed: &|path| {
                    is_steering(path, is_policy_path)
                        || runners.iter().any(|runner| runner == path)
                        || globs.is_spec(Path::new(path))
                },
                files_max: scope.files,
            },
        );
        Ok((SpecOutcome::Diagnosed(came), answers))
    }

    /// Keeps the cause on record as what a person found, repaired on the branch: it counts where the same mistake
    /// comes again. Again it changes nothing.
    pub(super) fn learn(&self, built: &BuiltTask) -> Result<SpecOutcome> {
        let diagnosis = self.run.progress().diagnosis.as_ref().context("there is no diagnosis")?;
        let about = &self.run.about;
        let change = Change::at(Some(about.base.clone()), about.base_tree.clone());
        let found = [(&change, vec![finding_of(diagnosis)])];
        let kept = recording::try_record(self.context, &found).map(|kept| kept.findings);
        let id = match kept.map(|kept| kept.into_iter().next().and_then(|one| one.id)) {
            Ok(Some(id)) => id,
            Ok(None) => return Ok(SpecOutcome::Learned(None)),
            Err(error) => return Ok(unrecorded(&format!("{:#}", error.hinted()))),
        };
        let now = now(self.context.env);
        let repaired = Disposition {
            decision: DispositionKind::Resolved,
            actor: ACTOR.to_owned(),
            reason: format!("repaired on the branch `{}`", about.branch),
            time: now,
            until: None,
            commit: Some(built.commit.clone()),
        };
        let closed = ledger::with(&self.context.repo.state_dir(), now, |ledger| {
            match ledger.get(&id, now)? {
                Some(known) if known.status.is_gone() => Ok(()),
                _ => ledger.dispose(&id, &repaired),
            }
        });
        Ok(match closed.map_err(LedgerError::hinted) {
            Ok(_) => SpecOutcome::Learned(Some(id)),
            Err(error) => unrecorded(&format!("{error:#}")),
        })
    }
}

fn unrecorded(why: &str) -> SpecOutcome {
    let why = format!("the repair is on its branch, and its cause could not be recorded: {why}");
    SpecOutcome::Failed(CallFailure::Infrastructure(why))
}

/// The cause, where the code shows it first.
fn finding_of(diagnosis: &Diagnosis) -> Finding {
    let place = diagnosis.quotes.first();
    let first = place.and_then(|place| place.quote.trim().lines().next()).unwrap_or_default();
    Finding {
        gate: Gate::Person,
        rule: "bug".to_owned(),
        class: diagnosis.class.clone(),
        severity: Severity::High,
        effect: Effect::Warn,
        place: place.map(|place| Location::line(place.path.as_str(), place.line)),
        anchor: first.trim().to_owned(),
        message: format!("{}: {}", diagnosis.title, one_line(&diagnosis.cause)),
        suggestion: String::new(),
    }
}
