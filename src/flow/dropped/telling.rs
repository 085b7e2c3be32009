//! Tells a person what became of a spec: at the next commit, and on the desktop where that is switched on.

use anyhow::Error;

use crate::domain::gates::secrets::redact::redact_str;
use crate::domain::model::error::Hinted;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::{one_line, short_id};
use crate::domain::pipeline::dropped::DropMark;
use crate::domain::pipeline::review_loop::ResumeWhen;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::flow::context::Context;
use crate::flow::dropped::DroppedSpec;
use crate::flow::review::told;
use crate::platform::ui::spec_result;

/// What a run came to, or why it waits for its person. One that goes on by itself at its time is not told.
pub fn of_result(context: Context<'_>, mark: &mut DropMark, result: &SpecRunResult) {
    if let SpecStage::Paused(pause) = result.run.stage()
        && matches!(pause.resume_when, ResumeWhen::At(_))
    {
        return;
    }
    let lines = spec_result::lines(result);
    let first = lines.first().cloned().unwrap_or_default();
    let show = format!("`tribunal runs show {}` tells more", short_id(&result.run.id));
    let hints = spec_result::hints(result);
    let ways: Vec<&str> = hints.iter().map(String::as_str).chain([show.as_str()]).collect();
    tell(context, mark, &format!("{first} (hint: {})", ways.join("; ")));
}

/// Why no run could begin, or `run` cannot go on.
pub fn of_refusal(context: Context<'_>, mark: &mut DropMark, run: Option<&str>, why: &str) {
    let way = match run.map(short_id) {
        Some(run) => {
            format!("`tribunal resume {run}` continues it, `tribunal abort {run}` ends it")
        }
        None => "save it again then".to_owned(),
    };
    let line = format!("`{}` is not built: {why} (hint: {way})", mark.id);
    tell(context, mark, &line);
}

/// An error in words, with its hint.
pub fn words(error: &Error) -> String {
    match error.downcast_ref::<Hinted>() {
        Some(Hinted { message, hint }) => format!("{message}; {hint}"),
        None => format!("{error:#}"),
    }
}

/// That a spec changed while it is built.
pub fn of_change(context: Context<'_>, spec: &DroppedSpec) {
    let run = spec.run.as_ref().map(|run| short_id(&run.id)).unwrap_or_default();
    let line = format!(
        "`{}` changed while it is built: the run {run} continues with what it began with (hint: `tribunal abort \
         {run}` ends it, and the new version is built)",
        spec.id
    );
    told::keep(context, &safe(&line));
}

/// Tells a line, once.
fn tell(context: Context<'_>, mark: &mut DropMark, line: &str) {
    let line = safe(line);
    if mark.told != line {
        told::keep(context, &line);
        mark.told = line;
    }
}

fn safe(line: &str) -> String {
    printable(&redact_str(&one_line(line)))
}
