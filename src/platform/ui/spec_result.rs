//! What the run of a spec came to, for people and for programs.

use serde_json::{Value, json};

use crate::domain::model::terminal::printable;
use crate::domain::model::text::{counted, short_id};
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::{SpecEnd, SpecStage, SpecStop};
use crate::platform::ui::review_result::{resume_words, until};

/// The lines for people, the outcome first.
pub fn lines(result: &SpecRunResult) -> Vec<String> {
    let about = &result.run.about;
    let (spec, id) = (printable(&about.spec_id), short_id(&result.run.id));
    let mut lines = match result.run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit }) => {
            let files = counted(result.files.len(), "file");
            vec![format!(
                "built `{spec}`: commit {} on the branch `{}`, {files}",
                commit.short(),
                about.branch
            )]
        }
        SpecStage::Ended(SpecEnd::Stopped(stop)) => {
            let mut reasons = stop.reasons().into_iter();
            let first = reasons.next().unwrap_or_default();
            let word = result.verdict().as_str();
            let mut all = vec![format!("{word}: `{spec}` is not built: {}", printable(&first))];
            all.extend(reasons.map(|line| format!("  {}", printable(&line))));
            all
        }
        SpecStage::Paused(pause) => {
            let until = until(pause.resume_when);
            let mut why = pause.why.lines().map(printable);
            let first = why.next().unwrap_or_default();
            let mut all = vec![format!("paused {until}: `{spec}` is not built yet: {first}")];
            all.extend(why.map(|line| format!("  {line}")));
            all
        }
        stage => vec![format!("`{spec}` is not built yet: {}", stage.as_str())],
    };
    if let Some(commits) = result.base_moved_by {
        lines.push(format!(
            "`{}` has {} beyond the one that it was built on",
            printable(&about.base_name),
            counted(commits, "commit")
        ));
    }
    lines.push(format!("run {id}: {}", result.spent));
    lines
}

/// What to do next.
pub fn hints(result: &SpecRunResult) -> Vec<String> {
    let about = &result.run.about;
    let id = short_id(&result.run.id);
    match result.run.stage() {
        SpecStage::Ended(SpecEnd::Done { .. }) => {
            let mut hints = vec![format!("`git merge {}` takes it", about.branch)];
            if result.base_moved_by.is_some() {
                hints.push(format!(
                    "`git rebase {} {}` brings it up to date",
                    about.base_name, about.branch
                ));
            }
            hints
        }
        SpecStage::Ended(SpecEnd::Stopped(stop)) => match stop {
            SpecStop::NotPassed { review, .. } => {
                vec![format!("`tribunal runs show {}` shows what was found", short_id(review))]
            }
            SpecStop::BaseUntested(_) => {
                vec!["see why with `tribunal check --commands`, repair it on the base, and run the spec again".to_owned()]
            }
            SpecStop::Extension(_) => {
                vec![
                    "add the paths to the spec's `touches`, or make it two specs, and run it again"
                        .to_owned(),
                ]
            }
            SpecStop::Aborted => Vec::new(),
            SpecStop::NoRedTests(_) | SpecStop::Disagreement(_) | SpecStop::NotBuilt(_) => {
                vec![format!(
                    "change what the reasons name, in the spec `{}` or in the code, and run it again",
                    about.spec.path.display()
                )]
            }
            SpecStop::Gates(_) => vec!["repair what they name, and run the spec again".to_owned()],
        },
        _ => vec![format!("`tribunal resume {id}` continues it, `tribunal abort {id}` ends it")],
    }
}

/// The same as data.
pub fn json(result: &SpecRunResult) -> Value {
    let (run, about) = (&result.run, &result.run.about);
    let (commit, reasons) = match run.stage() {
        SpecStage::Ended(SpecEnd::Done { commit }) => (Some(commit.to_string()), Vec::new()),
        SpecStage::Ended(SpecEnd::Stopped(stop)) => (None, stop.reasons()),
        SpecStage::Paused(pause) => (None, vec![pause.why.clone()]),
        _ => (None, Vec::new()),
    };
    let resume_when = match run.stage() {
        SpecStage::Paused(pause) => Some(resume_words(pause.resume_when)),
        _ => None,
    };
    json!({
        "run": run.id,
        "spec": about.spec_id,
        "stage": run.stage().as_str(),
        "verdict": run.has_ended().then(|| result.verdict().as_str()),
        "base": {"commit": about.base.to_string(), "name": about.base_name, "moved_by": result.base_moved_by},
        "branch": about.branch,
        "commit": commit,
        "files": result.files,
        "reasons": reasons,
        "resume_when": resume_when,
        "reviews": run.machine.spec.reviews,
        "cost": {
            "calls": result.spent.calls,
            "usd": result.spent.money.dollars(),
            "unknown": result.spent.unknown,
        },
    })
}
