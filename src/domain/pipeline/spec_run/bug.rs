//! The steps of a repair that the run of a spec does not have: what it is held to before the cause is known, and
//! after.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::domain::diagnosis::answer::{CodeQuote, Diagnosis, ReportAnswer};
use crate::domain::model::size::Size;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::run::SpecCopy;
use crate::domain::pipeline::spec_run::SpecRun;
use crate::domain::pipeline::spec_run::planned;
use crate::domain::pipeline::spec_run::stage::{PlanningTry, SpecStage};
use crate::domain::pipeline::spec_run::stop::SpecStop;
use crate::domain::spec::belongs::SpecGround;
use crate::domain::spec::reported::ReportedBug;

/// The longest title that is made of a report, in characters.
const TITLE_CHARS_MAX: usize = 60;

/// What a report is known by: one that says the same again is the same bug.
pub fn id_of(report: &str, base: Option<&str>) -> String {
    let of = format!("{}\n{}", base.unwrap_or_default(), one_line(report));
    format!("fix-{}", &blake3::hash(of.as_bytes()).to_hex()[..8])
}

/// What a repair is held to while nobody knows the cause.
pub fn undiagnosed(id: &str, report: &str) -> SpecCopy {
    let title = report.lines().map(one_line).find(|line| !line.is_empty()).unwrap_or_default();
    let title = title.trim_start_matches(['#', ' ']).chars().take(TITLE_CHARS_MAX).collect();
    copy_of(&ReportedBug {
        id: id.to_owned(),
        title,
        goal: format!("A bug was reported:\n\n{}", report.trim()),
        criterion: "what the report says happens no more".to_owned(),
        touches: Vec::new(),
    })
}

/// The same once the cause is known.
fn diagnosed_copy(id: &str, report: &str, diagnosis: &Diagnosis) -> SpecCopy {
    let mut goal = format!("A bug was reported:\n\n{}\n\n", report.trim());
    let _ = writeln!(goal, "Why it happens: {}", diagnosis.cause.trim());
    for quote in diagnosis.quotes.iter().map(CodeQuote::in_words) {
        let _ = write!(goal, "\n{quote}");
    }
    copy_of(&ReportedBug {
        id: id.to_owned(),
        title: diagnosis.title.clone(),
        goal,
        criterion: diagnosis.criterion(),
        touches: diagnosis.files.clone(),
    })
}

fn copy_of(bug: &ReportedBug) -> SpecCopy {
    let text = bug.text();
    SpecCopy {
        ground: SpecGround::Report,
        path: PathBuf::from(&bug.id),
        hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
        text,
        only: None,
        dropped: Vec::new(),
    }
}

/// The stage after an agent said why the bug happens; `None` where there is no report.
pub(super) fn diagnosed(
    run: &mut SpecRun,
    ask: &PlanningTry,
    came: Result<ReportAnswer, Vec<String>>,
) -> Option<SpecStage> {
    let (about, spec) = (&mut run.about, &mut run.machine.spec);
    let report = about.report.as_ref()?;
    let diagnosis = match came {
        Ok(ReportAnswer::Found(diagnosis)) => diagnosis,
        Ok(ReportAnswer::Nothing(nothing)) => {
            return Some(SpecStage::stopped(SpecStop::NoRepair(nothing)));
        }
        Err(why) => {
            let stop = SpecStop::NoDiagnosis;
            return Some(planned::once_more(ask, why, SpecStage::Diagnosing, stop));
        }
    };
    about.spec = diagnosed_copy(&about.spec_id, report, &diagnosis);
    about.title.clone_from(&diagnosis.title);
    about.touches.clone_from(&diagnosis.files);
    spec.diagnosis = Some(diagnosis);
    planned::begin(spec, about, Some(Size::S), None)
}
