//! `tribunal config`: every setting, its value and who gave it.

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::evaluate::{policy, uncommitted};
use crate::platform::config::env::user_file;
use crate::platform::ui::out;
use crate::platform::ui::report::OutputFormat;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the keys that begin with this
    key: Option<String>,
}

/// Shows the settings that hold for the next commit, and what is not committed of them.
pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let context = invocation.context(&repo);
    let resolved = policy::settings_of_head(context)?;
    for problem in &resolved.problems {
        out::warn(&format!("what is committed cannot be used in full: {problem}"));
        out::hint(&problem.hint);
    }
    let uncommitted = uncommitted::tell(context);
    let wanted = args.key.as_deref().unwrap_or_default();
    let origins = resolved.origins();
    let shown = origins.iter().filter(|(key, _, _)| key.starts_with(wanted));
    let own = user_file().map(|path| (path.display().to_string(), path.exists()));
    if invocation.global.format == OutputFormat::Json {
        let keys: Vec<_> = shown
            .map(|(key, value, source)| json!({"key": key, "value": value, "source": source.to_string()}))
            .collect();
        let own = own.map(|(path, exists)| json!({"path": path, "exists": exists}));
        out::json(&json!({
            "version": 1, "settings": keys, "user_file": own, "uncommitted": uncommitted,
        }));
        return Ok(ExitStatus::Pass);
    }
    for (key, value, source) in shown {
        out::result(&printable(&format!("{key} = {value}  # {source}")));
    }
    if let (Some((path, exists)), None) = (own, &args.key) {
        let state = if exists { "" } else { " (not there)" };
        out::result(&printable(&format!("# your own settings: {path}{state}")));
    }
    Ok(ExitStatus::Pass)
}
