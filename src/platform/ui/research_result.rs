//! What research found, for people and for programs: how much, how, and where it is.

use serde_json::{Value, json};

use crate::domain::model::terminal::printable;
use crate::domain::pipeline::spec_run::result::SpecRunResult;
use crate::domain::pipeline::spec_run::stage::SpecStage;
use crate::domain::research::record::ShardResult;

/// Nothing where there was none, and where the page with it is shown.
pub fn lines(result: &SpecRunResult) -> Vec<String> {
    let Some(record) = &result.run.progress().research else { return Vec::new() };
    if matches!(result.run.stage(), SpecStage::Waiting(_)) {
        return Vec::new();
    }
    let mut lines = vec![format!("research: {}", record.in_words())];
    lines.extend(record.caveats().iter().map(|caveat| format!("  {}", printable(caveat))));
    lines.extend(result.research.iter().map(|file| format!("  it is in `{}`", file.display())));
    lines
}

/// The same as data.
pub fn json(result: &SpecRunResult) -> Option<Value> {
    let record = result.run.progress().research.as_ref()?;
    let shard = |one: &ShardResult| {
        json!({
            "question": one.shard.as_str(),
            "agent": one.by,
            "answered": one.answer.is_some(),
            "searches": one.searches,
            "struck_out": one.struck,
        })
    };
    Some(json!({
        "why": record.why,
        "questions": record.shards.iter().map(shard).collect::<Vec<_>>(),
        "sources": record.sources().iter().map(|page| &page.address).collect::<Vec<_>>(),
        "notes": record.caveats(),
        "file": result.research,
    }))
}
