//! What the run of an idea came to beside what was built: its spec, and what was assumed in it.

use serde_json::{Value, json};

use crate::domain::model::severity::Severity;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stop::SpecStop;
use crate::domain::specifying::draft::AssumedAnswer;

/// The lines for people; none where there was a spec, and before one is committed.
pub(super) fn lines(result: &SpecRunResult) -> Vec<String> {
    let written = result.run.progress().written.as_ref();
    let Some((written, idea)) = written.zip(result.run.about.idea.as_ref()) else {
        return Vec::new();
    };
    let mut lines = vec![format!("  spec: {}, on its branch", printable(&idea.spec_path))];
    let assumed = written.agreed.plan.assumed.iter();
    lines.extend(assumed.map(|one| format!("  assumed: {}", printable(&one.in_words()))));
    let open = written.agreed.open.iter().filter(|one| one.severity >= Severity::High);
    lines.extend(open.map(|one| {
        format!("  left open by its review: {}: {}", one.severity, printable(&one_line(&one.title)))
    }));
    lines
}

/// What to do about a run that ended without a branch, before how its spec is taken; `None` where there was a spec, or
/// where the first is the same as of that.
pub(super) fn hints(result: &SpecRunResult, stop: &SpecStop) -> Option<Vec<String>> {
    result.run.about.idea.as_ref()?;
    let again = "run it again";
    let first = match stop {
        SpecStop::NotPassed { .. } | SpecStop::Aborted | SpecStop::Rejected(_) => return None,
        SpecStop::NothingToBuild(_) => {
            format!(
                "where you see it otherwise, say in the text what should be there that is not, and {again}"
            )
        }
        SpecStop::BaseUntested(_) => {
            format!("see why with `tribunal check --commands`, repair it on the base, and {again}")
        }
        SpecStop::Gates(_) => format!("repair what they name, and {again}"),
        _ => format!("say in the text what the reasons ask for, and {again}"),
    };
    Some(vec![first])
}

/// How the spec that was written is taken, where nothing was built by it; none where there is none.
pub(super) fn spec_hint(result: &SpecRunResult) -> Option<String> {
    let (idea, file) = result.run.about.idea.as_ref().zip(result.spec_file.as_ref())?;
    let path = printable(&idea.spec_path);
    Some(format!(
        "the spec that was written is kept as `{}`: copied to `{path}`, with `status: ready` and what is wrong \
         repaired, `tribunal run {path}` builds it",
        file.display()
    ))
}

/// The same as data; `null` where there was a spec or a report.
pub(super) fn json(result: &SpecRunResult) -> Value {
    let (about, progress) = (&result.run.about, result.run.progress());
    let Some(idea) = &about.idea else { return Value::Null };
    let assumed = |one: &AssumedAnswer| json!({"question": one_line(&one.question), "assumption": one_line(&one.assumption)});
    let assumptions = progress
        .written
        .as_ref()
        .map(|written| written.agreed.plan.assumed.iter().map(assumed).collect::<Vec<_>>());
    json!({
        "text": idea.text,
        "beside": idea.beside.iter().map(|file| &file.name).collect::<Vec<_>>(),
        "spec": idea.spec_path,
        "file": result.spec_file,
        "assumptions": assumptions,
    })
}
