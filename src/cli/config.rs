//! `tribunal config`: every setting, its value and who gave it.

use anyhow::Result;
use serde_json::json;
use toml::Value;

use crate::cli::invocation::Invocation;
use crate::domain::model::error::hinted;
use crate::domain::model::nearest::did_you_mean_or;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::domain::model::text::counted;
use crate::domain::policy::layers;
use crate::domain::policy::layers::layer::SettingsSource;
use crate::domain::policy::meaning;
use crate::flow::evaluate::{policy, uncommitted};
use crate::platform::config::env::user_file;
use crate::platform::ui::columns::{Cell, Side, table};
use crate::platform::ui::out;
use crate::platform::ui::out::DIM;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::styled_text::StyledText;

/// Shown below `--help`.
const EXAMPLES: &str = "\
Examples:
  tribunal config                         every setting, in sections
  tribunal config gates.secrets           the settings that begin so, in full
  tribunal config --set gates.scope=off   as they would be with this option";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show the keys that begin with this
    key: Option<String>,
}

/// A key, its value and who gave it.
type Setting = (String, Value, SettingsSource);

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
    let all = resolved.origins();
    let wanted = args.key.as_deref().unwrap_or_default();
    let shown: Vec<&Setting> = all.iter().filter(|(key, ..)| key.starts_with(wanted)).collect();
    if shown.is_empty() && !layers::is_list_of_tables(wanted) {
        return Err(unknown(wanted, &all));
    }
    let own = user_file().map(|path| (path.display().to_string(), path.exists()));
    if invocation.global.format == OutputFormat::Json {
        let settings: Vec<_> = shown.iter().map(|setting| json_of(setting)).collect();
        let own = own.map(|(path, exists)| json!({"path": path, "exists": exists}));
        out::json(&json!({
            "settings": settings, "user_file": own, "uncommitted": uncommitted,
        }));
    } else if wanted.is_empty() {
        print_all(&shown);
        if let Some((path, exists)) = own {
            let state = if exists { "" } else { " (not there)" };
            out::result(&printable(&format!("your own settings: {path}{state}")));
        }
        out::result("`tribunal config KEY` shows a value in full");
    } else if shown.is_empty() {
        out::talk(&format!("no `[[{wanted}]]` is set"));
    } else {
        for (key, value, source) in shown {
            let line = printable(&format!("{key} = {value}  # {source}"));
            let meaning = meaning::of(key).map(|text| format!("\n  {text}")).unwrap_or_default();
            out::result(StyledText::from(&line).styled(DIM, meaning));
        }
    }
    Ok(ExitStatus::Pass)
}

fn unknown(wanted: &str, all: &[Setting]) -> anyhow::Error {
    // What a key begins with is shown as well: a table is a near miss like a key.
    let mut known: Vec<&str> = Vec::new();
    for (key, ..) in all {
        known.extend(key.match_indices('.').map(|(at, _)| &key[..at]));
        known.push(key);
    }
    known.sort_unstable();
    known.dedup();
    hinted(
        format!("no setting begins with `{}`", printable(wanted)),
        did_you_mean_or(wanted, known, "`tribunal config` lists all"),
    )
}

fn json_of((key, value, source): &Setting) -> serde_json::Value {
    json!({
        "key": key,
        // A date is the one value that JSON has no type for, and no setting is one.
        "value": serde_json::to_value(value).unwrap_or_default(),
        "source": source.to_string(),
        "meaning": meaning::of(key),
    })
}

/// A table for each section; keys that are in none stand at the end.
fn print_all(settings: &[&Setting]) {
    let section =
        |setting: &Setting| setting.0.split_once('.').map(|(section, _)| section.to_owned());
    let mut settings = settings.to_vec();
    settings.sort_by_key(|setting| (section(setting).is_none(), section(setting)));
    for settings in settings.chunk_by(|a, b| section(a) == section(b)) {
        let name = section(settings[0]).unwrap_or_default();
        let title = if name.is_empty() { "other" } else { &name };
        let rows: Vec<[Cell; 4]> = settings.iter().map(|setting| row(setting, &name)).collect();
        let headings = [title, "VALUE", "FROM", "MEANING"].map(|title| (title, Side::Left));
        out::result(table(headings, &rows).text("\n"));
    }
}

fn row((key, value, source): &Setting, section: &str) -> [Cell; 4] {
    /// A longer value is counted, or cut.
    const SHOWN: usize = 16;
    let name = key.strip_prefix(section).unwrap_or(key).trim_start_matches('.');
    let whole = value.to_string();
    let text = match value {
        _ if whole.chars().count() <= SHOWN => whole,
        Value::Array(items) => format!("[{}]", counted(items.len(), "value")),
        _ => whole.chars().take(SHOWN - 1).chain(['…']).collect(),
    };
    let from = match source {
        SettingsSource::User(_) => "own settings".to_owned(),
        other => other.to_string(),
    };
    let from =
        if *source == SettingsSource::Default { Cell::styled(DIM, &from) } else { from.into() };
    [name.into(), text.into(), from, meaning::of(key).unwrap_or_default().into()]
}
