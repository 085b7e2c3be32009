//! What a repair came to beside its commit: the cause, what shows it, what was kept of it.

use serde_json::{Value, json};

use crate::domain::diagnosis::answer::{CodeQuote, Diagnosis, RightBehaviour};
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{one_line, short_id};
use crate::domain::pipeline::spec_run::about::SpecAbout;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::pipeline::spec_run::stop::{SpecEnd, SpecStop};

/// The lines for people; none where a spec was built, or the cause is not known.
pub(super) fn lines(result: &SpecRunResult) -> Vec<String> {
    let progress = result.run.progress();
    let Some(diagnosis) = &progress.diagnosis else { return Vec::new() };
    let Diagnosis { title, cause, quotes, behaviour, class, .. } = diagnosis;
    let say = |name: &str, text: &str| format!("  {name}: {}", printable(&one_line(text)));
    let mut lines = vec![say("bug", title), say("cause", cause)];
    lines.extend(quotes.iter().map(|quote| format!("    {}", printable(&quote.in_words()))));
    let RightBehaviour { input, expected, got } = behaviour;
    lines.push(say("case", &format!("{input}: {expected} (before: {got})")));
    let built = progress.built.last().and_then(|built| built.task.red.as_ref());
    if let Some(red) = built {
        lines.push(say("shown by", &format!("{}, which failed before", red.files.join(", "))));
    }
    let place = quotes.first().map_or("", |quote| quote.path.as_str());
    match (result.run.stage(), &progress.learned) {
        (_, Some(finding)) => {
            let finding = short_id(finding);
            let kept = format!(
                "{class} in {place}, finding {finding}; it counts where the same mistake comes again"
            );
            lines.push(say("learned", &kept));
        }
        (SpecStage::Ended(SpecEnd::Done { .. }), None) => {
            let kept = format!("nothing is kept: of {place} there are too many findings already");
            lines.push(say("learned", &kept));
        }
        _ => {}
    }
    lines
}

/// What to do about a repair that was not made; `None` where a spec was to be built, or where what is to be done
/// is the same.
pub(super) fn hints(about: &SpecAbout, stop: &SpecStop) -> Option<Vec<String>> {
    about.report.as_ref()?;
    let again = "run `tribunal fix` again";
    Some(vec![match stop {
        SpecStop::NotPassed { .. } | SpecStop::Aborted | SpecStop::Rejected(_) => return None,
        SpecStop::BaseUntested(_) => {
            format!("see why with `tribunal check --commands`, repair it on the base, and {again}")
        }
        SpecStop::NoRepair(_) => format!(
            "where you see it otherwise, add to the report how it can be seen, and {again}; what is new is built \
             by `tribunal run --text TEXT`"
        ),
        SpecStop::NoDiagnosis(_) => {
            format!("add to the report what leads to the place in the code, and {again}")
        }
        SpecStop::Extension(_) => format!(
            "a repair of this size needs a spec (`tribunal run --text TEXT` has one written); or say in the report what is enough, \
             and {again}"
        ),
        SpecStop::Gates(_) => format!("repair what they name, and {again}"),
        _ => {
            format!("say in the report what the reasons ask for, or repair it by hand, and {again}")
        }
    }])
}

/// The same as data; `null` where a spec is built.
pub(super) fn json(result: &SpecRunResult) -> Value {
    let (about, progress) = (&result.run.about, result.run.progress());
    if about.report.is_none() {
        return Value::Null;
    }
    let quote = |one: &CodeQuote| json!({"path": one.path, "line": one.line, "quote": one.quote});
    let diagnosis = progress.diagnosis.as_ref().map(|found| {
        json!({
            "title": found.title,
            "cause": found.cause,
            "class": found.class.as_str(),
            "evidence": found.quotes.iter().map(quote).collect::<Vec<_>>(),
            "input": found.behaviour.input,
            "expected": found.behaviour.expected,
            "got": found.behaviour.got,
            "files": found.files,
            "tests": found.tests,
        })
    });
    json!({"diagnosis": diagnosis, "finding": progress.learned})
}
