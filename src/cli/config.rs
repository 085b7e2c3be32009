//! `tribunal config`: every setting, its value and who gave it.

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::evaluate::policy;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the keys that begin with this
    key: Option<String>,
}

/// Shows the settings with the work tree's `tribunal.toml`, as it would hold once committed.
pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let resolved = policy::work_tree_settings(invocation.context(&repo))?;
    let wanted = args.key.as_deref().unwrap_or_default();
    let origins = resolved.origins();
    let shown = origins.iter().filter(|(key, _, _)| key.starts_with(wanted));
    if invocation.global.format == OutputFormat::Json {
        let keys: Vec<_> = shown
            .map(|(key, value, source)| json!({"key": key, "value": value, "source": source.to_string()}))
            .collect();
        out::json(&json!({"version": 1, "settings": keys}));
        return Ok(ExitStatus::Pass);
    }
    for (key, value, source) in shown {
        out::result(&printable(&format!("{key} = {value}  # {source}")));
    }
    Ok(ExitStatus::Pass)
}
