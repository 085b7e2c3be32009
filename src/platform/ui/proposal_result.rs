//! What a run took away, and what it proposes beside its tasks.

use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::spec_run::result::SpecRunResult;

/// The lines for people; none where it did neither.
pub(super) fn lines(result: &SpecRunResult) -> Vec<String> {
    let (about, spec) = (&result.run.about, result.run.progress());
    let say = |what: &str, text: &str| format!("  {what}: {}", printable(&one_line(text)));
    let dropped = about.spec.dropped.iter();
    let dropped =
        dropped.map(|one| say("no longer asked for", &format!("{}: {}", one.id, one.text)));
    let proposed = spec.proposed.iter().map(|one| say("proposed", &one.in_words()));
    let unproposed = spec.unproposed.iter().map(|why| say("not proposed", why));
    dropped.chain(proposed).chain(unproposed).collect()
}
