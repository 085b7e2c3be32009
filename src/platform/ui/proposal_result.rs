//! What a run took away, and what it proposes beside its tasks.

use serde_json::{Value, json};

use crate::domain::model::terminal::printable;
use crate::domain::model::text::one_line;
use crate::domain::pipeline::spec_run::proposal::{ProposalKind, ProposedCommit};
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

/// What the spec no longer asks for, as data.
pub(super) fn dropped(result: &SpecRunResult) -> Value {
    let dropped = result.run.about.spec.dropped.iter();
    dropped.map(|one| json!({"id": one.id, "criterion": one.gone_id(), "text": one.text})).collect()
}

/// What it proposes, as data.
pub(super) fn proposed(result: &SpecRunResult) -> Value {
    let of = |one: &ProposedCommit| {
        let commit = one.at.commit.to_string();
        match &one.what {
            ProposalKind::Pages(paths) => {
                json!({"kind": "documents", "commit": commit, "files": paths, "rule": null})
            }
            ProposalKind::Rule { id, title, path } => json!({
                "kind": "rule", "commit": commit, "files": [path], "rule": {"id": id, "title": title},
            }),
        }
    };
    result.run.progress().proposed.iter().map(of).collect()
}
