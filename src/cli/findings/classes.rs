//! `tribunal findings classes`: the classes that a finding or a rule may have.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::domain::model::class::LISTED;
use crate::domain::model::report::ExitStatus;
use crate::domain::model::terminal::printable;
use crate::flow::context::Context;
use crate::flow::evaluate::policy::policy_of_head;
use crate::platform::ui::out;
use crate::platform::ui::out::DIM;
use crate::platform::ui::report::OutputFormat;
use crate::platform::ui::styled_text::StyledText;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the classes of this topic
    topic: Option<String>,
}

/// The classes that the policy of the checked-out commit adds, with what each asks for.
pub fn own_classes(context: Context<'_>) -> Result<BTreeMap<String, String>> {
    Ok(policy_of_head(context)?.policy.classes)
}

/// Lists classes by topic.
pub fn run(invocation: &Invocation, args: &Args) -> Result<ExitStatus> {
    let repo = invocation.repo()?;
    let own = own_classes(invocation.context(&repo))?;
    let listed = LISTED.iter().map(|(name, demand)| (*name, *demand));
    let mut all: Vec<(&str, &str)> =
        listed.chain(own.iter().map(|(name, demand)| (name.as_str(), demand.as_str()))).collect();
    all.retain(|(name, _)| args.topic.as_ref().is_none_or(|topic| topic_of(name) == topic));
    all.sort_unstable();
    if invocation.global.format == OutputFormat::Json {
        let classes = all.iter().map(|(name, demand)| {
            json!({
                "class": name, "topic": topic_of(name), "demand": demand,
                "own": own.contains_key(*name),
            })
        });
        out::json(&json!({"classes": classes.collect::<Vec<_>>()}));
        return Ok(ExitStatus::Pass);
    }
    let width = all.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut topic = "";
    for (name, demand) in all {
        if topic_of(name) != topic {
            topic = topic_of(name);
            lines.push(StyledText::default().styled(DIM, topic));
        }
        let own = if own.contains_key(name) { " (own)" } else { "" };
        lines.push(StyledText::from(&format!("  {name:<width$}  {}{own}", printable(demand))));
    }
    if lines.is_empty() {
        out::talk("no classes match");
    } else {
        out::result(StyledText::lines(lines));
        out::talk(
            "`other/NAME` fits what has no class; `[classes]` in tribunal.toml adds classes.",
        );
    }
    Ok(ExitStatus::Pass)
}

fn topic_of(class: &str) -> &str {
    class.split('/').next().unwrap_or_default()
}
